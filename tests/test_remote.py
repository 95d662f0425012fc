"""Remote endpoints: the requests that are sent and the failures that are told."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs

import httpx
import pytest
from iero import KnowledgeGraph
from iero.errors import BadParameter, Refused, RemoteError
from iero.protocol import format_named
from iero.remote import Endpoint
from iero.store import Store
from iero.terms import IRI, Literal

URL = "http://endpoint.example/sparql"
JSON = "application/sparql-results+json"
Reply = Callable[[httpx.Request], httpx.Response]


def endpoint(reply: Reply, url: str = URL) -> Endpoint:
    return Endpoint(url, transport=httpx.MockTransport(reply))


def honest(seen: list[httpx.Request]) -> Reply:
    """Answer as an endpoint of the standard does, from a store of its own."""
    store = Store()
    store.load(b"<urn:s> <urn:p> 1, 'zwei'@de .", "turtle")

    def reply(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        sent = request.content.decode() if request.method == "POST" else request.url.query.decode()
        answer = store.query(parse_qs(sent)["query"][0])
        fmt = format_named("ntriples" if answer.kind == "graph" else "json", answer.kind)
        return httpx.Response(200, content=b"".join(answer.serialize(fmt)),
                              headers={"Content-Type": fmt.media_type + ";charset=utf-8"})

    return reply


def test_rows_truths_and_graphs_come_back_as_from_a_store() -> None:
    seen: list[httpx.Request] = []
    remote = endpoint(honest(seen))
    rows = list(remote.query("SELECT ?o { ?s ?p ?o } ORDER BY ?o").rows())
    assert {row["o"] for row in rows} == {Literal("1"), Literal("zwei")}
    assert remote.query("ASK { ?s ?p 1 }").truth is True
    triples = list(remote.query("CONSTRUCT WHERE { ?s ?p 1 }").triples())
    assert triples == [(IRI("urn:s"), IRI("urn:p"), Literal("1"))]
    assert [request.headers["Accept"].partition(",")[0] for request in seen] \
        == [JSON, JSON, "application/n-triples"]
    assert {request.method for request in seen} == {"GET"}


def test_a_long_query_is_posted_as_a_form() -> None:
    seen: list[httpx.Request] = []
    text = "ASK { ?s ?p 1 } #" + "é" * 2000
    assert endpoint(honest(seen)).query(text).truth is True
    assert seen[0].method == "POST"
    assert seen[0].headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert parse_qs(seen[0].content.decode())["query"] == [text]


def test_the_dataset_and_the_parameters_of_the_address_are_sent() -> None:
    seen: list[httpx.Request] = []
    remote = endpoint(honest(seen), URL + "?db=a%26b")
    remote.query("ASK {}", ["urn:a"], ["urn:b", "urn:c"])
    assert parse_qs(seen[0].url.query.decode()) == {
        "db": ["a&b"], "query": ["ASK {}"], "default-graph-uri": ["urn:a"],
        "named-graph-uri": ["urn:b", "urn:c"]}


def test_only_missing_prefixes_are_declared_and_lines_keep_their_numbers() -> None:
    seen: list[httpx.Request] = []
    prefixes = {"a": "urn:a:", "b": "urn:b:", "c": "urn:c:"}
    endpoint(honest(seen)).query("PREFIX b: <urn:x:>\nASK { a:s b:p ?o }", prefixes=prefixes)
    assert parse_qs(seen[0].url.query.decode())["query"] == [
        "PREFIX a: <urn:a:> PREFIX b: <urn:x:>\nASK { a:s b:p ?o }"]


def fixed(status: int, body: str, content_type: str = JSON) -> Reply:
    return lambda _: httpx.Response(status, content=body, headers={"Content-Type": content_type})


@pytest.mark.parametrize(("reply", "words"), [
    (fixed(500, "\n  Virtuoso 42000\nsecond line", "text/plain"), "500: Virtuoso 42000"),
    (fixed(400, "Lexical error", "text/plain"), "400: Lexical error"),
    (fixed(503, "", "text/plain"), "503: Service Unavailable"),
    (fixed(200, "<html>Welcome</html>", "text/html"), "text/html"),
    (fixed(200, '{"head":{"vars":["s"]},"results":{"bindings":[{"s":'), "broken"),
    (fixed(200, "", "application/sparql-results+xml"), "broken"),
])
def test_failures_name_the_address_and_what_it_said(reply: Reply, words: str) -> None:
    with pytest.raises(RemoteError) as error:
        endpoint(reply).query("SELECT * { ?s ?p ?o }")
    assert URL in error.value.message
    assert words in error.value.message
    assert error.value.details["url"] == URL


@pytest.mark.parametrize(("failure", "words"), [
    (httpx.ConnectError("refused"), "cannot be reached"),
    (httpx.ReadTimeout("slow"), "did not answer"),
    (httpx.RemoteProtocolError("cut"), "cannot be reached"),
])
def test_a_broken_connection_is_a_remote_error(failure: Exception, words: str) -> None:
    def reply(_: httpx.Request) -> httpx.Response:
        raise failure

    with pytest.raises(RemoteError, match=words):
        endpoint(reply).query("ASK {}")


def test_an_unsafe_query_is_not_even_sent() -> None:
    seen: list[httpx.Request] = []
    for text in ("ASK { SERVICE <urn:x> {} }", "DROP ALL"):
        with pytest.raises(Refused):
            endpoint(honest(seen)).query(text)
    assert seen == []


def test_an_address_that_is_none_is_a_bad_parameter() -> None:
    with pytest.raises(BadParameter, match="ftp"):
        Endpoint("ftp://example.org/")


def test_a_knowledge_graph_can_stand_on_a_remote_endpoint(small: object) -> None:
    store = Store.open([small])  # type: ignore[list-item]

    def reply(request: httpx.Request) -> httpx.Response:
        sent = request.content.decode() if request.method == "POST" else request.url.query.decode()
        answer = store.query(parse_qs(sent)["query"][0])
        fmt = format_named("turtle" if answer.kind == "graph" else "xml", answer.kind)
        return httpx.Response(200, content=b"".join(answer.serialize(fmt)),
                              headers={"Content-Type": fmt.content_type})

    remote = KnowledgeGraph(endpoint(reply))
    local = KnowledgeGraph(store)
    assert remote.term("Venting") == local.term("Venting")
    assert remote.select("SELECT ?l { iero:Venting rdfs:label ?l }") == [{"l": "venting"}]
    assert remote.sizes() == local.sizes()
    assert remote.version == "9.9.9"
    assert [hit.label for hit in remote.search("steam")] == ["venting"]
    assert len(list(remote.describe("https://w3id.org/iero/Venting").triples())) \
        == len(list(local.describe("https://w3id.org/iero/Venting").triples()))
    with pytest.raises(BadParameter, match="remote"):
        remote.export(None, format_named("turtle", "graph"))  # type: ignore[arg-type]
