"""Find every mention of IERO's concepts in text, with the exact place and the reasons.

>>> from iero import Tagger
>>> tagger = Tagger.open()
>>> [found] = tagger.tag("Preventing emotional contagion at work")
>>> found.concept, found.quote, found.start, found.end
('https://w3id.org/iero/EmotionalContagion', 'emotional contagion', 11, 30)

The public names, which others build on:

``Tagger.open(graph=None, **options)``
    Make a tagger for the shipped graph or another :class:`iero.KnowledgeGraph`. The options are the
    fields of :class:`Options`; lists, tuples and sets of words are all accepted. The compiled
    lexicon is kept in the user's cache folder under a hash of the graph and of the rules.
``tagger.tag(text, section=None)``
    Return the mentions of one text as a list of :class:`Annotation`, ordered by start, then by end.
    ``section`` says which part of a document it is (``title``, ``background``, ``methods``,
    ``results``, ``conclusions``); without it, headings in the text ("METHODS:") are heeded.
``tagger.tag_many(texts)``
    Yield the list for each text of an iterable, in order and lazily. Each text is a document of its
    own: abbreviations that it defines hold for it alone.
``tagger.version``, ``tagger.ontology_version``
    Of the tagger with its rules, and of the ontology; both stand in every annotation.
``tagger.options``, ``tagger.lexicon``
    The :class:`Options` in force, and the forms that are looked for.
``Annotation``
    ``start``, ``end``, ``quote`` (always ``text[start:end]``), and every field of :class:`Reading`;
    ``to_dict()`` gives one flat dictionary for JSON, ``Annotation.from_dict()`` takes it back.
``to_json(annotations)``
    Return a list of annotations as a JSON array, quicker than by way of dictionaries; put it into a
    record as an ``orjson.Fragment``.

A tagger is picklable and may be shared by threads; the same text gives the same annotations
wherever and in whatever order it is tagged. Nothing here opens a connection.

The way of a text, in the modules of :mod:`iero.tagging.finding`: ``text`` folds it to plain ASCII
and remembers the offsets; ``matcher`` finds forms and cue words in one pass; ``context`` reads
negation and role from the cues; ``coordination`` adds what an enumeration leaves out; ``senses``
decides what is meant, by definitions, neighbours and false friends; ``overlap`` keeps the longest.
"""

from __future__ import annotations

from iero.tagging.annotation import Annotation, Reading
from iero.tagging.finding.reader import to_json
from iero.tagging.options import Options
from iero.tagging.tagger import Tagger

__all__ = ["Annotation", "Options", "Reading", "Tagger", "to_json"]
