"""All that a page shows of one term, gathered by a handful of queries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from iero.browse import claims, hierarchy, statements
from iero.browse.claims import Claim, Found
from iero.browse.hierarchy import Lineage, Node
from iero.browse.statements import Comparison, Relation
from iero.naming import Named
from iero.terms import IRI, Literal, Row, Term
from iero.vocabulary import PREFIXES, expand

if TYPE_CHECKING:
    from iero.description import Description
    from iero.graph import KnowledgeGraph

__all__ = ["Mention", "Part", "Portrait", "mentions", "portrait"]

CLAIMS: Final = 25
"""How many claims a term's own page shows; the others are a link away."""
MENTIONS: Final = 10
BESIDE: Final = 4
"""How many siblings a term's features are laid beside."""
MATCHES: Final = PREFIXES["skos"]
REMARKS: Final = frozenset(map(expand, ("rdfs:comment", "iero:ambiguousWith")))
SHOWS: Final = expand("iero:shows")
MEASURES: Final = expand("iero:measures")
INSTRUMENT: Final = expand("iero:Instrument")
_SHOWN_AS_PARTS: Final = frozenset(map(expand, (
    "iero:hasSubscale", "iero:isVersionOf", "iero:hasVersion", "iero:hasPart")))


@dataclass(frozen=True)
class Part:
    """A subscale or a version of an instrument: what is said of it, by the name of the property."""

    term: Named
    said: dict[str, list[Term]] = field(default_factory=dict)


@dataclass(frozen=True)
class Mention:
    """A place in a document."""

    document: Named
    quote: str
    before: str = ""
    after: str = ""
    role: str = ""
    negated: bool = False


@dataclass(frozen=True)
class Portrait:
    """A term as its page shows it.

    :ivar beside: its features and those of siblings.
    :ivar siblings: all that stand below the same nearest parent, ``under``.
    :ivar found: all claims about it, its kinds and parts; ``claims`` are the first about itself.
    :ivar psychometrics: for an instrument, what it and its parts and versions were shown to be.
    :ivar mappings: ``(kind of match, term of another vocabulary)``.
    """

    term: Description
    lineage: Lineage
    children: list[Node]
    more_children: bool
    under: Named | None
    siblings: list[Named]
    beside: Comparison
    relations: list[Relation]
    incoming: list[Relation]
    instruments: list[Named]
    found: list[Found]
    claims: list[Claim]
    psychometrics: list[Claim]
    subscales: list[Part]
    versions: list[Part]
    mappings: list[tuple[Named, Named]]
    remarks: list[Term]
    facts: list[tuple[Named, Term]]
    axioms: list[tuple[Named, Named]]
    mentions: list[Mention]
    more_mentions: bool

    @property
    def own_claims(self) -> int:
        """The number of claims about the term itself."""
        return sum(found.about == self.term.iri for found in self.found)


def portrait(graph: KnowledgeGraph, described: Description) -> Portrait:
    """Gather what a page shows of a term that has been described."""
    iri = described.iri
    lineage = hierarchy.lineage(graph, iri)
    children, more_children = hierarchy.children(graph, iri)
    under, siblings = _siblings(graph, described, lineage)
    me = Named(iri, described.label)
    said = statements.outgoing(graph, [iri, *siblings[:BESIDE]])
    pointing = statements.incoming(graph, iri)
    found = claims.about(graph, iri)
    shown = [each for each in found if each.relation == SHOWS]
    own = [each.claim for each in found if each.about == iri and each not in shown]
    subscales, versions, tested = list[Part](), list[Part](), list[Claim]()
    if _is_instrument(described):
        subscales, versions = _parts(graph, iri)
        tested = claims.read(graph, [each.claim for each in shown[:2 * CLAIMS]])
    else:
        own = [each.claim for each in found if each.about == iri]
    places, more_places = mentions(graph, iri)
    return Portrait(
        described, lineage, children, more_children, under, siblings,
        statements.compared([me, *siblings[:BESIDE]], said, features=True),
        statements.relations(each for each in said[iri] if not each.feature
                             and isinstance(each.value, IRI)
                             and each.property not in _SHOWN_AS_PARTS),
        statements.relations(each for each in pointing if each.property != MEASURES),
        [each.value for each in pointing
         if each.property == MEASURES and isinstance(each.value, Named)],
        found, claims.read(graph, own[:CLAIMS]), tested, subscales, versions,
        [pair for pair in described.relations if pair[0].startswith(MATCHES)],
        [value for name, value in described.facts if name in REMARKS],
        [pair for pair in described.facts if pair[0] not in REMARKS],
        [pair for pair in described.relations
         if not pair[0].startswith((MATCHES, PREFIXES["iero"]))],
        places, more_places)


def _is_instrument(described: Description) -> bool:
    return any(name.endswith(("hasSubscale", "isVersionOf", "hasVersion", "hasMeasurand"))
               for name, _ in described.relations)


def _siblings(
    graph: KnowledgeGraph, described: Description, lineage: Lineage
) -> tuple[Named | None, list[Named]]:
    """Return the parent with the fewest other kinds below it, and those."""
    if not described.superclasses:
        return None, []
    choices: list[tuple[int, Named, list[Named]]] = []
    for parent in lineage.parents[:3]:
        others = [kind for kind in hierarchy.kinds_below(graph, parent.term)
                  if kind != described.iri]
        if others:
            choices.append((len(others), parent.term, others))
    if not choices:
        return None, []
    _, under, siblings = min(choices, key=lambda choice: choice[0])
    return under, siblings


def _parts(graph: KnowledgeGraph, instrument: IRI) -> tuple[list[Part], list[Part]]:
    parts: dict[str, dict[str, Part]] = {"subscale": {}, "version": {}}
    for row in graph.look_up("parts", term=instrument):
        part = parts[row["role"]].setdefault(row["part"], Part(Named(row["part"],
                                                                     row["partLabel"])))
        value = row["value"]
        shown = Named(value, row.get("valueLabel", "")) if isinstance(value, IRI) else value
        name = str(row["property"]).removeprefix(PREFIXES["iero"])
        part.said.setdefault(name, []).append(shown)
    return list(parts["subscale"].values()), list(parts["version"].values())


def mentions(graph: KnowledgeGraph, term: IRI, page: int = 1) -> tuple[list[Mention], bool]:
    """Return a page of the places where documents mention a term, and whether more follow."""
    rows = graph.look_up("mentions", term=term, limit=MENTIONS + 1, offset=(page - 1) * MENTIONS)
    return [_mention(row) for row in rows[:MENTIONS]], len(rows) > MENTIONS


def _mention(row: Row) -> Mention:
    document = Named(row["document"], row.get("documentLabel", row["document"]))
    negated = row.get("negated")
    return Mention(document, str(row.get("quote", "")), str(row.get("before", "")),
                   str(row.get("after", "")), str(row.get("role", "")),
                   isinstance(negated, Literal) and negated.value is True)
