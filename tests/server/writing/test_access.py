"""Who may write, and where."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from iero.changes import Changes
from iero.graph import KnowledgeGraph
from iero.server.writing import Writing
from iero.tokens import TokenFile

from tests.server.writing.conftest import MINE, TURTLE, UPDATE, bearer, client_of, count

WRITES = [("PUT", "/store?graph=urn:g"), ("POST", "/store?graph=urn:g"), ("POST", "/store"),
          ("DELETE", "/store?graph=urn:g"), ("PUT", "/store/people"), ("POST", "/update")]


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_a_service_without_a_store_to_write_to_refuses_and_says_how_to_get_one(
    served: KnowledgeGraph, method: str, path: str
) -> None:
    with client_of(None, served) as client:
        refused = client.request(method, path, content=b"<urn:a> <urn:b> 1 .", headers=TURTLE)
    assert refused.status_code == 403
    assert "iero serve --data DIR --tokens FILE" in refused.json()["hint"]


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_without_tokens_nobody_may_write_and_the_remedy_is_named(
    guarded: Changes, kept: KnowledgeGraph, method: str, path: str
) -> None:
    with client_of(Writing(guarded, None), kept) as client:
        refused = client.request(method, path, content=b"<urn:a> <urn:b> 1 .", headers=TURTLE)
    assert refused.status_code == 403
    assert "iero token new" in refused.json()["hint"]


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_a_write_without_a_token_is_told_to_send_one(
    owned: httpx.Client, method: str, path: str
) -> None:
    refused = owned.request(method, path, content=b"<urn:a> <urn:b> 1 .", headers=TURTLE)
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"] == 'Bearer realm="iero"'
    assert "Authorization: Bearer" in refused.json()["hint"]
    assert refused.headers["Access-Control-Allow-Origin"] == "*"


def test_a_refusal_that_leaves_a_body_unread_ends_the_connection(owned: httpx.Client) -> None:
    unread = owned.put("/store", params={"graph": MINE}, content=b"#", headers=TURTLE)
    assert (unread.status_code, unread.headers.get("connection")) == (401, "close")
    read = owned.post("/sparql", content=b"#", headers={"Content-Type": "application/sparql-query"})
    assert (read.status_code, read.headers.get("connection")) == (400, None)


@pytest.mark.parametrize("header", ["Basic bm90ZXM6eA==", "Bearer", "Bearer ", "x"])
def test_another_scheme_is_no_token(owned: httpx.Client, header: str) -> None:
    refused = owned.put("/store", params={"graph": MINE}, content=b"",
                        headers={**TURTLE, "Authorization": header})
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (
        401, 'Bearer realm="iero"')


def test_nothing_is_not_posted_without_a_token_either(owned: httpx.Client) -> None:
    assert owned.post("/store", params={"graph": MINE}, content=b"").status_code == 401


def test_a_token_in_the_url_is_no_token(owned: httpx.Client, secret: str) -> None:
    refused = owned.put("/store", params={"graph": MINE, "access_token": secret}, content=b"",
                        headers=TURTLE)
    assert refused.status_code == 401


def test_an_unknown_expired_or_revoked_token_is_refused(
    guarded: Changes, tokens: TokenFile, kept: KnowledgeGraph, tmp_path: Path
) -> None:
    file = TokenFile(tmp_path / "tokens.toml")
    revoked = file.add("revoked", ["*"], ["insert"])
    expired = file.add("expired", ["*"], ["insert"], days=1)
    day = datetime.now(UTC) - timedelta(days=3)
    text = file.path.read_text()
    expiry = file.tokens()["expired"].expires
    assert expiry is not None
    file.path.write_text(text.replace(f"expires = {expiry:%Y-%m-%d}", f"expires = {day:%Y-%m-%d}"))
    with client_of(Writing(guarded, file), kept) as client:
        fine = client.put("/store", params={"graph": "https://example.org/r"}, content=b"",
                          headers=bearer(revoked))
        assert fine.status_code == 201
        file.revoke("revoked")
        for secret, says in ((revoked, "revoked on"), (expired, "expired on"),
                             ("iero_" + "x" * 43, "not known")):
            refused = client.put("/store", params={"graph": MINE}, content=b"",
                                 headers=bearer(secret))
            assert refused.status_code == 401
            assert refused.headers["WWW-Authenticate"] == \
                'Bearer realm="iero", error="invalid_token"'
            assert says in refused.json()["detail"]


def test_a_token_writes_where_it_may_and_nowhere_else(owned: httpx.Client, secret: str) -> None:
    data, headers = b"<urn:a> <urn:b> 1 .", bearer(secret)
    assert owned.put("/store", params={"graph": MINE}, content=data,
                     headers=headers).status_code == 201
    other = owned.put("/store", params={"graph": "https://example.org/yours"}, content=data,
                      headers=headers)
    assert other.status_code == 403
    assert other.headers["WWW-Authenticate"] == 'Bearer realm="iero", error="insufficient_scope"'
    assert "https://example.org/yours" in other.json()["detail"]
    assert count(owned, "https://example.org/yours") == -1
    both = owned.post("/update", headers={**headers, **UPDATE}, content=f"""
        INSERT DATA {{ GRAPH <{MINE}> {{ <urn:a> <urn:b> 2 }} }} ;
        INSERT DATA {{ GRAPH <https://example.org/yours> {{ <urn:a> <urn:b> 2 }} }}""")
    assert both.status_code == 403
    assert count(owned, MINE) == 1
    assert owned.delete("/store", params={"graph": MINE}, headers=headers).status_code == 200


def test_a_token_does_only_what_it_may(
    owned: httpx.Client, secret: str, tokens: TokenFile, writing: Writing
) -> None:
    adder = bearer(tokens.add("adder", ["https://example.org/mine/*"], ["insert"]))
    data = b"<urn:a> <urn:b> 1 ."
    graph = {"graph": "https://example.org/mine/log"}
    assert owned.post("/store", params=graph, content=data, headers=adder).status_code == 201
    assert owned.put("/store", params=graph, content=b"", headers=adder).status_code == 403
    assert owned.delete("/store", params=graph, headers=adder).status_code == 403
    assert count(owned, graph["graph"]) == 1
    assert owned.delete("/store", params=graph, headers=bearer(secret)).status_code == 200


@pytest.mark.parametrize("graph", ["ontology", "claims", "inferred", "mappings", "shapes"])
def test_a_pattern_does_not_open_what_ships_with_iero(
    owned: httpx.Client, tokens: TokenFile, graph: str
) -> None:
    name = f"all-{graph}"
    headers = bearer(tokens.add(name, ["*"], ["insert", "delete"]))
    target = {"graph": f"https://w3id.org/iero/graph/{graph}"}
    refused = owned.delete("/store", params=target, headers=headers)
    assert refused.status_code == 403
    assert "protected" in refused.json()["hint"]
    assert count(owned, target["graph"]) > 0


def test_the_union_of_all_graphs_is_read_and_not_written(owned: httpx.Client, secret: str) -> None:
    refused = owned.put("/store?default", content=b"<urn:a> <urn:b> 1 .", headers=bearer(secret))
    assert refused.status_code == 403
    assert "?graph=" in refused.json()["hint"]
    assert owned.get("/store?default", headers={"Accept": "text/plain"}).text.count("\n") > 10_000
