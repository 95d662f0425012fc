"""Requests to others: sent to whom it is allowed, answered in time, within a size, and whole."""

from __future__ import annotations

import ssl
import weakref
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, Final
from urllib.parse import urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

import httpcore

from iero.egress.network import Network, Resolve, deadline, resolve
from iero.egress.origins import Allowed, ascii_url, origin_of
from iero.errors import (
    BadParameter,
    IncompleteResult,
    LimitExceeded,
    NotAcceptable,
    RemoteError,
    RemoteTimeout,
)
from iero.protocol import FORMATS, Format, format_named

REDIRECTS: Final = 5
MEMORY: Final = 1 << 20
"""An answer up to this many bytes stays in memory; a larger one goes to a temporary file."""
_BLOCK: Final = 1 << 16
_MOVED: Final = frozenset((301, 302, 303, 307, 308))
_LOST: Final = (httpcore.ReadError, httpcore.WriteError, httpcore.RemoteProtocolError)
"""How a connection ends that was kept open, and that the other side has closed meanwhile."""
_VAGUE: Final = ("", "text/plain", "application/octet-stream")
"""Media types under which all kinds of files are served."""
_RDF: Final = ", ".join(f"{each.media_type};q={0.9 if each.name == 'turtle' else 0.7}"
                        for each in FORMATS if "graph" in each.kinds)


@dataclass(frozen=True)
class Reply:
    """An answer that has arrived whole.

    :ivar url: where it came from in the end, without the query.
    :ivar headers: by their names in small letters.
    :ivar body: at its beginning; whoever has the reply closes it.
    :ivar delimited: whether its end was announced, by a length or a last chunk. Without that, an
        answer that broke off looks like a whole one.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: IO[bytes]
    delimited: bool

    @property
    def media_type(self) -> str:
        """The media type, without parameters; empty where none is named."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def beginning(self) -> str:
        """Return the first line that says something, for messages."""
        self.body.seek(0)
        lines = self.body.read(2000).decode("utf-8", "replace").splitlines()
        printable = ("".join(filter(str.isprintable, line)).strip() for line in lines)
        return next((line[:200] for line in printable if line), "")


class Caller:
    """Sends requests to origins that are allowed.

    :param connections: how many requests may be under way at a time.
    :param waiting: seconds that a request may wait for its turn.
    :param proxied: whether to go through the proxy that the environment names. Whom a proxy
        connects to cannot be checked, so this is for addresses that the operator chose himself.
    """

    def __init__(self, allowed: Allowed, *, connections: int = 16, waiting: float = 5.0,
                 proxied: bool = False, resolve: Resolve = resolve) -> None:
        self._allowed, self._connections, self._waiting = allowed, connections, waiting
        proxy = _proxy(allowed) if proxied else None
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl.create_default_context(), max_connections=connections,
            max_keepalive_connections=connections, keepalive_expiry=5.0, proxy=proxy,
            network_backend=Network(_with_proxy(allowed, proxy), resolve))
        self._ended = weakref.finalize(self, self._pool.close)

    def close(self) -> None:
        """Close the connections."""
        self._ended()

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None,
        content: bytes = b"", seconds: float, size: int, operation: str = "SERVICE",
    ) -> Reply:
        """Send a request that changes nothing, and return the answer when it is there whole.

        Redirects are followed to allowed origins. A connection that breaks before the answer
        begins is tried once more.

        :param seconds: for everything: name, connection, redirects, and the last byte.
        :param size: bytes that the answer may have, as it is sent and as it is unpacked.
        :raises Refused: if the origin is not allowed, or lies at an address that is not.
        :raises RemoteTimeout: if the time is over.
        :raises LimitExceeded: if the answer is larger, or all connections are taken.
        :raises IncompleteResult: if the answer broke off.
        :raises RemoteError: if there is none, or one that cannot be read.
        """
        self._allowed.check(url, operation)
        with deadline(seconds), _told(url, seconds, self._connections):
            for _ in range(REDIRECTS + 1):
                reply = self._exchange(method, url, dict(headers or {}), content, size)
                if reply.status not in _MOVED or "location" not in reply.headers:
                    return reply
                reply.body.close()
                url = self._next(url, reply.headers["location"])
                if reply.status == 303:  # "see other": to be fetched
                    method, content = "GET", b""
        raise RemoteError(f"{_named(url)} redirects more than {REDIRECTS} times.", url=_named(url))

    def _next(self, url: str, location: str) -> str:
        try:
            target = urljoin(url, location)
            allowed = origin_of(target) in self._allowed.origins
        except (ValueError, BadParameter):
            allowed = False
        if not allowed:
            raise RemoteError(f"{_named(url)} redirects to another origin, which is not followed.",
                              hint="Give the address that it redirects to.", url=_named(url))
        return target

    def _exchange(self, method: str, url: str, headers: dict[str, str], content: bytes,
                  size: int) -> Reply:
        try:
            return self._once(method, url, headers, content, size)
        except _Lost:
            return self._once(method, url, headers, content, size)

    def _once(self, method: str, url: str, headers: dict[str, str], content: bytes,
              size: int) -> Reply:
        sent = {"Host": urlsplit(origin_of(url)).netloc, "User-Agent": "iero",
                "Accept-Encoding": "gzip", **headers}
        begun = False
        try:
            with self._pool.stream(
                    method, ascii_url(url), headers=list(sent.items()), content=content or None,
                    extensions={"timeout": {"pool": self._waiting}}) as response:
                begun = True
                return _reply(response, url, size)
        except _LOST as error:
            if begun:
                raise IncompleteResult(f"The answer of {_named(url)} broke off: {error}.",
                                       hint="Nothing of it was used. Try again.",
                                       url=_named(url)) from error
            raise _Lost(str(error) or "the connection was closed") from error


class _Lost(httpcore.NetworkError):
    """A connection that ended before an answer began."""


def _reply(response: httpcore.Response, url: str, size: int) -> Reply:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1")
               for name, value in response.headers}
    delimited = "content-length" in headers \
        or headers.get("transfer-encoding", "").lower().endswith("chunked")
    body = SpooledTemporaryFile(max_size=MEMORY)  # noqa: SIM115 - closed by whoever has the reply
    try:
        for block in _unpacked(response, headers.get("content-encoding", ""), url, size):
            body.write(block)
            if body.tell() > size:
                raise too_much(url, size)
        body.seek(0)
    except BaseException:
        body.close()
        raise
    return Reply(_named(url), response.status, headers, body, delimited)


def too_much(url: str, size: int) -> LimitExceeded:
    """Return the error for an answer that is too large."""
    return LimitExceeded(f"The answer of {_named(url)} has more than {size:,} bytes.",
                         reason="size", limit=size,
                         hint="Ask for less: add LIMIT, or name what you need.")


def _unpacked(response: httpcore.Response, encoding: str, url: str, size: int) -> Iterator[bytes]:
    """Yield the body as it is meant, in blocks of bounded size, however tightly it is packed."""
    if encoding.lower() in ("", "identity"):
        yield from response.iter_stream()
        return
    if encoding.lower() not in ("gzip", "x-gzip"):
        raise RemoteError(f"{_named(url)} answered in the encoding {encoding!r}, which nobody "
                          "asked for.", url=_named(url))
    engine, received = zlib.decompressobj(wbits=31), 0
    try:
        for packed in response.iter_stream():
            received += len(packed)
            if received > size:
                raise too_much(url, size)
            while packed:
                yield engine.decompress(packed, _BLOCK)
                packed = engine.unconsumed_tail
        yield engine.flush()
    except zlib.error as error:
        raise RemoteError(f"{_named(url)} sent a broken gzip stream: {error}.",
                          url=_named(url)) from error
    if received and not engine.eof:
        raise IncompleteResult(f"The answer of {_named(url)} broke off within its gzip stream.",
                               url=_named(url))


@contextmanager
def _told(url: str, seconds: float, connections: int) -> Iterator[None]:
    """Tell what goes wrong on the network in the words of :mod:`iero.errors`."""
    shown = _named(url)
    try:
        yield
    except httpcore.PoolTimeout as error:
        raise LimitExceeded(f"All {connections} connections to {shown} are busy.", reason="busy",
                            limit=connections, hint="Try again in a moment.",
                            retry_after=1) from error
    except httpcore.TimeoutException as error:
        raise RemoteTimeout(f"{shown} did not answer within {seconds:g} s.", url=shown,
                            hint="Ask for less, or allow more time.") from error
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError) as error:
        raise RemoteError(f"{shown} cannot be reached: {error}.", url=shown,
                          hint="Check the address and the network.") from error


def _named(url: str) -> str:
    return url.partition("?")[0].partition("#")[0]


def _proxy(allowed: Allowed) -> httpcore.Proxy | None:
    for origin in allowed.origins:
        parts = urlsplit(origin)
        url = getproxies().get(parts.scheme, "")
        if url.startswith(("http://", "https://")) and not proxy_bypass(parts.hostname or ""):
            return httpcore.Proxy(url)
    return None


def _with_proxy(allowed: Allowed, proxy: httpcore.Proxy | None) -> Allowed:
    if proxy is None:
        return allowed
    host, port = proxy.url.host.decode(), proxy.url.port or 80
    return Allowed(allowed.origins, allowed.private | {f"http://{host}:{port}"})


def fetch_rdf(url: str, allowed: Allowed, *, seconds: float = 30.0, size: int = 1 << 26,
              resolve: Resolve = resolve) -> tuple[bytes, Format]:
    """Fetch an RDF document from an origin that is allowed.

    :param size: bytes that it may have.
    :return: the document, and its format by its media type or else by the end of its address.
    :raises Refused: if the origin is not allowed, or lies at an address that is not.
    :raises RemoteError: if it cannot be had, or is no RDF.
    :raises LimitExceeded: if it is larger.
    """
    caller = Caller(allowed, resolve=resolve)
    try:
        reply = caller.send("GET", url, headers={"Accept": _RDF}, seconds=seconds, size=size,
                            operation="LOAD")
    finally:
        caller.close()
    with reply.body:
        if reply.status != 200:
            raise RemoteError(f"{reply.url} answered {reply.status}: {reply.beginning()}",
                              url=reply.url, remote_status=reply.status)
        names = [reply.media_type, reply.url.rpartition("/")[2].rpartition(".")[2]]
        for name in reversed(names) if reply.media_type in _VAGUE else names:
            try:
                return reply.body.read(), format_named(name, "graph")
            except NotAcceptable:
                reply.body.seek(0)
        raise RemoteError(f"{reply.url} is {reply.media_type or 'of no type'}, which is no RDF.",
                          url=reply.url)
