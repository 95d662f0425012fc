"""Writes on the condition that nobody else has written."""

from __future__ import annotations

import httpx
import pytest
from iero.server.writing import Writing

from tests.server.writing.conftest import TURTLE, G, H, count


def test_a_graph_has_an_entity_tag_that_changes_with_it_alone(client: httpx.Client) -> None:
    client.put("/store", params=G, content=b"<urn:a> <urn:b> 1 .", headers=TURTLE)
    first = client.get("/store", params=G)
    assert first.headers["ETag"].startswith('"')
    assert client.head("/store", params=G).headers["ETag"] == first.headers["ETag"]
    other = client.get("/store", params=G, headers={"Accept": "application/ld+json"})
    assert other.headers["ETag"] != first.headers["ETag"]
    client.put("/store", params=H, content=b"<urn:a> <urn:b> 1 .", headers=TURTLE)
    again = client.get("/store", params=G, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    client.post("/store", params=G, content=b"<urn:a> <urn:b> 2 .", headers=TURTLE)
    fresh = client.get("/store", params=G, headers={"If-None-Match": first.headers["ETag"]})
    assert fresh.status_code == 200


@pytest.mark.parametrize("accept", ["text/turtle", "application/ld+json", "application/n-triples"])
def test_a_write_on_the_condition_that_nobody_else_has_written(
    client: httpx.Client, accept: str
) -> None:
    client.put("/store", params=G, content=b"<urn:a> <urn:b> 1 .", headers=TURTLE)
    tag = client.get("/store", params=G, headers={"Accept": accept}).headers["ETag"]
    client.put("/store", params=H, content=b"", headers=TURTLE)  # no business of G's
    mine = client.put("/store", params=G, content=b"<urn:a> <urn:b> 2 .",
                      headers={**TURTLE, "If-Match": f'"other", {tag}'})
    assert mine.status_code == 204
    late = client.put("/store", params=G, content=b"<urn:a> <urn:b> 3 .",
                      headers={**TURTLE, "If-Match": tag})
    assert late.status_code == 412
    assert client.delete("/store", params=G, headers={"If-Match": tag}).status_code == 412
    assert "<urn:b> 2 ." in client.get("/store", params=G).text


def test_the_tag_of_a_compressed_answer_fits_too(client: httpx.Client) -> None:
    body = b"".join(b"<urn:a> <urn:b> %d .\n" % number for number in range(400))
    client.put("/store", params=G, content=body, headers=TURTLE)
    read = client.get("/store", params=G, headers={"Accept-Encoding": "gzip"})
    plain = client.get("/store", params=G, headers={"Accept-Encoding": "identity"})
    if read.headers.get("Content-Encoding") == "gzip":
        assert read.headers["ETag"] != plain.headers["ETag"]
    for tag in (read.headers["ETag"], plain.headers["ETag"]):
        told = client.put("/store", params={**G, "dry-run": ""}, content=b"",
                          headers={**TURTLE, "If-Match": tag})
        assert told.status_code == 200, told.text


@pytest.mark.parametrize("name", ["If-Match", "If-None-Match"])
def test_a_condition_that_is_no_tag_is_no_failure_of_the_service(
    client: httpx.Client, name: str
) -> None:
    for value in (",", "", "x, ,", '"', "W/"):
        told = client.put("/store", params=G, content=b"", headers={**TURTLE, name: value})
        assert told.status_code in (201, 204, 412), value


def test_a_weak_tag_is_not_enough_for_a_write(client: httpx.Client) -> None:
    client.put("/store", params=G, content=b"<urn:a> <urn:b> 1 .", headers=TURTLE)
    tag = client.get("/store", params=G).headers["ETag"]
    refused = client.put("/store", params=G, content=b"", headers={
        **TURTLE, "If-Match": f"W/{tag}"})
    assert refused.status_code == 412  # strong comparison: RFC 9110, section 13.1.1


def test_a_graph_is_made_only_if_there_is_none_and_replaced_only_if_there_is(
    client: httpx.Client,
) -> None:
    new, old = {**TURTLE, "If-None-Match": "*"}, {**TURTLE, "If-Match": "*"}
    assert client.put("/store", params=G, content=b"", headers=old).status_code == 412
    assert count(client, "urn:g") == -1
    assert client.put("/store", params=G, content=b"", headers=new).status_code == 201
    assert client.put("/store", params=G, content=b"", headers=new).status_code == 412
    assert client.put("/store", params=G, content=b"", headers=old).status_code == 204


def test_an_update_on_the_condition_that_the_store_has_not_changed(
    client: httpx.Client, scratch: Writing
) -> None:
    first, update = ({"update": f"INSERT DATA {{ <urn:a> <urn:b> {n} }}"} for n in (1, 2))
    tag = client.post("/update", data=first).json()["etag"]
    assert tag == scratch.changes.version
    assert client.post("/update", data=update, headers={"If-Match": f'"{tag}"'}).status_code == 200
    late = client.post("/update", data=update, headers={"If-Match": f'"{tag}"'})
    assert (late.status_code, late.json()["title"]) == (412, "Precondition failed")
