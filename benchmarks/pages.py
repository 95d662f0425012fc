"""How long pages take with a million annotations loaded: p50, p95, p99 of each kind of request.

    python benchmarks/pages.py [--annotations 1000000] [--seconds 20] [--connections 4] [--keep DIR]

Annotations as `iero tag` writes them are generated and loaded into a data directory beside the
shipped graph (`iero load`), each in the graph of its batch, and served by `iero serve --data`. Then
each kind of request is made by several connections at a time, over terms drawn anew for each (the
same ones in each run), with no answers kept (`--cache 0`). The budgets, for 95 of 100 requests:
100 ms for the page of a term and for a search, 50 ms for a suggestion.
"""

from __future__ import annotations

import sys

sys.path[:] = sys.path[1:]  # drop this folder, where a file would hide Python's http

import argparse
import http.client
import os
import platform
import random
import re
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode

import pyoxigraph as ox

ROOT = Path(__file__).parents[1]
RELEASE = ROOT / "ontology/release/iero-kg.nq"
IERO = "https://w3id.org/iero/"
LABELS = ("SELECT ?t ?l { ?t <http://www.w3.org/2000/01/rdf-schema#label> ?l "
          "FILTER (STRSTARTS(STR(?t), 'https://w3id.org/iero/')) } ORDER BY ?t")
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT / "service")}
BATCH = 10_000
BUDGETS = {"term": 100, "search": 100, "suggest": 50}
PAGE = {"Accept": "text/html"}


def labelled() -> list[tuple[str, str]]:
    """Return local name and label of every term that has a page of its own."""
    store = ox.Store()
    store.bulk_load(path=str(RELEASE), format=ox.RdfFormat.N_QUADS)
    found = [(row["t"].value.removeprefix(IERO), row["l"].value)
             for row in store.query(LABELS, use_default_graph_as_union=True)]
    return sorted({pair for pair in found if re.fullmatch(r"[A-Za-z]+", pair[0])})


def annotation(number: int, draw: random.Random, names: list[str]) -> str:
    """Return one annotation in N-Quads: its body, its target, the exact quote and its place."""
    graph = f"<{IERO}graph/literature/bench-{number // BATCH}>"
    oa, rdf = "http://www.w3.org/ns/oa#", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    at, target = f"<urn:bench:{number}>", f"_:t{number}"
    start = draw.randrange(2000)
    triples = [
        (at, f"{rdf}type", f"<{oa}Annotation>"), (at, f"{oa}motivatedBy", f"<{oa}tagging>"),
        (at, f"{oa}hasBody", f"<{IERO}{draw.choice(names)}>"), (at, f"{oa}hasTarget", target),
        (target, f"{oa}hasSource", f"<https://doi.org/10.5555/{number // 6}>"),
        (target, f"{oa}hasSelector", f"_:q{number}"),
        (f"_:q{number}", f"{rdf}type", f"<{oa}TextQuoteSelector>"),
        (f"_:q{number}", f"{oa}exact", f'"mention {number % 997}"'),
        (f"_:q{number}", f"{oa}start", f'"{start}"^^<http://www.w3.org/2001/XMLSchema#integer>'),
    ]
    return "".join(f"{s} <{p}> {o} {graph} .\n" for s, p, o in triples)


def fill(directory: Path, annotations: int, names: list[str]) -> None:
    """Make a data directory with the release and the annotations."""
    draw = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "annotations.nq"
        with file.open("w", encoding="utf-8") as output:
            for number in range(annotations):
                output.write(annotation(number, draw, names))
        subprocess.run([sys.executable, "-m", "iero", "load", str(directory), str(file),
                        "--no-validate"], check=True, env=ENVIRONMENT)


@contextmanager
def serving(directory: Path) -> Iterator[int]:
    """Run the service; yield its port."""
    command = [sys.executable, "-m", "iero", "serve", "--port", "0", "--cache", "0", "--data",
               str(directory), "--read-only"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True,
                               env=ENVIRONMENT)
    assert process.stderr is not None
    try:
        for line in process.stderr:
            print(line, end="", file=sys.stderr)
            if found := re.search(r"ready at http://[^:]+:(\d+)/", line):
                break
        else:
            sys.exit("The service did not start.")
        yield int(found[1])
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def latencies(port: int, path: Callable[[random.Random], str], seconds: float, connections: int
              ) -> list[float]:
    """Make requests for some seconds and return how long each took, in milliseconds."""

    def one(seed: int) -> list[float]:
        draw, took = random.Random(seed), []
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        until = time.perf_counter() + seconds
        while (started := time.perf_counter()) < until:
            asked = path(draw)
            connection.request("GET", asked, headers=PAGE if "/term/" in asked else {})
            response = connection.getresponse()
            response.read()
            if response.status != 200:
                sys.exit(f"{response.status} from {asked}")
            took.append((time.perf_counter() - started) * 1000)
        connection.close()
        return took

    with ThreadPoolExecutor(connections) as threads:
        return [each for part in threads.map(one, range(connections)) for each in part]


def requests(pairs: list[tuple[str, str]]) -> dict[str, Callable[[random.Random], str]]:
    """Return for each kind of request what makes its address: terms, whole labels, beginnings."""

    def words(draw: random.Random) -> str:
        return draw.choice(pairs)[1]

    def beginning(draw: random.Random) -> str:
        text = words(draw)
        return text[:draw.randint(2, max(2, len(text)))]

    return {"term": lambda draw: f"/term/{quote(draw.choice(pairs)[0])}",
            "search": lambda draw: f"/search?{urlencode({'q': words(draw)})}",
            "suggest": lambda draw: f"/suggest?{urlencode({'q': beginning(draw)})}"}


def report(kind: str, took: list[float]) -> bool:
    """Print a row of the table, and say whether the budget is kept."""
    cuts = statistics.quantiles(took, n=100)
    kept = cuts[94] <= BUDGETS[kind]
    print(f"| {kind} | {len(took):,} | {cuts[49]:.1f} | {cuts[94]:.1f} | {cuts[98]:.1f} "
          f"| {BUDGETS[kind]} | {'yes' if kept else 'no'} |")
    return kept


def main() -> None:
    """Generate, serve, measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--annotations", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=20, help="for each kind of request")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--only", nargs="*", choices=BUDGETS, default=list(BUDGETS))
    parser.add_argument("--keep", type=Path, help="use this data directory, or make it")
    options = parser.parse_args()
    pairs = labelled()
    if len(pairs) < 100:
        sys.exit("The release has not been built.")
    with tempfile.TemporaryDirectory() as folder:
        data = options.keep or Path(folder) / "data"
        if not data.exists():
            fill(data, options.annotations, [name for name, _ in pairs])
        with serving(data) as port:
            print("| request | number | p50, ms | p95, ms | p99, ms | budget | kept |")
            print("|---|---:|---:|---:|---:|---:|---|")
            kept = []
            for kind in options.only:
                path = requests(pairs)[kind]
                latencies(port, path, 2, options.connections)  # warm
                kept.append(report(kind, latencies(port, path, options.seconds,
                                                   options.connections)))
    print(f"\n{options.annotations:,} annotations, {options.connections} connections, "
          f"{os.cpu_count()} cores, {platform.platform()}, Python {platform.python_version()}")
    sys.exit(0 if all(kept) else 1)


if __name__ == "__main__":
    main()
