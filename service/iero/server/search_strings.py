"""``/search-string/<name>``: a Boolean search string for a bibliographic database.

Plain text is the string itself; JSON has what a reader should know beside it; browsers get a page
to copy from. Plain text is what everybody gets who has no opinion: it is pasted elsewhere.
"""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, jsonify, render_template, request

from iero.errors import BadParameter
from iero.search_strings import DATABASES, search_string
from iero.server import answers
from iero.server.context import Context
from iero.server.negotiation import HTML, choose, flag, number, one, pairs

_SWITCHES: Final = {"narrower": True, "related": True, "abbreviations": True, "doubtful": True,
                    "headings": True, "wordings": False}
_NUMBERS: Final = ("near", "width")
_WIDTH: Final = 80
"""How long the lines of the page are."""


class SearchStrings:
    """The view of ``/search-string/<name>``."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def write(self, name: str) -> Response:
        """Write the search string of a concept."""
        params = pairs(request.query_string)
        wanted = choose(one(params, "format"), ("text", "json", HTML))
        options = _options(params)
        if wanted == HTML:
            return self._page(name, options)
        made = search_string(self.context.graph, name, **options)
        response = jsonify(made.to_dict()) if wanted == "json" \
            else Response(made.text + "\n", content_type="text/plain; charset=utf-8")
        return answers.revalidated(response, self.context, wanted)

    def _page(self, name: str, options: dict[str, Any]) -> Response:
        graph = self.context.graph
        shown = {"width": _WIDTH} | options
        made = [(DATABASES[each], search_string(graph, name, **shown | {"database": each}))
                for each in DATABASES]
        notes = dict.fromkeys(note for _, string in made for note in string.notes)
        body = render_template("search-string.html", name=name, made=made, options=options,
                               notes=list(notes), iri=made[0][1].concept, label=made[0][1].label)
        return answers.revalidated(Response(body, mimetype="text/html"), self.context, HTML)


def _options(params: list[tuple[str, str]]) -> dict[str, Any]:
    known = {"for", "format", *_SWITCHES, *_NUMBERS}
    if unknown := [name for name, _ in params if name not in known]:
        raise BadParameter(f"The parameter {unknown[0]!r} is not known here.", parameter=unknown[0],
                           hint="Parameters: " + ", ".join(sorted(known)) + ".")
    options: dict[str, Any] = {"database": one(params, "for") or "pubmed"}
    for name in _NUMBERS:
        if given := one(params, name):  # a field that is left empty in the form is empty
            options[name] = number(name, given)
    return options | {name: flag(params, name, default) for name, default in _SWITCHES.items()}


def blueprint(context: Context) -> Blueprint:
    """Return the route of the search strings."""
    made = Blueprint("search_strings", __name__)
    made.add_url_rule("/search-string/<path:name>", view_func=SearchStrings(context).write)
    return made
