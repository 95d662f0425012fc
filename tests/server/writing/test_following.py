"""What has been written is seen at once, by what looks names up and by services that only read."""

from __future__ import annotations

from pathlib import Path

import httpx
from iero.cli import run

from tests.server.processes import running
from tests.server.writing.conftest import MINE, bearer

NAMES = """@prefix iero: <https://w3id.org/iero/> .
@prefix oboInOwl: <http://www.geneontology.org/formats/oboInOwl#> .
iero:Venting oboInOwl:hasExactSynonym "{name}"@en ."""
NOTE = '<https://example.org/note> <https://example.org/says> "{said}" .\n'
TEXT = "They compared zugzwang steaming with zugzwang fuming."


def tagged(client: httpx.Client) -> list[str]:
    answer = client.post("/tag", json={"text": TEXT})
    assert answer.status_code == 200, answer.text
    return [each["quote"] for each in answer.json()["annotations"]]


def test_a_new_name_is_looked_for_in_texts_and_a_former_one_is_not(
    owned: httpx.Client, secret: str
) -> None:
    assert tagged(owned) == []
    for name in ("zugzwang steaming", "zugzwang fuming"):
        written = owned.put("/store", params={"graph": MINE}, content=NAMES.format(name=name),
                            headers=bearer(secret))
        assert written.is_success, written.text
        assert tagged(owned) == [name]


def test_a_reader_shows_each_change_that_a_writer_makes(tmp_path: Path) -> None:
    data, file = tmp_path / "data", tmp_path / "note.nt"
    file.write_text(NOTE.format(said="first"))
    load = ["load", str(data), str(file), "--graph", MINE]
    assert run(load) == 0
    with running("--data", data, "--read-only") as address, \
            httpx.Client(base_url=address, timeout=30) as client:
        graph = {"params": {"graph": MINE}, "headers": {"Accept": "application/n-triples"}}
        before = client.get("/store", **graph)
        assert before.text == NOTE.format(said="first")
        assert client.put("/store", content=b"", **graph).status_code == 403
        file.write_text(NOTE.format(said="second"))
        assert run(load) == 0  # beside the reader, which holds no lock
        after = client.get("/store", **graph)
        assert set(after.text.splitlines()) == {NOTE.format(said=said).strip()
                                                for said in ("first", "second")}
        assert after.headers["ETag"] != before.headers["ETag"]
