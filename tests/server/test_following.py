"""A service that only reads a directory shows what another process writes to it."""

from __future__ import annotations

from pathlib import Path

import httpx
from iero.cli import run

from tests.server.processes import running

GRAPH = "https://example.org/notes"
NOTE = '<https://example.org/note> <https://example.org/says> "{said}" .\n'


def test_a_reader_shows_each_change_that_a_writer_makes(tmp_path: Path) -> None:
    data, file = tmp_path / "data", tmp_path / "note.nt"
    file.write_text(NOTE.format(said="first"))
    load = ["load", str(data), str(file), "--graph", GRAPH]
    assert run(load) == 0
    with running("--data", data, "--read-only") as address, \
            httpx.Client(base_url=address, timeout=30) as client:
        graph = {"params": {"graph": GRAPH}, "headers": {"Accept": "application/n-triples"}}
        before = client.get("/store", **graph)
        assert before.text == NOTE.format(said="first")
        assert client.put("/store", content=b"", **graph).status_code == 403
        file.write_text(NOTE.format(said="second"))
        assert run(load) == 0  # beside the reader, which holds no lock
        after = client.get("/store", **graph)
        assert set(after.text.splitlines()) == {NOTE.format(said=said).strip()
                                                for said in ("first", "second")}
        assert after.headers["ETag"] != before.headers["ETag"]
