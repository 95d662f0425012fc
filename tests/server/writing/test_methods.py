"""The methods of the routes that write, and what they say of themselves."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
import rdflib
from iero.graph import KnowledgeGraph
from iero.server import create_app
from iero.store import Store

from tests.server.writing.conftest import TURTLE, UPDATE, G, client_of

pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")  # by rdflib


@pytest.mark.parametrize(("path", "allowed"), [
    ("/store", "DELETE, GET, HEAD, OPTIONS, POST, PUT"),
    ("/store/people", "DELETE, GET, HEAD, OPTIONS, POST, PUT"),
    ("/update", "OPTIONS, POST"),
])
def test_options_and_other_methods_name_what_is_allowed(
    client: httpx.Client, path: str, allowed: str
) -> None:
    options = client.options(path, headers={"Origin": "https://other.example"})
    assert (options.status_code, options.content) == (204, b"")
    assert ", ".join(sorted(options.headers["Allow"].split(", "))) == allowed
    refused = client.patch(path, content=b"", headers=UPDATE)
    assert refused.status_code == 405
    assert ", ".join(sorted(refused.headers["Allow"].split(", "))) == allowed


def routes() -> list[str]:
    app = create_app(KnowledgeGraph(Store()))
    values = {"name": "Venting", "suffix": "ttl", "concept": "Venting", "path": "Venting",
              "filename": "style.css"}
    adapter = app.url_map.bind("iero.test")
    return sorted({
        adapter.build(rule.endpoint, {each: values.get(each, 1) for each in rule.arguments})
        for rule in app.url_map.iter_rules()})


@pytest.mark.parametrize("path", routes())
def test_every_route_knows_options_and_what_it_allows(client: httpx.Client, path: str) -> None:
    options = client.options(path)
    assert (options.status_code, options.content) == (204, b"")
    allowed = set(options.headers["Allow"].split(", "))
    assert "OPTIONS" in allowed
    assert ("HEAD" in allowed) == ("GET" in allowed)
    refused = client.request("PATCH", path)
    assert refused.status_code == 405
    assert set(refused.headers["Allow"].split(", ")) == allowed
    if "HEAD" in allowed:
        head = client.head(path)
        assert head.content == b""
        assert head.status_code == client.get(path).status_code


def test_other_sites_may_send_a_token_and_read_what_was_done(client: httpx.Client) -> None:
    preflight = client.options("/store", headers={
        "Origin": "https://other.example", "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "authorization,content-type,if-match"})
    assert "PUT" in preflight.headers["Access-Control-Allow-Methods"]
    # The asterisk does not stand for Authorization (Fetch, section 4.9).
    assert {"*", "Authorization"} <= {
        *preflight.headers["Access-Control-Allow-Headers"].split(", ")}
    exposed = client.get("/store?default").headers["Access-Control-Expose-Headers"]
    assert {"ETag", "IERO-Change", "Location", "WWW-Authenticate"} <= {*exposed.split(", ")}


@pytest.mark.parametrize(("method", "path"), [
    ("PUT", "/store"), ("DELETE", "/store"), ("GET", "/store?graph=urn:a&default"),
    ("PUT", "/store?graph=relative"), ("GET", "/store/x?graph=urn:a"), ("GET", "/store?default=1"),
])
def test_a_request_that_names_no_graph_or_two_is_a_mistake(
    client: httpx.Client, method: str, path: str
) -> None:
    assert client.request(method, path, content=b"", headers=TURTLE).status_code == 400


SD = "http://www.w3.org/ns/sparql-service-description#"


def described(client: httpx.Client) -> Iterator[set[str]]:
    """Return the languages and the features that a service claims."""
    answer = client.get("/sparql", headers={"Accept": "application/n-triples"})
    graph = rdflib.Graph().parse(data=answer.text, format="nt")
    return ({str(value).removeprefix(SD) for value in graph.objects(None, rdflib.URIRef(SD + name))}
            for name in ("supportedLanguage", "feature"))


def test_each_mode_of_the_service_describes_itself(
    client: httpx.Client, owned: httpx.Client, served: KnowledgeGraph
) -> None:
    with client_of(None, served) as read_only:
        assert tuple(described(read_only)) == ({"SPARQL11Query"}, {"UnionDefaultGraph"})
    both = {"SPARQL11Query", "SPARQL11Update"}
    assert tuple(described(owned)) == (both, {"UnionDefaultGraph", "EmptyGraphs"})
    assert tuple(described(client)) == (both, {"EmptyGraphs"})


def test_the_store_itself_is_described(client: httpx.Client) -> None:
    client.put("/store", params=G, content=b"<urn:a> <urn:b> 1 .", headers=TURTLE)
    described = client.get("/store", headers={"Accept": "text/turtle"})
    assert described.status_code == 200
    assert "<urn:g>" in described.text
