"""Requests that are wrong in every way: by hand through a socket, and made up by hypothesis."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

PROBLEM = "application/problem+json"
LOOSE = settings(max_examples=60, deadline=None, database=None,
                 suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def service(launch: Any) -> Iterator[Any]:
    with launch("--timeout", "2", "--cache", "0") as made:
        yield made
        assert not any("Traceback" in line for line in made.log), made.log


@pytest.fixture(scope="module")
def client(service: Any) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service.address, timeout=20) as made:
        yield made


def sent(address: str, data: bytes, *, seconds: float = 5) -> bytes:
    """Send bytes as they are, close our side, and return all that comes back."""
    url = httpx.URL(address)
    with socket.create_connection((url.host, url.port or 80), timeout=seconds) as connection:
        received = b""
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(1 << 16):
                received += piece
        except OSError:  # it has hung up on us, which is an answer too
            pass
        return received


def alive(client: httpx.Client) -> None:
    answer = client.get("/sparql", params={"query": "ASK {}", "format": "csv"})
    assert (answer.status_code, answer.text.strip()) == (200, "true")


def status_of(received: bytes) -> int:
    return int(received.split(b" ", 2)[1]) if received.startswith(b"HTTP/1.") else 0


BROKEN = {
    "nothing": b"",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "no version": b"GET /health\r\n\r\n",
    "a version of the future": b"GET /health HTTP/9.9\r\nHost: a\r\n\r\n",
    "a space in the target": b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
    "NUL in the target": b"GET /a\x00b HTTP/1.1\r\nHost: a\r\n\r\n",
    "NUL in a header": b"GET /health HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n",
    "a header without a name": b"GET /health HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n",
    "a header without a colon": b"GET /health HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n",
    "a folded header": b"GET /health HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
    "a space before the colon": b"GET /health HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n\r\n"
                                b"abcde",
    "two lengths": b"POST /sparql HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n"
                   b"\r\nabcdef",
    "a negative length": b"POST /sparql HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\nabcde",
    "a length that is none": b"POST /sparql HTTP/1.1\r\nHost: a\r\nContent-Length: 5x\r\n\r\nabcde",
    "an endless length": b"POST /sparql HTTP/1.1\r\nHost: a\r\nContent-Length: " + b"9" * 40 +
                         b"\r\n\r\nabc",
    "a chunk of no size": b"POST /sparql HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                          b"Content-Type: application/sparql-query\r\n\r\nzz\r\nASK {}\r\n0\r\n"
                          b"\r\n",
    "a chunk that is shorter": b"POST /sparql HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                               b"Content-Type: application/sparql-query\r\n\r\nff\r\nASK {}\r\n",
    "an unknown coding": b"POST /sparql HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: rot13\r\n"
                         b"Content-Type: application/sparql-query\r\n\r\nNFX {}",
    "an absolute target": b"GET http://evil.example/health HTTP/1.1\r\nHost: a\r\n\r\n",
    "CONNECT": b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n",
    "TRACE": b"TRACE / HTTP/1.1\r\nHost: a\r\nX-Secret: 1\r\n\r\n",
    "an asterisk": b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "half a percent": b"GET /term/%E0%A4%A HTTP/1.1\r\nHost: a\r\n\r\n",
    "a header of a megabyte": b"GET /health HTTP/1.1\r\nHost: a\r\nX: " + b"a" * (1 << 20) +
                              b"\r\n\r\n",
    "10,000 headers": b"GET /health HTTP/1.1\r\nHost: a\r\n" + b"X: 1\r\n" * 10_000 + b"\r\n",
    "a target of a megabyte": b"GET /" + b"a" * (1 << 20) + b" HTTP/1.1\r\nHost: a\r\n\r\n",
}
TAKEN = {"a folded header", "an absolute target", "CONNECT", "TRACE", "an asterisk",
         "half a percent", "nothing", "a chunk that is shorter"}
"""What is odd and may still be answered, each as a request of its own; the others are refused.
The server below takes chunks that break off for whole: nothing is ever written from chunks."""


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_request_gets_no_answer_but_an_error(
    service: Any, client: httpx.Client, name: str
) -> None:
    received = sent(service.address, BROKEN[name])
    status = status_of(received)
    assert received.count(b"HTTP/1.1 ") <= 1
    assert status < 500
    if name not in TAKEN:
        assert status == 0 or 400 <= status < 500, received[:200]
    assert b"Traceback" not in received
    assert b"X-Secret" not in received
    alive(client)


def test_a_request_behind_another_is_not_smuggled(service: Any, client: httpx.Client) -> None:
    """A length and chunks at once: one of two servers would believe the other (RFC 9112, 6.3)."""
    received = sent(service.address, (
        b"POST /sparql HTTP/1.1\r\nHost: a\r\nContent-Type: application/sparql-query\r\n"
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"6\r\nASK {}\r\n0\r\n\r\nGET /nothing-smuggled HTTP/1.1\r\nHost: a\r\n\r\n"))
    assert b"nothing-smuggled" not in received or status_of(received) == 400 \
        or received.count(b"HTTP/1.1") == 2  # the second as a request of its own, not as a body
    alive(client)


@pytest.mark.parametrize("path", ["/sparql?query=ASK%7B%7D", "/term/Venting", "/search?q=venting"])
def test_headers_are_not_made_from_parameters(client: httpx.Client, path: str) -> None:
    joint = "&" if "?" in path else "?"
    for name in ("format", "x", "limit", "timeout"):
        answer = client.get(f"{path}{joint}{name}=csv%0D%0ASet-Cookie:%20a=b%0D%0A%0D%0A<html>")
        assert "set-cookie" not in answer.headers
        assert answer.status_code < 500


LIKELY = st.sampled_from([
    "SELECT", "*", "{", "}", "?s", "?p", "?o", ".", ";", "FILTER", "(", ")", "<urn:a>", "a", "'x'",
    '"', "\\", "OPTIONAL", "UNION", "GRAPH", "BIND", "AS", "VALUES", "ASK", "CONSTRUCT", "WHERE",
    "LIMIT", "-1", "1e400", "^", "/", "|", "+", "<<", ">>", "<<(", ")>>", "@en", "--ltr", "^^",
    "PREFIX", ":", "BASE", "#", "\n", "\u202e", "SERVICE", "EXISTS", "MINUS", "COUNT", "GROUP BY",
    "ORDER BY", "REGEX", "\0", "\ud83d", "\U0001f600", "_:b", "[]", "()", "$", "&&", "!", "=", "IN",
])


@given(words=st.lists(LIKELY, max_size=25))
@example(words=["ASK", "{", "FILTER", "(", "\ud83d", ")", "}"])
@LOOSE
def test_no_text_for_a_query_is_answered_by_a_failure(client: httpx.Client, words: list[str]
                                                      ) -> None:
    body = " ".join(words).encode("utf-8", "surrogatepass")
    answer = client.post("/sparql", content=body,
                         headers={"Content-Type": "application/sparql-query"})
    assert answer.status_code in (200, 400, 403, 503), answer.text
    if answer.status_code != 200:
        assert answer.headers["content-type"] == PROBLEM
        assert "Traceback" not in answer.text
        assert 'File "/' not in answer.text


@given(path=st.text(min_size=1, max_size=40), raw=st.binary(max_size=20))
@LOOSE
def test_no_path_is_answered_by_a_failure(client: httpx.Client, path: str, raw: bytes) -> None:
    escaped = "".join(f"%{byte:02x}" for byte in path.encode("utf-8", "surrogatepass") + raw)
    for start in ("/", "/term/", "/queries/", "/search-string/", "/search?q=", "/tag?text=",
                  "/static/", "/store?graph=", "/store/", "/ontology."):
        answer = client.get(start + escaped)
        assert answer.status_code < 500, (start, answer.text)
        assert "Traceback" not in answer.text


@given(data=st.binary(max_size=300))
@example(data=b"GET / HTTP/1.1\r\n\r\n" * 5)
@LOOSE
def test_no_bytes_at_all_do_harm(service: Any, client: httpx.Client, data: bytes) -> None:
    received = sent(service.address, b"POST /sparql HTTP/1.1\r\nHost: a\r\n" + data, seconds=3)
    assert status_of(received) < 500
    assert b"Traceback" not in received
    alive(client)


# -- slow clients ----------------------------------------------------------------------------------


def test_clients_that_never_finish_their_headers_are_many_and_harmless(
    service: Any, client: httpx.Client
) -> None:
    url = httpx.URL(service.address)
    slow = [socket.create_connection((url.host, url.port or 80)) for _ in range(200)]
    try:
        for connection in slow:
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\nX-Slow: ")
        began = time.monotonic()
        for _ in range(5):
            alive(client)
        assert time.monotonic() - began < 3
    finally:
        for connection in slow:
            connection.close()


def test_headers_must_come_within_their_time(launch: Any) -> None:
    with launch("--header-timeout", "1") as service:
        url = httpx.URL(service.address)
        with socket.create_connection((url.host, url.port or 80), timeout=10) as connection:
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\n")
            began = time.monotonic()
            received = b"".join(iter(lambda: connection.recv(1024), b""))
            assert 0.5 < time.monotonic() - began < 5
            assert status_of(received) in (0, 408)


def test_bodies_that_trickle_in_do_not_hold_up_the_others(launch: Any) -> None:
    """A body is waited for by one of the threads; each client has few of them."""
    with launch("--proxies", "1", "--threads", "12", "--client-jobs", "4") as service:
        url = httpx.URL(service.address)
        head = (b"POST /sparql HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.1\r\n"
                b"Content-Type: application/sparql-query\r\nContent-Length: 60\r\n\r\nASK")
        slow = [socket.create_connection((url.host, url.port or 80)) for _ in range(30)]
        try:
            for connection in slow:
                connection.sendall(head)
            time.sleep(0.5)
            with httpx.Client(base_url=service.address, timeout=10) as other:
                began = time.monotonic()
                for _ in range(5):
                    answer = other.get("/sparql", params={"query": "ASK {}"},
                                       headers={"X-Forwarded-For": "192.0.2.2"})
                    assert answer.status_code == 200
                assert time.monotonic() - began < 5
        finally:
            for connection in slow:
                connection.close()


def test_readers_that_read_nothing_do_not_hold_up_the_others(service: Any, client: httpx.Client
                                                             ) -> None:
    url = httpx.URL(service.address)
    query = "SELECT * { ?a ?p ?x . ?b ?q ?y . ?c ?r ?z . ?d ?t ?u }"
    path = httpx.URL("/sparql", params={"query": query, "format": "csv"}).raw_path
    slow = [socket.create_connection((url.host, url.port or 80)) for _ in range(6)]
    try:
        for connection in slow:
            connection.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: a\r\n\r\n")
        failed: list[Exception] = []

        def ask() -> None:
            try:
                alive(client)
            except Exception as error:  # noqa: BLE001 - shown below
                failed.append(error)

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert failed == []
        assert not any(thread.is_alive() for thread in threads)
    finally:
        for connection in slow:
            connection.close()
