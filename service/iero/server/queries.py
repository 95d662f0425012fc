"""``/queries``: the catalogue of questions, and running one."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, Response, jsonify, render_template, request

from iero.errors import IeroError
from iero.protocol import QueryRequest
from iero.server import answers, links
from iero.server.context import Context
from iero.server.display import CHOICES, Controls, Display
from iero.server.emptiness import why_empty
from iero.server.errors import respond
from iero.server.negotiation import (
    HTML,
    data_format,
    grouped,
    json_or_page,
    one,
    pairs,
    wants_page,
)
from iero.server.preview import Preview
from iero.syntax import defaults
from iero.vocabulary import expand

if TYPE_CHECKING:
    from iero.queries import Query

QUERY_TYPE: Final = "application/sparql-query"


class Questions:
    """The views of the catalogue."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.graph = context.graph

    def catalogue(self) -> Response:
        """List the questions, or those with some words: a page for browsers, JSON otherwise."""
        questions = list(self.graph.catalogue)
        given = pairs(request.query_string)
        words = one(given, "q") or ""
        found = [question for question in questions if _has(question, words)]
        if json_or_page(one(given, "format")):
            body = render_template("queries.html", count=len(questions), words=words,
                                   groups=_groups(found))
            page = Response(body, mimetype="text/html")
            return answers.revalidated(page, self.context, HTML)
        listed = jsonify({"queries": [_summary(question) for question in found]})
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
        chosen: dict[str, str] = {name: params.pop(name)[0] for name in CHOICES if name in params}
        if wants_page(wanted):
            return self._page(question, params, chosen)
        answer = self.graph.run(name, params)
        fmt = data_format(answer.kind, wanted)
        response = answers.send(answer, fmt, self.context)
        return answers.revalidated(response, self.context, fmt.name)

    def _page(self, question: Query, params: dict[str, list[str]], chosen: dict[str, str]
              ) -> Response:
        # A field that is left empty in the form comes back as an empty value: the default.
        filled = {name: given for name, values in params.items()
                  if (given := [value for value in values if value])}
        shown: dict[str, Any] = {"question": question, "fields": self._fields(question, filled)}
        controls = Controls("queries.run", {"name": question.name}, filled, chosen)
        try:
            sparql = self.graph.bound(question.name, filled)
            answer = self.graph.run(question.name, filled)
            preview = Preview.of(answer, as_text=chosen.get("view") == "turtle").labelled()
            display = Display.of(preview, self.graph, controls)
        except IeroError as error:
            return respond(error.problem(), "query.html", **shown, sparql=question.text)
        reason = why_empty(self.graph, QueryRequest(sparql)) if preview.empty else None
        body = render_template("query.html", **shown, sparql=sparql, shown=display, reason=reason)
        return answers.revalidated(Response(body, mimetype="text/html"), self.context, HTML)

    def _fields(self, question: Query, params: dict[str, list[str]]) -> list[Field]:
        written = defaults(question.text)
        return [Field(name, parameter.summary or name,
                      ", ".join(params.get(name) or map(self._spoken, written[name])),
                      parameter.type, self._options(parameter.kinds))
                for name, parameter in question.parameters.items()]

    def _spoken(self, written: str) -> str:
        """Return the default of a parameter as people would type it."""
        if written.startswith(('"', "'")):
            return written.strip("\"'")
        return written if written[:1] in "+-0123456789" else self.graph.spoken(expand(written))

    def _options(self, kinds: str) -> list[tuple[str, str]]:
        return [(self.graph.spoken(each), each.curie)
                for each in (self.graph.members(kinds) if kinds else [])]


@dataclass(frozen=True)
class Field:
    """One parameter as a field of the form.

    :ivar options: what it may be, each as a name to type and a CURIE.
    """

    name: str
    label: str
    value: str
    type: str
    options: list[tuple[str, str]]


def _params(given: list[tuple[str, str]]) -> dict[str, list[str]]:
    return {name: values for name, values in grouped(given).items() if name != "format"}


def _groups(questions: list[Query]) -> list[tuple[str, list[Query]]]:
    """Group questions under their first tag, in the order in which the tags come up."""
    groups: dict[str, list[Query]] = defaultdict(list)
    for question in questions:
        groups[question.tags[0] if question.tags else "other"].append(question)
    return list(groups.items())


def _has(question: Query, words: str) -> bool:
    text = f"{question.summary} {question.question} {question.name}".lower()
    return all(word in text for word in words.lower().split())


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
