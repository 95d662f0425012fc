"""How answers are displayed and emptiness explained: charts, graphs, orders, parts of queries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from flask import Flask
from iero.errors import BadParameter
from iero.graph import KnowledgeGraph
from iero.patterns import patterns
from iero.pool import Limits, Pool
from iero.protocol import QueryRequest
from iero.server import create_app, scripts
from iero.server.chart import chart
from iero.server.display import Controls, Display
from iero.server.emptiness import why_empty
from iero.server.network import NODES, network
from iero.server.preview import Preview
from iero.terms import IRI, Literal

HERE = Path(__file__).parent
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
XSD = "http://www.w3.org/2001/XMLSchema#"
IERO = "https://w3id.org/iero/"
PREFIXES = (f"PREFIX iero: <{IERO}> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>\n")


def number(value: object, kind: str = "integer") -> Literal:
    return Literal(str(value), datatype=XSD + kind)


def table(*rows: tuple[object, ...], names: str) -> Preview:
    """Return an answer with these rows; numbers become numbers, other things texts."""
    made = [{name: number(value, "integer" if isinstance(value, int) else "decimal")
             if isinstance(value, int | float) else value if isinstance(value, IRI)
             else Literal(str(value))
             for name, value in zip(names.split(), row, strict=True) if value is not None}
            for row in rows]
    return Preview("bindings", names.split(), made)


# -- parts of a query ------------------------------------------------------------------------------

@pytest.mark.parametrize(("query", "parts"), [
    ("ASK { ?s ?p ?o }", ["?s ?p ?o ."]),
    ("SELECT * WHERE { ?s a ?a ; ?p 1 , 'x'@en . }", ["?s a ?a .", "?s ?p 1 .", "?s ?p 'x'@en ."]),
    ("SELECT * { ?s ?p [ ?q ?r ; ?t ?u ] ; ?v (1 2) }", ["?s ?p [ ?q ?r ; ?t ?u ] .",
                                                         "?s ?v (1 2) ."]),
    ("SELECT * { [ a ?t ] ?p ?o ; ?q ?r }", ["[ a ?t ] ?p ?o ; ?q ?r ."]),
    ("SELECT * { ?s (:a|^:b)/:c* '1'^^:d FILTER NOT EXISTS { ?s ?p 2 } }".replace(":", "x:"),
     ["?s (x:a|^x:b)/x:c* '1'^^x:d .", "FILTER NOT EXISTS { ?s ?p 2 }"]),
    ("SELECT * { { ?a ?b ?c } UNION { ?d ?e ?f } UNION { ?g ?h ?i } OPTIONAL { ?j ?k ?l } "
     "?m a ?n }",
     ["{ ?a ?b ?c } UNION { ?d ?e ?f } UNION { ?g ?h ?i }", "OPTIONAL { ?j ?k ?l }", "?m a ?n ."]),
    ("SELECT * { GRAPH ?g { ?s ?p ?o } VALUES (?a ?b) { (1 2) } BIND (1 + (2) AS ?c) "
     "FILTER (?a < (3)) FILTER regex(?b, '}') MINUS { ?s a ?t } }",
     ["GRAPH ?g { ?s ?p ?o }", "VALUES (?a ?b) { (1 2) }", "BIND (1 + (2) AS ?c)",
      "FILTER (?a < (3))", "FILTER regex(?b, '}')", "MINUS { ?s a ?t }"]),
    ("CONSTRUCT { ?s ?p 1 } WHERE { ?s ?q ?o }", ["?s ?q ?o ."]),
    ("SELECT (COUNT(*) AS ?n) FROM <urn:g> WHERE { ?s ?p ?o } GROUP BY ?p", ["?s ?p ?o ."]),
    ("SELECT * { SELECT ?s { ?s ?p ?o } }", []),
])
def test_a_where_clause_is_taken_apart(query: str, parts: list[str]) -> None:
    taken = patterns(query)
    assert taken is not None
    assert [part.text for part in taken.parts] == parts


def test_what_surrounds_the_clause_is_kept() -> None:
    taken = patterns("BASE <urn:b> SELECT ?s FROM <urn:g> { ?s ?p ?o } HAVING (?s > 1) LIMIT 3")
    assert taken is not None
    assert (taken.prologue, taken.dataset, taken.rest) == (
        "BASE <urn:b>", "FROM <urn:g> ", "HAVING (?s > 1) LIMIT 3")
    assert taken.asks(taken.parts) == "BASE <urn:b> ASK FROM <urn:g> { ?s ?p ?o . }"


@pytest.mark.parametrize("query", ["DESCRIBE <urn:x>", "SELECT * { << ?s ?p ?o >> ?q ?r }", "'"])
def test_what_cannot_be_taken_apart_is_left_alone(query: str) -> None:
    assert patterns(query) is None


# -- why nothing was found -------------------------------------------------------------------------

@pytest.fixture(scope="module")
def pooled() -> Iterator[KnowledgeGraph]:
    pool = Pool([HERE / "data.nq"], Limits(seconds=10), size=2)
    try:
        yield KnowledgeGraph(pool)
    finally:
        pool.close()


def asked(query: str) -> QueryRequest:
    return QueryRequest(PREFIXES + query)


def test_the_first_part_that_leaves_nothing_is_found(pooled: KnowledgeGraph) -> None:
    reason = why_empty(pooled, asked("SELECT * { ?s rdfs:label ?l ; iero:nothing ?o ; a ?t }"))
    assert reason is not None
    assert reason.part is not None
    assert (reason.part.text, reason.alone, reason.before) == ("?s iero:nothing ?o .", True, 1)
    assert (reason.part.line, reason.part.column) == (2, 31)


def test_a_filter_is_asked_last_and_a_direction_is_turned(pooled: KnowledgeGraph) -> None:
    found = why_empty(pooled, asked("SELECT * { FILTER(?l = 'no') ?s rdfs:label ?l }"))
    assert found is not None
    assert found.part is not None
    assert found.part.kind == "FILTER"
    turned = why_empty(pooled, asked("ASK { iero:EmotionRegulation rdfs:subClassOf iero:Venting }"))
    assert turned is not None
    assert turned.turned == "iero:Venting rdfs:subClassOf iero:EmotionRegulation ."


def test_a_text_in_another_case_or_language_is_shown(pooled: KnowledgeGraph) -> None:
    reason = why_empty(pooled, asked("SELECT * { ?s rdfs:label 'VENTING' }"))
    assert reason is not None
    assert [each.n3() for each in reason.similar] == ['"venting"@en']


def test_what_stands_behind_the_clause_can_be_the_reason(pooled: KnowledgeGraph) -> None:
    reason = why_empty(pooled, asked("SELECT * { ?s rdfs:label ?l } OFFSET 100000"))
    assert reason is not None
    assert reason.part is None
    assert reason.rest == "OFFSET 100000"


def test_nothing_is_guessed_where_it_takes_too_long(pooled: KnowledgeGraph, monkeypatch) -> None:
    monkeypatch.setattr("iero.server.emptiness.SECONDS", 0.0)
    assert why_empty(pooled, asked("SELECT * { ?s iero:nothing ?o }")) is None


# -- charts ----------------------------------------------------------------------------------------

def test_bars_are_as_long_as_their_numbers() -> None:
    drawn = chart(table(("a", 10), ("b", 20), ("c", None), names="name n"))
    assert drawn is not None
    first, second = drawn.marks
    assert drawn.shape == "bars"
    assert second.width == pytest.approx(2 * first.width)
    assert first.x == second.x == drawn.zero
    assert [text for _, text, _ in drawn.names] == ["a", "b", "c"]


def test_negative_numbers_go_to_the_other_side_of_zero() -> None:
    drawn = chart(table(("a", -10), ("b", 10), names="name n"))
    assert drawn is not None
    down, up = drawn.marks
    assert down.x + down.width == pytest.approx(drawn.zero) == pytest.approx(up.x)


def test_numbers_over_numbers_are_a_line_in_their_order() -> None:
    drawn = chart(table((2010, 3), (2000, 1), (2005, 2), names="year n"))
    assert drawn is not None
    assert drawn.shape == "lines"
    xs = [float(point.split(",")[0]) for point in drawn.paths[0].split()]
    ys = [float(point.split(",")[1]) for point in drawn.paths[0].split()]
    assert xs == sorted(xs)
    assert ys == sorted(ys, reverse=True)  # the more, the higher up


def test_years_are_not_drawn_beside_counts_unless_they_are_asked_for() -> None:
    preview = table(("a", 2020, 3), ("b", 2021, 5), names="work year claims")
    plain, chosen = chart(preview), chart(preview, "year")
    assert plain is not None
    assert chosen is not None
    assert (plain.series, plain.others) == (["claims"], ["year"])
    assert (chosen.series, chosen.others) == (["year"], ["claims"])


@pytest.mark.parametrize("preview", [
    table(("a", "b"), ("c", "d"), names="x y"), table(("a", 1), names="x n"),
    table((1,), (2,), names="n"), table(("a", 1), ("b", "many"), names="x n"),
    Preview("boolean", truth=True),
], ids=["no numbers", "one row", "one column", "a word among them", "a truth"])
def test_there_is_no_chart_of(preview: Preview) -> None:
    assert chart(preview) is None


def test_infinite_numbers_have_no_chart() -> None:
    rows = [{"x": Literal("a"), "n": number("INF", "double")},
            {"x": Literal("b"), "n": number("1e0", "double")}]
    assert chart(Preview("bindings", ["x", "n"], rows)) is None


def test_what_a_chart_has_no_room_for_is_said() -> None:
    drawn = chart(table(*((f"row {each}", each) for each in range(100)), names="x n"))
    assert drawn is not None
    assert drawn.left_out == 60
    assert len(drawn.names) == 40


# -- graphs and orders -----------------------------------------------------------------------------

def test_rows_are_edges_from_their_first_thing() -> None:
    net = network(table((IRI("urn:a"), "label", IRI("urn:b")), names="s l o"), str)
    assert [(each["source"], each["label"], each["target"]) for each in net["edges"]] == [
        ("urn:a", "o", "urn:b")]


def test_a_column_of_properties_names_the_edges() -> None:
    preview = table((IRI("urn:a"), IRI(IERO + "measures"), IRI("urn:b")), names="s p o")
    assert network(preview, str)["edges"][0]["label"] == "iero:measures"


def test_a_drawing_is_bounded_and_says_so() -> None:
    preview = table(*((IRI("urn:a"), IRI(f"urn:{each}")) for each in range(NODES + 5)), names="s o")
    net = network(preview, str)
    assert len(net["nodes"]) == NODES
    assert net["left_out"]


@pytest.fixture
def display(served: KnowledgeGraph):
    """A function that displays rows as somebody has chosen."""
    app = create_app(served)

    def made(preview: Preview, **chosen: str) -> Display:
        with app.test_request_context():
            return Display.of(preview, served, Controls("sparql.endpoint", chosen=chosen))

    return made


def test_numbers_are_sorted_as_numbers_and_what_is_missing_comes_last(display) -> None:
    preview = table(("b", 10), ("a", 9), ("c", None), names="x n")
    for order, names in (("n", "abc"), ("-n", "bac"), ("x", "abc"), ("-x", "cba")):
        rows = display(preview, sort=order).preview.rows
        assert "".join(row["x"] for row in rows) == names, order


def test_views_and_orders_that_do_not_exist_are_told(display) -> None:
    preview = table(("a", 1), names="x n")
    with pytest.raises(BadParameter, match="no view 'pie'"):
        display(preview, view="pie")
    with pytest.raises(BadParameter, match="no column 'y'"):
        display(preview, sort="y")
    shown = display(preview, view="chart")
    assert (shown.view, shown.refused) == ("table", "chart")


def test_controls_are_links_until_the_address_is_too_long(served: KnowledgeGraph) -> None:
    with create_app(served).test_request_context():
        short = Controls("sparql.endpoint", values={"query": ["ASK {}"]}, chosen={"sort": "x"})
        assert not short.posted
        assert short.link(view="chart") == "/sparql?query=ASK+%7B%7D&sort=x&view=chart"
        assert short.download("csv") == "/sparql?query=ASK+%7B%7D&format=csv"
        assert Controls("sparql.endpoint", values={"query": ["ASK {}" + " " * 6000]}).posted


# -- scripts ---------------------------------------------------------------------------------------

@pytest.fixture
def bundled(tmp_path: Path) -> Iterator[tuple[httpx.Client, scripts.Scripts]]:
    """An application with a bundle of two scripts."""
    for name in ("site.js", "part-abc.js"):
        (tmp_path / name).write_text("plain")
        (tmp_path / f"{name}.gz").write_bytes(
            bytes.fromhex("1f8b08000000000000ff2bc849ccccd300" "00") + b"")
    views = scripts.Scripts(tmp_path)
    app = Flask(__name__)
    app.add_url_rule("/scripts/<name>", "scripts.script", views.script)
    with app.test_request_context(), httpx.Client(
            transport=httpx.WSGITransport(app=app), base_url="http://x") as client:
        yield client, views


def test_a_script_has_an_address_that_changes_with_it(bundled, tmp_path: Path) -> None:
    client, views = bundled
    address = views.address("site")
    assert "immutable" in client.get(address, headers={"Accept-Encoding": ""}).headers[
        "cache-control"]
    (tmp_path / "site.js").write_text("other")
    assert scripts.Scripts(tmp_path).address("site") != address
    old = client.get("/scripts/site.js?v=older", headers={"Accept-Encoding": ""})
    assert old.headers["cache-control"] == "no-cache"
    assert "immutable" in client.get("/scripts/part-abc.js", headers={"Accept-Encoding": ""}
                                     ).headers["cache-control"]


@pytest.mark.parametrize(("accepted", "packed"), [("gzip", True), ("identity", False),
                                                  ("gzip;q=0", False), ("br, gzip;q=0.5", True)])
def test_a_script_is_packed_for_whom_that_suits(bundled, accepted: str, packed: bool) -> None:
    client, _ = bundled
    with client.stream("GET", "/scripts/site.js", headers={"Accept-Encoding": accepted}) as answer:
        body = b"".join(answer.iter_raw())
        assert ("content-encoding" in answer.headers) is packed
        assert answer.headers["vary"] == "Accept-Encoding"
    assert body.startswith(b"\x1f\x8b") if packed else body == b"plain"


def test_without_a_bundle_pages_ask_for_no_script(served: KnowledgeGraph, monkeypatch) -> None:
    monkeypatch.setattr(scripts, "FOLDER", "static/none")
    app = create_app(served)
    with httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://x") as client:
        for path in ("/", "/sparql", "/tag", "/queries", "/term/Venting", "/docs"):
            page = client.get(path, headers=BROWSER)
            assert page.status_code == 200
            assert "/scripts/" not in page.text
        assert "<textarea" in client.get("/sparql", headers=BROWSER).text
        assert client.get("/scripts/site.js").status_code == 404
