"""Changes made quad by quad to a working store, and the difference that they add up to."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import pyoxigraph as ox

from iero.changes.grants import DEFAULT, Grants
from iero.changes.outcome import GraphChange
from iero.errors import LimitExceeded, Refused

Graph = ox.NamedNode | ox.BlankNode | ox.DefaultGraph
Named = ox.NamedNode | ox.BlankNode

DEFAULT_GRAPH: Final = ox.DefaultGraph()


def name_of(graph: Graph) -> str:
    """Return the IRI of a graph, or what grants call it."""
    if isinstance(graph, ox.DefaultGraph):
        return DEFAULT
    return graph.value if isinstance(graph, ox.NamedNode) else str(graph)


@dataclass
class Delta:
    """What differs from the data before, quad by quad; the union of the graphs does not count."""

    inserted: set[ox.Quad] = field(default_factory=set)
    deleted: set[ox.Quad] = field(default_factory=set)
    created: set[Named] = field(default_factory=set)
    dropped: set[Named] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.inserted or self.deleted or self.created or self.dropped)

    def insert(self, quad: ox.Quad) -> None:
        """Take note of a quad that was not there."""
        if quad in self.deleted:
            self.deleted.remove(quad)
        else:
            self.inserted.add(quad)

    def delete(self, quad: ox.Quad) -> None:
        """Take note of a quad that is no longer there."""
        if quad in self.inserted:
            self.inserted.remove(quad)
        else:
            self.deleted.add(quad)

    def create(self, graph: Named) -> None:
        """Take note of a graph that did not exist."""
        if graph in self.dropped:
            self.dropped.remove(graph)
        else:
            self.created.add(graph)

    def drop(self, graph: Named) -> None:
        """Take note of a graph that no longer exists."""
        if graph in self.created:
            self.created.remove(graph)
        else:
            self.dropped.add(graph)

    def by_graph(self) -> dict[str, GraphChange]:
        """Return what happened to each graph, by its name."""
        inserted = Counter(name_of(quad.graph_name) for quad in self.inserted)
        deleted = Counter(name_of(quad.graph_name) for quad in self.deleted)
        created, dropped = set(map(name_of, self.created)), set(map(name_of, self.dropped))
        return {name: GraphChange(inserted[name], deleted[name], name in created, name in dropped)
                for name in sorted({*inserted, *deleted, *created, *dropped})}


class Editor:
    """Edits a store within what is granted, and keeps account.

    :ivar delta: what differs from before.
    :ivar touched: whether the store was written to at all.
    :param united: whether the default graph is to remain the union of the named graphs; then nobody
        writes to it.
    :param largest: how many triples may be inserted and deleted together.
    """

    def __init__(self, store: ox.Store, grants: Grants, *, united: bool, largest: int) -> None:
        self.store = store
        self.delta = Delta()
        self.united = united
        self.touched = False
        self._grants = grants
        self._largest = largest

    def insert(self, quads: Iterable[ox.Quad]) -> None:
        """Insert quads; those that are there already change nothing.

        :raises Refused: if that is not allowed in one of the graphs.
        """
        by_graph = _sorted_out(quads)
        self._require("insert", by_graph)
        for graph, members in by_graph.items():
            if not isinstance(graph, ox.DefaultGraph):
                self._appear(graph)
            new = [quad for quad in members if quad not in self.store]
            self._limit(len(new))
            self.touched = True
            self.store.extend(new)
            for quad in new:
                self.delta.insert(quad)
            if self.united:
                self.store.extend(ox.Quad(quad.subject, quad.predicate, quad.object)
                                  for quad in new)

    def delete(self, quads: Iterable[ox.Quad]) -> None:
        """Delete quads; those that are not there change nothing.

        :raises Refused: if that is not allowed in one of the graphs.
        """
        by_graph = _sorted_out(quads)
        self._require("delete", by_graph)
        for members in by_graph.values():
            old = [quad for quad in members if quad in self.store]
            self._limit(len(old))
            self.touched = True
            for quad in old:
                self.store.remove(quad)
                self.delta.delete(quad)
                if self.united:
                    self._leave_union(quad)

    def create(self, graph: Named) -> None:
        """Make an empty graph, if it does not exist.

        :raises Refused: if that is not allowed.
        """
        self._require("insert", [graph])
        self._appear(graph)

    def clear(self, graph: Graph) -> None:
        """Delete all that a graph holds.

        :raises Refused: if that is not allowed.
        """
        self._require("delete", [graph])
        self.delete(self.content(graph))

    def drop(self, graph: Named) -> None:
        """Remove a graph with all that it holds.

        :raises Refused: if that is not allowed.
        """
        self.clear(graph)
        if self.store.contains_named_graph(graph):
            self.touched = True
            self.store.remove_graph(graph)
            self.delta.drop(graph)

    def content(self, graph: Graph) -> list[ox.Quad]:
        """Return the quads of a graph."""
        return list(self.store.quads_for_pattern(None, None, None, graph))

    def _appear(self, graph: Named) -> None:
        if not self.store.contains_named_graph(graph):
            self.touched = True
            self.store.add_graph(graph)
            self.delta.create(graph)

    def _leave_union(self, quad: ox.Quad) -> None:
        """Take a triple out of the union if no other graph holds it."""
        found = self.store.quads_for_pattern(quad.subject, quad.predicate, quad.object, None)
        if all(isinstance(other.graph_name, ox.DefaultGraph) for other in found):
            self.store.remove(ox.Quad(quad.subject, quad.predicate, quad.object))

    def _require(self, kind: str, graphs: Iterable[Graph]) -> None:
        named = list(graphs)
        if self.united and any(isinstance(graph, ox.DefaultGraph) for graph in named):
            raise Refused(
                "The default graph is the union of all graphs and cannot be written to.",
                hint="Name the graph: INSERT DATA { GRAPH <https://example.org/mine> { ... } }, "
                     "WITH <https://example.org/mine> before INSERT or DELETE, or ?graph=.",
                kind=kind, graph=DEFAULT)
        self._grants.require(kind, map(name_of, named))

    def _limit(self, more: int) -> None:
        if len(self.delta.inserted) + len(self.delta.deleted) + more > self._largest:
            raise LimitExceeded(
                f"The change inserts and deletes more than {self._largest:,} triples.",
                reason="size", limit=self._largest,
                hint="Split it, or load large files with iero load while the service is stopped.")


def _sorted_out(quads: Iterable[ox.Quad]) -> dict[Graph, list[ox.Quad]]:
    """Return quads by their graphs, each once."""
    found: dict[Graph, dict[ox.Quad, None]] = defaultdict(dict)
    for quad in quads:
        found[quad.graph_name][quad] = None
    return {graph: list(members) for graph, members in found.items()}
