"""How long a reader waits: term pages, search and suggestions, over HTTP.

    python benchmarks/pages.py                         the release
    python benchmarks/pages.py --annotations 1000000   with so many made-up annotations beside it

Every address is asked for twice, in two rounds: as its first visitor, and warm, when the service
has answers of its store at hand; the budget is for the second. Needs a quiet machine; prints
medians and 95th percentiles in milliseconds.
"""

from __future__ import annotations

import sys

sys.path[:] = sys.path[1:]  # drop this folder, whose http.py would hide Python's

import argparse
import random
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from iero import KnowledgeGraph, resources

RELEASE = "ontology/release/iero-kg.nq"
BUDGET = {"term page": 100, "search": 100, "suggest": 50}
BROWSER = {"Accept": "text/html,*/*;q=0.5"}
OA = "http://www.w3.org/ns/oa#"


def annotated(folder: Path, terms: list[str], number: int) -> Path:
    """Write the release with annotations, each of two selectors' worth of triples, to a file."""
    file = folder / "annotated.nq"
    graph = "<https://w3id.org/iero/graph/literature/benchmark>"
    dice = random.Random(1)
    with file.open("wb") as out:
        out.write(resources.read(RELEASE))
        for each in range(number):
            node = f"<https://example.org/annotation/{each}"
            out.write((
                f"{node}> <{OA}hasBody> <{dice.choice(terms)}> {graph} .\n"
                f"{node}> <{OA}hasTarget> {node}/target> {graph} .\n"
                f"{node}/target> <{OA}hasSource> <https://example.org/{each // 20}> {graph} .\n"
                f"{node}/target> <{OA}hasSelector> {node}/quote> {graph} .\n"
                f'{node}/quote> <{OA}exact> "quote {each}" {graph} .\n').encode())
    return file


@contextmanager
def service(*options: str) -> Iterator[str]:
    """Serve until the block ends; gives the address."""
    command = [sys.executable, "-m", "iero", "serve", "--port", "0", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        try:
            yield line.split("ready at ")[1].split()[0].rstrip("/")
        finally:
            process.terminate()


def measured(client: httpx.Client, paths: list[str]) -> tuple[float, float]:
    """Return the median and the 95th percentile of the answers' times, in milliseconds."""
    times = []
    for path in paths:
        start = time.perf_counter()
        client.get(path).raise_for_status()
        times.append((time.perf_counter() - start) * 1000)
    times.sort()
    return times[len(times) // 2], times[len(times) * 95 // 100]


def main() -> None:
    """Measure, and print a table with the budgets."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--annotations", type=int, default=0, help="how many to make up")
    options.add_argument("--requests", type=int, default=300, help="how many of each kind")
    chosen = options.parse_args()
    terms = KnowledgeGraph.open().terms()
    dice = random.Random(2)
    some = dice.sample(terms, min(chosen.requests, len(terms)))
    asked = {
        "term page": [f"/term/{term.curie.removeprefix('iero:')}" for term in some],
        "search": [f"/search?q={term.label}" for term in some],
        "suggest": [f"/suggest?q={term.label[:dice.randint(2, 12)]}" for term in some],
    }
    with tempfile.TemporaryDirectory() as folder:
        data = []
        if chosen.annotations:
            names = [str(term) for term in terms]
            data = ["--data", str(annotated(Path(folder), names, chosen.annotations))]
        with service(*data) as address, httpx.Client(
                base_url=address, headers=BROWSER, timeout=60) as client:
            client.get("/search?q=warm").raise_for_status()  # makes the index
            client.get("/term/Venting").raise_for_status()
            print(f"{'ms':10} {'first':>8} {'p95':>8} {'again':>8} {'p95':>8} {'budget':>8}   "
                  f"{len(some)} requests each")
            rounds = [{name: measured(client, paths) for name, paths in asked.items()}
                      for _ in range(2)]
            for name in asked:
                figures = " ".join(f"{figure:8.1f}" for each in rounds for figure in each[name])
                print(f"{name:10} {figures} {BUDGET[name]:8}")


if __name__ == "__main__":
    main()
