"""Object properties: which follow from which, and what that says about individuals.

HermiT classifies; the ties between named individuals that sub-properties, inverses, symmetry,
transitivity and chains add are computed here, by the rules prp-spo1, prp-spo2, prp-inv, prp-symp,
prp-trp and prp-eqp of OWL 2 RL (OWL 2 Profiles, section 4.3, table 5).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from iero.build import owl
from iero.rdf import Triple, iri, is_blank, is_iri

_OBJECT_PROPERTY = iri("owl:ObjectProperty")
_DOMAIN = iri("rdfs:domain")


class Relations:
    """The object properties of an ontology."""

    def __init__(self, triples: Iterable[Triple]) -> None:
        known = list(triples)
        said: dict[str, dict[str, str]] = defaultdict(dict)
        for t in known:
            if is_blank(t.subject):
                said[t.subject][t.predicate] = t.object
        self.properties = {t.subject for t in known if is_iri(t.subject)
                           and t.predicate == owl.TYPE and t.object == _OBJECT_PROPERTY}
        self.symmetric = _of_type(known, owl.SYMMETRIC)
        self.transitive = _of_type(known, owl.TRANSITIVE)
        self.inverses: dict[str, set[str]] = defaultdict(set)
        self.supers: dict[str, set[str]] = defaultdict(set)
        self.told_ranges: dict[str, set[str]] = defaultdict(set)
        for t in known:
            self._note_inverse(t)
        self.chains = [(list(self._links(t.object, said)), t.subject)
                       for t in known if t.predicate == owl.CHAIN]
        self.anonymous = {node: rows[owl.INVERSE] for node, rows in said.items()
                          if owl.INVERSE in rows}
        for t in known:
            self._note(t)

    def _note_inverse(self, t: Triple) -> None:
        if t.predicate == owl.INVERSE and is_iri(t.subject):
            self.inverses[t.subject].add(t.object)
            self.inverses[t.object].add(t.subject)

    def _note(self, t: Triple) -> None:
        if t.predicate in (owl.SUBPROPERTY, owl.EQUIVALENT_PROPERTY):
            self._order(t.subject, t.object)
            if t.predicate == owl.EQUIVALENT_PROPERTY:
                self._order(t.object, t.subject)
        elif t.predicate == owl.RANGE:
            self.told_ranges[t.subject].add(t.object)
        elif t.predicate == _DOMAIN:
            for inverse in self.inverses.get(t.subject, ()):
                self.told_ranges[inverse].add(t.object)

    def _order(self, lower: str, upper: str) -> None:
        """Note that one property implies another, and so do their inverses."""
        for low in self.names(lower):
            self.supers[low] |= self.names(upper)
            for inverse in self.inverses.get(low, ()):
                self.supers[inverse].update(*(self.inverses[up] for up in self.names(upper)
                                              if up in self.inverses))

    @staticmethod
    def _links(head: str, said: dict[str, dict[str, str]]) -> Iterable[str]:
        while head != owl.NIL and head in said:
            yield said[head][owl.FIRST]
            head = said[head].get(owl.REST, owl.NIL)

    def names(self, term: str) -> set[str]:
        """Return the names of a property: its own, or those that an inverse expression has.

        >>> p, q, node = "<x:p>", "<x:q>", "_:b"
        >>> Relations([Triple(p, owl.INVERSE, q), Triple(node, owl.INVERSE, q)]).names(node)
        {'<x:p>'}
        """
        if is_iri(term):
            return {term}
        return set(self.inverses.get(self.anonymous.get(term, ""), ()))

    def consequences(self, name: str) -> set[str]:
        """Return the property with all that a tie by it can contribute to."""
        seen, waiting = {name}, [name]
        while waiting:
            current = waiting.pop()
            above = set(self.supers.get(current, ()))
            above |= {made for links, made in self.chains
                      if any(current in self.names(link) for link in links)}
            if current in self.symmetric:
                above |= self.inverses.get(current, set())
            waiting += above - seen
            seen |= above
        return seen & self.properties

    def ranges(self, name: str) -> set[str]:
        """Return the told ranges of a property and of those above it."""
        return set().union(*(self.told_ranges.get(up, set())
                             for up in self.consequences(name)))

    def closure(self, triples: Iterable[Triple], individuals: set[str]) -> set[Triple]:
        """Return the ties between individuals, told and entailed."""
        ties = {t for t in triples if t.predicate in self.properties
                and t.subject in individuals and t.object in individuals}
        fresh = ties
        while fresh:
            fresh = self._step(ties) - ties
            ties |= fresh
        return ties

    def _step(self, ties: set[Triple]) -> set[Triple]:
        found = set()
        for one, name, other in ties:
            found |= {Triple(one, up, other) for up in self.supers.get(name, ())}
            backward = self.inverses.get(name, set()) | ({name} & self.symmetric)
            found |= {Triple(other, inverse, one) for inverse in backward}
        steps: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for one, name, other in ties | found:
            steps[name].add((one, other))
        for name in self.transitive:
            found |= _compose([steps[name], steps[name]], name)
        for links, made in self.chains:
            found |= _compose([self._pairs(link, steps) for link in links], made)
        return {t for t in found if t.predicate in self.properties}

    def _pairs(self, link: str, steps: dict[str, set[tuple[str, str]]]) -> set[tuple[str, str]]:
        """Return the pairs that one link of a chain ties; it may be an inverse expression."""
        if link in self.anonymous:
            return {(other, one) for one, other in steps[self.anonymous[link]]}
        return steps[link]


def _of_type(triples: Iterable[Triple], kind: str) -> set[str]:
    return {t.subject for t in triples if t.predicate == owl.TYPE and t.object == kind}


def _compose(links: list[set[tuple[str, str]]], made: str) -> set[Triple]:
    """Follow a chain of ties from end to end."""
    reached = links[0]
    for link in links[1:]:
        after: dict[str, set[str]] = defaultdict(set)
        for one, other in link:
            after[one].add(other)
        reached = {(start, end) for start, middle in reached for end in after.get(middle, ())}
    return {Triple(start, made, end) for start, end in reached}
