"""What operators rely on: identifiers, logs, times, metrics, health, a clean stop, a public URL."""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from iero.errors import BadParameter
from iero.graph import KnowledgeGraph
from iero.server import create_app, logs
from iero.server.metrics import Metrics
from iero.server.processes import tree
from prometheus_client.parser import text_string_to_metric_families

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
TOKEN = "0123456789abcdef"
LASTING = """SELECT (COUNT(*) AS ?n) {
  VALUES ?v { 1 2 3 } ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l FILTER(?k != ?c) }"""
ENDLESS = "SELECT (COUNT(*) AS ?n) {" + " . ".join(f"?a{i} ?b{i} ?c{i}" for i in range(9)) + "}"


def client_of(graph: KnowledgeGraph, **options: Any) -> httpx.Client:
    app = create_app(graph, **options)
    return httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://iero.test")


@pytest.fixture
def client(served: KnowledgeGraph) -> Iterator[httpx.Client]:
    with client_of(served) as made:
        yield made


@pytest.fixture
def events() -> Iterator[list[logging.LogRecord]]:
    """What is reported about requests."""
    found: list[logging.LogRecord] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(record)

    logger = logging.getLogger("iero.requests")
    handler, level = Keep(), logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield found
    logger.removeHandler(handler)
    logger.setLevel(level)


def metrics_of(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Return samples by name and labels, as Prometheus's own parser reads them."""
    return {(sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text) for sample in family.samples}


def sample(found: dict[Any, float], name: str, **labels: str) -> float:
    return found[name, frozenset(labels.items())]


# -- identifiers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["a", "trace-01.b_C", "x" * 64])
def test_a_harmless_identifier_is_kept(client: httpx.Client, given: str) -> None:
    assert client.get("/health", headers={"X-Request-Id": given}).headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a\"b", "<script>", "a;b=c"])
def test_any_other_identifier_is_replaced(client: httpx.Client, given: str) -> None:
    headers = {"X-Request-Id": given}
    made = [client.get("/health", headers=headers).headers["x-request-id"] for _ in range(2)]
    assert all(re.fullmatch(r"[0-9a-f]{16}", each) for each in made)
    assert made[0] != made[1]


def test_a_problem_names_the_request(client: httpx.Client) -> None:
    response = client.get("/nothing", headers={"X-Request-Id": "look-for-me"})
    assert (response.status_code, response.json()["request_id"]) == (404, "look-for-me")
    assert response.headers["x-request-id"] == "look-for-me"


# -- times and logs --------------------------------------------------------------------------------


def test_server_timing_says_where_the_time_went(launch: Any) -> None:
    with launch() as service, httpx.Client(base_url=service.address, timeout=60) as client:
        header = client.get("/sparql", params={"query": LASTING}).headers["server-timing"]
        times = {name: float(spent) for name, spent in
                 (part.split(";dur=") for part in header.split(", "))}
        assert set(times) == {"parse", "wait", "query", "write", "total"}
        assert times["query"] > 100 > times["write"]
        phases = sum(spent for name, spent in times.items() if name != "total")
        assert phases <= times["total"] + 1
        assert "total;dur=" in client.get("/nothing").headers["server-timing"]


def test_a_request_is_reported_without_its_query(
    client: httpx.Client, events: list[logging.LogRecord]
) -> None:
    query = 'ASK { ?s ?p "a-secret-diagnosis" }'
    client.get("/sparql", params={"query": query}, headers={"X-Request-Id": "first"})
    client.post("/sparql", data={"query": query}, headers={"X-Request-Id": "again"})
    first, again = (event.__dict__["facts"] for event in events)
    assert (first["request"], first["method"], first["route"], first["status"]) == (
        "first", "GET", "/sparql", 200)
    assert first["ms"] > 0
    assert first["query"] == again["query"]
    written = [form.format(event) for event in events
               for form in (logs.JsonFormatter(), logs.TextFormatter())]
    assert not any("diagnosis" in line for line in written)


def test_a_query_is_written_down_only_where_that_is_asked_for(
    client: httpx.Client, events: list[logging.LogRecord]
) -> None:
    logging.getLogger("iero.requests").setLevel(logging.DEBUG)
    client.get("/sparql", params={"query": "ASK { ?s ?p 1 }"})
    assert events[0].__dict__["facts"]["text"] == "ASK { ?s ?p 1 }"


FORGED = "/term/x%0A2026-11-29T00:00:00+00:00%20info%20forged%1B[31m%22"


def test_nothing_of_a_request_can_begin_a_line(
    client: httpx.Client, events: list[logging.LogRecord]
) -> None:
    client.get(FORGED)
    [event] = events
    for form in (logs.JsonFormatter(), logs.TextFormatter()):
        line = form.format(event)
        assert line.isascii()
        assert line.isprintable()
        assert "forged" in line
    facts = json.loads(logs.JsonFormatter().format(event))
    assert facts["path"] == '/term/x\n2026-11-29T00:00:00+00:00 info forged\x1b[31m"'
    assert facts["status"] == 404
    assert facts["level"] == "info"


def test_a_trace_stays_within_its_event() -> None:
    try:
        raise ValueError("first\n2026-11-29T00:00:00+00:00 info forged\x1b[31m")
    except ValueError:
        record = logging.LogRecord("iero", logging.ERROR, "f", 1, "It %s", ("failed\nforged",),
                                   __import__("sys").exc_info())
    lines = logs.TextFormatter().format(record).split("\n")
    assert "error It failed" in lines[0]
    assert len(lines) > 3
    assert all(line.startswith("    ") for line in lines[1:])
    assert all(line.isprintable() for line in lines)
    event = json.loads(logs.JsonFormatter().format(record))
    assert event["event"] == "It failed\nforged"
    assert "ValueError: first" in event["trace"]


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_service_reports_on_standard_error(launch: Any, form: str) -> None:
    with launch("--log-level", "info", "--log-format", form) as service:
        httpx.get(service.address + "/health", headers={"X-Request-Id": "to-be-found"})
        httpx.get(service.address + FORGED)
        service.wait_for("forged")
        service.process.terminate()
        assert service.process.wait(20) == 0
    lines = [line for line in service.log if "to-be-found" in line]
    assert len(lines) == 1
    if form == "json":
        event = json.loads(lines[0])
        assert (event["route"], event["status"], event["client"]) == ("/health", 200, "127.0.0.1")
    else:
        assert "route=/health" in lines[0]
    assert sum("forged" in line for line in service.log) == 1
    assert not any(line.startswith("2026-11-29T00:00:00") for line in service.log)


def test_a_quiet_service_reports_failures_only(launch: Any) -> None:
    with launch("--timeout", "0.2") as service:
        httpx.get(service.address + "/health")
        response = httpx.get(service.address + "/sparql", params={"query": ENDLESS})
        assert response.status_code == 503
        service.wait_for("reason=")  # which is reported once the answer has been sent
        service.process.terminate()
        service.process.wait(20)
    reported = [line for line in service.log if "ready at" not in line]
    assert len(reported) == 1
    assert response.headers["x-request-id"] in reported[0]
    assert "reason=time" in reported[0]


# -- metrics ---------------------------------------------------------------------------------------


def test_metrics_are_not_public(client: httpx.Client, served: KnowledgeGraph) -> None:
    assert client.get("/metrics").status_code == 404
    with client_of(served, metrics=Metrics(os.getpid()), metrics_token=TOKEN) as guarded:
        for sent in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"},
                     {"Authorization": TOKEN}, {"Authorization": f"Bearer {TOKEN}x"}):
            refused = guarded.get("/metrics", headers=sent)
            assert refused.status_code == 401
            assert refused.headers["www-authenticate"].startswith("Bearer")
            assert "iero_" not in refused.text
        allowed = guarded.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert allowed.status_code == 200
        assert allowed.headers["cache-control"] == "no-store"


def test_requests_are_counted_by_route_and_never_by_what_clients_write(
    served: KnowledgeGraph
) -> None:
    with client_of(served, metrics=Metrics(os.getpid()), metrics_token=TOKEN) as client:
        for path in ("/term/Venting", "/term/Reappraisal", "/term/none-such", "/x1", "/x2"):
            client.get(path)
        client.request("BREW", "/health")
        text = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).text
    found = metrics_of(text)
    name, route = "iero_http_requests_total", "/term/<path:name>"
    assert sample(found, name, route=route, method="GET", status="404") >= 1
    assert sum(value for (each, labels), value in found.items()
               if each == name and ("route", route) in labels) == 3
    assert sample(found, name, route="none", method="GET", status="404") == 2
    assert sample(found, name, route="none", method="other", status="405") == 1
    assert "none-such" not in text
    assert "BREW" not in text


def test_metrics_of_all_processes_are_told_by_any_of_them(launch: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as trial:
        port = trial.getsockname()[1]
    with launch("--workers", "2", "--timeout", "1", "--metrics-port", str(port),
                IERO_METRICS_TOKEN=TOKEN) as service:
        for _ in range(24):  # a connection each: the system deals them out
            httpx.get(service.address + "/sparql", params={"query": "ASK {}"})
        stuck = threading.Thread(target=httpx.get, args=(service.address + "/sparql",),
                                 kwargs={"params": {"query": ENDLESS}, "timeout": 20})
        stuck.start()
        time.sleep(0.5)
        during = metrics_of(httpx.get(f"http://127.0.0.1:{port}/metrics").text)
        stuck.join()
        url, headers = service.address + "/metrics", {"Authorization": f"Bearer {TOKEN}"}
        after = metrics_of(httpx.get(url, headers=headers).text)
        pids = {service.process.pid, *service.below()}
    requests = {"route": "/sparql", "method": "GET"}
    assert sample(after, "iero_http_requests_total", **requests, status="200") == 24
    assert sample(after, "iero_http_requests_total", **requests, status="503") == 1
    assert sample(after, "iero_http_request_duration_seconds_count", **requests) == 25
    assert sample(after, "iero_limits_reached_total", reason="time") == 1
    assert sample(during, "iero_queries_in_flight") == 1
    assert sample(after, "iero_queries_in_flight") == 0
    cached = sample(after, "iero_answer_cache_total", outcome="hit")
    assert cached + sample(after, "iero_answer_cache_total", outcome="miss") >= 25
    assert sample(after, "iero_processes", role="server") == 2
    assert sample(after, "iero_processes", role="holder") == 2
    assert sample(during, "iero_processes", role="worker") >= 1
    assert len(pids) == sum(value for (name, _), value in after.items() if name == "iero_processes")
    assert sample(after, "iero_memory_bytes", role="holder") > 1 << 20
    triples = {dict(labels)["graph"]: value for (name, labels), value in after.items()
               if name == "iero_graph_triples"}
    data = (Path(__file__).parent / "data.nq").read_text()
    assert sum(triples.values()) == data.count(" .\n")


def test_the_page_about_operation_names_every_metric() -> None:
    page = (Path(__file__).parents[2] / "docs" / "operating.md").read_text(encoding="utf-8")
    told = {family.name for family in text_string_to_metric_families(
        Metrics(os.getpid()).expose().decode())}
    assert len(told) >= 10
    told = {name for name in told if not name.endswith("_created")}  # the library's own
    assert [name for name in told if not {f"`{name}`", f"`{name}_total`"} & set(
        re.findall(r"`iero_\w+`", page))] == []


def test_the_processes_of_this_machine_are_told_apart() -> None:
    found = tree(os.getpid())
    assert found[0].pid == os.getpid()
    assert found[0].role == "watcher"
    assert found[0].memory > 1 << 20
    assert tree(2 ** 30) == []


# -- health ----------------------------------------------------------------------------------------


def test_health_tells_alive_from_ready(launch: Any) -> None:
    with launch() as service, httpx.Client(base_url=service.address, timeout=20) as client:
        assert client.get("/health").json()["status"] == "ok"
        os.kill(service.holder(), signal.SIGKILL)
        deadline = time.monotonic() + 10
        while client.get("/health").status_code != 200:  # another holder takes its place
            assert time.monotonic() < deadline
        assert client.get("/sparql", params={"query": "ASK {}"}).status_code == 200


def test_health_is_503_while_no_query_can_be_answered(launch: Any, tmp_path: Path) -> None:
    data = tmp_path / "data.nq"
    data.write_bytes((Path(__file__).parent / "data.nq").read_bytes())
    with launch("--data", str(data)) as service, httpx.Client(base_url=service.address) as client:
        assert client.get("/health").status_code == 200
        data.unlink()  # so that no holder can be made
        for pid in (*service.below(service.holder()), service.holder()):
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.3)
        client.get("/health")  # finds out that the worker has gone
        broken = client.get("/health")
        assert broken.status_code == 503
        assert broken.headers["content-type"] == "application/problem+json"
        assert broken.headers["cache-control"] == "no-store"
        assert broken.json()["title"] == "Not ready"
        assert client.get("/health?live").json() == {"status": "alive"}
        data.write_bytes((Path(__file__).parent / "data.nq").read_bytes())
        assert client.get("/health").status_code == 200


# -- stopping --------------------------------------------------------------------------------------


def test_a_stop_finishes_what_runs_and_takes_nothing_new(launch: Any) -> None:
    with launch() as service:
        answers: list[httpx.Response] = []
        url = service.address + "/sparql"

        def ask() -> None:
            answers.append(httpx.get(url, params={"query": LASTING, "format": "csv"}, timeout=20))

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        while len(service.below(service.holder())) < 3:
            time.sleep(0.01)
        pids = service.below()
        service.process.terminate()
        time.sleep(0.1)
        with pytest.raises(httpx.TransportError):
            httpx.get(service.address + "/health")
        for thread in threads:
            thread.join()
        assert service.process.wait(20) == 0
        assert [answer.status_code for answer in answers] == [200] * 3
        assert len({answer.text for answer in answers}) == 1
        _gone(pids)
    assert not any("Traceback" in line for line in service.log)


def test_a_stop_under_load_is_clean_for_those_who_keep_their_connection(launch: Any) -> None:
    with launch() as service:
        statuses: list[int] = []
        broken: list[str] = []

        def ask_on() -> None:
            with httpx.Client(base_url=service.address, timeout=20) as client:
                while True:
                    try:
                        response = client.get("/sparql", params={"query": "ASK {}"})
                    except httpx.TransportError as error:
                        broken.append(str(error))
                        return
                    statuses.append(response.status_code)

        threads = [threading.Thread(target=ask_on) for _ in range(8)]
        for thread in threads:
            thread.start()
        while len(statuses) < 100:
            time.sleep(0.01)
        pids = service.below()
        service.process.terminate()
        for thread in threads:
            thread.join(15)
        assert service.process.wait(20) == 0
        assert set(statuses) == {200}
        assert len(broken) == 8  # each ends because there is nobody left, not in half an answer
        assert not any("incomplete" in each or "peer closed" in each for each in broken)
        _gone(pids)


def test_what_does_not_end_in_time_is_ended(launch: Any) -> None:
    with launch("--timeout", "60") as service:
        failed: list[Exception] = []

        def ask() -> None:
            try:
                httpx.get(service.address + "/sparql", params={"query": ENDLESS}, timeout=60)
            except httpx.HTTPError as error:
                failed.append(error)

        thread = threading.Thread(target=ask)
        thread.start()
        time.sleep(0.5)
        pids = service.below()
        began = time.monotonic()
        service.process.terminate()
        assert service.process.wait(20) == 0
        assert 4 < time.monotonic() - began < 10
        thread.join()
        assert len(failed) == 1
        _gone(pids)


def _gone(pids: list[int], seconds: float = 3) -> None:
    deadline = time.monotonic() + seconds
    while alive := [pid for pid in pids if Path(f"/proc/{pid}").exists()]:
        assert time.monotonic() < deadline, alive
        time.sleep(0.05)


# -- where the world sees it -----------------------------------------------------------------------


def test_a_public_url_goes_before_what_requests_say(served: KnowledgeGraph) -> None:
    forged = {"Host": "evil.example", "X-Forwarded-Host": "evil.example",
              "X-Forwarded-Proto": "gopher"}
    with client_of(served, public_url="https://kg.example", base_path="/iero",
                   trusted_proxies=1) as client:
        for path in ("/", "/sparql", "/.well-known/void", "/queries"):
            for headers in ({}, BROWSER):
                text = client.get("/iero" + path, headers=forged | headers).text
                assert "evil.example" not in text
                assert "gopher" not in text
        entries = client.get("/iero/").json()["entries"]
        assert entries["sparql"] == "https://kg.example/iero/sparql"


@pytest.mark.parametrize("url", ["kg.example", "https://", "https://kg.example/iero", "ftp://kg",
                                 "https://me@kg.example", "https://kg.example?x"])
def test_what_is_no_public_url_is_refused(served: KnowledgeGraph, url: str) -> None:
    with pytest.raises(BadParameter, match="public address"):
        create_app(served, public_url=url)


@pytest.mark.parametrize("host", ["a>b", 'a"b', "a b", "a/b", "a@b", "<script>", "a\\b", "a:b:c",
                                  "[::1", "a:123456"])
def test_a_host_that_is_none_is_refused(client: httpx.Client, host: str) -> None:
    for accept in ("*/*", BROWSER["Accept"]):
        for path in ("/sparql", "/", "/.well-known/void"):
            response = client.get(path, headers={"Accept": accept, "Host": host})
            if path != "/.well-known/void" or accept == "*/*":  # which has no page
                assert response.status_code == 400
            assert "<script>" not in response.text


@pytest.mark.parametrize("host", ["kg.example", "kg.example:8000", "127.0.0.1", "[::1]:80"])
def test_a_host_is_taken(client: httpx.Client, host: str) -> None:
    entry = client.get("/", headers={"Host": host}).json()["entries"]["sparql"]
    assert entry == f"http://{host.removesuffix(':80')}/sparql"
