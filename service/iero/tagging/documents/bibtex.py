"""BibTeX, as Zotero, Better BibTeX, Mendeley and JabRef write it.

The fields are read by bibtexparser, LaTeX's accents by its decoder. Tags are written into the field
``keywords`` in the record's own text; bibtexparser would lay out the whole entry anew.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from typing import ClassVar, Final

from bibtexparser.library import Library
from bibtexparser.middlewares import LatexDecodingMiddleware, RemoveEnclosingMiddleware
from bibtexparser.model import Entry, Field, ParsingFailedBlock
from bibtexparser.splitter import Splitter

from iero.tagging.documents.dialect import TAG, Cutter, Dialect, Parsed
from iero.tagging.documents.document import Document, Piece, identify, names_of
from iero.tagging.documents.source import LIMIT, Source

__all__ = ["Bibtex"]

_START: Final = re.compile(rb"(?:\xef\xbb\xbf)?[ \t]*@[ \t]*(\w+)[ \t]*[{(]")
_OTHERS: Final = frozenset((b"comment", b"string", b"preamble"))
_OURS: Final = re.compile(rf"(^|[{{\"]|[,;])(\s*){re.escape(TAG)}[^,;{{}}\"]*")
_BRACES: Final = re.compile(r"(?<!\\)[{}]")


class Bibtex(Dialect):
    """BibTeX and BibLaTeX."""

    name = "bibtex"
    keyword: ClassVar[str] = "keywords"

    def __init__(self) -> None:
        self._names = names_of(self.name)
        self._wanted = {name for names in self._names.values() for name in names}
        self._middleware = RemoveEnclosingMiddleware(), LatexDecodingMiddleware()
        logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)  # reported here

    def __reduce__(self) -> tuple[type[Bibtex], tuple[()]]:
        return Bibtex, ()

    def split(self, source: Source) -> Iterator[Piece]:
        """Cut at the lines that begin with an @; see :meth:`Dialect.split`."""
        cutter, held, size, inside = Cutter(source.place), list[bytes](), 0, False
        for line in source.lines():
            found = _START.match(line)
            if found or size > LIMIT:
                yield from _cut(cutter, held, inside)
                held, size = [], 0
                inside = found is not None and found[1].lower() not in _OTHERS
            held.append(line)
            size += len(line)
        yield from _cut(cutter, held, inside)

    def parse(self, text: str, piece: Piece) -> Parsed:
        """Read an entry; see :meth:`Dialect.parse`."""
        entry = _entry(text, piece.line)
        wanted = {field.key.lower(): field for field in reversed(entry.fields)
                  if field.key.lower() in self._wanted}
        library = Library([Entry(entry.entry_type, entry.key, list(wanted.values()))])
        for middleware in self._middleware:
            library = middleware.transform(library)
        values = {field.key.lower(): str(field.value) for field in library.entries[0].fields}
        values["ID"] = entry.key

        def first(name: str) -> str:
            return values.get(name, "")

        fields = {kind: _BRACES.sub("", first(kind)).strip() for kind in ("title", "abstract")
                  if first(kind).strip()}
        return Parsed(*identify(first, self._names), fields)

    def mark(self, document: Document, keywords: Sequence[str]) -> bytes:
        """Write the field of keywords; see :meth:`Dialect.mark`."""
        text = document.raw.decode(document.encoding)
        entry = _entry(text, document.line)
        tags = [TAG + keyword.replace(",", "") for keyword in keywords]
        found = next((each for each in entry.fields if each.key.lower() == self.keyword), None)
        if found is not None:
            marked = _extended(text, found, tags)
        elif tags:
            marked = _inserted(text, entry, "{" + ", ".join(tags) + "}")
        else:
            marked = text
        return marked.encode(document.encoding, "replace")


def _cut(cutter: Cutter, held: list[bytes], inside: bool) -> Iterator[Piece]:
    return cutter.trimmed(held) if inside else cutter.between(b"".join(held))


def _entry(text: str, line: int) -> Entry:
    """Return the one entry of a piece of text.

    :raises ValueError: if there is none, or more than one.
    """
    library = Splitter(text.lstrip("\ufeff")).split()
    for block in library.failed_blocks:
        if isinstance(block, ParsingFailedBlock):
            reason = getattr(block.error, "abort_reason", "") or str(block.error)
            ignored = block.ignore_error_block
            if isinstance(ignored, Entry):  # a field that is there twice: the first one counts
                return ignored
            raise ValueError(f"{' '.join(reason.split())} (line {line + (block.start_line or 0)})")
    if len(library.entries) != 1:
        raise ValueError("it does not begin on a line of its own"
                         if library.entries else "it is no entry")
    return library.entries[0]


def _where(text: str, field: Field) -> tuple[int, int]:
    """Return where the value of a field stands in the text of its entry."""
    pattern = rf"{re.escape(field.key)}\s*=\s*({re.escape(field.value)})"
    found = re.search(pattern, text)
    if found is None:
        raise ValueError(f"the field {field.key!r} is not found again")
    return found.span(1)


def _extended(text: str, field: Field, tags: list[str]) -> str:
    """Put tags at the end of a field, in place of those of an earlier run."""
    start, end = _where(text, field)
    value = _cleaned(text[start:end])
    separator = next((mark for mark in (", ", "; ", ",", ";") if mark in value), ", ")
    added = separator.join(tags)
    if value[-1:] in ("}", '"') and value[:1] in ("{", '"'):
        inner = value[1:-1]
        glue = separator if inner.strip() and tags else ""
        value = f"{value[0]}{inner.rstrip() if glue else inner}{glue}{added}{value[-1]}"
    elif tags:
        value = f"{value} # {{{separator}{added}}}"
    return text[:start] + value + text[end:]


def _cleaned(value: str) -> str:
    """Return a value without our tags.

    >>> _cleaned("{anxiety, iero: venting, iero: distress}"), _cleaned("{iero: venting, anxiety}")
    ('{anxiety}', '{anxiety}')
    """
    cleaned = _OURS.sub(lambda found: found[1] if found[1] in ("{", '"') else "", value)
    return re.sub(r'^([{"])[,;]\s*', r"\1", cleaned) if cleaned != value else value


def _inserted(text: str, entry: Entry, value: str) -> str:
    """Put a new field behind the last one, laid out like it."""
    if not entry.fields:
        raise ValueError("it has no fields")
    last = entry.fields[-1]
    start, end = _where(text, last)
    head = text.rfind(last.key, 0, start)
    margin = re.search(r"[\r\n]*[ \t]*$", text[:head])
    equals = text[head + len(last.key):start]
    if "\n" not in equals and len(equals.strip(" \t")) == 1:
        equals = " = " if " " in equals or "\t" in equals else "="
    lead = (margin[0] if margin is not None else "") or " "
    return f"{text[:end]},{lead}keywords{equals}{value}{text[end:]}"
