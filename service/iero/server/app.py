"""The application factory."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from flask import Flask, Response, g, request
from werkzeug.middleware.proxy_fix import ProxyFix

from iero.naming import Named, spell
from iero.server import (
    about,
    browse,
    clients,
    compare,
    compression,
    docs,
    errors,
    evidence,
    feed,
    graph_store,
    links,
    openapi,
    queries,
    scripts,
    search,
    search_strings,
    sparql,
    tag,
    telemetry,
    terms,
    update,
)
from iero.server.context import Context
from iero.server.mounted import Mounted, Published
from iero.server.preview import fault_width, language_name, without_header, without_verb
from iero.terms import IRI, BlankNode, Literal
from iero.vocabulary import PREFIXES

if TYPE_CHECKING:
    from iero.graph import KnowledgeGraph
    from iero.server.clients import Clients
    from iero.server.metrics import Metrics
    from iero.server.writing import Writing
    from iero.tagging import Tagger

PAGE_POLICY: Final = ("default-src 'none'; style-src 'self'; script-src 'self'; "
                      "connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
                      "frame-ancestors 'none'")
DATA_POLICY: Final = "default-src 'none'; frame-ancestors 'none'; sandbox"
"""For answers too: browsers run scripts in XML, and a query decides what is in its answer."""

PREFLIGHT_SECONDS: Final = 86_400
ACCESS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers":
        "Allow, Content-Length, Content-Type, ETag, IERO-Change, Location, Preference-Applied, "
        "RateLimit, RateLimit-Policy, Retry-After, Server-Timing, WWW-Authenticate, X-Request-Id",
}
PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "*, Authorization",  # which the asterisk does not stand for
    "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
}


def create_app(
    graph: KnowledgeGraph, tagger: Tagger | None = None, *, base_path: str = "", release: str = "",
    shipped: bool = False, trusted_proxies: int = 0, public_url: str = "",
    body_limit: int = 1 << 20, answer_limit: int = 1 << 30, record_limit: int = 1000,
    writing: Writing | None = None, admitted: Clients | None = None,
    metrics: Metrics | None = None, metrics_token: str = "",
) -> Flask:
    """Make the WSGI application that serves a graph.

    :param graph: the graph.
    :param tagger: a tagger of the graph; without one it is made when a text is first tagged.
    :param base_path: where the application is mounted, such as ``/iero``; nothing for the root.
    :param release: what identifies the data, for entity tags; nothing where it may change.
    :param shipped: whether the graph is the release that ships with the package.
    :param trusted_proxies: how many proxies in front may set ``X-Forwarded-*`` headers.
    :param public_url: scheme and host under which the world sees the service; without it, what a
        request says.
    :param body_limit: how many bytes a request body may have.
    :param answer_limit: how many bytes an answer may have.
    :param record_limit: how many records a request may bring to be tagged.
    :param writing: what is needed to write; nothing makes the service read-only.
    :param admitted: how much each client may ask; without it, as much as it likes.
    :param metrics: where to count; without it nothing is counted.
    :param metrics_token: what opens ``/metrics``; without it there is no such route.
    """
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = body_limit
    app.json.sort_keys = False  # type: ignore[attr-defined]
    context = Context(graph, release, shipped, answer_limit, tagger, record_limit,
                      writing)
    telemetry.install(app, metrics)
    compression.install(app)
    if admitted is not None:
        clients.install(app, admitted)
    subjects = (about, docs, sparql, update, graph_store, queries, terms, browse, compare,
                evidence, search, search_strings, tag, feed, openapi)
    for subject in subjects:
        app.register_blueprint(subject.blueprint(context))
    if metrics is not None and metrics_token:
        from iero.server.metrics import blueprint

        app.register_blueprint(blueprint(
            metrics, metrics_token, lambda: metrics.describe(graph, about.versions(context))))
    errors.register(app)
    app.before_request(partial(_note_state, context))
    app.after_request(_headers)
    app.after_request(_close_unread)
    _furnish(app, context)
    served, app.jinja_env.globals["script_of"] = scripts.blueprint()
    app.register_blueprint(served)
    _place(app, base_path, trusted_proxies, public_url)
    return app


def _place(app: Flask, base_path: str, trusted_proxies: int, public_url: str) -> None:
    """Put an app where the world sees it."""
    if public_url:
        app.wsgi_app = Published(app.wsgi_app, public_url)  # type: ignore[method-assign]
    if base_path:
        app.wsgi_app = Mounted(app.wsgi_app, base_path)  # type: ignore[method-assign]
    if trusted_proxies:
        counts = dict.fromkeys(("x_for", "x_proto", "x_host", "x_prefix"), trusted_proxies)
        app.wsgi_app = ProxyFix(app.wsgi_app, **counts)  # type: ignore[method-assign]


def _note_state(context: Context) -> None:
    """Remember which data a request found when it came."""
    g.state = context.state


def _furnish(app: Flask, context: Context) -> None:
    """Give the templates what they need beside what a view hands them."""
    app.jinja_env.globals |= {"page_of": links.page, "term_page": links.term, "site": links.site,
                              "versions": about.versions(context), "loaded": datetime.now(UTC),
                              "prefixes": PREFIXES}
    app.jinja_env.filters |= {
        "without_header": without_header, "spell": spell, "named": Named,
        "highlighted": search.highlighted, "without_verb": without_verb,
        "local": lambda curie: curie.removeprefix("iero:"), "language_name": language_name,
        "fault_width": fault_width,
    }
    app.jinja_env.tests |= {
        "iri": lambda value: isinstance(value, IRI),
        "literal": lambda value: isinstance(value, Literal),
        "blank": lambda value: isinstance(value, BlankNode),
        "number_literal": _is_number,
    }


def _is_number(value: object) -> bool:
    return isinstance(value, Literal) and not isinstance(value.value, str | bool)


def _close_unread(response: Response) -> Response:
    """Say that the connection ends with a refusal that left the request's body unread.

    The server closes it then. To read on would let a body that trickles in hold up a thread.
    """
    has_body = bool(request.content_length) or "Transfer-Encoding" in request.headers
    if response.status_code >= 400 and has_body and not g.get("body_read"):
        response.headers["Connection"] = "close"
    return response


def _headers(response: Response) -> Response:
    """Open every response to other sites, and close it to scripts of anybody else's making."""
    is_page = response.mimetype == "text/html"
    response.headers.update(ACCESS)
    if request.method == "OPTIONS":
        response.headers.update(PREFLIGHT)
        response.status_code = 204 if response.status_code == 200 else response.status_code
    response.vary.add("Accept")
    response.headers["Content-Security-Policy"] = PAGE_POLICY if is_page else DATA_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Frame-Options"] = "DENY"  # for browsers that do not know frame-ancestors
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"  # the data are for everybody
    return response
