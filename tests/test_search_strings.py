"""Search strings: each database is asked in its own documented language, and nothing is hidden."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from iero import KnowledgeGraph
from iero.errors import BadParameter, NotFound
from iero.search_strings import DATABASES, search_string

FOLDER = Path(__file__).parent / "search_strings"
CASES = yaml.safe_load((FOLDER / "cases.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def sample():
    return KnowledgeGraph.open(FOLDER / "sample.ttl")


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_case(sample, case):
    made = search_string(sample, case["concept"], case["for"], **case.get("options", {}))
    assert made.text == case["text"]
    for note in case.get("notes", []):
        assert any(note in each for each in made.notes), made.notes
    if "notes" not in case and "Disorder" not in case["concept"]:
        assert [note for note in made.notes if "Left out, as they are" in note] == []


def test_every_database_has_cases():
    assert {case["for"] for case in CASES} >= set(DATABASES)


def test_a_string_tells_what_it_is_of(sample):
    made = search_string(sample, "anxiety disorder", "wos")
    assert made.to_dict() == {
        "concept": "https://w3id.org/iero/AnxietyDisorder", "label": "anxiety disorder",
        "database": "wos", "text": made.text, "notes": list(made.notes), "concepts": 4}


@pytest.mark.parametrize(("options", "error"), [
    ({"database": "google"}, BadParameter), ({"near": -1}, BadParameter),
    ({"near": 101}, BadParameter), ({"width": 19}, BadParameter),
])
def test_a_wrong_option_is_told(sample, options, error):
    with pytest.raises(error):
        search_string(sample, "Venting", **options)


def test_an_unknown_concept_is_told_with_the_nearest(sample):
    with pytest.raises(NotFound) as caught:
        search_string(sample, "Ventng")
    assert "Venting" in caught.value.details["nearest"]


def test_a_concept_of_which_nothing_is_left_is_told(sample):
    with pytest.raises(BadParameter, match="Nothing is left"):
        search_string(sample, "Venting", related=False, doubtful=False)


def balanced(text):
    depth = 0
    for mark in re.sub(r'"[^"]*"', "", text):
        depth += (mark == "(") - (mark == ")")
        if depth < 0:
            return False
    return depth == 0 and text.count('"') % 2 == 0


SHIPPED = ("InterpersonalEmotionRegulation", "MentalDisorder", "SocialSupport", "IERQ",
           "Instrument")


@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize("concept", SHIPPED)
@pytest.mark.parametrize("options", [{}, {"near": 3}, {"wordings": True, "width": 80}])
def test_strings_of_the_shipped_graph_are_well_formed_and_always_the_same(
        shipped, concept, database, options):
    made = search_string(shipped, concept, database, **options)
    assert balanced(made.text)
    assert made == search_string(KnowledgeGraph.open(), concept, database, **options)
    plain = re.sub(r'"[^"]*"', "phrase", made.text.replace("\n", ""))
    parts = re.split(r" (?:OR|or|AND|and) ", plain)
    assert all(part.strip("() ") for part in parts)
    if database == "pubmed":
        words = re.findall(r'"[^"]*"\[(?:tiab(?::~3)?|mh)\]|[^\s()"]+\[tiab\]', made.text)
        assert len(words) == len(parts)
        assert [word for word in words if re.search(r"\b\w{1,3}\*", word)] == []


def test_a_string_longer_than_web_of_science_takes_says_so(shipped):
    made = search_string(shipped, "InterpersonalEmotionRegulation", "wos")
    assert any("49" in note for note in made.notes)
    short = search_string(shipped, "PanicDisorder", "wos")
    assert not any("49" in note for note in short.notes)


def test_lines_are_wrapped_where_they_can_be(shipped):
    made = search_string(shipped, "SocialSupport", "scopus", width=60)
    lines = made.text.split("\n")
    assert len(lines) > 3
    assert all(line.endswith(" ") for line in lines[:-1])
    assert made.text.replace("\n", "") == search_string(shipped, "SocialSupport", "scopus").text
    assert all(len(line.rstrip()) <= 60 or line.startswith("(") for line in lines)
