"""The home page, ``/health``, ``/version`` and ``/.well-known/void``: about the service itself."""

from __future__ import annotations

from importlib.metadata import version
from platform import python_version
from typing import Any, Final

from flask import Blueprint, Response, jsonify, render_template, request, url_for

import iero
from iero import resources
from iero.rdf import parse
from iero.server import description, links
from iero.server.context import Context
from iero.server.negotiation import json_or_page, one, pairs, require_json
from iero.server.preview import sample

RELEASED: Final = "ontology/release/void.ttl"


def versions(context: Context) -> dict[str, str]:
    """Return the versions of what answers: ontology, service, engine."""
    return {
        "ontology": context.graph.version, "iero": iero.__version__, "release": context.state,
        "pyoxigraph": version("pyoxigraph"), "python": python_version(),
    }


class About:
    """The views about the service."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.graph = context.graph

    def home(self) -> Response:
        """Say what this is and where to go: a page for browsers, JSON otherwise."""
        if json_or_page(one(pairs(request.query_string), "format")):
            return Response(render_template("home.html", **self._home()), mimetype="text/html")
        entries = {name: links.absolute(endpoint) for name, endpoint in _ENTRIES.items()}
        return jsonify({"name": "IERO", "versions": versions(self.context), "entries": entries})

    def _home(self) -> dict[str, Any]:
        catalogue, sizes = self.graph.catalogue, self.graph.sizes()
        names = catalogue.names()
        counts = [(len(self.graph.terms()), "terms"), (sum(sizes.values()), "triples"),
                  (len(names), "questions")]
        return {
            "counts": counts, "sizes": sizes, "endpoint": links.absolute("sparql.endpoint"),
            "query": sample(list(catalogue)),
            "entries": [(url_for(endpoint), label, text) for endpoint, label, text in _STARTS],
            "sample": {
                "question": links.absolute("queries.run", name=names[0]) if names else "",
                "term": links.absolute("terms.term", name="InterpersonalEmotionRegulation.ttl"),
                "ontology": links.absolute("terms.ontology", suffix="owl"),
            },
        }

    def health(self) -> Response:
        """Say that the service can answer: it asks the graph something."""
        require_json(one(pairs(request.query_string), "format"))
        triples = sum(self.graph.sizes().values())
        response = jsonify({"status": "ok", "triples": triples})
        response.headers["Cache-Control"] = "no-store"
        return response

    def version(self) -> Response:
        """Return the versions."""
        require_json(one(pairs(request.query_string), "format"))
        return jsonify(versions(self.context))

    def void(self) -> Response:
        """Describe the data set (VoID, section 6.1: its well-known address)."""
        if self.context.shipped:
            triples = parse(resources.read(RELEASED), "turtle", name=RELEASED)
        else:
            triples = description.dataset(self.graph.version, self.graph.sizes())
        triples += description.access(links.absolute("sparql.endpoint"),
                                      links.absolute("terms.ontology", suffix="owl"))
        return description.send(triples, one(pairs(request.query_string), "format"))


_STARTS = (
    ("queries.catalogue", "Questions",
     "What the graph answers: each with its table and the SPARQL behind it."),
    ("terms.ontology", "Ontology",
     "Every term, and the document as RDF/XML, Turtle, JSON-LD or N-Triples."),
    ("tag.tag", "Tag",
     "Paste a title and abstract, and see what it mentions; programs post files."),
    ("search.search", "Search",
     "Find a term by its label, a synonym, an abbreviation or its definition."),
    ("sparql.endpoint", "SPARQL", "The endpoint, with a page to write queries in."),
    ("about.void", "VoID", "The data set described for programs."),
)
_ENTRIES = {
    "sparql": "sparql.endpoint", "queries": "queries.catalogue", "ontology": "terms.ontology",
    "search": "search.search", "tag": "tag.tag", "void": "about.void", "health": "about.health",
    "version": "about.version",
}


def blueprint(context: Context) -> Blueprint:
    """Return the routes about the service."""
    views = About(context)
    made = Blueprint("about", __name__)
    made.add_url_rule("/", view_func=views.home)
    made.add_url_rule("/health", view_func=views.health)
    made.add_url_rule("/version", view_func=views.version)
    made.add_url_rule("/.well-known/void", view_func=views.void)
    return made
