"""Shapes held against a change: only what it may concern is looked at, however much there is.

The nodes that a change may concern are found by going back, from the triples that changed, along
the chains on which shapes read (:mod:`iero.shapes.reach`). What their validation reads is then
gathered by going forwards. All steps are look-ups in the indexes of the store.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import islice
from typing import Final

import pyoxigraph as ox

from iero.errors import InvalidChange, LimitExceeded
from iero.report import Fault, Report
from iero.shapes import Chain, Shapes, Step
from iero.terms import IRI

Subject = ox.NamedNode | ox.BlankNode
Node = Subject | ox.Literal | ox.Triple
Triple = tuple[Subject | ox.Triple, ox.NamedNode, Node]

BATCH: Final = 5000
"""Nodes that are validated at a time."""

MOST: Final = 200_000
"""Nodes that a change may concern."""

SHOWN: Final = 1000
"""Results that a report lists; validation ends with the batch in which it reaches them."""

_UNION: Final = ox.DefaultGraph()


class Guard:
    """Validates what changes of a store concern; its default graph is the union of the others."""

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes
        self._leading: dict[str, set[tuple[Chain, Step]]] = defaultdict(set)
        for chain in shapes.chains:
            for place, step in enumerate(chain):
                for name, _ in step.properties:
                    self._leading[name].add((chain[:place], step))

    def check(self, store: ox.Store, changed: Iterable[ox.Quad],
              before: Callable[[], ox.Store]) -> Report:
        """Return what the shapes say of the nodes that a change concerns.

        What was violated before, and still is, is not held against the change.

        :param before: gives the data as they were.
        :raises InvalidChange: if the change violates a shape; the report is with it.
        :raises LimitExceeded: if the change concerns too many nodes.
        """
        walk, found = _Walk(store), list[Fault]()
        for nodes in _batches(self._concerned(walk, changed), BATCH):
            found += self._validated(walk, nodes)
            if len(found) > SHOWN:
                break
        violations = [fault for fault in found if fault.severity == "Violation"]
        if violations:
            nodes = [ox.NamedNode(fault.focus) for fault in violations
                     if isinstance(fault.focus, IRI)]
            old = set(self._validated(_Walk(before()), nodes))
            found = [fault for fault in found if fault not in old]
        report = Report(tuple(found))
        if not report.conforms:
            raise _invalid(report)
        return report

    def _concerned(self, walk: _Walk, changed: Iterable[ox.Quad]) -> Iterator[Subject]:
        """Yield the nodes whose validation may read what changed."""
        found = set[Node]()
        ends: dict[tuple[Chain, Step], set[Node]] = defaultdict(set)
        for quad in changed:
            found.add(quad.subject)
            for name in (quad.predicate.value, ""):
                for before, step in self._leading.get(name, ()):
                    if (name, False) in step.properties:
                        ends[before, step].add(quad.subject)
                    if (name, True) in step.properties:
                        ends[before, step].add(quad.object)
        for (before, step), nodes in ends.items():
            back = nodes | walk.closure(nodes, step.turned) if step.repeated else nodes
            for earlier in reversed(before):
                back = walk.along(back, earlier.turned)
            found |= back
            if len(found) > MOST:
                raise LimitExceeded(
                    f"The change concerns more than {MOST:,} things that the shapes look at.",
                    reason="size", limit=MOST, hint="Split it, or leave out what so many things "
                                                    "refer to.")
        return (node for node in found if isinstance(node, Subject))

    def _validated(self, walk: _Walk, nodes: list[Subject]) -> tuple[Fault, ...]:
        triples = set(self._read(walk, nodes))
        names = {node.value for node in nodes if isinstance(node, ox.NamedNode)}
        data = ox.serialize(map(_plain, triples), format=ox.RdfFormat.N_TRIPLES) or b""
        return self._shapes.validate_nodes(data, names).results

    def _read(self, walk: _Walk, nodes: list[Subject]) -> Iterator[Triple]:
        """Yield what describes nodes, and what the shapes read beyond."""
        waiting, described = list[Node](nodes), set[Node]()
        while waiting:
            node = waiting.pop()
            if node in described:
                continue
            described.add(node)
            for triple in walk.description(node):
                yield triple
                if isinstance(triple[2], ox.BlankNode):
                    waiting.append(triple[2])
        for chain in self._shapes.chains:
            reached = set(described)
            for step in chain:
                reached = yield from walk.reading(reached, step)


class _Walk:
    """Steps along the triples of a union."""

    def __init__(self, store: ox.Store) -> None:
        self._store = store

    def description(self, node: Node) -> Iterator[Triple]:
        """Yield the triples with a subject."""
        if isinstance(node, Subject):
            for quad in self._store.quads_for_pattern(node, None, None, _UNION):
                yield quad.subject, quad.predicate, quad.object

    def along(self, nodes: Iterable[Node], step: Step) -> set[Node]:
        """Return where a step leads."""
        if step.repeated:
            return self.closure(nodes, step)
        return {end for node in nodes for _, end in self._edges(node, step)}

    def closure(self, nodes: Iterable[Node], step: Step) -> set[Node]:
        """Return where a step leads that is taken once or more often."""
        found, edge = set[Node](), set(nodes)
        while edge:
            edge = {end for node in edge for _, end in self._edges(node, step)} - found
            found |= edge
        return found

    def reading(self, nodes: set[Node], step: Step) -> Generator[Triple, None, set[Node]]:
        """Yield the triples of a step, and return where it leads."""
        found, edge = set[Node](), nodes
        while edge:
            ends = set[Node]()
            for node in edge:
                for triple, end in self._edges(node, step):
                    yield triple
                    ends.add(end)
            edge = ends - found if step.repeated else set()
            found |= ends
        return found

    def _edges(self, node: Node, step: Step) -> Iterator[tuple[Triple, Node]]:
        for name, inverse in step.properties:
            predicate = ox.NamedNode(name) if name else None
            if inverse:
                for quad in self._store.quads_for_pattern(None, predicate, node, _UNION):
                    yield (quad.subject, quad.predicate, quad.object), quad.subject
            elif isinstance(node, Subject):
                for quad in self._store.quads_for_pattern(node, predicate, None, _UNION):
                    yield (quad.subject, quad.predicate, quad.object), quad.object


def _plain(triple: Triple) -> ox.Triple:
    """Return a triple without what SHACL does not know.

    Triple terms become blank nodes, and texts lose their base direction.
    """
    subject, predicate, value = triple
    if isinstance(value, ox.Triple):
        value = ox.BlankNode(f"t{hash(value) & (1 << 64) - 1:x}")
    elif isinstance(value, ox.Literal) and value.direction is not None:
        value = ox.Literal(value.value, language=value.language)
    return ox.Triple(subject, predicate, value)


def _batches(nodes: Iterable[Subject], size: int) -> Iterator[list[Subject]]:
    rest = iter(nodes)
    while batch := list(islice(rest, size)):
        yield batch


def _invalid(report: Report) -> InvalidChange:
    violations = [fault for fault in report.results if fault.severity == "Violation"]
    count = f"{len(violations)} times" if len(violations) > 1 else "once"
    return InvalidChange(f"The data would break the shapes {count}.", report=report,
                         hint="Nothing was changed. Mend what the report names.")
