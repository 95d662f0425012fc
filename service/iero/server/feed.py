"""What programs that read sites ask for: feed, site map, robots, OpenSearch, icon."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from iero.browse.history import History
from iero.errors import NotFound
from iero.server import answers, links
from iero.server.context import Context
from iero.server.negotiation import page_number, pairs

ENTRIES: Final = 100
"""Entries of one page of the feed; the next is a link away (RFC 5005, section 3)."""
ADDRESSES: Final = 10_000
"""Addresses of one site map; the protocol allows 50,000."""
PAGES: Final = ("about.home", "browse.top", "compare.compare", "evidence.map",
                "evidence.conflicts", "evidence.names", "queries.catalogue", "terms.ontology")


class Feed:
    """The views for programs that read sites."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.history = History.open()

    def atom(self) -> Response:
        """List new and changed terms, the newest first (Atom, RFC 4287)."""
        page = page_number(pairs(request.query_string))
        events = self.history.events()
        first = (page - 1) * ENTRIES
        if page > 1 and first >= len(events):
            raise NotFound(f"The feed has no page {page}.", hint="Begin with the first.",
                           nearest=[])
        body = render_template("feed.xml", entries=events[first:first + ENTRIES], page=page,
                               more=len(events) > first + ENTRIES, history=self.history)
        return self._send(body, "application/atom+xml")

    def sitemap(self) -> Response:
        """List the site maps."""
        number = 1 + len(self.context.graph.terms()) // ADDRESSES
        body = render_template("sitemaps.xml", addresses=[
            links.absolute("feed.sitemap_part", number=each + 1) for each in range(number)])
        return self._send(body, "application/xml")

    def sitemap_part(self, number: int) -> Response:
        """List pages and terms."""
        terms = self.context.graph.terms()[(number - 1) * ADDRESSES:number * ADDRESSES]
        pages = [links.absolute(page) for page in PAGES] if number == 1 else []
        if not terms and not pages:
            raise NotFound(f"There is no site map {number}.", hint="/sitemap.xml lists them.",
                           nearest=[])
        body = render_template("sitemap.xml", addresses=[
            *pages, *(links.site(links.term(term)) for term in terms)])
        return self._send(body, "application/xml")

    def robots(self) -> Response:
        """Tell robots what not to ask: what costs a query each time."""
        closed = [url_for(endpoint) for endpoint in ("sparql.endpoint", "search.search", "tag.tag",
                                                     "compare.compare", "evidence.claims")]
        lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed), "",
                 f"Sitemap: {links.absolute('feed.sitemap')}", ""]
        return self._send("\n".join(lines), "text/plain")

    def opensearch(self) -> Response:
        """Describe the search for browsers (OpenSearch 1.1)."""
        body = render_template("opensearch.xml",
                               search=links.absolute("search.search"),
                               suggest=links.absolute("search.suggest"))
        return self._send(body, "application/opensearchdescription+xml")

    def favicon(self) -> AnyResponse:
        """Lead to the icon."""
        return redirect(url_for("static", filename="icon.svg"))

    def _send(self, body: str, media_type: str) -> Response:
        response = Response(body, content_type=f"{media_type}; charset=utf-8")
        return answers.revalidated(response, self.context, media_type)


def blueprint(context: Context) -> Blueprint:
    """Return the routes for programs that read sites."""
    views = Feed(context)
    made = Blueprint("feed", __name__)
    made.add_url_rule("/feed.atom", view_func=views.atom)
    made.add_url_rule("/sitemap.xml", view_func=views.sitemap)
    made.add_url_rule("/sitemap-<int:number>.xml", view_func=views.sitemap_part)
    made.add_url_rule("/robots.txt", view_func=views.robots)
    made.add_url_rule("/opensearch.xml", view_func=views.opensearch)
    made.add_url_rule("/favicon.ico", view_func=views.favicon)
    return made
