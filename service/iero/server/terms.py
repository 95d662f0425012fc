"""``/term/<name>`` and ``/ontology``: what a term means, as a page and as RDF.

The suffix of the path decides, then ``?format=``, then ``Accept``. ``*/*`` is RDF, so that Protégé
opens every address here.
"""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, render_template, request

from iero import resources
from iero.protocol import Format, QueryRequest, format_named
from iero.rdf import ntriples, parse
from iero.server import answers
from iero.server.context import Context
from iero.server.negotiation import HTML, data_format, one, pairs, wants_page
from iero.terms import IRI

SUFFIXES: Final = ("ttl", "jsonld", "nt", "rdf", "owl", HTML)
RELEASE: Final = "ontology/release"
RELEASED: Final = {"rdfxml": "iero.owl", "turtle": "iero.ttl", "jsonld": "iero.jsonld",
                   "trig": "iero.ttl"}
"""The formats in which the release has the ontology document; the others are N-Triples."""

_EVERYTHING: Final = "CONSTRUCT WHERE { ?s ?p ?o }"
_RDF_LINKS: Final = [(suffix, format_named(suffix, "graph").media_type)
                     for suffix in ("ttl", "jsonld", "nt", "rdf")]


class Terms:
    """The views of terms and of the ontology."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.graph = context.graph

    def term(self, name: str) -> Response:
        """Describe a term or a claim."""
        stem, wanted = _split(name)
        if wants_page(wanted):
            described = self.graph.term(stem)
            defined_by = IRI(described.defined_by) if described.defined_by else None
            body = render_template("term.html", term=described, name=stem, defined_by=defined_by,
                                   rdf_links=_RDF_LINKS)
            page = Response(body, mimetype="text/html")
            return answers.revalidated(page, self.context, HTML)
        answer = self.graph.describe(self.graph.resolve(stem))
        chosen = data_format("graph", wanted)
        response = answers.send(answer, chosen, self.context)
        return answers.revalidated(response, self.context, chosen.name)

    def ontology(self, suffix: str = "") -> Response:
        """Return the ontology document."""
        wanted = suffix or one(pairs(request.query_string), "format")
        if wants_page(wanted):
            suffixes = [suffix for suffix in SUFFIXES if suffix != HTML]
            body = render_template("ontology.html", terms=self.graph.terms(), suffixes=suffixes)
            page = Response(body, mimetype="text/html")
            return answers.revalidated(page, self.context, HTML)
        chosen = data_format("graph", wanted)
        response = self._document(chosen)
        return answers.revalidated(response, self.context, chosen.name)

    def _document(self, chosen: Format) -> Response:
        if self.context.shipped and chosen.name in RELEASED:
            document = resources.read(f"{RELEASE}/{RELEASED[chosen.name]}")
            return Response(document, content_type=chosen.content_type)
        if self.context.shipped:
            triples = parse(resources.read(f"{RELEASE}/iero.ttl"), "turtle", name="iero.ttl")
            return Response(ntriples(triples), content_type=chosen.content_type)
        everything = self.graph.answer(QueryRequest(_EVERYTHING, (), ()))
        return answers.send(everything, chosen, self.context)


def _split(name: str) -> tuple[str, str | None]:
    """Take the suffix off a name; without one, look at ``?format=``."""
    stem, dot, suffix = name.rpartition(".")
    if dot and suffix in SUFFIXES:
        return stem, suffix
    return name, one(pairs(request.query_string), "format")


def blueprint(context: Context) -> Blueprint:
    """Return the routes of terms and of the ontology."""
    views = Terms(context)
    made = Blueprint("terms", __name__)
    made.add_url_rule("/term/<path:name>", view_func=views.term)
    made.add_url_rule("/ontology", view_func=views.ontology)
    suffixes = ", ".join(SUFFIXES)
    made.add_url_rule(f"/ontology.<any({suffixes}):suffix>", view_func=views.ontology)
    return made
