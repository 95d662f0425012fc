"""``/sparql``: the SPARQL 1.1 Protocol, the service description, and the query page.

Standards: SPARQL 1.1 Protocol, section 2.1; SPARQL 1.1 Service Description, section 2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, render_template, request

from iero.errors import BadQuery, IeroError, Refused
from iero.protocol import FORM, FORMATS, QueryRequest, based, parse_query_request
from iero.server import answers, description, links, telemetry
from iero.server.context import Context
from iero.server.display import CHOICES, Controls, Display
from iero.server.emptiness import why_empty
from iero.server.errors import respond
from iero.server.negotiation import Pairs, data_format, grouped, one, pairs, read_body, wants_page
from iero.server.preview import Preview, sample, without_header

if TYPE_CHECKING:
    from iero.results import Answer

class Endpoint:
    """The views of ``/sparql``."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def endpoint(self) -> Response:
        """Answer a query; without one, say what this endpoint is."""
        in_url = pairs(request.query_string)
        body = read_body() if request.method == "POST" else b""
        is_form = request.mimetype == FORM
        in_form = pairs(body) if is_form else []
        wanted = one(in_url + in_form, "format")
        if request.method != "POST" and not any(name == "query" for name, _ in in_url):
            return self._entrance(wanted, one(in_url, "question"))

        def asked() -> QueryRequest:
            with telemetry.timed("parse"):
                made = parse_query_request(request.method, request.content_type or "", in_url,
                                           in_form, b"" if is_form else body)
            telemetry.asked(made.query)
            return made

        if wants_page(wanted):
            return self._result_page(asked, in_url + in_form)
        answer = self._answer(asked())
        return answers.send(answer, data_format(answer.kind, wanted), self.context)

    def _answer(self, asked: QueryRequest) -> Answer:
        """Answer a query; relative IRIs in it are resolved against the endpoint (section 2.1.4).

        What is wrong with a query is told of the query as it was sent.
        """
        text = based(asked.query, links.absolute("sparql.endpoint"))
        try:
            return self.context.graph.answer(replace(asked, query=text))
        except (BadQuery, Refused):
            if text == asked.query:
                raise
        return self.context.graph.answer(asked)

    def _entrance(self, wanted: str | None, question: str | None) -> Response:
        if wants_page(wanted):
            text = without_header(self.context.graph.catalogue[question].text) if question else ""
            page = render_template("sparql.html", **self._page(text))
            return Response(page, mimetype="text/html")
        return description.send(description.of(self.context), wanted)

    def _result_page(self, asked: Callable[[], QueryRequest], given: Pairs) -> Response:
        query = next((value for name, value in given if name == "query"), "")
        graph = self.context.graph
        try:
            wanted = asked()
            query = wanted.query
            chosen = {name: value for name in CHOICES if (value := one(given, name))}
            kept = {name: values for name, values in grouped(given).items()
                    if name not in ("format", *CHOICES)}
            preview = Preview.of(self._answer(wanted), as_text=chosen.get("view") == "turtle")
            shown = Display.of(preview, graph, Controls(
                "sparql.endpoint", values=kept | {"query": [query]}, chosen=chosen))
        except IeroError as error:
            return respond(error.problem(), "sparql.html", **self._page(query))
        unknown = graph.unknown_terms(query) if preview.empty else {}
        reason = why_empty(graph, wanted) if preview.empty else None
        page = render_template("sparql.html", **self._page(query), shown=shown, unknown=unknown,
                               reason=reason)
        return Response(page, mimetype="text/html")

    def _page(self, query: str = "") -> dict[str, Any]:
        examples = list(self.context.graph.catalogue)
        return {
            "query": query or sample(examples), "asked": bool(query),
            "examples": examples, "format_names": [each.name for each in FORMATS],
            "endpoint": links.absolute("sparql.endpoint"),
        }


def blueprint(context: Context) -> Blueprint:
    """Return the routes of the SPARQL endpoint."""
    made = Blueprint("sparql", __name__)
    made.add_url_rule("/sparql", view_func=Endpoint(context).endpoint, methods=["GET", "POST"])
    return made
