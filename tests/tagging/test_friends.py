"""Every ordinary word and every false friend both ways: meant, and not meant.

The words themselves stand in ``service/iero/tagging/data/``. What they mean, and sentences in which
they do or do not, stand in ``ordinary.yaml`` and ``friends/``; a word without either fails here.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from iero import KnowledgeGraph, Tagger
from iero.resources import package_text
from iero.search_strings import search_string
from iero.tagging.finding.text import fold, fold_form
from iero.tagging.variants import Variants
from iero.vocabulary import IERO

HERE = Path(__file__).parent
ORDINARY = [line for line in package_text("tagging/data/ordinary.txt").splitlines()
            if line and not line.startswith("#")]
FRIENDS = tomllib.loads(package_text("tagging/data/friends.toml"))


def table(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load((HERE / name).read_text(encoding="utf-8")))


BLOCKED, RULES = table("friends/blocked.yaml"), table("friends/rules.yaml")


@pytest.fixture(scope="module")
def tagger() -> Tagger:
    return Tagger.open()


def means(tagger: Tagger, text: str, form: str, concept: str) -> bool:
    """Say whether the last place of a form in a text is tagged with a concept."""
    start = text.rindex(form)
    return any(each.concept == IERO + concept and (each.start, each.end) == (
        start, start + len(form)) for each in tagger.tag(text))


# -- ordinary words --------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ORDINARY)
def test_an_ordinary_word_has_a_sentence_of_each_kind(tagger: Tagger, word: str) -> None:
    forms = set(Variants.load().of(word))
    if forms.isdisjoint(tagger.lexicon.forms):
        return  # the name of a term that is not looked for: see the next test
    verdicts = {expected is None or expected.startswith("not ")
                for file in HERE.glob("*.yaml") for case in table(file.name)
                for sentence in case.values() for quote, expected in sentence.items()
                if fold_form(re.sub(r"#\d$", "", quote)) in forms}
    assert verdicts == {True, False}, "tests/tagging/ordinary.yaml lacks one of them"


@pytest.mark.parametrize("word", ORDINARY)
def test_an_ordinary_word_that_is_not_looked_for_serves_search_strings(
        tagger: Tagger, word: str) -> None:
    if not set(Variants.load().of(word)).isdisjoint(tagger.lexicon.forms):
        return
    graph = KnowledgeGraph.open()
    [term] = {term for term, _, value in graph.lexicon() if fold_form(str(value)) == word}
    notes = search_string(graph, term, "pubmed", narrower=False).notes
    assert any("ordinary words" in note.lower() for note in notes), notes


# -- expressions that are no mention ---------------------------------------------------------------


def test_every_blocked_expression_has_a_case() -> None:
    listed = [each for case in BLOCKED for each in case["blocked"]]
    assert set(listed) == set(FRIENDS["blocked"])


@pytest.mark.parametrize(("case", "blocked"), [
    pytest.param(case, each, id=each) for case in BLOCKED for each in case["blocked"]])
def test_a_form_is_meant_by_itself_and_not_in_a_blocked_expression(
        tagger: Tagger, case: dict[str, Any], blocked: str) -> None:
    form, concept = case["form"], case["concept"]
    text = f"So was {case['beside']}. We turn to the {{}} now."
    assert means(tagger, text.format(form), form, concept)
    assert not means(tagger, text.format(blocked), form, concept)


# -- short forms that need no support --------------------------------------------------------------


@pytest.mark.parametrize("short", FRIENDS["sure"])
def test_a_short_form_that_is_sure_is_meant_unless_the_text_spells_another_out(
        tagger: Tagger, short: str) -> None:
    [sense] = tagger.lexicon.short[short]
    concept = tagger.lexicon.concepts[sense[0]].iri.removeprefix(IERO)
    assert means(tagger, f"We turn to the {short} now.", short, concept)
    other = " ".join(f"{letter}um" for letter in short if letter.isalnum())
    assert not means(tagger, f"{other} ({short}). We turn to the {short} now.", short, concept)


# -- rules -----------------------------------------------------------------------------------------


def entries(case: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the rules in friends.toml that a case is about."""
    for entry in FRIENDS["friend"]:
        if entry["id"] == case["rule"] and case["concept"] in entry.get(
                "concepts", [case["concept"]]):
            yield entry


def alternatives(pattern: str) -> list[str]:
    r"""Return what a pattern lets one choose from.

    >>> alternatives(r"\bgas\b|of (?:a|b)")
    ['\\bgas\\b', 'of (?:a|b)']
    >>> alternatives(r"^ ?(?:cream|gel)")
    ['^ ?(?:cream)', '^ ?(?:gel)']
    """
    depth, parts = 0, [""]
    for mark in pattern:
        depth += (mark == "(") - (mark == ")")
        parts = [*parts, ""] if mark == "|" and not depth else [*parts[:-1], parts[-1] + mark]
    whole = re.fullmatch(r"([^()]*)\(\?:(.*)\)([^()]*)", pattern)
    if len(parts) == 1 and whole is not None and "(" not in whole[2]:
        return [f"{whole[1]}(?:{each}){whole[3]}" for each in whole[2].split("|")]
    return parts


def against(case: dict[str, Any]) -> list[str]:
    """Return the sentences of a case in which the form is not meant."""
    if "against" in case:
        return [case["against"].format(word) for word in case["words"]]
    return [f"We read of {word.strip()} there. {case['meant']}" for entry in entries(case)
            for word in entry["words"]]


@pytest.mark.parametrize("case", RULES, ids=[f"{case['rule']}: {case['form']}" for case in RULES])
def test_a_false_friend_speaks_and_is_silent_without_its_words(
        tagger: Tagger, case: dict[str, Any]) -> None:
    assert means(tagger, case["meant"], case["form"], case["concept"])
    meant = [text for text in against(case) if means(tagger, text, case["form"], case["concept"])]
    assert meant == []


@pytest.mark.parametrize("entry", FRIENDS["friend"], ids=[each["id"] for each in FRIENDS["friend"]])
def test_every_form_and_every_alternative_of_a_rule_has_a_case(entry: dict[str, Any]) -> None:
    cases = [case for case in RULES if entry in entries(case)]
    variants = Variants.load()
    said = {form for case in cases for form in (
        case["form"], case["form"] + "s", *variants.of(case["form"]))}
    assert set(entry["forms"]) <= said
    texts = [fold(text).low.decode() for case in cases for text in against(case)]
    for each in alternatives(entry.get("pattern", "")) if "pattern" in entry else ():
        loose = each.removeprefix("^").removesuffix("$")
        assert any(re.search(loose, text) for text in texts), each
