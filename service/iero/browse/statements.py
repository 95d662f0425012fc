"""What is said of terms by properties: relations, distinguishing features, and tables of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from iero.naming import Named
from iero.terms import IRI, Row, Term
from iero.vocabulary import expand

if TYPE_CHECKING:
    from iero.graph import KnowledgeGraph

__all__ = [
    "Comparison", "Relation", "Statement", "compared", "incoming", "outgoing", "referring",
    "relations",
]

GROUNDS: Final = ("stated", "inferred", "claims")
"""Why the graph says it: its author did, the reasoner did, or all claims agree."""

_NAMES: Final = frozenset(map(expand, ("iero:abbreviation", "iero:ambiguousWith")))


@dataclass(frozen=True)
class Statement:
    """One thing that is said of a term.

    :ivar feature: whether its value is a feature, by which kinds are told apart.
    :ivar ground: one of :data:`GROUNDS`.
    """

    property: Named
    value: Term
    feature: bool = False
    ground: str = "stated"


@dataclass(frozen=True)
class Relation:
    """All values that a term has of one property."""

    property: Named
    statements: list[Statement]


@dataclass(frozen=True)
class Comparison:
    """A table: a row for each property, a cell for each term.

    :ivar rows: property, the values of each term, and whether the terms differ in it.
    """

    terms: list[Named]
    rows: list[tuple[Named, list[list[Statement]], bool]] = field(default_factory=list)


def outgoing(graph: KnowledgeGraph, terms: Sequence[IRI]) -> dict[str, list[Statement]]:
    """Return what is said of some terms by properties of IERO, names apart."""
    said: dict[str, list[Statement]] = {term: [] for term in terms}
    # The graph of inferences holds what follows from a stated restriction as well.
    stated = {(row["term"], row["property"], row["value"])
              for row in graph.look_up("restrictions", term=list(terms))}
    for row in graph.look_up("statements", term=list(terms)):
        if row["property"] in _NAMES:
            continue
        made = _statement(row)
        if made.ground == "inferred" and (row["term"], row["property"], row["value"]) in stated:
            made = replace(made, ground="stated")
        said[row["term"]].append(made)
    return said


def incoming(graph: KnowledgeGraph, term: IRI, limit: int = 2000) -> list[Statement]:
    """Return which terms point at one, by which property; the value is the term that points."""
    return [_statement(row) for row in graph.look_up("incoming", term=term, limit=limit)]


def referring(graph: KnowledgeGraph, source: IRI, limit: int = 500) -> list[Named]:
    """Return the terms that name something as their source, claims apart."""
    return [Named(row["term"], row.get("termLabel", ""))
            for row in graph.look_up("referring", source=source, limit=limit)]


def relations(statements: Iterable[Statement]) -> list[Relation]:
    """Gather statements by their property."""
    grouped: dict[Named, list[Statement]] = {}
    for statement in statements:
        grouped.setdefault(statement.property, []).append(statement)
    return [Relation(name, found) for name, found in grouped.items()]


def compared(
    terms: Sequence[Named], said: dict[str, list[Statement]], *, features: bool
) -> Comparison:
    """Lay what is said of terms out as a table, features first.

    :param features: whether only features are wanted.
    """
    rows: dict[Named, list[list[Statement]]] = {}
    for number, term in enumerate(terms):
        for statement in said.get(term, []):
            if statement.feature or not features:
                cells = rows.setdefault(statement.property, [[] for _ in terms])
                cells[number].append(statement)
    ordered = sorted(rows.items(), key=lambda row: (not _is_feature(row[1]), -_filled(row[1]),
                                                    row[0].label))
    return Comparison(list(terms), [(name, cells, _differs(cells)) for name, cells in ordered])


def _statement(row: Row) -> Statement:
    value = row["value"]
    shown = Named(value, row.get("valueLabel", "")) if isinstance(value, IRI) else value
    return Statement(Named(row["property"], row.get("propertyLabel", "")), shown,
                     row.get("feature") == "yes", str(row.get("ground", "stated")))


def _is_feature(cells: list[list[Statement]]) -> bool:
    return any(statement.feature for cell in cells for statement in cell)


def _filled(cells: list[list[Statement]]) -> int:
    return sum(map(bool, cells))


def _differs(cells: list[list[Statement]]) -> bool:
    return len({frozenset(statement.value for statement in cell) for cell in cells}) > 1
