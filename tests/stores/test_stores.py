"""The same service over somebody else's store: real ones, run by the test."""

from __future__ import annotations

import csv
import importlib.util
import io
from pathlib import Path

import httpx
import pytest
import yaml
from iero import KnowledgeGraph
from iero.errors import BadQuery, IeroError, IncompleteResult, Refused
from iero.protocol import QueryRequest, format_named
from iero.remote import Endpoint, find_graphs
from iero.server import create_app

from tests.stores.conftest import STORES

pytestmark = pytest.mark.stores
HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DEVIATIONS = yaml.safe_load((HERE / "deviations.yaml").read_text(encoding="utf-8"))
SERVICE = sorted((ROOT / "queries" / "service").glob("*.rq"))
_spec = importlib.util.spec_from_file_location("questions", ROOT / "tests" / "test_questions.py")
assert _spec is not None
assert _spec.loader is not None
questions = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(questions)


def graph_for(store, shipped, name):
    return store.sampled if shipped.catalogue[name].sample else store.plain


def faults(store, shipped, name, timeout=60.0):
    """Say in what an answer differs from the table, or what the store says instead."""
    text = shipped.catalogue[name].text
    try:
        answer = graph_for(store, shipped, name).answer(QueryRequest(text, timeout=timeout))
    except IeroError as error:
        return [type(error).__name__]
    rows = list(answer.rows())
    doubles = len(rows) - len({tuple(sorted(row.items())) for row in rows})
    said = questions.differences(questions.table_of(name), answer.variables, rows)
    return said + ([f"{doubles} rows twice"] if doubles else [])


def each_question(*, deviates):
    """Run a test for the questions that a store is known to answer otherwise, or for the others."""
    return pytest.mark.parametrize(("store", "name"), [
        (store, name) for store in STORES for name in questions.NAMES
        if (name in DEVIATIONS[store]["questions"]) is deviates], indirect=["store"])


def test_each_known_deviation_is_one_of_a_question():
    for known in DEVIATIONS.values():
        assert set(known["questions"]) <= set(questions.NAMES)
        assert set(known["questions"].values()) <= set(known["reasons"])


@each_question(deviates=False)
def test_question_is_answered_as_by_the_graph(store, shipped, name):
    assert faults(store, shipped, name) == []


ABOUT_THE_GRAPH = [path for path in SERVICE if not path.stem.startswith("store-")]


@pytest.mark.parametrize("path", ABOUT_THE_GRAPH, ids=lambda path: path.stem)
def test_query_of_the_service_is_answered_as_by_the_graph(store, shipped, path):
    asked = QueryRequest(path.read_text(encoding="utf-8"))
    found = [_content(graph.answer(asked)) for graph in (store.plain, shipped)]
    assert (found[0] == found[1]) is (path.stem not in DEVIATIONS[store.name]["queries"])


def _content(answer):
    """Return what an answer says, in any order; of a graph its size, for blank nodes differ."""
    if answer.kind == "boolean":
        return answer.truth
    if answer.kind == "graph":
        return len(set(answer.triples()))
    return sorted((sorted(row.items()) for row in answer.rows()), key=repr)


@pytest.fixture(scope="module")
def client(store):
    with httpx.Client(transport=httpx.WSGITransport(app=create_app(store.plain)),
                      base_url="http://localhost") as made:
        yield made


PAGES = ["/", "/queries", "/term/Venting", "/term/EROS", "/ontology", "/search?q=reasurance",
         "/sparql", "/queries/what-is-emotional-labor"]


@pytest.mark.parametrize("path", PAGES)
def test_pages_look_as_over_the_graph_itself(client, shipped, path):
    headers = {"Accept": "text/html"}
    with httpx.Client(transport=httpx.WSGITransport(app=create_app(shipped)),
                      base_url="http://localhost") as local:
        here, there = local.get(path, headers=headers), client.get(path, headers=headers)
    assert (here.status_code, there.status_code) == (200, 200), there.text
    assert len(there.text) == pytest.approx(len(here.text), rel=0.02)


@pytest.mark.parametrize("path", ["/term/Venting.ttl", "/ontology.nt", "/.well-known/void",
                                  "/search?q=venting", "/health", "/version"])
def test_data_are_served(client, path):
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.content


@pytest.mark.parametrize("name", ["json", "xml", "csv", "tsv"])
def test_rows_come_in_every_format_and_the_same(client, shipped, name):
    query = "SELECT ?s ?l { ?s <http://www.w3.org/2000/01/rdf-schema#label> ?l } ORDER BY ?s ?l"
    answer = client.get("/sparql", params={"query": query, "format": name})
    assert answer.status_code == 200, answer.text
    written = io.BytesIO()
    shipped.answer(QueryRequest(query)).write(written, format_named(name, "bindings"))
    assert sorted(answer.content.splitlines()) == sorted(written.getvalue().splitlines()) \
        or name in ("json", "xml")
    if name == "json":
        local = httpx.Response(200, content=written.getvalue()).json()
        assert _sorted(answer.json()) == _sorted(local)
    if name == "csv":
        assert len(list(csv.reader(io.StringIO(answer.text)))) > 2000


def _sorted(results):
    return sorted(results["results"]["bindings"], key=repr)


@pytest.mark.parametrize(("query", "truth"), [
    ("ASK { ?s ?p ?o }", True), ("ASK { ?s ?p <urn:nothing> }", False)])
def test_a_truth_value_is_one(client, query, truth):
    assert client.get("/sparql", params={"query": query}).json()["boolean"] is truth


def test_a_graph_is_the_same_with_its_blank_nodes(store, shipped):
    query = ("CONSTRUCT { ?s ?p ?o . ?s <urn:seen> [ <urn:by> ?o ] } WHERE "
             "{ ?s <http://www.w3.org/2002/07/owl#someValuesFrom> ?o ; ?p ?o }")
    found = [set(graph.answer(QueryRequest(query)).triples()) for graph in (store.plain, shipped)]
    assert len(found[0]) == len(found[1]) > 1000


def test_a_mistake_in_a_query_is_the_askers(store):
    with pytest.raises(BadQuery, match="line 2"):
        store.plain.answer(QueryRequest("ASK {\n ?s ?p }"))


def test_graphs_of_the_store_are_found_and_others_left_out(store):
    graphs, said = find_graphs(Endpoint(store.url, 60))
    if store.name == "oxigraph":
        assert graphs == ()
        assert "union of its 5 graphs" in said
        return
    assert len(graphs) == 6  # with the samples, without those of Virtuoso's own
    assert all(graph.startswith("https://w3id.org/iero/graph/") for graph in graphs)
    assert "6 graphs" in said
    rows = store.plain.select("SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } }")
    assert len({str(row["g"]) for row in rows}) == 5


MAPPINGS = "https://w3id.org/iero/graph/mappings"


def test_graphs_are_named_where_the_default_graph_is_empty(separate, shipped):
    endpoint = Endpoint(separate, 60)
    endpoint.graphs, said = find_graphs(endpoint)
    assert len(endpoint.graphs) == 6
    assert "which each query names" in said
    plain = KnowledgeGraph(Endpoint(separate, 60, graphs=[
        graph for graph in endpoint.graphs if "/literature/" not in graph]))
    assert plain.term("Venting") == shipped.term("Venting")
    count = "SELECT (COUNT(*) AS ?n) FROM <{}> {{ ?s ?p ?o }}"
    size = str(shipped.sizes()[MAPPINGS])
    assert plain.select(count.format(MAPPINGS)) == [{"n": size}]
    answer = plain.answer(QueryRequest("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }", (MAPPINGS,)))
    assert [row["n"] for row in answer.rows()] == [size]


def test_a_store_that_takes_no_notice_of_from_is_found_out(store):
    endpoint = Endpoint(store.url, 60)
    graphs, said = find_graphs(endpoint)
    told = httpx.get(store.url, params={"query": "ASK FROM <urn:nothing> { ?s ?p ?o }"},
                     headers={"Accept": "application/sparql-results+xml"}).text
    ignores = "<boolean>true" in told or ">1<" in told
    assert endpoint.ignores_datasets is ignores is (store.name == "oxigraph")
    if not ignores:
        assert graphs
        return
    assert "FROM" in said
    for query, default in (("ASK FROM <urn:nothing> { ?s ?p ?o }", []),
                           ("ASK { ?s ?p ?o }", ["urn:nothing"])):
        with pytest.raises(Refused, match="whatever graphs a query names"):
            endpoint.query(query, default)
    with pytest.raises(Refused, match="holds others"):
        find_graphs(endpoint, ["urn:g"])


# What only Virtuoso does.

virtuoso_only = pytest.mark.parametrize("store", ["virtuoso"], indirect=True)


@pytest.fixture(scope="module")
def capped(store):
    return Endpoint(store.url + "?maxrows=50", 60)


@virtuoso_only
@pytest.mark.parametrize("query", [
    "SELECT * { ?s ?p ?o }", "SELECT * { ?s ?p ?o } LIMIT 60", "CONSTRUCT WHERE { ?s ?p ?o }",
    "CONSTRUCT { ?s a <urn:T> } WHERE { ?s ?p ?o } LIMIT 60",
])
def test_a_result_that_is_cut_off_is_an_error(capped, query):
    with pytest.raises(IncompleteResult, match="limit is 50 rows"):
        capped.query(query)


@virtuoso_only
@pytest.mark.parametrize("query", ["SELECT * { ?s ?p ?o } LIMIT 50",
                                   "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o } LIMIT 40"])
def test_a_result_within_the_limit_is_whole(capped, query):
    answer = capped.query(query)
    items = answer.rows() if answer.kind == "bindings" else answer.triples()
    assert len(list(items)) in (40, 50)


SETTING = ('SELECT (bif:cfg_item_value(bif:virtuoso_ini_path(), "SPARQL", "ResultSetMaxRows") '
           "AS ?x) {}")


@pytest.mark.parametrize("query", [
    SETTING,
    'PREFIX b: <bif:> SELECT (b:sys_stat("st_dbms_ver") AS ?x) {}',
    'SELECT (<b\\u0069f:sys_stat>("st_dbms_ver") AS ?x) {}',
    'SELECT (<sql:x>("a") AS ?x) {}',
    'DEFINE get:soft "replace" SELECT * FROM <http://127.0.0.1:9/> { ?s ?p ?o }',
    'define input:inference "x" ASK {}',
])
def test_what_reaches_behind_the_store_is_refused(store, query):
    with pytest.raises(Refused, match="extension"):
        store.plain.answer(QueryRequest(query))


@virtuoso_only
def test_the_store_would_have_told_its_settings(store):
    """The refusal above is needed: without it anybody reads the configuration of Virtuoso."""
    told = httpx.get(store.url, params={"query": SETTING}, headers={"Accept": "text/csv"}).text
    assert "1000000" in told


# Last, for a store goes on with a query that nobody waits for any more.

@each_question(deviates=True)
def test_known_deviation_is_still_one(store, shipped, name):
    assert faults(store, shipped, name, timeout=10.0), "mended: take it off deviations.yaml"
