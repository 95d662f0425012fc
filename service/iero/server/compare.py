"""``/compare``: concepts or instruments side by side."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, jsonify, render_template, request

from iero.browse import statements
from iero.browse.statements import Comparison
from iero.errors import BadParameter, NotFound
from iero.naming import Named
from iero.server import answers
from iero.server.context import Context
from iero.server.errors import respond
from iero.server.negotiation import HTML, json_or_page, one, pairs
from iero.vocabulary import expand

MOST: Final = 8
"""How many terms fit beside each other."""
EXAMPLE: Final = ("EmotionalContagion", "SocialSharingOfEmotion", "EmotionalLabor",
                  "SocialSupport", "InterpersonalEmotionRegulation")
"""What the page shows to begin with: what is easily taken for one another."""
STARTS: Final = (
    ("Neighbouring processes", EXAMPLE),
    ("Intrinsic and extrinsic regulation", (
        "IntrinsicInterpersonalEmotionRegulation", "ExtrinsicInterpersonalEmotionRegulation",
        "IntrapersonalEmotionRegulation")),
    ("Ways of turning to others", ("ReassuranceSeeking", "SupportSeeking", "Venting",
                                   "SocialSharingOfEmotion", "CoRumination")),
    ("Questionnaires", ("EROS", "IERQ", "IRQ", "DIRE")),
)


class Compare:
    """The view of ``/compare``."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.graph = context.graph

    def compare(self) -> Response:
        """Lay terms side by side."""
        given = pairs(request.query_string)
        page = json_or_page(one(given, "format"))
        asked = [value.strip() for name, value in given if name == "term" and value.strip()]
        if not asked and not page:
            raise BadParameter("The parameter 'term' is missing.", parameter="term",
                               hint="Write /compare?term=EROS&term=IERQ")
        try:
            terms = self._terms(asked)
        except (BadParameter, NotFound) as error:
            if not page:
                raise
            return respond(error.problem(), "compare.html", terms=[], table=None, asked=asked,
                           starts=self._starts(), most=MOST, definitions={})
        table = self._table(terms)
        if not page:
            return jsonify(_json(table))
        definitions = {term: self.graph.profile(term).definition for term in terms}
        body = render_template("compare.html", terms=terms, table=table, asked=asked, most=MOST,
                               starts=self._starts(), definitions=definitions)
        return answers.revalidated(Response(body, mimetype="text/html"), self.context, HTML)

    def _terms(self, asked: list[str]) -> list[Named]:
        if len(asked) > MOST:
            raise BadParameter(f"{len(asked)} terms do not fit beside each other.",
                               parameter="term", hint=f"Choose {MOST} at most.")
        known = {term: term for term in self.graph.terms()}
        if not asked:
            return [known[iri] for iri in map(_own, EXAMPLE) if iri in known]
        found = dict.fromkeys(self.graph.resolve(name) for name in asked)
        return [known.get(Named(iri), Named(iri)) for iri in found]

    def _starts(self) -> list[tuple[str, list[str]]]:
        """Return the comparisons to begin with, as far as the graph has their terms."""
        known = set(self.graph.terms())
        made = [(title, [name for name in names if _own(name) in known])
                for title, names in STARTS]
        return [(title, names) for title, names in made if len(names) > 1]

    def _table(self, terms: list[Named]) -> Comparison:
        return statements.compared(terms, statements.outgoing(self.graph, terms), features=False)


def _own(name: str) -> Named:
    return Named(expand(name))


def _json(table: Comparison) -> dict[str, object]:
    rows = [{"property": name, "label": name.label, "differs": differs, "cells": [
        [{"value": each.value, "label": getattr(each.value, "label", str(each.value)),
          "ground": each.ground} for each in cell] for cell in cells]}
        for name, cells, differs in table.rows]
    return {"terms": [{"iri": term, "label": term.label} for term in table.terms], "rows": rows}


def blueprint(context: Context) -> Blueprint:
    """Return the route of the comparison."""
    made = Blueprint("compare", __name__)
    made.add_url_rule("/compare", view_func=Compare(context).compare)
    return made
