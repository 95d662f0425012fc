"""Plain text, JSON Lines, CSV and TSV."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final, NamedTuple

import orjson

from iero.errors import BadParameter
from iero.tagging.documents.dialect import Cutter, Dialect, Parsed
from iero.tagging.documents.document import Document, Piece, decode, identify, names_of
from iero.tagging.documents.source import LIMIT, Source

__all__ = ["ANNOTATIONS", "Csv", "JsonLines", "PlainText", "Tsv"]

ANNOTATIONS: Final = "annotations"
"""The member of a JSON record that holds its tags, and nothing else."""

COLUMN: Final = "iero_tags"
"""The column that a tagged table has more."""

_KINDS: Final = ("title", "abstract", "text")
_OPEN: Final = 1024 * 1024
_SCHEMAS: Final = 256
_BREAKS: Final = "\r\n"


class _Schema(NamedTuple):
    """What records with certain members are asked for: ``(kind, name)`` of texts, names of ids."""

    fields: list[tuple[str, str]]
    names: dict[str, list[str]]


class PlainText(Dialect):
    """A text file: the whole of it is one document, which bears the name of the file."""

    name = "text"

    def split(self, source: Source) -> Iterator[Piece]:
        """Take the file whole; see :meth:`Dialect.split`."""
        cutter, held = Cutter(source.place), bytearray()
        for chunk in source.chunks():
            held += chunk
            if len(held) > LIMIT:
                yield cutter.record(bytes(held))
                held.clear()
        if held and source.place.offset == 0:
            yield cutter.record(bytes(held))

    def parse(self, text: str, piece: Piece) -> Parsed:
        """Take the text as it is; see :meth:`Dialect.parse`."""
        return Parsed("", "", {"text": text})


class JsonLines(Dialect):
    """One JSON object in each line.

    :ivar given: names of the members to tag, if the user says; else the usual ones.
    """

    name = "jsonl"

    def __init__(self, given: tuple[str, ...] = ()) -> None:
        self._given = given
        self._names = names_of("columns")
        self._aliases = {name: kind for kind in _KINDS for name in reversed(self._names[kind])}
        self._known: dict[tuple[str, ...], _Schema] = {}

    @classmethod
    def of(cls, source: Source, given: tuple[str, ...] = ()) -> Dialect:  # noqa: ARG003
        """Take the members that the user names; see :meth:`Dialect.of`."""
        return cls(given)

    def split(self, source: Source) -> Iterator[Piece]:
        """Every line that is not blank is a record; see :meth:`Dialect.split`."""
        cutter = Cutter(source.place)
        for line in source.lines():
            if line.isspace():
                yield from cutter.between(line)
            else:
                yield cutter.record(line, lines=1)

    def parse(self, text: str, piece: Piece) -> Parsed:
        """Read a line; see :meth:`Dialect.parse`."""
        try:
            data = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise ValueError(f"it is no JSON: {error.msg} (column {error.colno})") from error
        if not isinstance(data, dict):
            raise ValueError("it is no JSON object, but "
                             + ("a list" if isinstance(data, list) else text[:20]))
        return self._parsed(data)

    def _parsed(self, data: Mapping[str, Any]) -> Parsed:
        names = tuple(data)
        schema = self._known.get(names)
        if schema is None:
            schema = _Schema(self._wanted(names), _present(names, self._names))
            if len(self._known) < _SCHEMAS:
                self._known[names] = schema
        fields = {}
        for kind, name in schema.fields:
            value = data[name]
            if value and kind not in fields:
                if not isinstance(value, str):
                    raise ValueError(f"its {name!r} is no text")
                fields[kind] = value
        own, iri = identify(lambda name: _string(data[name]), schema.names)
        return Parsed(own, iri, fields)

    def _wanted(self, names: Sequence[str]) -> list[tuple[str, str]]:
        """Return which members are tagged as what: ``(kind, name)``, the best name first.

        :raises ValueError: if one that the user named is missing, or none is known.
        """
        if self._given:
            for name in self._given:
                if name not in names:
                    raise ValueError(f"it has no {name!r}")
            return [(self._aliases.get(name.lower(), name), name) for name in self._given]
        found = [(kind, name) for kind in _KINDS for alias in self._names[kind]
                 for name in names if name.lower() == alias]
        if not found:
            raise ValueError("it has no title, abstract or text, only "
                             + ", ".join(map(repr, names[:6])) if names else "it is empty")
        return found


def _present(names: Sequence[str], known: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Return the names by which a record that has these members can be identified."""
    return {kind: [name for alias in known[kind] for name in names if name.lower() == alias]
            for kind in ("id", "doi", "pmid")}


def _string(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


class Csv(JsonLines):
    """A table whose first line names the columns.

    :ivar delimiter: between cells.
    :ivar header: the names of the columns.
    """

    name = "csv"
    delimiters: ClassVar[str] = ",;|"

    def __init__(self, delimiter: str = ",", header: tuple[str, ...] = (),
                 given: tuple[str, ...] = ()) -> None:
        super().__init__(given)
        csv.field_size_limit(LIMIT)  # Python's own limit is a long abstract
        self._delimiter, self._header = delimiter, header
        mark = re.escape(delimiter.encode())
        self._last = re.compile(mark + rb'(?:"(?:[^"]|"")*"|[^"\r\n' + mark + rb"]*)$")

    @classmethod
    def of(cls, source: Source, given: tuple[str, ...] = ()) -> Dialect:
        """Take delimiter and columns from the first line; see :meth:`Dialect.of`."""
        text, _ = decode(source.head)
        line = text.partition("\n")[0]
        delimiter = max(cls.delimiters, key=line.count)
        try:
            header = next(csv.reader(text.splitlines(keepends=True), delimiter=delimiter), [])
        except csv.Error as error:
            what = f"The first line of {source.name!r} is no header"
            raise BadParameter(f"{what}: {error}.") from error
        table = cls(delimiter, tuple(name.strip() for name in header), given)
        try:
            table._wanted(table._header)
        except ValueError as error:
            raise BadParameter(f"The table {source.name!r} cannot be tagged: {error}.",
                               hint="Name the columns to tag: --field NAME.") from error
        return table

    def split(self, source: Source) -> Iterator[Piece]:
        """Cut at the ends of lines outside quotation marks; see :meth:`Dialect.split`."""
        cutter, first = Cutter(source.place), source.place.offset == 0
        for raw, fault in _rows(source.lines()):
            if first or raw.isspace():
                yield from cutter.between(raw)
                first = False
            else:
                yield cutter.record(raw, fault)

    def parse(self, text: str, piece: Piece) -> Parsed:
        """Read a row; see :meth:`Dialect.parse`."""
        try:
            [cells] = csv.reader([text], delimiter=self._delimiter, strict=True)
        except (csv.Error, ValueError) as error:
            raise ValueError(f"it is no row of a table: {error}") from error
        if len(cells) != len(self._header):
            raise ValueError(f"it has {len(cells)} cells where the header has {len(self._header)}")
        return self._parsed(dict(zip(self._header, cells, strict=True)))

    def mark(self, document: Document, keywords: Sequence[str]) -> bytes:
        """Put a cell behind the last one; see :meth:`Dialect.mark`."""
        return self._with_cell(document.raw, "; ".join(keywords), document.encoding)

    def between(self, raw: bytes) -> bytes:
        """Put the name of the new column behind the header."""
        return raw if raw.isspace() else self._with_cell(raw, COLUMN, "utf-8")

    def _with_cell(self, raw: bytes, cell: str, encoding: str) -> bytes:
        whole = raw.rstrip(_BREAKS.encode())
        row = self._last.sub(b"", whole) if self._header[-1:] == (COLUMN,) else whole
        quoted = re.search(r'["\r\n' + re.escape(self._delimiter) + "]", cell)
        text = '"' + cell.replace('"', '""') + '"' if quoted else cell
        return row + (self._delimiter + text).encode(encoding, "replace") + raw[len(whole):]


class Tsv(Csv):
    """A table with tabs between the cells."""

    name = "tsv"
    delimiters = "\t"


def _rows(lines: Iterator[bytes]) -> Iterator[tuple[bytes, str]]:
    """Yield the rows of a table; of one whose quotation mark stays open only the first line."""
    waiting: list[bytes] = []
    held: list[bytes] = []
    size, is_open = 0, False
    while True:
        line = waiting.pop() if waiting else next(lines, b"")
        if not line or size > _OPEN:
            if not is_open:
                return
            yield held[0], "it has a quotation mark that is never closed"
            waiting += filter(None, [line, *reversed(held[1:])])
            held, size, is_open = [], 0, False
            continue
        held.append(line)
        size += len(line)
        is_open ^= line.count(b'"') % 2 == 1
        if not is_open:
            yield b"".join(held), ""
            held, size = [], 0
