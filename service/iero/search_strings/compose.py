"""From the names of a concept to one search string, and what a reader should know about it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from iero.errors import BadParameter
from iero.search_strings.dialects import Dialect, named
from iero.search_strings.names import Concept, Name, Words, gather, subject_headings
from iero.terms import IRI

if TYPE_CHECKING:
    from iero.graph import KnowledgeGraph

__all__ = ["SearchString", "search_string"]

_FARTHEST: Final = 100
_NARROWEST: Final = 20


@dataclass(frozen=True)
class SearchString:
    """A search string for one database.

    :ivar concept: IRI of the concept.
    :ivar label: its label.
    :ivar database: ``pubmed``, ``medline``, ``ovid``, ``scopus`` or ``wos``.
    :ivar text: the string, ready to be pasted. Where it is wrapped, each line but the last ends in
        a space, so that it stays right where a search box drops the line breaks.
    :ivar notes: what a reader should know: ambiguous names, names left out, limits.
    :ivar concepts: how many concepts it covers.
    """

    concept: IRI
    label: str
    database: str
    text: str
    notes: tuple[str, ...]
    concepts: int

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name, for JSON."""
        return asdict(self) | {"concept": str(self.concept), "notes": list(self.notes)}


def search_string(
    graph: KnowledgeGraph, concept: str, database: str = "pubmed", *, narrower: bool = True,
    related: bool = True, abbreviations: bool = True, doubtful: bool = True,
    wordings: bool = False, headings: bool = True, near: int | None = None,
    width: int | None = None,
) -> SearchString:
    """Make a Boolean search string from the names of a concept.

    :param concept: by local name, CURIE, IRI or label.
    :param database: ``pubmed``, ``medline`` (of Ovid), ``ovid`` (also ``psycinfo``), ``scopus`` or
        ``wos``.
    :param narrower: whether to search for narrower concepts and members too.
    :param related: whether related synonyms count.
    :param abbreviations: whether abbreviations count.
    :param doubtful: whether ambiguous abbreviations and ordinary words count; they are searched for
        only beside words of the concept.
    :param wordings: whether to add other wordings, such as "regulation of emotion".
    :param headings: whether to add the subject headings of PubMed and MEDLINE that mean the same.
    :param near: let at most so many words stand between those of a name, in any order.
    :param width: wrap lines at so many characters.
    :raises NotFound: if the graph has no such concept.
    :raises BadParameter: if there is no such database, or a number is out of range.
    """
    dialect = named(database)
    _check(near, width)
    words = Words.load()
    found = gather(graph, concept, words, narrower=narrower, wordings=wordings)
    left_out = {"broad"} | ({"related"} if not related else set()) \
        | ({"abbreviation"} if not abbreviations else set())
    writer = _Writer(dialect, words, near, doubtful=doubtful)
    for each in found:
        for name in each.names:
            if name.scope not in left_out:
                writer.take(name)
    clauses = writer.clauses() or (writer.without_context(found[0].names) if doubtful else [])
    if not clauses:
        raise BadParameter("Nothing is left to search for.", parameter="doubtful",
                           hint="Every name is ambiguous or an ordinary word: let them count.")
    headed = subject_headings(found) if headings and dialect.heading else []
    text = _joined(clauses, [dialect.headed(each, narrower=narrower) for each in headed], dialect,
                   width)
    notes = tuple(_notes(found, writer, left_out))
    if headed:
        notes += (f"Subject headings (MeSH) that mean the same: {', '.join(headed)}.",)
    return SearchString(found[0].iri, found[0].label, dialect.name, text, notes, len(found))


def _check(near: int | None, width: int | None) -> None:
    if near is not None and not 0 <= near <= _FARTHEST:
        raise BadParameter(f"The distance is {near}, not between 0 and {_FARTHEST}.",
                           parameter="near")
    if width is not None and width < _NARROWEST:
        raise BadParameter(f"The width is {width}, below {_NARROWEST}.", parameter="width")


Phrase = tuple[str, ...]
"""The words of a name in one writing; the last may end in ``*``."""


class _Writer:
    """Takes names and writes them in a dialect.

    :ivar put_beside, alone, left_out: the doubtful names that were given a context, that stand
        alone for want of any, or that were left out.
    """

    def __init__(self, dialect: Dialect, words: Words, near: int | None, *, doubtful: bool) -> None:
        self.dialect, self._words, self._near, self._doubtful = dialect, words, near, doubtful
        self._phrases: dict[tuple[str, ...], dict[Phrase, None]] = {(): {}}
        self._implied: set[str] = set()
        self.put_beside: list[str] = []
        self.alone: list[str] = []
        self.left_out: list[str] = []

    def take(self, name: Name) -> None:
        """Take a name in all its writings."""
        if name.doubtful and not (self._doubtful and name.context):
            self.left_out.append(name.text)
            return
        if name.doubtful:
            self.put_beside.append(name.text)
        self._phrases.setdefault(name.context, {}).update(dict.fromkeys(self._written(name)))

    def clauses(self) -> list[str]:
        """Return the parts of the string, to be joined by "or"."""
        sure = set(self._phrases[()])
        made = []
        for context, phrases in self._phrases.items():
            kept = [self._clause(phrase) for phrase in phrases
                    if self._near is not None or not _is_within(phrase, sure)]
            if context and kept:
                made.append(self.dialect.with_context(kept, context))
            else:
                made += kept
        return list(dict.fromkeys(made))

    def operators(self) -> int:
        """Return how many operators the string has."""
        clauses, dialect = self.clauses(), self.dialect
        within = sum(clause.count(f" {each} ") for clause in clauses
                     for each in (dialect.either, dialect.both))
        return len(clauses) - 1 + within

    def without_context(self, names: Iterable[Name]) -> list[str]:
        """Return clauses of doubtful names where there is nothing else to search for."""
        for name in names:
            if name.text in self.left_out:
                self.alone.append(name.text)
                self.take(replace(name, doubtful=False))
        self.left_out = [text for text in self.left_out if text not in self.alone]
        return self.clauses()

    def _written(self, name: Name) -> Iterator[Phrase]:
        """Yield the writings of a name that the database does not find by itself."""
        forms = [] if not self._implied.isdisjoint(list(name.forms)[:1]) \
            else _unimplied(name, self.dialect)
        if not self.dialect.least and not name.doubtful:
            self._implied.update(name.forms)
        written = sorted({self._counted(form) for form in forms})
        covered: set[Phrase] = set()
        for words in written:
            if words in covered:
                continue
            longer = [other for other in written if _begins(other, words)]
            if longer and name.scope != "abbreviation" and self._may_cut(words):
                covered.update(longer)
                yield (*words[:-1], words[-1] + "*")
            else:
                yield words

    def _counted(self, form: str) -> Phrase:
        """Return the words of a writing; where words may stand apart, function words go."""
        words = tuple(word for word in form.split() if any(map(str.isalnum, word)))
        if self._near is None:
            return words
        return tuple(word for word in words if word not in self._words.function) or words

    def _clause(self, words: Phrase) -> str:
        plain = all(re.fullmatch(r"[\w-]+\*?", word) for word in words)
        if len(words) == 1 and plain:
            return self.dialect.word(words[0])
        if self._near is None or len(words) == 1:
            return self.dialect.phrase(words, literal=self._is_literal(words))
        return self.dialect.near(words, self._near)

    def _may_cut(self, words: Phrase) -> bool:
        """Say whether a writing may be truncated; single words would find too much."""
        return len(words) > 1 and self.dialect.may_cut(words, literal=self._is_literal(words),
                                                       near=self._near is not None)

    def _is_literal(self, words: Phrase) -> bool:
        """Say whether words must be quoted: function words, and marks as in E/RP."""
        return not self._words.function.isdisjoint(words) or any(
            not re.fullmatch(r"[\w-]+\*?", word) for word in words)


def _is_within(phrase: Phrase, others: set[Phrase]) -> bool:
    """Say whether a phrase holds a shorter one that is searched for anyway.

    >>> _is_within(("social", "panic", "disorder*"), {("panic", "disorder*")})
    True
    >>> _is_within(("panic", "disorder*"), {("panic", "disorder*")})
    False
    """
    parts = (phrase[start:end] for start in range(len(phrase))
             for end in range(start + 1, len(phrase) + 1) if end - start < len(phrase))
    return any(part in others or (*part[:-1], part[-1].rstrip("*") + "*") in others
               for part in parts)


def _unimplied(name: Name, dialect: Dialect) -> Mapping[str, tuple[str, ...]]:
    """Return the writings of a name that a database does not find with the plain one.

    Web of Science takes a hyphen for a hyphen or a space, and a space for a space.
    """
    if name.scope == "abbreviation":
        return name.forms
    if dialect.name == "wos" and "-" in name.text:
        return {re.sub(r"[^\w\s-]", " ", name.text.lower()): (), **name.forms}
    if dialect.least:
        return name.forms
    return {form: reasons for form, reasons in name.forms.items()
            if not {"number", "spelling"} & set(reasons)}


def _begins(longer: tuple[str, ...], words: tuple[str, ...]) -> bool:
    """Say whether some words differ from others only by an ending of the last."""
    return longer[:-1] == words[:-1] and longer != words and longer[-1].startswith(words[-1])


def _joined(clauses: list[str], headed: list[str], dialect: Dialect, width: int | None) -> str:
    if dialect.field:  # each term names its field, so that headings may stand among them
        clauses, headed = clauses + headed, []
    pieces = [f"{clause} {dialect.either} " for clause in clauses[:-1]] + [clauses[-1]]
    pieces[0] = dialect.before + pieces[0]
    pieces[-1] += dialect.after
    if headed:
        pieces[0] = f"({pieces[0]}"
        pieces[-1] += f" {dialect.either} "
        pieces += [f"{each} {dialect.either} " for each in headed[:-1]] + [f"{headed[-1]})"]
    if width is None:
        return "".join(pieces)
    lines = [""]
    for piece in pieces:
        if lines[-1] and len(lines[-1]) + len(piece.rstrip()) > width:
            lines.append("")
        lines[-1] += piece
    return "\n".join(lines)


def _notes(found: list[Concept], writer: _Writer, left_out: Iterable[str]) -> Iterator[str]:
    """Yield what a reader should know, in sentences."""
    for concept in found:
        for note in concept.ambiguity:
            yield f"{concept.label[:1].upper()}{concept.label[1:]}: {note}"
    if beside := sorted(set(writer.put_beside), key=str.lower):
        yield ("Searched for only beside words of their concept, as they are ambiguous or ordinary "
               f"words: {', '.join(beside)}.")
    if writer.alone:
        yield (f"Ambiguous or ordinary words with nothing to put beside them: "
               f"{', '.join(writer.alone)}. Combine the string with others.")
    if dropped := sorted(set(writer.left_out), key=str.lower):
        yield f"Left out, as they are ambiguous or ordinary words: {', '.join(dropped)}."
    broad = sorted({name.text for concept in found for name in concept.names
                    if name.scope == "broad" and name.scope in left_out})
    if broad:
        yield f"Left out, as they mean more than the concept: {', '.join(broad)}."
    operators = writer.operators()
    if 0 < writer.dialect.most < operators:
        yield (f"The string has {operators} operators; {writer.dialect.title} documents at most "
               f"{writer.dialect.most} in a query. Search for narrower concepts one by one and "
               "combine the sets.")
