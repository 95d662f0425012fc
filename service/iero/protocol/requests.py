"""Query and update operations, read from what a request carries (SPARQL 1.1 Protocol, section 2).

An operation comes in a URL, in a form or as the body itself; what is missing, doubled or of the
wrong type is an error that says so, never a guess.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from iero.errors import BadParameter, IeroError, Refused, UnsupportedMediaType
from iero.syntax import tokens

__all__ = [
    "FORM", "Parameters", "QueryRequest", "UpdateRequest", "is_absolute", "media_type_of",
    "parse_query_request", "parse_timeout", "parse_update_request", "values_of",
]

FORM: Final = "application/x-www-form-urlencoded"
_QUERY: Final = "application/sparql-query"
_UPDATE: Final = "application/sparql-update"

Parameters = list[tuple[str, str]]


@dataclass(frozen=True)
class QueryRequest:
    """A query operation of the SPARQL 1.1 Protocol.

    :ivar timeout: seconds after which the client wants no answer any more; not of the standard.
    """

    query: str
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()
    timeout: float | None = None


@dataclass(frozen=True)
class UpdateRequest:
    """An update operation of the SPARQL 1.1 Protocol.

    :ivar using_graphs: what the patterns of the update see as the default graph, unless empty.
    :ivar using_named_graphs: what they see as named graphs, unless both are empty.
    :ivar timeout: as of a query.
    """

    update: str
    using_graphs: tuple[str, ...] = ()
    using_named_graphs: tuple[str, ...] = ()
    timeout: float | None = None


def parse_query_request(
    method: str,
    content_type: str,
    url_params: Parameters,
    form_params: Parameters,
    body: bytes,
) -> QueryRequest:
    """Read a query operation in any of its three forms (SPARQL 1.1 Protocol, section 2.1).

    :param url_params: the decoded parameters of the URL, in order, doubles kept.
    :param form_params: those of a URL-encoded body; empty for other bodies.
    :param body: the body itself, read only when the query is posted directly.
    :raises BadParameter: if the query is missing, given twice, or no text.
    :raises UnsupportedMediaType: if a posted body is neither a form nor SPARQL.
    """
    params = list(url_params)
    queries = values_of(params, "query")
    if method.upper() == "POST":
        media_type, charset = media_type_of(content_type)
        if media_type == _QUERY:
            queries.append(_decode(body, charset, "query"))
        elif media_type == FORM:
            params += form_params
            queries += values_of(form_params, "query")
        elif media_type == _UPDATE:
            raise _misplaced_update()
        else:
            raise _wrong_type("query", media_type, _QUERY)
    if not queries and values_of(params, "update"):
        raise _misplaced_update()
    return QueryRequest(_single("query", queries, _QUERY), _graphs(params, "default-graph-uri"),
                        _graphs(params, "named-graph-uri"),
                        parse_timeout(values_of(params, "timeout")))


def parse_update_request(
    content_type: str, url_params: Parameters, form_params: Parameters, body: bytes
) -> UpdateRequest:
    """Read a posted update operation in either of its forms (SPARQL 1.1 Protocol, section 2.2).

    >>> parse_update_request("application/sparql-update", [], [], b"CLEAR ALL").update
    'CLEAR ALL'

    The parameters are those of :func:`parse_query_request`. A form may carry the graphs itself or
    leave them in the URL, but never the update, which would then stand in the logs of others.

    :raises BadParameter: if the update is missing, given twice, in the URL, or no text, or if its
        USING or WITH contradicts graphs that are given beside it (section 2.2.3).
    :raises UnsupportedMediaType: if the body is neither a form nor an update.
    """
    media_type, charset = media_type_of(content_type)
    params = list(url_params)
    if values_of(url_params, "update"):
        raise BadParameter("The update stands in the URL.", parameter="update",
                           hint="Post it, as a form or with the type application/sparql-update.")
    if media_type == _UPDATE:
        updates = [_decode(body, charset, "update")]
    elif media_type == FORM:
        params += form_params
        updates = values_of(form_params, "update")
        if not updates and values_of(params, "query"):
            raise BadParameter("This is a query, and only updates are carried out here.",
                               parameter="update", hint="Queries go to /sparql.")
    else:
        raise _wrong_type("update", media_type, _UPDATE)
    update = _single("update", updates, _UPDATE)
    using, named = _graphs(params, "using-graph-uri"), _graphs(params, "using-named-graph-uri")
    if using or named:
        _refuse_conflict(update)
    return UpdateRequest(update, using, named, parse_timeout(values_of(params, "timeout")))


def _refuse_conflict(update: str) -> None:
    for token in tokens(update):
        if token.keyword in ("USING", "WITH"):
            raise BadParameter(
                f"{token.keyword} at line {token.line}, column {token.column} contradicts the "
                "graphs that are given beside the update.", parameter="using-graph-uri",
                hint="Name the graphs in the update or beside it, not both "
                     "(SPARQL 1.1 Protocol, 2.2.3).", line=token.line, column=token.column)


def parse_timeout(given: list[str]) -> float | None:
    """Return the seconds that a client gives a query; nothing where it does not say.

    >>> parse_timeout(["2.5"]), parse_timeout([])
    (2.5, None)

    :raises BadParameter: if it is given twice or is no number above 0.
    """
    if not given:
        return None
    if len(given) > 1:
        raise BadParameter(f"The timeout is given {len(given)} times; once is enough.",
                           parameter="timeout")
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", given[0], re.ASCII) or not float(given[0]):
        raise BadParameter(f"timeout={given[0]!r} is no number of seconds above 0.",
                           parameter="timeout", hint="Write it like 5 or 0.5.")
    return float(given[0])


def values_of(params: Parameters, name: str) -> list[str]:
    """Return all values that a parameter is given."""
    return [value for key, value in params if key == name]


def is_absolute(iri: str) -> bool:
    """Say whether a text can be an absolute IRI (RFC 3987), as far as its characters show.

    >>> is_absolute("urn:x:1"), is_absolute("person/1.ttl"), is_absolute("urn:a b")
    (True, False, False)
    """
    try:
        scheme = urlsplit(iri).scheme
    except ValueError:  # brackets that are no IPv6 address
        return False
    return bool(scheme) and not re.search(r'[\x00-\x20<>"{}|\\^`]', iri)


def media_type_of(content_type: str) -> tuple[str, str]:
    """Return the media type of a Content-Type header, and its charset (UTF-8 if it names none)."""
    media_type, _, rest = content_type.partition(";")
    charset = re.search(r'charset\s*=\s*"?([^";\s]+)', rest, re.IGNORECASE)
    return media_type.strip().lower(), charset[1].lower() if charset else "utf-8"


def _single(what: str, given: list[str], direct: str) -> str:
    if len(given) > 1:
        raise BadParameter(f"The {what} is given {len(given)} times; once is enough.",
                           parameter=what)
    if not given or not given[0].strip():
        raise BadParameter(f"The {what} is missing.", parameter=what,
                           hint=f"Send it as the parameter {what!r}, or post it with the type "
                                f"{direct}.")
    return given[0]


def _graphs(params: Parameters, name: str) -> tuple[str, ...]:
    graphs = values_of(params, name)
    for graph in graphs:
        if not is_absolute(graph):
            raise BadParameter(f"{name}={graph!r} is not an absolute IRI.", parameter=name)
    return tuple(dict.fromkeys(graphs))


def _decode(body: bytes, charset: str, what: str) -> str:
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise UnsupportedMediaType(
            f"The charset {charset!r} of the posted {what} is not supported.",
            hint="SPARQL is sent in UTF-8 (SPARQL 1.1 Protocol, 2.1.3 and 2.2.2).")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadParameter(f"The posted {what} is not UTF-8 (byte {error.start + 1}).",
                           parameter=what) from error


def _wrong_type(what: str, media_type: str, direct: str) -> IeroError:
    article = "An" if what == "update" else "A"
    return UnsupportedMediaType(
        f"{article} {what} cannot be posted as {media_type or 'a body without a Content-Type'}.",
        hint=f"Use {direct} or {FORM}.", available=[direct, FORM])


def _misplaced_update() -> Refused:
    return Refused("Updates are not accepted here.", operation="UPDATE",
                   hint="Send a 'query' parameter, or post a query as application/sparql-query. "
                        "Updates go to /update, where a service takes them.")
