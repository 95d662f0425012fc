"""The shipped release through the application: every question, every term, every document."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
import rdflib
from iero import resources
from iero.graph import KnowledgeGraph
from iero.server import create_app
from pyoxigraph import RdfFormat, parse

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")  # by rdflib


@pytest.fixture(scope="module")
def client(shipped: KnowledgeGraph) -> Iterator[httpx.Client]:
    app = create_app(shipped, release="release", shipped=True)
    with httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://iero.test") as made:
        yield made


def test_every_question_has_a_page_with_its_rows_and_a_file(client: httpx.Client) -> None:
    questions = client.get("/queries").json()["queries"]
    assert len(questions) > 30
    for question in questions:
        path = f"/queries/{question['name']}"
        answer = client.get(path)
        assert answer.status_code == 200, path
        found = answer.json()
        page = client.get(path, headers=BROWSER)
        assert page.status_code == 200, path
        if "results" in found:
            rows = min(len(found["results"]["bindings"]), 1000)
            # The shipped graph mentions no documents; see queries/samples/.
            assert bool(rows) is ("literature" not in question["tags"])
            assert page.text.count("<tr>") == 1 + (rows or 1)
            assert ("No rows." in page.text) is not bool(rows)
        assert client.get(path + ".rq").text.startswith("#+ summary: ")


def test_the_list_of_questions_is_narrowed_by_words_in_both_forms(client: httpx.Client) -> None:
    every = client.get("/queries").json()["queries"]
    some = client.get("/queries?q=contagion").json()["queries"]
    assert 0 < len(some) < len(every)
    page = client.get("/queries?q=contagion", headers=BROWSER).text
    assert all(f'/queries/{each["name"]}"' in page for each in some)
    assert client.get("/queries?q=zzz").json() == {"queries": []}


def test_what_concerns_the_page_alone_changes_no_data(client: httpx.Client) -> None:
    path = "/queries/what-is-emotional-labor"
    assert client.get(path + "?view=graph&sort=x").json() == client.get(path).json()


def test_every_term_has_a_page_and_is_the_subject_of_its_graph(
    client: httpx.Client, shipped: KnowledgeGraph
) -> None:
    terms = shipped.terms()
    assert len(terms) > 300
    for number, term in enumerate(terms):
        path = "/term/" + term.removeprefix("https://w3id.org/iero/")
        page = client.get(path, headers=BROWSER)
        assert page.status_code == 200, path
        assert f">{term}<" in page.text
        if number % 20 == 0:
            graph = rdflib.Graph().parse(data=client.get(path).content, format="turtle")
            assert (rdflib.URIRef(term), rdflib.RDFS.label, None) in graph


@pytest.mark.parametrize(
    ("suffix", "name"), [("owl", "iero.owl"), ("ttl", "iero.ttl"), ("jsonld", "iero.jsonld")]
)
def test_the_ontology_is_the_released_document(
    client: httpx.Client, suffix: str, name: str
) -> None:
    assert client.get(f"/ontology.{suffix}").content == resources.read(f"ontology/release/{name}")


def test_the_ontology_has_as_many_triples_in_every_format(client: httpx.Client) -> None:
    turtle = rdflib.Graph().parse(data=client.get("/ontology.ttl").content, format="turtle")
    formats = [RdfFormat.N_TRIPLES, RdfFormat.N_QUADS, RdfFormat.TRIG, RdfFormat.RDF_XML]
    for fmt in formats:
        body = client.get("/ontology", headers={"Accept": fmt.media_type}).content
        quads = {str(quad) for quad in parse(body, fmt)}
        assert len(quads) == len(turtle) > 1000, fmt


def test_void_describes_the_release_and_says_where_to_ask(client: httpx.Client) -> None:
    graph = rdflib.Graph().parse(data=client.get("/.well-known/void").content, format="turtle")
    void = rdflib.Namespace("http://rdfs.org/ns/void#")
    dataset = next(graph.subjects(void.sparqlEndpoint, rdflib.URIRef("http://iero.test/sparql")))
    subsets = set(graph.objects(dataset, void.subset))
    sizes = {str(name): int(next(graph.objects(name, void.triples))) for name in subsets}
    counted = client.get("/sparql", params={
        "query": "SELECT ?g (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g"}).json()
    rows = {row["g"]["value"]: int(row["n"]["value"]) for row in counted["results"]["bindings"]}
    assert rows == {name: size for name, size in sizes.items() if size}


def test_the_service_description_counts_every_graph(client: httpx.Client) -> None:
    body = client.get("/sparql", headers={"Accept": "text/turtle"}).content
    graph = rdflib.Graph().parse(data=body, format="turtle")
    query = """PREFIX sd: <http://www.w3.org/ns/sparql-service-description#>
        PREFIX void: <http://rdfs.org/ns/void#>
        SELECT (COUNT(*) AS ?graphs) (SUM(?n) AS ?triples) { ?s a sd:Service ;
          sd:endpoint <http://iero.test/sparql> ; sd:defaultDataset/sd:namedGraph [
            sd:name ?name ; sd:graph/void:triples ?n ] }"""
    graphs, triples = next(iter(graph.query(query)))
    assert int(graphs) >= 3
    assert int(triples) == client.get("/health").json()["triples"]


@pytest.mark.parametrize("text", ["venting", "EROS", "leting off steem", "iero:EmotionalContagion"])
def test_search_results_lead_to_pages(client: httpx.Client, text: str) -> None:
    results = client.get("/search", params={"q": text}).json()["results"]
    assert results
    for result in results:
        if result["page"].startswith("/"):
            assert client.get(result["page"], headers=BROWSER).status_code == 200
