"""RIS and MEDLINE (NBIB): a record is a list of lines that each begin with the name of a field.

The values are read by rispy. Tags are written as further keyword lines, ``KW`` or ``OT``, between
the record's own lines, which stay as they are: rispy would write the fields it does not know in
another order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Final

import rispy

from iero.tagging.documents.dialect import TAG, Cutter, Dialect, Parsed
from iero.tagging.documents.document import Document, Piece, identify, names_of
from iero.tagging.documents.source import LIMIT, Source

__all__ = ["Nbib", "Ris"]

_BOM: Final = "\ufeff"
_LINE: Final = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")
_BREAK: Final = re.compile(r"\r\n|\n|\r")


class _Same(dict[str, str]):
    """Every field keeps the name that it has in the file."""

    def __missing__(self, key: str) -> str:
        return key


class _Every(list[str]):
    """Every field may stand more than once."""

    def __contains__(self, _: object) -> bool:
        return True


class _RisParser(rispy.RisParser):  # type: ignore[misc]
    DEFAULT_MAPPING = _Same()
    DEFAULT_LIST_TAGS = _Every()
    DEFAULT_DELIMITER_MAPPING: ClassVar[dict[str, str]] = {}


class _NbibParser(_RisParser):
    START_TAG = "PMID"

    def parse_line(self, line: str) -> Any:
        if line[4:6] == "- ":
            return line[:4].rstrip(), line[6:].strip()
        return None, line.strip()


class _Fielded(Dialect):
    """What both formats have in common.

    :cvar start: matches the line that begins a record.
    :cvar field: matches any line that begins with a field; the first group is its name.
    :cvar keyword: the field of keywords, as it begins a line.
    :cvar later: the fields before which keywords go if there are none yet.
    """

    parser: ClassVar[type[rispy.RisParser]]
    field: ClassVar[re.Pattern[str]]
    keyword: ClassVar[str]
    later: ClassVar[tuple[str, ...]]

    def __init__(self) -> None:
        self._names = names_of(self.name)

    def parse(self, text: str, piece: Piece) -> Parsed:
        """Read a record; see :meth:`Dialect.parse`."""
        lines = [line.removeprefix(_BOM) for line in _BREAK.split(text)]
        records = self.parser().parse_lines(iter([*self._checked(lines, piece), "ER  - "]))
        if not records:
            raise ValueError("it has no fields")
        values: dict[str, list[str]] = records[0]

        def first(name: str) -> str:
            found = values.get(name, "")
            return " ".join(filter(None, found if isinstance(found, list) else [found]))

        fields = {kind: text for kind in ("title", "abstract")
                  if (text := next(filter(None, map(first, self._names[kind])), ""))}
        return Parsed(*identify(first, self._names), fields)

    def _checked(self, lines: list[str], piece: Piece) -> list[str]:
        return [line.lstrip() if self.field.match(line.lstrip()) else line for line in lines]

    def mark(self, document: Document, keywords: Sequence[str]) -> bytes:
        """Write keyword lines; see :meth:`Dialect.mark`."""
        lines = _LINE.findall(document.raw.decode(document.encoding))
        end = next((mark for mark in ("\r\n", "\n", "\r") if lines[0].endswith(mark)), "\n")
        kept, at = self._kept(lines)
        tags = [f"{self.keyword}{TAG}{keyword}{end}" for keyword in keywords]
        if tags and at and not kept[at - 1].endswith(("\n", "\r")):
            tags = [end + tag.removesuffix(end) for tag in tags]  # no line break at the end
        return "".join([*kept[:at], *tags, *kept[at:]]).encode(document.encoding, "replace")

    def _kept(self, lines: list[str]) -> tuple[list[str], int]:
        """Return the lines without former tags, and before which of them the new ones go."""
        kept: list[str] = []
        name, ours, after, before = "", False, 0, 0
        for line in lines:
            if (found := self.field.match(line.lstrip(_BOM + " "))) is not None:
                name = found[1].strip()
                ours = self._is_keyword(name) and line[found.end():].lstrip().startswith(TAG)
                if name in self.later and not before:
                    before = len(kept)
            if ours and line.strip():
                continue
            kept.append(line)
            if self._is_keyword(name) and line.strip():
                after = len(kept)
            elif line.strip() and not before:
                last = len(kept)
        return kept, after or before or last

    def _is_keyword(self, name: str) -> bool:
        return self.keyword.startswith(name + " ")


class Ris(_Fielded):
    """RIS, as reference managers and data bases write it."""

    name = "ris"
    parser = _RisParser
    field = re.compile(r"([A-Z][A-Z0-9])  ?-(?: |$|(?=[\r\n]))")
    keyword = "KW  - "
    later = ("ER",)
    _start: ClassVar[re.Pattern[bytes]] = re.compile(rb"(?:\xef\xbb\xbf)?[ \t]*TY  ?-")
    _end: ClassVar[re.Pattern[bytes]] = re.compile(rb"[ \t]*ER  ?-")
    _idle: ClassVar[re.Pattern[bytes]] = re.compile(rb"\s*(?:<?\d+[>.)]?|EF(?:  ?-)?)?\s*$")
    _tagged: ClassVar[re.Pattern[bytes]] = re.compile(rb"[A-Z][A-Z0-9]  ?- ")

    def split(self, source: Source) -> Iterator[Piece]:
        """Cut at the lines TY and ER; see :meth:`Dialect.split`."""
        cutter, held, size = Cutter(source.place), list[bytes](), 0
        inside = stray = False
        for line in source.lines():
            if self._start.match(line) or size > LIMIT:
                yield from self._left(cutter, held, inside, stray)
                held, size, inside, stray = [], 0, bool(self._start.match(line)), False
            if not (inside or stray or self._idle.match(line)):
                stray = cutter.number > 0 or self._tagged.match(line) is not None
                if stray:
                    yield from cutter.between(b"".join(held))
                    held, size = [], 0
            held.append(line)
            size += len(line)
            if (inside or stray) and self._end.match(line):
                yield cutter.record(b"".join(held), _NO_START if stray else "")
                held, size, inside, stray = [], 0, False, False
        yield from self._left(cutter, held, inside, stray)

    def _left(self, cutter: Cutter, held: list[bytes], inside: bool, stray: bool
              ) -> Iterator[Piece]:
        """Yield what no ER line has ended."""
        if inside or stray:
            yield cutter.record(b"".join(held), _NO_START if stray else _NO_END)
        else:
            yield from cutter.between(b"".join(held))


_NO_START: Final = "it does not begin with a TY line"
_NO_END: Final = "it is not ended by an ER line"


class Nbib(_Fielded):
    """MEDLINE's format, which PubMed saves as .nbib."""

    name = "nbib"
    parser = _NbibParser
    field = re.compile(r"([A-Z][A-Z0-9 ]{3})- ")
    keyword = "OT  - "
    later = ("COIS", "EDAT", "MHDA", "CRDT", "PHST", "AID", "PST", "SO")
    _start: ClassVar[re.Pattern[bytes]] = re.compile(rb"(?:\xef\xbb\xbf)?PMID- ")

    def split(self, source: Source) -> Iterator[Piece]:
        """Cut at the lines PMID; see :meth:`Dialect.split`."""
        cutter, held, size, inside = Cutter(source.place), list[bytes](), 0, False
        for line in source.lines():
            starts = self._start.match(line)
            ends = inside and held and not held[-1].strip() and line.strip() and not starts
            if starts or ends or size > LIMIT:
                yield from self._left(cutter, held, inside)
                held, size = [], 0
            inside = inside or bool(line.strip())
            held.append(line)
            size += len(line)
        yield from self._left(cutter, held, inside)

    def _left(self, cutter: Cutter, held: list[bytes], inside: bool) -> Iterator[Piece]:
        if not inside:
            return cutter.between(b"".join(held))
        starts = any(map(self._start.match, held[:1]))
        return cutter.trimmed(held, "" if starts else _NO_PMID)

    def _checked(self, lines: list[str], piece: Piece) -> list[str]:
        for number, line in enumerate(lines):
            if line.strip() and not (self.field.match(line) or line.startswith("      ")):
                raise ValueError(f"line {piece.line + number} is neither a field nor the rest of "
                                 f"one: {line[:40]!r}")
        return [line for line in lines if line.strip()]


_NO_PMID: Final = "it does not begin with a PMID line"
