"""What is said of a write, and of its rehearsal."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from iero.server.writing import Writing

from tests.server.writing.conftest import TURTLE, UPDATE, G, H, count


def test_a_write_says_what_it_did(client: httpx.Client, scratch: Writing) -> None:
    made = client.put("/store", params=G, content=b"<urn:a> <urn:b> 1, 2 .", headers=TURTLE)
    assert (made.status_code, made.json()["inserted"], made.json()["deleted"]) == (201, 2, 0)
    assert made.json()["graphs"]["urn:g"] == {
        "inserted": 2, "deleted": 0, "created": True, "dropped": False}
    assert made.json()["version"] == scratch.changes.version
    replaced = client.put("/store", params=G, content=b"<urn:a> <urn:b> 2, 3, 4 .",
                          headers=TURTLE)
    assert (replaced.status_code, replaced.content) == (204, b"")
    assert "Content-Type" not in replaced.headers
    assert replaced.headers["IERO-Change"].endswith("inserted=2, deleted=1")
    told = client.put("/store", params=G, content=b"", headers={
        **TURTLE, "Accept": "application/json"})
    assert (told.status_code, told.json()["deleted"]) == (200, 3)
    added = client.post("/store", params=G, content=b"<urn:a> <urn:b> 1 .", headers=TURTLE)
    assert (added.status_code, added.json()["inserted"]) == (200, 1)
    again = client.post("/store", params=G, content=b"<urn:a> <urn:b> 1 .", headers=TURTLE)
    assert (again.status_code, again.json()["inserted"]) == (200, 0)
    gone = client.delete("/store", params=G)
    assert (gone.status_code, gone.json()["graphs"]["urn:g"]["dropped"]) == (200, True)


def test_an_update_says_what_it_did_in_each_graph(client: httpx.Client) -> None:
    answer = client.post("/update", headers=UPDATE, content="""
        INSERT DATA { GRAPH <urn:g> { <urn:a> <urn:b> 1, 2 } GRAPH <urn:h> { <urn:a> <urn:b> 1 } } ;
        DELETE WHERE { GRAPH <urn:g> { <urn:a> <urn:b> 2 } }""")
    assert answer.status_code == 200  # what it made has no address here, so not 201
    told = answer.json()
    assert (told["inserted"], told["deleted"]) == (2, 0)  # what differs, not what was done
    assert {graph: each["inserted"] for graph, each in told["graphs"].items()} == {
        "urn:g": 1, "urn:h": 1}


@pytest.mark.parametrize("how", [{"headers": {"Prefer": "handling=validate"}},
                                 {"params": {"dry-run": ""}}, {"params": {"dry-run": "true"}}])
def test_a_rehearsal_says_what_would_be_done_and_does_nothing(
    client: httpx.Client, scratch: Writing, how: dict[str, Any]
) -> None:
    client.put("/store", params=G, content=b"<urn:a> <urn:b> 1 .", headers=TURTLE)
    version = scratch.changes.version
    headers = how.get("headers", {})
    told = client.put("/store", params={**G, **how.get("params", {})},
                      content=b"<urn:a> <urn:b> 2, 3 .", headers={**TURTLE, **headers})
    assert told.status_code == 200
    assert told.json()["dry_run"] is True
    assert (told.json()["inserted"], told.json()["deleted"]) == (2, 1)
    assert ("Preference-Applied" in told.headers) == bool(headers)
    new = client.put("/store", params={**H, **how.get("params", {})}, content=b"",
                     headers={**TURTLE, **headers})
    assert (new.status_code, new.json()["graphs"]["urn:h"]["created"]) == (200, True)
    assert client.post("/update", params=how.get("params"), data={"update": "DROP ALL"},
                       headers=headers).json()["deleted"] == 1
    assert scratch.changes.version == version
    assert (count(client, "urn:g"), count(client, "urn:h")) == (1, -1)


def test_a_rehearsal_may_be_refused_expressly(client: httpx.Client) -> None:
    told = client.put("/store", params={**G, "dry-run": "false"}, content=b"<urn:a> <urn:b> 1 .",
                      headers={**TURTLE, "Prefer": "handling=validate"})
    assert (told.status_code, count(client, "urn:g")) == (201, 1)
    wrong = client.put("/store", params={**G, "dry-run": "maybe"}, content=b"", headers=TURTLE)
    assert wrong.status_code == 400
