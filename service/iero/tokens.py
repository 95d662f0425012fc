"""Who may write: bearer tokens, kept in a file that holds their hashes.

A token is 32 random bytes, so it cannot be guessed, and a fast hash of it cannot be turned back:
slow hashes such as scrypt are for passwords, which can be guessed, and would slow each request
down. The file is TOML, for people to read and to mend::

    [tokens.pipeline]
    sha256 = "5f36b2ea290645ee34d943220a14b54ee5ea5be5f36b2ea290645ee34d943220"
    created = 2026-11-29T10:00:00Z
    expires = 2027-02-27T10:00:00Z
    graphs = ["https://w3id.org/iero/graph/literature/*"]
    may = ["insert", "delete"]

Standard: RFC 6750 for how a token travels.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from threading import Lock
from typing import Any, Final

import tomlkit
from tomlkit.exceptions import TOMLKitError

from iero.changes import KINDS, Grant, Grants
from iero.errors import BadParameter, NotFound, ServiceFailure, Unauthorized
from iero.vocabulary import expand

__all__ = ["Token", "TokenFile"]

_PREFIX: Final = "iero_"
_HEADER: Final = ("Tokens of an IERO service, made by `iero token new`.",
                  "Only hashes are kept here; changes take effect at once.")
_MEMBERS: Final = {"sha256": str, "created": datetime, "expires": datetime, "revoked": datetime,
                   "graphs": list, "may": list}
_NO_NAMES: Final = ("*", "default")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Token:
    """A token as the file knows it, without the secret.

    :ivar digest: SHA-256 of the secret, in hexadecimal.
    :ivar graphs: IRIs of the graphs that may be written; a ``*`` at the end stands for any rest.
    :ivar may: some of :data:`iero.changes.KINDS`.
    :ivar expires: the moment after which it is refused; None for never.
    :ivar revoked: the moment at which it was taken back, if it was.
    """

    name: str
    digest: str
    graphs: tuple[str, ...]
    may: frozenset[str]
    created: datetime
    expires: datetime | None = None
    revoked: datetime | None = None

    @property
    def grants(self) -> Grants:
        """What its bearer may change."""
        return Grants((Grant(self.graphs, self.may),))

    def refusal(self, now: datetime) -> str:
        """Return why the token is refused now, or nothing."""
        if self.revoked is not None:
            return f"The token {self.name!r} was revoked on {self.revoked:%Y-%m-%d}."
        if self.expires is not None and now >= self.expires:
            return f"The token {self.name!r} expired on {self.expires:%Y-%m-%d}."
        return ""


class TokenFile:
    """The tokens of a file, read again whenever the file has changed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = Lock()
        self._seen: tuple[int, int, int] | None = None
        self._tokens: dict[str, Token] = {}

    def tokens(self) -> dict[str, Token]:
        """Return the tokens by name.

        :raises NotFound: if there is no such file.
        :raises BadParameter: if it is not what ``iero token`` writes, with the line or the name.
        """
        try:
            found = self.path.stat()
            seen = (found.st_mtime_ns, found.st_size, found.st_ino)
            with self._lock:
                if seen != self._seen:
                    self._tokens = _read(self._document(), self.path)
                    self._seen = seen
                return dict(self._tokens)
        except FileNotFoundError as error:
            raise NotFound(f"There is no token file {str(self.path)!r}.", nearest=[],
                           hint=f"Make it with the first token: iero token new NAME "
                                f"--graph IRI --tokens {self.path}") from error
        except OSError as error:
            raise BadParameter(f"The token file {str(self.path)!r} cannot be read: "
                               f"{error.strerror}.") from error

    def bearer(self, secret: str, now: datetime | None = None) -> Token:
        """Return the token that a secret belongs to.

        Every hash is compared in full, so that the time taken tells nothing.

        :param now: the present moment; tests give another.
        :raises Unauthorized: if there is none, or it has expired or was revoked.
        :raises ServiceFailure: if the file has gone or was spoilt while the service runs.
        """
        try:
            known = self.tokens()
        except (NotFound, BadParameter) as error:
            raise ServiceFailure("The tokens of this service cannot be read, so nobody can write.",
                                 hint="Whoever runs it finds the reason with: iero token list"
                                 ) from error
        digest = sha256(secret.encode()).hexdigest()
        found = [token for token in known.values() if compare_digest(token.digest, digest)]
        refusal = found[0].refusal(now or datetime.now(UTC)) if found else "The token is not known."
        if refusal:
            raise Unauthorized(refusal, hint="Ask whoever runs the service for a new one.",
                               error="invalid_token")
        return found[0]

    def add(self, name: str, graphs: Iterable[str], may: Iterable[str], days: int = 0) -> str:
        """Make a token, and return its secret, which nobody can find out again.

        :param graphs: IRIs, CURIEs, or either with a ``*`` at the end.
        :param days: how long it holds; 0 for ever.
        :raises BadParameter: for a name that is taken or no name, or a grant that makes no sense.
        """
        document = self._document() if self.path.exists() else _empty()
        known = _read(document, self.path)
        if not _NAME.fullmatch(name):
            raise BadParameter(f"{name!r} is no name for a token.", parameter="name",
                               hint="Use up to 64 letters, digits, dots, dashes and underscores.")
        if name in known:
            raise BadParameter(f"There is a token {name!r} already.", parameter="name",
                               hint="Choose another name: the audit log tells tokens apart by it.")
        secret = _PREFIX + secrets.token_urlsafe(32)
        now = datetime.now(UTC).replace(microsecond=0)
        entry = tomlkit.table()
        entry["sha256"] = sha256(secret.encode()).hexdigest()
        entry["created"] = now
        if days:
            entry["expires"] = now + timedelta(days=days)
        entry["graphs"] = [graph if graph in _NO_NAMES else expand(graph) for graph in graphs]
        entry["may"] = [kind for kind in KINDS if kind in set(may)]
        Grant(tuple(entry["graphs"]), frozenset(may))  # says what makes no sense
        if not entry["may"] or not entry["graphs"]:
            raise BadParameter("A token must be for something in at least one graph.",
                               parameter="may", hint=f"Kinds of change: {', '.join(KINDS)}.")
        document["tokens"][name] = entry
        self._write(document)
        return secret

    def revoke(self, name: str) -> None:
        """Take a token back. It stays in the file, so that nobody else gets its name.

        :raises NotFound: if there is none.
        """
        if name not in (known := self.tokens()):
            raise NotFound(f"There is no token {name!r}.", nearest=sorted(known),
                           hint="There are: " + (", ".join(sorted(known)) or "none") + ".")
        if known[name].revoked is None:
            document = self._document()
            entry = document["tokens"][name]
            entry["revoked"] = datetime.now(UTC).replace(microsecond=0)
            self._write(document)

    def exposure(self) -> str:
        """Return what is unsafe about the permissions of the file, or nothing."""
        mode = self.path.stat().st_mode
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            others = "written" if mode & (stat.S_IWGRP | stat.S_IWOTH) else "read"
            return (f"The token file {str(self.path)!r} can be {others} by others. "
                    f"Close it: chmod 600 {self.path}")
        return ""

    def _document(self) -> tomlkit.TOMLDocument:
        try:
            return tomlkit.parse(self.path.read_text(encoding="utf-8"))
        except (TOMLKitError, UnicodeDecodeError) as error:
            raise BadParameter(f"{self.path} is not TOML: {error}.",
                               hint="Mend it there, or make a new one.") from error

    def _write(self, document: tomlkit.TOMLDocument) -> None:
        """Replace the file at once, readable by its owner alone."""
        folder = self.path.absolute().parent
        try:
            number, name = tempfile.mkstemp(dir=folder, prefix=f".{self.path.name}.")  # mode 0600
            with os.fdopen(number, "w", encoding="utf-8") as file:
                file.write(tomlkit.dumps(document))
                file.flush()
                os.fsync(number)
            Path(name).replace(self.path)
        except OSError as error:
            raise BadParameter(f"{self.path} cannot be written: {error.strerror}.",
                               hint="Name a file in a folder of yours.") from error


def _empty() -> tomlkit.TOMLDocument:
    document = tomlkit.document()
    for line in _HEADER:
        document.add(tomlkit.comment(line))
    document.add(tomlkit.nl())
    document["tokens"] = tomlkit.table(is_super_table=True)
    return document


def _read(document: Mapping[str, Any], path: Path) -> dict[str, Token]:
    entries = document.get("tokens")
    if set(document) - {"tokens"} or not isinstance(entries, Mapping):
        raise BadParameter(f"{path} is no token file: it has more or less than [tokens.NAME] "
                           "tables.", hint="Make one with: iero token new")
    return {name: _token(name, entry, path) for name, entry in entries.items()}


def _token(name: str, entry: Any, path: Path) -> Token:
    """Read a token strictly: a misspelt member must not make it mightier than it was meant."""
    def wrong(what: str) -> BadParameter:
        return BadParameter(f"The token {name!r} in {path} {what}.",
                            hint="Compare it with one that iero token new makes.")

    if not isinstance(entry, Mapping):
        raise wrong("is no table")
    for member, value in entry.items():
        if member not in _MEMBERS:
            raise wrong(f"has {member!r}, which means nothing")
        if not isinstance(value, _MEMBERS[member]):
            raise wrong(f"has a {member!r} that is no {_MEMBERS[member].__name__}")
    missing = {"sha256", "created", "graphs", "may"} - set(entry)
    if missing:
        raise wrong(f"has no {sorted(missing)[0]!r}")
    if not re.fullmatch("[0-9a-f]{64}", entry["sha256"]):
        raise wrong("has a 'sha256' that is no hash")
    graphs, may = tuple(map(str, entry["graphs"])), frozenset(map(str, entry["may"]))
    try:
        Grant(graphs, may)
    except BadParameter as error:
        raise wrong(f"cannot be granted: {error.message}") from error
    created, expires, revoked = (_moment(entry.get(each))
                                 for each in ("created", "expires", "revoked"))
    return Token(name, str(entry["sha256"]), graphs, may, created or datetime.now(UTC),
                 expires, revoked)


def _moment(value: datetime | None) -> datetime | None:
    """Return a moment of the file; one without a time zone is in UTC."""
    if value is None:
        return None
    plain = datetime.fromisoformat(value.isoformat())
    return plain if plain.tzinfo else plain.replace(tzinfo=UTC)
