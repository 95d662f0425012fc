"""From a document to its mentions.

All texts of a document are read as one, so that what the title or the first paragraph defines
holds for the rest; each mention is told by its place in its own field.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from iero.tagging.annotation import Annotation
from iero.tagging.documents.document import Document

if TYPE_CHECKING:
    from iero.tagging.tagger import Tagger

__all__ = ["DocumentTagger", "Mention", "Tagged", "concepts"]

_JOINT: Final = ".\n"
"""Stands between two fields as the tagger sees them: no phrase and no cue reaches over it."""


class Mention(NamedTuple):
    """An annotation, with the field of the document in which it counts its places."""

    field: str
    annotation: Annotation


class Tagged(NamedTuple):
    """A document with its mentions in order."""

    document: Document
    mentions: list[Mention]


class DocumentTagger:
    """Tags documents field by field.

    >>> from iero import Tagger
    >>> document = Document("1", {"title": "Mood contagion", "abstract": "We study venting."})
    >>> [(each.field, each.annotation.quote, each.annotation.start)
    ...  for each in DocumentTagger(Tagger.open()).tag(document).mentions][:1]
    [('title', 'Mood contagion', 0)]
    """

    def __init__(self, tagger: Tagger) -> None:
        self._tagger = tagger

    def tag(self, document: Document) -> Tagged:
        """Return a document with its mentions."""
        fields = document.fields
        if len(fields) == 1:
            [(name, text)] = fields.items()
            return Tagged(document, [Mention(name, _in(name, each))
                                     for each in self._tagger.tag(text)])
        found = self._tagger.tag(_JOINT.join(fields.values())) if fields else []
        return Tagged(document, list(self._placed(document, found)))

    def _placed(self, document: Document, found: list[Annotation]) -> Iterator[Mention]:
        spans = iter(document.fields.items())
        name, shift, stop = "", 0, 0
        for each in found:
            while each.start >= stop:
                name, text = next(spans)
                shift = stop
                stop = shift + len(text) + len(_JOINT)
            here = Annotation(each.start - shift, each.end - shift, each.quote, each.reading) \
                if shift else each
            yield Mention(name, _in(name, here))


def _in(field: str, annotation: Annotation) -> Annotation:
    """Note that a mention stands in the title, which no heading says."""
    start, end, quote, reading = annotation
    return Annotation(start, end, quote, reading.in_title) if field == "title" else annotation


def concepts(tagged: Tagged) -> dict[str, str]:
    """Return the concepts that a document says are there, label by IRI."""
    return {each.annotation.reading.concept: each.annotation.reading.label
            for each in tagged.mentions if not each.annotation.reading.negated}
