"""The audit log: each write once, and no secret."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import httpx
import pytest
from iero.server.writing import Writing

from tests.server.writing.conftest import MINE, TURTLE, UPDATE, G, H, bearer, count, log


def test_each_write_is_written_down_once_refused_ones_too_and_no_secret(
    owned: httpx.Client, writing: Writing, secret: str
) -> None:
    before = len(log(writing)) if writing.audit.path.exists() else 0
    headers = bearer(secret)
    first = owned.put("/store", params={"graph": MINE}, content=b"<urn:a> <urn:b> 1 .",
                      headers=headers)
    owned.put("/store", params={"graph": "urn:no"}, content=b"", headers=headers)
    owned.post("/update", headers={**headers, **UPDATE}, content="INSERT DATA {")
    owned.delete("/store", params={"graph": MINE, "dry-run": ""}, headers=headers)
    owned.delete("/store", params={"graph": MINE}, headers=headers)
    owned.delete("/store", params={"graph": MINE})  # nobody: not in the log
    lines = log(writing)[before:]
    assert [(line["operation"], line["outcome"]) for line in lines] == [
        ("put", "done"), ("put", "refused"), ("update", "refused"), ("delete", "rehearsed"),
        ("delete", "done")]
    assert {line["token"] for line in lines} == {"notes"}
    assert {line["client"] for line in lines} == {"127.0.0.1"}
    assert lines[0]["request"] == first.headers["X-Request-Id"] != ""
    assert lines[0]["graphs"] == {MINE: {"inserted": 1, "deleted": 0}}
    assert [line["status"] for line in lines if line["outcome"] == "refused"] == [403, 400]
    assert lines[4]["version"] == writing.changes.version
    assert all(datetime.fromisoformat(line["time"]).tzinfo for line in lines)
    assert secret not in writing.audit.path.read_text()
    assert writing.audit.path.stat().st_mode & 0o777 == 0o600


def test_a_log_that_cannot_be_written_is_told_together_with_what_was_done(
    client: httpx.Client, scratch: Writing, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(scratch.audit, "path", tmp_path)  # a folder
    told = client.put("/store", params=G, content=b"<urn:a> <urn:b> 1 .", headers=TURTLE)
    assert told.status_code == 500
    assert scratch.changes.version in told.json()["detail"]
    assert count(client, "urn:g") == 1
    refused = client.put("/store", params=H, content=b"<urn:a> <urn:b>", headers=TURTLE)
    assert refused.status_code == 400  # the reason that the client can do something about
