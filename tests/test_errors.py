"""The error tree: drawn as it is, each with a status and an exit code."""

from __future__ import annotations

import json
import re

import pytest
from iero import errors
from iero.errors import IeroError

CLASSES = [cls for cls in vars(errors).values()
           if isinstance(cls, type) and issubclass(cls, IeroError)]
DRAWN = re.findall(r"^    [|` -]*(\w+) +\S.*? (\d{3})  exit (\d)$",
                   errors.__doc__ or "", re.MULTILINE)


def test_the_drawing_shows_every_class_with_its_numbers() -> None:
    assert len(CLASSES) > 8
    assert sorted(DRAWN) == sorted(
        (cls.__name__, str(cls.status), str(cls.exit_code)) for cls in CLASSES)


@pytest.mark.parametrize("cls", CLASSES)
def test_each_error_is_a_problem_body_and_a_message(cls: type[IeroError]) -> None:
    error = cls("It broke.", hint="Mend it.", file="a.ttl", line=3)
    body = json.loads(json.dumps(error.problem()))
    assert body == {"type": "about:blank", "title": cls.title, "status": cls.status,
                    "detail": "It broke.", "hint": "Mend it.", "file": "a.ttl", "line": 3}
    assert str(error) == "It broke.\nMend it."
    assert str(cls("It broke.")) == "It broke."
    assert "hint" not in cls("It broke.").problem()


@pytest.mark.parametrize("cls", CLASSES)
def test_a_mistake_of_the_asker_is_a_4xx_and_exit_2_and_a_failure_is_neither(
    cls: type[IeroError],
) -> None:
    assert cls.exit_code == (2 if 400 <= cls.status < 500 else 1)
    assert 400 <= cls.status < 600
    assert cls.title
    assert cls.__doc__
