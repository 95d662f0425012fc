"""SERVICE: what is asked of others, what comes of it, and who never calls anybody."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest
from iero.egress import Allowed
from iero.errors import (
    BadParameter,
    BadQuery,
    LimitExceeded,
    Refused,
    RemoteError,
    RemoteTimeout,
)
from iero.federation import MOST_ROWS, Federation
from iero.pool import Limits, Pool
from iero.store import Store

from tests.peers import Peer, peer, reply, saying
from tests.server.processes import running as serving
from tests.test_remote import answering, rows_of, sent

OTHERS = b"""@prefix : <urn:> . :a :name "Anna"@en , "A" ; :age 7 . :b :name "Ben" ; :age 8.5 .
:c :name "Cleo\\n\\"}" . [] :of :a ."""
OURS = b"@prefix : <urn:> . :a :knows :b . :b :knows :c . :c :knows :d ."


@pytest.fixture(scope="module")
def other() -> Iterator[Peer]:
    store = Store()
    store.load(OTHERS, "turtle")
    with peer(answering(store)) as made:
        yield made


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    file = tmp_path_factory.mktemp("federation") / "ours.ttl"
    file.write_bytes(OURS)
    made = Pool([file], Limits(seconds=10), size=2)
    yield made
    made.close()


@pytest.fixture(scope="module")
def both(pool: Pool, other: Peer) -> Federation:
    return Federation(pool, Allowed.of(private=[other.origin]), 10.0)


@pytest.fixture(scope="module")
def joined(other: Peer) -> Store:
    """Ours and theirs in one store: what a federated query must give, asked without SERVICE."""
    store = Store()
    store.load(OURS, "turtle")
    store.load(OTHERS, "turtle")
    return store


P = "PREFIX : <urn:> "
QUERIES = [
    "SELECT * { ?x :knows ?y SERVICE <E> { ?y :name ?n } }",
    "SELECT ?x ?n { SERVICE <E> { ?x :name ?n } ?x :knows ?y }",
    "SELECT * { ?x :knows ?y OPTIONAL { SERVICE <E> { ?y :age ?a } } }",
    "SELECT * { { SERVICE <E> { ?x :age ?a } } UNION { ?x :knows :d } }",
    "SELECT * { ?x :knows ?y MINUS { SERVICE SILENT <E> { ?y :name 'Ben' } } }",
    "SELECT * { ?x :knows ?y FILTER NOT EXISTS { SERVICE <E> { ?y :age 8.5 } } }",
    "SELECT * { SERVICE <E> { ?x :name ?n OPTIONAL { ?x :age ?a } FILTER isIRI(?x) } }",
    "SELECT * { ?x :knows ?y SERVICE <E> { SELECT ?x (COUNT(*) AS ?k) { ?x :name ?n } "
    "GROUP BY ?x } }",
    "SELECT * { SERVICE <E> { ?x :name ?n } SERVICE <E> { ?x :age ?a } }",
    "ASK { :a :knows ?y SERVICE <E> { ?y :name 'Ben' } }",
    "ASK { SERVICE <E> { :a :name 'Nobody' } }",
    "ASK { SERVICE <E> { :a :name 'A' } }",
    "CONSTRUCT { ?x :called ?n } WHERE { ?x :knows ?y SERVICE <E> { ?x :name ?n } }",
    "SELECT * { SERVICE e:sparql { ?x :age ?a } }",
]


def items(answer) -> list[str]:
    if answer.kind == "boolean":
        return [str(answer.truth)]
    found = answer.rows() if answer.kind == "bindings" else answer.triples()
    return sorted(repr(sorted(row.items())) if isinstance(row, dict) else repr(row)
                  for row in found)


@pytest.mark.parametrize("query", QUERIES)
def test_a_federated_query_gives_what_one_store_with_all_data_gives(
    both: Federation, joined: Store, other: Peer, query: str
) -> None:
    alone = query
    for name in ("SERVICE SILENT <E>", "SERVICE <E>", "SERVICE e:sparql"):
        alone = alone.replace(name, "")
    prologue = P + f"PREFIX e: <{other.origin}/> "
    federated = items(both.query(prologue + query.replace("<E>", f"<{other.url}>")))
    assert federated == items(joined.query(P + alone))
    assert federated


def test_the_prologue_and_the_default_prefixes_go_along(both: Federation, other: Peer) -> None:
    query = f"BASE <urn:x> SELECT ?n {{ SERVICE <{other.url}> {{ u:b u:name ?n }} }}"
    assert [row["n"] for row in both.query(query, prefixes={"u": "urn:"}).rows()] == ["Ben"]
    assert sent(other.requests[-1])["query"] == [
        "PREFIX u: <urn:> BASE <urn:x> SELECT * WHERE { u:b u:name ?n }"]


@pytest.mark.parametrize(("query", "words"), [
    ("SELECT * { ?e a ?t SERVICE ?e { ?s ?p ?o } }", "does not name an endpoint"),
    ("SELECT * { SERVICE <https://elsewhere.example/> { ?s ?p ?o } }", "not allowed here"),
    ("SELECT * { SERVICE SILENT <https://elsewhere.example/> { ?s ?p ?o } }", "not allowed here"),
    ("SELECT * { SERVICE <E> { SERVICE <E> { ?s ?p ?o } } }", "SERVICE"),
    ("SELECT * { SERVICE <E> { ?s ?p ?o } SERVICESILENT<E>{ ?s ?p ?o } }", "SERVICE"),
    ("SELECT * { SERVICE <E> { ?s ?p ?o } \\u0053ERVICE <E> { ?s ?p ?o } }", "SERVICE"),
    ("SELECT * { nobody:SERVICE <E> { } SERVICE nobody:x { } }", "does not name an endpoint"),
    ("INSERT { ?s ?p ?o } WHERE { SERVICE <E> { ?s ?p ?o } }", "update"),
    ("SELECT * { SERVICE <ftp://E/> {} }", "no address of the web"),
    ("SELECT * {" + "SERVICE <E> { ?s ?p ?o } " * 9 + "}", "9 times"),
])
def test_what_is_not_allowed_is_refused_before_anybody_is_asked(
    both: Federation, other: Peer, query: str, words: str
) -> None:
    before = len(other.requests)
    with pytest.raises((Refused, BadParameter), match=words):
        items(both.query(query.replace("<E>", f"<{other.url}>")))
    asked = [request for request in other.requests[before:] if b"SERVICE" in request]
    assert asked == []


@pytest.mark.parametrize("query", ["SELECT * { SERVICE", "SELECT * { SERVICE <E>",
                                   "SELECT * { SERVICE <E> {", "SELECT * { SERVICE SILENT }",
                                   "SELECT * { SERVICE <E> { ?s ?p } }"])
def test_a_broken_block_is_a_bad_query(both: Federation, other: Peer, query: str) -> None:
    with pytest.raises((BadQuery, Refused)):
        items(both.query(query.replace("<E>", f"<{other.url}>")))


def failing(pool: Pool, play, seconds: float = 1.0) -> Iterator[tuple[Federation, str]]:
    with peer(play) as made:
        yield Federation(pool, Allowed.of(private=[made.origin]), seconds), made.url


@pytest.mark.parametrize("play", [
    saying(rows_of("broken", "text/plain", status=500)), saying(rows_of("<html>", "text/html")),
    saying(rows_of("{", length=50), close=True),
])
def test_a_failing_endpoint_is_told_or_silent(pool: Pool, play) -> None:
    for federation, url in failing(pool, play):
        block = f"<{url}> {{ ?x <urn:name> ?n }}"
        with pytest.raises(RemoteError, match=url):
            federation.query(f"SELECT * {{ ?x <urn:knows> ?y SERVICE {block} }}")
    for federation, url in failing(pool, play):
        block = f"<{url}> {{ ?x <urn:name> ?n }}"
        silent = f"SELECT * {{ ?x <urn:knows> ?y SERVICE SILENT {block} }}"
        assert len(items(federation.query(silent))) == 3


def test_slowness_is_a_504(pool: Pool) -> None:
    for federation, url in failing(pool, lambda connection, _: time.sleep(3)):
        started = time.monotonic()
        with pytest.raises(RemoteTimeout) as error:
            federation.query(f"SELECT * {{ SERVICE <{url}> {{ ?x ?p ?n }} }}")
        assert error.value.status == 504
        with pytest.raises(RemoteTimeout):
            federation.query(f"SELECT * {{ SERVICE <{url}> {{ ?x ?p ?n }} }}", timeout=0.2)
        with pytest.raises(LimitExceeded, match="taken all its time"):
            federation.query(f"ASK {{ SERVICE SILENT <{url}> {{ ?x ?p ?n }} "
                             f"SERVICE <{url}> {{ ?x ?p ?m }} }}", timeout=0.2)
        assert time.monotonic() - started < 2.5


def many(count: int) -> bytes:
    rows = [{"x": {"type": "uri", "value": f"urn:{number}"},
             "n": {"type": "literal", "value": str(number)}} for number in range(count)]
    return rows_of(json.dumps({"head": {"vars": ["x", "n"]}, "results": {"bindings": rows}}))


def test_many_solutions_are_joined_and_too_many_are_not(pool: Pool) -> None:
    for count in (MOST_ROWS, MOST_ROWS + 1):
        for federation, url in failing(pool, saying(many(count)), 20.0):
            query = f"SELECT (COUNT(*) AS ?k) {{ SERVICE <{url}> {{ ?x ?p ?n }} }}"
            if count > MOST_ROWS:
                with pytest.raises(LimitExceeded, match="10,000 solutions"):
                    federation.query(query)
            else:
                assert [row["k"] for row in federation.query(query).rows()] == [str(count)]


def test_blank_nodes_of_others_are_refused(both: Federation, other: Peer) -> None:
    with pytest.raises(BadParameter, match="blank nodes"):
        both.query(f"SELECT * {{ SERVICE <{other.url}> {{ ?x <urn:of> ?y }} }}")


ESCAPES = [
    "SELECT * {{ SERVICE <{url}> {{ ?s ?p ?o }} }}", "ASK {{ service silent<{url}>{{}} }}",
    "ASK {{ \\u0053ERVICE <{url}> {{}} }}", "ASK {{ {{ SERVICE <{url}> {{}} }} UNION {{ }} }}",
    "ASK {{ trueSERVICE<{url}>{{}} }}", "ASK {{ # }}\n SERVICE <{url}> {{}} }}",
    "ASK {{ BIND('a' AS ?x) SERVICE ?x {{}} VALUES ?x {{ <{url}> }} }}",
    "ASK FROM <{url}> {{ ?s ?p ?o }}", "ASK FROM NAMED <{url}> {{ GRAPH ?g {{ ?s ?p ?o }} }}",
    "LOAD <{url}>", "INSERT DATA {{}} ; LOAD SILENT <{url}> INTO GRAPH <urn:g>",
    "SELECT * {{ GRAPH <{url}> {{ ?s ?p ?o }} }}", "DESCRIBE <{url}>",
]


@pytest.mark.parametrize("query", ESCAPES)
def test_a_process_that_evaluates_never_calls_anybody(pool: Pool, query: str) -> None:
    """Asked directly, past everything that looks at queries before."""
    with peer(lambda connection, _: connection.sendall(reply(b"{}"))) as trap:
        with suppress(Refused, BadQuery):
            items(pool.query(query.format(url=trap.url)))
        assert trap.connections == 0


def test_a_federated_query_calls_once_and_by_us(pool: Pool) -> None:
    def play(connection: socket.socket, request: bytes) -> None:
        connection.sendall(many(1))

    with peer(play) as made:
        federation = Federation(pool, Allowed.of(private=[made.origin]), 5.0)
        for _ in range(3):
            items(federation.query(f"SELECT * {{ SERVICE <{made.url}> {{ ?x ?p ?n }} }}"))
    assert made.connections == 1
    assert len(made.requests) == 3
    assert all(b"User-Agent: iero\r\n" in request for request in made.requests)


def test_the_command_serves_it_to_allowed_origins_only(other: Peer) -> None:
    query = {"query": f"SELECT ?n {{ SERVICE <{other.url}> {{ <urn:b> <urn:name> ?n }} }}"}
    with serving("--allow-private", other.origin) as address:
        rows = httpx.get(f"{address}/sparql", params=query, timeout=60).json()
    assert rows["results"]["bindings"] == [{"n": {"type": "literal", "value": "Ben"}}]
    calls = len(other.requests)
    with serving("--allow-service", other.origin) as address:
        inside = httpx.get(f"{address}/sparql", params=query, timeout=60)
    with serving() as address:
        closed = httpx.get(f"{address}/sparql", params=query, timeout=60)
    assert (inside.status_code, closed.status_code) == (403, 403)
    assert "public internet" in inside.json()["detail"]
    assert len(other.requests) == calls
