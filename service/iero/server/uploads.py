"""What a client sends to be written: the whole body, unpacked, and cut into its documents.

The server under this application lets a chunked body that breaks off look complete, so a body that
is to be written must say how long it is (RFC 9110, section 8.6); what is shorter is refused.
"""

from __future__ import annotations

import io
import zlib
from pathlib import PurePosixPath
from typing import Final

from flask import request
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from iero.errors import BadParameter, LengthRequired, NotAcceptable, UnsupportedMediaType
from iero.protocol import Format, format_named, payload_format
from iero.server.negotiation import read_body, too_large

__all__ = ["documents", "read_upload"]

MULTIPART: Final = "multipart/form-data"
_GZIP: Final = ("gzip", "x-gzip")
_BLOCK: Final = 1 << 16
_WINDOW: Final = 31
"""What tells zlib to expect the header and the check sum of gzip (RFC 1952)."""


def read_upload(limit: int) -> bytes:
    """Return the body of the request, unpacked where it was compressed.

    :param limit: how many bytes it may have, before and after unpacking.
    :raises LengthRequired: if it does not say how long it is.
    :raises TooLarge: if it is longer than the limit.
    :raises UnsupportedMediaType: if it is compressed otherwise than by gzip.
    :raises BadParameter: if it broke off, or does not unpack.
    """
    if request.content_length is None:
        raise LengthRequired("The request does not say how long its body is.",
                             hint="Send it with a Content-Length, not in chunks: of a chunked body "
                                  "that breaks off nobody could tell.")
    request.max_content_length = limit
    body = read_body()
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in ("identity", ""):
        return body
    if encoding not in _GZIP:
        raise UnsupportedMediaType(f"A body in the encoding {encoding!r} cannot be read.",
                                   hint="Compress it with gzip, or not at all.",
                                   accept_encoding="gzip")
    return _unpacked(body, limit)


def _unpacked(packed: bytes, limit: int) -> bytes:
    """Unpack what gzip has packed, member by member, and never more than the limit."""
    made, rest = b"", packed
    try:
        while rest:
            member = zlib.decompressobj(_WINDOW)
            made += member.decompress(rest, limit + 1 - len(made))
            if len(made) > limit:
                raise too_large(limit)
            if not member.eof:
                raise zlib.error("it ends too early")
            rest = member.unused_data
    except zlib.error as error:
        raise BadParameter(f"The body does not unpack: {error}.",
                           hint="Compress it again with gzip.") from error
    return made


def documents(body: bytes) -> list[tuple[bytes, Format]]:
    """Return the graphs that a body holds: one, or as many as a form has files.

    The type of a file may be left to the end of its name (SPARQL 1.1 Graph Store HTTP Protocol,
    section 5.5).

    :raises UnsupportedMediaType: if one is in no format for graphs.
    :raises BadParameter: if a form is broken, holds something else, or nothing.
    """
    if request.mimetype != MULTIPART:
        return [(body, payload_format(request.content_type or ""))]
    # Files stay in memory, where the form is already: so nothing has to be closed or removed.
    parser = FormDataParser(lambda *_, **__: io.BytesIO(), silent=False,
                            max_form_memory_size=_BLOCK)
    try:
        _, fields, files = parser.parse(io.BytesIO(body), MULTIPART, len(body),
                                        request.mimetype_params)
    except (ValueError, RequestEntityTooLarge) as error:
        raise BadParameter("The form cannot be taken apart.",
                           hint="Send one file a part, with a file name.") from error
    if fields or not files:
        first = next(iter(fields), "")
        raise BadParameter(f"The part {first!r} is no file." if fields else "The form has no file.",
                           hint="Give each part a file name; each holds one graph.")
    return [(file.read(), _format_of(file)) for _, file in files.items(multi=True)]


def _format_of(file: FileStorage) -> Format:
    if file.content_type:
        return payload_format(file.content_type)
    suffix = PurePosixPath(file.filename or "").suffix.removeprefix(".")
    try:
        return payload_format(format_named(suffix, "graph").media_type)
    except NotAcceptable as error:
        raise UnsupportedMediaType(f"The format of {file.filename!r} is not known.",
                                   hint="Give the part a Content-Type, or end its name in .ttl."
                                   ) from error
