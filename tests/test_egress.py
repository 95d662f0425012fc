"""Requests that leave the machine: to whom, to which address, how long and how much."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from iero.egress import Allowed, Caller, fetch_rdf, origin_of, special_use
from iero.errors import (
    BadParameter,
    IeroError,
    IncompleteResult,
    LimitExceeded,
    Refused,
    RemoteError,
    RemoteTimeout,
)

from tests.peers import Peer, peer, reply, saying

# RFC 6890 and IANA's registries of special-purpose addresses; RFC 6052 and 8215 (NAT64), RFC 3056
# (6to4), RFC 4380 (Teredo), RFC 4291 (mapped).
SPECIAL = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1",
    "127.255.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1",
    "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9",
    "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:0:127.0.0.1", "::127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1", "2001:10::1", "2002:7f00:1::", "3fff::1", "5f00::1", "fc00::1", "fd12::1",
    "fe80::1", "fe80::1%lo", "fec0::1", "ff02::1",
]
PUBLIC = ["1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1",
          "192.0.3.1", "198.17.0.1", "198.20.0.1", "223.255.255.255", "::ffff:8.8.8.8",
          "2001:200::1", "2606:4700::1111", "2a00:1450::1"]


@pytest.mark.parametrize("address", SPECIAL)
def test_an_address_for_special_use_is_known_as_one(address: str) -> None:
    assert special_use(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_public_internet_is_not(address: str) -> None:
    assert not special_use(address)


@pytest.mark.parametrize(("url", "origin"), [
    ("http://example.org/sparql?a=b#c", "http://example.org"),
    ("HTTP://EXAMPLE.org:80", "http://example.org"),
    ("https://example.org:80/", "https://example.org:80"),
    ("https://[2001:DB8::1]:443/x", "https://[2001:db8::1]"),
])
def test_an_origin_is_scheme_host_and_port(url: str, origin: str) -> None:
    assert origin_of(url) == origin


@pytest.mark.parametrize("url", [
    "ftp://example.org/", "file:///etc/passwd", "example.org", "http://", "http:///x",
    "http://exämple.org/", "http://example.org:port/", "http://example.org:99999/", "//example.org",
    "http://[::1/", "gopher://example.org:70/",
])
def test_what_is_no_address_of_the_web_has_no_origin(url: str) -> None:
    with pytest.raises(BadParameter):
        origin_of(url)


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    for url in ("http://user:s3cret@example.org/", "http://s3cret@example.org/",
                "http://user:s3cret@example.org:port/"):
        with pytest.raises(BadParameter) as error:
            origin_of(url)
        assert "s3cret" not in str(error.value)


@pytest.mark.parametrize("text", ["https://example.org/sparql", "https://example.org?x", "example"])
def test_an_allowed_origin_is_exact(text: str) -> None:
    with pytest.raises(BadParameter):
        Allowed.of([text])


@pytest.mark.parametrize("url", [
    "http://example.org/", "https://example.org:8443/", "https://sub.example.org/",
    "https://example.org.evil.example/", "https://example.orgx/",
])
def test_only_the_very_origin_is_allowed(url: str) -> None:
    allowed = Allowed.of(["https://example.org"])
    allowed.check("https://EXAMPLE.org:443/any/path?query", "SERVICE")
    with pytest.raises(Refused, match="not allowed"):
        allowed.check(url, "SERVICE")


def send(caller: Caller, url: str, seconds: float = 5.0, size: int = 1 << 20) -> bytes:
    answer = caller.send("GET", url, seconds=seconds, size=size)
    with answer.body:
        return answer.body.read()


@pytest.fixture
def honest() -> Iterator[Peer]:
    with peer(saying(reply(b"hello"))) as made:
        yield made


def test_loopback_is_asked_only_where_it_is_allowed(honest: Peer) -> None:
    with pytest.raises(Refused, match=r"127\.0\.0\.1, which is not on the public internet"):
        send(Caller(Allowed.of([honest.origin])), honest.url)
    assert honest.connections == 0
    assert send(Caller(Allowed.of(private=[honest.origin])), honest.url) == b"hello"
    assert honest.connections == 1


def test_a_name_is_looked_up_once_and_the_checked_address_is_used(honest: Peer) -> None:
    """A resolver that gives a public address first and loopback then is never asked again."""
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["192.0.2.1"] if len(asked) == 1 else ["127.0.0.1"]

    url = f"http://rebound.example:{honest.port}/"
    allowed = Allowed.of([f"http://rebound.example:{honest.port}"])
    with pytest.raises(Refused, match=r"192\.0\.2\.1"):
        send(Caller(allowed, resolve=rebinding), url)
    assert asked == ["rebound.example"]
    with pytest.raises(Refused, match=r"127\.0\.0\.1"):
        send(Caller(allowed, resolve=rebinding), url)
    assert honest.connections == 0


def test_one_special_address_among_public_ones_is_enough_to_refuse(honest: Peer) -> None:
    allowed = Allowed.of([f"http://mixed.example:{honest.port}"])
    with pytest.raises(Refused):
        send(Caller(allowed, resolve=lambda host, port: ["1.1.1.1", "::ffff:127.0.0.1"]),
             f"http://mixed.example:{honest.port}/")
    assert honest.connections == 0


def test_the_connection_goes_to_the_address_and_the_request_to_the_name(honest: Peer) -> None:
    allowed = Allowed.of(private=[f"http://inside.example:{honest.port}"])
    caller = Caller(allowed, resolve=lambda host, port: ["127.0.0.1"])
    assert send(caller, f"http://inside.example:{honest.port}/a?b=c") == b"hello"
    assert honest.requests[0].startswith(b"GET /a?b=c HTTP/1.1\r\n")
    assert f"Host: inside.example:{honest.port}\r\n".encode() in honest.requests[0]


def moved(target: str, status: int = 302) -> bytes:
    return reply(b"", status=status, headers=f"Location: {target}\r\n")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_within_the_origin_is_followed(status: int) -> None:
    with peer(saying(moved("/elsewhere", status), reply(b"there"))) as made:
        answer = Caller(Allowed.of(private=[made.origin])).send(
            "POST", made.url, content=b"query=x", seconds=5, size=100)
        with answer.body:
            assert answer.body.read() == b"there"
    method = b"GET" if status == 303 else b"POST"
    assert made.requests[1].startswith(method + b" /elsewhere ")
    assert made.requests[1].endswith(b"\r\n\r\n" + (b"" if status == 303 else b"query=x"))


@pytest.mark.parametrize("target", ["http://127.0.0.1:{other}/", "//localhost:{other}/",
                                    "https://127.0.0.1:{port}/", "file:///etc/passwd",
                                    "http://user:pw@127.0.0.1:{port}/", "http://[::1"])
def test_a_redirect_to_anybody_else_is_not(honest: Peer, target: str) -> None:
    with peer(lambda connection, _: connection.sendall(
            moved(target.format(other=honest.port, port=made.port)))) as made, \
            pytest.raises(RemoteError, match="redirects to another origin"):
        send(Caller(Allowed.of(private=[made.origin])), made.url)
    assert honest.connections == 0


def test_a_redirect_to_an_allowed_origin_is_followed_and_its_address_checked(honest: Peer) -> None:
    with peer(saying(moved(honest.url))) as made:
        both = Allowed.of(private=[made.origin, honest.origin])
        assert send(Caller(both), made.url) == b"hello"
        public = Allowed.of([honest.origin], [made.origin])
        with pytest.raises(Refused, match="public internet"):
            send(Caller(public), made.url)
    assert honest.connections == 1


def test_redirects_in_a_circle_end() -> None:
    with peer(saying(moved("/round"))) as made, pytest.raises(RemoteError, match="more than 5"):
        send(Caller(Allowed.of(private=[made.origin])), made.url)


def drip(connection: socket.socket, _: bytes) -> None:
    """Send a byte every tenth of a second, for ever."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    for _ in range(200):
        time.sleep(0.1)
        connection.sendall(b"x")


def drip_headers(connection: socket.socket, _: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for number in range(200):
        time.sleep(0.1)
        connection.sendall(f"X-{number}: y\r\n".encode())


def mute(connection: socket.socket, _: bytes) -> None:
    time.sleep(5)


@pytest.mark.parametrize("play", [drip, drip_headers, mute])
def test_a_slow_answer_is_given_up_in_time_however_it_is_slow(play) -> None:
    with peer(play) as made:
        started = time.monotonic()
        with pytest.raises(RemoteTimeout, match=r"within 0\.5 s"):
            send(Caller(Allowed.of(private=[made.origin])), made.url, seconds=0.5)
        assert time.monotonic() - started < 2


def endless(connection: socket.socket, _: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")


def test_an_endless_answer_is_cut_at_its_size() -> None:
    with peer(endless) as made, pytest.raises(LimitExceeded, match="100,000 bytes") as error:
        send(Caller(Allowed.of(private=[made.origin])), made.url, size=100_000)
    assert error.value.details["reason"] == "size"


def test_a_bomb_does_not_go_off() -> None:
    """200 MB of zeros in 200 kB."""
    packed = gzip.compress(bytes(200_000_000), 9)
    assert len(packed) < 300_000
    with peer(saying(reply(packed, headers="Content-Encoding: gzip\r\n"))) as made, \
            pytest.raises(LimitExceeded, match="bytes"):
        send(Caller(Allowed.of(private=[made.origin])), made.url, size=1 << 20)


def test_a_packed_answer_is_unpacked() -> None:
    body = b"some text " * 50_000
    with peer(saying(reply(gzip.compress(body), headers="Content-Encoding: gzip\r\n"))) as made:
        assert send(Caller(Allowed.of(private=[made.origin])), made.url) == body


@pytest.mark.parametrize(("sent", "words"), [
    (reply(b"half", length=10), "broke off"),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "broke off"),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhello", "broke off"),
    (reply(gzip.compress(b"text" * 1000)[:-20], headers="Content-Encoding: gzip\r\n"), "gzip"),
    (reply(b"no gzip", headers="Content-Encoding: gzip\r\n"), "broken gzip"),
    (reply(b"x", headers="Content-Encoding: br\r\n"), "which nobody asked for"),
    (b"SSH-2.0-OpenSSH_9.2\r\n", "cannot be reached"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", "cannot be reached"),
    (b"\x00" * 200_000, "cannot be reached"),
    (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000, "cannot be reached"),
])
def test_half_an_answer_and_garbage_are_told(sent: bytes, words: str) -> None:
    with peer(saying(sent, close=True)) as made, pytest.raises(RemoteError, match=words) as error:
        send(Caller(Allowed.of(private=[made.origin])), made.url)
    assert error.value.status == 502
    assert ("broke off" in words) <= isinstance(error.value, IncompleteResult)


def test_a_connection_that_was_closed_meanwhile_is_made_anew(honest: Peer) -> None:
    closing = threading.Event()

    def once(connection: socket.socket, _: bytes) -> None:
        if closing.is_set():
            connection.close()
        else:
            connection.sendall(reply(b"hello"))

    def first_lost(connection: socket.socket, request: bytes) -> None:
        if len(made.requests) == 1:
            connection.shutdown(socket.SHUT_RDWR)
        else:
            connection.sendall(reply(b"second"))

    with peer(first_lost) as made:
        assert send(Caller(Allowed.of(private=[made.origin])), made.url) == b"second"
    assert len(made.requests) == 2
    closing.set()
    with peer(once) as made, pytest.raises(RemoteError, match="cannot be reached"):
        send(Caller(Allowed.of(private=[made.origin])), made.url)
    assert len(made.requests) == 2


def test_nobody_at_home_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as trial:
        port = trial.getsockname()[1]
    with pytest.raises(RemoteError, match="cannot be reached"):
        send(Caller(Allowed.of(private=[f"http://127.0.0.1:{port}"])), f"http://127.0.0.1:{port}/")
    with pytest.raises(RemoteError, match=r"no host nowhere\.invalid"):
        send(Caller(Allowed.of(["http://nowhere.invalid"])), "http://nowhere.invalid/")


def test_when_all_connections_are_busy_the_next_is_told_so() -> None:
    with peer(mute) as made:
        caller = Caller(Allowed.of(private=[made.origin]), connections=1, waiting=0.2)
        told: list[IeroError] = []

        def wait() -> None:
            try:
                send(caller, made.url, 1.5)
            except IeroError as error:
                told.append(error)

        busy = threading.Thread(target=wait)
        busy.start()
        while not made.requests:
            time.sleep(0.01)
        with pytest.raises(LimitExceeded) as error:
            send(caller, made.url)
        assert error.value.details["reason"] == "busy"
        busy.join()
        assert [type(error) for error in told] == [RemoteTimeout]


TURTLE = b"<urn:a> <urn:b> <urn:c> ."


@pytest.mark.parametrize(("media_type", "path", "name"), [
    ("text/turtle; charset=utf-8", "/data", "turtle"), ("text/plain", "/data.ttl", "turtle"),
    ("application/octet-stream", "/data.ttl", "turtle"), ("application/n-triples", "/x.ttl",
                                                          "ntriples"),
])
def test_rdf_is_fetched_with_its_format(media_type: str, path: str, name: str) -> None:
    with peer(saying(reply(TURTLE, media_type))) as made:
        body, fmt = fetch_rdf(made.origin + path, Allowed.of(private=[made.origin]))
    assert (body, fmt.name) == (TURTLE, name)
    assert b"Accept: text/turtle" in made.requests[0]


@pytest.mark.parametrize(("sent", "words"), [
    (reply(b"<html>", "text/html"), "no RDF"), (reply(b"gone", status=410), "410: gone"),
])
def test_what_is_no_rdf_is_not_taken_for_it(sent: bytes, words: str) -> None:
    with peer(saying(sent)) as made, pytest.raises(RemoteError, match=words):
        fetch_rdf(made.url, Allowed.of(private=[made.origin]))


def test_rdf_comes_from_allowed_origins_only(honest: Peer) -> None:
    for allowed in (Allowed(), Allowed.of(["https://example.org"])):
        with pytest.raises(Refused, match="LOAD to"):
            fetch_rdf(honest.url, allowed)
    assert honest.connections == 0
