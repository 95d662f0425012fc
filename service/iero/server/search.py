"""``/search``: full text over the terms."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, jsonify, render_template, request

from iero.errors import BadParameter
from iero.server import links
from iero.server.context import Context
from iero.server.negotiation import json_or_page, one, pairs

LIMIT: Final = 20
MOST: Final = 200


class Search:
    """The view of ``/search``."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def search(self) -> Response:
        """List the terms that fit a text, the best first."""
        params = pairs(request.query_string)
        page = json_or_page(one(params, "format"))
        text = (one(params, "q") or "").strip()
        limit = _limit(one(params, "limit"))
        if not text and not page:
            raise BadParameter("The parameter 'q' is missing.", hint="Write /search?q=venting",
                               parameter="q")
        hits = list(self.context.graph.search(text, limit)) if text else []
        if page:
            made = render_template("search.html", text=text, search_text=text, hits=hits)
            return Response(made, mimetype="text/html")
        results = [_result(hit) for hit in hits]
        return jsonify({"query": text, "count": len(hits), "results": results})


def _limit(given: str | None) -> int:
    if given is None:
        return LIMIT
    if not given.isascii() or not given.isdigit() or not 1 <= int(given[:9]) <= MOST:
        raise BadParameter(f"The parameter 'limit' is {given!r}.", parameter="limit",
                           hint=f"Give a whole number from 1 to {MOST}.")
    return int(given)


def _result(hit: Any) -> dict[str, Any]:
    return {"iri": str(hit.iri), "curie": hit.iri.curie, "label": hit.label, "kind": hit.kind,
            "matched": hit.matched, "score": hit.score, "page": links.page(hit.iri)}


def blueprint(context: Context) -> Blueprint:
    """Return the route of the search."""
    made = Blueprint("search", __name__)
    made.add_url_rule("/search", view_func=Search(context).search)
    return made
