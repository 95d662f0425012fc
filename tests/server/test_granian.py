"""The service over real HTTP: granian, started as `iero serve` starts it."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

HERE = Path(__file__).parent
SERVICE = str(HERE.parents[1] / "service")
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")  # by rdflib
READY = re.compile(rb"ready at (http://\S+)/ ")
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
SLOW = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n_ ?o }"


@contextmanager
def started(code: str, *, seconds: float = 30) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run Python code that serves; yield the process and the address of its ready line."""
    environment = os.environ | {"PYTHONPATH": SERVICE}
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code],
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    try:
        assert process.stderr is not None
        lines = []
        for line in process.stderr:
            lines.append(line)
            if found := READY.search(line):
                break
        else:
            pytest.fail(b"".join(lines).decode())
        timer.cancel()
        yield process, found[1].decode()
    finally:
        timer.cancel()
        if process.poll() is None:
            process.terminate()
            process.wait(15)
        process.stderr.close()


def serving(**options: Any) -> str:
    options = {"port": 0, "data": HERE / "data.nq", **options}
    return f"from pathlib import *; from iero.server import serve; serve(**{options!r})"


@pytest.fixture(scope="module", params=["", "/a/b"], ids=["root", "below /a/b"])
def client(request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    with (
        started(serving(base_path=request.param)) as (_, address),
        httpx.Client(base_url=address) as made,
    ):
        assert address.endswith(request.param)
        yield made


@pytest.mark.cases("protocol.yaml", "pages.yaml")
def test_case_over_http(
    client: httpx.Client, case: dict[str, Any], exchange: Callable[..., object]
) -> None:
    exchange(client, case)


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    with started(serving()) as made:
        yield made


def connect(address: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(httpx.URL(address).netloc.decode(), timeout=20)


def test_a_connection_stays_usable_after_head_errors_and_304(server: tuple[object, str]) -> None:
    connection = connect(server[1])
    requests = [
        ("HEAD", "/sparql?query=ASK%7B%7D", {}),
        ("HEAD", "/nothing", {}),
        ("GET", "/nothing", {}),
        ("OPTIONS", "/sparql", {}),
        ("GET", "/term/Venting", {}),
        ("HEAD", "/", BROWSER),
    ]
    sockets = set()
    for method, path, headers in requests * 2:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        body = response.read()
        assert (body == b"") == (method in ("HEAD", "OPTIONS"))
        assert connection.sock is not None, f"closed after {method} {path}"
        sockets.add(connection.sock.getsockname())
    tag = _etag(connection, "/term/Venting")
    connection.request("GET", "/term/Venting", headers={"If-None-Match": tag})
    response = connection.getresponse()
    assert (response.status, response.read()) == (304, b"")
    connection.request("GET", "/health")
    assert connection.getresponse().read().startswith(b"{")
    assert {connection.sock.getsockname()} == sockets
    connection.close()


def _etag(connection: http.client.HTTPConnection, path: str) -> str:
    connection.request("GET", path)
    response = connection.getresponse()
    response.read()
    return response.headers["ETag"]


def test_a_slow_query_does_not_hold_up_a_quick_one(server: tuple[object, str]) -> None:
    with (
        httpx.Client(base_url=server[1], timeout=60) as slow,
        httpx.Client(base_url=server[1]) as quick,
    ):
        finished: list[float] = []

        def ask_slowly() -> None:
            slow.get("/sparql", params={"query": SLOW})
            finished.append(time.monotonic())

        thread = threading.Thread(target=ask_slowly)
        thread.start()
        time.sleep(0.2)
        for _ in range(5):
            assert quick.get("/sparql", params={"query": "ASK {}"}).status_code == 200
        answered = time.monotonic()
        thread.join()
        assert answered < finished[0], "the slow query was not slow enough to tell"


LIMITED = """
from pathlib import Path
from iero.server import serve
serve(port=0, data=Path({source!r}), jobs={jobs}, timeout=1, memory_limit=150, waiting=1)
"""


def test_a_query_past_its_time_is_503_and_the_others_are_served() -> None:
    with (
        started(LIMITED.format(source=str(HERE / "data.nq"), jobs=8)) as (_, address),
        httpx.Client(base_url=address, timeout=20) as client,
    ):
        answers: list[httpx.Response] = []

        def ask() -> None:
            answers.append(httpx.get(f"{address}/sparql", params={"query": SLOW}, timeout=20))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            started_at = time.monotonic()
            assert client.get("/sparql", params={"query": "ASK {}"}).json()["boolean"] is True
            assert client.get("/term/Venting").status_code == 200
            assert time.monotonic() - started_at < 1
        for answer in answers:
            assert answer.status_code == 503
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["access-control-allow-origin"] == "*"
            assert answer.json()["reason"] == "time"
            assert answer.json()["limit"] == 1.0


def test_a_client_lowers_the_time_and_a_senseless_wish_is_400() -> None:
    with (
        started(LIMITED.format(source=str(HERE / "data.nq"), jobs=2)) as (_, address),
        httpx.Client(base_url=address, timeout=20) as client,
    ):
        answer = client.get("/sparql", params={"query": SLOW, "timeout": "0.2"})
        assert (answer.status_code, answer.json()["limit"]) == (503, 0.2)
        answer = client.post("/sparql", data={"query": SLOW, "timeout": "0.2"})
        assert (answer.status_code, answer.json()["limit"]) == (503, 0.2)
        for wish in ("0", "-1", "soon", "1e400", "\u0661"):
            params = {"query": "ASK {}", "timeout": wish}
            assert client.get("/sparql", params=params).status_code == 400
        twice = [("query", "ASK {}"), ("timeout", "1"), ("timeout", "2")]
        assert client.get("/sparql", params=twice).status_code == 400


def test_when_all_workers_are_busy_clients_are_told_when_to_come_again() -> None:
    code = LIMITED.format(source=str(HERE / "data.nq"), jobs=1).replace("waiting=1", "waiting=0.1")
    with started(code) as (_, address):
        thread = threading.Thread(target=httpx.get, args=(f"{address}/sparql",),
                                  kwargs={"params": {"query": SLOW}})
        thread.start()
        time.sleep(0.3)
        answer = httpx.get(f"{address}/sparql", params={"query": "ASK {}"})
        thread.join()
        assert answer.status_code == 503
        assert answer.json()["reason"] == "busy"
        assert int(answer.headers["retry-after"]) >= 1
        assert httpx.get(f"{address}/sparql", params={"query": "ASK {}"}).status_code == 200


FAILING_EVALUATION = """
from iero.pool import pool
from pathlib import Path
from iero.server import serve
write = pool._PooledAnswer.write
def failing(self, output, fmt):
    write(self, output, fmt)
    if self.kind == "bindings":
        raise RuntimeError("late failure")
pool._PooledAnswer.write = failing
serve(port=0, data=Path({source!r}))
"""
FAILING_TRANSFER = """
from pathlib import Path
from iero.server import answers, serve
def failing(spool):
    yield spool.file.read(1 << 19)
    raise OSError("the disk is gone")
answers._blocks = failing
serve(port=0, data=Path({source!r}))
"""
LONG = "SELECT * { ?a ?p ?x . ?b ?q ?y . ?c ?r ?z }"


@pytest.mark.parametrize("query", ["SELECT * { ?s ?p ?o }", LONG], ids=["short", "long"])
def test_a_failure_after_the_last_row_is_an_error_and_no_result(query: str) -> None:
    with started(FAILING_EVALUATION.format(source=str(HERE / "data.nq"))) as (_, address):
        response = httpx.get(address + "/sparql", params={"query": query})
        assert response.status_code == 500
        assert response.headers["content-type"] == "application/problem+json"
        assert httpx.get(address + "/sparql", params={"query": "ASK {}"}).status_code == 200


def test_a_failure_after_the_first_byte_breaks_the_transfer() -> None:
    with started(FAILING_TRANSFER.format(source=str(HERE / "data.nq"))) as (_, address):
        with pytest.raises(httpx.RemoteProtocolError), httpx.Client() as client:
            client.get(address + "/sparql", params={"query": LONG},
                       headers={"Accept-Encoding": "identity"})
        assert httpx.get(address + "/sparql", params={"query": "ASK {}"}).status_code == 200


HEAVY = {
    "negations": ("ASK { FILTER(" + "!" * 3990 + "true) }", 200),
    "disjunctions": ("ASK { FILTER(" + "?a||" * 3990 + "?b) }", 200),
    "optional patterns": ("ASK { " + "OPTIONAL {?s ?p ?o} " * 1330 + "}", 200),
    "bindings": ("SELECT * {" + "".join(f"BIND({i} AS ?v{i})" for i in range(990)) + "}", 200),
    "nested groups": ("ASK " + "{" * 99 + "}" * 99, 200),
    "nested too deep": ("ASK " + "{" * 20_000 + "}" * 20_000, 400),
    "too many parts": ("ASK { FILTER(" + "1+" * 100_000 + "1) }", 400),
}


@pytest.mark.parametrize("name", HEAVY)
def test_no_query_ends_the_process_by_its_shape(server: tuple[object, str], name: str) -> None:
    query, status = HEAVY[name]
    with httpx.Client(base_url=server[1], timeout=60) as client:
        answer = client.post("/sparql", data={"query": query})
        assert answer.status_code == status, answer.text
        assert client.get("/sparql", params={"query": "ASK {}"}).json()["boolean"] is True


def test_a_chunked_body_above_the_limit_is_refused(server: tuple[object, str]) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(200):
            yield b"x" * 10_000

    response = httpx.post(
        server[1] + "/sparql",
        content=chunks(),
        headers={"Content-Type": "application/sparql-query"},
    )
    assert response.status_code == 413


def test_a_body_that_breaks_off_is_not_taken_for_a_query(server: tuple[object, str]) -> None:
    url = httpx.URL(server[1])
    head = (
        "POST /sparql HTTP/1.1\r\nHost: iero.test\r\nContent-Type: application/sparql-query\r\n"
        "Content-Length: 60\r\n\r\n"
    )
    with socket.create_connection((url.host, url.port or 80), timeout=10) as connection:
        connection.sendall((head + "ASK {} # and then").encode())
        connection.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert not answer.startswith(b"HTTP/1.1 200"), answer


def test_the_answer_to_a_body_that_is_far_too_large_is_heard(server: tuple[object, str]) -> None:
    for _ in range(5):
        response = httpx.post(
            server[1] + "/sparql",
            content=b"x" * 5_000_000,
            headers={"Content-Type": "application/sparql-query"},
        )
        assert response.status_code == 413
        assert response.json()["limit"] == 1 << 20


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_stops_the_service_and_all_its_processes(number: signal.Signals) -> None:
    with started(serving()) as (process, address):
        assert httpx.get(address + "/health").status_code == 200
        os.killpg(process.pid, number)
        assert process.wait(10) == 0
        assert process.stderr is not None
        assert b"Traceback" not in process.stderr.read()
        with pytest.raises(httpx.ConnectError):
            httpx.get(address + "/health")


def test_a_port_in_use_is_said_and_not_shared(server: tuple[object, str]) -> None:
    port = httpx.URL(server[1]).port
    code = f"from iero.server import serve; serve(port={port})"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": SERVICE},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ran.returncode != 0
    assert f"port {port}" in ran.stderr
    assert httpx.get(server[1] + "/health").status_code == 200


def test_a_source_that_does_not_parse_is_said(tmp_path: Path) -> None:
    (tmp_path / "broken.ttl").write_text("<a> <b> .")
    code = serving(data=tmp_path / "broken.ttl")
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": SERVICE},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ran.returncode != 0
    assert "broken.ttl" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_two_workers_serve_one_port() -> None:
    with started(serving(workers=2)) as (_, address):
        for _ in range(20):
            assert httpx.get(address + "/sparql", params={"query": "ASK {}"}).status_code == 200


def test_a_name_and_ipv6_can_be_listened_at() -> None:
    hosts = ["localhost", *(["::1"] if socket.has_ipv6 and _has_ipv6_loopback() else [])]
    for host in hosts:
        with started(serving(host=host)) as (_, address):
            assert httpx.get(address + "/health").json()["status"] == "ok"


def _has_ipv6_loopback() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False
