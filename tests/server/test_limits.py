"""Limits over real HTTP: what goes over one is ended, its memory is back, nobody else notices."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from iero.errors import TooManyRequests
from iero.server.clients import Clients
from iero.server.processes import tree

SECONDS, MEGABYTES = 1.5, 150
THINGS = 30_000
CROSS = " . ".join(f"?s{i} ?p{i} ?o{i}" for i in range(6))
HOSTILE = {
    "order of everything": ("SELECT * { ?a ?b ?c . ?d ?e ?f } ORDER BY ?c ?f ?a ?d", "csv"),
    "cartesian product": (f"SELECT (COUNT(*) AS ?n) {{ {CROSS} }}", "json"),
    "path of any length": ("SELECT (COUNT(*) AS ?n) { ?a (<urn:next>|^<urn:next>)* ?b }", "json"),
    "bomb in a pattern": (
        'SELECT ?n { ?s <urn:n> ?n . ?t <urn:n> ?m FILTER(REGEX(CONCAT(STR(?n), STR(?m)), '
        '"^(([0-9]+)+.?)+x$")) }', "json"),
    "huge graph": (f"CONSTRUCT {{ ?s0 ?p1 ?o2 . ?s3 ?p4 ?o5 }} {{ {CROSS} }}", "turtle"),
    "long string": ("SELECT (GROUP_CONCAT(CONCAT(STR(?a), STR(?f))) AS ?x) "
                    "{ ?a ?b ?c . ?d ?e ?f }", "json"),
    "one pattern 300 times": (
        "SELECT (COUNT(*) AS ?n) {" + " . ".join(f"?s{i} ?p{i} ?o{i}" for i in range(300)) + "}",
        "json"),
    "distinct pairs": ("SELECT DISTINCT ?a ?d ?f { ?a ?b ?c . ?d ?e ?f }", "tsv"),
}
FORMATS = ("json", "xml", "csv", "tsv", "turtle", "ntriples", "rdfxml", "jsonld", "nquads", "trig")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ring of things, each with a number."""
    file = tmp_path_factory.mktemp("ring") / "ring.nt"
    with file.open("w") as output:
        for i in range(THINGS):
            output.write(f"<urn:t{i}> <urn:next> <urn:t{(i + 1) % THINGS}> .\n"
                         f'<urn:t{i}> <urn:n> "{i}" .\n')
    return file


@pytest.fixture(scope="module")
def service(launch: Any, data: Path) -> Iterator[Any]:
    with launch("--data", str(data), "--timeout", str(SECONDS), "--memory-limit", str(MEGABYTES),
                "--jobs", "8", "--client-jobs", "8", "--cache", "0") as made:
        yield made


def memory(service: Any) -> int:
    """Return the memory of all processes together."""
    return sum(process.memory for process in tree(service.process.pid))


@pytest.fixture
def polite(service: Any) -> Iterator[list[float]]:
    """What a client that asks all the while has to wait, in seconds."""
    waits: list[float] = []
    done = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=service.address, timeout=20) as client:
            while not done.is_set():
                began = time.monotonic()
                answer = client.get("/sparql", params={
                    "query": "ASK { <urn:t7> <urn:next> <urn:t8> }", "format": "csv"})
                assert (answer.status_code, answer.text.strip()) == (200, "true")
                waits.append(time.monotonic() - began)
                time.sleep(0.02)

    thread = threading.Thread(target=ask)
    thread.start()
    while not waits:
        time.sleep(0.01)
    yield waits
    done.set()
    thread.join()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_query_is_ended_and_nobody_else_notices(
    service: Any, polite: list[float], name: str
) -> None:
    query, fmt = HOSTILE[name]
    before, workers = memory(service), len(service.below(service.holder()))
    waited = len(polite)
    began = time.monotonic()
    answer = httpx.post(service.address + "/sparql", data={"query": query, "format": fmt},
                        timeout=30)
    elapsed = time.monotonic() - began
    assert answer.status_code == 503, answer.text[:300]
    problem = answer.json()
    assert problem["reason"] in ("time", "memory", "size")
    assert problem["limit"] in (SECONDS, MEGABYTES << 20, 1 << 30)
    assert str(problem["limit"]) in problem["detail"] or "MB" in problem["detail"]
    assert elapsed < SECONDS + 2.5  # which a busy machine needs
    deadline = time.monotonic() + 1
    while memory(service) > before + (20 << 20) or \
            len(service.below(service.holder())) > workers + 1:
        assert time.monotonic() < deadline, f"{memory(service) - before:,} bytes are not back"
        time.sleep(0.02)
    during = polite[waited:]
    assert len(during) >= 3
    assert sorted(during)[len(during) // 2] < 0.5
    assert max(during) < 2


def test_many_hostile_queries_at_a_time_leave_room_for_others(
    service: Any, polite: list[float]
) -> None:
    query = HOSTILE["cartesian product"][0]
    answers: list[int] = []

    def ask() -> None:
        answers.append(httpx.get(service.address + "/sparql", params={"query": query},
                                 timeout=30).status_code)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [503] * 6
    assert max(polite) < 2


def heads(address: str, query: str, fmt: str) -> tuple[int, dict[str, str], bytes]:
    """Make a request by hand, and return status, headers and every byte that follows."""
    url = httpx.URL(address)
    path = httpx.URL("/sparql", params={"query": query, "format": fmt}).raw_path.decode()
    with socket.create_connection((url.host, url.port or 80), timeout=30) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: iero.test\r\nConnection: close\r\n\r\n"
                           .encode())
        received = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    return int(first.split()[1]), headers, body


@pytest.mark.parametrize("fmt", FORMATS)
def test_there_is_no_half_result_in_any_format(service: Any, fmt: str) -> None:
    graph = fmt in FORMATS[4:]
    what = "CONSTRUCT { ?a ?e ?f . ?d ?b ?c }" if graph else "SELECT *"
    status, headers, body = heads(service.address, what + " { ?a ?b ?c . ?d ?e ?f }", fmt)
    assert status == 503
    assert headers["content-type"] == "application/problem+json"
    assert int(headers["content-length"]) == len(body)
    assert b"urn:t" not in body
    status, headers, body = heads(service.address, what + " { ?a ?b ?c . ?a ?e ?f } LIMIT 20000",
                                  fmt)
    assert status == 200, body[:300]
    assert int(headers["content-length"]) == len(body)


# -- clients ---------------------------------------------------------------------------------------


def from_(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": address}


def test_a_client_that_asks_too_often_is_told_when_to_come_again(launch: Any) -> None:
    with launch("--proxies", "1", "--rate", "2", "--burst", "5") as service, \
            httpx.Client(base_url=service.address) as client:
        answers = [client.get("/health", headers=from_("192.0.2.1")) for _ in range(9)]
        assert [answer.status_code for answer in answers][:5] == [200] * 5
        refused = answers[-1]
        assert refused.status_code == 429
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.headers["access-control-allow-origin"] == "*"
        assert refused.headers["ratelimit-policy"] == '"requests";q=5;w=3'
        assert answers[0].headers["ratelimit"] == '"requests";r=4;t=1'
        assert refused.headers["ratelimit"].startswith('"requests";r=0;t=')
        assert refused.json()["reason"] == "rate"
        wait = int(refused.headers["retry-after"])
        assert 1 <= wait <= 2
        assert client.get("/health", headers=from_("192.0.2.2")).status_code == 200
        time.sleep(wait)
        assert client.get("/health", headers=from_("192.0.2.1")).status_code == 200


def test_addresses_that_one_client_has_count_as_one(launch: Any) -> None:
    with launch("--proxies", "1", "--rate", "0.1", "--burst", "3") as service, \
            httpx.Client(base_url=service.address) as client:
        statuses = [client.get("/health", headers=from_(f"2001:db8:0:1::{i:x}")).status_code
                    for i in range(6)]
        assert statuses == [200] * 3 + [429] * 3
        other = client.get("/health", headers=from_("2001:db8:0:2::1"))
        assert other.status_code == 200
        # What a client itself writes before the proxy's own entry counts for nothing.
        forged = client.get("/health", headers=from_("198.51.100.9, 2001:db8:0:1::7"))
        assert forged.status_code == 429


def test_this_machine_and_forwarded_headers_without_proxies_are_not_limited(launch: Any) -> None:
    with launch("--rate", "0.1", "--burst", "1") as service, \
            httpx.Client(base_url=service.address) as client:
        answers = [client.get("/health", headers=from_("192.0.2.1")) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200] * 5
        assert "ratelimit" not in answers[0].headers


def test_one_client_does_not_take_all_workers(launch: Any, data: Path) -> None:
    query = HOSTILE["cartesian product"][0]
    with launch("--data", str(data), "--proxies", "1", "--client-jobs", "2", "--jobs", "4",
                "--timeout", "2") as service:
        url = service.address + "/sparql"
        statuses: list[int] = []

        def ask() -> None:
            answer = httpx.get(url, params={"query": query}, headers=from_("192.0.2.1"), timeout=30)
            statuses.append(answer.status_code)

        threads = [threading.Thread(target=ask) for _ in range(6)]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        other = httpx.get(url, params={"query": "ASK {}"}, headers=from_("192.0.2.2"))
        assert other.status_code == 200
        for thread in threads:
            thread.join()
        assert sorted(statuses) == [429] * 4 + [503] * 2
        again = httpx.get(url, params={"query": "ASK {}"}, headers=from_("192.0.2.1"))
        assert again.status_code == 200


def test_clients_are_forgotten_before_they_fill_the_memory() -> None:
    clients = Clients(rate=1, burst=1, jobs=1, kept=100)
    for number in range(1000):
        clients.enter(str(number))
        clients.leave(str(number))
    assert len(clients._clients) == 100
    with pytest.raises(TooManyRequests):
        clients.enter("999")


def test_a_client_that_has_something_in_hand_is_not_forgotten() -> None:
    clients = Clients(rate=0, burst=1, jobs=1, kept=10)
    clients.enter("busy")
    for number in range(100):
        clients.enter(str(number))
        clients.leave(str(number))
    with pytest.raises(TooManyRequests) as refused:
        clients.enter("busy")
    assert refused.value.details["reason"] == "jobs"


def test_the_bucket_fills_at_its_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("iero.server.clients.monotonic", lambda: now[0])
    clients = Clients(rate=2, burst=4, jobs=0)
    assert [clients.enter("a") for _ in range(4)] == [3, 2, 1, 0]
    for too_soon, moment in ((0.4, 0.5), (0.9, 1.0), (1.0, 60.0)):
        now[0] = too_soon
        with pytest.raises(TooManyRequests) as refused:
            clients.enter("a")
        assert refused.value.details["retry_after"] == 1
        now[0] = moment
        clients.enter("a")
    assert [clients.enter("a") for _ in range(3)] == [2, 1, 0]
