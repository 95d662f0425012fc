"""Every request of the client goes through here: again if need be, whole or not at all.

An answer of 429, 502 or 503 is asked for again, after the time that ``Retry-After`` names (RFC
9110, section 10.2.3) or else after a pause that doubles. A 503 that names a limit of the query
itself is final. ``application/problem+json`` (RFC 9457) is raised as the error of
:mod:`iero.errors` that it names.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from io import BytesIO
from typing import Any, Final, cast

import httpx

from iero.egress import Reply, too_much
from iero.errors import IeroError, IncompleteResult, RemoteError, RemoteTimeout

__all__ = ["ONCE", "Courier", "Patience", "Transport", "error_of"]

ONCE: Final = "iero.once"
"""Name of the request extension that says: what may have been done must not be done again."""

_PROBLEM: Final = "application/problem+json"
_LOST: Final = (httpx.RemoteProtocolError, httpx.ReadError)
"""How a connection ends before the answer does."""
_AGAIN: Final = frozenset((429, 502, 503))
_REFUSED: Final = frozenset((429, 503))
"""After these the service has not begun with the request."""


@dataclass(frozen=True)
class Patience:
    """How often and how long to try.

    :ivar retries: how many times more, after the first.
    :ivar pause: seconds before the second try; each further pause is twice as long.
    :ivar longest: seconds; a service that asks for more patience is given up.
    :ivar sleep: what waits; tests give another.
    :ivar now: seconds since 1970; tests give another.
    """

    retries: int = 3
    pause: float = 0.5
    longest: float = 60.0
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.time

    def wait(self, tried: int, asked: str | None) -> float | None:
        """Return how long to wait before the next try, or None if it should not be made.

        >>> Patience(pause=1).wait(2, None), Patience().wait(0, "7"), Patience().wait(0, "9999")
        (4.0, 7.0, None)

        :param tried: how many times it was tried again already.
        :param asked: the value of ``Retry-After``: seconds or a date.
        """
        if tried >= self.retries:
            return None
        seconds = _seconds(asked, self.now()) if asked else None
        if seconds is None:
            seconds = self.pause * 2.0 ** tried
        return seconds if seconds <= self.longest else None


def _seconds(text: str, now: float) -> float | None:
    if text.strip().isdecimal():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except ValueError:
        return None


class Transport(httpx.BaseTransport):
    """Sends requests through another transport and hands on whole answers only.

    :param inner: what carries the requests.
    """

    def __init__(self, inner: httpx.BaseTransport, patience: Patience) -> None:
        self._inner, self._patience = inner, patience

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, again if need be.

        :raises IncompleteResult: if the answer broke off, and again each time.
        :raises IeroError: the error that a problem body names.
        """
        for tried in range(self._patience.retries + 1):
            try:
                response = self._sent(request)
            except (IncompleteResult, *_LOST, httpx.ConnectError) as error:
                done = ONCE in request.extensions and not isinstance(error, httpx.ConnectError)
                seconds = None if done else self._patience.wait(tried, None)
                if seconds is None:
                    raise
            else:
                seconds = self._again(request, response, tried)
                if seconds is None:
                    return _checked(response)
            self._patience.sleep(seconds)
        raise AssertionError("the last try returns or raises")  # pragma: no cover

    def _sent(self, request: httpx.Request) -> httpx.Response:
        response = self._inner.handle_request(request)
        response.request = request
        url = str(request.url.copy_with(query=None))
        try:
            # As it was sent, compressed or not, so that its length can be compared.
            raw = b"".join(cast("httpx.SyncByteStream", response.stream))
        except _LOST as error:
            raise _broken(url, str(error)) from error
        finally:
            response.close()
        length = response.headers.get("Content-Length", "")
        if length.isdecimal() and len(raw) != int(length) and request.method != "HEAD":
            raise _broken(url, f"{len(raw):,} of {int(length):,} bytes came")
        return httpx.Response(response.status_code, headers=response.headers, content=raw,
                              extensions=response.extensions, request=request)

    def _again(self, request: httpx.Request, response: httpx.Response, tried: int) -> float | None:
        """Return how long to wait before asking again, or None if the answer is final."""
        may = _REFUSED if ONCE in request.extensions else _AGAIN
        asked = response.headers.get("Retry-After")
        if response.status_code not in may or (asked is None and _is_limit(response)):
            return None
        return self._patience.wait(tried, asked)


class Courier:
    """Carries the queries of an :class:`iero.remote.Endpoint` by a transport."""

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._http = httpx.Client(transport=transport, follow_redirects=True)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def send(self, method: str, url: str, *, headers: Mapping[str, str], content: bytes,
             seconds: float, size: int) -> Reply:
        """Send a query and return the whole answer.

        :raises RemoteTimeout: if it is not there in time.
        :raises LimitExceeded: if it has more than ``size`` bytes.
        :raises RemoteError: if the service cannot be reached.
        """
        shown = url.partition("?")[0]
        try:
            response = self._http.request(method, url, headers={"User-Agent": "iero", **headers},
                                          content=content or None, timeout=seconds)
        except httpx.TimeoutException as error:
            raise RemoteTimeout(f"{shown} did not answer within its time limit.", url=shown,
                                hint="Ask for less, or allow more time.") from error
        except httpx.HTTPError as error:
            raise RemoteError(f"{shown} cannot be reached: {error}.", url=shown,
                              hint="Check the address and the network.") from error
        if len(response.content) > size:
            raise too_much(shown, size)
        fields = {name.lower(): value for name, value in response.headers.items()}
        return Reply(shown, response.status_code, fields, BytesIO(response.content),
                     delimited=True)


def _broken(url: str, reason: str) -> IncompleteResult:
    return IncompleteResult(f"The answer of {url} broke off: {reason}.", url=url,
                            hint="Ask again; if it happens again, ask for less at a time.")


def _is_limit(response: httpx.Response) -> bool:
    """Say whether a query went above a limit of its own, so that asking again is of no use."""
    if not response.headers.get("Content-Type", "").startswith(_PROBLEM):
        return False
    body = _body(response)
    return "limit" in body and body.get("reason") != "busy"


def _body(response: httpx.Response) -> dict[str, Any]:
    try:
        body = json.loads(response.content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _checked(response: httpx.Response) -> httpx.Response:
    if response.headers.get("Content-Type", "").startswith(_PROBLEM):
        raise error_of(_body(response), response.status_code)
    return response


def error_of(problem: Mapping[str, Any], status: int) -> IeroError:
    """Return the error that a problem body names by its title, or at least by its status.

    >>> found = error_of({"title": "Not found", "detail": "No term.", "nearest": ["Venting"]}, 404)
    >>> type(found).__name__, found.message, found.details["nearest"]
    ('NotFound', 'No term.', ['Venting'])
    >>> type(error_of({"title": "Gone fishing", "detail": "Later."}, 410)).__name__
    'RemoteError'
    """
    details = {name: value for name, value in problem.items()
               if name not in ("type", "title", "status", "detail", "hint")}
    named = [cls for cls in _classes(IeroError) if cls.title == problem.get("title")]
    alike = [cls for cls in _classes(IeroError) if cls.status == status and status < 500]
    kind = next(iter(named or alike), RemoteError)
    said = problem.get("detail") or problem.get("title") or f"The service answered {status}."
    return kind(str(said), hint=str(problem.get("hint", "")), **details | {"remote_status": status})


def _classes(base: type[IeroError]) -> Iterator[type[IeroError]]:
    for cls in base.__subclasses__():
        yield cls
        yield from _classes(cls)
