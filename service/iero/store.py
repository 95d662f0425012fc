"""The embedded SPARQL engine: data in memory, and queries that never leave the machine.

The union of all graphs is kept as the engine's default graph. The engine can also compute that
union for each query, but then a triple that stands in two graphs is counted twice, against the
standard's definition of a graph as a set (SPARQL 1.1 Query, section 13.1).
"""

from __future__ import annotations

import re
import weakref
from collections.abc import Iterable
from contextlib import ExitStack
from importlib.resources.abc import Traversable
from pathlib import Path
from threading import Lock
from typing import BinaryIO, Final, cast

import pyoxigraph as ox

from iero.directory import About, DataDirectory, failure
from iero.errors import BadParameter, BadQuery, NotAcceptable, NotFound, OntologyError
from iero.protocol import Format, explain_syntax_error, format_named, refuse_unsafe
from iero.results import RDF_FORMATS, Answer, Result, Sink
from iero.syntax import declared_prefixes, names_graphs, refuse_excess
from iero.vocabulary import PREFIXES

__all__ = ["Answer", "Store", "data_format", "explain"]

_COPY_TO_UNION: Final = "INSERT { ?s ?p ?o } WHERE { GRAPH ?g { ?s ?p ?o } }"
_SIZES: Final = "SELECT ?g (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g ORDER BY ?g"

def data_format(name: str) -> Format:
    """Return the RDF format of a file by the end of its name.

    >>> data_format("release/iero-kg.nq").name
    'nquads'

    :raises NotFound: if the suffix belongs to no RDF format.
    """
    suffix = name.rpartition(".")[2]
    try:
        return format_named(suffix, "graph")
    except NotAcceptable as error:
        raise NotFound(f"{name!r} has no suffix of an RDF file.",
                       hint="Known: .ttl .nt .nq .trig .rdf .owl .jsonld", nearest=[]) from error


class Store:
    """RDF in memory, queried by SPARQL.

    >>> store = Store()
    >>> store.load(b"<urn:a> <urn:b> 1, 2 .", "turtle")
    >>> [row["o"].value for row in store.query("SELECT ?o { ?s ?p ?o } ORDER BY ?o").rows()]
    [1, 2]
    """

    def __init__(self, engine: ox.Store | None = None) -> None:
        """Make a store.

        :param engine: what holds the data already; without it, an empty store in memory.
        """
        self._engine = ox.Store() if engine is None else engine
        self._lock = Lock()
        self._united = True
        self._merged: dict[frozenset[str], ox.Store] = {}

    @classmethod
    def open(cls, files: Iterable[Path | Traversable]) -> Store:
        """Load files into a new store.

        :raises NotFound: if one does not exist or is no RDF file by its name.
        :raises OntologyError: if one does not parse; ``file`` and ``reason`` say where and why.
        """
        store = cls()
        for file in files:
            store.load_file(file)
        return store

    @classmethod
    def read(cls, folder: Path) -> Store:
        """Open data that the engine keeps in a folder, which nobody changes; read-only.

        :raises DirectoryFailure: if they cannot be opened.
        """
        try:
            return cls(ox.Store.read_only(str(folder)))
        except OSError as error:
            raise failure(error, folder) from error

    @classmethod
    def current(cls, directory: Path) -> Store:
        """Open the current version of a data directory, and stay with it.

        :raises DirectoryFailure: if it is none, or cannot be opened.
        """
        with ExitStack() as stack:
            store = cls.read(stack.enter_context(DataDirectory(directory).reading()))
            weakref.finalize(store, stack.pop_all().close)
        return store

    def load_file(self, file: Path | Traversable) -> None:
        """Add a file; its format follows from its name. See :meth:`open` for the errors."""
        fmt = data_format(file.name)
        try:
            self.load(file.read_bytes(), fmt.name, name=str(file))
        except (FileNotFoundError, IsADirectoryError) as error:
            raise NotFound(f"There is no file {str(file)!r}.", nearest=[]) from error

    def load(self, data: bytes, fmt: str, *, graph: str = "", name: str = "the data") -> None:
        """Add serialised RDF.

        :param fmt: a format's name, as in :data:`iero.protocol.FORMATS`.
        :param graph: the named graph for triples; without it they go to the default graph.
        :raises OntologyError: if the data do not parse.
        """
        target = ox.NamedNode(graph) if graph else None
        try:
            engine_format = RDF_FORMATS[format_named(fmt, "graph").name]
            self._engine.bulk_load(data, engine_format, to_graph=target)
        except SyntaxError as error:
            raise OntologyError(f"{name} does not parse: {error.msg}", file=name,
                                line=error.lineno, reason=error.msg) from error
        self._united = False

    def unite(self) -> None:
        """Copy every named graph into the default graph, which thereby is their union."""
        if not self._united:
            with self._lock:
                if not self._united:
                    self._engine.update(_COPY_TO_UNION)
                    self._merged.clear()
                    self._united = True

    def about(self) -> About:
        """Say that the data do not change."""
        return About()

    def graph_sizes(self) -> dict[str, int]:
        """Return the number of triples of each named graph."""
        return {str(row["g"]): int(row["n"]) for row in self.query(_SIZES).rows()}

    def query(
        self,
        text: str,
        default_graphs: Iterable[str] = (),
        named_graphs: Iterable[str] = (),
        *,
        prefixes: dict[str, str] | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Answer a SPARQL query.

        Without a dataset the default graph is the union of all graphs. With one, from the arguments
        or else from FROM clauses in the text, it holds what is named there and nothing else
        (SPARQL 1.1 Protocol, section 2.1.4).

        :param prefixes: prefixes that the query may use without declaring them.
        :raises BadQuery: if the query does not parse, is nested too deep or has too many parts.
        :raises Refused: if it would call another endpoint or change data.
        :raises BadParameter: for a timeout, which the engine cannot keep; :mod:`iero.pool` can.
        """
        if timeout is not None:
            raise BadParameter("This graph is in the process that asks it and cannot be timed out.",
                               parameter="timeout", hint="Leave the timeout out.")
        refuse_unsafe(text)
        refuse_excess(text)
        self.unite()
        default, named = self._dataset(text, tuple(default_graphs), tuple(named_graphs))
        return Answer(lambda: self._evaluate(text, default, named, prefixes),
                      lambda: PREFIXES | (prefixes or {}) | declared_prefixes(text))

    def _evaluate(
        self, text: str, default: tuple[str, ...], named: tuple[str, ...] | None,
        prefixes: dict[str, str] | None,
    ) -> Result:
        engine = self._engine
        sources: list[ox.NamedNode | ox.BlankNode | ox.DefaultGraph] | None = None
        graphs: list[ox.NamedNode | ox.BlankNode] | None = None
        if named is not None:
            sources = [ox.NamedNode(name) for name in default]
            graphs = [ox.NamedNode(name) for name in named]
            if len(default) > 1:
                engine, sources = self._merge(default, named), [ox.DefaultGraph()]
        try:
            return engine.query(text, prefixes=prefixes, default_graph=sources, named_graphs=graphs)
        except SyntaxError as error:
            raise _explained(text, str(error)) from error

    def solutions(self, text: str, default: list[str] | None = None,
                  named: list[str] | None = None) -> ox.QuerySolutions:
        """Return the solutions of a SELECT query, as the engine's terms.

        :param default: the graphs of which the default graph consists; ``None`` for the store's.
        :param named: the named graphs that there are; ``None`` for all of the store's.
        """
        engine = self._engine
        sources: list[ox.NamedNode | ox.BlankNode | ox.DefaultGraph] | None = None
        if default is not None:
            sources = [ox.NamedNode(name) for name in default]
            if len(sources) > 1:
                engine, sources = self._merge(tuple(default), tuple(named or ())), [
                    ox.DefaultGraph()]
        graphs: list[ox.NamedNode | ox.BlankNode] | None = None
        if named is not None:
            graphs = [ox.NamedNode(name) for name in named]
        found = engine.query(text, default_graph=sources, named_graphs=graphs)
        if not isinstance(found, ox.QuerySolutions):
            raise TypeError("Only a SELECT query has solutions.")
        return found

    def changed(self) -> None:
        """Forget what was put together from the data, which somebody has changed."""
        with self._lock:
            self._merged.clear()

    def _dataset(
        self, text: str, default: tuple[str, ...], named: tuple[str, ...]
    ) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
        """Return the default and the named graphs to ask; ``None`` where there is no dataset."""
        if default or named:
            return default, named
        clauses = names_graphs(text)
        if not clauses:
            return (), None
        known = PREFIXES | declared_prefixes(text)
        found: dict[bool, list[str]] = {False: [], True: []}
        for is_named, token in clauses:
            prefix, _, local = token.text.partition(":")
            iri = token.text[1:-1] if token.kind == "IRIREF" else known.get(prefix, prefix) + local
            found[is_named].append(iri)
        if any(":" not in iri for iri in found[False] + found[True]):
            return (), None  # relative to a BASE: left to the engine
        return tuple(dict.fromkeys(found[False])), tuple(dict.fromkeys(found[True]))

    def _merge(self, default: tuple[str, ...], named: tuple[str, ...]) -> ox.Store:
        """Return a store whose default graph is the merge of several graphs, each triple once."""
        key = frozenset((*default, *("named " + name for name in named)))
        with self._lock:
            if key not in self._merged:
                merged = ox.Store()
                for name in default:
                    quads = self._engine.quads_for_pattern(None, None, None, ox.NamedNode(name))
                    merged.extend(ox.Quad(q.subject, q.predicate, q.object) for q in quads)
                for name in named:
                    node = ox.NamedNode(name)
                    merged.extend(self._engine.quads_for_pattern(None, None, None, node))
                if len(self._merged) >= 4:
                    self._merged.pop(next(iter(self._merged)))
                self._merged[key] = merged
            return self._merged[key]

    def dump(self, output: Sink, fmt: Format, *, graph: str = "") -> None:
        """Write one named graph, or all of them where the format can hold several.

        Formats for one graph get the union. Named graphs come without the union beside them.
        """
        self.unite()
        target = cast(BinaryIO, output)
        prefixes = PREFIXES if fmt.name in ("turtle", "trig", "rdfxml") else None
        if "dataset" not in fmt.kinds or graph:
            source = ox.NamedNode(graph) if graph else ox.DefaultGraph()
            quads: Iterable[ox.Quad] = self._engine.quads_for_pattern(None, None, None, source)
            triples = (quad.triple for quad in quads)
            ox.serialize(triples, target, RDF_FORMATS[fmt.name], prefixes=prefixes)
            return
        names: list[ox.NamedNode | ox.BlankNode | ox.DefaultGraph] = [
            *sorted(self._engine.named_graphs(), key=str)]
        every = (quad for name in names or [ox.DefaultGraph()]
                 for quad in self._engine.quads_for_pattern(None, None, None, name))
        ox.serialize(every, target, RDF_FORMATS[fmt.name], prefixes=prefixes)


def explain(text: str, prefixes: dict[str, str] | None = None) -> None:
    """Read a query without evaluating anything.

    >>> explain("ASK {}")

    :param prefixes: prefixes that it may use without declaring them.
    :raises BadQuery: if it does not parse.
    """
    try:  # two options that exclude each other stop the engine between reading and evaluating
        ox.Store().query(text, prefixes=prefixes, use_default_graph_as_union=True,
                         default_graph=ox.DefaultGraph())
    except SyntaxError as error:
        raise _explained(text, str(error)) from error
    except ValueError:
        pass


def _explained(text: str, message: str) -> BadQuery:
    found = re.match(r"error at (\d+):(\d+): expected (?:one of )?(.*)", message, re.DOTALL)
    line, column, words = (int(found[1]), int(found[2]), found[3]) if found else (1, 1, message)
    return explain_syntax_error(text, line, column, words)
