"""The two graphs that tests ask: a small one to read at a glance, and the release that ships."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from iero import KnowledgeGraph

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="session")
def small() -> Path:
    """The file of the small graph."""
    return DATA / "small.trig"


@pytest.fixture(scope="session")
def graph(small: Path) -> KnowledgeGraph:
    """A knowledge graph over the small data set; tests that use it do not see the real ontology."""
    return KnowledgeGraph.open(small)


@pytest.fixture(scope="session")
def shipped() -> KnowledgeGraph:
    """The release; without one, the tests that need it fail."""
    return KnowledgeGraph.open()


@dataclass
class Trap:
    """A server on loopback that writes down who calls."""

    url: str = ""
    calls: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def trap() -> Iterator[Trap]:
    """A trap for requests that must never be made."""
    caught = Trap()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            caught.calls.append(self.path)
            self.send_response(500)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST  # noqa: N815

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    caught.url = f"http://127.0.0.1:{server.server_port}/"
    yield caught
    server.shutdown()
    server.server_close()
    thread.join()
