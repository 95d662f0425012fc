"""``/search`` and ``/suggest``: full text over terms, claims and works."""

from __future__ import annotations

import json
import re
from collections import Counter
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, Response, jsonify, render_template, request
from markupsafe import Markup, escape

from iero.errors import BadParameter
from iero.server import links
from iero.server.context import Context
from iero.server.negotiation import choose, json_or_page, one, page_number, pairs

if TYPE_CHECKING:
    from iero.search import Hit

LIMIT: Final = 20
MOST: Final = 200
CAP: Final = 400
"""How many hits are ranked and counted for a page; beyond them it says so with a plus."""
SUGGESTIONS: Final = 10
OPENSEARCH: Final = "application/x-suggestions+json"
SHOWN: Final = 300
"""How many characters of the text that was found are shown."""


class Search:
    """The views of the search."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def search(self) -> Response:
        """List what fits a text, the best first."""
        params = pairs(request.query_string)
        page = json_or_page(one(params, "format"))
        text = (one(params, "q") or "").strip()
        limit = _limit(one(params, "limit"), LIMIT)
        kind = (one(params, "kind") or "").strip()
        if page:
            return self._page(text, kind, page_number(params))
        if not text:
            raise BadParameter("The parameter 'q' is missing.", hint="Write /search?q=venting",
                               parameter="q")
        hits = self.context.graph.search(text, CAP if kind else limit)
        kept = [hit for hit in hits if kind in ("", hit.kind)][:limit]
        return jsonify({"query": text, "count": len(kept),
                        "results": [_result(hit) for hit in kept]})

    def _page(self, text: str, kind: str, number: int) -> Response:
        found = self.context.graph.search(text, CAP) if text else []
        hits = [hit for hit in found if kind in ("", hit.kind)]
        first = (number - 1) * LIMIT
        made = render_template(
            "search.html", text=text, search_text=text, hits=hits[first:first + LIMIT], kind=kind,
            kinds=Counter(hit.kind for hit in found).most_common(), total=len(hits), first=first,
            everything=len(found), capped=len(found) == CAP, page=number,
            more=len(hits) > first + LIMIT)
        return Response(made, mimetype="text/html")

    def suggest(self) -> Response:
        """Complete what somebody begins to type, as JSON or as OpenSearch suggestions."""
        params = pairs(request.query_string)
        text = (one(params, "q") or "").strip()
        limit = _limit(one(params, "limit"), SUGGESTIONS)
        wanted = one(params, "format")
        if wanted != "opensearch":
            choose(wanted, ("json",))
        hits = self.context.graph.suggest(text, limit) if text else []
        if wanted == "opensearch":
            body = [text, [hit.label for hit in hits], [hit.kind for hit in hits],
                    [links.site(links.term(hit.iri)) for hit in hits]]
            return Response(json.dumps(body), content_type=OPENSEARCH)
        return jsonify({"query": text, "suggestions": [_result(hit) for hit in hits]})


def highlighted(text: str, query: str) -> Markup:
    """Return the beginning of a text with the words of a query marked, also misspelt ones.

    >>> highlighted("blowing off <steam>", "Stean, blow")
    Markup('<mark>blowing</mark> off &lt;<mark>steam</mark>&gt;')
    """
    shown = text if len(text) <= SHOWN else text[:SHOWN].rsplit(" ", 1)[0] + " …"
    words = {word for word in re.findall(r"\w+", query.lower()) if len(word) > 1}
    parts = re.split(r"(\w+)", shown)
    return Markup("").join(
        Markup("<mark>{}</mark>").format(part) if number % 2 and _like(part.lower(), words)
        else escape(part) for number, part in enumerate(parts))


def _like(word: str, wanted: set[str]) -> bool:
    return any(word.startswith(each) for each in wanted) or bool(
        len(word) > 3 and get_close_matches(word, wanted, n=1, cutoff=0.8))


def _limit(given: str | None, default: int) -> int:
    if given is None:
        return default
    if not given.isascii() or not given.isdigit() or not 1 <= int(given[:9]) <= MOST:
        raise BadParameter(f"The parameter 'limit' is {given!r}.", parameter="limit",
                           hint=f"Give a whole number from 1 to {MOST}.")
    return int(given)


def _result(hit: Hit) -> dict[str, Any]:
    return {"iri": str(hit.iri), "curie": hit.iri.curie, "label": hit.label, "kind": hit.kind,
            "matched": hit.matched, "role": hit.role, "score": hit.score,
            "page": links.term(hit.iri)}


def blueprint(context: Context) -> Blueprint:
    """Return the routes of the search."""
    views = Search(context)
    made = Blueprint("search", __name__)
    made.add_url_rule("/search", view_func=views.search)
    made.add_url_rule("/suggest", view_func=views.suggest)
    return made
