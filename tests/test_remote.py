"""Remote stores: the requests that are sent, the answers that are taken, the failures told."""

from __future__ import annotations

import gzip
import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from iero import KnowledgeGraph
from iero.errors import (
    BadParameter,
    BadQuery,
    IncompleteResult,
    LimitExceeded,
    NotFound,
    Refused,
    RemoteError,
)
from iero.protocol import format_named
from iero.remote import Endpoint, credentials, find_graphs
from iero.server import create_app
from iero.store import Store
from iero.terms import IRI, Literal

from tests.peers import Peer, Play, peer, reply, saying

JSON = "application/sparql-results+json"
XML = "application/sparql-results+xml"


def sent(request: bytes) -> dict[str, list[str]]:
    """Return the parameters of a query request, wherever they stand."""
    head, _, body = request.partition(b"\r\n\r\n")
    return parse_qs(body.decode() or urlsplit(head.split()[1].decode()).query)


def answering(store: Store, server: str = "") -> Play:
    """Answer as an endpoint of the standard does, from a store."""

    def play(connection: socket.socket, request: bytes) -> None:
        asked = sent(request)
        try:
            answer = store.query(asked["query"][0], asked.get("default-graph-uri", []),
                                 asked.get("named-graph-uri", []))
        except BadQuery as error:
            connection.sendall(reply(str(error).encode(), "text/plain", status=400))
            return
        fmt = format_named("ntriples" if answer.kind == "graph" else "json", answer.kind)
        connection.sendall(reply(b"".join(answer.serialize(fmt)), fmt.media_type,
                                 headers=f"Server: {server}\r\n" if server else ""))

    return play


@pytest.fixture
def honest() -> Iterator[Peer]:
    store = Store()
    store.load(b"<urn:s> <urn:p> 1, 'zwei'@de .", "turtle")
    with peer(answering(store)) as made:
        yield made


@contextmanager
def endpoint(play: Play, **options: object) -> Iterator[Endpoint]:
    with peer(play) as made:
        remote = Endpoint(made.url, **{"timeout": 5.0, **options})  # type: ignore[arg-type]
        yield remote
        remote.close()


def test_rows_truths_and_graphs_come_back_as_from_a_store(honest: Peer) -> None:
    remote = Endpoint(honest.url)
    rows = list(remote.query("SELECT ?o { ?s ?p ?o } ORDER BY ?o").rows())
    assert {row["o"] for row in rows} == {Literal("1"), Literal("zwei")}
    assert remote.query("ASK { ?s ?p 1 }").truth is True
    triples = list(remote.query("CONSTRUCT WHERE { ?s ?p 1 }").triples())
    assert triples == [(IRI("urn:s"), IRI("urn:p"), Literal("1"))]
    accepted = [request.partition(b"Accept: ")[2].partition(b",")[0] for request in honest.requests]
    assert accepted == [JSON.encode(), JSON.encode(), b"application/n-triples"]
    assert {request[:4] for request in honest.requests} == {b"GET "}
    assert honest.connections == 1, "connections are kept"


def test_a_long_query_is_posted_as_a_form(honest: Peer) -> None:
    text = "ASK { ?s ?p 1 } #" + "é" * 2000
    assert Endpoint(honest.url).query(text).truth is True
    assert honest.requests[0].startswith(b"POST ")
    assert b"Content-Type: application/x-www-form-urlencoded\r\n" in honest.requests[0]
    assert sent(honest.requests[0])["query"] == [text]


def test_the_dataset_and_the_parameters_of_the_address_are_sent(honest: Peer) -> None:
    remote = Endpoint(honest.url + "?db=a%26b", graphs=["urn:g"])
    remote.query("ASK {}", ["urn:a"], ["urn:b", "urn:c"])
    remote.query("ASK {}")
    remote.query("ASK FROM <urn:own> {}")
    assert sent(honest.requests[0]) == {
        "db": ["a&b"], "query": ["ASK {}"], "default-graph-uri": ["urn:a"],
        "named-graph-uri": ["urn:b", "urn:c"]}
    assert sent(honest.requests[1]) == {
        "db": ["a&b"], "query": ["ASK {}"], "default-graph-uri": ["urn:g"],
        "named-graph-uri": ["urn:g"]}
    assert sent(honest.requests[2]) == {"db": ["a&b"], "query": ["ASK FROM <urn:own> {}"]}


def test_only_missing_prefixes_are_declared_and_lines_keep_their_numbers(honest: Peer) -> None:
    prefixes = {"a": "urn:a:", "b": "urn:b:", "c": "urn:c:"}
    Endpoint(honest.url).query("PREFIX b: <urn:x:>\nASK { a:s b:p ?o }", prefixes=prefixes)
    assert sent(honest.requests[0])["query"] == [
        "PREFIX a: <urn:a:> PREFIX b: <urn:x:>\nASK { a:s b:p ?o }"]


def test_credentials_are_sent_and_never_told(honest: Peer) -> None:
    authorization = credentials("reader", "s3cret", None)
    Endpoint(honest.url, authorization=authorization).query("ASK {}")
    assert f"Authorization: {authorization}\r\n".encode() in honest.requests[0]
    with endpoint(saying(reply(b"who are you", "text/plain", status=401)),
                  authorization=authorization) as remote, pytest.raises(RemoteError) as error:
        remote.query("ASK {}")
    told = json.dumps(error.value.problem())
    assert "401: who are you" in told
    assert "s3cret" not in told
    assert authorization.split()[1] not in told


@pytest.mark.parametrize("given", [("user", None, None), (None, "password", None),
                                   ("user", "password", "token"), (None, None, "two words"),
                                   (None, None, "line\r\nX: y")])
def test_half_of_a_login_is_none(given: tuple[str | None, str | None, str | None]) -> None:
    with pytest.raises(BadParameter):
        credentials(*given)


def rows_of(body: str, media_type: str = JSON, **more: object) -> bytes:
    return reply(body.encode(), media_type, **more)  # type: ignore[arg-type]


CUT = '{"head":{"vars":["s"]},"results":{"bindings":[{"s":{"type":"uri","value":"urn:a"}},'
WHOLE = '{"head":{"vars":["s"]},"results":{"bindings":[]}}'


@pytest.mark.parametrize(("answer", "words"), [
    (rows_of("\n  Virtuoso 42000\nsecond line", "text/plain", status=500), "500: Virtuoso 42000"),
    (rows_of("Lexical error", "text/plain", status=400), "400: Lexical error"),
    (rows_of("", "text/plain", status=503), "503"),
    (rows_of("<html>Welcome</html>", "text/html"), "text/html"),
    (rows_of("<b>Bad\x07Gateway</b>", "text/html", status=502), "<b>BadGateway</b>"),
    (rows_of(CUT), "broken"), (rows_of("", XML), "broken"),
    (rows_of(CUT + "The SPARQL operation has been cancelled"), "broken"),
    (rows_of('{"head":{},"boolean":true}'), "boolean, not with bindings"),
    (rows_of("a,b\r\n1,2", "text/csv", length=100), "broke off"),
    (rows_of(WHOLE, "x/y"), "x/y"), (rows_of(WHOLE, ""), "unnamed"),
    (b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\n\r\na\r\n1", "cannot be told"),
])
def test_failures_name_the_address_and_what_it_said(answer: bytes, words: str) -> None:
    with peer(saying(answer, close=True)) as made, pytest.raises(RemoteError) as error:
        Endpoint(made.url + "?key=hidden").query("SELECT * { ?s ?p ?o }")
    assert made.url in error.value.message
    assert words in error.value.message
    assert error.value.details["url"] == made.url
    assert error.value.status == 502
    assert "hidden" not in json.dumps(error.value.problem())


def test_json_without_a_length_is_whole_where_it_ends() -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {JSON}\r\n\r\n".encode()
    with endpoint(saying(head + WHOLE.encode(), close=True)) as remote:
        assert list(remote.query("SELECT * { ?s ?p ?o }").rows()) == []


@pytest.mark.parametrize(("headers", "status"), [
    ("X-SPARQL-MaxRows: 5\r\n", 200), ("X-SQL-State: S1TAT\r\n", 200), ("", 206)])
def test_a_part_that_says_it_is_one_is_an_error(headers: str, status: int) -> None:
    answer = reply(WHOLE.encode(), JSON, headers=headers, status=status)
    with endpoint(saying(answer)) as remote:
        for query in ("SELECT * { ?s ?p ?o }", "SELECT * { { SELECT * { ?s ?p ?o } LIMIT 5 } }"):
            with pytest.raises(IncompleteResult, match="only a part"):
                remote.query(query)


def test_a_result_that_is_as_long_as_it_was_to_be_is_no_part() -> None:
    answer = reply(WHOLE.encode(), JSON, headers="X-SPARQL-MaxRows: 5\r\n")
    with endpoint(saying(answer)) as remote:
        assert list(remote.query("SELECT * { ?s ?p ?o } LIMIT 5 OFFSET 10").rows()) == []


def test_a_store_that_constructs_from_a_part_is_asked_for_rows() -> None:
    """And the template is filled here, where the number of rows is known."""
    store = Store()
    store.load(b"<urn:s> <urn:p> 1, [], <urn:o> .", "turtle")
    with peer(answering(store, "Virtuoso/07.20")) as made:
        remote = Endpoint(made.url)
        query = "CONSTRUCT { ?s ?p ?o . ?o <urn:of> _:new } WHERE { ?s ?p ?o } ORDER BY ?o LIMIT 3"
        triples = list(remote.query(query).triples())
        again = list(remote.query(query).triples())
    # "1" cannot be a subject; the new blank node of each row is another one.
    assert len(triples) == len(again) == 5
    assert len({object_ for _, predicate, object_ in triples if predicate == "urn:of"}) == 2
    asked = [sent(request)["query"][0] for request in made.requests]
    assert [text.split()[0] for text in asked] == ["CONSTRUCT", "SELECT", "SELECT"]


def test_blank_nodes_and_truths_of_virtuoso_are_read() -> None:
    node = ('{ "head": { "vars": ["s", "l"] }, "results": { "bindings": [ { "s": { "type": "bnode",'
            ' "value": "nodeID://b1" }, "l": { "type": "literal", '
            '"value": "\\"bnode\\", \\"value\\": \\"nodeID://" } } ] } }')
    truth = ('{ "head": { "vars": ["__ASK_RETVAL"] }, "results": { "bindings": [ { "__ASK_RETVAL": '
             '{ "type": "typed-literal", "datatype": "http://www.w3.org/2001/XMLSchema#integer", '
             '"value": "1" }} ] } }')
    with endpoint(saying(rows_of(node), rows_of(truth), rows_of(WHOLE.replace(
            '"s"', '"__ASK_RETVAL"')))) as remote:
        [row] = remote.query("SELECT * { ?s ?p ?l }").rows()
        assert row["s"] == "b1"
        assert row["l"] == '"bnode", "value": "nodeID://'
        assert remote.query("ASK {}").truth is True
        assert remote.query("ASK {}").truth is False


def test_a_mistake_of_the_asker_is_told_as_such_and_an_extension_is_not() -> None:
    with endpoint(saying(rows_of("syntax error", "text/plain", status=400))) as remote:
        with pytest.raises(BadQuery, match="line 1"):
            remote.query("SELECT * { ?s ?p }")
        with pytest.raises(BadQuery, match="prefix"):
            remote.query("ASK { nobody:s ?p ?o }")
        with pytest.raises(RemoteError, match="400: syntax error"):
            remote.query("SELECT * { ?s ?p ?o }")


def test_an_unsafe_query_is_not_even_sent(honest: Peer) -> None:
    remote = Endpoint(honest.url)
    for text in ("ASK { SERVICE <urn:x> {} }", "DROP ALL", "DEFINE a:b 1 ASK {}",
                 "ASK { BIND(bif:f(1) AS ?x) }", "ASK { BIND(<sql:f>(1) AS ?x) }"):
        with pytest.raises(Refused):
            remote.query(text)
    with pytest.raises(BadQuery):
        remote.query("ASK { " + "{" * 200 + "}" * 200 + "}")
    with pytest.raises(BadQuery):
        remote.query("nothing at all")
    assert honest.requests == []


def test_an_address_that_is_none_is_a_bad_parameter() -> None:
    for url in ("ftp://example.org/", "http://user:pw@example.org/sparql", "sparql"):
        with pytest.raises(BadParameter):
            Endpoint(url)


def test_a_large_answer_is_limited_and_a_bomb_too() -> None:
    rows = ",".join(['{"s":{"type":"uri","value":"urn:a"}}'] * 50_000)
    body = WHOLE.replace("[]", f"[{rows}]").encode()
    packed = reply(gzip.compress(body), JSON, headers="Content-Encoding: gzip\r\n")
    for answer in (reply(body), packed):
        with endpoint(saying(answer), size=1_000_000) as remote, \
                pytest.raises(LimitExceeded, match="1,000,000 bytes"):
            remote.query("SELECT * { ?s ?p ?o }")
        with endpoint(saying(answer), size=10_000_000) as remote:
            assert sum(1 for _ in remote.query("SELECT * { ?s ?p ?o }").rows()) == 50_000


# The service over a remote store.

@pytest.fixture
def stored(small: Path) -> Store:
    return Store.open([small])


def test_a_knowledge_graph_can_stand_on_a_remote_endpoint(stored: Store) -> None:
    with peer(answering(stored)) as made:
        remote, local = KnowledgeGraph.open(url=made.url), KnowledgeGraph(stored)
        assert remote.term("Venting") == local.term("Venting")
        assert remote.select("SELECT ?l { iero:Venting rdfs:label ?l }") == [{"l": "venting"}]
        assert remote.sizes() == local.sizes()
        assert remote.version == "9.9.9"
        assert [hit.label for hit in remote.search("steam")] == ["venting"]
        assert len(list(remote.describe("https://w3id.org/iero/Venting").triples())) \
            == len(list(local.describe("https://w3id.org/iero/Venting").triples()))
        with pytest.raises(BadParameter, match="remote"):
            remote.export(None, format_named("turtle", "graph"))  # type: ignore[arg-type]


def test_graphs_are_named_unless_the_default_graph_is_the_union_of_them(stored: Store) -> None:
    with peer(answering(stored)) as made:
        assert find_graphs(Endpoint(made.url))[0] == ()
        assert find_graphs(Endpoint(made.url), ["urn:g"])[0] == ("urn:g",)
    stored.load(b"<urn:a> <urn:b> <urn:c> .", "turtle", graph="urn:somebody-else")
    with peer(answering(stored)) as made:
        graphs, _ = find_graphs(Endpoint(made.url))
    assert graphs
    assert all(graph.startswith("https://w3id.org/iero/graph/") for graph in graphs)


def test_a_store_without_anything_is_not_served() -> None:
    with peer(answering(Store())) as made, pytest.raises(NotFound, match="holds nothing"):
        find_graphs(Endpoint(made.url))


def slow(connection: socket.socket, _: bytes) -> None:
    time.sleep(3)


FAILURES = {
    "refuses": (saying(rows_of("busy", "text/plain", status=503)), 502),
    "has broken": (saying(rows_of("<html>500</html>", "text/html", status=500)), 502),
    "sends half": (saying(rows_of(CUT)), 502),
    "breaks off": (saying(reply(WHOLE.encode(), length=1000), close=True), 502),
    "sends a page": (saying(rows_of("<html>", "text/html")), 502),
    "hangs up": (lambda connection, _: connection.close(), 502),
    "is slow": (slow, 504),
}


@pytest.mark.parametrize(("play", "status"), FAILURES.values(), ids=FAILURES)
@pytest.mark.parametrize("path", ["/sparql?query=ASK%7B%7D", "/term/Venting", "/health",
                                  "/queries/what-is-emotional-labor", "/ontology.nt"])
def test_failures_of_the_store_are_clean_answers(
    stored: Store, play: Play, status: int, path: str
) -> None:
    broken = [False]

    def turned(connection: socket.socket, request: bytes) -> None:
        (play if broken[0] else answering(stored))(connection, request)

    with peer(turned) as made:
        graph = KnowledgeGraph(Endpoint(made.url, 1.0))
        app = create_app(graph)
        graph.terms()
        broken[0] = True
        started = time.monotonic()
        with httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://x") as client:
            answer = client.get(path)
            page = client.get(path, headers={"Accept": "text/html"})
        assert time.monotonic() - started < 15  # the store may take 1 s; a busy machine, more
    if path == "/health":  # which says to whoever watches that nothing can be asked now
        status = 503
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert made.url in answer.json()["url"]
    assert page.status_code in (status, 406)  # there is no page of health
    assert "Traceback" not in page.text
