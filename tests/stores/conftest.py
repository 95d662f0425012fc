"""Real stores, filled with the release and with the samples, as an operator would set them up."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

import pyoxigraph as ox
import pytest
from iero import KnowledgeGraph
from iero.remote import Endpoint, find_graphs

ROOT = Path(__file__).parents[2]
RELEASE = ROOT / "ontology" / "release" / "iero-kg.nq"
SAMPLES = sorted((ROOT / "queries" / "samples").glob("*.trig"))
INI = """
[Database]
DatabaseFile = {folder}/virtuoso.db
ErrorLogFile = {folder}/virtuoso.log
LockFile = {folder}/virtuoso.lck
TransactionFile = {folder}/virtuoso.trx
xa_persistent_file = {folder}/virtuoso.pxa
FileExtend = 200
[TempDatabase]
DatabaseFile = {folder}/virtuoso-temp.db
TransactionFile = {folder}/virtuoso-temp.trx
[Parameters]
ServerPort = 127.0.0.1:{sql}
DisableUnixSocket = 1
DirsAllowed = {folder}
NumberOfBuffers = 10000
MaxDirtyBuffers = 6000
ThreadsPerQuery = 1
[HTTPServer]
ServerPort = 127.0.0.1:{http}
ServerRoot = {folder}
ServerThreads = 10
MaxKeepAlives = 10
KeepAliveTimeout = 10
[SPARQL]
ResultSetMaxRows = 1000000
MaxQueryCostEstimationTime = 0
MaxQueryExecutionTime = 60
"""
FILL = """
ld_dir('{folder}', '%.nq', 'urn:unused');
rdf_loader_run();
checkpoint;
"""


@dataclass(frozen=True)
class RemoteStore:
    """A store that runs.

    :ivar plain: the release alone.
    :ivar sampled: the release with the samples.
    """

    name: str
    url: str
    plain: KnowledgeGraph
    sampled: KnowledgeGraph


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as trial:
        return int(trial.getsockname()[1])


def answers(url: str) -> bool:
    try:
        with urlopen(f"{url}?{urlencode({'query': 'ASK {}'})}", timeout=5) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


@contextmanager
def running(command: list[str], url: str) -> Iterator[None]:
    """Run a server until it answers, and end it afterwards."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while not answers(url):
            assert process.poll() is None, f"{command[0]} ended"
            assert time.monotonic() < until, f"{command[0]} does not answer"
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def sample_quads() -> bytes:
    store = ox.Store()
    assert SAMPLES
    for sample in SAMPLES:
        store.bulk_load(path=str(sample), format=ox.RdfFormat.TRIG)
    return bytes(store.dump(format=ox.RdfFormat.N_QUADS) or b"")


@contextmanager
def virtuoso(folder: Path) -> Iterator[str]:
    if not shutil.which("virtuoso-t"):
        pytest.skip("Virtuoso is not installed (Debian: virtuoso-opensource-7)")
    ports = {"http": free_port(), "sql": free_port()}
    (folder / "virtuoso.ini").write_text(INI.format(folder=folder, **ports))
    (folder / "fill.sql").write_text(FILL.format(folder=folder))
    (folder / "release.nq").write_bytes(RELEASE.read_bytes())
    (folder / "samples.nq").write_bytes(sample_quads())
    url = f"http://127.0.0.1:{ports['http']}/sparql"
    command = ["virtuoso-t", "+foreground", "+configfile", str(folder / "virtuoso.ini")]
    with running(command, url):
        subprocess.run(["isql-vt", f"127.0.0.1:{ports['sql']}", "dba", "dba",
                        str(folder / "fill.sql")], check=True, capture_output=True, timeout=60)
        yield url


def oxigraph_program() -> str:
    beside = Path(sys.executable).parent / "oxigraph"
    found = str(beside) if beside.exists() else shutil.which("oxigraph")
    if not found:
        pytest.skip("oxigraph is not installed (PyPI: oxigraph)")
    return found


def filled_oxigraph(folder: Path, *options: str, samples: bool = False) -> tuple[list[str], str]:
    """Fill a store, and return the command that serves it and its address."""
    store = ox.Store(str(folder / "store"))
    store.bulk_load(path=str(RELEASE), format=ox.RdfFormat.N_QUADS)
    if samples:
        store.bulk_load(sample_quads(), ox.RdfFormat.N_QUADS)
    del store
    port = free_port()
    return ([oxigraph_program(), "serve", "--location", str(folder / "store"), "--bind",
             f"127.0.0.1:{port}", *options], f"http://127.0.0.1:{port}/query")


@contextmanager
def oxigraph(folder: Path, *options: str, samples: bool = False) -> Iterator[str]:
    command, url = filled_oxigraph(folder, *options, samples=samples)
    with running(command, url):
        yield url


@contextmanager
def virtuoso_both(folder: Path) -> Iterator[tuple[Endpoint, Endpoint]]:
    """One store with everything, of which graphs are named."""
    with virtuoso(folder) as url:
        found, _ = find_graphs(Endpoint(url, 60))
        graphs = [graph for graph in found if "/literature/" not in graph]
        assert len(graphs) == 5
        assert len(found) > 5
        yield Endpoint(url, 60, graphs=graphs), Endpoint(url, 60, graphs=found)


@contextmanager
def oxigraph_both(folder: Path) -> Iterator[tuple[Endpoint, Endpoint]]:
    """Two stores, each of which answers from the union of its graphs."""
    for name in ("plain", "sampled"):
        (folder / name).mkdir()
    union = "--union-default-graph"
    with (oxigraph(folder / "plain", union) as plain,
          oxigraph(folder / "sampled", union, samples=True) as sampled):
        yield Endpoint(plain, 60), Endpoint(sampled, 60)


STORES = {"virtuoso": virtuoso_both, "oxigraph": oxigraph_both}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put together what is asked of one store, so that each is started once."""
    asked = [(at, item) for at, item in enumerate(items)
             if isinstance(item, pytest.Function) and "store" in item.fixturenames
             and item.path.parent == Path(__file__).parent]
    together = sorted((item for _, item in asked), key=lambda item: item.callspec.params["store"])
    for (at, _), item in zip(asked, together, strict=True):
        items[at] = item


@pytest.fixture(scope="session", params=STORES)
def store(request: pytest.FixtureRequest,
          tmp_path_factory: pytest.TempPathFactory) -> Iterator[RemoteStore]:
    """Each of the stores in turn."""
    folder = tmp_path_factory.mktemp(request.param)
    with STORES[request.param](folder) as (plain, sampled):
        yield RemoteStore(request.param, plain.url, KnowledgeGraph(plain), KnowledgeGraph(sampled))
        plain.close()
        sampled.close()


@pytest.fixture(scope="session")
def separate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An Oxigraph whose default graph is empty."""
    with oxigraph(tmp_path_factory.mktemp("separate"), samples=True) as url:
        yield url
