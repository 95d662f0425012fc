"""Who may be asked: exact origins, and addresses that belong to the public internet.

An origin is scheme, host and port (RFC 6454). Which addresses are for special use is registered by
IANA (RFC 6890: https://www.iana.org/assignments/iana-ipv4-special-registry, and for IPv6 the
registry of the same name); an address that carries another one within it is judged by both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import quote, urlsplit

from iero.errors import BadParameter, Refused

_PORTS: Final = {"http": 80, "https": 443}

_SPECIAL: Final = tuple(IPv4Network(net) for net in (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
    "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"))

_UNICAST: Final = IPv6Network("2000::/3")
"""All that IANA has given out for the public internet; the rest is special, or nobody's."""

_SPECIAL_6: Final = tuple(IPv6Network(net) for net in (
    "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
"""Within it: protocol assignments (Teredo among them), documentation, and 6to4."""


def origin_of(url: str, parameter: str = "url") -> str:
    """Return the origin of a URL, with the port where it is not the scheme's own.

    >>> origin_of("HTTPS://Example.org:443/sparql?x=1"), origin_of("http://[::1]:8890")
    ('https://example.org', 'http://[::1]:8890')

    :raises BadParameter: if it is no http or https URL, or holds a user name or password.
    """
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").encode("ascii").decode(), parts.port
    except ValueError as error:  # the text may hold a password, and so is not repeated
        raise BadParameter(f"The {parameter} cannot be read: its host or port is none.",
                           hint="Write it like https://example.org:8890/sparql.",
                           parameter=parameter) from error
    if parts.username is not None or parts.password is not None:
        raise BadParameter(f"The {parameter} holds a user name or a password.",
                           hint="Take them out; for the store of iero serve, give them as "
                                "IERO_STORE_USER and IERO_STORE_PASSWORD.", parameter=parameter)
    if parts.scheme not in _PORTS or not host:
        raise BadParameter(f"{url!r} is no address of the web.", parameter=parameter,
                           hint="It begins with http:// or https:// and names a host.")
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port and port != _PORTS[parts.scheme]
                                          else "")


def target_of(url: str) -> tuple[str, int]:
    """Return host and port to connect to."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or _PORTS[parts.scheme]


def ascii_url(url: str) -> str:
    """Return a URL as it is sent: without fragment, other characters than ASCII percent-encoded."""
    return quote(url.partition("#")[0], safe="!$%&'()*+,-./:;=?@[]_~")


def special_use(address: str) -> bool:
    """Say whether an address is not one of the public internet.

    >>> [special_use(each) for each in ("::ffff:169.254.169.254", "64:ff9b::7f00:1", "8.8.8.8")]
    [True, True, False]
    """
    ip = ip_address(address)
    if isinstance(ip, IPv4Address):
        return any(ip in network for network in _SPECIAL)
    if ip.ipv4_mapped is not None:
        return special_use(str(ip.ipv4_mapped))
    return _special_6(ip)


def _special_6(ip: IPv6Address) -> bool:
    return ip not in _UNICAST or any(ip in network for network in _SPECIAL_6)


@dataclass(frozen=True)
class Allowed:
    """The origins that may be asked.

    :ivar origins: all of them.
    :ivar private: those that may lie at addresses for special use: in this machine or network.
    """

    origins: frozenset[str] = frozenset()
    private: frozenset[str] = frozenset()

    @classmethod
    def of(cls, public: Iterable[str] = (), private: Iterable[str] = ()) -> Allowed:
        """Read origins as an operator writes them.

        >>> sorted(Allowed.of(["https://example.org"], ["http://localhost:8890"]).origins)
        ['http://localhost:8890', 'https://example.org']

        :raises BadParameter: if one has a path or is none.
        """
        inside = frozenset(_exact(text) for text in private)
        return cls(frozenset(_exact(text) for text in public) | inside, inside)

    def __bool__(self) -> bool:
        return bool(self.origins)

    def check(self, url: str, operation: str) -> None:
        """Make sure that a URL may be asked.

        :raises Refused: otherwise.
        """
        if origin_of(url) not in self.origins:
            known = ", ".join(sorted(self.origins)) or "none"
            raise Refused(f"{operation} to {origin_of(url)} is not allowed here.",
                          hint=f"Allowed: {known}.", operation=operation)

    def privately(self, host: str, port: int) -> bool:
        """Say whether a host may lie at an address for special use."""
        return any(target_of(origin) == (host, port) for origin in self.private)


def _exact(text: str) -> str:
    origin = origin_of(text, "origin")
    parts = urlsplit(text)
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise BadParameter(f"{text!r} is more than an origin.", parameter="origin",
                           hint=f"Write {origin}: all of its paths are meant.")
    return origin
