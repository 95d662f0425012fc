"""Maps of evidence: a grid of what stands in the rows against what stands in the columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from iero.browse.claims import POLARITIES
from iero.naming import Named
from iero.terms import IRI

if TYPE_CHECKING:
    from iero.graph import KnowledgeGraph

__all__ = ["Cell", "Grid", "evidence", "measurement"]


@dataclass
class Cell:
    """What lies between a row and a column.

    :ivar counts: polarity to the number of claims; or ``whole`` and ``subscales`` for instruments.
    """

    counts: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """The number of claims."""
        return sum(self.counts.values())

    @property
    def tone(self) -> str:
        """The polarity of all of them, or ``mixed``."""
        return next(iter(self.counts)) if len(self.counts) == 1 else "mixed"


@dataclass(frozen=True)
class Grid:
    """A grid with labelled rows and columns; cells by ``(row, column)``, empty ones left out."""

    rows: list[Named]
    columns: list[Named]
    cells: dict[tuple[IRI, IRI], Cell]

    def total(self, name: IRI) -> int:
        """Return the number in all cells of a row or column."""
        return sum(cell.total for ends, cell in self.cells.items() if name in ends)


def evidence(graph: KnowledgeGraph, rows: IRI, columns: IRI) -> Grid:
    """Return how many claims tie the kinds of one class to those of another, by polarity."""
    lines, heads, cells = dict[str, Named](), dict[str, Named](), dict[tuple[IRI, IRI], Cell]()
    for found in graph.look_up("evidence-map", rows=rows, columns=columns):
        row, column = _ends(found, lines, heads)
        polarity = POLARITIES.get(found["polarity"], "none")
        cells.setdefault((row, column), Cell()).counts[polarity] = int(found["number"])
    return Grid(_by_label(lines), _by_label(heads), cells)


def measurement(graph: KnowledgeGraph, construct: IRI) -> Grid:
    """Return which instruments measure which kinds of a construct.

    Short forms and translations that keep the name of the original are left to the original.
    Kinds that one instrument alone measures, or that all do, tell the instruments not apart and are
    left out, as long as others remain.
    """
    lines, heads, cells = dict[str, Named](), dict[str, Named](), dict[tuple[IRI, IRI], Cell]()
    for found in graph.look_up("measurement-map", columns=construct):
        if "of" in found and found["of"] in found.get("short", found["of"]):
            continue
        row, column = _ends(found, lines, heads)
        counts = cells.setdefault((row, column), Cell()).counts
        part = "subscales" if "subscale" in found else "whole"
        counts[part] = counts.get(part, 0) + 1
    users = {column: sum(column == other for _, other in cells) for column in heads.values()}
    telling = {column for column, number in users.items() if 1 < number < len(lines)}
    kept = telling or set(users)
    kept_cells = {ends: cell for ends, cell in cells.items() if ends[1] in kept}
    used = {row for row, _ in kept_cells}
    return Grid([row for row in _by_label(lines) if row in used],
                sorted(kept, key=lambda column: (-users[column], column.label)), kept_cells)


def _ends(
    found: Mapping[str, object], rows: dict[str, Named], columns: dict[str, Named]
) -> tuple[Named, Named]:
    def named(key: str, known: dict[str, Named]) -> Named:
        iri = str(found[key])
        return known.setdefault(iri, Named(iri, str(found.get(f"{key}Label", ""))))

    return named("row", rows), named("column", columns)


def _by_label(names: dict[str, Named]) -> list[Named]:
    return sorted(names.values(), key=lambda name: (name.label.lower(), name))
