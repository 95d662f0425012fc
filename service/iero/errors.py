"""Every failure that IERO tells a user about.

::

    IeroError                  something went wrong that the user can be told      500  exit 1
    |-- BadQuery               SPARQL that does not parse: line, column, remedy    400  exit 2
    |-- BadDocument            RDF that does not parse: line, column, reason       400  exit 2
    |-- BadParameter           a missing, doubled or ill-formed parameter          400  exit 2
    |-- Unauthorized           a write without a token, or with one that is over   401  exit 2
    |-- Refused                an update, SERVICE, LOAD or remote graph            403  exit 2
    |-- NotFound               no such term, query or file: the nearest names      404  exit 2
    |-- NotAcceptable          a format that cannot be served: those that can      406  exit 2
    |-- Conflict               a change that what is there does not allow          409  exit 2
    |-- LengthRequired         a body that does not say how long it is             411  exit 2
    |-- PreconditionFailed     the data are not what the client took them for      412  exit 2
    |-- TooLarge               a request above the size limit                      413  exit 2
    |-- UnsupportedMediaType   a request body in an unknown format                 415  exit 2
    |-- InvalidChange          a change that breaks the shapes: the report         422  exit 2
    |-- TooManyRequests        a client that asks too often, or too much at a time  429  exit 2
    |-- OntologyError          ontology sources that are wrong: file, term, reason 500  exit 1
    |-- ToolMissing            Java or an optional package is not installed        500  exit 1
    |-- LimitExceeded          a query above a limit: time, memory, size, workers  503  exit 1
    |-- ServiceFailure         a part of the service itself broke                  500  exit 1
    |-- DirectoryFailure       a data directory that cannot be used: why, remedy   500  exit 1
    |   `-- DiskFull           no room for what was to be written                  507  exit 1
    `-- RemoteError            another SPARQL endpoint failed                      502  exit 1
        |-- RemoteTimeout      another service that did not answer in time         504  exit 1
        `-- IncompleteResult   an answer of another service that broke off         502  exit 1

The HTTP service turns each into one ``application/problem+json`` body (RFC 9457), the command into
one message on standard error and its exit code. Nothing else in the package decides either number.
"""

from __future__ import annotations

from typing import Any, ClassVar


class IeroError(Exception):
    """Base of the tree.

    :param message: one or two sentences: what is wrong and where.
    :param hint: what to do about it; shown after the message.
    :param details: further machine-readable members of the problem body.
    """

    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1
    title: ClassVar[str] = "Something went wrong"

    def __init__(self, message: str, *, hint: str = "", **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message

    def problem(self) -> dict[str, Any]:
        """Return the problem body of RFC 9457 as a dictionary.

        >>> error = NotFound("No term 'Ventng'.", hint="Did you mean Venting?", nearest=["Venting"])
        >>> [error.problem()[member] for member in ("title", "status", "detail", "nearest")]
        ['Not found', 404, "No term 'Ventng'.", ['Venting']]
        """
        body = {"type": "about:blank", "title": self.title, "status": self.status}
        body["detail"] = self.message
        if self.hint:
            body["hint"] = self.hint
        return body | self.details


class BadQuery(IeroError):
    """SPARQL that does not parse; details hold ``line``, ``column`` and ``excerpt``."""

    status = 400
    exit_code = 2
    title = "Malformed query"


class BadDocument(IeroError):
    """RDF in a request that does not parse; details hold ``line`` and ``column`` where known."""

    status = 400
    exit_code = 2
    title = "Malformed document"


class BadParameter(IeroError):
    """A parameter that is missing, given twice, or not of the declared type."""

    status = 400
    exit_code = 2
    title = "Bad parameter"


class Unauthorized(IeroError):
    """A write without a token, or with one that is unknown, expired or revoked.

    Details hold ``error``, the code of RFC 6750, section 3.1, where a token was sent.
    """

    status = 401
    exit_code = 2
    title = "Not authorized"


class Refused(IeroError):
    """Something that this service does not do for anybody: updates, federation, remote graphs."""

    status = 403
    exit_code = 2
    title = "Refused"


class NotFound(IeroError):
    """No such term, query or file; details hold ``nearest``, the closest names that exist."""

    status = 404
    exit_code = 2
    title = "Not found"


class NotAcceptable(IeroError):
    """No representation that the client accepts; details hold ``available``."""

    status = 406
    exit_code = 2
    title = "Not acceptable"


class Conflict(IeroError):
    """A change that cannot be made to the data as they are: a graph to create that exists."""

    status = 409
    exit_code = 2
    title = "Conflict"


class PreconditionFailed(IeroError):
    """A conditional change whose condition does not hold; details hold ``version``."""

    status = 412
    exit_code = 2
    title = "Precondition failed"


class LengthRequired(IeroError):
    """A request body without ``Content-Length``: if it broke off, nobody could tell."""

    status = 411
    exit_code = 2
    title = "Length required"


class TooLarge(IeroError):
    """A request body or query above the limit; details hold ``limit`` in bytes."""

    status = 413
    exit_code = 2
    title = "Request too large"


class UnsupportedMediaType(IeroError):
    """A request body whose media type is not one the operation reads."""

    status = 415
    exit_code = 2
    title = "Unsupported media type"


class InvalidChange(IeroError):
    """A change after which the data would break the shapes; nothing of it was carried out.

    ``details["report"]`` is the :class:`iero.shapes.Report`; the problem body lists its results.
    """

    status = 422
    exit_code = 2
    title = "Invalid change"

    def problem(self) -> dict[str, Any]:
        """Return the problem body, with the results of the report as plain data."""
        body = super().problem()
        if "report" in body:
            body["results"] = body.pop("report").listed()
        return body


class TooManyRequests(IeroError):
    """A client that asks too often, or too much at a time; details hold ``reason`` and ``limit``.

    The reasons: ``rate`` (requests a second), ``jobs`` (requests in hand).
    """

    status = 429
    exit_code = 2
    title = "Too many requests"


class OntologyError(IeroError):
    """Ontology sources that cannot be built; details hold ``file``, ``term`` and ``reason``."""

    title = "Broken ontology"


class ToolMissing(IeroError):
    """A program or optional package that this operation needs is not installed."""

    title = "Not installed"


class ServiceFailure(IeroError):
    """A part of the service itself broke, through no fault of the request."""


class DirectoryFailure(IeroError):
    """A data directory that cannot be used.

    ``details["reason"]``: ``locked``, ``format``, ``absent``, ``damaged`` or ``full``.
    """

    title = "Data directory failed"


class DiskFull(DirectoryFailure):
    """No room on the disk; what was to be written is not there, what was there is."""

    status = 507
    title = "Disk full"


class LimitExceeded(IeroError):
    """A query above a limit of the service; details hold ``reason`` and ``limit``.

    The reasons: ``time`` (seconds), ``memory`` and ``size`` (bytes), ``busy`` (workers; try again).
    """

    status = 503
    title = "Limit exceeded"


class RemoteError(IeroError):
    """Another service could not be reached, refused, or answered nonsense."""

    status = 502
    title = "Remote endpoint failed"


class RemoteTimeout(RemoteError):
    """Another service that did not answer in time."""

    status = 504
    title = "Remote endpoint too slow"


class IncompleteResult(RemoteError):
    """An answer of another service that broke off; no part of it is handed on."""

    title = "Incomplete result"
