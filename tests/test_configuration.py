"""Settings: declared once, given by flag, variable or file, in that order of precedence."""

from __future__ import annotations

import re
import runpy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from iero import cli
from iero.configuration import SETTINGS, Configuration
from iero.errors import BadParameter, NotFound
from iero.serving import serve

ROOT = Path(__file__).parents[1]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Configuration]:
    """What the service was started with."""
    calls: list[Configuration] = []
    monkeypatch.setattr("iero.server.serve", calls.append)
    return calls


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], str]:
    def write(text: str) -> str:
        path = tmp_path / "iero.toml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def test_a_flag_goes_before_a_variable_before_the_file_before_the_default(
    served: list[Configuration], file: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = file("port = 1\njobs = 1\ntimeout = 1\n")
    monkeypatch.setenv("IERO_PORT", "2")
    monkeypatch.setenv("IERO_JOBS", "2")
    assert cli.run(["serve", "--config", config, "--port", "3"]) == 0
    [made] = served
    assert (made.port, made.jobs, made.timeout, made.cache) == (3, 2, 1.0, 64)


def test_the_file_may_be_named_by_a_variable(
    served: list[Configuration], file: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IERO_CONFIG", file('base-path = "/kg"\n'))
    assert cli.run(["serve"]) == 0
    assert served[0].base_path == "/kg"


def test_no_file_is_read_that_is_not_named(
    served: list[Configuration], file: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(file("port = 1\n")).parent)
    assert cli.run(["serve"]) == 0
    assert served[0].port == 8000


@pytest.mark.parametrize(("text", "said"), [
    ("prot = 1", ["iero.toml", "'prot' is not a setting", "Did you mean port?"]),
    ("[serve]\nport = 1", ["'serve' is not a setting"]),
    ("memory_limit = 1", ["Did you mean memory-limit?"]),
    ("port = true", ["iero.toml: port is True", "whole number"]),
    ("port = 1.5", ["iero.toml: port is 1.5", "whole number"]),
    ('port = "80"', ["iero.toml: port is '80'", "whole number"]),
    ("port = 70000", ["iero.toml: port", "65535"]),
    ("timeout = 0", ["iero.toml: timeout"]),
    ("host = 1", ["iero.toml: host is 1", "a text"]),
    ("port = [1]", ["iero.toml: port is [1]"]),
    ("port = x", ["iero.toml", "line 1"]),
    ('data = "none.ttl"', ["no file 'none.ttl'"]),
])
def test_what_is_wrong_in_the_file_is_said_with_its_place(
    served: list[Configuration], file: Callable[[str], str], capsys: pytest.CaptureFixture[str],
    text: str, said: list[str]
) -> None:
    assert cli.run(["serve", "--config", file(text)]) == 2
    err = " ".join(capsys.readouterr().err.split())
    assert [part for part in said if part not in err] == []
    assert served == []


def test_a_file_that_is_not_there_is_said(
    served: list[Configuration], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert cli.run(["serve", "--config", str(tmp_path / "none.toml")]) == 2
    assert "none.toml" in capsys.readouterr().err
    assert cli.run(["serve", "--config", str(tmp_path)]) == 2
    assert "cannot be read" in capsys.readouterr().err
    assert served == []


@pytest.mark.parametrize(("name", "value", "said"), [
    ("IERO_PROT", "1", "Did you mean IERO_PORT?"),
    ("IERO_PORT", "many", "IERO_PORT"),
    ("IERO_PORT", "-1", "IERO_PORT"),
])
def test_what_is_wrong_in_the_environment_is_said(
    served: list[Configuration], capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    assert cli.run(["serve"]) == 2
    assert said in capsys.readouterr().err
    assert served == []


def test_an_empty_variable_and_those_of_other_parts_say_nothing(
    served: list[Configuration], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IERO_PORT", "")
    monkeypatch.setenv("IERO_CACHE_DIR", "/nowhere")
    monkeypatch.setenv("OTHER_PROT", "1")
    assert cli.run(["serve"]) == 0
    assert served == [Configuration()]


def test_show_config_says_what_holds_and_where_it_comes_from(
    served: list[Configuration], file: Callable[[str], str], monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str]
) -> None:
    config = file("cache = 1\n")
    monkeypatch.setenv("IERO_JOBS", "2")
    monkeypatch.setenv("COLUMNS", "300")  # the path of the file may be long
    assert cli.run(["serve", "--config", config, "--port", "3", "--show-config"]) == 0
    rows = {line.split()[0]: line.split()[1:] for line in capsys.readouterr().out.splitlines()}
    assert rows["port"] == ["3", "--port"]
    assert rows["jobs"] == ["2", "IERO_JOBS"]
    assert rows["cache"] == ["1", f"{config}:", "cache"]
    assert rows["host"] == ["127.0.0.1", "default"]
    assert {setting.key for setting in SETTINGS.values()} <= set(rows)
    assert served == []


def test_the_help_shows_every_setting_in_its_group() -> None:
    shown: Result = CliRunner().invoke(serve, ["--help"], terminal_width=100)
    assert shown.exit_code == 0
    for each in SETTINGS.values():
        if each.flag:
            part = shown.output.split(f"\n{each.group}:\n")[1].split("\n\n")[0]
            assert re.search(rf"^  {each.flag}\b", part, re.MULTILINE), each.flag


@pytest.mark.parametrize("change", [
    {"port": 65536}, {"port": -1}, {"timeout": 0}, {"workers": 0}, {"memory_limit": 0},
    {"data": Path(__file__), "store": "http://store.example/"},
    {"data": Path(__file__), "scratch": True}, {"scratch": True, "workers": 2},
    {"scratch": True, "host": "0.0.0.0"}, {"data": Path(__file__).parent, "workers": 2},
])
def test_a_configuration_out_of_bounds_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(BadParameter):
        Configuration(**change)  # type: ignore[arg-type]


def test_a_configuration_names_a_file_that_is_missing() -> None:
    with pytest.raises(NotFound, match=r"none\.ttl"):
        Configuration(data=Path("none.ttl"))


def test_the_table_of_the_documents_is_complete() -> None:
    page = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    table = page.partition("## Settings\n\n")[2].partition("\n\n")[0]
    names = [row.split("`")[1] for row in table.splitlines()[2:]]
    assert names == [setting.key for setting in SETTINGS.values()]
    made = runpy.run_path(str(ROOT / "docs" / "settings.py"))["table"]()
    assert table.strip() == made.strip(), "write it anew: python docs/settings.py"


def test_secrets_are_kept_from_flags_and_from_what_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    secrets = [each for each in SETTINGS.values() if each.secret]
    shown = CliRunner().invoke(serve, ["--help"]).output
    for each in secrets:
        monkeypatch.setenv(each.variable, "hush-hush-hush-hush")
        assert f"--{each.key}" not in shown
        assert cli.run(["serve", f"--{each.key}", "hush-hush-hush-hush"]) == 2
        assert "No such option" in capsys.readouterr().err
        assert cli.run(["serve", "--show-config"]) == 0
        assert "hush" not in capsys.readouterr().out
        made = replace(Configuration(), **{each.name: "hush-hush-hush-hush"})
        assert "hush" not in repr(made)
