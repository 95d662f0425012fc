"""A file as a stream of bytes that can be cut at line ends and tags, whatever it is packed in.

Compressed files (gzip, told by their first bytes) are unpacked as they are read. A file in UTF-16
is turned into UTF-8 on the way in, and back on the way out; all other encodings leave the ASCII
characters alone, by which files are cut, and each record finds its own encoding later.
"""

from __future__ import annotations

import codecs
import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from iero.errors import BadParameter, NotFound
from iero.tagging.documents.document import Place

__all__ = ["HEAD", "LIMIT", "Source"]

HEAD: Final = 64 * 1024
"""So many bytes are looked at to tell the format of a file."""

LIMIT: Final = 32 * 1024 * 1024
"""A record with more bytes than this is set aside: a mark that should end it must be missing."""

_CHUNK: Final = 256 * 1024
_BOMS: Final = ((codecs.BOM_UTF8, ""), (codecs.BOM_UTF16_LE, "utf-16-le"),
                (codecs.BOM_UTF16_BE, "utf-16-be"))


class Source:
    """An input, opened for reading from front to back.

    :ivar name: of the file, as the user gave it; ``-`` is standard input.
    :ivar bom: the byte order mark that it begins with, or nothing.
    :ivar wide: ``utf-16-le`` or ``utf-16-be`` if the bytes given here were made from it.
    :ivar head: the first bytes, without the mark.
    :ivar size: of the file in bytes; ``None`` if nobody knows.
    :ivar place: where reading begins; moved by :meth:`skip`.

    :raises NotFound: if there is no such file.
    :raises BadParameter: if it cannot be read.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.place = Place()
        self._file = _opened(name)
        self.size = None if name == "-" else Path(name).stat().st_size
        try:
            self._begin()
        except BaseException:
            self._file.close()
            raise

    def _begin(self) -> None:
        """Find out how the file is packed and what it begins with."""
        stream: Any = io.BufferedReader(cast(Any, self._file), HEAD)
        if stream.peek(2)[:2] == b"\x1f\x8b":
            stream = io.BufferedReader(cast(Any, gzip.GzipFile(fileobj=stream)), HEAD)
        self.bom, self.wide = b"", ""
        start = self._guarded(stream.peek, 4)[:4]
        for mark, wide in _BOMS:
            if start.startswith(mark):
                self.bom, self.wide = stream.read(len(mark)), wide
                break
        if self.wide:
            stream = io.BufferedReader(_Transcoder(stream, self.wide), HEAD)
        self._stream = stream
        self.head: bytes = self._guarded(stream.peek, HEAD)
        if b"\x00" in self.head:
            raise BadParameter(f"{self.name!r} is no text file.",
                               hint="UTF-16 needs a byte order mark.")

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        for stream in (self._stream, self._file):
            stream.close()

    def position(self) -> int:
        """Return how many bytes of the file have been taken, compressed ones if it is so."""
        return self._file.tell() if self.size is not None else 0

    def skip(self, place: Place) -> None:
        """Go on from a place that an earlier run has reached."""
        left = place.offset
        while left:
            taken = len(self._guarded(self._stream.read, min(left, _CHUNK)))
            if not taken:
                raise BadParameter(f"{self.name!r} is shorter than it was.",
                                   hint="Begin again without --resume.")
            left -= taken
        self.place = place

    def lines(self) -> Iterator[bytes]:
        """Yield the lines with their ends, which may be those of any system."""
        if b"\r" in self.head and b"\n" not in self.head:
            yield from self._ended_by(b"\r")
            return
        while line := self._guarded(self._stream.readline, LIMIT):
            yield line

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes in pieces of some size."""
        while chunk := self._guarded(self._stream.read, _CHUNK):
            yield chunk

    def _ended_by(self, mark: bytes) -> Iterator[bytes]:
        rest = b""
        for chunk in self.chunks():
            *whole, rest = (rest + chunk).split(mark)
            yield from (line + mark for line in whole)
        if rest:
            yield rest

    def _guarded(self, read: Any, size: int) -> bytes:
        try:
            return bytes(read(size))
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise BadParameter(f"{self.name!r} is damaged: {error}.",
                               hint="Fetch the file again; gzip -t tests it.") from error
        except UnicodeDecodeError as error:
            raise BadParameter(f"{self.name!r} is no whole {error.encoding} text: {error.reason}.",
                               hint="Save it as UTF-8.") from error
        except OSError as error:
            raise BadParameter(f"{self.name!r} cannot be read: {error.strerror}.") from error


def _opened(name: str) -> BinaryIO:
    if name == "-":
        return cast(BinaryIO, sys.stdin.buffer)
    if not Path(name).exists():
        raise NotFound(f"There is no file {name!r}.", nearest=[])
    try:
        return cast(BinaryIO, Path(name).open("rb", buffering=0))
    except OSError as error:
        raise BadParameter(f"{name!r} cannot be read: {error.strerror}.") from error


class _Transcoder(io.RawIOBase):
    """Reads UTF-16 and gives UTF-8; half a surrogate pair survives both ways."""

    def __init__(self, stream: Any, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            chunk = self._stream.read(HEAD)
            text = self._decoder.decode(chunk, final=not chunk)
            self._ready = text.encode("utf-8", "surrogatepass")
            if not chunk:
                break
        count = min(len(buffer), len(self._ready))
        buffer[:count], self._ready = self._ready[:count], self._ready[count:]
        return count
