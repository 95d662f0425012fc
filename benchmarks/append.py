"""Validated appends to a small and to a large graph: ``python benchmarks/append.py``.

Two data directories, of ten thousand and of ten million triples of annotations beside the graph of
IERO, are loaded with ``iero load``'s own code. Then batches of 1,000 new annotations are put into
graphs of their own, each validated by IERO's shapes, in turn into the one and the other. The result
is the ratio of the medians; budget 5 of the design is 1.5.
"""

from __future__ import annotations

import argparse
import gzip
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from iero.changes import Changes, Grant, Grants
from iero.changes.loading import Loading
from iero.pool import Limits
from iero.resources import locate

LITERATURE = "https://w3id.org/iero/graph/literature/"
GRANTS = Grants((Grant((LITERATURE + "*",)),))
CONCEPTS = ("Venting", "ReassuranceSeeking", "SupportSeeking", "Soothing", "EmotionalContagion")
IERO, OA = "https://w3id.org/iero/", "http://www.w3.org/ns/oa#"
XSD = "http://www.w3.org/2001/XMLSchema#"
TYPE = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
PER_ANNOTATION = 16


def annotation(graph: str, number: int) -> str:
    """Return an annotation as ``iero tag`` writes it, in N-Triples: 16 triples."""
    a = f"<{graph}#a{number}"
    place = 37 + number % 900
    return "".join(f"{line} .\n" for line in (
        f"{a}> {TYPE} <{OA}Annotation>", f"{a}> <{OA}motivatedBy> <{OA}tagging>",
        f"{a}> <{OA}hasBody> <{IERO}{CONCEPTS[number % len(CONCEPTS)]}>",
        f"{a}> <{OA}hasTarget> {a}-target>",
        f"{a}> <http://www.w3.org/ns/prov#wasGeneratedBy> <{graph}#run>",
        f'{a}> <{IERO}matchScore> "0.95"^^<{XSD}decimal>',
        f'{a}> <{IERO}isNegated> "false"^^<{XSD}boolean>',
        f'{a}> <{IERO}matchScope> "label"',
        f"{a}-target> {TYPE} <{OA}SpecificResource>",
        f"{a}-target> <{OA}hasSource> <https://example.org/abstract/{number // 7}>",
        f"{a}-target> <{OA}hasSelector> {a}-quote>",
        f"{a}-quote> {TYPE} <{OA}TextQuoteSelector>",
        f"{a}-quote> {TYPE} <{OA}TextPositionSelector>",
        f'{a}-quote> <{OA}exact> "venting {number}"',
        f'{a}-quote> <{OA}start> "{place}"^^<{XSD}nonNegativeInteger>',
        f'{a}-quote> <{OA}end> "{place + 7}"^^<{XSD}nonNegativeInteger>'))


def document(graph: str, annotations: int) -> Iterator[str]:
    """Yield a graph of annotations."""
    for number in range(annotations):
        yield annotation(graph, number)


def loaded(folder: Path, triples: int) -> Path:
    """Make a data directory of a size, and say how long loading took."""
    graph = f"{LITERATURE}loaded"
    file = folder / f"{triples}.nt.gz"
    with gzip.open(file, "wt", compresslevel=1, encoding="utf-8") as output:
        output.writelines(document(graph, triples // PER_ANNOTATION))
    directory = folder / f"data-{triples}"
    started = time.perf_counter()
    loading = Loading(directory, None, [Path(str(locate("ontology/release/iero-kg.nq")))])
    try:
        loading.load(file, graph, lambda *_: None)
        loading.publish()
    finally:
        loading.close()
    seconds = time.perf_counter() - started
    size = sum(each.stat().st_size for each in directory.rglob("*") if each.is_file())
    print(f"loaded {triples:>12,} triples in {seconds:8.1f} s  ({triples / seconds:>9,.0f}/s, "
          f"{size >> 20:,} MB on disk)")
    return directory


def append(changes: Changes, number: int, annotations: int) -> float:
    """Put a batch into a graph of its own, and return the seconds that it took."""
    graph = f"{LITERATURE}batch-{number}"
    data = "".join(document(graph, annotations)).encode()
    started = time.perf_counter()
    outcome = changes.put(graph, data, "ntriples", grants=GRANTS)
    seconds = time.perf_counter() - started
    if outcome.inserted != annotations * PER_ANNOTATION or not outcome.report.conforms:
        raise SystemExit(f"The batch was not appended: {outcome}")
    return seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--large", type=int, default=10_000_000)
    parser.add_argument("--annotations", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder by default")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="iero-append-", dir=asked.folder))
    stores: list[Changes] = []
    try:
        sizes = (asked.small, asked.large)
        stores = [Changes.open(loaded(folder, size), limits=Limits(seconds=600)) for size in sizes]
        for changes in stores:
            append(changes, 0, asked.annotations)  # the writer has started
        times = [[append(changes, number, asked.annotations) for changes in stores]
                 for number in range(1, asked.rounds + 1)]
        small, large = (median(column) for column in zip(*times, strict=True))
        for size, seconds in zip(sizes, (small, large), strict=True):
            print(f"append of {asked.annotations:,} annotations to {size:>12,} triples: "
                  f"{seconds:.2f} s")
        print(f"ratio {large / small:.2f} (budget 1.5)")
    finally:
        for changes in stores:
            changes.close()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
