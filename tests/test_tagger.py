"""The tagger: sentences for every rule, both ways; options; places in hostile texts."""

from __future__ import annotations

import json
import pickle
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from iero import KnowledgeGraph, Tagger
from iero.errors import BadParameter, NotFound
from iero.tagging import Annotation, Options
from iero.tagging.finding.text import fold
from iero.tagging.lexicon import Lexicon, compile_lexicon
from iero.vocabulary import IERO

from tests.conftest import processor_seconds

CASES = Path(__file__).parent / "tagging"


@pytest.fixture(scope="module")
def tagger() -> Tagger:
    return Tagger.open()


def sentences() -> Iterator[object]:
    for file in sorted(CASES.glob("*.yaml")):
        for case in yaml.safe_load(file.read_text(encoding="utf-8")):
            [(text, expected)] = case.items()
            yield pytest.param(text, expected, id=f"{file.stem}: {text[:60]!a}")


def test_there_are_sentences_for_every_rule() -> None:
    assert len(list(sentences())) >= 300
    assert len(list(CASES.glob("*.yaml"))) >= 8


def place(text: str, quote: str) -> tuple[int, int]:
    """Return where a quote stands; ``IER#2`` is the second IER in the text."""
    wanted = re.fullmatch(r"(.*?)(?:#([1-9]))?", quote, re.DOTALL)
    assert wanted is not None
    quote = wanted[1]
    found = [match.start() for match in re.finditer(re.escape(quote), text)]
    start = found[int(wanted[2] or 1) - 1]
    return start, start + len(quote)


@pytest.mark.parametrize(("text", "expected"), list(sentences()))
def test_a_sentence_is_tagged_as_the_rules_say(
        tagger: Tagger, text: str, expected: dict[str, str | None]) -> None:
    found = tagger.tag(text)
    assert all(text[each.start:each.end] == each.quote for each in found)
    for quote, wanted in expected.items():
        start, end = place(text, quote)
        if wanted is None:
            over = [each for each in found if each.start < end and start < each.end]
            assert [(each.quote, each.label) for each in over] == [], quote
            continue
        if wanted.startswith("not "):
            over = [each for each in found if each.start < end and start < each.end
                    and each.concept == IERO + wanted.removeprefix("not ")]
            assert [(each.quote, each.label) for each in over] == [], quote
            continue
        concept, _, role = wanted.partition(" ")
        here = [each for each in found if (each.start, each.end) == (start, end)
                and each.concept == IERO + concept]
        assert len(here) == 1, (quote, [(each.quote, each.label) for each in found])
        if role:
            assert here[0].role == role.removeprefix("-"), (quote, here[0].rules)
            assert here[0].negated == (role == "absent")


# -- options ---------------------------------------------------------------------------------------

TEXT = "Interpersonal emotion regulation and mood contagion, but no emotional contagion."


def quotes(found: list[Annotation]) -> list[str]:
    return [each.quote for each in found]


def test_longest_only_can_be_switched_off() -> None:
    found = Tagger.open(longest_only=False).tag("Interpersonal emotion regulation")
    assert {"Interpersonal emotion regulation", "emotion regulation", "emotion"} <= {*quotes(found)}
    assert quotes(Tagger.open().tag("Interpersonal emotion regulation")) == [
        "Interpersonal emotion regulation"]


def test_whole_word_only_can_be_switched_off() -> None:
    assert quotes(Tagger.open(whole_word_only=False).tag("unempathylike")) == ["empathy"]
    assert Tagger.open().tag("unempathylike") == []


def test_short_mentions_can_be_left_out(tagger: Tagger) -> None:
    text = "Emotion regulation (ER)"
    assert quotes(tagger.tag(text)) == ["Emotion regulation", "ER"]
    assert quotes(Tagger.open(minimum_match_length=3).tag(text)) == ["Emotion regulation"]


def test_synonyms_can_be_left_out() -> None:
    found = Tagger.open(exclude_synonyms=True).tag(TEXT)
    assert "emotional contagion" in quotes(found)
    assert "mood contagion" not in quotes(found)


def test_stop_words_are_not_found() -> None:
    found = Tagger.open(stop_words=["Emotional Contagion"]).tag(TEXT)
    assert "emotional contagion" not in quotes(found)
    assert "mood contagion" in quotes(found)


@pytest.mark.parametrize(("level", "least", "most"), [(0, 3, 99), (1, 1, 3), (2, 2, 6)])
def test_broader_concepts_are_listed_on_demand(level: int, least: int, most: int) -> None:
    tagger = Tagger.open(expand_class_hierarchy=True, class_hierarchy_max_level=level)
    [found] = tagger.tag("interpersonal emotion regulation")
    assert least <= len(found.broader) <= most
    assert len(set(found.broader)) == len(found.broader)
    assert (IERO + "EmotionRegulation" in found.broader) == (level != 1)


def test_nothing_broader_is_listed_without_demand(tagger: Tagger) -> None:
    assert all(found.broader == () for found in tagger.tag(TEXT))


def test_an_instrument_is_rolled_up_to_its_kind() -> None:
    [found] = Tagger.open(expand_class_hierarchy=True).tag(
        "Interpersonal Emotion Regulation Questionnaire")
    assert IERO + "Instrument" in found.broader


@pytest.mark.parametrize("name", [
    "MentalDisorder", "iero:MentalDisorder", "https://w3id.org/iero/MentalDisorder"])
def test_concepts_and_what_is_narrower_can_be_asked_for(name: str) -> None:
    found = Tagger.open(concepts=[name]).tag("Emotional contagion, panic disorder and agoraphobia")
    assert quotes(found) == ["panic disorder", "agoraphobia"]


def test_a_concept_is_known_by_its_label() -> None:
    assert quotes(Tagger.open(concepts=("emotional contagion",)).tag(TEXT)) == [
        "mood contagion", "emotional contagion"]


def test_an_unknown_concept_is_named_with_the_nearest() -> None:
    with pytest.raises(NotFound) as caught:
        Tagger.open(concepts=["EmotionalContagon"])
    assert "EmotionalContagion" in caught.value.details["nearest"]


def test_mentions_that_score_less_can_be_left_out(tagger: Tagger) -> None:
    text = "Avoidance and emotion regulation"
    scores = {each.quote: each.score for each in tagger.tag(text)}
    assert scores["Avoidance"] < 0.8 < scores["emotion regulation"]
    assert quotes(Tagger.open(min_score=0.8).tag(text)) == ["emotion regulation"]


@pytest.mark.parametrize("options", [
    {"longest": True}, {"longest_only": "yes"}, {"minimum_match_length": -1}, {"min_score": 2},
    {"stop_words": "anxiety"}, {"concepts": [1]}, {"class_hierarchy_max_level": 1.5},
    {"min_score": True},
])
def test_an_option_that_does_not_exist_or_fit_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(BadParameter) as caught:
        Options.of(**options)
    assert caught.value.details["parameter"] == next(iter(options))


def test_a_section_is_told_and_must_be_known(tagger: Tagger) -> None:
    [found] = tagger.tag("Emotional contagion is fast.", section="background")
    assert (found.section, found.role, found.rules) == (
        "background", "background", ("background.section",))
    with pytest.raises(BadParameter, match="section"):
        tagger.tag("Emotional contagion", section="preface")


# -- what an annotation tells ----------------------------------------------------------------------


def test_an_annotation_says_how_it_came_about(tagger: Tagger) -> None:
    text = "Feelings of nurses (FN): emotional labour, and ER as emotion regulation"
    labor, short, _ = tagger.tag(text)[-3:]
    assert (labor.form, labor.scope, labor.score) == ("emotional labour", "exact", 0.95)
    assert (short.quote, short.scope, short.disambiguation) == ("ER", "abbreviation", "mention")
    assert "support.mention" in short.rules
    assert short.ontology_version == tagger.ontology_version == KnowledgeGraph.open().version
    assert short.tagger_version == tagger.version


def test_an_annotation_survives_json_and_pickle(tagger: Tagger) -> None:
    for found in tagger.tag(TEXT):
        assert Annotation.from_dict(json.loads(json.dumps(found.to_dict()))) == found
        assert pickle.loads(pickle.dumps(found)) == found
    with pytest.raises(BadParameter, match="quote"):
        Annotation.from_dict({name: value for name, value in found.to_dict().items()
                              if name != "quote"})
    with pytest.raises(AttributeError):
        found.colour  # noqa: B018


def test_a_tagger_survives_pickle_with_its_options() -> None:
    tagger = Tagger.open(concepts=["SocialSupport"], min_score=0.5)
    again = pickle.loads(pickle.dumps(tagger))
    text = "Emotional or informational support, but no emotional contagion"
    assert again.options == tagger.options
    assert again.tag(text) == tagger.tag(text) != []


def test_many_texts_are_tagged_one_by_one_each_for_itself(tagger: Tagger) -> None:
    texts = ["Emotional contagion (EC)", "EC", "", "EC and emotional contagion"]
    read = []
    found = tagger.tag_many(read.append(text) or text for text in texts)
    assert quotes(next(found)) == ["Emotional contagion", "EC"]
    assert read == texts[:1]
    assert [quotes(each) for each in found] == [[], [], ["emotional contagion"]]


def test_the_order_of_texts_changes_nothing(tagger: Tagger) -> None:
    texts = [str(param.values[0]) for param in sentences()]
    there = [tagger.tag(text) for text in texts]
    back = [Tagger.open().tag(text) for text in reversed(texts[:20])]
    assert there[:20] == back[::-1]
    assert there == [tagger.tag(text) for text in texts]


# -- the lexicon -----------------------------------------------------------------------------------


def rows(*more: tuple[str, str, str]) -> list[tuple[str, str, str]]:
    """Return the rows of a graph with two strategies, one of which replaces a third."""
    label = "http://www.w3.org/2000/01/rdf-schema#label"
    above = "http://www.w3.org/2000/01/rdf-schema#subClassOf"
    return [(IERO + "A", label, "glad telling"), (IERO + "A", above, IERO + "Process"),
            (IERO + "Old", label, "olden telling"), (IERO + "Old", above, IERO + "Process"),
            (IERO + "B", label, "sad telling"), (IERO + "B", above, IERO + "A"), *more]


OUTDATED = (IERO + "Old", "http://www.w3.org/2002/07/owl#deprecated", "true")


def test_a_deprecated_term_is_found_as_its_replacement() -> None:
    replaced = (IERO + "Old", "http://purl.obolibrary.org/obo/IAO_0100001", IERO + "A")
    tagger = Tagger(compile_lexicon(rows(OUTDATED, replaced), "1"), Options())
    [found] = tagger.tag("That was an olden telling.")
    assert (found.concept, found.label, found.form, found.scope) == (
        IERO + "A", "glad telling", "olden telling", "exact")


def test_a_deprecated_term_without_replacement_is_not_found() -> None:
    assert Tagger(compile_lexicon(rows(OUTDATED), "1"), Options()).tag("olden telling") == []
    assert Tagger(compile_lexicon(rows(), "1"), Options()).tag("olden telling") != []


def test_terms_that_replace_each_other_do_not_hang() -> None:
    ring = [OUTDATED, (IERO + "Old", "http://purl.obolibrary.org/obo/IAO_0100001", IERO + "Old")]
    assert Tagger(compile_lexicon(rows(*ring), "1"), Options()).tag("olden telling") == []


def test_a_lexicon_survives_json() -> None:
    lexicon = compile_lexicon(KnowledgeGraph.open().lexicon(), "1")
    again = Lexicon.from_data(json.loads(json.dumps(lexicon.to_data())))
    text = "Intrinsic and extrinsic emotion regulation (IER), IERQ and mood contagion"
    assert again.to_data() == json.loads(json.dumps(lexicon.to_data()))
    assert Tagger(again, Options()).tag(text) == Tagger(lexicon, Options()).tag(text) != []
    assert len(lexicon.concepts) > 200
    assert len(lexicon.forms) > 1000


def test_terms_that_describe_the_graph_are_not_looked_for() -> None:
    names = {concept.iri.removeprefix(IERO) for concept in
             compile_lexicon(KnowledgeGraph.open().lexicon(), "1").concepts}
    assert {"EmotionalContagion", "IERQ", "PanicDisorder", "SocialBaselineTheory"} <= names
    assert not names & {"Process", "Work", "Claim", "Zaki", "CohenD", "OwnMeans", "LaterHorizon"}


def test_the_lexicon_is_kept_and_made_anew_where_the_file_is_broken(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IERO_CACHE_DIR", str(tmp_path))
    first = Tagger.open().tag(TEXT)
    [file] = tmp_path.iterdir()
    assert Tagger.open().tag(TEXT) == first
    file.write_bytes(b"{")
    assert Tagger.open().tag(TEXT) == first
    assert len(file.read_bytes()) > 1000


def test_a_cache_that_cannot_be_written_is_done_without(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("IERO_CACHE_DIR", str(tmp_path / "file" / "folder"))
    assert quotes(Tagger.open().tag("emotional contagion")) == ["emotional contagion"]


# -- hostile texts ---------------------------------------------------------------------------------

PIECES = st.sampled_from([
    "emotional contagion", "Emotional", "contagion", "regu-\n", "lation", "emotion ", "co-",
    "rumination", "\u00ad", "\u200b", "\ufeff", "\u0301", "\u00e9", "\ufb01", "\u2013", "\u2019",
    "\u00a0", "\u2009", "&lt;i&gt;", "<i>", "</i>", "<sub>2</sub>", "&amp;", "&#160;", "&nbsp;",
    "&bogus;", "&#xD800;", "&#99999999;", "<", ">", "&", "\n", "\r\n", "\n\n", "\t", "  ", " ", ".",
    "(", "(IER)", "ER", " and ", " or ", "support", "\ud800", "\U0001f600", "\u0130", "\u00df",
    "\u1e9e", "\u60c5\u7eea", "interpersonal emotion regulation", "intrinsic", "\x00", "\x7f", "-",
])
HOSTILE = st.lists(PIECES | st.text(max_size=6), max_size=14).map("".join)


@settings(max_examples=600, deadline=None)
@given(HOSTILE)
def test_every_quote_stands_at_its_place(text: str) -> None:
    for tagger in (opened(), opened(loose=True)):
        found = tagger.tag(text)
        assert all(text[each.start:each.end] == each.quote != "" for each in found)
        assert found == sorted(found, key=lambda each: (each.start, each.end))


@cache
def opened(loose: bool = False) -> Tagger:
    """Return a tagger that all examples share."""
    if not loose:
        return Tagger.open()
    return Tagger.open(longest_only=False, whole_word_only=False, minimum_match_length=0)


@settings(max_examples=600, deadline=None)
@given(HOSTILE)
def test_folding_loses_no_place(text: str) -> None:
    for join in (True, False):
        folded = fold(text, join=join)
        assert len(folded.low) == len(folded.kept)
        places = [folded.place(at, at + 1) for at in range(1, len(folded.low) - 2)]
        assert all(0 <= start < end <= len(text) for start, end in places)
        assert places == sorted(places)
        for at, (start, end) in enumerate(places, 1):
            letter = chr(folded.kept[at])
            if letter.isalnum() and end - start == 1 and text[start].isascii():
                assert text[start] == letter


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(
    ["\u00a0", " ", "<b>x</b>", "&amp;", "\u00ad", "\u2014", "("]), max_size=8))
def test_what_stands_before_a_mention_only_moves_it(before: list[str]) -> None:
    text = "".join(before) + " emotional contagion"
    assert [(each.start, each.end) for each in opened().tag(text)] == [
        (len(text) - len("emotional contagion"), len(text))]


def test_the_first_tag_comes_soon_and_opens_no_connection(rdflib_seconds: float) -> None:
    first = processor_seconds("""if True:
        import socket, sys
        socket.socket = None
        from iero import Tagger
        [found] = Tagger.open().tag("emotional contagion")
        assert not {"pyoxigraph", "iero.graph"} & set(sys.modules)  # no lexicon was compiled
        """)
    assert first < 3 * rdflib_seconds
