"""How far shapes look: the paths from a node along which its validation reads.

Whether a node conforms depends on the triples that its shapes read. Each of them is found at the
end of a chain of steps that begins at the node: ``sh:path ex:author`` with ``sh:class ex:Person``
reads along author, then type, then any number of subClassOf. With all chains of some shapes at
hand, whoever changes a triple can go back along them and find the nodes that the change may
concern, and forwards again to find what their validation needs (SHACL, sections 2.1.3, 2.3, 4, 5).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any, Final

from rdflib import BNode, Graph, URIRef, Variable
from rdflib.collection import Collection
from rdflib.namespace import RDF, RDFS, SH
from rdflib.paths import AlternativePath, InvPath, MulPath, NegatedPath, SequencePath
from rdflib.plugins.sparql import prepareQuery
from rdflib.term import Node

from iero.errors import OntologyError
from iero.vocabulary import compress

_KNOWN: Final = frozenset(SH[name] for name in (
    "name", "description", "order", "group", "defaultValue", "message", "severity", "deactivated",
    "minCount", "maxCount", "nodeKind", "datatype", "minExclusive", "minInclusive", "maxExclusive",
    "maxInclusive", "minLength", "maxLength", "pattern", "flags", "languageIn", "uniqueLang",
    "hasValue", "in", "path", "targetNode", "qualifiedMinCount", "qualifiedMaxCount",
    "qualifiedValueShapesDisjoint", "ignoredProperties", "declare", "prefix", "namespace",
    "prefixes", "labelTemplate", "property", "targetClass", "targetSubjectsOf", "targetObjectsOf",
    "target", "select", "ask", "node", "not", "and", "or", "xone", "qualifiedValueShape", "class",
    "closed", "equals", "disjoint", "lessThan", "lessThanOrEquals", "sparql", "inversePath",
    "alternativePath", "zeroOrMorePath", "oneOrMorePath", "zeroOrOnePath",
))
"""What shapes may say; anything else might read data of which this module does not know."""
_SUBSHAPES: Final = (SH.node, SH.property, SH["not"], SH.qualifiedValueShape)
_LISTS: Final = (SH["and"], SH["or"], SH.xone)
_COMPARED: Final = (SH.equals, SH.disjoint, SH.lessThan, SH.lessThanOrEquals)
_SHAPES: Final = (SH.NodeShape, SH.PropertyShape)
_THIS: Final = Variable("this")
_PATH: Final = Variable("PATH")


@dataclass(frozen=True)
class Step:
    """From a node to others.

    :ivar properties: the properties that may lead there, each with whether it is followed from
        object to subject; an empty name is any property.
    :ivar repeated: whether the step may be taken several times over.
    """

    properties: frozenset[tuple[str, bool]]
    repeated: bool = False

    @cached_property
    def turned(self) -> Step:
        """The step back."""
        return Step(frozenset((name, not inverse) for name, inverse in self.properties),
                    self.repeated)


Chain = tuple[Step, ...]

_ANY: Final = Step(frozenset([("", False)]))


def _step(name: Node, *, inverse: bool = False, repeated: bool = False) -> Step:
    return Step(frozenset([(str(name), inverse)]), repeated)


_CLASS: Final[tuple[Chain, ...]] = (
    (_step(RDF.type),), (_step(RDF.type), _step(RDFS.subClassOf, repeated=True)))
"""What membership of a class reads: types, and what these are subclasses of."""


def reach(shapes: Graph) -> frozenset[Chain]:
    """Return all chains along which shapes read, from the nodes that they look at.

    :raises OntologyError: if that cannot be told.
    """
    for predicate in set(shapes.predicates()) - _KNOWN:
        if str(predicate).startswith(str(SH)):
            raise _untold(f"they use {compress(str(predicate))}")
    chains = set[Chain]()
    for shape in _roots(shapes):
        chains.update(_targets(shapes, shape))
        chains.update(_Reader(shapes).constraints(shape, (), frozenset()))
    return frozenset(chain for chain in chains if chain)


def _roots(shapes: Graph) -> set[Node]:
    """Return the shapes, those without a type of their own included."""
    found = {shape for kind in _SHAPES for shape in shapes.subjects(RDF.type, kind)}
    for name in ("targetClass", "targetNode", "targetSubjectsOf", "targetObjectsOf", "target"):
        found.update(shapes.subjects(SH[name]))
    return found


def _targets(shapes: Graph, shape: Node) -> Iterator[Chain]:
    if (shape, SH.targetClass, None) in shapes or (shape, RDF.type, RDFS.Class) in shapes:
        yield from _CLASS
    for name in shapes.objects(shape, SH.targetSubjectsOf):
        yield (_step(name),)
    for name in shapes.objects(shape, SH.targetObjectsOf):
        yield (_step(name, inverse=True),)
    for target in shapes.objects(shape, SH.target):
        for query in shapes.objects(target, SH.select):
            yield from _queried(shapes, target, str(query), [])


class _Reader:
    """Follows shapes into those that they use."""

    def __init__(self, shapes: Graph) -> None:
        self._shapes = shapes

    def constraints(self, shape: Node, before: Chain, within: frozenset[Node]) -> Iterator[Chain]:
        """Yield the chains that a shape reads at the end of another chain.

        :param within: the shapes that lead here; a shape within itself is not followed again.
        """
        if shape in within:
            return
        path = self._shapes.value(shape, SH.path)
        ways: list[Chain] = [()]
        if path is not None:
            ways = list(_ways(_path(self._shapes, path)))
        for way in ways:
            yield before + way
            for chain in self._values(shape, within | {shape}):
                yield before + way + chain
        for name in _COMPARED:
            for other in self._shapes.objects(shape, name):
                yield (*before, _step(other))
        for owner in self._shapes.objects(shape, SH.sparql):
            for query in self._shapes.objects(owner, SH.select):
                for chain in _queried(self._shapes, owner, str(query), ways):
                    yield before + chain

    def _values(self, shape: Node, within: frozenset[Node]) -> Iterator[Chain]:
        """Yield what a shape reads from its value nodes."""
        shapes = self._shapes
        if (shape, SH["class"], None) in shapes:
            yield from _CLASS
        if (shape, SH.closed, None) in shapes:
            yield (_ANY,)
        inner = [each for name in _SUBSHAPES for each in shapes.objects(shape, name)]
        for name in _LISTS:
            for head in shapes.objects(shape, name):
                inner += list(Collection(shapes, head))
        for each in inner:
            yield from self.constraints(each, (), within)


def _path(shapes: Graph, node: Node) -> Any:
    """Return a path of SHACL (section 2.3.1) as rdflib's own."""
    if isinstance(node, URIRef):
        return node
    if (node, RDF.first, None) in shapes:
        return SequencePath(*(_path(shapes, each) for each in Collection(shapes, node)))
    for name, mark in (("zeroOrMorePath", "*"), ("oneOrMorePath", "+"), ("zeroOrOnePath", "?")):
        inner = shapes.value(node, SH[name])
        if inner is not None:
            return MulPath(_path(shapes, inner), mark)  # type: ignore[arg-type]
    inner = shapes.value(node, SH.inversePath)
    if inner is not None:
        return InvPath(_path(shapes, inner))
    head = shapes.value(node, SH.alternativePath)
    if head is None:
        raise _untold(f"they have a path that is none, {node}")
    return AlternativePath(*(_path(shapes, each) for each in Collection(shapes, head)))


def _ways(path: Any) -> Iterator[Chain]:
    """Yield the chains of a path."""
    if isinstance(path, URIRef):
        yield (_step(path),)
    elif isinstance(path, InvPath):
        for way in _ways(path.arg):
            yield tuple(step.turned for step in reversed(way))
    elif isinstance(path, SequencePath):
        for parts in product(*(list(_ways(part)) for part in path.args)):
            yield tuple(step for part in parts for step in part)
    elif isinstance(path, AlternativePath):
        for part in path.args:
            yield from _ways(part)
    elif isinstance(path, MulPath):
        if path.mod in ("*", "?"):
            yield ()
        ways = list(_ways(path.path))
        steps = frozenset(each for way in ways for step in way for each in step.properties)
        yield from ways if path.mod == "?" else [(Step(steps, repeated=True),)]
    elif isinstance(path, (NegatedPath, Variable)):
        yield (Step(frozenset([("", False), ("", True)])),)
    else:
        raise _untold(f"they have the path {path}")


def _queried(shapes: Graph, owner: Node, query: str, ways: list[Chain]) -> Iterator[Chain]:
    """Yield the chains along which a query reads, from ``$this``.

    :param ways: what ``$PATH`` stands for.
    """
    left = list(_patterns(prepareQuery(query, initNs=_prefixes(shapes, owner)).algebra))
    known: dict[Node, list[Chain]] = {_THIS: [()]}
    while left:
        rest = []
        for subject, path, value in left:
            steps = ways if path == _PATH else list(_ways(path))
            if subject not in known:
                subject, value = value, subject  # read backwards
                steps = [tuple(step.turned for step in reversed(way)) for way in steps]
            if subject not in known:
                rest.append((value, path, subject))
                continue
            found = [before + way for before in known[subject] for way in steps]
            if isinstance(value, (Variable, BNode)):
                known.setdefault(value, found)
            yield from found
        if len(rest) == len(left):
            raise _untold(f"a query has a pattern that is not connected with $this: {query}")
        left = rest


def _prefixes(shapes: Graph, owner: Node) -> Mapping[str, str]:
    return {str(shapes.value(declaration, SH.prefix)): str(shapes.value(declaration, SH.namespace))
            for sheet in shapes.objects(owner, SH.prefixes)
            for declaration in shapes.objects(sheet, SH.declare)}


def _patterns(part: Any) -> Iterator[tuple[Node, Any, Node]]:
    """Yield the triple patterns of a query, wherever in its algebra they stand."""
    if isinstance(part, Mapping):
        for name, each in part.items():
            if name == "triples":
                for pattern in each:
                    for place in range(0, len(pattern), 3):
                        yield pattern[place], pattern[place + 1], pattern[place + 2]
            else:
                yield from _patterns(each)
    elif isinstance(part, (list, tuple)):
        for each in part:
            yield from _patterns(each)


def _untold(reason: str) -> OntologyError:
    return OntologyError(f"How far these shapes look cannot be told: {reason}.", reason=reason,
                         hint="Shapes that guard changes consist of SHACL Core, and of SPARQL "
                              "constraints whose patterns are connected with $this.")
