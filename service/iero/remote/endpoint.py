"""A SPARQL store behind a URL (SPARQL 1.1 Protocol, section 2.1)."""

from __future__ import annotations

import weakref
from base64 import b64encode
from collections.abc import Iterable, Mapping
from time import monotonic
from typing import Final, Protocol
from urllib.parse import urlencode

from iero.directory import About
from iero.egress import Allowed, Caller, Reply, origin_of
from iero.errors import BadParameter, IncompleteResult, NotAcceptable, Refused, RemoteError
from iero.protocol import Format, format_named, refuse_unsafe
from iero.remote import dialect
from iero.results import Answer, instantiate
from iero.store import explain
from iero.syntax import (
    declared_prefixes,
    form,
    names_graphs,
    refuse_excess,
    tokens,
    used_prefixes,
)

__all__ = ["Endpoint", "Sender", "credentials"]

_ROWS: Final = ("application/sparql-results+json, application/sparql-results+xml;q=0.8, "
                "application/json;q=0.5")
_GRAPH: Final = ("application/n-triples, text/turtle;q=0.9, application/rdf+xml;q=0.6, "
                 "application/ld+json;q=0.5")
NAMES_SECONDS: Final = 600
"""How long names that were read of a store are taken to be its names still."""
_LONGEST_URL: Final = 2000
_KINDS: Final = {"SELECT": "bindings", "ASK": "boolean", "CONSTRUCT": "graph", "DESCRIBE": "graph"}
_CLOSED: Final = ("json", "xml", "rdfxml", "jsonld")
"""Formats that show by themselves where they end."""


def credentials(user: str | None, password: str | None, token: str | None) -> str:
    """Return the value of an ``Authorization`` header; nothing if nothing is given.

    >>> credentials("reader", "secret", None), credentials(None, None, "abc")
    ('Basic cmVhZGVyOnNlY3JldA==', 'Bearer abc')

    :raises BadParameter: if half of it is missing, or there are two kinds.
    """
    if bool(user) != bool(password) or (token and user):
        raise BadParameter("Half of what the store is asked with is given, or too much.",
                           parameter="store_user",
                           hint="Set IERO_STORE_USER and IERO_STORE_PASSWORD, or IERO_STORE_TOKEN.")
    if user:
        pair = f"{user}:{password}".encode()
        return f"Basic {b64encode(pair).decode()}"
    if any(not 32 < ord(mark) < 127 for mark in token or ""):
        raise BadParameter("IERO_STORE_TOKEN is no token: it holds a space or worse.",
                           parameter="store_token")
    return f"Bearer {token}" if token else ""


class Sender(Protocol):
    """What carries the requests; a :class:`Caller` is one."""

    def send(self, method: str, url: str, *, headers: Mapping[str, str], content: bytes,
             seconds: float, size: int) -> Reply:
        """Send a request and return the whole answer."""

    def close(self) -> None:
        """Close the connections."""


class Endpoint:
    """A SPARQL endpoint.

    :param url: its address; http or https.
    :param timeout: seconds for a query and the whole of its answer.
    :param size: bytes that an answer may have.
    :param connections: how many queries may be under way at a time.
    :param waiting: seconds that a query may wait for its turn.
    :param authorization: the value of an ``Authorization`` header; it goes to the origin of the
        address and nowhere else.
    :param caller: what sends the requests, where not every address may be asked.
    :param graphs: the graphs to ask where a query names none: as its default graph and as its named
        graphs. Without them, those of the endpoint.
    :ivar ignores_datasets: whether the store is known to answer from all its graphs, whatever a
        query names; queries that name graphs are refused then.
    :ivar cuts_silently: whether the store has shown to be Virtuoso.
    :raises BadParameter: if the address is none.
    """

    def __init__(self, url: str, timeout: float = 30.0, *, size: int = 1 << 30,
                 connections: int = 16, waiting: float = 5.0, authorization: str = "",
                 caller: Sender | None = None, graphs: Iterable[str] = ()) -> None:
        origin = origin_of(url)
        self.url = url
        self.graphs = tuple(graphs)
        self._timeout, self._size, self._authorization = timeout, size, authorization
        self._caller: Sender = caller or Caller(
            Allowed.of(private=[origin]), connections=connections, waiting=waiting, proxied=True)
        self.cuts_silently = self.ignores_datasets = False

    def close(self) -> None:
        """Close the connections."""
        self._caller.close()

    def about(self) -> About:
        """Say that the data may change at any time, and that names are to be read again."""
        return About(names=str(int(monotonic() / NAMES_SECONDS)))

    def query(
        self,
        text: str,
        default_graphs: Iterable[str] = (),
        named_graphs: Iterable[str] = (),
        *,
        prefixes: dict[str, str] | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Answer a SPARQL query there.

        The answer is read and checked whole, so that a broken-off one is an error and not a result.

        :param prefixes: prefixes that the query may use without declaring them.
        :param timeout: seconds; lowers the endpoint's own and never raises it.
        :raises Refused: if the query would make the endpoint call another one or change data.
        :raises BadQuery: if the endpoint does not understand it, and it is no SPARQL 1.1 either.
        :raises LimitExceeded: if the answer is too large, or too many queries are under way.
        :raises RemoteTimeout: if the answer is not there in time.
        :raises IncompleteResult: if the endpoint sent only a part of it.
        :raises RemoteError: if the endpoint cannot be reached, refuses, or answers nonsense.
        """
        refuse_unsafe(text)
        refuse_excess(text)
        text = _declare(text, prefixes or {})
        dialect.refuse_extensions(text)
        dataset = _dataset(self.graphs, text, default_graphs, named_graphs)
        if self.ignores_datasets and (dataset or names_graphs(text)):
            raise Refused("The store answers from all its graphs, whatever graphs a query names.",
                          operation="FROM", hint="Name them by GRAPH within the pattern.")
        asked = _Asked(self, text, dataset, min(timeout or self._timeout, self._timeout))
        kind = _KINDS.get(form(text), "")
        if not kind:
            explain(text)
            raise BadParameter("This is no query.", parameter="query")
        if form(text) == "CONSTRUCT" and self.cuts_silently:
            return _constructed(asked)
        answer = asked.answer(kind)
        if form(text) == "CONSTRUCT" and self.cuts_silently:  # known by its first reply
            return _constructed(asked)
        return answer

    def send(self, text: str, dataset: list[tuple[str, str]], accept: str, seconds: float) -> Reply:
        """Send a query as it is and return what comes back, if it is a whole answer."""
        headers = {"Accept": accept}
        if self._authorization:
            headers["Authorization"] = self._authorization
        encoded = urlencode([("query", text), *dataset])
        url = f"{self.url}{'&' if '?' in self.url else '?'}{encoded}"
        method, content = "GET", b""
        if len(url) > _LONGEST_URL:
            method, url, content = "POST", self.url, encoded.encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        reply = self._caller.send(method, url, headers=headers, content=content, seconds=seconds,
                                  size=self._size)
        self.cuts_silently = dialect.cuts_silently(reply.headers)
        try:
            self._check(reply, text)
        except BaseException:
            reply.body.close()
            raise
        return reply

    def _check(self, reply: Reply, text: str) -> None:
        partial = dialect.cut_off(reply, text)
        if partial:
            raise IncompleteResult(f"{reply.url} sent only a part of the answer: {partial}.",
                                   hint="Ask for less, or raise the limit of the store.",
                                   url=reply.url)
        if reply.status == 200:
            return
        if 400 <= reply.status < 500 and reply.status not in (401, 403, 407, 429):
            explain(text)
        raise RemoteError(f"{reply.url} answered {reply.status}: {reply.beginning()}",
                          url=reply.url, remote_status=reply.status)


class _Asked:
    """A query on its way: what all requests for it have in common."""

    def __init__(self, endpoint: Endpoint, text: str, dataset: list[tuple[str, str]],
                 seconds: float) -> None:
        self.endpoint, self.text, self.dataset = endpoint, text, dataset
        self.until = monotonic() + seconds

    def instead(self, text: str) -> _Asked:
        """Return another query of the same dataset, in what is left of the time."""
        return _Asked(self.endpoint, text, self.dataset, self.until - monotonic())

    def send(self, accept: str) -> Reply:
        """Send it."""
        return self.endpoint.send(self.text, self.dataset, accept, self.until - monotonic())

    def answer(self, kind: str) -> Answer:
        """Send it, and read what comes back."""
        reply = self.send(_GRAPH if kind == "graph" else _ROWS)
        try:
            fmt = self._format(reply, kind)
            answer = _read(dialect.mended(reply, kind, fmt), fmt)
        except ValueError as error:
            raise IncompleteResult(f"{reply.url} answered with a broken {kind} document: {error}",
                                   hint="It was probably cut off.", url=reply.url) from error
        finally:
            reply.body.close()
        if answer.kind != kind:
            raise RemoteError(f"{reply.url} answered with {answer.kind}, not with {kind}.",
                              url=reply.url)
        return answer

    def _format(self, reply: Reply, kind: str) -> Format:
        try:
            fmt = format_named(reply.media_type, kind)
        except NotAcceptable as error:
            raise RemoteError(
                f"{reply.url} answered with {reply.media_type or 'an unnamed type'}, not with "
                f"{kind}: {reply.beginning()}", url=reply.url,
                hint="Is this the address of a SPARQL endpoint?") from error
        if not reply.delimited and fmt.name not in _CLOSED:
            raise IncompleteResult(f"Where the answer of {reply.url} ends cannot be told.",
                                   url=reply.url, hint="Let the store send Content-Length.")
        return fmt


def _dataset(graphs: tuple[str, ...], text: str, default: Iterable[str], named: Iterable[str]
             ) -> list[tuple[str, str]]:
    """Return the parameters for a dataset, where the query does not name its own."""
    default, named = tuple(default), tuple(named)
    if not (default or named or names_graphs(text)):
        default = named = graphs
    return [*(("default-graph-uri", graph) for graph in default),
            *(("named-graph-uri", graph) for graph in named)]


def _read(body: dialect.Body, fmt: Format) -> Answer:
    """Return the answer that a document holds; the document is closed with it."""
    try:
        answer = Answer.read(body, fmt)
    except BaseException:
        body.close()
        raise
    weakref.finalize(answer, body.close)
    return answer


def _constructed(asked: _Asked) -> Answer:
    """Ask for the rows that a graph is made from, and make it here.

    A store that cuts rows off says so of rows only; of a graph made from a part nobody could tell.
    """
    rows, template = dialect.as_select(asked.text)
    return instantiate(asked.instead(rows).answer("bindings"), template)


def _declare(text: str, prefixes: dict[str, str]) -> str:
    """Declare the prefixes that a query uses without declaring them, on its own first line.

    >>> _declare("ASK { ?s ex:p 1 }", {"ex": "http://example.org/", "no": "http://example.com/"})
    'PREFIX ex: <http://example.org/> ASK { ?s ex:p 1 }'
    """
    declared = declared_prefixes(text)
    used = dict.fromkeys(prefix for prefix, _ in used_prefixes(list(tokens(text))))
    missing = [prefix for prefix in used if prefix in prefixes and prefix not in declared]
    return "".join(f"PREFIX {prefix}: <{prefixes[prefix]}> " for prefix in missing) + text
