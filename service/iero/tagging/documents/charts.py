"""The geometry of the report's charts: where things stand and how large they are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final, NamedTuple

__all__ = ["Arc", "Cell", "GapMap", "Node", "Web", "gap_map", "web"]

_CELL: Final = 34
_SIZE: Final = 840
_RADIUS: Final = 218


class Cell(NamedTuple):
    """A place of the gap map: its middle, the radius of its disc, and number of records."""

    x: float
    y: float
    radius: float
    records: int
    row: str
    column: str


@dataclass
class GapMap:
    """Rows against columns. ``rows`` and ``columns`` hold label, place and number of records."""

    width: int
    height: int
    left: int
    top: int
    rows: list[tuple[str, float, int]]
    columns: list[tuple[str, float, int]]
    cells: list[Cell]
    filled: int


def gap_map(rows: Sequence[tuple[str, str, int]], columns: Sequence[tuple[str, str, int]],
            pairs: Mapping[tuple[str, str], int]) -> GapMap:
    """Lay out a map of evidence and its gaps.

    >>> drawn = gap_map([("s", "venting", 2)], [("d", "anxiety", 3)], {("s", "d"): 2})
    >>> drawn.cells[0].records, drawn.filled
    (2, 1)

    :param rows: name, label and count of each; ``columns`` likewise.
    :param pairs: counts by the names of row and column.
    """
    left = 20 + round(6.6 * max((len(label) for _, label, _ in rows), default=0)) + 46
    top = 24 + round(4.9 * max((len(label) for _, label, _ in columns), default=0)) + 34
    most = max(pairs.values(), default=1)
    xs = {name: left + _CELL * (number + 0.5) for number, (name, _, _) in enumerate(columns)}
    ys = {name: top + _CELL * (number + 0.5) for number, (name, _, _) in enumerate(rows)}
    cells = [Cell(xs[column], ys[row], _radius(pairs.get((row, column), 0), most),
                  pairs.get((row, column), 0), row_label, column_label)
             for row, row_label, _ in rows for column, column_label, _ in columns]
    right = round(3.6 * max((len(label) for _, label, _ in columns[-3:]), default=0))
    return GapMap(left + _CELL * len(columns) + right + 30, top + _CELL * len(rows) + 14, left, top,
                  [(label, ys[name], count) for name, label, count in rows],
                  [(label, xs[name], count) for name, label, count in columns],
                  cells, sum(cell.records > 0 for cell in cells))


def _radius(count: int, most: int) -> float:
    """Return the radius of a disc whose area stands for a count."""
    return round(7.5 + 8.5 * math.sqrt(count / most), 1) if count else 0.0


class Node(NamedTuple):
    """A concept on the circle: its place, that of its label, and how that is turned."""

    x: float
    y: float
    radius: float
    label: str
    kind: str
    records: int
    text_x: float
    text_y: float
    turn: float
    anchor: str


class Arc(NamedTuple):
    """Two concepts that records mention together: the path between them and its strength."""

    path: str
    width: float
    opacity: float
    records: int
    one: str
    other: str


@dataclass
class Web:
    """The co-occurrence map, a square with sides of ``size``."""

    size: int
    nodes: list[Node]
    arcs: list[Arc]


def web(concepts: Sequence[tuple[str, str, str, int]], pairs: Mapping[frozenset[str], int],
        most: int = 90) -> Web:
    """Lay concepts out on a circle, with arcs between those that occur together.

    :param concepts: name, label, kind and count of each, in the order around the circle.
    :param pairs: in how many records two concepts stand together.
    :param most: so many arcs are drawn, those of the commonest pairs.
    """
    middle, nodes, places = _SIZE / 2, [], {}
    largest = max((count for *_, count in concepts), default=1)
    for number, (name, label, kind, count) in enumerate(concepts):
        angle = 2 * math.pi * number / len(concepts) - math.pi / 2
        x, y = middle + _RADIUS * math.cos(angle), middle + _RADIUS * math.sin(angle)
        places[name] = (x, y)
        nodes.append(_node(x, y, angle, label, kind, count, largest))
    labels = {name: label for name, label, *_ in concepts}
    found = [(pairs[pair], one, other) for one, other in combinations(places, 2)
             if (pair := frozenset((one, other))) in pairs]
    found.sort(key=lambda each: (-each[0], each[1:]))
    top = found[0][0] if found else 1
    arcs = [_arc(places[one], places[other], middle, count, top, labels[one], labels[other])
            for count, one, other in reversed(found[:most])]
    return Web(_SIZE, nodes, arcs)


def _node(x: float, y: float, angle: float, label: str, kind: str, count: int, largest: int
          ) -> Node:
    radius = 3 + 11 * math.sqrt(count / largest)
    away = radius + 7
    text_x, text_y = x + away * math.cos(angle), y + away * math.sin(angle)
    turn, flipped = math.degrees(angle), math.cos(angle) < -1e-9
    return Node(round(x, 1), round(y, 1), round(radius, 1), label, kind, count, round(text_x, 1),
                round(text_y, 1), round(turn + 180 * flipped, 1), "end" if flipped else "start")


def _arc(one: tuple[float, float], other: tuple[float, float], middle: float, count: int, most: int,
         first: str, second: str) -> Arc:
    share = math.sqrt(count / most)
    path = (f"M{one[0]:.1f} {one[1]:.1f}Q{middle:.1f} {middle:.1f} {other[0]:.1f} {other[1]:.1f}")
    return Arc(path, round(0.6 + 6 * share, 2), round(0.12 + 0.5 * share, 2), count, first, second)
