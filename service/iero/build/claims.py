"""What claims add to the graph: plain triples where sources agree, and conflicts where not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import permutations
from typing import Final, NamedTuple

from iero.build import owl
from iero.build.faults import Fault
from iero.build.sources import Sources
from iero.rdf import Triple, curie, iri

CLAIM: Final = iri("iero:Claim")
CONFLICTS_WITH: Final = iri("iero:conflictsWith")
OPPOSITE: Final = iri("iero:oppositeRelation")
HORIZON, MEDIATOR = iri("iero:hasTimeHorizon"), iri("iero:hasMediator")
POSITIVE, NEGATIVE = iri("iero:PositivePolarity"), iri("iero:NegativePolarity")
POLARITIES: Final = (POSITIVE, NEGATIVE, iri("iero:NullPolarity"), iri("iero:MixedPolarity"))
_REVERSED: Final = {POSITIVE: NEGATIVE, NEGATIVE: POSITIVE}
_PARTS: Final = tuple(map(iri, (
    "iero:hasSubject", "iero:hasRelation", "iero:hasObject", "iero:hasPolarity")))


class Statement(NamedTuple):
    """What a claim is about, whatever its polarity."""

    subject: str
    relation: str
    object: str


class Reading(NamedTuple):
    """A claim, brought to the wording that it shares with all claims about the same thing.

    :ivar worded: the statement as the claim words it.
    :ivar polarity: its polarity towards the shared wording: "does not decrease" is "increases".
    :ivar horizon: the time after which the effect was seen, or nothing.
    :ivar through: the mediators that it names.
    """

    worded: Statement
    polarity: str
    horizon: str
    through: frozenset[str]


@dataclass(frozen=True)
class Relations:
    """What the sources say of the relations that claims state."""

    opposites: dict[str, str]
    symmetric: frozenset[str]

    def read(self, reading: Reading) -> tuple[Statement, Reading]:
        """Return what a claim is about, and its reading towards that.

        Of a relation and its opposite the first by name is the shared one; the ends of a symmetric
        relation are put in order.
        """
        (subject, relation, object_), polarity = reading.worded, reading.polarity
        opposite = self.opposites.get(relation, relation)
        if opposite < relation:
            relation, polarity = opposite, _REVERSED.get(polarity, polarity)
        if relation in self.symmetric:
            subject, object_ = sorted((subject, object_))
        return Statement(subject, relation, object_), reading._replace(polarity=polarity)


@dataclass(frozen=True)
class Claims:
    """The claims of the sources, by what they are about."""

    readings: dict[Statement, dict[str, Reading]]
    relations: Relations

    def plain_triples(self) -> set[Triple]:
        """Return the statements that every claim about them affirms, or, by their opposite, denies.

        Where claims differ, and where they found nothing or both, there is no plain triple. A
        symmetric relation is written both ways.
        """
        found = set()
        for statement, claims in self.readings.items():
            polarities = {reading.polarity for reading in claims.values()}
            relation = statement.relation
            if polarities == {NEGATIVE}:
                relation = self.relations.opposites.get(relation, "")
            elif polarities != {POSITIVE}:
                continue
            if relation:
                found.add(Triple(statement.subject, relation, statement.object))
                if relation in self.relations.symmetric:
                    found.add(Triple(statement.object, relation, statement.subject))
        return found

    def conflicts(self) -> set[Triple]:
        """Return ``iero:conflictsWith``, both ways, between claims that contradict each other."""
        return {Triple(one, CONFLICTS_WITH, other) for readings in self.readings.values()
                for one, other in permutations(readings, 2)
                if _contradict(readings[one], readings[other])}

    def __len__(self) -> int:
        return sum(len(claims) for claims in self.readings.values())


def _contradict(one: Reading, other: Reading) -> bool:
    """Say whether polarities differ of the same thing.

    Relief now and distress later go together, and so do an effect that comes about through one
    thing and one that does not come about through another.
    """
    then = one.horizon and other.horizon and one.horizon != other.horizon
    through = one.through and other.through and one.through != other.through
    return one.polarity != other.polarity and not then and not through


def read_claims(triples: Iterable[Triple]) -> Claims:
    """Collect the claims among triples whose faults :func:`find_claim_faults` has ruled out."""
    known = list(triples)
    relations = Relations(
        {one: other for t in known if t.predicate == OPPOSITE
         for one, other in ((t.subject, t.object), (t.object, t.subject))},
        frozenset(t.subject for t in known if (t.predicate, t.object) == (owl.TYPE, owl.SYMMETRIC)))
    readings: dict[Statement, dict[str, Reading]] = defaultdict(dict)
    for claim, values in sorted(_parts(known).items()):
        subject, relation, object_, polarity = (values[part][0] for part in _PARTS)
        horizon = (values[HORIZON] or [""])[0]
        about, reading = relations.read(Reading(
            Statement(subject, relation, object_), polarity, horizon, frozenset(values[MEDIATOR])))
        readings[about][claim] = reading
    return Claims(dict(readings), relations)


def _parts(triples: Iterable[Triple]) -> dict[str, dict[str, list[str]]]:
    known = list(triples)
    found: dict[str, dict[str, list[str]]] = {
        t.subject: defaultdict(list) for t in known
        if t.predicate == owl.TYPE and t.object == CLAIM}
    for t in known:
        if t.subject in found and t.predicate in (*_PARTS, HORIZON, MEDIATOR):
            found[t.subject][t.predicate].append(t.object)
    return found


def find_claim_faults(sources: Sources) -> Iterator[Fault]:
    """Yield claims that do not say one thing, and derived triples that somebody typed in."""
    triples = sources.triples()
    for claim, values in _parts(triples).items():
        for part in _PARTS:
            if len(values[part]) != 1:
                yield sources.fault(claim, curie(claim), f"A claim needs one {curie(part)}; it has "
                                    f"{len(values[part]) or 'none'}.")
        for polarity in values[_PARTS[3]]:
            if polarity not in POLARITIES:
                known = ", ".join(map(curie, POLARITIES))
                yield sources.fault(claim, curie(claim),
                                    f"Its polarity {curie(polarity)} is none of {known}.")
    for t in triples:
        if t.predicate == CONFLICTS_WITH:
            yield sources.fault(t.subject, curie(t.subject), "iero:conflictsWith is derived by the "
                                "build and must not be typed in.")
