"""Full-text search over names and definitions, forgiving about spelling and endings.

Every text of a term is one document, so that a hit can say which of its names was found. All words
must occur; where no text has them all, the texts with most of them are returned.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

import tantivy

from iero.naming import spell
from iero.terms import IRI

__all__ = ["Entry", "Hit", "Index"]

_ANALYZER: Final = "english"
_WEIGHTS: Final = {"label": 1.0, "abbreviation": 0.95, "synonym": 0.9, "title": 0.6, "author": 0.6,
                   "definition": 0.35}
_NAMES: Final = ("label", "abbreviation", "synonym")
_NAMED, _EXACT, _START = 10_000.0, 30.0, 3.0
_CANDIDATES: Final = 400


@dataclass(frozen=True)
class Entry:
    """Something that can be found.

    :ivar kind: what it is, in words: ``class``, ``instrument``, ``claim``.
    :ivar texts: ``(role, text)``; roles are label, abbreviation, synonym, definition, title and
        author.
    """

    iri: IRI
    label: str
    kind: str
    texts: tuple[tuple[str, str], ...]

    @property
    def definition(self) -> str:
        """What it is, in a sentence; empty where the graph does not say."""
        return next((text for role, text in self.texts if role == "definition"), "")


@dataclass(frozen=True)
class Hit:
    """Something that was found, and the text in which it was, with that text's role."""

    iri: IRI
    label: str
    kind: str
    matched: str
    score: float
    role: str = "label"
    definition: str = ""


class Index:
    """An index in memory.

    >>> entry = Entry(IRI("https://w3id.org/iero/Venting"), "venting", "class",
    ...               (("label", "venting"), ("synonym", "letting off steam")))
    >>> [(hit.label, hit.matched) for hit in Index([entry]).search("leting of steem")]
    [('venting', 'letting off steam')]
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = list(entries)
        self._texts = [(entry, role, text) for entry in self._entries for role, text in entry.texts]
        self._by_name = {name: entry for entry in self._entries
                         for name in (entry.iri, entry.iri.curie.removeprefix("iero:"))}
        self._names = [(_plain(text), role, entry, text) for entry, role, text in self._texts
                       if role in _NAMES]
        builder = tantivy.SchemaBuilder()
        builder.add_unsigned_field("number", stored=True)
        builder.add_text_field("words", tokenizer_name=_ANALYZER)
        builder.add_text_field("whole", tokenizer_name="raw")
        self._schema = builder.build()
        self._analyzer = (
            tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
            .filter(tantivy.Filter.lowercase()).filter(tantivy.Filter.ascii_fold())
            .filter(tantivy.Filter.stemmer("english")).build()
        )
        self._index = tantivy.Index(self._schema)
        self._index.register_tokenizer(_ANALYZER, self._analyzer)
        self._fill()

    def _fill(self) -> None:
        writer = self._index.writer(heap_size=15_000_000, num_threads=1)
        for number, (_, _, text) in enumerate(self._texts):
            document = tantivy.Document()
            document.add_unsigned("number", number)
            document.add_text("words", text)
            document.add_text("whole", _plain(text))
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()

    def search(self, text: str, limit: int = 20) -> list[Hit]:
        """Return the entries that fit a text, the best first, each once.

        Words may be misspelt by a letter or two and be cut off; names in the form of the ontology
        (``EmotionalContagion``, ``iero:EmotionalContagion``, the IRI) are understood.
        """
        wanted = _words_of(text)
        words = [word for word in self._analyzer.analyze(wanted) if word]
        if not words or limit < 1:
            return []
        hits: dict[IRI, Hit] = {}
        for hit in [*self._named(text), *self._ranked(words, _plain(wanted))]:
            if hit.iri not in hits or hits[hit.iri].score < hit.score:
                hits[hit.iri] = hit
        return sorted(hits.values(), key=lambda hit: (-hit.score, hit.label, hit.iri))[:limit]

    def _named(self, text: str) -> Iterator[Hit]:
        name = text.strip().removeprefix("<").removesuffix(">")
        # iero:Venting is written iero_Venting where colons are not allowed, as in OBO's file names.
        colon = re.sub(r"^([A-Za-z]+)_(?=[A-Z])", r"\1:", name)
        for written in dict.fromkeys((name, colon)):
            if (entry := self._by_name.get(written.removeprefix("iero:"))) is not None:
                yield Hit(entry.iri, entry.label, entry.kind, entry.label, _NAMED, "name",
                          entry.definition)

    def suggest(self, text: str, limit: int = 10) -> list[Hit]:
        """Return what may be meant by the beginning of a name, the best first, each once.

        Only names are looked at. What begins with the text comes before what has a word that does,
        and short names before long ones.
        """
        whole = _plain(_words_of(text))
        if not whole:
            return []
        begun: list[tuple[bool, int, str, Hit]] = []
        for plain, role, entry, written in self._names:
            if plain.startswith(whole) or f" {whole}" in plain:
                hit = Hit(entry.iri, entry.label, entry.kind, written, _WEIGHTS[role], role,
                          entry.definition)
                begun.append((not plain.startswith(whole), len(plain), plain, hit))
        found: dict[IRI, Hit] = {}
        for *_, hit in sorted(begun, key=lambda each: each[:3]):
            found.setdefault(hit.iri, hit)
        for hit in self.search(text, limit) if len(found) < limit else ():
            found.setdefault(hit.iri, hit)
        return list(found.values())[:limit]

    def _ranked(self, words: list[str], whole: str) -> Iterator[Hit]:
        for occur in (tantivy.Occur.Must, tantivy.Occur.Should):
            parts = [(occur, self._word(word)) for word in words]
            exact = tantivy.Query.term_query(self._schema, "whole", whole)
            parts.append((tantivy.Occur.Should, tantivy.Query.boost_query(exact, _EXACT)))
            found = self._index.searcher().search(tantivy.Query.boolean_query(parts), _CANDIDATES)
            if found.hits:
                yield from (self._hit(score, address, whole) for score, address in found.hits)
                return

    def _hit(self, score: float, address: tantivy.DocAddress, whole: str) -> Hit:
        number = self._index.searcher().doc(address)["number"][0]
        entry, role, text = self._texts[number]
        plain = _plain(text)
        # Words that are misspelt all count alike to the index: the likeness of the texts decides.
        likeness = SequenceMatcher(None, whole, plain, autojunk=False).ratio()
        factor = _WEIGHTS[role] * (_START if plain.startswith(whole) else 1.0 + likeness)
        return Hit(entry.iri, entry.label, entry.kind, text, round(score * factor, 3), role,
                   entry.definition)

    def _word(self, word: str) -> tantivy.Query:
        """Match a word as it is, begun, or misspelt: the less it fits, the less it counts."""
        exact = tantivy.Query.term_query(self._schema, "words", word)
        ways = [tantivy.Query.boost_query(exact, 4.0)]
        if len(word) >= 2:
            begun = tantivy.Query.fuzzy_term_query(self._schema, "words", word, 0, True, True)
            ways.append(tantivy.Query.boost_query(begun, 1.5))
        if len(word) >= 4:
            distance = 1 if len(word) < 8 else 2
            wrong = tantivy.Query.fuzzy_term_query(self._schema, "words", word, distance)
            ways.append(tantivy.Query.boost_query(wrong, 0.5))
        return tantivy.Query.disjunction_max_query(ways)


def _words_of(text: str) -> str:
    """Return the words of a name in the form of the ontology, or the text itself.

    >>> _words_of("iero:EmotionalContagion"), _words_of("IERQ soothing")
    ('emotional contagion', 'IERQ soothing')
    """
    name = text.strip().strip("<>")
    if " " in name:
        return name
    local = re.split(r"[/#:]", name)[-1] or name
    return spell(local)


def _plain(text: str) -> str:
    return " ".join(text.lower().split())
