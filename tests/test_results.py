"""Answers and their serialisation, read back by parsers that are not the writer."""

from __future__ import annotations

import csv
import gc
import io
import json
import threading
import time
import tracemalloc
from itertools import islice
from pathlib import Path

import pyoxigraph
import pytest
import rdflib
from iero.errors import BadQuery, NotAcceptable
from iero.protocol import Format, format_named, formats_for
from iero.results import Answer
from iero.store import Store
from iero.terms import IRI, BlankNode, Literal
from rdflib.compare import isomorphic
from rdflib.query import Result

TRICKY = """
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
<urn:s> <urn:p> <urn:o>, _:b, "plain", "quo\\"te, comma", "two\\nlines", "tab\\there", "<&>",
  "deutsch"@de, 42, 4.5, true, "2020-02-29"^^xsd:date, "x"^^<urn:type>, "", "é情\U0001f600" .
"""
SELECT = "SELECT ?s ?o ?unbound { ?s <urn:p> ?o }"


@pytest.fixture(scope="module")
def store() -> Store:
    made = Store()
    made.load(TRICKY.encode(), "turtle")
    return made


@pytest.fixture(scope="module")
def large() -> Store:
    made = Store()
    lines = (f'<urn:s{n}> <urn:p> "{n} {"x" * 60}" .\n' for n in range(20_000))
    made.load("".join(lines).encode(), "ntriples")
    return made


def written(answer: Answer, fmt: Format) -> bytes:
    return b"".join(answer.serialize(fmt))


@pytest.mark.parametrize("name", ["json", "xml", "tsv"])
def test_rows_come_back_whole_from_an_independent_reader(store: Store, name: str) -> None:
    fmt = format_named(name, "bindings")
    body = written(store.query(SELECT), fmt)
    parsed = Result.parse(io.BytesIO(body), format=name)
    assert [str(variable) for variable in parsed.vars or []] == ["s", "o", "unbound"]
    graph = rdflib.Graph().parse(data=TRICKY, format="turtle")
    expected = {value for value in graph.objects() if not isinstance(value, rdflib.BNode)}
    found = [row.o for row in parsed]
    assert {value for value in found if not isinstance(value, rdflib.BNode)} == expected
    assert sum(isinstance(value, rdflib.BNode) for value in found) == 1
    assert len(found) == 15


def test_csv_has_the_plain_values_of_section_3(store: Store) -> None:
    body = written(store.query(SELECT), format_named("csv", "bindings"))
    assert body.startswith(b"s,o,unbound\r\n")
    rows = list(csv.DictReader(io.StringIO(body.decode(), newline="")))
    values = [row["o"] for row in rows]
    for value in ('quo"te, comma', "two\nlines", "deutsch", "42", "4.5", "true", "urn:o", "é情😀"):
        assert value in values
    assert {row["unbound"] for row in rows} == {""}


@pytest.mark.parametrize("name", ["json", "xml", "csv", "tsv"])
def test_a_result_can_be_read_by_the_engine_again(store: Store, name: str) -> None:
    body = written(store.query(SELECT), format_named(name, "bindings"))
    suffix = {"json": "srj", "xml": "srx"}.get(name, name)
    engine_format = pyoxigraph.QueryResultsFormat.from_extension(suffix)
    if name == "csv":
        with pytest.raises((SyntaxError, ValueError)):  # a one-way format, says its section 3
            pyoxigraph.parse_query_results(body, engine_format)
        return
    parsed = pyoxigraph.parse_query_results(body, engine_format)
    assert isinstance(parsed, pyoxigraph.QuerySolutions)
    assert len(list(parsed)) == 15


@pytest.mark.parametrize("truth", [True, False])
def test_a_truth_value_is_written_in_all_four_formats(store: Store, truth: bool) -> None:
    def body(name: str) -> bytes:
        query = "ASK { <urn:s> ?p ?o }" if truth else "ASK { <urn:nothing> ?p ?o }"
        return written(store.query(query), format_named(name, "boolean"))

    assert json.loads(body("json"))["boolean"] is truth
    parsed = Result.parse(io.BytesIO(body("xml")), format="xml")
    assert parsed.askAnswer is truth
    assert body("csv").strip() == body("tsv").strip() == str(truth).lower().encode()


@pytest.mark.filterwarnings("ignore:(Dataset.default|Conjunctive):DeprecationWarning")  # in rdflib
@pytest.mark.parametrize("fmt", formats_for("graph"), ids=lambda fmt: fmt.name)
def test_a_graph_comes_back_whole_from_an_independent_reader(store: Store, fmt: Format) -> None:
    body = written(store.query("CONSTRUCT WHERE { ?s ?p ?o }"), fmt)
    readers = {"ntriples": "nt", "rdfxml": "xml", "jsonld": "json-ld"}
    parsed = rdflib.Dataset(default_union=True)
    parsed.parse(data=body.decode(), format=readers.get(fmt.name, fmt.name))
    found = rdflib.Graph()
    for triple in parsed.triples((None, None, None)):
        found.add(triple)  # type: ignore[arg-type]
    assert isomorphic(found, rdflib.Graph().parse(data=TRICKY, format="turtle"))


def test_turtle_declares_the_prefixes_it_uses_and_no_others(store: Store) -> None:
    query = "PREFIX ex: <http://example.org/> CONSTRUCT { ex:a ex:b rdfs:x } WHERE {}"
    answer = store.query(query, prefixes={"rdfs": "http://www.w3.org/2000/01/rdf-schema#"})
    text = written(answer, format_named("turtle", "graph")).decode()
    assert "ex:a ex:b rdfs:x" in text
    assert text.count("@prefix") == 2


def test_rows_are_terms_that_know_what_they_are(store: Store) -> None:
    values = {type(row["o"]) for row in store.query(SELECT).rows()}
    assert values == {IRI, BlankNode, Literal}
    assert all("unbound" not in row for row in store.query(SELECT).rows())
    german = next(store.query('SELECT ?o { ?s ?p ?o FILTER(LANG(?o) = "de") }').rows())["o"]
    assert isinstance(german, Literal)
    assert (german, german.language) == ("deutsch", "de")


def test_a_format_for_another_kind_is_not_acceptable(store: Store) -> None:
    with pytest.raises(NotAcceptable):
        written(store.query("ASK {}"), format_named("turtle", "graph"))
    with pytest.raises(NotAcceptable):
        written(store.query("CONSTRUCT WHERE { ?s ?p ?o }"), format_named("csv", "bindings"))


def test_rdfxml_refuses_what_it_cannot_write() -> None:
    for triple in ("<urn:a> <http://example.org/1> 2", "<urn:a> a <http://example.org/c(d)>"):
        answer = Store().query(f"CONSTRUCT {{ {triple} }} WHERE {{}}")
        with pytest.raises(NotAcceptable, match=r"example\.org"):
            written(answer, format_named("rdfxml", "graph"))


def test_a_triple_as_a_term_is_an_error_and_not_a_guess(store: Store) -> None:
    answer = store.query("SELECT (TRIPLE(<urn:a>, <urn:b>, 1) AS ?t) {}")
    with pytest.raises(BadQuery, match="triple"):
        list(answer.rows())


# -- streaming -----------------------------------------------------------------------------------


def test_the_first_piece_of_an_endless_answer_comes_at_once(large: Store) -> None:
    answer = large.query("SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }")
    start = time.monotonic()
    pieces = answer.serialize(format_named("json", "bindings"))
    first = list(islice(pieces, 3))
    pieces.close()  # type: ignore[attr-defined]
    assert time.monotonic() - start < 5
    assert first[0].startswith(b'{"head":{"vars":["')


def test_a_large_answer_is_passed_on_in_bounded_memory(large: Store) -> None:
    query = "SELECT ?a ?c ?f { ?a <urn:p> ?c . { SELECT ?f { ?d <urn:p> ?f } LIMIT 20 } }"
    tracemalloc.start()
    pieces = large.query(query).serialize(format_named("csv", "bindings"))
    size = sum(len(piece) for piece in pieces)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size > 50_000_000
    assert peak < 4_000_000


@pytest.mark.parametrize("name", ["json", "xml", "csv", "tsv"])
def test_a_large_answer_is_the_same_in_pieces_as_in_one(large: Store, name: str) -> None:
    fmt = format_named(name, "bindings")
    whole = io.BytesIO()
    query = "SELECT ?s ?o { ?s <urn:p> ?o } ORDER BY ?s"
    large.query(query).write(whole, fmt)
    pieces = list(large.query(query).serialize(fmt))
    assert b"".join(pieces) == whole.getvalue()
    assert len(pieces) > 5


def test_a_large_graph_is_the_same_in_pieces_as_in_one(large: Store) -> None:
    pieces = list(large.query("CONSTRUCT WHERE { ?s ?p ?o }").serialize(
        format_named("turtle", "graph")))
    assert len(pieces) > 5
    read = Store()
    read.load(b"".join(pieces), "turtle")
    assert int(next(read.query("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }").rows())["n"]) == 20_000


def test_a_reader_that_goes_away_leaves_no_thread_behind(large: Store) -> None:
    pieces = large.query("SELECT * { ?a ?b ?c . ?d ?e ?f }").serialize(
        format_named("tsv", "bindings"))
    next(pieces)
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    gc.collect()
    deadline = time.monotonic() + 5
    while any(thread.name == "iero-answer" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_an_error_half_way_is_raised_and_the_answer_not_ended(large: Store) -> None:
    query = ("CONSTRUCT { ?s ?q ?o } WHERE { { ?s <urn:p> ?o BIND(<urn:q> AS ?q) } UNION "
             "{ BIND(<urn:last> AS ?s) BIND(<http://example.org/1> AS ?q) BIND(1 AS ?o) } }")
    pieces = large.query(query).serialize(format_named("rdfxml", "graph"))
    got = b""

    def read() -> None:
        nonlocal got
        for piece in pieces:
            got += piece

    with pytest.raises(NotAcceptable):
        read()
    assert b"</rdf:RDF>" not in got


# -- answers of others ---------------------------------------------------------------------------


def test_an_answer_can_be_read_back_from_its_serialisation(store: Store) -> None:
    for name in ("json", "xml", "tsv"):
        fmt = format_named(name, "bindings")
        answer = Answer.read(written(store.query(SELECT), fmt), fmt)
        assert (answer.kind, answer.variables, len(list(answer.rows()))) \
            == ("bindings", ["s", "o", "unbound"], 15)
    fmt = format_named("xml", "boolean")
    assert Answer.read(written(store.query("ASK {}"), fmt), fmt).truth is True
    fmt = format_named("ntriples", "graph")
    read = Answer.read(written(store.query("CONSTRUCT WHERE { ?s ?p ?o }"), fmt), fmt)
    assert (read.kind, len(list(read.triples()))) == ("graph", 15)


@pytest.mark.parametrize(("name", "kind"), [("json", "bindings"), ("xml", "bindings"),
                                            ("turtle", "graph"), ("rdfxml", "graph")])
def test_an_answer_that_was_cut_off_is_an_error(store: Store, name: str, kind: str) -> None:
    fmt = format_named(name, kind)
    query = SELECT if kind == "bindings" else "CONSTRUCT WHERE { ?s ?p ?o }"
    body = written(store.query(query), fmt)
    with pytest.raises(ValueError, match=r"."):
        Answer.read(body[:len(body) // 2], fmt)


def test_a_description_is_written_for_people(small: Path) -> None:
    store = Store.open([small])
    answer = store.query("CONSTRUCT WHERE { ?s <http://www.w3.org/2002/07/owl#onProperty> ?o }")
    answer.first = "<urn:x>"
    assert "[" in written(answer, format_named("turtle", "graph")).decode()
