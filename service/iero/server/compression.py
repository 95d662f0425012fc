"""Long answers are packed with gzip for clients that take it (RFC 9110, section 8.4).

Packed whole before they are sent, so that the length is still announced and a broken transfer still
shows. What is short gains nothing, what is very long would take the processor from others, and what
has a strong entity tag must stay byte for byte as it is. No response holds a secret beside what a
client sends, so there is nothing for BREACH to find.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import Final

from flask import Flask, Response, request

SHORTEST: Final = 1 << 14
LONGEST: Final = 1 << 25
MEMORY: Final = 1 << 20
BLOCK: Final = 1 << 18
LEVEL: Final = 1
"""The quickest: RDF and results shrink to a tenth at any level."""


def install(app: Flask) -> None:
    """Pack the long answers of an app."""
    app.after_request(_packed)


def _packed(response: Response) -> Response:
    if response.status_code != 200 or response.direct_passthrough or response.content_encoding:
        return response
    length = response.content_length or response.calculate_content_length() or 0
    tag, weak = response.get_etag()
    if not SHORTEST <= length <= LONGEST or (tag and not weak):
        return response
    response.vary.add("Accept-Encoding")
    if request.accept_encodings.quality("gzip") <= 0:
        return response
    spool = SpooledTemporaryFile(max_size=MEMORY)  # noqa: SIM115 - closed with the response
    response.call_on_close(spool.close)
    with gzip.GzipFile(fileobj=spool, mode="wb", compresslevel=LEVEL, mtime=0) as packer:
        for block in response.iter_encoded():
            packer.write(block)
    response.content_length = spool.tell()
    spool.seek(0)
    response.response = _blocks(spool)
    response.content_encoding = "gzip"
    return response


def _blocks(spool: SpooledTemporaryFile[bytes]) -> Iterator[bytes]:
    while block := spool.read(BLOCK):
        yield block
