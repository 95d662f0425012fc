"""Any SPARQL 1.1 endpoint by its URL: the same questions, the same answers, over HTTP."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import urlencode

import httpx

from iero.errors import BadParameter, NotAcceptable, RemoteError
from iero.protocol import Format, format_named, refuse_unsafe
from iero.results import Answer
from iero.syntax import declared_prefixes, form, tokens, used_prefixes

__all__ = ["Endpoint"]

_ROWS: Final = ("application/sparql-results+json, application/sparql-results+xml;q=0.8, "
                "application/json;q=0.5")
_GRAPH: Final = ("application/n-triples, text/turtle;q=0.9, application/rdf+xml;q=0.6, "
                 "application/ld+json;q=0.5")
_LONGEST_URL: Final = 2000


class Endpoint:
    """A SPARQL endpoint.

    :param url: its address; http or https.
    :param timeout: seconds to wait for the connection, and for each part of the answer.
    :raises BadParameter: if the address is none.
    """

    def __init__(self, url: str, timeout: float = 30.0,
                 transport: httpx.BaseTransport | None = None) -> None:
        if not url.startswith(("http://", "https://")):
            raise BadParameter(f"{url!r} is not the URL of a SPARQL endpoint.",
                               hint="It begins with http:// or https://.", parameter="url")
        self.url = url
        self._timeout = timeout
        self._client = httpx.Client(timeout=timeout, follow_redirects=True, transport=transport)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def query(
        self,
        text: str,
        default_graphs: Iterable[str] = (),
        named_graphs: Iterable[str] = (),
        *,
        prefixes: dict[str, str] | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Answer a SPARQL query there (SPARQL 1.1 Protocol, section 2.1).

        The answer is read and checked whole, so that a broken-off one is an error and not a result.

        :param prefixes: prefixes that the query may use without declaring them.
        :param timeout: seconds; lowers the endpoint's own and never raises it.
        :raises Refused: if the query would make the endpoint call another one or change data.
        :raises RemoteError: if the endpoint cannot be reached, refuses, or answers nonsense.
        """
        refuse_unsafe(text)
        text = _declare(text, prefixes or {})
        params = [("query", text)]
        params += [("default-graph-uri", graph) for graph in default_graphs]
        params += [("named-graph-uri", graph) for graph in named_graphs]
        is_graph = form(text) in ("CONSTRUCT", "DESCRIBE")
        allowed = self._timeout if timeout is None else min(timeout, self._timeout)
        response = self._send(params, _GRAPH if is_graph else _ROWS, allowed)
        kind = "graph" if is_graph else "bindings"
        try:
            return Answer.read(response.content, self._format(response, kind))
        except ValueError as error:
            raise RemoteError(f"{self.url} answered with a broken {kind} document: {error}",
                              hint="The answer was probably cut off.", url=self.url) from error

    def _send(
        self, params: list[tuple[str, str]], accept: str, timeout: float
    ) -> httpx.Response:
        headers = {"Accept": accept, "User-Agent": "iero"}
        encoded = urlencode(params)
        joint = "&" if "?" in self.url else "?"
        request = self._client.build_request("GET", f"{self.url}{joint}{encoded}", headers=headers,
                                             timeout=timeout)
        if len(str(request.url)) > _LONGEST_URL:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            request = self._client.build_request("POST", self.url, headers=headers, content=encoded,
                                                 timeout=timeout)
        try:
            response = self._client.send(request)
        except httpx.TimeoutException as error:
            raise RemoteError(f"{self.url} did not answer within its time limit.",
                              hint="Ask for less, or allow more time.", url=self.url) from error
        except httpx.HTTPError as error:
            raise RemoteError(f"{self.url} cannot be reached: {error}.", url=self.url,
                              hint="Check the address and the network.") from error
        if response.status_code != httpx.codes.OK:
            raise RemoteError(f"{self.url} answered {response.status_code}: "
                              + _first_line(response),
                              url=self.url, remote_status=response.status_code)
        return response

    def _format(self, response: httpx.Response, kind: str) -> Format:
        media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        try:
            return format_named(media_type, kind)
        except NotAcceptable as error:
            raise RemoteError(
                f"{self.url} answered with {media_type or 'an unnamed type'}, not with {kind}: "
                f"{_first_line(response)}", url=self.url,
                hint="Is this the address of a SPARQL endpoint?") from error


def _first_line(response: httpx.Response) -> str:
    lines = (line.strip() for line in response.text[:2000].splitlines())
    return next((line[:200] for line in lines if line), "") or response.reason_phrase


def _declare(text: str, prefixes: dict[str, str]) -> str:
    """Declare the prefixes that a query uses without declaring them, on its own first line.

    >>> _declare("ASK { ?s ex:p 1 }", {"ex": "http://example.org/", "no": "http://example.com/"})
    'PREFIX ex: <http://example.org/> ASK { ?s ex:p 1 }'
    """
    declared = declared_prefixes(text)
    used = dict.fromkeys(prefix for prefix, _ in used_prefixes(list(tokens(text))))
    missing = [prefix for prefix in used if prefix in prefixes and prefix not in declared]
    return "".join(f"PREFIX {prefix}: <{prefixes[prefix]}> " for prefix in missing) + text
