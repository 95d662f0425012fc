"""Tags against a gold standard, and against other tags: eval and compare-tags."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from iero.errors import IeroError
from iero.tagging.comparison import compare
from iero.tagging.evaluation import evaluate

from tests.tagging.documents.conftest import Iero

GOLD = [
    {
        "id": "1",
        "text": "Mood contagion and venting of anger.",
        "annotations": [
            {"field": "text", "start": 0, "end": 14, "concept": "EmotionalContagion"},
            {"start": 19, "end": 26, "concept": "iero:Venting"},
        ],
    },
    {
        "id": "2",
        "text": "Panic disorder, social support.",
        "annotations": [
            {"field": "text", "start": 0, "end": 14, "concept": "AnxietyDisorder"},
            {"field": "text", "start": 16, "end": 30, "concept": "SocialSupport"},
        ],
    },
]
FOUND = [
    [(0, 14, "EmotionalContagion"), (19, 35, "Venting")],
    [(0, 14, "PanicDisorder"), (16, 30, "SocialSupport"), (0, 5, "Fear")],
]


def gold_files(folder: Path) -> tuple[Path, Path]:
    gold, found = folder / "gold.jsonl", folder / "found.jsonl"
    gold.write_text("".join(json.dumps(each) + "\n" for each in GOLD), encoding="utf-8")
    rows = [
        {
            **each,
            "annotations": [
                {"start": start, "end": end, "concept": concept} for start, end, concept in spans
            ],
        }
        for each, spans in zip(GOLD, FOUND, strict=True)
    ]
    found.write_text("".join(json.dumps(each) + "\n" for each in rows), encoding="utf-8")
    return gold, found


def test_precision_and_recall_by_mention_document_and_concept(tmp_path: Path) -> None:
    gold, found = gold_files(tmp_path)
    result = evaluate(str(gold), str(found)).to_dict()
    assert result["records"] == 2
    # By hand: of 4 gold and 5 found mentions, 2 are the same; one more overlaps with its concept.
    assert result["mentions"]["exact"] == {
        "right": 2,
        "wrong": 3,
        "missed": 2,
        "precision": 0.4,
        "recall": 0.5,
        "f1": 0.4444,
    }
    assert {key: result["mentions"]["overlap"][key] for key in ("right", "wrong", "missed")} == {
        "right": 3,
        "wrong": 2,
        "missed": 1,
    }
    assert {key: result["documents"][key] for key in ("right", "wrong", "missed")} == {
        "right": 3,
        "wrong": 2,
        "missed": 1,
    }
    one = {each["concept"].rpartition("/")[2]: each for each in result["concepts"]}
    assert (one["Venting"]["right"], one["Venting"]["wrong"], one["Venting"]["missed"]) == (0, 1, 1)
    confused = {
        (each["gold"].rpartition("/")[2], each["found"].rpartition("/")[2]): each["count"]
        for each in result["confusions"]
    }
    assert confused == {("AnxietyDisorder", "PanicDisorder"): 1, ("AnxietyDisorder", "Fear"): 1}


def test_eval_shows_a_table_or_json_and_fails_under_a_mark(tmp_path: Path, iero: Iero) -> None:
    gold, found = gold_files(tmp_path)
    code, out, err = iero("eval", gold, found)
    assert (code, "mentions, exact" in out, "0.444" in out, "2 records" in err) == (
        0,
        True,
        True,
        True,
    )
    assert iero("eval", gold, found, "--fail-under", "0.5")[0] == 1
    code, out, _ = iero("eval", gold, "-f", "json")
    assert (code, json.loads(out)["records"]) == (0, 2)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"id": "1", "text": "x"}, "no 'annotations'"),
        ({"id": "1", "text": "x", "annotations": [{"start": 0}]}, "lacks"),
        (
            {"id": "1", "text": "x", "annotations": [{"start": 0, "end": 9, "concept": "A"}]},
            "stand at",
        ),
        (
            {
                "id": "1",
                "text": "xy",
                "annotations": [{"start": 0, "end": 1, "concept": "A", "quote": "y"}],
            },
            "stand at",
        ),
        (
            {
                "id": "1",
                "title": "x",
                "abstract": "y",
                "annotations": [{"start": 0, "end": 1, "concept": "A"}],
            },
            "lacks",
        ),
    ],
)
def test_a_broken_gold_standard_is_an_error(
    line: dict[str, Any], message: str, tmp_path: Path
) -> None:
    gold = tmp_path / "gold.jsonl"
    gold.write_text(json.dumps(line) + "\n", encoding="utf-8")
    with pytest.raises(IeroError, match=message):
        evaluate(str(gold), str(gold))


def annotation(quote: str, text: str, concept: str, **more: Any) -> dict[str, Any]:
    start = text.index(quote)
    return {
        "field": "text",
        "start": start,
        "end": start + len(quote),
        "quote": quote,
        "concept": f"https://w3id.org/iero/{concept}",
        "label": concept,
        "form": quote,
        "scope": "exact",
        "score": 1.0,
        "role": "",
        "negated": False,
        "section": "",
        "rules": [],
        "disambiguation": "none",
        "ontology_version": "1",
        "tagger_version": "1",
        **more,
    }


def test_what_changed_and_which_label_or_rule_caused_it(tmp_path: Path, iero: Iero) -> None:
    text = "EROS and panic disorder, mood contagion, venting, support."
    common = annotation("venting", text, "Venting")
    first = [
        annotation("panic", text, "Fear", form="panic"),
        common,
        annotation("support", text, "SocialSupport"),
        annotation("EROS", text, "EROS", rules=["a"]),
    ]
    second = [
        annotation("panic disorder", text, "PanicDisorder", scope="label"),
        {**common, "role": "absent", "negated": True, "rules": ["absent.before"]},
        annotation("mood contagion", text, "EmotionalContagion"),
        annotation("EROS", text, "EROS", rules=["a"]),
    ]
    other = {
        "id": "2",
        "text": "support",
        "annotations": [annotation("support", "support", "SocialSupport")],
    }
    files = []
    for name, found in (("a.jsonl", first), ("b.jsonl", second)):
        files.append(tmp_path / name)
        rows = [{"id": "1", "text": text, "annotations": found}, other]
        files[-1].write_text(
            "".join(json.dumps(row) + "\n" for row in (rows if name == "a.jsonl" else rows[::-1])),
            encoding="utf-8",
        )
    result = compare(str(files[0]), str(files[1]))
    causes = {
        (change.kind, change.concept.rpartition("/")[2]): change.cause for change in result.changes
    }
    assert causes == {
        (
            "lost",
            "Fear",
        ): "'panic disorder' of another concept is in its place (label 'panic disorder')",
        ("gained", "PanicDisorder"): "'panic' of another concept was in its place (exact 'panic')",
        ("gained", "EmotionalContagion"): "the exact 'mood contagion' came",
        (
            "lost",
            "SocialSupport",
        ): "'support' is known to both, decided otherwise (rules none; support none)",
        ("changed", "Venting"): "role  → absent, negated False → True (rules +absent.before)",
    }
    assert (result.records, result.changed_records, result.same, result.only_first) == (2, 1, 2, [])
    code, out, err = iero("compare-tags", *files)
    assert (code, "mood contagion" in out, "2 gained" in err) == (1, True, True)
    code, out, _ = iero("compare-tags", files[0], files[0], "-f", "json")
    assert (code, json.loads(out)["changes"]) == (0, [])
