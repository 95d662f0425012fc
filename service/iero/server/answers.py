"""From an answer of the graph to a complete HTTP response, or to an error: never to half a result.

The HTTP server ends a response politely when its body fails on the way, and a client then takes
half a result for the whole. So an answer is written out completely before its first byte is sent:
in memory while small, in a temporary file beyond. What fails before that is an ordinary error with
its status; and since the length is announced, whatever fails afterwards breaks the transfer.
"""

from __future__ import annotations

from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Final

from flask import Response, g, request

from iero.errors import LimitExceeded
from iero.protocol import Format
from iero.server import telemetry

if TYPE_CHECKING:
    from iero.results import Answer
    from iero.server.context import Context

MEMORY: Final = 1 << 20
BLOCK: Final = 1 << 18


def send(answer: Answer, format: Format, context: Context) -> Response:  # noqa: A002
    """Serialise an answer and return it as a response, whole, with its length announced.

    :raises LimitExceeded: if it is larger than an answer may be.
    """
    spool = _Spool(context.answer_limit)
    try:
        with telemetry.timed("write"):
            answer.write(spool, format)
        spool.file.seek(0)
    except BaseException:
        spool.file.close()
        raise
    if spool.length <= MEMORY:
        with spool.file:
            return Response(spool.file.read(), content_type=format.content_type)
    response = Response(_blocks(spool), content_type=format.content_type)
    response.content_length = spool.length
    response.call_on_close(spool.file.close)
    return response


class _Spool:
    """Takes an answer: into memory while it is small, into a temporary file beyond."""

    def __init__(self, limit: int) -> None:
        self.file = SpooledTemporaryFile(max_size=MEMORY)  # noqa: SIM115 - closed by its users
        self.limit = limit
        self.length = 0

    def write(self, data: bytes, /) -> int:
        """Take the next bytes."""
        self.length += len(data)
        if self.length > self.limit:
            raise LimitExceeded(f"The answer has more than {self.limit:,} bytes.", limit=self.limit,
                                hint="Ask for less: add LIMIT, or name what you need.")
        return self.file.write(data)

    def flush(self) -> None:
        """Do nothing: there is nobody yet to pass the bytes on to."""


def _blocks(spool: _Spool) -> Iterator[bytes]:
    while block := spool.file.read(BLOCK):
        yield block


def revalidated(response: Response, context: Context, variant: str) -> Response:
    """Add the entity tag of release data, and answer 304 where the client has it already.

    The tag is weak: the same data may be written in another order (RFC 9110, section 8.8.1). It
    tells the state of the data before they were asked: it may be too old for the answer, never new.

    :param variant: the representation, such as the name of its format.
    """
    state = g.get("state", context.state)
    if not state:
        return response
    response.set_etag(f"{state}-{variant}", weak=True)
    response.headers["Cache-Control"] = "no-cache"
    response.make_conditional(request)  # changes the response itself
    return response
