"""What every format offers: cutting a file apart, reading a record, writing tags into it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, NamedTuple

from iero.errors import BadParameter
from iero.tagging.documents.document import Document, Piece, Place, Rejected, decode
from iero.tagging.documents.source import LIMIT, Source

__all__ = ["TAG", "Cutter", "Dialect", "Parsed", "line_count", "no_place"]

TAG = "iero: "
"""Begins every keyword that comes from the tagger, so that it is told from those of the authors,
and replaced when the file is tagged again."""


class Parsed(NamedTuple):
    """What a record says: its own name, its IRI, its texts; see :class:`Document`."""

    id: str
    iri: str
    fields: Mapping[str, str]


class Dialect(ABC):
    """One file format, settled in all that one file of it may leave open. Picklable.

    :cvar name: of the format.
    :ivar encoding: that the file says it is in; empty if each record has to be looked at.
    :ivar usual: the encoding for a record in ASCII, so that what is added fits the rest of the
        file.
    """

    name: ClassVar[str] = ""
    encoding: str = ""
    usual: str = "utf-8"

    @classmethod
    def of(cls, source: Source, given: tuple[str, ...] = ()) -> Dialect:  # noqa: ARG003
        """Return the dialect of a file, from its first bytes.

        :param given: the columns or members to tag, if the user says.
        :raises BadParameter: if they are not of this format at all.
        """
        return cls()

    @abstractmethod
    def split(self, source: Source) -> Iterator[Piece]:
        """Cut a file into records and what stands between them, from where the source stands."""

    @abstractmethod
    def parse(self, text: str, piece: Piece) -> Parsed:
        """Read one record.

        :raises ValueError: with the reason, if it is broken.
        """

    def mark(self, document: Document, keywords: Sequence[str]) -> bytes:
        """Return a record with these keywords as its tags, and else byte for byte as it was.

        :raises BadParameter: if the format has no place for them.
        """
        raise no_place(self.name)

    def between(self, raw: bytes) -> bytes:
        """Return what stands between records as it is to stand in a tagged file."""
        return raw

    def read(self, piece: Piece, file: str) -> Document | Rejected:
        """Read the record in a piece of a file."""
        raw, number, line, fault = piece
        if not fault:
            try:
                text, encoding = decode(raw, self.encoding)
                if not self.encoding and raw.isascii():
                    encoding = self.usual
                own, iri, fields = self.parse(text, piece)
                return Document(own or f"record-{number}", fields, self.name, iri, file, number,
                                line, raw, encoding)
            except ValueError as error:
                fault = str(error)
        return Rejected(file, number, line, fault, raw)


class Cutter:
    """Makes the pieces of one file, and keeps count of records and lines.

    :param place: where cutting begins.
    """

    def __init__(self, place: Place) -> None:
        self.line, self.number = place.line, place.number

    def record(self, raw: bytes, fault: str = "", lines: int = -1) -> Piece:
        """Return a piece that is a record."""
        self.number += 1
        if len(raw) > LIMIT:
            fault = f"it has more than {LIMIT:,} bytes: the mark that ends it must be missing"
        return self._piece(raw, self.number, fault, lines)

    def between(self, raw: bytes) -> Iterator[Piece]:
        """Yield the piece between two records, if there is any."""
        if raw:
            yield self._piece(raw, 0, "", -1)

    def trimmed(self, held: list[bytes], fault: str = "") -> Iterator[Piece]:
        """Yield the piece that is a record, without the blank lines at its end, and then these."""
        count = len(held)
        while count and not held[count - 1].strip():
            count -= 1
        if count:
            yield self.record(b"".join(held[:count]), fault)
        yield from self.between(b"".join(held[count:]))

    def _piece(self, raw: bytes, number: int, fault: str, lines: int) -> Piece:
        piece = Piece(raw, number, self.line, fault)
        self.line += line_count(raw) if lines < 0 else lines
        return piece


def no_place(name: str) -> BadParameter:
    """Return the error that says that a format cannot hold tags.

    >>> str(no_place("text")).splitlines()[0]
    'The format text has no place for tags.'
    """
    return BadParameter(f"The format {name} has no place for tags.",
                        hint="Choose another one for the output: jsonl, csv, brat, html.")


def line_count(raw: bytes) -> int:
    """Return how many lines end in some bytes, whatever ends them.

    >>> line_count(b"a\\r\\nb\\rc\\n")
    3
    """
    returns = raw.count(b"\r")
    return raw.count(b"\n") + (returns - raw.count(b"\r\n") if returns else 0)
