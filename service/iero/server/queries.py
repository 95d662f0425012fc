"""``/queries``: the catalogue of questions, and running one."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, Response, jsonify, render_template, request, url_for

from iero.errors import IeroError
from iero.protocol import formats_for
from iero.server import answers, links
from iero.server.context import Context
from iero.server.errors import respond
from iero.server.negotiation import HTML, data_format, json_or_page, one, pairs, wants_page
from iero.server.preview import Preview

if TYPE_CHECKING:
    from iero.naming import Named
    from iero.queries import Query

QUERY_TYPE: Final = "application/sparql-query"


class Questions:
    """The views of the catalogue."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.graph = context.graph

    def catalogue(self) -> Response:
        """List the questions: a page for browsers, JSON otherwise."""
        questions = list(self.graph.catalogue)
        if json_or_page(one(pairs(request.query_string), "format")):
            body = render_template("queries.html", questions=questions, groups=_groups(questions))
            page = Response(body, mimetype="text/html")
            return answers.revalidated(page, self.context, HTML)
        listed = jsonify({"queries": [_summary(question) for question in questions]})
        return answers.revalidated(listed, self.context, "json")

    def run(self, name: str) -> Response:
        """Answer a question with the parameters of the URL; ``.rq`` is its text."""
        if name.endswith(".rq"):
            text = self.graph.catalogue[name.removesuffix(".rq")].text
            response = Response(text, content_type=f"{QUERY_TYPE}; charset=utf-8")
            return answers.revalidated(response, self.context, "rq")
        question = self.graph.catalogue[name]
        given = pairs(request.query_string)
        wanted = one(given, "format")
        params = _params(given)
        if wants_page(wanted):
            return self._page(question, params)
        answer = self.graph.run(name, params)
        chosen = data_format(answer.kind, wanted)
        response = answers.send(answer, chosen, self.context)
        return answers.revalidated(response, self.context, chosen.name)

    def _page(self, question: Query, params: dict[str, list[str]]) -> Response:
        # A field that is left empty in the form comes back as an empty value: the default.
        filled = {name: given for name, values in params.items()
                  if (given := [value for value in values if value])}
        shown: dict[str, Any] = {"question": question, "fields": self._fields(question, filled)}
        try:
            sparql = self.graph.bound(question.name, filled)
            preview = Preview.of(self.graph.run(question.name, filled)).labelled()
        except IeroError as error:
            return respond(error.problem(), "query.html", **shown, sparql=question.text)
        kept: dict[str, Any] = {**filled}
        downloads = [
            (each.name, url_for("queries.run", name=question.name, **kept, format=each.name))
            for each in formats_for(preview.kind)
        ]
        body = render_template("query.html", **shown, sparql=sparql, preview=preview,
                               downloads=downloads)
        return answers.revalidated(Response(body, mimetype="text/html"), self.context, HTML)

    def _fields(self, question: Query, params: dict[str, list[str]]) -> list[Field]:
        return [Field(name, parameter.summary or name, ", ".join(params.get(name, [])),
                      self.graph.members(parameter.kinds) if parameter.kinds else [])
                for name, parameter in question.parameters.items()]


@dataclass(frozen=True)
class Field:
    """One parameter as a field of the form."""

    name: str
    label: str
    value: str
    options: list[Named]


def _params(given: list[tuple[str, str]]) -> dict[str, list[str]]:
    params: dict[str, list[str]] = defaultdict(list)
    for name, value in given:
        if name != "format":
            params[name].append(value)
    return dict(params)


def _groups(questions: list[Query]) -> list[tuple[str, list[Query]]]:
    """Group questions under their first tag, in the order in which the tags come up."""
    groups: dict[str, list[Query]] = defaultdict(list)
    for question in questions:
        groups[question.tags[0] if question.tags else "other"].append(question)
    return list(groups.items())


def _summary(question: Query) -> dict[str, Any]:
    parameters = {name: {"type": parameter.type, "summary": parameter.summary}
                  for name, parameter in question.parameters.items()}
    return {
        "name": question.name, "summary": question.summary, "question": question.question,
        "tags": list(question.tags), "parameters": parameters,
        "statements": list(question.statements),
        "url": links.absolute("queries.run", name=question.name),
    }


def blueprint(context: Context) -> Blueprint:
    """Return the routes of the catalogue."""
    views = Questions(context)
    made = Blueprint("queries", __name__)
    made.add_url_rule("/queries", view_func=views.catalogue)
    made.add_url_rule("/queries/<name>", view_func=views.run)
    return made
