"""Requests read from a case file, and what must come back, checked by parsers that are not ours.

A test that takes ``case`` and is marked ``cases("file.yaml", ...)`` runs for each of the cases.
"""

from __future__ import annotations

import csv
import io
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any

import httpx
import pytest
import rdflib
import yaml
from iero.graph import KnowledgeGraph
from iero.queries import Catalogue, parse
from rdflib.query import Result

HERE = Path(__file__).parent
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
RESULT_PARSERS = {
    "application/sparql-results+json": "json",
    "application/json": "json",
    "application/sparql-results+xml": "xml",
    "text/tab-separated-values": "tsv",
}
GRAPH_PARSERS = {
    "text/turtle": "turtle",
    "application/n-triples": "nt",
    "application/rdf+xml": "xml",
    "application/ld+json": "json-ld",
}
EXPECTATIONS = {
    "status",
    "type",
    "headers_are",
    "present",
    "absent",
    "rows",
    "truth",
    "triples",
    "subject",
    "json",
    "has",
    "lacks",
    "empty",
}
REQUEST = {
    "name",
    "method",
    "path",
    "raw",
    "params",
    "headers",
    "browser",
    "form",
    "body",
    "body_of",
}


def load(name: str) -> list[dict[str, Any]]:
    """Return the cases of a file; a misspelt member is an error, not a check that never runs."""
    cases: list[dict[str, Any]] = yaml.safe_load((HERE / name).read_text())
    assert len({case["name"] for case in cases}) == len(cases) > 10
    for case in cases:
        if case.get("method") == "OPTIONS" and "present" not in case:
            case["headers_are"] = case.pop("headers")
        assert set(case) <= EXPECTATIONS | REQUEST, case["name"]
        assert "status" in case, case["name"]
    return cases


def send(client: httpx.Client, case: dict[str, Any]) -> httpx.Response:
    """Make the request of a case."""
    headers = {"Accept": "*/*", **case.get("headers", {})}
    if case.get("browser"):
        headers["Accept"] = BROWSER
    params = case.get("params")
    body = "x" * case["body_of"] if "body_of" in case else case.get("body")
    return client.request(
        case.get("method", "GET"),
        case.get("raw", case.get("path")),
        params=[tuple(pair) for pair in params] if isinstance(params, list) else params,
        headers=headers,
        data=case.get("form"),
        content=body,
    )


def check(case: dict[str, Any], response: httpx.Response) -> None:
    """Compare a response with what the case expects."""
    allowed = case["status"] if isinstance(case["status"], list) else [case["status"]]
    assert response.status_code in allowed, response.text
    media_type = response.headers.get("content-type", "").partition(";")[0]
    if "type" in case:
        assert media_type == case["type"]
    _check_headers(case, response)
    if case.get("empty"):
        assert response.content == b""
        return
    if media_type == "application/problem+json":
        problem = response.json()
        assert problem["status"] == response.status_code
        assert problem["title"]
        assert problem["detail"]
    for text in case.get("has", ()):
        assert str(text) in response.text
    for text in case.get("lacks", ()):
        assert text not in response.text
    if "json" in case:
        assert case["json"].items() <= response.json().items()
    _check_results(case, media_type, response)


def _check_headers(case: dict[str, Any], response: httpx.Response) -> None:
    headers = response.headers
    for name, value in case.get("headers_are", {}).items():
        assert {*headers[name].split(", ")} == {*value.split(", ")}
    assert all(name in headers for name in case.get("present", ())), dict(headers)
    assert not any(name in headers for name in case.get("absent", ())), dict(headers)
    assert headers["access-control-allow-origin"] == "*"
    assert "Accept" in headers["vary"]
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in headers["content-security-policy"]


def _check_results(case: dict[str, Any], media_type: str, response: httpx.Response) -> None:
    if "rows" in case:
        assert _rows(media_type, response) == case["rows"]
    if "truth" in case:
        parsed = Result.parse(io.BytesIO(response.content), format=RESULT_PARSERS[media_type])
        assert parsed.askAnswer is case["truth"]
    if "triples" in case or "subject" in case:
        graph = rdflib.Graph().parse(data=response.content, format=GRAPH_PARSERS[media_type])
        wanted = str(case.get("triples", ">0"))
        assert len(graph) > int(wanted[1:]) if wanted.startswith(">") else len(graph) == int(wanted)
        if "subject" in case:
            assert (rdflib.URIRef(case["subject"]), None, None) in graph


def _rows(media_type: str, response: httpx.Response) -> int:
    if media_type == "text/csv":  # RFC 4180: the first record is the header
        return len(list(csv.reader(io.StringIO(response.text)))) - 1
    parsed = Result.parse(io.BytesIO(response.content), format=RESULT_PARSERS[media_type])
    return len(parsed)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "cases(*files): run the test for every case of these files")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    marker = metafunc.definition.get_closest_marker("cases")
    if marker is not None:
        cases = [case for name in marker.args for case in load(name)]
        metafunc.parametrize("case", cases, ids=[case["name"] for case in cases])


@pytest.fixture(scope="session")
def served() -> KnowledgeGraph:
    """The small data set beside this file, with a catalogue of one question."""
    made = KnowledgeGraph.open(HERE / "data.nq")
    files = sorted((HERE / "questions").glob("*.rq"))
    made.catalogue = Catalogue({file.stem: parse(file.name, file.read_text()) for file in files})
    return made


@pytest.fixture
def exchange() -> Callable[[httpx.Client, dict[str, Any]], httpx.Response]:
    """A function that makes the request of a case and checks the response."""

    def run(client: httpx.Client, case: dict[str, Any]) -> httpx.Response:
        response = send(client, case)
        check(case, response)
        return response

    return run


@dataclass
class Service:
    """`iero serve` as it runs: its watching process, its address, and what it has written."""

    process: subprocess.Popen[bytes]
    address: str = ""
    log: list[str] = field(default_factory=list)
    ready: Event = field(default_factory=Event)

    def wait_for(self, text: str, seconds: float = 20) -> None:
        """Wait until a line of the log holds a text, or the time is over."""
        deadline = monotonic() + seconds
        while not any(text in line for line in self.log) and monotonic() < deadline:
            sleep(0.02)

    def read(self) -> None:
        """Read standard error to its end."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line.decode().rstrip("\n"))
            if found := re.search(r"ready at (http://\S+)/ ", self.log[-1]):
                self.address = found[1]
                self.ready.set()
        self.ready.set()

    def below(self, pid: int | None = None) -> list[int]:
        """Return the processes below one, deepest last."""
        pid = self.process.pid if pid is None else pid
        found = []
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *self.below(int(child))]
        return found

    def holder(self) -> int:
        """Return the process that holds the graph of the one server process."""
        return self.below()[1]


Launch = Callable[..., AbstractContextManager[Service]]


@pytest.fixture(scope="session")
def launch() -> Launch:
    """A function that runs `iero serve` with flags and variables, over the small data set."""

    @contextmanager
    def run(*flags: str, seconds: float = 40, **variables: str) -> Iterator[Service]:
        source = [] if "--data" in flags else ["--data", str(HERE / "data.nq")]
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "iero", "serve", "--port", "0", *source, *flags],
            stderr=subprocess.PIPE, start_new_session=True,
            env=os.environ | {"PYTHONPATH": str(HERE.parents[1] / "service")} | variables)
        service = Service(process)
        reader = Thread(target=service.read)
        reader.start()
        try:
            if not service.ready.wait(seconds) or not service.address:
                pytest.fail("\n".join(["It did not start.", *service.log]))
            yield service
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(20)
            reader.join(10)
            assert process.stderr is not None
            process.stderr.close()

    return run
