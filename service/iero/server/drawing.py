"""Drawings made here: a theory with its constructs, and maps of evidence, as SVG.

Without style attributes, which the pages' security policy blocks: the style sheet knows the
classes; where a drawing leaves the page as a file, it brings a sheet of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from textwrap import wrap
from typing import TYPE_CHECKING, Final

from iero.naming import Named
from iero.vocabulary import expand

if TYPE_CHECKING:
    from iero.browse.portrait import Portrait
    from iero.description import Description

_THEORY: Final = expand("iero:Theory")
LINE, PAD, GAP = 18, 9, 10
WRAP: Final = {"left": 22, "right": 40}
"""How many letters a line of a box holds."""
LEFT, MIDDLE, RIGHT = 200, 210, 350
ROWS: Final = 40
"""How many constructs are drawn; a list on the page has all."""


@dataclass(frozen=True)
class Box:
    """A box with text; positions in SVG user units."""

    term: Named
    x: int
    y: int
    width: int
    height: int
    lines: list[str]


@dataclass(frozen=True)
class Drawing:
    """A theory in the middle left, its constructs at the right, by relation.

    :ivar ties: ``(path, label, label x, label y, ground)``.
    """

    width: int
    height: int
    center: Box
    boxes: list[Box] = field(default_factory=list)
    ties: list[tuple[str, str, int, int, str]] = field(default_factory=list)


def fits(term: Description) -> bool:
    """Say whether a term is a theory, model or taxonomy."""
    return any(kind.label in ("theory", "model", "taxonomy", "process model") or
               kind == _THEORY for kind in term.kinds)


def theory(shape: Portrait) -> Drawing | None:
    """Draw what a theory holds; nothing where it relates to nothing."""
    ties = [(relation.property.label, each.value, each.ground) for relation in shape.relations
            for each in relation.statements if isinstance(each.value, Named)][:ROWS]
    if not ties:
        return None
    boxes, drawn, y = list[Box](), list[tuple[str, str, int, int, str]](), 0
    left = LEFT + MIDDLE
    for label, group in groupby(ties, key=lambda tie: tie[0]):
        for number, (_, value, ground) in enumerate(group):
            box = _box(value, left, y, RIGHT, "right")
            middle = y + box.height // 2
            boxes.append(box)
            drawn.append((str(middle), "" if number else label, left - 12, middle - 5, ground))
            y += box.height + GAP
        y += GAP
    height = y - 2 * GAP
    me = _box(Named(shape.term.iri, shape.term.label), 0, 0, LEFT, "left")
    me = Box(me.term, 0, max(0, (height - me.height) // 2), LEFT, me.height, me.lines)
    start = me.y + me.height // 2
    bend = LEFT + MIDDLE // 4
    curves = [(f"M{LEFT} {start}C{bend + 30} {start} {bend - 10} {end} {bend + 40} {end}H{left}",
               label, x, at, ground) for end, label, x, at, ground in drawn]
    return Drawing(left + RIGHT, max(height, me.y + me.height), me, boxes, curves)


def _box(term: Named, x: int, y: int, width: int, side: str) -> Box:
    lines = wrap(term.label, WRAP[side])[:4] or [term.curie]
    return Box(term, x, y, width, len(lines) * LINE + 2 * PAD, lines)
