"""HEAD, OPTIONS and wrong methods on every route, doubled parameters, preflights, encodings."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from flask import Response
from iero.graph import KnowledgeGraph
from iero.server import create_app

ROUTES = {
    "/": {"GET"}, "/health": {"GET"}, "/version": {"GET"}, "/.well-known/void": {"GET"},
    "/sparql": {"GET", "POST"}, "/update": {"POST"}, "/store": {"GET", "PUT", "POST", "DELETE"},
    "/store/people": {"GET", "PUT", "POST", "DELETE"}, "/queries": {"GET"},
    "/queries/kinds": {"GET"}, "/term/Venting": {"GET"}, "/ontology": {"GET"},
    "/ontology.ttl": {"GET"}, "/search?q=venting": {"GET"}, "/search-string/Venting": {"GET"},
    "/tag?text=venting": {"GET", "POST"}, "/openapi.json": {"GET"}, "/static/iero.css": {"GET"},
} | {path: {"GET"} for path in (
    "/docs", "/docs/api", "/docs/client.md", "/status",
    "/neighbors/Venting", "/work?iri=urn:a",
    "/browse",
    "/browse/Venting", "/mentions/Venting", "/compare?term=Venting", "/evidence",
    "/claims?about=Venting", "/conflicts", "/names", "/suggest?q=ven", "/feed.atom",
    "/sitemap.xml", "/sitemap-1.xml", "/robots.txt", "/opensearch.xml", "/favicon.ico")}
METHODS = {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "PROPFIND"}


@pytest.fixture(scope="module")
def client(served: KnowledgeGraph) -> Iterator[httpx.Client]:
    transport = httpx.WSGITransport(app=create_app(served, release="1-abc"))
    with httpx.Client(transport=transport, base_url="http://iero.test") as made:
        yield made


def allowed(methods: set[str]) -> set[str]:
    return methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())


def test_every_route_is_here(served: KnowledgeGraph) -> None:
    adapter = create_app(served).url_map.bind("iero.test")
    rules = {adapter.match(path.partition("?")[0], method=min(methods), return_rule=True)[0].rule
             for path, methods in ROUTES.items()}
    missing = {rule.rule for rule in create_app(served).url_map.iter_rules()} - rules
    assert missing <= {"/scripts/<name>"}  # which only an installation with a bundle has


@pytest.mark.parametrize("path", ROUTES)
def test_options_lists_what_is_possible_and_says_no_more(client: httpx.Client, path: str) -> None:
    answer = client.options(path)
    assert answer.status_code == 204
    assert answer.content == b""
    assert {*answer.headers["allow"].split(", ")} == allowed(ROUTES[path])


@pytest.mark.parametrize("path", [path for path, methods in ROUTES.items() if "GET" in methods])
def test_head_is_get_without_its_body(client: httpx.Client, path: str) -> None:
    head, get = client.head(path), client.get(path)
    assert head.content == b""
    assert head.status_code == get.status_code
    changing = {"date", "x-request-id", "server-timing"}
    if path == "/status":  # it says how long the service has been up, and what it holds just now
        changing.add("content-length")
    assert {name: value for name, value in head.headers.items() if name not in changing} == {
        name: value for name, value in get.headers.items() if name not in changing}


@pytest.mark.parametrize("path", ROUTES)
def test_other_methods_are_405_and_name_those_that_are_possible(
    client: httpx.Client, path: str
) -> None:
    for method in METHODS - allowed(ROUTES[path]):
        answer = client.request(method, path)
        assert answer.status_code == 405, method
        assert answer.headers["content-type"] == "application/problem+json"
        assert {*answer.headers["allow"].split(", ")} == allowed(ROUTES[path])
        assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("path", ROUTES)
def test_a_preflight_is_answered_for_a_day(client: httpx.Client, path: str) -> None:
    answer = client.options(path, headers={
        "Origin": "https://yasgui.example", "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type, authorization, x-request-id"})
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-max-age"] == "86400"
    assert {"GET", "POST"} <= {*answer.headers["access-control-allow-methods"].split(", ")}
    assert "authorization" in answer.headers["access-control-allow-headers"].lower()
    exposed = {*answer.headers["access-control-expose-headers"].lower().split(", ")}
    assert {"x-request-id", "server-timing", "retry-after", "ratelimit", "etag"} <= exposed


@pytest.mark.parametrize("url", [
    "/sparql?query=ASK{}&query=ASK{}", "/sparql?query=ASK{}&format=json&format=json",
    "/sparql?query=ASK{}&timeout=1&timeout=1", "/health?format=json&format=json",
    "/search?q=a&q=b", "/search?q=a&limit=1&limit=1", "/ontology?format=ttl&format=ttl",
    "/term/Venting?format=ttl&format=ttl", "/queries?format=json&format=json",
    "/tag?text=a&text=b", "/search-string/Venting?for=pubmed&for=pubmed",
    "/store?graph=urn:a&graph=urn:b", "/.well-known/void?format=ttl&format=ttl",
])
def test_a_parameter_that_is_given_twice_is_400(client: httpx.Client, url: str) -> None:
    answer = client.get(url)
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(("request_", "status"), [
    (("GET", "/health", {"headers": {"Accept": "image/png"}}), 406),
    (("GET", "/sparql?query=ASK{}", {"headers": {"Accept": "image/png"}}), 406),
    (("GET", "/openapi.json", {"headers": {"Accept": "image/png"}}), 406),
    (("POST", "/sparql", {"content": b"x", "headers": {"Content-Type": "image/png"}}), 415),
    (("POST", "/tag", {"content": b"x", "headers": {"Content-Type": "image/png"}}), 415),
    (("POST", "/sparql", {"content": b"x" * (2 << 20),
                          "headers": {"Content-Type": "application/sparql-query"}}), 413),
    (("POST", "/tag", {"content": b"x" * (2 << 20),
                       "headers": {"Content-Type": "text/plain"}}), 413),
])
def test_what_does_not_fit_is_a_problem(
    client: httpx.Client, request_: tuple[str, str, dict[str, Any]], status: int
) -> None:
    method, path, rest = request_
    answer = client.request(method, path, **rest)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status


# -- compression -----------------------------------------------------------------------------------

LONG = "SELECT * { ?a ?p ?x . ?b ?q ?y . ?c ?r ?z }"


def test_a_long_answer_is_packed_for_whom_that_suits(client: httpx.Client) -> None:
    params = {"query": LONG, "format": "csv"}
    plain = client.get("/sparql", params=params, headers={"Accept-Encoding": "identity"})
    with client.stream("GET", "/sparql", params=params,
                       headers={"Accept-Encoding": "gzip"}) as answer:
        packed = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) == len(packed) < len(plain.content) / 5
    assert gzip.decompress(packed) == plain.content
    assert "content-encoding" not in plain.headers
    for each in (plain, answer):
        assert {"Accept", "Accept-Encoding"} <= {*each.headers["vary"].split(", ")}


@pytest.mark.parametrize("accepted", ["", "identity", "gzip;q=0", "br", "*;q=0, identity"])
def test_nothing_is_packed_for_others(client: httpx.Client, accepted: str) -> None:
    answer = client.get("/sparql", params={"query": LONG, "format": "csv"},
                        headers={"Accept-Encoding": accepted})
    assert "content-encoding" not in answer.headers


def test_a_short_answer_is_not_packed(client: httpx.Client) -> None:
    answer = client.get("/health", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in answer.headers


def test_a_packed_answer_is_revalidated_by_its_tag(shipped: KnowledgeGraph) -> None:
    """The tag is weak, so it is one for all encodings (RFC 9110, section 8.8.1)."""
    transport = httpx.WSGITransport(app=create_app(shipped, shipped=True, release="1-abc"))
    with httpx.Client(transport=transport, base_url="http://iero.test") as client:
        packed, plain = (client.get("/ontology.ttl", headers={"Accept-Encoding": each})
                         for each in ("gzip", "identity"))
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.content == plain.content
        assert packed.headers["etag"] == plain.headers["etag"]
        assert packed.headers["etag"].startswith("W/")
        again = client.get("/ontology.ttl", headers={
            "Accept-Encoding": "gzip", "If-None-Match": packed.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_what_has_a_strong_tag_stays_as_it_is(served: KnowledgeGraph) -> None:
    app = create_app(served)

    def strong() -> Response:
        response = Response("x" * 100_000, mimetype="text/plain")
        response.set_etag("1")
        return response

    app.add_url_rule("/strong", view_func=strong)
    transport = httpx.WSGITransport(app=app)
    with httpx.Client(transport=transport, base_url="http://iero.test") as client:
        answer = client.get("/strong", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in answer.headers
    assert answer.headers["etag"] == '"1"'
