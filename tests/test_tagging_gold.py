"""Recall and precision on real abstracts, marked by hand: see ``tests/tagging/gold/README.md``.

The abstracts are not in this repository, so the figures can only be recomputed where they are: in
the file that ``IERO_CORPUS`` names, or beside the repository. The marks are always checked.
"""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from pathlib import Path

import pytest
from iero import Tagger

FILE = Path(__file__).parents[1] / "benchmarks" / "gold.py"
spec = importlib.util.spec_from_file_location("gold", FILE)
assert spec is not None
assert spec.loader is not None
gold = sys.modules["gold"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(gold)

# Marked, and left out by the tagger on purpose: who people are, what a control group goes through.
NOT_LOOKED_FOR = {
    "BodyMassIndex", "Caregiver", "CloseOther", "ControlCondition", "DemographicCharacteristic",
    "Gender", "Parent", "PlaceboTreatment", "ResponseStep", "TreatmentAsUsual", "WaitingList",
}
absent = not gold.corpus().exists()
needs_corpus = pytest.mark.skipif(
    absent, reason="the abstracts are not in this repository; name their file in IERO_CORPUS")


@pytest.fixture(scope="module")
def measured():
    return gold.measure(Tagger.open(), gold.read_texts(gold.corpus()))


def test_the_marks_are_as_the_readme_says() -> None:
    mentions, judged = gold.read_marks("recall"), gold.read_marks("precision")
    assert len(mentions) >= 500
    assert {each.label for each in mentions} == {
        "form", "abbr", "variant", "coord", "synonym", "para", "general"}
    main = [each for each in judged if each.sample == "main"]
    assert len(main) == 200
    assert max(Counter(each.concepts for each in main).values()) <= 6
    rare = [each for each in judged if each.sample == "rare"]
    assert {each.concepts for each in rare}.isdisjoint(each.concepts for each in main)
    assert {each.label for each in judged} == {
        "correct", "wrong concept", "not meant", "wrong span"}
    for some in (mentions, judged):
        assert len({(*each[:3], each.concepts) for each in some}) == len(some)


@needs_corpus
def test_mentions_stand_in_the_abstracts_that_were_read_whole() -> None:
    texts = gold.read_texts(gold.corpus())
    for sample, count in (("first", 60), ("second", 25), ("third", 90)):
        whole = set(gold.read_whole(texts, sample))
        assert len(whole) == count
        assert {each.id for each in gold.read_marks("recall") if each.sample == sample} <= whole
    judged = {each.id for each in gold.read_marks("precision")}
    assert judged.isdisjoint(gold.read_whole(texts, "first"))


@needs_corpus
def test_what_is_not_looked_for_is_left_out_on_purpose(measured) -> None:
    recall, _ = measured
    assert {each.concepts[0] for each in recall.outside} <= NOT_LOOKED_FOR


@needs_corpus
@pytest.mark.parametrize("sample", ["first", "third"])
def test_nine_of_ten_mentions_are_found(measured, sample: str) -> None:
    recall = measured[0].of(sample)
    assert recall.value >= 0.90, [each for each in recall.counted if not recall.hits(each)]


@needs_corpus
def test_nine_of_ten_are_found_where_nothing_was_mended(measured) -> None:
    assert measured[0].of("second").value >= 0.90  # what was missed is not told: see the README


@needs_corpus
def test_nineteen_of_twenty_annotations_are_correct(measured) -> None:
    _, precision = measured
    main = precision.of("main")
    assert len(main.still) >= 180, "too few of the judged annotations are still made: judge anew"
    assert main.value >= 0.95, [each for each in main.still if each.label != "correct"]
    assert precision.weighted >= 0.95


def test_a_mark_at_another_place_is_refused(monkeypatch) -> None:
    mark = gold.Mark("a", 0, 3, gold.check_of("joy", 0, 3), ("Joy",), "form", "first")
    monkeypatch.setattr(gold, "read_marks", lambda name: [mark] if name == "recall" else [])
    with pytest.raises(ValueError, match="not the one that was marked"):
        gold.measure(Tagger.open(), {"a": "toy story"})


def test_hits_and_misses_are_told_apart() -> None:
    found = Tagger.open().tag("Mood contagion at work.")
    assert [each.quote for each in found] == ["Mood contagion"]
    scope = frozenset({"EmotionalContagion", "Venting"})

    def mark(start: int, end: int, *concepts: str):
        return gold.Mark("a", start, end, "", concepts, "form", "first")

    marks = [mark(0, 14, "EmotionalContagion"), mark(0, 4, "Mood", "EmotionalContagion"),
             mark(18, 22, "Venting"), mark(0, 14, "Mood")]
    recall = gold.Recall(marks, {"a": found}, scope)
    assert [recall.hits(each) for each in recall.marks] == [True, True, False, False]
    assert [recall.hits_exactly(each) for each in recall.marks] == [True, False, False, False]
    assert recall.value == pytest.approx(2 / 3)
    assert [each.concepts for each in recall.outside] == [("Mood",)]


def test_only_what_is_still_made_counts_for_precision() -> None:
    def judged(start: int, concept: str, verdict: str):
        return gold.Mark("a", start, start + 1, "", (concept,), verdict, "main")

    marks = [judged(0, "Joy", "correct"), judged(1, "Joy", "not meant"),
             judged(2, "Joy", "wrong span"), judged(3, "Fear", "correct")]
    made = frozenset({("a", 0, 1, "Joy"), ("a", 1, 2, "Joy"), ("a", 3, 4, "Fear"),
                      ("b", 0, 1, "Fear"), ("b", 1, 2, "Fear")})
    precision = gold.Precision(marks, made)
    assert (precision.correct, len(precision.still)) == (2, 3)
    assert precision.value == pytest.approx(2 / 3)
    assert precision.by_concept == pytest.approx(3 / 4)
    assert precision.weighted == pytest.approx((2 * 0.5 + 3 * 1) / 5)
