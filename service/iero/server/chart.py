"""An answer as a chart: where its bars or lines go, for a template to write as SVG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from math import floor, log10
from typing import TYPE_CHECKING, Final

from iero.terms import Literal, Row, Term

if TYPE_CHECKING:
    from iero.server.preview import Preview

__all__ = ["Chart", "Mark", "chart"]

BARS: Final = 40
SERIES: Final = 3
WIDTH: Final = 760
LABELS: Final = 250
"""The room for the names of the bars, in user units, of the whole :data:`WIDTH`."""

ROW: Final = 26
TALL: Final = 340
LETTERS: Final = 34
_STEPS: Final = 5
_APART: Final = 20
"""How many times larger a column may be than another one on the same axis."""


@dataclass(frozen=True)
class Mark:
    """A bar, or a point of a line: its place, and what it stands for."""

    x: float
    y: float
    width: float
    height: float
    series: int
    label: str
    value: str


@dataclass(frozen=True)
class Chart:
    """A chart of numbers by name, or over another number.

    :ivar shape: ``bars`` or ``lines``.
    :ivar across: the column that names the bars, or that the lines run over.
    :ivar series: the columns of the numbers.
    :ivar names: ``(y, text, full text)`` for bars.
    :ivar ticks: ``(place, text)`` along the axis of the numbers; ``below`` along that of the lines.
    :ivar paths: for each line its points, as SVG writes them.
    :ivar left_out: rows that the chart has no room for.
    :ivar others: columns of numbers that are not drawn.
    """

    shape: str
    across: str
    series: list[str]
    width: int
    height: int
    zero: float
    marks: list[Mark]
    ticks: list[tuple[float, str]]
    names: list[tuple[float, str, str]] = field(default_factory=list)
    below: list[tuple[float, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    left_out: int = 0
    others: list[str] = field(default_factory=list)


def chart(preview: Preview, column: str = "") -> Chart | None:
    """Return a chart of an answer, or nothing where it has no column of numbers to draw.

    :param column: the column to draw; without one, those that go together on one axis.
    """
    numeric = [name for name in preview.variables if _is_numeric(preview.rows, name)]
    named = [name for name in preview.variables if name not in numeric]
    across = (named or numeric)[:1]
    drawable = [name for name in numeric if name not in across]
    if len(preview.rows) < 2 or not drawable:
        return None
    series = [column] if column in drawable else _together(preview.rows, drawable)
    made = _bars if named else _lines
    return replace(made(preview.rows, across[0], series),
                   others=[name for name in drawable if name not in series])


def _together(rows: Sequence[Row], columns: list[str]) -> list[str]:
    """Return the columns that one axis can show: of one size, and no years beside counts."""
    tops = {name: max(map(abs, _numbers_of(rows, name))) for name in columns}
    counts = [name for name in columns if not _is_years(rows, name)] or columns
    first = tops[counts[0]] or 1.0
    return [name for name in counts if 1 / _APART <= (tops[name] or 1.0) / first <= _APART][:SERIES]


def _is_years(rows: Sequence[Row], name: str) -> bool:
    return all(1500 <= number <= 2100 and number.is_integer()
               for number in _numbers_of(rows, name))


def _numbers_of(rows: Sequence[Row], name: str) -> list[float]:
    return [number for row in rows for number in _numbers(row, [name])]


def _is_numeric(rows: Sequence[Row], name: str) -> bool:
    found = [_number(row[name]) for row in rows if name in row]
    return bool(found) and None not in found


def _number(term: Term) -> float | None:
    value = term.value if isinstance(term, Literal) else None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    number = float(value)
    return number if abs(number) < 1e300 else None  # INF and NaN have no place on paper


def _bars(rows: Sequence[Row], across: str, series: list[str]) -> Chart:
    shown = rows[:BARS]
    numbers = [number for row in shown for number in _numbers(row, series)]
    low, high = min(0.0, *numbers), max(0.0, *numbers)
    place = _scale(low, high, LABELS, WIDTH - 60)
    thick = (ROW - 8) / len(series)
    marks, names = [], []
    for at, row in enumerate(shown):
        label = str(getattr(row.get(across), "label", row.get(across, "")))
        names.append((at * ROW + ROW / 2, _short(label), label))
        for number, name in enumerate(series):
            value = _number(row[name]) if name in row else None
            if value is not None:
                left, right = sorted((place(0), place(value)))
                marks.append(Mark(left, at * ROW + 4 + number * thick, max(right - left, .5),
                                  thick, number, label, str(row[name])))
    ticks = [(place(value), _written(value)) for value in _ticks(low, high)]
    return Chart("bars", across, series, WIDTH, len(shown) * ROW + 30, place(0), marks, ticks,
                 names, left_out=len(rows) - len(shown))


def _lines(rows: Sequence[Row], across: str, series: list[str]) -> Chart:
    ordered = sorted((row for row in rows if across in row),
                     key=lambda row: _number(row[across]) or 0.0)
    over = [_number(row[across]) or 0.0 for row in ordered]
    numbers = [number for row in ordered for number in _numbers(row, series)]
    low, high = min(0.0, *numbers), max(0.0, *numbers)
    place_x = _scale(over[0], over[-1], 60, WIDTH - 20)
    place_y = _scale(low, high, TALL - 34, 12)
    marks, paths = [], []
    for number, name in enumerate(series):
        points = [(place_x(x), place_y(_number(row[name]) or 0.0), row)
                  for x, row in zip(over, ordered, strict=True) if name in row]
        marks += [Mark(x, y, 0, 0, number, str(row[across]), str(row[name]))
                  for x, y, row in points]
        paths.append(" ".join(f"{x:.1f},{y:.1f}" for x, y, _ in points))
    ticks = [(place_y(value), _written(value)) for value in _ticks(low, high)]
    below = [(place_x(value), _written(value)) for value in _ticks(over[0], over[-1])]
    return Chart("lines", across, series, WIDTH, TALL, place_y(0), marks, ticks, below=below,
                 paths=paths)


def _numbers(row: Row, series: list[str]) -> Iterator[float]:
    for name in series:
        if name in row and (value := _number(row[name])) is not None:
            yield value


class _scale:  # noqa: N801 - a function that remembers its ends
    """From a value to a place between two ends."""

    def __init__(self, low: float, high: float, start: float, stop: float) -> None:
        self._low, self._start = low, start
        self._factor = (stop - start) / ((high - low) or 1.0)

    def __call__(self, value: float) -> float:
        return round(self._start + (value - self._low) * self._factor, 1)


def _ticks(low: float, high: float) -> list[float]:
    """Return round numbers between two ends, about five of them.

    >>> _ticks(0, 87)
    [0.0, 20.0, 40.0, 60.0, 80.0]
    """
    if high <= low:
        return [low]
    rough = (high - low) / _STEPS
    power = 10.0 ** floor(log10(rough))
    step = next(size * power for size in (1, 2, 5, 10) if size * power >= rough)
    first = -floor(-low / step)
    return [round(number * step, 10) for number in range(first, floor(high / step) + 1)]


def _written(value: float) -> str:
    return f"{value:.10g}"


def _short(text: str) -> str:
    return text if len(text) <= LETTERS else text[:LETTERS - 1].rstrip() + "…"
