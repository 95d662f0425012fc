"""What follows from the axioms, as plain triples that need no reasoner to query.

Restrictions are materialised through the reasoner itself: for a property p and a class D a helper
class is put above ``p some D``; the classes and individuals that HermiT puts below the helper are
exactly those of which ``p some D`` is entailed. (An equivalent class would ask the same and cost
the reasoner much more.) Kinds that cannot share a member differ, as a rule, in one functional
property; where a definition is not made of such restrictions alone, the reasoner is asked by a
helper ``A and B`` that turns out to be empty. The helpers never leave this module.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import combinations
from typing import Final

from iero.build import owl
from iero.build.relations import Relations
from iero.rdf import Triple, is_blank, is_iri

_HELPER: Final = "<urn:iero:helper:"
_PLAIN: Final = frozenset((owl.TYPE, owl.ON_PROPERTY, owl.SOME, owl.INTERSECTION, owl.FIRST,
                           owl.REST))
_BUILT_IN: Final = frozenset(owl.DECLARES) | owl.KINDS_OF_AXIOM | {owl.THING, owl.NOTHING}


class Hierarchy:
    """Classes and individuals with all that lies above them, closed under transitivity."""

    def __init__(self, triples: Iterable[Triple]) -> None:
        self.parents: dict[str, set[str]] = defaultdict(set)
        self.told_types: dict[str, set[str]] = defaultdict(set)
        self.empty: set[str] = set()
        self._above: dict[str, frozenset[str]] = {}
        for triple in triples:
            if is_iri(triple.subject) and is_iri(triple.object):
                self._note(*triple)

    def _note(self, subject: str, predicate: str, object_: str) -> None:
        if predicate == owl.TYPE and object_ not in _BUILT_IN:
            self.told_types[subject].add(object_)
        elif predicate in (owl.SUBCLASS, owl.EQUIVALENT) and object_ == owl.NOTHING:
            self.empty.add(subject)
        elif predicate in (owl.SUBCLASS, owl.EQUIVALENT) and subject != owl.NOTHING:
            self.parents[subject].add(object_)
            if predicate == owl.EQUIVALENT:
                self.parents[object_].add(subject)

    def above(self, name: str) -> frozenset[str]:
        """Return every named superclass of a class, equivalents too, without itself and Thing."""
        if name not in self._above:
            seen, waiting = set[str](), [name]
            while waiting:
                fresh = self.parents.get(waiting.pop(), set()) - seen
                seen |= fresh
                waiting += fresh
            self._above[name] = frozenset(seen - {name, owl.THING})
        return self._above[name]

    def types(self, individual: str) -> set[str]:
        """Return every named class of an individual."""
        told = self.told_types.get(individual, set())
        return told.union(*(self.above(name) for name in told)) - {owl.THING}

    def direct(self, name: str) -> set[str]:
        """Return the superclasses with nothing between them and the class."""
        strict = {up for up in self.above(name) if name not in self.above(up)}
        return {up for up in strict
                if not any(up in self.above(mid) and mid not in self.above(up) for mid in strict)}


class Axioms:
    """The merged axioms, indexed for what the helpers need."""

    def __init__(self, triples: Iterable[Triple]) -> None:
        self.triples = set(triples)
        self.about: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for triple in sorted(self.triples):
            self.about[triple.subject][triple.predicate].append(triple.object)
        self.classes = {t.subject for t in self.triples if is_iri(t.subject)
                        and t.predicate == owl.TYPE and t.object == owl.OWL_CLASS}
        self.relations = Relations(self.triples)

    @cached_property
    def defined(self) -> set[str]:
        """Classes with necessary and sufficient conditions."""
        return {t.subject for t in self.triples if t.predicate == owl.EQUIVALENT
                and is_iri(t.subject) and is_blank(t.object)}

    @cached_property
    def told_disjoint(self) -> set[tuple[str, str]]:
        """Pairs that one axiom declares disjoint, in order."""
        pairs = {(t.subject, t.object) for t in self.triples if t.predicate == owl.DISJOINT}
        for said in list(self.about.values()):
            heads = said.get(owl.MEMBERS, []) if owl.ALL_DISJOINT in said.get(owl.TYPE, []) else []
            for head in (*heads, *said.get(owl.DISJOINT_UNION, [])):
                pairs.update(combinations(self.members(head), 2))
        return {(min(pair), max(pair)) for pair in pairs if all(map(is_iri, pair))}

    def members(self, head: str) -> list[str]:
        """Return the members of a list."""
        found = []
        while head != owl.NIL and head in self.about:
            found += self.about[head].get(owl.FIRST, [])
            head = next(iter(self.about[head].get(owl.REST, [])), owl.NIL)
        return found

    def genera(self, name: str) -> set[str]:
        """Return the named classes among the conjuncts of a class's definition."""
        parts = {part for definition in self.about[name].get(owl.EQUIVALENT, [])
                 for head in self.about[definition].get(owl.INTERSECTION, [])
                 for part in self.members(head)}
        return parts & self.classes

    def names_within(self, term: str) -> set[str]:
        """Return the named classes that a class expression is built from."""
        found, waiting = set[str](), [term]
        while waiting:
            node = waiting.pop()
            if node in self.classes:
                found.add(node)
            elif is_blank(node):
                waiting += [v for p, values in self.about[node].items() if p != owl.TYPE
                            for v in values]
        return found

    def candidates(self, hierarchy: Hierarchy) -> set[tuple[str, str]]:
        """Return the pairs (p, D) of which ``p some D`` may be entailed of something.

        D is a class named in a filler of p or of a property that p follows from, or in p's range.
        Where a filler is an expression or an individual, or lies outside a range, it may meet a
        definition that neither meets alone, so D is also any defined class below those. What holds
        of D holds of the classes above D, which need not be asked.
        """
        tied = {up for t in self.triples if t.predicate in self.relations.properties
                for up in self.relations.consequences(t.predicate)}
        pairs = set()
        for name, fillers in self._fillers().items():
            ranges = self.relations.ranges(name)
            asked = set().union(*(self.names_within(filler) for filler in fillers | ranges))
            if name in tied or not all(self._lies_within(filler, ranges, hierarchy)
                                       for filler in fillers):
                asked |= {d for d in self.defined if hierarchy.above(d) & asked}
            pairs |= {(name, filler) for filler in asked & self.classes}
        return pairs

    @staticmethod
    def _lies_within(filler: str, ranges: set[str], hierarchy: Hierarchy) -> bool:
        return is_iri(filler) and ranges <= {filler, *hierarchy.above(filler)}

    @cached_property
    def functional(self) -> set[str]:
        """The properties that tie a thing to one other at most."""
        return {t.subject for t in self.triples
                if (t.predicate, t.object) == (owl.TYPE, owl.FUNCTIONAL)}

    def is_plain(self, name: str) -> bool:
        """Say whether a class is described by named classes and ``some`` restrictions alone."""
        waiting = [o for p in (owl.SUBCLASS, owl.EQUIVALENT) for o in self.about[name].get(p, [])]
        while waiting:
            node = waiting.pop()
            if is_blank(node):
                said = self.about[node]
                if not said.keys() <= _PLAIN:
                    return False
                waiting += [o for p in _PLAIN - {owl.ON_PROPERTY} for o in said.get(p, [])]
        return True

    def values(self) -> set[tuple[str, str]]:
        """Return the pairs (p, i) of which ``p value i`` may be entailed of something."""
        return {(up, value) for _, name, said in self._restrictions()
                for value in said.get(owl.HAS_VALUE, []) if is_iri(value)
                for up in self.relations.consequences(name)}

    def _fillers(self) -> dict[str, set[str]]:
        fillers: dict[str, set[str]] = defaultdict(set)
        for _, name, said in self._restrictions():
            told = {value for predicate in owl.CLASS_FILLERS for value in said.get(predicate, [])}
            for up in self.relations.consequences(name):
                fillers[up] |= told
        return fillers

    def _restrictions(self) -> Iterator[tuple[str, str, dict[str, list[str]]]]:
        for node, said in list(self.about.items()):
            for name in said.get(owl.ON_PROPERTY, []):
                for known in self.relations.names(name):
                    yield node, known, said


class Helpers:
    """Helper classes, the axioms that define them, and what each of them asks."""

    def __init__(self) -> None:
        self.axioms: list[Triple] = []
        self.asks: dict[str, tuple[str, str, str]] = {}

    def restriction(self, kind: str, name: str, filler: str) -> None:
        """Ask what ``name some filler`` (or ``value``) holds of."""
        helper, node = self._next((kind, name, filler))
        self.axioms += [Triple(node, owl.TYPE, owl.RESTRICTION), Triple(node, kind, filler),
                        Triple(node, owl.ON_PROPERTY, name), Triple(node, owl.SUBCLASS, helper)]

    def intersection(self, one: str, other: str) -> None:
        """Ask whether two classes can share a member."""
        helper, node = self._next((owl.INTERSECTION, one, other))
        first, rest = f"{node}a", f"{node}b"
        self.axioms += [
            Triple(helper, owl.EQUIVALENT, node), Triple(node, owl.TYPE, owl.OWL_CLASS),
            Triple(node, owl.INTERSECTION, first), Triple(first, owl.FIRST, one),
            Triple(first, owl.REST, rest), Triple(rest, owl.FIRST, other),
            Triple(rest, owl.REST, owl.NIL),
        ]

    def _next(self, ask: tuple[str, str, str]) -> tuple[str, str]:
        """Return a new helper and the node of the expression that it stands for."""
        number = len(self.asks)
        helper = f"{_HELPER}{number}>"
        self.asks[helper] = ask
        self.axioms.append(Triple(helper, owl.TYPE, owl.OWL_CLASS))
        return helper, f"_:helper{number}"


def make_helpers(axioms: Axioms, hierarchy: Hierarchy) -> Helpers:
    """Return the helpers that ask for the relation graph and for disjoint siblings."""
    helpers = Helpers()
    for name, filler in sorted(axioms.candidates(hierarchy)):
        helpers.restriction(owl.SOME, name, filler)
    for name, value in sorted(axioms.values()):
        helpers.restriction(owl.HAS_VALUE, name, value)
    for one, other in sorted(_doubtful_siblings(axioms, hierarchy)):
        if not all(axioms.is_plain(name) for end in (one, other)
                   for name in (end, *hierarchy.above(end))):
            helpers.intersection(one, other)
    return helpers


def _doubtful_siblings(axioms: Axioms, hierarchy: Hierarchy) -> set[tuple[str, str]]:
    """Return pairs of siblings, one of them defined, that no class or axiom decides already.

    Siblings share a nearest superclass, or the genus from which both are defined: what the reasoner
    finds in between two kinds does not make them less comparable.
    """
    children: dict[str, set[str]] = defaultdict(set)
    below: dict[str, set[str]] = defaultdict(set)
    for name in axioms.classes:
        for up in hierarchy.direct(name) | axioms.genera(name):
            children[up].add(name)
        for up in (name, *hierarchy.above(name)):
            below[up].add(name)
    pairs = {pair for siblings in children.values() for pair in combinations(sorted(siblings), 2)}
    return {(one, other) for one, other in pairs - axioms.told_disjoint
            if axioms.defined & {one, other} and not below[one] & below[other]}


def class_entailments(axioms: Axioms, hierarchy: Hierarchy) -> set[Triple]:
    """Return entailed superclasses, equivalents and types that nobody asserted."""
    found = set()
    for name in axioms.classes:
        for up in hierarchy.above(name):
            found.add(Triple(name, owl.SUBCLASS, up))
            if name in hierarchy.above(up):
                found.add(Triple(name, owl.EQUIVALENT, up))
    for individual in hierarchy.told_types:
        found |= {Triple(individual, owl.TYPE, up) for up in hierarchy.types(individual)}
    return found - axioms.triples


def direct_entailments(axioms: Axioms, hierarchy: Hierarchy) -> set[Triple]:
    """Return of the unasserted superclasses and types only the nearest, for people's eyes."""
    found = {Triple(name, owl.SUBCLASS, up) for name in axioms.classes
             for up in hierarchy.direct(name)}
    for individual in hierarchy.told_types:
        types = hierarchy.types(individual)
        found |= {Triple(individual, owl.TYPE, up) for up in types
                  if not any(up in hierarchy.above(other) for other in types - {up})}
    return found - axioms.triples


def helper_entailments(axioms: Axioms, helpers: Helpers, hierarchy: Hierarchy) -> set[Triple]:
    """Read the relation graph and the disjoint pairs off a hierarchy that holds the helpers."""
    found = set()
    things = [(name, hierarchy.above(name)) for name in axioms.classes]
    things += [(name, frozenset(hierarchy.types(name))) for name in hierarchy.told_types]
    for thing, above in things:
        for helper in above.intersection(helpers.asks):
            kind, name, filler = helpers.asks[helper]
            if kind != owl.INTERSECTION:
                wide = hierarchy.above(filler) & axioms.classes if kind == owl.SOME else ()
                found |= {Triple(thing, name, up) for up in (filler, *wide)}
    empty = {helpers.asks[name][1:] for name in hierarchy.empty.intersection(helpers.asks)
             if helpers.asks[name][0] == owl.INTERSECTION}
    differing = Differences(axioms, hierarchy, found).among(_doubtful_siblings(axioms, hierarchy))
    for one, other in axioms.told_disjoint | empty | differing:
        found |= {Triple(one, owl.DISJOINT, other), Triple(other, owl.DISJOINT, one)}
    tied = {end for t in axioms.triples if t.predicate in axioms.relations.properties
            for end in (t.subject, t.object)}
    individuals = tied | set(hierarchy.told_types)
    return (found | axioms.relations.closure(axioms.triples | found, individuals)) - axioms.triples


class Differences:
    """Classes that cannot share a member, because of what the axioms and the relation graph say.

    A functional property has one value, so two classes exclude each other if their values do.
    """

    def __init__(self, axioms: Axioms, hierarchy: Hierarchy, graph: set[Triple]) -> None:
        self.hierarchy = hierarchy
        self.told = axioms.told_disjoint
        self.values: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for one, name, value in graph:
            if name in axioms.functional:
                self.values[one][name].add(value)

    def among(self, pairs: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        """Return those of some pairs of classes that exclude each other."""
        return {pair for pair in pairs if self._exclude(*pair) or self._differ(*pair)}

    def _exclude(self, one: str, other: str) -> bool:
        ends = [(name, *self.hierarchy.above(name)) for name in (one, other)]
        return any((min(a, b), max(a, b)) in self.told for a in ends[0] for b in ends[1])

    def _differ(self, one: str, other: str) -> bool:
        shared = self.values[one].keys() & self.values[other].keys()
        return any(self._exclude(a, b) for name in shared
                   for a in self.values[one][name] for b in self.values[other][name])
