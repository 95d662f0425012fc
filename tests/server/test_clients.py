"""Clients of others, unchanged, against the service over real HTTP."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import rdflib
from iero.tokens import TokenFile
from rdflib.plugins.stores.sparqlstore import SPARQLStore, SPARQLUpdateStore
from SPARQLWrapper import CSV, JSON, JSONLD, N3, POST, TURTLE, XML, SPARQLWrapper
from SPARQLWrapper.SPARQLExceptions import QueryBadFormed

from tests.server.processes import running

HERE = Path(__file__).parent
MINE = "https://example.org/mine/people"
LABEL = "SELECT ?label { <https://w3id.org/iero/Venting> " \
        "<http://www.w3.org/2000/01/rdf-schema#label> ?label }"
PEOPLE = "INSERT DATA { GRAPH <%s> { <urn:%s> <urn:knows> <urn:eve> } }"
pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated")  # by rdflib


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> TokenFile:
    return TokenFile(tmp_path_factory.mktemp("tokens") / "tokens.toml")


@pytest.fixture(scope="module")
def secret(tokens: TokenFile) -> str:
    return tokens.add("clients", ["https://example.org/mine/*"], ["insert", "delete"])


@pytest.fixture(scope="module")
def service(
    tokens: TokenFile, secret: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of a service over a data directory; it holds the release to begin with."""
    folder = tmp_path_factory.mktemp("data") / "store"
    with running("--data", folder, "--tokens", tokens.path, seconds=120) as address:
        yield address


# -- SPARQLWrapper -------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", POST])
def test_sparqlwrapper_asks_for_rows_in_each_format(service: str, method: str) -> None:
    asked = SPARQLWrapper(f"{service}/sparql")
    asked.setMethod(method)
    asked.setQuery(LABEL)
    asked.setReturnFormat(JSON)
    rows = asked.queryAndConvert()["results"]["bindings"]
    assert [row["label"]["value"] for row in rows] == ["venting"]
    asked.setReturnFormat(XML)
    assert "venting" in asked.queryAndConvert().toxml()
    asked.setReturnFormat(CSV)
    assert asked.queryAndConvert().decode().split() == ["label", "venting"]


@pytest.mark.parametrize("fmt", [TURTLE, N3, XML, JSONLD])
def test_sparqlwrapper_asks_for_a_graph(service: str, fmt: str) -> None:
    asked = SPARQLWrapper(f"{service}/sparql")
    asked.setQuery("DESCRIBE <https://w3id.org/iero/Venting>")
    asked.setReturnFormat(fmt)
    asked.setOnlyConneg(fmt == JSONLD)  # else it gives the parameter 'format' twice for this one
    found = asked.queryAndConvert()
    graph = found if isinstance(found, rdflib.Graph) else rdflib.Graph().parse(data=found)
    assert (rdflib.URIRef("https://w3id.org/iero/Venting"), rdflib.RDFS.label,
            rdflib.Literal("venting", lang="en")) in graph


def test_sparqlwrapper_is_told_what_is_wrong(service: str) -> None:
    asked = SPARQLWrapper(f"{service}/sparql")
    asked.setQuery("SELECT ?x { ?x rdfs:label }")
    with pytest.raises(QueryBadFormed, match="PREFIX rdfs:"):
        asked.query()


def test_sparqlwrapper_writes_with_a_token(service: str, secret: str) -> None:
    writer = SPARQLWrapper(f"{service}/sparql", f"{service}/update")
    writer.setMethod(POST)
    writer.addCustomHttpHeader("Authorization", f"Bearer {secret}")
    writer.setQuery(PEOPLE % (MINE, "ada"))
    assert writer.query().response.status == 200
    asked = SPARQLWrapper(f"{service}/sparql")
    asked.setQuery(f"ASK {{ GRAPH <{MINE}> {{ <urn:ada> ?p ?o }} }}")
    asked.setReturnFormat(JSON)
    assert asked.queryAndConvert()["boolean"] is True


# -- rdflib --------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST", "POST_FORM"])
def test_rdflib_asks_through_its_sparql_store(service: str, method: str) -> None:
    graph = rdflib.Graph(SPARQLStore(f"{service}/sparql", method=method))
    venting = rdflib.URIRef("https://w3id.org/iero/Venting")
    assert list(graph.objects(venting, rdflib.RDFS.label)) == [
        rdflib.Literal("venting", lang="en")]
    assert [str(row.label) for row in graph.query(LABEL)] == ["venting"]
    assert graph.query("ASK {}").askAnswer is True
    assert len(graph) > 10_000


def test_rdflib_reads_one_named_graph(service: str) -> None:
    dataset = rdflib.Dataset(SPARQLStore(f"{service}/sparql"))
    claims = dataset.get_context(rdflib.URIRef("https://w3id.org/iero/graph/claims"))
    kind = rdflib.URIRef("https://w3id.org/iero/Claim")
    assert len(list(claims.subjects(rdflib.RDF.type, kind))) > 50
    names = {str(name) for name in SPARQLStore(f"{service}/sparql").contexts()}
    assert "https://w3id.org/iero/graph/claims" in names


def test_rdflib_writes_through_its_update_store(service: str, secret: str) -> None:
    store = SPARQLUpdateStore(f"{service}/sparql", f"{service}/update",
                              headers={"Authorization": f"Bearer {secret}"})
    name = rdflib.URIRef("https://example.org/mine/rdflib")
    graph = rdflib.Graph(store, identifier=name)
    ada, knows, eve = map(rdflib.URIRef, ("urn:ada", "urn:knows", "urn:eve"))
    graph.add((ada, knows, eve))
    graph.add((ada, rdflib.RDFS.label, rdflib.Literal("Ada\n\"quoted\"", lang="en")))
    assert (ada, knows, eve) in graph
    assert graph.value(ada, rdflib.RDFS.label) == rdflib.Literal("Ada\n\"quoted\"", lang="en")
    graph.remove((ada, knows, None))
    assert (ada, knows, eve) not in graph
    graph.update("DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }")
    assert len(graph) == 0


def test_rdflib_loads_from_the_graph_store(service: str) -> None:
    url = f"{service}/store?graph=https%3A%2F%2Fw3id.org%2Fiero%2Fgraph%2Fclaims"
    graph = rdflib.Graph().parse(url)
    assert len(graph) > 500


# -- pandas, curl --------------------------------------------------------------------------------


def test_pandas_reads_a_table_from_its_address(service: str) -> None:
    query = "SELECT%20%3Fs%20%3Fn%20%7B%20VALUES%20(%3Fs%20%3Fn)%20%7B(%22a%22%201)(%22b%22%202)" \
            "%7D%20%7D"
    frame = pd.read_csv(f"{service}/sparql?format=csv&query={query}")
    assert frame.to_dict("list") == {"s": ["a", "b"], "n": [1, 2]}


def curl(*arguments: str) -> str:
    done = subprocess.run(["curl", "-sS", "--max-time", "30", *arguments], capture_output=True,
                          text=True, check=True)
    return done.stdout


def test_curl_asks_and_writes(service: str, secret: str, tmp_path: Path) -> None:
    told = curl(f"{service}/sparql", "--data-urlencode", f"query={LABEL}", "-H", "Accept: text/csv")
    assert told.split() == ["label", "venting"]
    assert "venting" in curl("-G", f"{service}/sparql", "--data-urlencode", f"query={LABEL}")
    document = tmp_path / "people.ttl"
    document.write_text("<urn:ada> <urn:knows> <urn:eve> .")
    graph, token = f"{service}/store?graph=https://example.org/mine/curl", f"Bearer {secret}"
    show = ("-o", "/dev/null", "-w", "%{http_code}")
    put = ("-T", str(document), "-H", "Content-Type: text/turtle")
    assert curl(*show, *put, graph) == "401"
    assert curl(*show, *put, graph, "-H", f"Authorization: {token}") == "201"
    assert curl(*show, *put, graph, "-H", f"Authorization: {token}") == "204"
    assert "<urn:ada> <urn:knows> <urn:eve>" in curl(graph)
    assert curl("-X", "DELETE", *show, graph, "-H", f"Authorization: {token}") == "200"


def test_curl_is_told_when_it_sends_a_body_of_unknown_length(service: str, secret: str) -> None:
    done = subprocess.run(
        ["curl", "-sS", "--max-time", "30", "-T", "-", "-H", "Content-Type: text/turtle", "-H",
         f"Authorization: Bearer {secret}", f"{service}/store?graph=https://example.org/mine/c"],
        input="<urn:a> <urn:b> 1 .", capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["status"] == 411


# -- Comunica ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def comunica(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command of Comunica, installed by npm."""
    if shutil.which("npm") is None:
        pytest.skip("Node is not installed")
    folder = tmp_path_factory.mktemp("comunica")
    shutil.copy(HERE / "comunica" / "package.json", folder)
    subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=folder,
                   check=True, capture_output=True, timeout=580)
    return folder / "node_modules" / ".bin" / "comunica-sparql"


def ask(command: Path, *arguments: str) -> str:
    done = subprocess.run([str(command), *arguments], capture_output=True, text=True, timeout=120,
                          check=False, env=os.environ | {"NODE_NO_WARNINGS": "1"})
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_comunica_asks(service: str, comunica: Path) -> None:
    # No text with a language: Comunica 4 loses it, whoever answers (its parser of results and its
    # factory of terms come from different major versions).
    query = "SELECT ?kind { <https://w3id.org/iero/Venting> a ?kind }"
    for source in (f"sparql@{service}/sparql", f"{service}/sparql"):
        found = json.loads(ask(comunica, source, query, "-t", "application/json"))
        assert found == [{"kind": "http://www.w3.org/2002/07/owl#Class"}]


def test_comunica_asks_a_graph_of_the_store_as_a_document(service: str, comunica: Path) -> None:
    source = f"{service}/store?graph=https%3A%2F%2Fw3id.org%2Fiero%2Fgraph%2Fmappings"
    query = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
    found = json.loads(ask(comunica, source, query, "-t", "application/json"))
    assert int(found[0]["n"].split('"')[1]) > 10


def test_comunica_writes_to_the_service(comunica: Path) -> None:
    with running("--scratch") as address:
        update = "INSERT DATA { <urn:ada> <urn:knows> <urn:eve> }"
        assert ask(comunica, f"sparql@{address}/update", update).strip() == "ok"
        found = ask(comunica, f"sparql@{address}/sparql",
                    "SELECT ?o { <urn:ada> <urn:knows> ?o }", "-t", "application/json")
        assert json.loads(found) == [{"o": "urn:eve"}]
