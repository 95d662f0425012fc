"""The W3C's tests of the protocols, over real HTTP, on a scratch store: full marks or red."""

from __future__ import annotations

import io
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import rdflib
import yaml
from rdflib.compare import to_isomorphic
from rdflib.namespace import OWL, RDF, RDFS, VOID
from rdflib.query import Result

from tests.server.processes import running

CASES = Path(__file__).parent / "w3c"
COUNTS = {"protocol": 34, "graph-store-protocol": 14, "http-rdf-update": 18,
          "service-description": 3}
"""How many tests the manifests have, one among them that its manifest does not list."""
MEMBERS = {"name", "says", "graphs", "exchanges"}
EXCHANGE = {"to", "method", "params", "type", "accept", "form", "body", "charset", "parts",
            "status", "answer", "truth", "graph", "media_type", "location"}
TABULAR = {"application/sparql-results+json": "json", "application/sparql-results+xml": "xml",
           "text/csv": "csv", "text/tab-separated-values": "tsv"}
RDF_TYPES = {"text/turtle": "turtle", "application/n-triples": "nt", "application/rdf+xml": "xml",
             "application/ld+json": "json-ld"}
ANSWERS = {"boolean": ["application/sparql-results+json", "application/sparql-results+xml"],
           "tabular": list(TABULAR), "RDF": list(RDF_TYPES)}
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")  # by rdflib


def load(suite: str) -> list[Any]:
    cases = yaml.safe_load((CASES / f"{suite}.yaml").read_text())
    assert len({case["name"] for case in cases}) == len(cases) == COUNTS[suite]
    for case in cases:
        assert set(case) <= MEMBERS, case
        assert all(set(each) <= EXCHANGE for each in case.get("exchanges", ())), case
    return [pytest.param(case, id=case["name"]) for case in cases]


@pytest.fixture(scope="module")
def service() -> Iterator[httpx.Client]:
    with running("--scratch") as address, httpx.Client(base_url=address, timeout=30) as client:
        yield client


@pytest.fixture
def store(service: httpx.Client) -> httpx.Client:
    """The service, emptied."""
    assert service.post("/update", data={"update": "DROP ALL"}).status_code == 200
    return service


def exchange(client: httpx.Client, step: dict[str, Any], new: str) -> httpx.Response:
    """Make a request as a step describes it."""
    headers = {"Accept": step["accept"]} if "accept" in step else {}
    if "type" in step:
        headers["Content-Type"] = step["type"]
    target = step["to"]
    if target == "NEW":
        target = new
    target = target.replace("graph=NEW", "graph=" + quote(new, safe=""))
    target = target.replace("HERE", quote(str(client.base_url).rstrip("/"), safe=""))
    params = step.get("params")
    pairs = [tuple(pair) for pair in params] if isinstance(params, list) else params
    form, body = step.get("form"), step.get("body")
    if isinstance(form, list):
        body = str(httpx.QueryParams([tuple(pair) for pair in form]))
        headers["Content-Type"], form = "application/x-www-form-urlencoded", None
    content = None if body is None else body.encode(step.get("charset", "utf-8"))
    files = [(name, (name, text, "text/turtle")) for name, text in step.get("parts", {}).items()]
    default = "POST" if step["to"] in ("/sparql", "/update") else ""
    return client.request(step.get("method", default), target, params=pairs, headers=headers,
                          content=content, data=form, files=files or None)


def check(step: dict[str, Any], response: httpx.Response) -> None:
    """Compare a response with what a step expects."""
    wanted, code = step["status"], response.status_code
    if wanted in ("2xx", "4xx"):  # where the manifests allow 2xx they allow 3xx too
        assert code // 100 in ((2, 3) if wanted == "2xx" else (4,)), response.text
    else:
        assert code in (wanted if isinstance(wanted, list) else [wanted]), response.text
    media_type = response.headers.get("Content-Type", "").partition(";")[0]
    if "answer" in step:
        assert media_type in ANSWERS[step["answer"]]
    if step.get("answer") == "RDF":
        assert rdflib.Graph().parse(data=response.content, format=RDF_TYPES[media_type]) is not None
    elif "answer" in step:
        parsed = Result.parse(io.BytesIO(response.content), format=TABULAR[media_type])
        assert parsed.type == ("ASK" if step["answer"] == "boolean" else "SELECT")
        assert parsed.askAnswer is step["truth"] if "truth" in step else True
    if "media_type" in step:
        assert media_type == step["media_type"]
        assert response.headers["Content-Type"].lower().endswith("charset=utf-8")
    if "graph" in step:
        found = rdflib.Graph().parse(data=response.content, format=RDF_TYPES[media_type])
        expected = rdflib.Graph().parse(data=step["graph"], format="turtle")
        assert to_isomorphic(found) == to_isomorphic(expected)
    assert ("Location" in response.headers) >= step.get("location", False)


def play(client: httpx.Client, case: dict[str, Any]) -> None:
    for graph, content in case.get("graphs", {}).items():
        response = client.put("/store", params={"graph": graph}, content=content,
                              headers={"Content-Type": "text/turtle"})
        assert response.status_code == 201
    new = ""
    assert case["exchanges"]
    for step in case["exchanges"]:
        response = exchange(client, step, new)
        check(step, response)
        new = response.headers.get("Location", new)


@pytest.mark.parametrize("case", load("protocol"))
def test_protocol(store: httpx.Client, case: dict[str, Any]) -> None:
    play(store, case)


@pytest.mark.parametrize("case", load("graph-store-protocol"))
def test_graph_store_protocol(store: httpx.Client, case: dict[str, Any]) -> None:
    play(store, case)


@pytest.mark.parametrize("case", load("http-rdf-update"))
def test_http_rdf_update(store: httpx.Client, case: dict[str, Any]) -> None:
    play(store, case)


SD = rdflib.Namespace("http://www.w3.org/ns/sparql-service-description#")
RANGES = {
    SD.endpoint: None, SD.defaultDataset: SD.Dataset, SD.availableGraphs: SD.GraphCollection,
    SD.defaultGraph: SD.Graph, SD.namedGraph: SD.NamedGraph, SD.name: None, SD.graph: SD.Graph,
    SD.supportedLanguage: SD.Language, SD.feature: SD.Feature, SD.languageExtension: SD.Feature,
    SD.extensionFunction: SD.Function, SD.resultFormat: None, SD.inputFormat: None,
    SD.defaultEntailmentRegime: None,
}
DOMAINS = {
    SD.endpoint: SD.Service, SD.defaultDataset: SD.Service, SD.availableGraphs: SD.Service,
    SD.defaultGraph: SD.Dataset, SD.namedGraph: SD.Dataset, SD.name: SD.NamedGraph,
    SD.graph: SD.NamedGraph, SD.supportedLanguage: SD.Service, SD.feature: SD.Service,
    SD.languageExtension: SD.Service, SD.extensionFunction: SD.Service,
    SD.resultFormat: SD.Service, SD.inputFormat: SD.Service,
    SD.defaultEntailmentRegime: SD.Service,
}
INSTANCES = {  # of the vocabulary itself, whose types its own document states
    SD.Language: {SD.SPARQL10Query, SD.SPARQL11Query, SD.SPARQL11Update},
    SD.Feature: {SD.DereferencesURIs, SD.UnionDefaultGraph, SD.RequiresDataset, SD.EmptyGraphs,
                 SD.BasicFederatedQuery},
}


@pytest.mark.parametrize("case", load("service-description"))
def test_service_description(store: httpx.Client, case: dict[str, Any]) -> None:
    response = store.get("/sparql")
    media_type = response.headers["Content-Type"].partition(";")[0]
    assert media_type in RDF_TYPES
    graph = rdflib.Graph().parse(data=response.content, format=RDF_TYPES[media_type])
    assert len(graph) > 10
    if case["name"] == "has-endpoint-triple":
        asked = rdflib.URIRef(str(store.base_url).rstrip("/") + "/sparql")
        assert asked in set(graph.objects(None, SD.endpoint))
    elif case["name"] == "conforms-to-schema":
        conforms(graph)


def conforms(graph: rdflib.Graph) -> None:
    """Check a description against the vocabulary (SPARQL 1.1 Service Description, section 3)."""
    used = {predicate for predicate in graph.predicates() if str(predicate).startswith(str(SD))}
    assert used >= {SD.endpoint, SD.defaultDataset, SD.supportedLanguage, SD.resultFormat}
    assert used <= set(DOMAINS), used - set(DOMAINS)
    assert {*graph.predicates()} - used <= {RDF.type, RDFS.label, RDFS.seeAlso, VOID.triples,
                                              OWL.versionInfo}
    for predicate in used:
        for subject, value in graph.subject_objects(predicate):
            assert (subject, RDF.type, DOMAINS[predicate]) in graph
            assert isinstance(value, rdflib.URIRef | rdflib.BNode)
            wanted = RANGES[predicate]
            if wanted is not None and wanted in INSTANCES and value.startswith(str(SD)):
                assert value in INSTANCES[wanted]
            elif wanted is not None:
                assert (value, RDF.type, wanted) in graph
    for service in graph.subjects(RDF.type, SD.Service):
        assert len(set(graph.objects(service, SD.endpoint))) == 1  # inverse-functional in effect
        assert len(set(graph.objects(service, SD.defaultDataset))) <= 1


def test_a_description_that_breaks_the_schema_is_seen(store: httpx.Client) -> None:
    graph = rdflib.Graph().parse(data=store.get("/sparql").content, format="turtle")
    conforms(graph)
    graph.remove((None, RDF.type, SD.Dataset))
    with pytest.raises(AssertionError):
        conforms(graph)


def test_the_tables_of_the_document_list_what_is_run() -> None:
    made = runpy.run_path(str(Path(__file__).parents[2] / "docs" / "conformance.py"))
    text = made["PAGE"].read_text(encoding="utf-8")
    assert made["page"](text) == text, "run: python docs/conformance.py"
    assert all(f"| {count} | {count} |" in text for count in COUNTS.values())
    assert text.count("\n| protocol |") == COUNTS["protocol"]
