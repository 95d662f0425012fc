"""Formats of results and graphs, and HTTP content negotiation (RFC 9110, section 12.5.1).

One table, :data:`FORMATS`, says which formats there are; the server, the command and the store read
it and keep no list of their own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from iero.errors import BadParameter, NotAcceptable

__all__ = ["FORMATS", "Format", "format_named", "formats_for", "negotiate"]


@dataclass(frozen=True)
class Format:
    """A serialisation of query results or of graphs.

    ``kinds`` says what it can carry: ``bindings`` (SELECT), ``boolean`` (ASK), ``graph``
    (CONSTRUCT, DESCRIBE) and ``dataset`` (named graphs).
    """

    name: str
    media_type: str
    extension: str
    kinds: frozenset[str]
    aliases: tuple[str, ...] = ()
    media_types: tuple[str, ...] = ()
    charset: str = ""

    @property
    def content_type(self) -> str:
        """The value of the ``Content-Type`` header, with the charset where the type has one."""
        return f"{self.media_type}; charset={self.charset}" if self.charset else self.media_type


_RESULTS: Final = frozenset(("bindings", "boolean"))
_GRAPH: Final = frozenset(("graph",))
_DATASET: Final = frozenset(("graph", "dataset"))

FORMATS: Final = (
    Format("json", "application/sparql-results+json", "srj", _RESULTS, ("srj", "sparql-json"),
           ("application/json", "text/json")),
    Format("xml", "application/sparql-results+xml", "srx", _RESULTS, ("srx", "sparql-xml"),
           ("application/xml", "text/xml")),
    Format("csv", "text/csv", "csv", _RESULTS, charset="utf-8"),
    Format("tsv", "text/tab-separated-values", "tsv", _RESULTS, charset="utf-8"),
    Format("turtle", "text/turtle", "ttl", _GRAPH, ("ttl", "n3"),
           ("application/x-turtle", "application/turtle", "text/n3", "text/rdf+n3"), "utf-8"),
    Format("ntriples", "application/n-triples", "nt", _GRAPH, ("nt", "n-triples"),
           ("text/plain",)),
    Format("rdfxml", "application/rdf+xml", "rdf", _GRAPH, ("rdf", "owl", "xml", "rdf/xml"),
           ("application/xml", "text/xml")),
    Format("jsonld", "application/ld+json", "jsonld", _DATASET, ("json-ld", "json"),
           ("application/json",)),
    Format("nquads", "application/n-quads", "nq", _DATASET, ("nq", "n-quads"),
           ("text/x-nquads",)),
    Format("trig", "application/trig", "trig", _DATASET, (), ("application/x-trig",), "utf-8"),
)
"""Every format, the preferred one of each kind first."""


def formats_for(kind: str) -> list[Format]:
    """Return the formats that carry a kind of answer, the preferred one first.

    >>> [each.name for each in formats_for("boolean")]
    ['json', 'xml', 'csv', 'tsv']
    """
    return [each for each in FORMATS if kind in each.kinds]


def format_named(name: str, kind: str) -> Format:
    """Return a format by name, alias, file extension or media type.

    >>> format_named("ttl", "graph").media_type
    'text/turtle'
    >>> format_named("xml", "bindings").name, format_named("xml", "graph").name
    ('xml', 'rdfxml')

    :raises NotAcceptable: if no such format carries the kind.
    """
    wanted = name.strip().lower()
    for each in formats_for(kind):
        if wanted in (each.name, each.extension, each.media_type, *each.aliases):
            return each
        if wanted in each.media_types:
            return replace(each, media_type=wanted)
    raise _not_acceptable(f"The format {name!r}", kind)


def negotiate(accept: str | None, wanted: str | None, kind: str) -> Format:
    """Choose the representation of an answer (RFC 9110, section 12.5.1).

    ``wanted`` (``?format=`` of the request) goes before the ``Accept`` header. Among equally
    acceptable formats the first of :data:`FORMATS` is taken. A client that asks for
    ``application/json`` gets that very media type back.

    >>> negotiate("text/csv;q=0.5, application/*;q=0.1", None, "bindings").content_type
    'text/csv; charset=utf-8'

    :raises NotAcceptable: if nothing fits; ``available`` names what would.
    """
    if wanted:
        return format_named(wanted, kind)
    ranges = _media_ranges(accept or "") or [("*/*", 1.0)]
    offers = formats_for(kind)
    aliases = [replace(each, media_type=other) for each in offers for other in each.media_types]
    listed = {media_range for media_range, _ in ranges}
    offers += [alias for alias in aliases if alias.media_type in listed]
    best = max(offers, key=lambda offer: _quality(offer.media_type, ranges))
    if _quality(best.media_type, ranges) <= 0:
        raise _not_acceptable(f"Accept: {accept}", kind)
    return best


def _not_acceptable(what: str, kind: str) -> NotAcceptable:
    names = [each.name for each in formats_for(kind)]
    subject = {"bindings": "the rows of a SELECT query", "boolean": "the answer of an ASK query",
               "graph": "a graph", "dataset": "a set of named graphs"}[kind]
    return NotAcceptable(f"{what} is not one in which {subject} can be written.",
                         hint="Available: " + ", ".join(names) + ".",
                         available=[each.media_type for each in formats_for(kind)])


_RANGE: Final = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+')
_QUALITY: Final = re.compile(r';\s*q\s*=\s*"?([^;"\s]*)', re.IGNORECASE)


def _media_ranges(accept: str) -> list[tuple[str, float]]:
    """Return ``(media range, q)`` of an Accept header; parameters other than q do not narrow it."""
    ranges = []
    for part in _RANGE.findall(accept):
        media_range = part.partition(";")[0].strip().lower()
        if media_range:
            # A lone "*" is what Java's own HTTP client sends.
            ranges.append(("*/*" if media_range == "*" else media_range, _weight(part)))
    return ranges


def _weight(part: str) -> float:
    found = _QUALITY.search(part)
    if found is None:
        return 1.0
    if not re.fullmatch(r"0?\.\d+|[01](\.\d*)?", found[1]) or float(found[1]) > 1:
        raise BadParameter(f"q={found[1]} in the Accept header is not a number from 0 to 1.")
    return float(found[1])


def _quality(media_type: str, ranges: list[tuple[str, float]]) -> float:
    """Return the weight of the most specific range that a media type falls under."""
    major = media_type.partition("/")[0]
    for candidate in (media_type, major + "/*", "*/*"):
        weights = [weight for media_range, weight in ranges if media_range == candidate]
        if weights:
            return max(weights)
    return 0.0
