"""``/term/<name>``, ``/work`` and ``/ontology``: what a term means, as a page and as RDF.

The suffix of the path decides, then ``?format=``, then ``Accept``. ``*/*`` is RDF, so that Protégé
opens every address here.
"""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, jsonify, render_template, request, url_for

from iero import resources
from iero.browse import claims as claims_
from iero.browse import hierarchy, statements
from iero.browse.history import History
from iero.browse.portrait import portrait
from iero.errors import NotFound
from iero.graph import service_query
from iero.naming import Named
from iero.protocol import Format, QueryRequest, format_named
from iero.rdf import ntriples, parse
from iero.server import answers, drawing, links, schema
from iero.server.context import Context
from iero.server.negotiation import (
    HTML,
    data_format,
    one,
    pairs,
    require_json,
    required,
    wants_page,
)
from iero.terms import IRI, Term
from iero.vocabulary import expand, is_own

SUFFIXES: Final = ("ttl", "jsonld", "nt", "rdf", "owl", HTML)
RELEASE: Final = "ontology/release"
RELEASED: Final = {"rdfxml": "iero.owl", "turtle": "iero.ttl", "jsonld": "iero.jsonld",
                   "trig": "iero.ttl"}
"""The formats in which the release has the ontology document; the others are N-Triples."""

Edge = tuple[IRI, str, IRI, str]
"""From what, by which relation, to what, and on which ground."""

NEIGHBORS: Final = 120
"""How many neighbours a drawing gets at most."""
_EVERYTHING: Final = "CONSTRUCT WHERE { ?s ?p ?o }"
_RDF_LINKS: Final = [(suffix, format_named(suffix, "graph").media_type)
                     for suffix in ("ttl", "jsonld", "nt", "rdf")]
_BEHIND: Final = (("term", "what is said of it"), ("ancestors", "what it stands below"),
                  ("statements", "how it relates to others"), ("claims-about", "claims about it"),
                  ("mentions", "where it is mentioned"))
_DEPRECATED: Final = expand("owl:deprecated")
_CLAIM, _WORK = expand("iero:Claim"), expand("iero:Work")


class Terms:
    """The views of terms and of the ontology."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.graph = context.graph
        self.history = History.open()

    def term(self, name: str) -> Response:
        """Describe a term or a claim."""
        stem, wanted = _split(name)
        return self._described(self.graph.resolve(stem), wanted)

    def work(self) -> Response:
        """Describe a work, or whatever else has an address outside IERO."""
        given = pairs(request.query_string)
        name = required(given, "iri")
        try:
            iri = self.graph.resolve(name)
        except NotFound:
            # A source of which the graph knows no more than that terms or claims rest on it.
            iri = IRI(expand(name))
            if not (statements.referring(self.graph, iri) or claims_.of_work(self.graph, iri)):
                raise
        return self._described(iri, one(given, "format"))

    def _described(self, iri: IRI, wanted: str | None) -> Response:
        if wants_page(wanted):
            response, variant = Response(self._page(iri), mimetype="text/html"), HTML
        else:
            chosen = data_format("graph", wanted)
            response = answers.send(self.graph.describe(iri), chosen, self.context)
            variant = chosen.name
        response.headers.add("Link", f'<{links.site(links.term(iri))}>; rel="canonical"')
        for suffix, media_type in _RDF_LINKS if is_own(iri) else ():
            address = links.site(links.term(iri, suffix))
            response.headers.add("Link", f'<{address}>; rel="alternate"; type="{media_type}"')
        return answers.revalidated(response, self.context, variant)

    def _page(self, iri: IRI) -> str:
        term = self.graph.profile(iri)
        kinds = set(term.kinds)
        shown: dict[str, Any] = {
            "term": term, "history": self.history.of(iri), "schema": schema.term(term),
            "formats": [(suffix, links.term(iri, suffix)) for suffix, _ in _RDF_LINKS],
            "rdf_links": _RDF_LINKS, "behind": _behind(iri),
            "deprecated": any(name == _DEPRECATED for name, _ in term.facts),
            "defined_by": IRI(term.defined_by) if term.defined_by else None,
        }
        if _CLAIM in kinds:
            return render_template("claim.html", **shown, claim=claims_.read(self.graph, [iri])[0])
        if _WORK in kinds or not is_own(iri):
            found = claims_.of_work(self.graph, iri)
            read = claims_.read(self.graph, [each.claim for each in found[:200]])
            pointing = statements.relations(statements.incoming(self.graph, iri))
            return render_template("work.html", **shown, claims=read, found=found,
                                   incoming=pointing,
                                   terms=statements.referring(self.graph, iri))
        shape = portrait(self.graph, term)
        return render_template("term.html", **shown, it=shape,
                               drawing=drawing.theory(shape) if drawing.fits(term) else None)

    def neighbors(self, name: str) -> Response:
        """Return what surrounds a term, as nodes and edges for a drawing."""
        require_json(one(pairs(request.query_string), "format"))
        term = self.graph.profile(self.graph.resolve(name))
        parents = hierarchy.lineage(self.graph, term.iri).parents
        edges: list[Edge] = [(term.iri, "is a kind of", node.term,
                              "inferred" if node.inferred else "stated") for node in parents]
        edges += [(node.term, "is a" if node.member else "is a kind of", term.iri,
                   "inferred" if node.inferred else "stated")
                  for node in hierarchy.children(self.graph, term.iri)[0]]
        edges += [(term.iri, each.property.label, each.value, each.ground)
                  for each in statements.outgoing(self.graph, [term.iri])[term.iri]
                  if isinstance(each.value, Named)]
        edges += [(each.value, each.property.label, term.iri, each.ground)
                  for each in statements.incoming(self.graph, term.iri)
                  if isinstance(each.value, Named)]
        made = jsonify(_drawn(Named(term.iri, term.label), edges))
        return answers.revalidated(made, self.context, "neighbors")

    def ontology(self, suffix: str = "") -> Response:
        """Return the ontology document."""
        wanted = suffix or one(pairs(request.query_string), "format")
        if wants_page(wanted):
            suffixes = [suffix for suffix in SUFFIXES if suffix != HTML]
            body = render_template("ontology.html", count=len(self.graph.terms()),
                                   suffixes=suffixes, history=self.history)
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


def _behind(iri: IRI) -> list[tuple[str, str]]:
    """Return the queries that a page was made from, as ``(what they ask, address)``."""
    asked = []
    for name, what in _BEHIND:
        values: dict[str, list[Term]] = {"term": [iri]}
        if name == "ancestors":
            values["narrower"] = [iri]
        lines = service_query(name, values).splitlines()
        query = "\n".join(line for line in lines if not line.startswith("#+")).strip()
        asked.append((what, url_for("sparql.endpoint", query=query)))
    return asked


def _drawn(center: Named, edges: list[Edge]) -> dict[str, Any]:
    """Write edges as JSON has them, the nearest neighbours only."""
    nodes: dict[str, IRI] = {center: center}
    kept = []
    for source, label, target, ground in dict.fromkeys(edges):
        other = target if source == center else source
        if other in nodes or len(nodes) <= NEIGHBORS:
            nodes.setdefault(other, other)
            kept.append({"source": source, "target": target, "label": label, "ground": ground})
    return {
        "center": center, "more": len(kept) < len(edges), "edges": kept,
        "nodes": [{"id": node, "label": getattr(node, "label", node), "page": links.page(node)}
                  for node in nodes.values()],
    }


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
    made.add_url_rule("/term/<path:name>", view_func=views.term, merge_slashes=False)
    made.add_url_rule("/neighbors/<path:name>", view_func=views.neighbors, merge_slashes=False)
    made.add_url_rule("/work", view_func=views.work)
    made.add_url_rule("/ontology", view_func=views.ontology)
    suffixes = ", ".join(SUFFIXES)
    made.add_url_rule(f"/ontology.<any({suffixes}):suffix>", view_func=views.ontology)
    return made
