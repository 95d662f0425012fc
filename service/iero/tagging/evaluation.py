"""How good tags are: compared with a gold standard, by mention, document and concept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from iero.errors import BadParameter
from iero.tagging.documents.document import Document, Rejected
from iero.tagging.documents.formats import dialect_of
from iero.tagging.documents.lines import ANNOTATIONS, JsonLines
from iero.tagging.documents.source import Source
from iero.tagging.documents.tagged import DocumentTagger
from iero.vocabulary import expand

if TYPE_CHECKING:
    from iero.tagging.tagger import Tagger

__all__ = ["Counts", "Evaluation", "Judged", "Span", "evaluate", "read_tagged"]


class Span(NamedTuple):
    """A mention as it is compared: field, place and concept."""

    field: str
    start: int
    end: int
    concept: str

    def overlaps(self, other: Span) -> bool:
        """Say whether two mentions share a character."""
        return self.field == other.field and self.start < other.end and other.start < self.end


class Judged(NamedTuple):
    """A record with its annotations as they stand in its file."""

    document: Document
    annotations: list[dict[str, Any]]

    def spans(self) -> list[Span]:
        """Return the mentions to compare."""
        return [Span(each["field"], each["start"], each["end"], each["concept"])
                for each in self.annotations]


@dataclass
class Counts:
    """How many were found rightly, wrongly, and not at all."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        """The share of the tags that are right; 1 if there are none."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        """The share of the gold standard that was found; 1 if it is empty."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of the two.

        >>> Counts(right=2, wrong=1, missed=1).f1
        0.6666666666666666
        """
        total = 2 * self.right + self.wrong + self.missed
        return 2 * self.right / total if total else 1.0

    def add(self, gold: int, found: int, both: int) -> None:
        """Count one comparison more."""
        self.right += both
        self.wrong += found - both
        self.missed += gold - both

    def to_dict(self) -> dict[str, Any]:
        """Return counts and rates for JSON."""
        return {"right": self.right, "wrong": self.wrong, "missed": self.missed,
                "precision": round(self.precision, 4), "recall": round(self.recall, 4),
                "f1": round(self.f1, 4)}


@dataclass
class Evaluation:
    """What a comparison with a gold standard has shown.

    :ivar exact: mentions with the very same place and concept.
    :ivar overlap: mentions of the same concept that share a character.
    :ivar documents: concepts of a document, wherever it mentions them.
    :ivar concepts: exact mentions, for each concept.
    :ivar confusions: ``(concept in the gold standard, concept found in its place)``.
    """

    records: int = 0
    exact: Counts = field(default_factory=Counts)
    overlap: Counts = field(default_factory=Counts)
    documents: Counts = field(default_factory=Counts)
    concepts: dict[str, Counts] = field(default_factory=dict)
    confusions: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, gold: list[Span], found: list[Span]) -> None:
        """Compare one record."""
        self.records += 1
        both = Counter(gold) & Counter(found)
        self.exact.add(len(gold), len(found), both.total())
        self.overlap.add(len(gold), len(found), _pairs(gold, found))
        here, there = {each.concept for each in gold}, {each.concept for each in found}
        self.documents.add(len(here), len(there), len(here & there))
        for concept in sorted(here | there):
            self.concepts.setdefault(concept, Counts()).add(
                *(sum(each.concept == concept for each in spans)
                  for spans in (gold, found, list(both.elements()))))
        self.confusions.update(
            (missed.concept, wrong.concept)
            for missed in (Counter(gold) - both).elements()
            for wrong in (Counter(found) - both).elements()
            if missed.overlaps(wrong) and missed.concept != wrong.concept)

    def to_dict(self) -> dict[str, Any]:
        """Return everything for JSON."""
        return {
            "records": self.records,
            "mentions": {"exact": self.exact.to_dict(), "overlap": self.overlap.to_dict()},
            "documents": self.documents.to_dict(),
            "concepts": [{"concept": concept, **counts.to_dict()}
                         for concept, counts in sorted(self.concepts.items())],
            "confusions": [{"gold": gold, "found": found, "count": count}
                           for (gold, found), count in self.confusions.most_common()],
        }


def _pairs(gold: Iterable[Span], found: Iterable[Span]) -> int:
    """Return how many mentions can be paired, each with one of its concept that it overlaps."""
    left = sorted(found)
    paired = 0
    for each in sorted(gold):
        match = next((other for other in left
                      if other.concept == each.concept and other.overlaps(each)), None)
        if match is not None:
            left.remove(match)
            paired += 1
    return paired


def evaluate(gold: str, found: str = "", tagger: Tagger | None = None) -> Evaluation:
    """Compare tags with a gold standard.

    :param gold: a file of JSON Lines with annotations.
    :param found: a file of the same records as tagged; empty to tag them now.
    :raises NotFound: if there is no such file.
    :raises BadParameter: if a record is broken, or the files are not of the same records.
    """
    evaluation = Evaluation()
    if found:
        for wanted, had in _together(gold, found):
            evaluation.add(wanted.spans(), had.spans())
        return evaluation
    if tagger is None:
        raise BadParameter("There is nothing to evaluate.", hint="Give a tagger or tagged records.")
    documents = DocumentTagger(tagger)
    for judged in read_tagged(gold):
        mentions = documents.tag(judged.document).mentions
        evaluation.add(judged.spans(), [
            Span(name, each.start, each.end, each.concept) for name, each in mentions])
    return evaluation


def _together(gold: str, found: str) -> Iterator[tuple[Judged, Judged]]:
    had = {judged.document.id: judged for judged in read_tagged(found)}
    for wanted in read_tagged(gold):
        name = wanted.document.id
        if name not in had:
            raise BadParameter(f"The record {name!r} of {gold!r} is not in {found!r}.",
                               hint="Both must hold the same records, told by their id.")
        yield wanted, had[name]


def read_tagged(name: str) -> Iterator[Judged]:
    """Yield the records of a file of JSON Lines with their annotations.

    A concept may be given by local name, CURIE or IRI; the field may be left out where there is
    only one.

    :raises NotFound: if there is no such file.
    :raises BadParameter: if a record is broken: file, line and reason.
    """
    with Source(name) as source:
        dialect = dialect_of(source, "jsonl")
        assert isinstance(dialect, JsonLines)  # noqa: S101 - by its name
        for piece in dialect.split(source):
            if not piece.number:
                continue
            document = dialect.read(piece, name)
            if isinstance(document, Rejected):
                raise BadParameter(f"{name}, line {piece.line}: {document.reason}.")
            yield Judged(document, list(_annotations(document)))


def _annotations(document: Document) -> Iterator[dict[str, Any]]:
    given = orjson.loads(document.raw.decode(document.encoding)).get(ANNOTATIONS)
    place = f"{document.file}, line {document.line}"
    if not isinstance(given, list):
        raise BadParameter(f"{place}: it has no {ANNOTATIONS!r}.",
                           hint="Tag the file first: iero tag … -o tagged.jsonl")
    only = next(iter(document.fields)) if len(document.fields) == 1 else None
    for each in given:
        try:
            name = each.get("field", only)
            start, end = int(each["start"]), int(each["end"])
            text = document.fields[name]
            made = {**each, "field": name, "start": start, "end": end,
                    "concept": expand(each["concept"])}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadParameter(f"{place}: an annotation lacks field, start, end or concept "
                               f"({error}).") from error
        quote = text[start:end]
        if each.get("quote", quote) != quote or not 0 <= start < end <= len(text):
            raise BadParameter(f"{place}: {each.get('quote')!r} does not stand at {start}–{end} of "
                               f"its {name}.")
        yield made
