"""Tokens: what the file holds, who is let in, and that changes take effect at once."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from iero import cli
from iero.errors import BadParameter, NotFound, ServiceFailure, Unauthorized
from iero.tokens import TokenFile

LITERATURE = "https://w3id.org/iero/graph/literature/*"


@pytest.fixture
def tokens(tmp_path: Path) -> TokenFile:
    return TokenFile(tmp_path / "tokens.toml")


def test_a_secret_opens_and_is_not_in_the_file(tokens: TokenFile) -> None:
    secret = tokens.add("pipeline", ["graph:literature/*"], ["insert"])
    found = tokens.bearer(secret)
    assert (found.name, found.graphs, found.may) == ("pipeline", (LITERATURE,), {"insert"})
    text = tokens.path.read_text()
    assert secret not in text
    assert secret.removeprefix("iero_") not in text
    kept = tomllib.loads(text)["tokens"]["pipeline"]
    assert kept["sha256"] == sha256(secret.encode()).hexdigest()
    assert kept["graphs"] == [LITERATURE]


def test_a_secret_is_256_random_bits(tokens: TokenFile) -> None:
    secrets = {tokens.add(f"t{number}", ["*"], ["insert"]) for number in range(5)}
    assert len(secrets) == 5
    assert all(len(secret) == len("iero_") + 43 for secret in secrets)  # 32 bytes in base 64


@pytest.mark.parametrize("wrong", ["", "iero_", "pipeline", "x" * 100_000, "é"])
def test_what_is_no_token_is_refused(tokens: TokenFile, wrong: str) -> None:
    secret = tokens.add("pipeline", ["*"], ["insert"])
    digest = sha256(secret.encode()).hexdigest()
    for text in (wrong, digest, secret[:-1], secret + "x", secret.upper()):
        with pytest.raises(Unauthorized, match="not known"):
            tokens.bearer(text)


def test_a_token_expires(tokens: TokenFile) -> None:
    secret = tokens.add("short", ["*"], ["insert"], days=2)
    now = datetime.now(UTC)
    assert tokens.bearer(secret, now + timedelta(days=1, hours=23)).name == "short"
    with pytest.raises(Unauthorized, match="'short' expired on"):
        tokens.bearer(secret, now + timedelta(days=2, seconds=1))
    lasting = tokens.add("lasting", ["*"], ["insert"])
    assert tokens.bearer(lasting, now + timedelta(days=36_500)).expires is None


def test_a_change_of_the_file_takes_effect_at_once(tokens: TokenFile) -> None:
    first = tokens.add("first", ["*"], ["insert"])
    served = TokenFile(tokens.path)
    assert served.bearer(first).name == "first"
    second = tokens.add("second", ["*"], ["insert"])
    assert served.bearer(second).name == "second"
    tokens.revoke("first")
    with pytest.raises(Unauthorized, match="'first' was revoked"):
        served.bearer(first)
    assert served.bearer(second).name == "second"


def test_a_revoked_token_stays_in_the_file_and_keeps_its_name(tokens: TokenFile) -> None:
    tokens.add("first", ["*"], ["insert"])
    tokens.revoke("first")
    moment = tokens.tokens()["first"].revoked
    assert moment is not None
    tokens.revoke("first")
    assert tokens.tokens()["first"].revoked == moment
    with pytest.raises(BadParameter, match="already"):
        tokens.add("first", ["*"], ["insert"])
    with pytest.raises(NotFound, match="'other'") as missing:
        tokens.revoke("other")
    assert "first" in missing.value.hint


def test_comments_of_people_outlive_changes(tokens: TokenFile) -> None:
    tokens.add("first", ["*"], ["insert"])
    tokens.path.write_text(tokens.path.read_text() + "# for the nightly job\n")
    tokens.add("second", ["*"], ["delete"])
    assert "# for the nightly job" in tokens.path.read_text()
    assert set(tokens.tokens()) == {"first", "second"}


def test_only_the_owner_can_read_the_file_and_others_are_pointed_out(tokens: TokenFile) -> None:
    tokens.add("first", ["*"], ["insert"])
    assert tokens.path.stat().st_mode & 0o777 == 0o600
    assert tokens.exposure() == ""
    tokens.path.chmod(0o644)
    assert "read by others" in tokens.exposure()
    assert f"chmod 600 {tokens.path}" in tokens.exposure()
    tokens.path.chmod(0o620)
    assert "written by others" in tokens.exposure()
    tokens.revoke("first")
    assert tokens.exposure() == ""


@pytest.mark.parametrize(("name", "graphs", "may", "says"), [
    ("a b", ["*"], ["insert"], "no name"),
    ("", ["*"], ["insert"], "no name"),
    ("x" * 65, ["*"], ["insert"], "no name"),
    ("ok", [], ["insert"], "at least one graph"),
    ("ok", ["*"], [], "for something"),
    ("ok", ["*"], ["insert", "administer"], "'administer' is no kind"),
    ("ok", ["<a b>"], ["insert"], "not an IRI"),
    ("ok", ["https://example.org/*/x"], ["insert"], "does not name graphs"),
])
def test_a_grant_that_makes_no_sense_makes_no_token(
    tokens: TokenFile, name: str, graphs: list[str], may: list[str], says: str
) -> None:
    with pytest.raises(BadParameter, match=says):
        tokens.add(name, graphs, may)
    assert not tokens.path.exists()


GOOD = f"""[tokens.a]
sha256 = "{"0" * 64}"
created = 2026-01-01
graphs = ["*"]
may = ["insert"]
""".replace("2026-01-01", "2026-01-01T00:00:00Z")


def test_a_file_written_by_hand_is_read(tokens: TokenFile) -> None:
    tokens.path.write_text(GOOD + "expires = 2026-06-01T12:00:00\n")
    found = tokens.tokens()["a"]
    assert found.created == datetime(2026, 1, 1, tzinfo=UTC)
    assert found.expires == datetime(2026, 6, 1, 12, tzinfo=UTC)  # UTC where nothing is said


@pytest.mark.parametrize(("old", "new", "says"), [
    ('may = ["insert"]\n', "", "no 'may'"),
    ("may =", "mai =", "'mai', which means nothing"),
    ('["insert"]', '["everything"]', "'everything' is no kind"),
    ('["insert"]', '"insert"', "'may' that is no list"),
    ('"*"', '""', "cannot be granted"),
    ("0" * 64, "0" * 63, "no hash"),
    ("[tokens.a]", "[tokens.a", "not TOML"),
    ("[tokens.a]", "[token.a]", "no token file"),
    ("created = 2026-01-01T00:00:00Z", "created = 2026", "'created' that is no datetime"),
    ("[tokens.a]", "[tokens]\na = 1\n[other]", "no token file"),
])
def test_a_spoilt_file_is_an_error_and_lets_nobody_in(
    tokens: TokenFile, old: str, new: str, says: str
) -> None:
    assert old in GOOD
    tokens.path.write_text(GOOD.replace(old, new))
    with pytest.raises(BadParameter, match=says):
        tokens.tokens()
    with pytest.raises(ServiceFailure, match="nobody can write"):
        tokens.bearer("iero_x")


def test_a_file_that_has_gone_lets_nobody_in(tokens: TokenFile) -> None:
    secret = tokens.add("first", ["*"], ["insert"])
    tokens.path.unlink()
    with pytest.raises(ServiceFailure):
        tokens.bearer(secret)
    with pytest.raises(NotFound, match="no token file"):
        tokens.tokens()


def test_a_folder_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadParameter, match="cannot be written"):
        TokenFile(tmp_path / "none" / "tokens.toml").add("first", ["*"], ["insert"])


# -- the command ---------------------------------------------------------------------------------


def test_the_command_shows_a_token_once_and_lists_what_it_may(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["token", "new", "pipeline", "--graph", "graph:literature/*", "--may",
                    "insert", "--days", "30"]) == 0
    shown = capsys.readouterr()
    secret = shown.out.strip()
    assert TokenFile(tmp_path / "tokens.toml").bearer(secret).graphs == (LITERATURE,)
    assert "cannot be shown again" in shown.err
    assert secret not in shown.err
    assert cli.run(["token", "list"]) == 0
    listed = capsys.readouterr().out
    day = datetime.now(UTC) + timedelta(days=30)
    for text in ("pipeline", "insert", "graph:literature/*", f"{day:%Y-%m-%d}"):
        assert text in listed
    assert "delete" not in listed
    assert cli.run(["token", "revoke", "pipeline"]) == 0
    capsys.readouterr()
    assert cli.run(["token", "list"]) == 0
    assert "revoked on" in capsys.readouterr().out


def test_the_command_takes_the_file_from_an_option_or_a_variable(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    named, other = tmp_path / "named.toml", tmp_path / "other.toml"
    assert cli.run(["token", "new", "a", "-g", "*", "--days", "0", "-o", str(named)]) == 0
    monkeypatch.setenv("IERO_TOKENS", str(other))
    assert cli.run(["token", "new", "b", "-g", "*"]) == 0
    assert [*TokenFile(named).tokens(), *TokenFile(other).tokens()] == ["a", "b"]
    assert TokenFile(named).tokens()["a"].expires is None
    other.chmod(0o644)
    capsys.readouterr()
    assert cli.run(["token", "list"]) == 0
    assert "chmod 600" in capsys.readouterr().err


@pytest.mark.parametrize(("arguments", "says"), [
    (["list"], "no token file"),
    (["revoke", "x"], "no token file"),
    (["new", "x"], "--graph"),
    (["new", "x", "--graph", "nowhere:x"], "prefix 'nowhere'"),
    (["new", "x", "--graph", "*", "--may", "everything"], "'everything'"),
])
def test_mistakes_with_tokens_are_told_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    arguments: list[str], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["token", *arguments]) == 2
    shown = capsys.readouterr()
    assert says in shown.err
    assert "Traceback" not in shown.err
    assert list(tmp_path.iterdir()) == []
