"""The hierarchy of classes and their members: upwards as paths, downwards in pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from iero.naming import Named
from iero.terms import IRI, Row

if TYPE_CHECKING:
    from iero.graph import KnowledgeGraph

__all__ = ["PAGE", "Lineage", "Node", "children", "kinds_below", "lineage", "roots"]

PAGE: Final = 100
"""How many children one page of a class shows."""
PATHS: Final = 12
"""How many paths to the top are followed; classes with many parents have thousands."""


@dataclass(frozen=True)
class Node:
    """A place in the hierarchy.

    :ivar inferred: whether the reasoner, and no author, put it below its parent.
    :ivar member: whether it is an individual.
    :ivar below: how many kinds and members stand below it, at any depth.
    """

    term: Named
    inferred: bool = False
    member: bool = False
    below: int = 0


@dataclass(frozen=True)
class Lineage:
    """What a term stands below.

    :ivar parents: the nearest, each with whether it was inferred.
    :ivar paths: ways from the top down to a parent, the shortest first.
    :ivar same: classes that mean the same.
    """

    parents: list[Node]
    paths: list[list[Node]]
    same: list[Named]


def roots(graph: KnowledgeGraph) -> list[Node]:
    """Return the classes at the top."""
    return _counted(graph, [Node(Named(row["child"], row["childLabel"]))
                            for row in graph.look_up("roots")])


def children(graph: KnowledgeGraph, parent: IRI, page: int = 1) -> tuple[list[Node], bool]:
    """Return a page of what stands directly below a class, and whether more follow.

    :param page: counted from 1.
    """
    rows = graph.look_up("children", parent=parent, limit=PAGE + 1, offset=(page - 1) * PAGE)
    nodes = [Node(Named(row["child"], row.get("childLabel", "")),
                  row["ground"] == "inferred", row["role"] == "member") for row in rows[:PAGE]]
    return _counted(graph, nodes), len(rows) > PAGE


def kinds_below(graph: KnowledgeGraph, parent: IRI) -> list[Named]:
    """Return the first kinds directly below a class, members apart."""
    rows = graph.look_up("children", parent=parent, limit=PAGE)
    return [Named(row["child"], row.get("childLabel", "")) for row in rows
            if row["role"] == "kind"]


def _counted(graph: KnowledgeGraph, nodes: list[Node]) -> list[Node]:
    kinds = [node.term for node in nodes if not node.member]
    below = {row["node"]: int(row["number"]) for row in graph.look_up("below", node=kinds)}
    return [Node(node.term, node.inferred, node.member, below.get(node.term, 0)) for node in nodes]


def lineage(graph: KnowledgeGraph, term: IRI) -> Lineage:
    """Return what a term stands below: its parents, the paths to them, and what equals it."""
    steps = _Steps(graph.look_up("ancestors", term=term, narrower=term))
    paths = sorted(_take(steps.paths(term), PATHS), key=lambda path: (len(path), path[-1].term))
    return Lineage(steps.parents(term), paths, steps.same(term))


def _take(paths: Iterator[list[Node]], limit: int) -> Iterator[list[Node]]:
    for number, path in enumerate(paths):
        if number == limit or not path:
            return
        yield path


class _Steps:
    """All pairs of narrower and wider among a term's ancestors; of these the nearest are kept."""

    def __init__(self, rows: list[Row]) -> None:
        self._wider: dict[str, dict[str, Node]] = {}
        for row in rows:
            node = Node(Named(row["wider"], row.get("widerLabel", "")), row["ground"] == "inferred")
            self._wider.setdefault(row["narrower"], {})[node.term] = node

    def same(self, term: str) -> list[Named]:
        """Return what stands both above and below a term."""
        return [node.term for node in self._wider.get(term, {}).values()
                if term in self._wider.get(node.term, {})]

    def parents(self, term: str) -> list[Node]:
        """Return what is wider than a term with nothing in between."""
        same = {term, *self.same(term)}
        wider = {name: node for name, node in self._wider.get(term, {}).items() if name not in same}
        return [node for name, node in wider.items()
                if not any(name in self._wider.get(other, {}) and other not in
                           self._wider.get(name, {}) for other in wider if other != name)]

    def paths(self, term: str, seen: frozenset[str] = frozenset()) -> Iterator[list[Node]]:
        """Yield the ways from the top down to a parent of a term."""
        parents = [node for node in self.parents(term) if node.term not in seen]
        if not parents:
            yield []
        for node in parents:
            for path in self.paths(node.term, seen | {term}):
                yield [*path, node]
