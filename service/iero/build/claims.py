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
POSITIVE, NEGATIVE = iri("iero:PositivePolarity"), iri("iero:NegativePolarity")
POLARITIES: Final = (POSITIVE, NEGATIVE, iri("iero:NullPolarity"), iri("iero:MixedPolarity"))
_PARTS: Final = tuple(map(iri, (
    "iero:hasSubject", "iero:hasRelation", "iero:hasObject", "iero:hasPolarity")))


class Statement(NamedTuple):
    """What a claim is about, whatever its polarity."""

    subject: str
    relation: str
    object: str


@dataclass(frozen=True)
class Claims:
    """The claims of the sources, by what they are about."""

    polarities: dict[Statement, dict[str, str]]
    opposites: dict[str, str]

    def plain_triples(self) -> set[Triple]:
        """Return the statements that every claim about them affirms, or, by their opposite, denies.

        Where claims differ, and where they found nothing or both, there is no plain triple.
        """
        found = set()
        for statement, claims in self.polarities.items():
            if set(claims.values()) == {POSITIVE}:
                found.add(Triple(*statement))
            elif set(claims.values()) == {NEGATIVE} and statement.relation in self.opposites:
                opposite = self.opposites[statement.relation]
                found.add(Triple(statement.subject, opposite, statement.object))
        return found

    def conflicts(self) -> set[Triple]:
        """Return ``iero:conflictsWith``, both ways, between claims whose polarities differ."""
        return {Triple(one, CONFLICTS_WITH, other) for claims in self.polarities.values()
                for one, other in permutations(claims, 2) if claims[one] != claims[other]}

    def __len__(self) -> int:
        return sum(len(claims) for claims in self.polarities.values())


def read_claims(triples: Iterable[Triple]) -> Claims:
    """Collect the claims among triples whose faults :func:`find_claim_faults` has ruled out."""
    parts = _parts(triples)
    polarities: dict[Statement, dict[str, str]] = defaultdict(dict)
    for claim, values in sorted(parts.items()):
        subject, relation, object_, polarity = (values[part][0] for part in _PARTS)
        polarities[Statement(subject, relation, object_)][claim] = polarity
    opposites = {t.subject: t.object for t in triples if t.predicate == OPPOSITE}
    return Claims(dict(polarities), opposites)


def _parts(triples: Iterable[Triple]) -> dict[str, dict[str, list[str]]]:
    known = list(triples)
    found: dict[str, dict[str, list[str]]] = {
        t.subject: defaultdict(list) for t in known
        if t.predicate == owl.TYPE and t.object == CLAIM}
    for t in known:
        if t.subject in found and t.predicate in _PARTS:
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
