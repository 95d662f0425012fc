"""Connections to addresses that were looked up once and checked, within a deadline.

A name is resolved here, every address that it stands for is checked, and the connection is made to
that very address; nobody can give one answer to the check and another to the connection (DNS
rebinding). The deadline is kept below the HTTP library, whose own limits begin anew with each byte:
a peer that sends one byte a second is cut off like one that sends none.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic
from typing import Any, Final

import httpcore

from iero.egress.origins import Allowed, special_use
from iero.errors import Refused

Resolve = Callable[[str, int], list[str]]
"""Looks up the addresses of a host, for a port."""

_DEADLINE: Final[ContextVar[float]] = ContextVar("iero_deadline")


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Give everything that this thread does on the network so many seconds."""
    token = _DEADLINE.set(monotonic() + seconds)
    try:
        yield
    finally:
        _DEADLINE.reset(token)


def _left(error: type[httpcore.TimeoutException]) -> float:
    left = _DEADLINE.get() - monotonic()
    if left <= 0:
        raise error("the time is over")
    return left


def resolve(host: str, port: int) -> list[str]:
    """Ask the system for the addresses of a host."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(f"there is no host {host}") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Network(httpcore.NetworkBackend):
    """The network as a caller may see it.

    :param allowed: which origins may lie at addresses for special use.
    """

    def __init__(self, allowed: Allowed, resolve: Resolve = resolve) -> None:
        self._allowed, self._resolve = allowed, resolve
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to a host, at the first of its addresses that answers.

        :raises Refused: if any of them is for special use and the host is not allowed that.
        """
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in self._checked(host, port):
            try:
                left = _left(httpcore.ConnectTimeout)
                return _Stream(self._inner.connect_tcp(address, port, left, local_address,
                                                       socket_options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    def _checked(self, host: str, port: int) -> list[str]:
        addresses = self._resolve(host, port)
        if not self._allowed.privately(host, port):
            for address in addresses:
                if special_use(address):
                    raise Refused(
                        f"{host} lies at {address}, which is not on the public internet.",
                        hint="Whoever runs the service can allow it: --allow-private ORIGIN.",
                        operation="SERVICE")
        return addresses


class _Stream(httpcore.NetworkStream):
    """A connection that keeps to the deadline of whoever uses it."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(httpcore.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
