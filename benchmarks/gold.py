"""Recall and precision of the tagger on mentions in real abstracts that were marked by hand.

    python benchmarks/gold.py [--corpus FILE.jsonl.gz] [--graph FILE.nq] [--all]

The marks are in `tests/tagging/gold/`, whose README says how they were made; the abstracts are not
in this repository. They are looked for in the file that `IERO_CORPUS` names, else beside the
repository in `../shared/corpus/`. `--graph` takes the vocabulary from another graph than the one
that ships; `--all` also lists every concept, and every place that was missed or wrongly tagged.
What was missed in the second sample is never listed: nothing is mended after it.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from iero import KnowledgeGraph, Tagger
from iero.tagging import Annotation
from iero.vocabulary import IERO

ROOT = Path(__file__).parents[1]
GOLD = ROOT / "tests" / "tagging" / "gold"
CORPUS = ROOT.parent / "shared" / "corpus" / "clinical-abstracts.jsonl.gz"
READ_WHOLE = {"first": (0, 60), "second": (60, 85), "third": (85, 175)}
JUDGED = ("main", "rare", "grown", "late", "again", "added", "neighbors")
LONG_ENOUGH = 500
LEFT_OUT = {"para", "general"}


class Mark(NamedTuple):
    """A place that somebody marked: what is there, and of what kind it is or how it was judged.

    :ivar concepts: local names, the best one first; any of them is right.
    :ivar label: the kind of a mention, or the verdict on an annotation.
    :ivar sample: one of :data:`READ_WHOLE` of a mention, of :data:`JUDGED` of an annotation.
    """

    id: str
    start: int
    end: int
    check: str
    concepts: tuple[str, ...]
    label: str
    sample: str


def corpus() -> Path:
    """Return where the abstracts are, whether or not they are there."""
    return Path(os.environ.get("IERO_CORPUS", CORPUS))


def read_texts(path: Path) -> dict[str, str]:
    """Return the text of each record, title and abstract, as the marks count it."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    return {each["id"]: f"{each['title']}\n{each['abstract']}" for each in records}


def read_whole(texts: dict[str, str], sample: str) -> list[str]:
    """Return the ids of the abstracts of a sample, in which every mention is marked."""
    long = [each for each, text in texts.items() if len(text.split("\n", 1)[1]) >= LONG_ENOUGH]
    long.sort(key=lambda each: hashlib.sha256(each.encode()).hexdigest())
    return long[slice(*READ_WHOLE[sample])]


def read_marks(name: str) -> list[Mark]:
    """Return the marks of ``recall`` or of ``precision``."""
    with (GOLD / f"{name}.tsv").open(encoding="utf-8", newline="") as lines:
        return [Mark(row["id"], int(row["start"]), int(row["end"]), row["check"],
                     tuple(each.removeprefix("iero:") for each in row["concept"].split("|")),
                     row["kind" if name == "recall" else "verdict"], row["sample"])
                for row in csv.DictReader(lines, delimiter="\t")]


def check_of(text: str, start: int, end: int) -> str:
    """Return what tells that a place is the one that was marked."""
    return hashlib.sha256(text[start:end].encode()).hexdigest()[:8]


@dataclass(frozen=True)
class Recall:
    """Marked mentions beside what the tagger found in the same texts."""

    marks: list[Mark]
    found: dict[str, list[Annotation]]
    scope: frozenset[str]

    def of(self, sample: str) -> Recall:
        """Return the part that one sample measures."""
        return replace(self, marks=[mark for mark in self.marks if mark.sample == sample])

    def hits(self, mark: Mark) -> bool:
        """Return whether some annotation of a right concept touches the place."""
        return any(_name(each) in mark.concepts and each.start < mark.end and mark.start < each.end
                   for each in self.found[mark.id])

    def hits_exactly(self, mark: Mark) -> bool:
        """Return whether the best concept was found with the marked borders."""
        return any((_name(each), each.start, each.end) == (mark.concepts[0], mark.start, mark.end)
                   for each in self.found[mark.id])

    def instead(self, mark: Mark) -> list[str]:
        """Return the other concepts that were found at a place."""
        return [_name(each) for each in self.found[mark.id]
                if each.start < mark.end and mark.start < each.end]

    @cached_property
    def valid(self) -> list[Mark]:
        """The mentions of a kind that counts."""
        return [mark for mark in self.marks if mark.label not in LEFT_OUT]

    @cached_property
    def counted(self) -> list[Mark]:
        """The mentions that count, of concepts that the tagger looks for."""
        return [mark for mark in self.valid if self._looked_for(mark)]

    @cached_property
    def outside(self) -> list[Mark]:
        """The mentions for which only concepts are right that the tagger does not look for."""
        return [mark for mark in self.valid if not self._looked_for(mark)]

    def _looked_for(self, mark: Mark) -> bool:
        return not self.scope.isdisjoint(mark.concepts)

    def share(self, marks: list[Mark]) -> float:
        """Return the recall on some of the marks."""
        return sum(map(self.hits, marks)) / len(marks)

    @property
    def value(self) -> float:
        """Recall on the mentions that count."""
        return self.share(self.counted)


@dataclass(frozen=True)
class Precision:
    """Judged annotations beside those that the tagger makes now."""

    marks: list[Mark]
    made: frozenset[tuple[str, int, int, str]]

    @cached_property
    def still(self) -> list[Mark]:
        """The judged annotations that are still made."""
        return [mark for mark in self.marks
                if (mark.id, mark.start, mark.end, mark.concepts[0]) in self.made]

    def of(self, sample: str) -> Precision:
        """Return the part that one sample measures."""
        return replace(self, marks=[mark for mark in self.marks if mark.sample == sample])

    @property
    def correct(self) -> int:
        """How many of those that are still made were judged correct."""
        return sum(mark.label == "correct" for mark in self.still)

    @property
    def value(self) -> float:
        """Precision on the judged annotations that are still made."""
        return self.correct / len(self.still)

    @property
    def weighted(self) -> float:
        """Precision with each judged concept counted as often as it is found in the corpus."""
        often = Counter(concept for *_, concept in self.made)
        shares = self._by_concept()
        return sum(often[each] * share for each, share in shares.items()) / sum(
            often[each] for each in shares)

    @property
    def by_concept(self) -> float:
        """Precision with each judged concept counted once."""
        return fmean(self._by_concept().values())

    def _by_concept(self) -> dict[str, float]:
        verdicts = defaultdict(list)
        for mark in self.still:
            verdicts[mark.concepts[0]].append(mark.label == "correct")
        return {concept: fmean(each) for concept, each in verdicts.items()}


def measure(tagger: Tagger, texts: dict[str, str]) -> tuple[Recall, Precision]:
    """Tag the abstracts and lay the marks beside what was found.

    :raises ValueError: if a mark stands at a place that is not the one that was marked.
    """
    mentions, judged = read_marks("recall"), read_marks("precision")
    for mark in (*mentions, *judged):
        if check_of(texts[mark.id], mark.start, mark.end) != mark.check:
            raise ValueError(f"{mark.id} {mark.start}: the text is not the one that was marked.")
    found = dict(zip(texts, tagger.tag_many(texts.values()), strict=True))
    whole = set(read_whole(texts, "first"))
    made = frozenset((each, at.start, at.end, _name(at))
                     for each, places in found.items() if each not in whole for at in places)
    scope = frozenset(each.iri.removeprefix(IERO) for each in tagger.lexicon.concepts)
    return Recall(mentions, found, scope), Precision(judged, made)


def _name(annotation: Annotation) -> str:
    return annotation.concept.removeprefix(IERO)


def _print_recall(recall: Recall) -> None:
    print("Recall: mentions found; last column: the best concept, with the same borders")
    for sample in READ_WHOLE:
        part = recall.of(sample)
        marks = part.counted
        _print_share(part, sample, marks)
        for kind in ("form", "abbr", "variant", "coord", "synonym"):
            _print_share(part, f"  {kind}", [each for each in marks if each.label == kind])
        pairs: dict[tuple[str, str], bool] = defaultdict(bool)
        for each in marks:
            pairs[each.id, each.concepts[0]] |= part.hits(each)
        print(f"    by abstract and concept {sum(pairs.values())} of {len(pairs)}"
              f"{fmean(pairs.values()):8.3f}")
    print(f"  first, with {len(recall.outside)} mentions of concepts that are not looked for"
          f"{recall.share(recall.of('first').valid):8.3f}")
    print(f"    these are: {_counts(each.concepts[0] for each in recall.outside)}")


def _print_share(recall: Recall, name: str, marks: list[Mark]) -> None:
    if marks:
        exact = sum(map(recall.hits_exactly, marks)) / len(marks)
        print(f"  {name:12}{sum(map(recall.hits, marks)):5} of {len(marks):4}"
              f"{recall.share(marks):8.3f}{exact:8.3f}")


def _counts(names: Iterable[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in Counter(names).most_common()) or "none"


def _print_misses(recall: Recall) -> None:
    missed = [mark for mark in recall.counted if not recall.hits(mark)]
    rows = Counter((mark.concepts[0], " ".join(recall.instead(mark)) or "nothing")
                   for mark in missed)
    print("\nMissed in the first sample: what is meant, what was found there instead, how often")
    for (concept, instead), count in rows.most_common():
        print(f"  {concept:34}{instead:44}{count:4}")


def _print_precision(precision: Precision) -> None:
    print("\nPrecision: annotations judged, still made, of these correct")
    for sample in JUDGED:
        part = precision.of(sample)
        print(f"  {sample:12}{len(part.marks):5}{len(part.still):5}{part.correct:5}"
              f"{part.value:8.3f}")
        gone = [mark for mark in part.marks if mark not in part.still]
        print(f"    no longer made: {_counts(mark.label for mark in gone)}")
    print(f"  all, each concept as often as in the corpus{precision.weighted:9.3f}")
    print(f"  all, each concept once{precision.by_concept:30.3f}")
    print("\nWrongly tagged: the concept, the verdict, how often")
    wrong = Counter((mark.concepts[0], mark.label) for mark in precision.still
                    if mark.label != "correct")
    for (concept, verdict), count in wrong.most_common():
        print(f"  {concept:34}{verdict:20}{count:4}")


def _print_concepts(recall: Recall, precision: Precision) -> None:
    print("\nConcept                            mentions  found  judged correct")
    names = {each.concepts[0] for each in (*recall.counted, *precision.still)}
    for name in sorted(names):
        marks = [each for each in recall.counted if each.concepts[0] == name]
        still = [each for each in precision.still if each.concepts[0] == name]
        right = sum(each.label == "correct" for each in still)
        print(f"  {name:34}{len(marks):7}{sum(map(recall.hits, marks)):7}{len(still):8}{right:8}")


def _print_places(recall: Recall, precision: Precision) -> None:
    print("\nMissed or wrong, by place")
    missed = [mark for mark in recall.counted if not recall.hits(mark)]
    wrong = [mark for mark in precision.still if mark.label != "correct"]
    for mark in (*missed, *wrong):
        print(f"  {mark.id:16}{mark.start:6}{mark.end:6}  {mark.label:14}{'|'.join(mark.concepts)}")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, default=corpus())
    parser.add_argument("--graph", type=Path, help="take the vocabulary from this graph")
    parser.add_argument("--all", action="store_true", help="also by concept and by place")
    options = parser.parse_args()
    if not options.corpus.exists():
        parser.error(f"{options.corpus} is not there: name it with --corpus or IERO_CORPUS.")
    tagger = Tagger.open(KnowledgeGraph.open(options.graph) if options.graph else None)
    recall, precision = measure(tagger, read_texts(options.corpus))
    print(f"Tagger {tagger.version}, {len(recall.scope):,} concepts")
    _print_recall(recall)
    _print_misses(recall.of("first"))
    _print_precision(precision)
    if options.all:
        _print_concepts(recall, precision)
        _print_places(recall.of("first"), precision)


if __name__ == "__main__":
    main()
