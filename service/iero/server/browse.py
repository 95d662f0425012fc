"""``/browse``: the hierarchy, and the places where the literature mentions a term."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, jsonify, render_template, request

from iero.browse import hierarchy
from iero.browse.hierarchy import Node
from iero.browse.portrait import mentions
from iero.naming import Named
from iero.server import answers, links
from iero.server.context import Context
from iero.server.negotiation import HTML, json_or_page, one, page_number, pairs

FRAGMENT: Final = "fragment"


class Browse:
    """The views of the hierarchy."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.graph = context.graph

    def top(self) -> Response:
        """Show the top of the hierarchy, each class with what is directly below it."""
        roots = sorted(hierarchy.roots(self.graph), key=lambda node: -node.below)
        if not json_or_page(one(pairs(request.query_string), "format")):
            return self._json(None, roots, False)
        trees = [(root, *hierarchy.children(self.graph, root.term)) for root in roots]
        return self._send("browse.html", trees=trees)

    def below(self, name: str) -> Response:
        """Show what is directly below a class, with the way down to it.

        ``?format=fragment`` is the bare list, for a page that opens a branch in place.
        """
        given = pairs(request.query_string)
        wanted, page = one(given, "format"), page_number(given)
        term = self.graph.profile(self.graph.resolve(name))
        me = Named(term.iri, term.label)
        nodes, more = hierarchy.children(self.graph, me, page)
        if wanted == FRAGMENT:
            return self._send("_branch.html", nodes=nodes, more=more, parent=me, page=page)
        if not json_or_page(wanted):
            return self._json(me, nodes, more)
        lineage = hierarchy.lineage(self.graph, me)
        return self._send("branch.html", term=term, me=me, nodes=nodes, more=more, page=page,
                          lineage=lineage)

    def mentions(self, name: str) -> Response:
        """List the places where documents mention a term."""
        page = page_number(pairs(request.query_string))
        term = self.graph.profile(self.graph.resolve(name))
        found, more = mentions(self.graph, term.iri, page)
        return self._send("mentions.html", term=term, mentions=found, more=more, page=page)

    def _send(self, template: str, **shown: object) -> Response:
        response = Response(render_template(template, **shown), mimetype="text/html")
        return answers.revalidated(response, self.context, HTML)

    def _json(self, parent: Named | None, nodes: list[Node], more: bool) -> Response:
        listed = [{"iri": node.term, "label": node.term.label, "inferred": node.inferred,
                   "member": node.member, "below": node.below, "page": links.page(node.term)}
                  for node in nodes]
        made = jsonify({"parent": parent, "more": more, "children": listed})
        return answers.revalidated(made, self.context, "json")


def blueprint(context: Context) -> Blueprint:
    """Return the routes of the hierarchy."""
    views = Browse(context)
    made = Blueprint("browse", __name__)
    made.add_url_rule("/browse", view_func=views.top)
    made.add_url_rule("/browse/<path:name>", view_func=views.below, merge_slashes=False)
    made.add_url_rule("/mentions/<path:name>", view_func=views.mentions, merge_slashes=False)
    return made
