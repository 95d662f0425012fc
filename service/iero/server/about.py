"""The home page, ``/health``, ``/version`` and ``/.well-known/void``: about the service itself."""

from __future__ import annotations

from importlib.metadata import version
from platform import python_version
from typing import Any, Final

from flask import Blueprint, Response, jsonify, render_template, request, url_for

import iero
from iero import resources
from iero.browse.history import History
from iero.errors import IeroError
from iero.naming import Named
from iero.rdf import parse
from iero.server import description, links, schema
from iero.server.context import Context
from iero.server.errors import respond
from iero.server.negotiation import json_or_page, one, pairs, require_json
from iero.vocabulary import expand

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
        self.history = History.open()

    def home(self) -> Response:
        """Say what this is and where to go: a page for browsers, JSON otherwise."""
        if json_or_page(one(pairs(request.query_string), "format")):
            return Response(render_template("home.html", **self._home()), mimetype="text/html")
        entries = {name: links.absolute(endpoint) for name, endpoint in _ENTRIES.items()}
        return jsonify({"name": "IERO", "versions": versions(self.context), "entries": entries})

    def _home(self) -> dict[str, Any]:
        sizes, names = self.graph.sizes(), self.graph.catalogue.names()
        held = {str(row["kind"]): int(row["number"]) for row in self.graph.look_up("counts")}
        claims, works = (held.get(expand(f"iero:{kind}"), 0) for kind in ("Claim", "Work"))
        counts = [(len(self.graph.terms()), "terms"), (claims, "claims"), (works, "works"),
                  (len(names), "questions"), (sum(sizes.values()), "triples")]
        known = set(self.graph.terms())
        doors = [(links.term(expand(name)), title, held.get(expand(name), 0), text)
                 for name, title, text in _DOORS if Named(expand(name)) in known]
        doors += [(url_for(endpoint), title, 0, text) for endpoint, title, text in _TOOLS]
        tasks = [(url_for("queries.run", name=name), self.graph.catalogue[name].question,
                  self.graph.catalogue[name].summary) for name in _TASKS if name in names]
        return {
            "counts": counts, "doors": doors, "tasks": tasks,
            "quadrants": _quadrants(self.graph.terms()),
            "newest": self.history.releases[0] if self.context.shipped else None,
            "schema": schema.dataset(self.graph.version),
            "endpoint": links.absolute("sparql.endpoint"),
            "sample": {
                "question": links.absolute("queries.run", name=names[0]) if names else "",
                "term": links.absolute("terms.term", name="InterpersonalEmotionRegulation.ttl"),
                "ontology": links.absolute("terms.ontology", suffix="owl"),
            },
        }

    def health(self) -> Response:
        """Say that the service can answer: it asks the graph something.

        ``?live`` asks only whether this process does anything at all.
        """
        given = pairs(request.query_string)
        require_json(one(given, "format"))
        alive = one(given, "live") is not None
        try:
            if not alive:
                self.graph.check()
            response = jsonify({"status": "alive"} if alive else {
                "status": "ok", "triples": sum(self.graph.sizes().values())})
        except IeroError as error:  # whatever it is, nothing can be asked now
            response = respond(error.problem() | {"title": "Not ready", "status": 503})
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


_QUADRANTS = (
    ("needs an answer", (("IntrinsicResponseDependentIER", "asking a friend for comfort"),
                         ("ExtrinsicResponseDependentIER", "joking until the other laughs"))),
    ("works without one", (("IntrinsicResponseIndependentIER", "finding words by telling it"),
                           ("ExtrinsicResponseIndependentIER", "doing a favor that cheers"))),
)
"""The model of Zaki and Williams (https://doi.org/10.1037/a0033839), with examples."""
_DOORS = (
    ("EmotionRegulation", "Regulation", "Kinds of emotion regulation, alone and through others."),
    ("SocialInfluenceOnEmotion", "Neighbouring processes",
     "Contagion, sharing, labor, support: how others move us without regulating us."),
    ("EmotionRegulationStrategy", "Strategies", "What people do to change a feeling."),
    ("Instrument", "Instruments", "Questionnaires with subscales, adaptations and reliability."),
    ("MentalDisorder", "Disorders", "What is tied to them, and on what evidence."),
    ("Treatment", "Therapies", "What they target and how well they work."),
    ("Theory", "Theories", "Models and taxonomies, with what they hold."),
)
_TOOLS = (
    ("evidence.map", "Map of evidence", "What has been found between strategies and disorders."),
    ("compare.compare", "Compare", "Concepts or instruments side by side."),
    ("tag.tag", "Tag", "Find what an abstract or an exported library mentions."),
    ("queries.catalogue", "Questions", "What the graph answers, each with its table."),
    ("browse.top", "Hierarchy", "Every kind below the kinds that it is a case of."),
)
_TASKS = ("instruments-of-extrinsic-regulation", "reliability-of-an-instrument",
          "disorders-tied-to-a-strategy", "strategies-that-maintain-a-disorder")
_ENTRIES = {
    "sparql": "sparql.endpoint", "queries": "queries.catalogue", "ontology": "terms.ontology",
    "search": "search.search", "suggest": "search.suggest", "tag": "tag.tag",
    "claims": "evidence.claims", "evidence": "evidence.map", "compare": "compare.compare",
    "browse": "browse.top", "feed": "feed.atom", "void": "about.void", "health": "about.health",
    "version": "about.version",
}


def _quadrants(terms: list[Named]) -> list[tuple[str, list[tuple[Named, str]]]]:
    """Return the four ways to regulate through others, where the graph has them all."""
    known = {term: term for term in terms}
    try:
        return [(title, [(known[Named(expand(name))], example) for name, example in cells])
                for title, cells in _QUADRANTS]
    except KeyError:
        return []


def blueprint(context: Context) -> Blueprint:
    """Return the routes about the service."""
    views = About(context)
    made = Blueprint("about", __name__)
    made.add_url_rule("/", view_func=views.home)
    made.add_url_rule("/health", view_func=views.health)
    made.add_url_rule("/version", view_func=views.version)
    made.add_url_rule("/.well-known/void", view_func=views.void)
    return made
