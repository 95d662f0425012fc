"""Claims as a reader wants them: what is said of what, by whom, on what evidence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from iero.naming import Named
from iero.terms import IRI, Literal, Row, Term
from iero.vocabulary import expand

if TYPE_CHECKING:
    from iero.graph import KnowledgeGraph

__all__ = ["Claim", "Found", "about", "between", "conflicts", "of_work", "read"]

POLARITIES: Final = {expand("iero:PositivePolarity"): "positive",
                     expand("iero:NegativePolarity"): "negative",
                     expand("iero:NullPolarity"): "none", expand("iero:MixedPolarity"): "mixed"}
"""The four polarities, in the order in which they are shown, and how pages call them."""

STUDIES: Final = tuple(expand(f"iero:{name}") for name in (
    "MetaAnalysis", "SystematicReview", "ExperimentalStudy", "NeuroimagingExperiment",
    "TreatmentStudy", "LongitudinalStudy", "DailyLifeStudy", "CrossSectionalStudy",
    "PsychometricStudy", "QualitativeStudy", "NarrativeReview", "TheoreticalProposal",
    "TertiarySummary"))
"""Kinds of study, the most telling about cause and strength first; unknown ones come last."""


@dataclass(frozen=True)
class Found:
    """A claim that was found, before it is read.

    :ivar about: the end of the claim through which it was found.
    :ivar polarity: ``positive``, ``negative``, ``none``, ``mixed``, or nothing.
    """

    claim: IRI
    about: IRI
    relation: Named | None
    polarity: str
    study: str

    def rank(self) -> tuple[str, int, int, str]:
        """Return where it stands in a list: by relation, then polarity, then kind of study."""
        order = list(POLARITIES.values())
        return (self.relation.label if self.relation else "~",
                order.index(self.polarity) if self.polarity in order else len(order),
                STUDIES.index(self.study) if self.study in STUDIES else len(STUDIES), self.claim)


@dataclass(frozen=True)
class Claim:
    """What a source found or proposes.

    :ivar effect: the effect as papers print it, such as ``r = .31, 95 % CI .25 to .37``.
    :ivar sources: the works behind it.
    :ivar conflicts: the claims that contradict it.
    """

    iri: IRI
    label: str
    subject: Named | None = None
    relation: Named | None = None
    object: Named | None = None
    polarity: str = ""
    study: Named | None = None
    horizon: Named | None = None
    effect: str = ""
    sample: str = ""
    studies: str = ""
    population: str = ""
    verification: Named | None = None
    sources: list[Named] = field(default_factory=list)
    moderators: list[Named] = field(default_factory=list)
    mediators: list[Named] = field(default_factory=list)
    conflicts: list[Named] = field(default_factory=list)
    notes: list[Term] = field(default_factory=list)


def about(graph: KnowledgeGraph, term: IRI) -> list[Found]:
    """Find the claims about a term, its kinds, its parts and its versions."""
    return _found(graph.look_up("claims-about", term=term))


def between(graph: KnowledgeGraph, term: IRI, other: IRI) -> list[Found]:
    """Find the claims that tie two terms or their kinds, whichever is the subject."""
    return _found(graph.look_up("claims-between", term=term, other=other))


def of_work(graph: KnowledgeGraph, work: IRI) -> list[Found]:
    """Find the claims that rest on a work."""
    return _found(graph.look_up("claims-of-work", term=work))


def conflicts(graph: KnowledgeGraph) -> list[tuple[Claim, Claim]]:
    """Return the pairs of claims that contradict each other."""
    pairs = [(IRI(row["claim"]), IRI(row["other"])) for row in graph.look_up("claims-in-conflict")]
    made = {claim.iri: claim for claim in read(graph, [one for pair in pairs for one in pair])}
    return [(made[one], made[other]) for one, other in pairs if one in made and other in made]


def _found(rows: Iterable[Row]) -> list[Found]:
    found: dict[str, Found] = {}
    for row in rows:
        relation = Named(row["relation"], row.get("relationLabel", "")) \
            if "relation" in row else None
        found.setdefault(row["claim"], Found(
            IRI(row["claim"]), IRI(row["about"]), relation,
            POLARITIES.get(row.get("polarity", ""), ""), str(row.get("studyType", ""))))
    return sorted(found.values(), key=Found.rank)


def read(graph: KnowledgeGraph, claims: Sequence[IRI]) -> list[Claim]:
    """Read claims, in the order given."""
    said: dict[str, dict[str, list[Term]]] = {}
    for row in graph.look_up("claims", claim=list(dict.fromkeys(claims))):
        value = row["value"]
        shown = Named(value, row.get("valueLabel", "")) if isinstance(value, IRI) else value
        said.setdefault(row["claim"], {}).setdefault(row["property"], []).append(shown)
    return [_claim(claim, said[claim]) for claim in dict.fromkeys(claims) if claim in said]


def _claim(iri: IRI, said: dict[str, list[Term]]) -> Claim:
    def many(name: str) -> list[Named]:
        return [value for value in said.get(expand(name), []) if isinstance(value, Named)]

    def one(name: str) -> Named | None:
        return next(iter(many(name)), None)

    def text(name: str) -> str:
        return str(next(iter(said.get(expand(name), [])), ""))

    return Claim(
        iri, text("rdfs:label") or iri.curie, one("iero:hasSubject"), one("iero:hasRelation"),
        one("iero:hasObject"), POLARITIES.get(str(one("iero:hasPolarity") or ""), ""),
        one("iero:hasStudyType"), one("iero:hasTimeHorizon"), _effect(said),
        _grouped(text("iero:sampleSize")), text("iero:studyCount"), text("iero:population"),
        one("iero:hasVerification"), many("dcterms:source"), many("iero:hasModerator"),
        many("iero:hasMediator"), many("iero:conflictsWith"), said.get(expand("rdfs:comment"), []))


def _grouped(number: str) -> str:
    return f"{int(number):,}" if number.isascii() and number.isdigit() else number


def _effect(said: dict[str, list[Term]]) -> str:
    """Write an effect size as papers do."""
    def number(name: str) -> str:
        value = next(iter(said.get(expand(name), [])), None)
        return str(value).replace("-", "\u2212") if isinstance(value, Literal) else ""

    metric = next((value.label for value in said.get(expand("iero:effectMetric"), [])
                   if isinstance(value, Named)), "")
    size, least, most = map(number, ("iero:effectSize", "iero:effectMinimum", "iero:effectMaximum"))
    lower, upper = number("iero:effectLowerBound"), number("iero:effectUpperBound")
    shown = size or (f"{least} to {most}" if least and most else least or most)
    if not shown:
        return metric
    interval = f", 95\u00a0% CI {lower} to {upper}" if lower and upper else ""
    lead = f"{metric} = " if size and metric else f"{metric} " if metric else ""
    return lead + shown + interval
