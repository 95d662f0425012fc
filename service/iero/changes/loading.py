"""Many triples at once: files into a working store whose default graph is the union of the others.

The engine's way for bulk (sorted files instead of a transaction) takes quads from an iterator, and
the union is written on the same pass. A load becomes visible as one version, like any change, but
nothing limits its size, and its author owns the directory.
"""

from __future__ import annotations

import gzip
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, cast

import pyoxigraph as ox

from iero.changes.editor import Editor
from iero.changes.grants import EVERYTHING
from iero.directory import About, DataDirectory, clone, disk, remove
from iero.errors import BadDocument, BadParameter, NotFound
from iero.report import Fault, Report
from iero.results import RDF_FORMATS
from iero.store import Store, data_format

if TYPE_CHECKING:
    from iero.changes.guard import Guard

Progress = Callable[[int, int, int], None]
"""Told how many bytes of a file are read, of how many, and how many triples that were."""

_CHECKED: Final = 50_000
"""Triples that are held against the shapes at a time."""

_TOLD: Final = 20_000
"""Triples after which progress is told."""


class Loading:
    """Loads files into a data directory that nobody else changes meanwhile.

    :param path: the directory; where there is none, one is made, with ``seed`` in it.
    :param guard: what the loaded data must conform to; nothing checks nothing.
    :raises DirectoryFailure: if somebody else changes it, or it is none.
    """

    def __init__(self, path: Path, guard: Guard | None, seed: Iterable[Path] = ()) -> None:
        self._guard = guard
        new = not DataDirectory.exists(path)
        self.directory = DataDirectory.create(path) if new else DataDirectory(path)
        self.directory.lock()
        self._base = About(sizes={}) if new else self.directory.about()
        self._place = self.directory.workplace()
        if not new:
            clone(self.directory.version(self._base.version), self._place)
        with disk(path):
            self._engine = ox.Store(str(self._place))
            self._counts = Counter[str]()
            if new:
                fill(self._engine, seed)
                self._base = About(sizes=Store(self._engine).graph_sizes())

    def load(self, file: Path, graph: str, progress: Progress) -> None:
        """Load a file; see :func:`load`."""
        with disk(self.directory.path):
            self._counts.update(load(self._engine, file, graph, progress))

    def clear(self, graphs: Iterable[str]) -> None:
        """Remove what graphs hold."""
        editor = Editor(self._engine, EVERYTHING, united=True, largest=sys.maxsize)
        with disk(self.directory.path):
            for graph in graphs:
                editor.clear(ox.NamedNode(graph))
        self._counts.update(dict.fromkeys(graphs, 0))

    def check(self, progress: Callable[[int, int], None]) -> Report:
        """Hold all graphs that were loaded against the shapes.

        :param progress: told how many of how many triples have been looked at.
        :raises InvalidChange: if they violate one, beyond what was violated before.
        """
        found, done, total = list[Fault](), 0, sum(self._sizes().values())
        if self._guard is None:
            return Report()
        for graph in self._counts:
            for batch in self._batches(graph):
                found += self._guard.check(self._engine, batch, self._before).results
                done += len(batch)
                progress(done, total)
        return Report(tuple(dict.fromkeys(found)))

    def publish(self) -> About:
        """Make what was loaded the current version.

        :raises DiskFull: if there is no room; nothing has changed then.
        """
        sizes = dict(self._base.sizes or {}) | self._sizes()
        name = self.directory.next_name()
        made = About(name, name, {graph: size for graph, size in sorted(sizes.items()) if size})
        with disk(self.directory.path):
            self._engine.backup(str(self.directory.version(name)))
            self.directory.describe(made)
        self.directory.publish(name)
        self.directory.tidy()
        return made

    def close(self) -> None:
        """Give the directory back, with whatever was published."""
        self._engine = ox.Store()
        remove(self._place)
        self.directory.unlock()

    def _batches(self, graph: str) -> Iterator[list[ox.Quad]]:
        """Yield what a graph holds; being a generator, it lets the engine's iterator go at once.

        One that the error of a failed check holds on to could go in another thread, which the
        engine forbids.
        """
        quads = self._engine.quads_for_pattern(None, None, None, ox.NamedNode(graph))
        while batch := list(islice(quads, _CHECKED)):
            yield batch

    def _sizes(self) -> dict[str, int]:
        """Count the triples of the graphs that were loaded."""
        return {graph: sum(1 for _ in self._engine.quads_for_pattern(
            None, None, None, ox.NamedNode(graph))) for graph in self._counts}

    def _before(self) -> ox.Store:
        if not self._base.version:
            return ox.Store()
        return ox.Store.read_only(str(self.directory.version(self._base.version)))


def graphs_of(file: Path, graph: str = "") -> set[str]:
    """Return the graphs that a file has triples for; see :func:`load` for the rest."""
    counts = Counter[str]()
    with _opened(file) as (data, _), _explained(file):
        for _ in _quads(file, data, graph, counts):
            pass
    return set(counts)


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
        with _explained(file):
            engine.bulk_extend(_united(quads, lambda number: progress(*position(), number)))
        progress(*position(), counts.total())
    return dict(counts)


@contextmanager
def _explained(file: Path) -> Iterator[None]:
    """Say where a file does not parse."""
    try:
        yield
    except SyntaxError as error:
        raise BadDocument(f"{file}:{error.lineno}:{error.offset}: {error.msg}.",
                          line=error.lineno, column=error.offset, file=str(file),
                          hint="Nothing was loaded. Mend the file there.") from error
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BadDocument(f"{str(file)!r} is no whole gzip file: {error}.",
                          hint="Nothing was loaded. Fetch it again.") from error


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
