"""A workbook for Excel: the records, the mentions and the concepts, a sheet each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import orjson
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font

from iero.errors import BadParameter
from iero.tagging.documents.lines import ANNOTATIONS
from iero.tagging.documents.standoff import texts_of
from iero.tagging.documents.writers import COLUMNS, row

__all__ = ["write_workbook"]

_ROWS: Final = 1_048_575
_CELL: Final = 32_767
_RECORDS: Final = ("file", "record", "id", "iri", "title", "mentions", "concepts")
_WIDTHS: Final = {"title": 60, "concepts": 60, "context": 70, "quote": 28, "label": 32, "form": 28,
                  "concept": 48, "iri": 36, "file": 18, "id": 18, "reasons": 28, "rules": 24}


def write_workbook(records: Path, target: Path) -> None:
    """Write a workbook.

    :param records: JSON Lines, as the tagger writes them.
    :raises BadParameter: if there are more mentions than a sheet has rows.
    """
    book = Workbook(write_only=True)
    sheets = {name: _Sheet(book, name, columns) for name, columns in (
        ("records", _RECORDS), ("mentions", COLUMNS),
        ("concepts", ("concept", "label", "records", "mentions", "negated")))}
    found: Counter[str] = Counter()
    within: Counter[str] = Counter()
    denied: Counter[str] = Counter()
    labels: dict[str, str] = {}
    for record in _read(records):
        mentions = record[ANNOTATIONS]
        texts = texts_of(record)
        labels |= {each["concept"]: each["label"] for each in mentions}
        found.update(each["concept"] for each in mentions)
        within.update({each["concept"] for each in mentions})
        denied.update(each["concept"] for each in mentions if each["negated"])
        said = sorted({each["label"] for each in mentions if not each["negated"]})
        about = {name: record[name] for name in ("file", "record", "id", "iri")}
        sheets["records"].add([*about.values(), texts.get("title", ""), len(mentions),
                               "; ".join(said)])
        for each in mentions:
            sheets["mentions"].add(row(about, texts[each["field"]], each).values())
    for concept, _ in within.most_common():
        sheets["concepts"].add((concept, labels[concept], within[concept], found[concept],
                                denied[concept]))
    part = target.with_name(target.name + ".new")
    book.save(part)
    part.replace(target)


def _read(records: Path) -> Iterator[Mapping[str, Any]]:
    with records.open("rb") as lines:
        for line in lines:
            yield orjson.loads(line)


class _Sheet:
    """A sheet that is written row by row; its first row stays in sight."""

    def __init__(self, book: Workbook, name: str, columns: Iterable[str]) -> None:
        self._sheet = book.create_sheet(name)
        self._sheet.freeze_panes = "A2"
        for number, column in enumerate(columns):
            self._sheet.column_dimensions[_letter(number)].width = _WIDTHS.get(column, 12)
        self._rows = 0
        self._sheet.append([self._cell(column, bold=True) for column in columns])

    def add(self, values: Iterable[Any]) -> None:
        """Add a row."""
        self._rows += 1
        if self._rows > _ROWS:
            raise BadParameter("There are more mentions than a sheet of Excel has rows.",
                               hint="Write csv or jsonl, or tag fewer concepts.")
        self._sheet.append([self._cell(value) for value in values])

    def _cell(self, value: Any, *, bold: bool = False) -> Any:
        if not isinstance(value, str):
            return value
        text = ILLEGAL_CHARACTERS_RE.sub(" ", value)[:_CELL]
        if not bold and text[:1] != "=":
            return text
        cell = WriteOnlyCell(self._sheet, text)
        cell.data_type = "s"  # a text that begins with = is no formula
        if bold:
            cell.font = Font(bold=True)
        return cell


def _letter(number: int) -> str:
    return chr(ord("A") + number)
