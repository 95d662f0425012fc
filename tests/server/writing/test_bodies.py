"""What is written comes in every format, and what cannot be read leaves no trace."""

from __future__ import annotations

import gzip
import zlib
from typing import Any

import httpx
import pytest
from iero.server.writing import Writing

from tests.server.writing.conftest import TURTLE, G, H, count


def test_a_graph_is_written_in_every_format_for_graphs(client: httpx.Client) -> None:
    documents = {
        "text/turtle": "<urn:a> <urn:b> 'x', 'y' .",
        "application/n-triples": '<urn:a> <urn:b> "x" .\n<urn:a> <urn:b> "y" .\n',
        "application/ld+json": '{"@id": "urn:a", "urn:b": ["x", "y"]}',
        "application/rdf+xml": '<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
                               'xmlns:u="urn:"><r:Description r:about="urn:a"><u:b>x</u:b>'
                               "<u:b>y</u:b></r:Description></r:RDF>",
    }
    for media_type, text in documents.items():
        told = client.put("/store", params=G, content=text,
                          headers={"Content-Type": media_type, "Accept": "application/json"})
        assert told.status_code in (200, 201), told.text
        found = client.get("/store", params=G, headers={"Accept": "application/n-triples"})
        assert sorted(found.text.splitlines()) == [
            '<urn:a> <urn:b> "x" .', '<urn:a> <urn:b> "y" .']
    nameless = client.put("/store", params=H, content=documents["application/rdf+xml"])
    assert nameless.status_code == 201  # without a type it is RDF/XML (section 5)
    assert count(client, "urn:h") == 2


def test_relative_iris_are_resolved_against_the_graph(client: httpx.Client) -> None:
    client.put("/store/people", content=b"<#ada> <urn:knows> <eve> .", headers=TURTLE)
    found = client.get("/store/people", headers={"Accept": "application/n-triples"})
    assert found.text == \
        "<http://iero.test/store/people#ada> <urn:knows> <http://iero.test/store/eve> .\n"


@pytest.mark.parametrize(("body", "headers", "status", "says"), [
    (b"<urn:a> <urn:b> .", TURTLE, 400, "line"),
    (b"<urn:a> <urn:b> 1 .", {}, 400, ""),
    (b"<urn:a> <urn:b> 1 <urn:h> .", {"Content-Type": "application/n-quads"}, 415, "n-quads"),
    (b"<urn:a> <urn:b> 1 .", {"Content-Type": "text/csv"}, 415, "text/csv"),
    (b"x" * 10_001, TURTLE, 413, "10,000"),
    (gzip.compress(b"#" * 10_001, mtime=0), {**TURTLE, "Content-Encoding": "gzip"}, 413, "10,000"),
    (gzip.compress(b"<urn:a> <urn:b> 1 .", mtime=0)[:-5],
     {**TURTLE, "Content-Encoding": "gzip"}, 400, "unpack"),
    (b"<urn:a> <urn:b> 1 .", {**TURTLE, "Content-Encoding": "gzip"}, 400, "unpack"),
    (gzip.compress(b"#", mtime=0) + b"x", {**TURTLE, "Content-Encoding": "gzip"}, 400, "unpack"),
])
def test_a_body_that_cannot_be_read_is_refused_and_leaves_no_trace(
    client: httpx.Client, body: bytes, headers: dict[str, str], status: int, says: str
) -> None:
    refused = client.put("/store", params=G, content=body, headers=headers)
    assert refused.status_code == status, refused.text
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert says in refused.text
    assert count(client, "urn:g") == -1


def test_a_compressed_body_is_unpacked(client: httpx.Client) -> None:
    packed = gzip.compress(b"<urn:a> <urn:b> 1 .\n") + gzip.compress(b"<urn:a> <urn:b> 2 .\n")
    headers = {**TURTLE, "Content-Encoding": "gzip"}
    assert client.put("/store", params=G, content=packed, headers=headers).status_code == 201
    assert count(client, "urn:g") == 2
    headers["Content-Encoding"] = "deflate"
    refused = client.put("/store", params=G, content=zlib.compress(b""), headers=headers)
    assert (refused.status_code, refused.headers["Accept-Encoding"]) == (415, "gzip")


@pytest.mark.parametrize("path", ["/store?graph=urn:g", "/update", "/store/people"])
def test_a_body_of_unknown_length_is_refused(client: httpx.Client, path: str) -> None:
    refused = client.post(path, content=iter([b"<urn:a> <urn:b> 1 ."]), headers=TURTLE)
    assert refused.status_code == 411
    assert "Content-Length" in refused.json()["hint"]


@pytest.mark.parametrize("part", [
    {"data": {"a": "<urn:a> <urn:b> 1 ."}, "files": {"b": ("b.ttl", "<urn:a> <urn:b> 2 .")}},
    {"files": {"b": ("b.docx", "x", "")}},
    {"files": {"b": ("b.ttl", "<urn:a> <urn:b>", "text/turtle"), "c": ("c.ttl", "")}},
    {"content": b"--x\r\nbroken", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
    {"content": b"broken", "headers": {"Content-Type": "multipart/form-data"}},
])
def test_a_form_that_holds_something_else_than_graphs_is_refused(
    client: httpx.Client, part: dict[str, Any]
) -> None:
    refused = client.post("/store", params=G, **part)
    assert refused.status_code in (400, 415), refused.text
    assert count(client, "urn:g") == -1


def test_the_files_of_a_form_are_merged_and_their_blank_nodes_kept_apart(
    client: httpx.Client,
) -> None:
    files = [("f", ("one.ttl", "_:x <urn:b> 1 .")), ("f", ("two.nt", "_:x <urn:c> _:x .")),
             ("f", ("three", "_:x <urn:b> 1 .", "text/turtle"))]
    assert client.post("/store", params=G, files=files).status_code == 201
    asked = client.get("/sparql", params={
        "query": "SELECT DISTINCT ?x { GRAPH <urn:g> { ?x ?p ?o } }", "format": "csv"})
    assert len(asked.text.split()) == 1 + 3


def test_nothing_posted_changes_nothing(client: httpx.Client, scratch: Writing) -> None:
    version = scratch.changes.version
    assert client.post("/store", params=G, content=b"", headers=TURTLE).status_code == 204
    assert client.post("/store", content=b"", headers=TURTLE).status_code == 204
    assert scratch.changes.version == version
