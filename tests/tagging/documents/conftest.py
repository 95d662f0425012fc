"""Records to tag, taggers, and the command, run in this process."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from iero import Tagger, cli
from iero.tagging.job import Job, run

FIXTURES = Path(__file__).parent / "fixtures"
Iero = Callable[..., tuple[int, str, str]]
TEXTS = [
    "Emotional contagion at work.",
    "Reassurance seeking was not seen in panic disorder.",
    "Nothing of interest – naïve.",
    "We measured social support. Social support helps.",
]


@pytest.fixture(scope="module")
def tagger() -> Tagger:
    return Tagger.open()


@pytest.fixture(scope="module")
def broad() -> Tagger:
    return Tagger.open(expand_class_hierarchy=True)


def records(folder: Path, count: int, name: str = "in.jsonl") -> Path:
    file = folder / name
    with file.open("w", encoding="utf-8") as out:
        for number in range(count):
            data = {
                "id": f"r{number}",
                "title": f"Record {number} on venting and anger",
                "abstract": " ".join(TEXTS[(number + each) % 4] for each in range(1 + number % 5)),
            }
            out.write(json.dumps(data, ensure_ascii=number % 2 == 0) + "\n")
    return file


def lines(file: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()
    ]


def tagged(tmp_path: Path, tagger: Tagger, source: Path, name: str, **options: Any) -> Path:
    run(Job((str(source),), str(tmp_path / name), **options), tagger)
    assert not list(tmp_path.glob("*.part*"))
    return tmp_path / name


@pytest.fixture
def iero(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iero:
    monkeypatch.delenv("COLUMNS", raising=False)

    def command(*arguments: object) -> tuple[int, str, str]:
        code = cli.run([str(argument) for argument in arguments])
        sys.stdout.flush()
        captured = capfd.readouterr()
        assert "Traceback" not in captured.err
        return code, captured.out, captured.err

    return command
