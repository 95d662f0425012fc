"""SERVICE, answered by us: the engine never calls out.

A block ``SERVICE <endpoint> { ... }`` is a query of its own (SPARQL 1.1 Federated Query, section
4): its solutions do not depend on the rest and are joined with it. So it is asked first, at an
endpoint that is allowed, and its solutions stand in the query as a VALUES block when the engine
gets it. The processes that evaluate queries thus need no network, and have no say in who is called.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Final

from iero.directory import About
from iero.egress import Allowed, Caller
from iero.errors import BadParameter, BadQuery, LimitExceeded, Refused, RemoteError
from iero.remote import Endpoint
from iero.store import explain
from iero.syntax import FORMS, Token, declared_prefixes, refuse_unsafe, tokens
from iero.terms import BlankNode, Row

if TYPE_CHECKING:
    from iero.graph import Backend
    from iero.results import Answer

__all__ = ["MOST_ROWS", "Federation"]

MOST_ROWS: Final = 10_000
"""Solutions that one endpoint may give; they become a part of the query."""
_SIZE: Final = 1 << 23
_CALLS: Final = 8


@dataclass(frozen=True)
class _Block:
    """A SERVICE block of a query.

    :ivar start: where it begins in the text; it ends before ``end``.
    :ivar pattern: its group, braces included.
    """

    token: Token
    end: int
    url: str
    silent: bool
    pattern: str


class Federation:
    """A backend whose queries may ask other endpoints.

    :param backend: what answers the query when the others have been asked.
    :param allowed: the endpoints that may be asked.
    :param seconds: for a query with all its calls.
    """

    def __init__(self, backend: Backend, allowed: Allowed, seconds: float,
                 caller: Caller | None = None) -> None:
        self._backend, self._allowed, self._seconds = backend, allowed, seconds
        self._caller = caller or Caller(allowed)

    def about(self) -> About:
        """Return what is known of the data of the backend."""
        return self._backend.about()

    def query(
        self, text: str, default_graphs: Iterable[str] = (), named_graphs: Iterable[str] = (),
        *, prefixes: dict[str, str] | None = None, timeout: float | None = None,
    ) -> Answer:
        """Answer a SPARQL query, its SERVICE blocks first.

        :raises Refused: if a block names an endpoint that is not allowed, a variable, or calls on
            from within.
        :raises RemoteError: if an endpoint fails, and the block is not SILENT.
        :raises LimitExceeded: if an endpoint gives too much.
        """
        if "service" in text.lower() and (blocks := list(_blocks(text, prefixes or {}))):
            until = monotonic() + min(self._seconds, timeout or self._seconds)
            text = self._filled(text, blocks, prefixes or {}, until)
            timeout = max(until - monotonic(), 0.001)
        return self._backend.query(text, default_graphs, named_graphs, prefixes=prefixes,
                                   timeout=timeout)

    def _filled(self, text: str, blocks: list[_Block], prefixes: dict[str, str],
                until: float) -> str:
        if len(blocks) > _CALLS:
            raise Refused(f"The query calls other endpoints {len(blocks)} times; {_CALLS} is the "
                          "most.", operation="SERVICE")
        rest = _replaced(text, blocks, ["{}"] * len(blocks))
        refuse_unsafe(rest)
        explain(rest, prefixes)
        for block in blocks:
            self._allowed.check(block.url, "SERVICE")
        prologue = text[:next(token.offset for token in tokens(text) if token.keyword in FORMS)]
        made = [self._solutions(f"{prologue}SELECT * WHERE {block.pattern}", block, prefixes,
                                until - monotonic()) for block in blocks]
        return _replaced(text, blocks, made)

    def _solutions(self, query: str, block: _Block, prefixes: dict[str, str],
                   seconds: float) -> str:
        if seconds <= 0:
            raise LimitExceeded("The endpoints that the query asks have taken all its time.",
                                reason="time", limit=self._seconds, hint="Ask them for less.")
        endpoint = Endpoint(block.url, seconds, size=_SIZE, caller=self._caller)
        try:
            answer = endpoint.query(query, prefixes=prefixes)
            return _values(answer.variables, answer.rows(), block)
        except RemoteError:
            if block.silent:  # one solution without bindings, says the standard
                return "{}"
            raise


def _replaced(text: str, blocks: list[_Block], groups: list[str]) -> str:
    """Put something else in the place of each block."""
    for block, group in reversed(list(zip(blocks, groups, strict=True))):
        text = text[:block.token.offset] + group + text[block.end:]
    return text


def _blocks(text: str, prefixes: dict[str, str]) -> Iterator[_Block]:
    """Yield the outermost SERVICE blocks of a query, in order."""
    found, known = list(tokens(text)), prefixes | declared_prefixes(text)
    done = 0
    for index, token in enumerate(found):
        if token.keyword != "SERVICE" or token.offset < done:
            continue
        silent = index + 1 < len(found) and found[index + 1].keyword == "SILENT"
        name, *rest = found[index + 1 + silent:] or [token]
        url = _url(name, token, known)
        if not rest or rest[0].text != "{":
            raise BadQuery(f"SERVICE at line {token.line}, column {token.column} has no group.",
                           line=token.line, column=token.column, excerpt=token.text)
        close = _closing(rest)
        done = close.offset + 1
        yield _Block(token, done, url, silent, text[rest[0].offset:done])


def _url(name: Token, token: Token, prefixes: dict[str, str]) -> str:
    if name.kind == "IRIREF":
        return name.text[1:-1]
    if name.kind == "PNAME_LN":
        prefix, _, local = name.text.partition(":")
        if prefix in prefixes:
            return prefixes[prefix] + local.replace("\\", "")
    raise Refused(f"SERVICE at line {token.line}, column {token.column} does not name an endpoint.",
                  hint="Write SERVICE <https://...>; a variable in its place is not supported.",
                  operation="SERVICE", line=token.line, column=token.column)


def _closing(found: list[Token]) -> Token:
    depth = 0
    for token in found:
        depth += (token.text == "{") - (token.text == "}")
        if not depth:
            return token
    first = found[0]
    raise BadQuery(f"The '{{' at line {first.line}, column {first.column} is not closed.",
                   line=first.line, column=first.column, excerpt=first.text)


def _values(names: list[str], rows: Iterable[Row], block: _Block) -> str:
    """Write solutions as a VALUES block."""
    lines = list[str]()
    for row in rows:
        if len(lines) == MOST_ROWS:
            raise LimitExceeded(
                f"{block.url} gives more than {MOST_ROWS:,} solutions.", reason="size",
                limit=MOST_ROWS, hint="Put a LIMIT or a FILTER into the SERVICE block.")
        if any(isinstance(value, BlankNode) for value in row.values()):
            raise BadParameter(
                f"{block.url} gives blank nodes, which have no meaning elsewhere.",
                hint="Leave them out within the SERVICE block: FILTER (!isBlank(?x)).")
        lines.append(f"({' '.join(row[name].n3() if name in row else 'UNDEF' for name in names)})")
    header = " ".join(f"?{name}" for name in names)
    return f"VALUES ({header}) {{ {' '.join(lines)} }}"
