"""Evidence: maps of it, lists of claims, and where claims or names contradict each other."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from flask import Blueprint, Response, jsonify, render_template, request, url_for

from iero.browse import claims as claims_
from iero.browse import maps, names
from iero.browse.claims import POLARITIES, Claim, Found
from iero.browse.maps import Grid
from iero.errors import BadParameter, NotFound
from iero.naming import Named
from iero.server import answers, links
from iero.server.context import Context
from iero.server.negotiation import HTML, MEDIA_TYPES, choose, flag, one, page_number, pairs
from iero.terms import IRI
from iero.vocabulary import expand

PAGE: Final = 50
KINDS: Final = ("Process", "EmotionRegulation", "EmotionRegulationStrategy", "MentalDisorder",
                "Symptom", "Treatment", "Disposition", "Instrument", "Theory", "State")
"""What the rows and columns of a map can be chosen from."""
PRESETS: Final = (
    ("What people do and disorders", {"rows": "Process", "columns": "MentalDisorder"}),
    ("Regulation and symptoms", {"rows": "EmotionRegulation", "columns": "Symptom"}),
    ("Therapies and disorders", {"rows": "Treatment", "columns": "MentalDisorder"}),
    ("Instruments and what they measure", {"rows": "Instrument", "columns": "EmotionRegulation"}),
)
COLUMNS: Final = ("claim", "finding", "subject", "relation", "object", "polarity", "study type",
                  "effect", "sample size", "studies", "population", "time horizon", "sources",
                  "source addresses", "contradicted by")


class Evidence:
    """The views of evidence."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.graph = context.graph

    # -- maps --------------------------------------------------------------------------------------

    def map(self) -> Response:
        """Show what is tied to what: a page, CSV, SVG or JSON."""
        given = pairs(request.query_string)
        wanted = choose(one(given, "format"), ("json", "csv", "svg", HTML))
        rows, columns = one(given, "rows") or "Process", one(given, "columns") or "MentalDisorder"
        if not {rows, columns} <= set(KINDS):
            raise BadParameter(f"There is no map of {rows!r} and {columns!r}.", parameter="rows",
                               hint="Rows and columns can be " + ", ".join(KINDS) + ".")
        measured = rows == "Instrument"
        grid = maps.measurement(self.graph, IRI(expand(columns))) if measured else maps.evidence(
            self.graph, IRI(expand(rows)), IRI(expand(columns)))
        if wanted == "json":
            return self._revalidated(jsonify(_grid_json(grid)), wanted)
        if wanted == "csv":
            return self._csv(_grid_rows(grid), f"iero-{rows}-{columns}.csv")
        shown = {"grid": _turned(grid) if measured else grid, "measured": measured, "rows": rows,
                 "columns": columns, "kinds": KINDS, "presets": PRESETS}
        template = "map.svg" if wanted == "svg" else "map.html"
        body = Response(render_template(template, **shown), content_type=(
            f"{MEDIA_TYPES[wanted]}; charset=utf-8"))
        return self._revalidated(body, wanted)

    # -- claims ------------------------------------------------------------------------------------

    def claims(self) -> Response:
        """List the claims about a term, between two, or of a work; the rest are filters."""
        given = pairs(request.query_string)
        wanted = choose(one(given, "format"), ("json", "csv", HTML))
        asked = {name: value for name in ("about", "with", "work", "relation", "polarity", "study")
                 if (value := (one(given, name) or "").strip())}
        ends = {name: self.graph.resolve(value) for name, value in asked.items()
                if name in ("about", "with", "work")}
        if wanted == HTML and not ends:
            return Response(render_template("claims.html", ends=ends), mimetype="text/html")
        found = self._found(ends)
        narrower = flag(given, "narrower", True)
        if not narrower and "about" in ends:
            found = [each for each in found if each.about == ends["about"]]
        kept = [each for each in found if _passes(each, asked)]
        if wanted != HTML:
            read = claims_.read(self.graph, [each.claim for each in kept])
            if wanted == "csv":
                return self._csv(_claim_rows(read), "iero-claims.csv")
            return self._revalidated(jsonify({"claims": [_claim_json(each) for each in read]}),
                                     wanted)
        page = page_number(given)
        chosen = kept[(page - 1) * PAGE:page * PAGE]
        body = render_template(
            "claims.html", claims=claims_.read(self.graph, [each.claim for each in chosen]),
            total=len(kept), page=page, more=len(kept) > page * PAGE, asked=asked,
            narrower=narrower, ends={name: self.graph.profile(iri) for name, iri in ends.items()},
            facets=_facets(found, self.graph.terms()),
            kept=asked | ({} if narrower else {"narrower": "false"}))
        return self._revalidated(Response(body, mimetype="text/html"), wanted)

    def _found(self, ends: dict[str, IRI]) -> list[Found]:
        if "work" in ends:
            return claims_.of_work(self.graph, ends["work"])
        if {"about", "with"} <= set(ends):
            return claims_.between(self.graph, ends["about"], ends["with"])
        if "about" in ends:
            return claims_.about(self.graph, ends["about"])
        raise BadParameter("The claims about what?", parameter="about",
                           hint="Write /claims?about=ReassuranceSeeking, add &with= for the other "
                                "end, or write /claims?work= and the address of a work.")

    # -- contradictions ----------------------------------------------------------------------------

    def conflicts(self) -> Response:
        """Show the claims that contradict each other."""
        wanted = choose(one(pairs(request.query_string), "format"), ("json", "csv", HTML))
        found = claims_.conflicts(self.graph)
        if wanted == "csv":
            return self._csv(_claim_rows(each for pair in found for each in pair),
                             "iero-conflicts.csv")
        if wanted == "json":
            made = {"conflicts": [[_claim_json(each) for each in pair] for pair in found]}
            return self._revalidated(jsonify(made), wanted)
        question = self._question("open-conflicts")
        page = render_template("conflicts.html", pairs=found, question=question)
        return self._revalidated(Response(page, mimetype="text/html"), wanted)

    def names(self) -> Response:
        """Show names that mean several things, and things that go by several names."""
        wanted = choose(one(pairs(request.query_string), "format"), ("json", HTML))
        jingle, jangle = names.shared(self.graph), names.same(self.graph)
        if wanted == "json":
            made = {"jingle": [{"name": each.name, "terms": each.terms} for each in jingle],
                    "jangle": [[one_.term, other.term] for one_, other in jangle]}
            return self._revalidated(jsonify(made), wanted)
        page = render_template("names.html", jingle=jingle, jangle=jangle,
                               question=self._question("subscales-that-share-a-name"))
        return self._revalidated(Response(page, mimetype="text/html"), wanted)

    def _question(self, name: str) -> str:
        """Return the address of a question, where the catalogue has it."""
        try:
            self.graph.catalogue[name]
        except NotFound:
            return ""
        return url_for("queries.run", name=name)

    def _revalidated(self, response: Response, variant: str) -> Response:
        return answers.revalidated(response, self.context, variant)

    def _csv(self, rows: Iterable[Sequence[str]], name: str) -> Response:
        written = io.StringIO()
        csv.writer(written, lineterminator="\r\n").writerows(map(_harmless, rows))
        response = Response(written.getvalue(), content_type="text/csv; charset=utf-8")
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return self._revalidated(response, "csv")


def _harmless(row: Sequence[str]) -> list[str]:
    """Keep spreadsheets from taking text for a formula (OWASP, CSV injection)."""
    return [f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell for cell in row]


def _turned(grid: Grid) -> Grid:
    """Swap rows and columns: constructs have long names, instruments short ones."""
    return Grid(grid.columns, grid.rows,
                {(column, row): cell for (row, column), cell in grid.cells.items()})


def _grid_rows(grid: Grid) -> Iterator[list[str]]:
    yield ["", *(column.label for column in grid.columns)]
    for row in grid.rows:
        cells = [grid.cells.get((row, column)) for column in grid.columns]
        yield [row.label, *(str(cell.total) if cell else "" for cell in cells)]


def _grid_json(grid: Grid) -> dict[str, Any]:
    def listed(ends: list[Named]) -> list[dict[str, str]]:
        return [{"iri": end, "label": end.label} for end in ends]

    cells = [{"row": row, "column": column, "counts": cell.counts}
             for (row, column), cell in grid.cells.items()]
    return {"rows": listed(grid.rows), "columns": listed(grid.columns), "cells": cells}


def _passes(found: Found, asked: dict[str, str]) -> bool:
    relation = found.relation.curie if found.relation else ""
    return (asked.get("relation", relation) == relation
            and asked.get("polarity", found.polarity) == found.polarity
            and asked.get("study", IRI(found.study).curie) == IRI(found.study).curie)


def _facets(found: list[Found], terms: list[Named]) -> dict[str, list[tuple[str, str, int]]]:
    """Return what a list can be narrowed to: ``(value, label, number)`` by parameter."""
    labels = {term: term.label for term in terms}
    relations = Counter(each.relation for each in found if each.relation)
    polarities = Counter(each.polarity for each in found if each.polarity)
    studies = Counter(each.study for each in found if each.study)
    return {
        "relation": [(each.curie, each.label, number) for each, number in relations.most_common()],
        "polarity": [(name, name, polarities[name]) for name in POLARITIES.values()
                     if polarities[name]],
        "study": [(IRI(each).curie, labels.get(Named(each), Named(each).label), number)
                  for each, number in studies.most_common()],
    }


def _claim_rows(claims: Iterable[Claim]) -> Iterator[tuple[str, ...]]:
    yield COLUMNS
    for claim in claims:
        ends = [end.label if end else "" for end in (claim.subject, claim.relation, claim.object)]
        yield (str(claim.iri), claim.label, *ends, claim.polarity,
               claim.study.label if claim.study else "", claim.effect, claim.sample,
               claim.studies, claim.population, claim.horizon.label if claim.horizon else "",
               "; ".join(source.label for source in claim.sources), " ".join(claim.sources),
               "; ".join(other.label for other in claim.conflicts))


def _claim_json(claim: Claim) -> dict[str, Any]:
    def named(value: Named | None) -> dict[str, str] | None:
        return {"iri": value, "label": value.label} if value else None

    return {
        "iri": claim.iri, "label": claim.label, "subject": named(claim.subject),
        "relation": named(claim.relation), "object": named(claim.object),
        "polarity": claim.polarity, "studyType": named(claim.study), "effect": claim.effect,
        "sampleSize": claim.sample, "population": claim.population,
        "sources": [named(source) for source in claim.sources],
        "conflictsWith": [named(other) for other in claim.conflicts],
        "page": links.page(claim.iri),
    }


def blueprint(context: Context) -> Blueprint:
    """Return the routes of evidence."""
    views = Evidence(context)
    made = Blueprint("evidence", __name__)
    made.add_url_rule("/evidence", view_func=views.map)
    made.add_url_rule("/claims", view_func=views.claims)
    made.add_url_rule("/conflicts", view_func=views.conflicts)
    made.add_url_rule("/names", view_func=views.names)
    return made
