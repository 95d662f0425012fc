"""Requests per second of `iero serve` beside `oxigraph serve` and `rdflib-endpoint`, in one run.

    python benchmarks/http.py [--data FILE.nq] [--seconds 10] [--cache MB] [--only NAME…] [--json]

Every competency question (`queries/questions/*.rq`) is sent to each server, on the same data, with
the union of its graphs as the default graph, by 8 connections, warm, with the results in JSON.
Before that the rows of each question are counted on each server: a question that some server does
not answer in time, or with another number of rows, is left out for all and named below the table.
Start-up is the time from the start of the process to its first answered query. Memory is what the
processes of a server hold when the load ends: the largest one, and all together (pages that several
processes share are counted once, as the system's proportional set size). With `--cache 0` every
answer of iero is evaluated anew; the other servers keep no answers.

Needs `pip install iero[dev]`. The load comes from `wrk` where it is installed; without it, and for
a server too slow to go through all questions in the time, from Python in whole rounds.
"""

from __future__ import annotations

import sys

sys.path[:] = sys.path[1:]  # drop this folder, where this file would hide Python's http

import argparse
import http.client
import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import repeat
from pathlib import Path
from urllib.parse import urlencode

import pyoxigraph

ROOT = Path(__file__).parents[1]
CONNECTIONS = 8
HEADERS = {"Accept": "application/sparql-results+json"}
LUA = """
local paths = {}
for line in io.lines("%s") do paths[#paths + 1] = line end
local at = 0
request = function()
  at = at %% #paths + 1
  return wrk.format("GET", paths[at], { ["Accept"] = "application/sparql-results+json" })
end
done = function(summary)
  local e = summary.errors
  local failed = e.connect + e.read + e.write + e.status + e.timeout
  io.write(string.format("RESULT %%d %%d %%d\\n", summary.requests, summary.duration, failed))
end
"""


@dataclass(frozen=True)
class Contender:
    """A server: its command (with `{port}`, `{data}`, `{store}`) and its path."""

    name: str
    path: str
    command: tuple[str, ...]


@dataclass(frozen=True)
class Result:
    """What was measured of one server."""

    name: str
    rate: float
    start: float
    generator: str
    largest: float
    memory: float


def contenders(workers: int, cache: int | None) -> list[Contender]:
    """Return the servers to compare, ours first; all of them are in the `dev` extra."""
    scripts, local = Path(sys.executable).parent, "127.0.0.1:{port}"
    cached = () if cache is None else ("--cache", str(cache))
    return [
        Contender("iero", "/sparql", (
            sys.executable, "-m", "iero", "serve", "--port", "{port}", "--data", "{data}",
            "--workers", str(workers), *cached)),
        Contender("oxigraph", "/query", (
            f"{scripts}/oxigraph", "serve-read-only", "--location", "{store}", "--bind", local,
            "--union-default-graph")),
        Contender("rdflib-endpoint", "/", (
            f"{scripts}/rdflib-endpoint", "serve", "--host", "127.0.0.1", "--port", "{port}",
            "{data}")),
    ]


def prepare(data: Path, folder: Path) -> dict[str, str]:
    """Write the data in the form in which each server takes it."""
    store = pyoxigraph.Store(str(folder / "store"))
    store.bulk_load(path=str(data), format=pyoxigraph.RdfFormat.N_QUADS)
    store.optimize()
    return {"data": str(data), "store": str(folder / "store")}


@contextmanager
def running(contender: Contender, places: dict[str, str]) -> Iterator[tuple[int, float, int]]:
    """Run a server; yield its port, the seconds until its first answer, and its process group."""
    with socket.create_server(("127.0.0.1", 0)) as trial:
        port = int(trial.getsockname()[1])
    command = [part.format(port=port, **places) for part in contender.command]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "service")}
    with tempfile.TemporaryFile() as log:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment,
                                   start_new_session=True)
        try:
            while not answers(port, contender.path):
                if process.poll() is not None or time.perf_counter() - started > 60:
                    log.seek(0)
                    sys.exit(f"{contender.name} did not start:\n{log.read().decode()}")
                time.sleep(0.002)
            yield port, time.perf_counter() - started, process.pid
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(3)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def answers(port: int, path: str) -> bool:
    """Say whether a server answers a query already."""
    try:
        return ask(port, target(path, "SELECT * { ?s ?p ?o } LIMIT 1"), 60) == 1
    except OSError:
        return False


def target(path: str, query: str) -> str:
    """Return the path and query string of a request."""
    return f"{path}?{urlencode({'query': query})}"


def ask(port: int, address: str, timeout: float) -> int:
    """Send one query and return its number of rows, or the truth of an ASK."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", address, headers=HEADERS)
        response = connection.getresponse()
        body = response.read()
    finally:
        connection.close()
    if response.status != 200:
        sys.exit(f"{response.status} from port {port}: {body[:500].decode()}")
    answer = json.loads(body)
    return len(answer["results"]["bindings"]) if "results" in answer else int(answer["boolean"])


def count_rows(
    contender: Contender, places: dict[str, str], questions: dict[str, str], timeout: float
) -> dict[str, int | None]:
    """Return the number of rows of each question, or None where it is not answered in time."""
    rows: dict[str, int | None] = {}
    while len(rows) < len(questions):  # a server that hangs on one question is started again
        with running(contender, places) as (port, _, _):
            for name in [name for name in questions if name not in rows]:
                try:
                    rows[name] = ask(port, target(contender.path, questions[name]), timeout)
                except TimeoutError:
                    rows[name] = None
                    break
    return rows


def load_with_wrk(port: int, paths: list[str], seconds: float, folder: Path) -> tuple[int, float]:
    """Return how many requests wrk had answered in how many seconds, going round the list."""
    (folder / "paths").write_text("\n".join(paths) + "\n")
    (folder / "load.lua").write_text(LUA % (folder / "paths"))
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", "--timeout", "60s",
               "-s", str(folder / "load.lua"), f"http://127.0.0.1:{port}"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    line = next(line for line in ran.stdout.splitlines() if line.startswith("RESULT"))
    requests, microseconds, failed = map(int, line.split()[1:])
    if failed:
        sys.exit(f"{failed} requests failed:\n{ran.stdout}")
    return requests, microseconds / 1e6


def load_with_python(port: int, paths: list[str], seconds: float) -> tuple[int, float]:
    """Return how many requests were answered in how many seconds, in whole rounds."""
    done = 0
    with ProcessPoolExecutor(CONNECTIONS) as pool:
        started = time.perf_counter()
        while not done or time.perf_counter() - started < seconds:
            done += len(list(pool.map(ask, repeat(port), paths, repeat(600.0))))
        return done, time.perf_counter() - started


def measure(
    contender: Contender, places: dict[str, str], questions: list[str], seconds: float, folder: Path
) -> Result:
    """Run one server under load."""
    paths = [target(contender.path, text) for text in questions]
    with running(contender, places) as (port, start, pid):
        for path in paths:
            ask(port, path, 600)  # warm
        done, generator = 0, "wrk"
        if shutil.which("wrk"):
            done, took = load_with_wrk(port, paths, seconds, folder)
        if done < len(paths):
            generator = "python"
            done, took = load_with_python(port, paths, seconds)
        return Result(contender.name, done / took, start, generator, *memory(pid))


def memory(pid: int) -> tuple[float, float]:
    """Return the megabytes of the largest process below one, and of all of them together."""
    below, todo = set[int](), [pid]
    while todo:
        parent = todo.pop()
        below.add(parent)
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            todo += [int(child) for child in children.read_text().split()]
    resident, proportional = [], []
    for each in below:
        rollup = Path(f"/proc/{each}/smaps_rollup").read_text()
        lines = [line.split() for line in rollup.splitlines()[1:]]
        sizes = {line[0].removesuffix(":"): int(line[1]) / 1024 for line in lines}
        resident.append(sizes["Rss"])
        proportional.append(sizes["Pss"])
    return max(resident), sum(proportional)


def compare(counts: dict[str, dict[str, int | None]]) -> tuple[list[str], list[str]]:
    """Return the questions that all servers answer alike, and a note on each of the others."""
    alike, notes = [], []
    for name in next(iter(counts.values())):
        rows = {server: found[name] for server, found in counts.items()}
        if None in rows.values() or len(set(rows.values())) > 1:
            told = [f"{server} {'too late' if count is None else count}"
                    for server, count in rows.items()]
            notes.append(f"left out: {name} (rows: {', '.join(told)})")
        else:
            alike.append(name)
    return alike, notes


def report(results: list[Result], notes: list[str]) -> None:
    """Print the table."""
    print(f"{'server':<18}{'requests/s':>12}{'iero is':>11}{'first answer':>15}"
          f"{'largest':>11}{'together':>11}  load from")
    for each in results:
        print(f"{each.name:<18}{each.rate:>12,.1f}{results[0].rate / each.rate:>10.2f}x"
              f"{each.start:>13.2f} s{each.largest:>8,.0f} MB{each.memory:>8,.0f} MB"
              f"  {each.generator}")
    print(*notes, sep="\n")


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT / "ontology/release/iero-kg.nq")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--timeout", type=float, default=20, help="for one question")
    parser.add_argument("--workers", type=int, default=1, help="worker processes of iero serve")
    parser.add_argument("--cache", type=int, metavar="MB", help="answers that iero keeps; 0: none")
    parser.add_argument("--only", nargs="*", metavar="SERVER", help="of the others")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    files = sorted((ROOT / "queries/questions").glob("*.rq"))
    questions = {file.stem: file.read_text() for file in files}
    if not questions:
        sys.exit("There are no questions in queries/questions.")
    servers = [each for each in contenders(options.workers, options.cache)
               if each.name == "iero" or options.only is None or each.name in options.only]
    with tempfile.TemporaryDirectory() as folder:
        places = prepare(options.data, Path(folder))
        counts = {each.name: count_rows(each, places, questions, options.timeout)
                  for each in servers}
        alike, left_out = compare(counts)
        results = [measure(each, places, [questions[name] for name in alike], options.seconds,
                           Path(folder)) for each in servers]
    notes = [f"{len(alike)} of {len(questions)} questions; {CONNECTIONS} connections, "
             f"{options.seconds:g} s; {options.workers} worker(s) of iero, its cache "
             + ("as it comes" if options.cache is None else f"{options.cache} MB"),
             f"{os.cpu_count()} cores, {platform.platform()}, Python {platform.python_version()}",
             *left_out]
    if options.json:
        print(json.dumps({"results": [asdict(each) for each in results], "notes": notes}, indent=2))
    else:
        report(results, notes)


if __name__ == "__main__":
    main()
