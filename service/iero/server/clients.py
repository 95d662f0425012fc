"""Nobody takes what others need: how often each client may ask, and how much at a time.

A client is an address; in IPv6 the first 64 bits of it, for whoever has one of them has them all.
It comes from trusted proxies where there are some. Loopback is not limited: who is there can stop
the service anyway, and a proxy that nobody declared would count as one client.

The rate is a token bucket: requests take tokens, which come back at the rate and up to the burst.
The headers are those of the IETF's draft-ietf-httpapi-ratelimit-headers, version 10.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from threading import Lock
from time import monotonic
from typing import Final

from flask import Flask, Response, g, request

from iero.errors import TooManyRequests

KEPT: Final = 10_000
"""How many clients are remembered; beyond that, those who have not asked for longest are not."""

_UNKNOWN: Final = 64


@dataclass
class _Client:
    tokens: float
    seen: float
    in_hand: int = 0


class Clients:
    """What each client has taken.

    >>> clients = Clients(rate=1, burst=2, jobs=1)
    >>> clients.enter("a"), clients.leave("a"), clients.enter("a"), clients.leave("a")
    (1, None, 0, None)
    >>> clients.enter("b")
    1

    :param rate: requests a second in the long run; 0 for any number.
    :param burst: requests at once, after a pause.
    :param jobs: requests in hand at a time; 0 for any number.
    """

    def __init__(self, rate: float, burst: int, jobs: int, kept: int = KEPT) -> None:
        self.rate, self.burst, self.jobs, self._kept = rate, burst, jobs, kept
        self._clients: OrderedDict[str, _Client] = OrderedDict()
        self._lock = Lock()

    def enter(self, name: str) -> int:
        """Let a client ask once more, and return how often it may still do so at once.

        :raises TooManyRequests: if it may not now.
        """
        with self._lock:
            client = self._known(name)
            if self.jobs and client.in_hand >= self.jobs:
                raise TooManyRequests(
                    f"{client.in_hand} requests of yours are in hand, as many as one client may "
                    "have.", hint="Wait for an answer before you ask again.", reason="jobs",
                    limit=self.jobs, retry_after=1)
            if self.rate and client.tokens < 1:
                wait = math.ceil((1 - client.tokens) / self.rate)
                raise TooManyRequests(
                    f"You ask more often than {self.rate:g} times a second.", reason="rate",
                    hint=f"Try again in {wait} s.", limit=self.rate, retry_after=wait)
            client.tokens -= 1
            client.in_hand += 1
            return int(client.tokens)

    def leave(self, name: str) -> None:
        """Take note that a request that was let in has ended."""
        with self._lock:
            if name in self._clients:
                self._clients[name].in_hand -= 1

    def _known(self, name: str) -> _Client:
        now = monotonic()
        client = self._clients.get(name)
        if client is None:
            client = self._clients[name] = _Client(self.burst, now)
            if len(self._clients) > self._kept:
                self._forget()
        self._clients.move_to_end(name)
        client.tokens = min(self.burst, client.tokens + (now - client.seen) * self.rate)
        client.seen = now
        return client

    def _forget(self) -> None:
        """Forget who has not asked for longest and has nothing in hand."""
        idle = next((name for name, client in self._clients.items() if not client.in_hand), None)
        if idle is not None:
            del self._clients[idle]

    def headers(self, left: int) -> dict[str, str]:
        """Return what is said to a client about its rate."""
        if not self.rate:
            return {}
        window = math.ceil(self.burst / self.rate)
        full = math.ceil((self.burst - left) / self.rate)
        return {"RateLimit-Policy": f'"requests";q={self.burst};w={window}',
                "RateLimit": f'"requests";r={left};t={full}'}


def name_of(address: str) -> str:
    """Return who a client is by its address; nothing for this machine itself.

    >>> name_of("192.0.2.7"), name_of("2001:db8::1:2:3:4"), name_of("::ffff:192.0.2.7")
    ('192.0.2.7', '2001:db8::', '192.0.2.7')
    >>> name_of("127.0.0.1"), name_of("::1"), name_of("unknown")
    ('', '', 'unknown')
    """
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address[:_UNKNOWN] or "unknown"
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is None:
            return "" if found.is_loopback else str(IPv6Address(int(found) >> 64 << 64))
        found = found.ipv4_mapped
    return "" if found.is_loopback else str(found)


def install(app: Flask, clients: Clients) -> None:
    """Limit the clients of an app."""

    @app.before_request
    def enter() -> None:
        name = name_of(request.remote_addr or "")
        if name:
            g.left = 0
            g.left = clients.enter(name)
            g.client = name

    @app.after_request
    def answered(response: Response) -> Response:
        if "left" in g:
            response.headers.update(clients.headers(g.left))
        if name := g.pop("client", ""):
            response.call_on_close(lambda: clients.leave(name))
        return response

    @app.teardown_request
    def failed(_: BaseException | None) -> None:
        if name := g.pop("client", ""):  # there was no response that could be closed
            clients.leave(name)
