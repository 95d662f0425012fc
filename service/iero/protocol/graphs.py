"""Operations on whole graphs, read from what a request carries.

Standards: SPARQL 1.1 Graph Store HTTP Protocol; the ``Prefer`` header of RFC 7240.
"""

from __future__ import annotations

import re
from typing import Final

from iero.errors import BadParameter, UnsupportedMediaType
from iero.protocol.formats import FORMATS, Format
from iero.protocol.requests import Parameters, is_absolute, media_type_of, values_of

__all__ = ["DEFAULT", "STORE", "payload_format", "preferences", "target_graph"]

DEFAULT: Final = ""
"""The name of the default graph, which has no IRI."""

STORE: Final = None
"""What a request is about that names no graph: the store itself."""

_PAYLOADS: Final = tuple(each for each in FORMATS if "graph" in each.kinds
                         and each.name not in ("nquads", "trig"))
"""Formats that hold one graph; those for several would name other graphs than the request does."""


def target_graph(params: Parameters, direct: str = "") -> str | None:
    """Return the graph that a request is about: its IRI, :data:`DEFAULT`, or :data:`STORE`.

    >>> target_graph([("graph", "urn:x:g")]), target_graph([("default", "")])
    ('urn:x:g', '')
    >>> target_graph([], "http://127.0.0.1:8000/store/people")
    'http://127.0.0.1:8000/store/people'

    :param params: the decoded parameters of the URL, in order, doubles kept.
    :param direct: the URL of the request, where it names the graph itself (section 4.1).
    :raises BadParameter: if several graphs are named, or one by a relative IRI (section 4.2).
    """
    graphs, defaults = values_of(params, "graph"), values_of(params, "default")
    if len(graphs) + len(defaults) + bool(direct) > 1:
        raise BadParameter("The request names more than one graph.", parameter="graph",
                           hint="Give ?graph=IRI or ?default, once.")
    if defaults and defaults[0]:
        raise BadParameter(f"default={defaults[0]!r}: the parameter takes no value.",
                           parameter="default", hint="Write ?default for the default graph, and "
                                                     "?graph=IRI for a named one.")
    if graphs and not is_absolute(graphs[0]):
        raise BadParameter(f"graph={graphs[0]!r} is not an absolute IRI.", parameter="graph",
                           hint="Write the whole IRI, percent-encoded.")
    return graphs[0] if graphs else DEFAULT if defaults else direct or STORE


def payload_format(content_type: str) -> Format:
    """Return the format of a graph that a client sends (section 5).

    >>> payload_format("text/turtle; charset=utf-8").name, payload_format("").name
    ('turtle', 'rdfxml')

    :param content_type: the header; without one the standard wants RDF/XML to be tried.
    :raises UnsupportedMediaType: if it is no format of one graph, or not in UTF-8.
    """
    media_type, charset = media_type_of(content_type)
    for each in _PAYLOADS:
        if (media_type or "application/rdf+xml") in (each.media_type, *each.media_types):
            # A type that two formats share belongs to the one that is named first.
            if charset not in ("utf-8", "utf8", "us-ascii"):
                raise UnsupportedMediaType(f"The charset {charset!r} is not supported.",
                                           hint="Send the graph in UTF-8.")
            return each
    raise UnsupportedMediaType(
        f"A graph cannot be sent as {media_type}.",
        hint="Send one graph in one of: " + ", ".join(each.media_type for each in _PAYLOADS) + ".",
        available=[each.media_type for each in _PAYLOADS])


_PREFERENCE: Final = re.compile(r"""
    \s* ([!#$%&'*+.^_`|~0-9A-Za-z-]+)
    (?: \s*=\s* ("(?:[^"\\]|\\.)*" | [!#$%&'*+.^_`|~0-9A-Za-z-]*) )?
    [^,"]* (?: "(?:[^"\\]|\\.)*" [^,"]* )* (?:,|$)""", re.VERBOSE)


def preferences(header: str) -> dict[str, str]:
    """Return what a ``Prefer`` header asks for; the first of several values counts (RFC 7240, 2).

    >>> preferences('return=minimal; foo="a, b", Handling="validate", respond-async, return=x')
    {'return': 'minimal', 'handling': 'validate', 'respond-async': ''}
    """
    found: dict[str, str] = {}
    for match in _PREFERENCE.finditer(header):
        value = re.sub(r"\\(.)", r"\1", (match[2] or "").strip('"'))
        found.setdefault(match[1].lower(), value)
    return found
