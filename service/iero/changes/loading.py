"""Many triples at once: files into a working store whose default graph is the union of the others.

The engine's way for bulk (sorted files instead of a transaction) takes quads from an iterator, and
the union is written on the same pass.
"""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, Final, cast

import pyoxigraph as ox

from iero.errors import BadDocument, BadParameter, NotFound
from iero.results import RDF_FORMATS
from iero.store import data_format

Progress = Callable[[int, int, int], None]
"""Told how many bytes of a file are read, of how many, and how many triples that were."""

_TOLD: Final = 20_000
"""Triples after which progress is told."""


def fill(engine: ox.Store, files: Iterable[Path]) -> None:
    """Load files of named graphs into an empty store."""
    for file in files:
        load(engine, file)


def load(engine: ox.Store, file: Path, graph: str = "",
         progress: Progress = lambda *_: None) -> dict[str, int]:
    """Load a file.

    :param file: its name tells its format; ``.gz`` behind that means that it is compressed.
    :param graph: the named graph for triples; quads bring their own.
    :return: the triples that the file has for each graph.
    :raises NotFound: if there is no such file, or its name tells no format.
    :raises BadDocument: if it does not parse.
    :raises BadParameter: for triples without a graph to put them in.
    """
    counts = Counter[str]()
    with _opened(file) as (data, position):
        quads = _quads(file, data, graph, counts)
        try:
            engine.bulk_extend(_united(quads, lambda number: progress(*position(), number)))
        except SyntaxError as error:
            raise BadDocument(f"{file}:{error.lineno}:{error.offset}: {error.msg}.",
                              line=error.lineno, column=error.offset, file=str(file),
                              hint="Nothing was loaded. Mend the file there.") from error
        except (EOFError, gzip.BadGzipFile) as error:
            raise BadDocument(f"{str(file)!r} is no whole gzip file: {error}.",
                              hint="Nothing was loaded. Fetch it again.") from error
        progress(*position(), counts.total())
    return dict(counts)


def _quads(file: Path, data: IO[bytes], graph: str, counts: Counter[str]) -> Iterator[ox.Quad]:
    """Yield the quads of a file, all in named graphs."""
    fmt = data_format(file.name.removesuffix(".gz"))
    target = ox.NamedNode(graph) if graph else None
    base = file.resolve().as_uri()
    for quad in ox.parse(data, RDF_FORMATS[fmt.name], base_iri=base, rename_blank_nodes=True):
        if isinstance(quad.graph_name, ox.DefaultGraph):
            if target is None:
                raise BadParameter(f"{str(file)!r} has triples outside of named graphs.",
                                   hint="Name the graph for them: --graph IRI.", parameter="graph")
            quad = ox.Quad(quad.subject, quad.predicate, quad.object, target)
        counts[quad.graph_name.value] += 1
        yield quad


def _united(quads: Iterable[ox.Quad], tell: Callable[[int], None]) -> Iterator[ox.Quad]:
    """Yield quads, each with its triple for the union."""
    for number, quad in enumerate(quads):
        if number % _TOLD == 0:
            tell(number)
        yield quad
        yield ox.Quad(quad.subject, quad.predicate, quad.object)


@contextmanager
def _opened(file: Path) -> Iterator[tuple[IO[bytes], Callable[[], tuple[int, int]]]]:
    """Open a file, and tell how far into it, as it lies on the disk, reading has come."""
    try:
        raw = file.open("rb")
    except OSError as error:
        raise NotFound(f"{str(file)!r} cannot be read: {error.strerror}.", nearest=[]) from error
    with raw:
        size = file.stat().st_size
        zipped = file.name.endswith(".gz")
        with gzip.open(raw) if zipped else nullcontext(raw) as data:
            yield cast(IO[bytes], data), lambda: (raw.tell(), size)
