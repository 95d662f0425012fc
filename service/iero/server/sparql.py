"""``/sparql``: the SPARQL 1.1 Protocol, the service description, and the query page.

Standards: SPARQL 1.1 Protocol, section 2.1; SPARQL 1.1 Service Description, section 2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, render_template, request, url_for

from iero.errors import BadQuery, IeroError, Refused
from iero.protocol import FORM, FORMATS, QueryRequest, based, formats_for, parse_query_request
from iero.server import answers, description, links, telemetry
from iero.server.context import Context
from iero.server.errors import respond
from iero.server.negotiation import Pairs, data_format, one, pairs, read_body, wants_page
from iero.server.preview import Preview, sample

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
            return self._entrance(wanted)

        def asked() -> QueryRequest:
            with telemetry.timed("parse"):
                made = parse_query_request(request.method, request.content_type or "", in_url,
                                           in_form, b"" if is_form else body)
            telemetry.asked(made.query)
            return made

        if wants_page(wanted):
            given = next((value for name, value in in_url + in_form if name == "query"), "")
            return self._result_page(asked, given, in_url)
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

    def _entrance(self, wanted: str | None) -> Response:
        if wants_page(wanted):
            return Response(render_template("sparql.html", **self._page()), mimetype="text/html")
        return description.send(description.of(self.context), wanted)

    def _result_page(
        self, asked: Callable[[], QueryRequest], query: str, in_url: Pairs
    ) -> Response:
        try:
            preview = Preview.of(self._answer(asked()))
        except IeroError as error:
            return respond(error.problem(), "sparql.html", **self._page(query))
        kept: dict[str, Any] = {name: value for name, value in in_url if name != "format"}
        downloads = [(each.name, url_for("sparql.endpoint", **kept, format=each.name))
                     for each in formats_for(preview.kind)]
        unknown = {} if preview.rows or preview.text or preview.truth \
            else self.context.graph.unknown_terms(query)
        page = render_template("sparql.html", **self._page(query), preview=preview,
                               downloads=downloads, unknown=unknown)
        return Response(page, mimetype="text/html")

    def _page(self, query: str = "") -> dict[str, Any]:
        examples = list(self.context.graph.catalogue)
        return {
            "query": query or sample(examples),
            "examples": examples, "format_names": [each.name for each in FORMATS],
            "endpoint": links.absolute("sparql.endpoint"),
        }


def blueprint(context: Context) -> Blueprint:
    """Return the routes of the SPARQL endpoint."""
    made = Blueprint("sparql", __name__)
    made.add_url_rule("/sparql", view_func=Endpoint(context).endpoint, methods=["GET", "POST"])
    return made
