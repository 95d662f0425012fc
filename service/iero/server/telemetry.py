"""What happens to each request is known: an identifier, how long what took, a line in the log.

``X-Request-Id`` is taken from the client where it is harmless, or else made; it is in every
response, in every problem body and in every line of the log. ``Server-Timing`` says how the time
was spent: ``parse`` (reading the request), ``wait`` (for a free worker), ``query`` (its work) and
``write`` (making the answer from it). The log names a query by a hash, unless it is told to write
everything down.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from flask import Flask, Response, g, has_request_context, request

if TYPE_CHECKING:
    from iero.server.metrics import Metrics

HEADER: Final = "X-Request-Id"
ENVIRON: Final = "iero.request_id"
LOGGER: Final = logging.getLogger("iero.requests")

_HARMLESS: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


def install(app: Flask, metrics: Metrics | None) -> None:
    """Follow every request of an app; this comes before all that may refuse one."""
    app.before_request(_begin)

    @app.after_request
    def answered(response: Response) -> Response:
        response.headers[HEADER] = identifier()
        response.headers["Server-Timing"] = _timing()
        facts = _facts(response)
        begun = g.begun
        response.call_on_close(lambda: _end(facts, perf_counter() - begun, metrics))
        return response


def identifier() -> str:
    """Return the identifier of the request at hand; nothing outside of one."""
    return str(request.environ.get(ENVIRON, "")) if has_request_context() else ""


@contextmanager
def timed(phase: str) -> Iterator[None]:
    """Take the time of a phase of the request at hand, without that of phases within it."""
    begun, within = perf_counter(), sum(g.timings.values())
    try:
        yield
    finally:
        spent = perf_counter() - begun - (sum(g.timings.values()) - within)
        took(phase, spent)


def took(phase: str, seconds: float) -> None:
    """Add to the time of a phase of the request at hand; outside of one there is none."""
    if has_request_context():
        g.timings[phase] = g.timings.get(phase, 0.0) + seconds


def note(**facts: Any) -> None:
    """Put something into the line of the log about the request at hand."""
    if has_request_context():
        g.notes.update(facts)


def asked(query: str) -> None:
    """Note which query is asked: by a hash, so that the same can be found again, not read."""
    note(query=blake2b(query.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest())
    if LOGGER.isEnabledFor(logging.DEBUG):
        note(text=query)


def _begin() -> None:
    given = request.headers.get(HEADER, "")
    request.environ[ENVIRON] = given if _HARMLESS.fullmatch(given) else secrets.token_hex(8)
    g.begun, g.timings, g.notes = perf_counter(), {}, {}


def _timing() -> str:
    phases = [*g.timings.items(), ("total", perf_counter() - g.begun)]
    return ", ".join(f"{phase};dur={seconds * 1000:.1f}" for phase, seconds in phases)


def _facts(response: Response) -> dict[str, Any]:
    rule = request.url_rule
    return {
        "request": identifier(), "client": request.remote_addr or "", "method": request.method,
        "route": rule.rule if rule else "", "path": request.path, "status": response.status_code,
        "bytes": response.content_length or 0, **g.notes,
    }


def _end(facts: dict[str, Any], seconds: float, metrics: Metrics | None) -> None:
    if metrics is not None:
        metrics.answered(facts["route"], facts["method"], facts["status"], seconds,
                         facts.get("reason", ""))
    level = logging.WARNING if facts["status"] >= 500 else logging.INFO
    if LOGGER.isEnabledFor(level):
        LOGGER.log(level, "request", extra={"facts": facts | {"ms": round(seconds * 1000, 1)}})
