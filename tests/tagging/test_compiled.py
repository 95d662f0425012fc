"""The tagger compiled, taken only for its own sources, and over either engine: the same tags."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from iero import Tagger
from iero.tagging.finding import STAMP, fingerprint

SOURCES = Path(__file__).parents[2] / "service"
IS_COMPILED = "from iero.tagging.finding import COMPILED; print(COMPILED)"
ENGINE = "from iero.tagging.finding.matcher import ENGINE; print(ENGINE)"
WITHOUT = "import sys; sys.modules['daachorse'] = None  # as if it were not installed\n"
TAG = """
import json, sys
from iero import Tagger
tagger = Tagger.open(**json.loads(sys.argv[1]))
for text in json.load(sys.stdin):
    print(json.dumps([each.to_dict() for each in tagger.tag(text)]))
"""
ODD = ("\n", "\n\n", "-\n", "  ", "\t", ". ", ": ", "; ", ", ", " (", ") ", "/", " and ", " or ",
       "&amp;", "&lt;i&gt;", "<b>", "</b>", "\u00a0", "\u00ad", "\u2013", "\u2019", "é", "e\u0301",
       "ﬁ", "ß", "β", "漢", "😀", "\ud800", "METHODS:", "RESULTS ", " no ", " without ", "s", "x")


def run(script: str, path: Path = SOURCES, compiled: str = "yes", arguments: tuple[str, ...] = (),
        given: str = "") -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], input=given, capture_output=True, text=True,
        check=True, env={**os.environ, "PYTHONPATH": str(path), "IERO_COMPILED": compiled})
    return done.stdout


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """The package with a line that nobody has compiled."""
    shutil.copytree(SOURCES / "iero", tmp_path / "iero", ignore=shutil.ignore_patterns("static"))
    with (tmp_path / "iero/tagging/finding/overlap.py").open("a") as file:
        file.write("# another line\n")
    return tmp_path


def stamped(folder: Path, stamp: str) -> None:
    (folder / "iero_compiled").mkdir()
    (folder / "iero_compiled" / STAMP).write_text(stamp)


def test_modules_made_of_other_sources_are_left_alone(changed: Path) -> None:
    stamped(changed, fingerprint())
    assert run(IS_COMPILED, changed) == "False\n"


def test_modules_made_of_these_sources_are_taken_unless_told_otherwise(changed: Path) -> None:
    stamped(changed, run("from iero.tagging.finding import fingerprint; "
                         "print(fingerprint(), end='')", changed))
    assert run(IS_COMPILED, changed) == "True\n"
    assert run(IS_COMPILED, changed, compiled="no") == "False\n"


def texts() -> list[str]:
    """Sentences of the gold standard, and texts put together at random from what the rules heed."""
    cases = Path(__file__).parent
    known = [next(iter(case)) for file in sorted(cases.glob("*.yaml"))
             for case in yaml.safe_load(file.read_text())]
    chance = random.Random(20261129)
    lexicon = Tagger.open().lexicon
    names = [*sorted(lexicon.forms), *sorted(lexicon.short), *lexicon.tails, *lexicon.stems]
    pieces = [*ODD, " ", " ", " "]
    made = ["".join(chance.choice(names if chance.random() < 0.4 else pieces)
                    for _ in range(chance.randrange(40))) for _ in range(2000)]
    return known + made


in_every_setting = pytest.mark.parametrize(
    "options", [{}, {"longest_only": False}, {"whole_word_only": False}],
    ids=["by default", "all", "parts of words"])


@in_every_setting
def test_compiled_and_as_sources_it_finds_the_same(options: dict[str, bool]) -> None:
    if run(IS_COMPILED) != "True\n":
        pytest.skip("not installed with a C compiler, or changed since")
    given, asked = json.dumps(texts()), (json.dumps(options),)
    as_sources = run(TAG, compiled="no", arguments=asked, given=given)
    assert run(TAG, arguments=asked, given=given) == as_sources
    assert as_sources.count('"concept"') > 2000


@in_every_setting
def test_without_the_quicker_engine_it_finds_the_same(options: dict[str, bool]) -> None:
    pytest.importorskip("daachorse", reason="daachorse is not installed")
    assert (run(ENGINE), run(WITHOUT + ENGINE)) == ("daachorse\n", "ahocorasick_rs\n")
    given, asked = json.dumps(texts()), (json.dumps(options),)
    with_it = run(TAG, compiled="no", arguments=asked, given=given)
    assert run(WITHOUT + TAG, compiled="no", arguments=asked, given=given) == with_it
    assert with_it.count('"concept"') > 2000
