"""Writing over HTTP: who may, on what condition, what is said of it, and what is written down."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import rdflib
from iero.changes import Changes
from iero.directory import DataDirectory
from iero.graph import KnowledgeGraph
from iero.pool import Pool
from iero.server import create_app
from iero.server.writing import Writing
from iero.store import Store
from iero.tokens import TokenFile

pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")  # by rdflib
TURTLE = {"Content-Type": "text/turtle"}
UPDATE = {"Content-Type": "application/sparql-update"}
G, H = {"graph": "urn:g"}, {"graph": "urn:h"}
MINE = "https://example.org/mine/notes"


def client_of(writing: Writing | None, graph: KnowledgeGraph) -> httpx.Client:
    app = create_app(graph, writing=writing, release="" if writing else "1-abc")
    return httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://iero.test")


def opened(changes: Changes) -> Pool:
    return Pool(DataDirectory(changes.directory.path), size=2)


@pytest.fixture(scope="module")
def scratch() -> Iterator[Writing]:
    changes = Changes.scratch()
    yield Writing(changes, None, scratch=True, upload_limit=10_000)
    changes.close()


@pytest.fixture(scope="module")
def pool(scratch: Writing) -> Iterator[Pool]:
    made = opened(scratch.changes)
    yield made
    made.close()


@pytest.fixture
def client(scratch: Writing, pool: Pool) -> Iterator[httpx.Client]:
    """An empty scratch store, in process."""
    with client_of(scratch, KnowledgeGraph(pool)) as made:
        assert made.post("/update", data={"update": "DROP ALL"}).status_code == 200
        yield made


def log(writing: Writing) -> list[dict[str, Any]]:
    return [json.loads(line) for line in writing.audit.path.read_text().splitlines()]


def count(client: httpx.Client, graph: str) -> int:
    """Return how many triples a graph has; -1 where it does not exist."""
    found = client.get("/store", params={"graph": graph}, headers={"Accept": "text/plain"})
    return len(found.text.splitlines()) if found.status_code == 200 else -1


# -- who may write -------------------------------------------------------------------------------

WRITES = [("PUT", "/store?graph=urn:g"), ("POST", "/store?graph=urn:g"), ("POST", "/store"),
          ("DELETE", "/store?graph=urn:g"), ("PUT", "/store/people"), ("POST", "/update")]


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_a_service_without_a_store_to_write_to_refuses_and_says_how_to_get_one(
    served: KnowledgeGraph, method: str, path: str
) -> None:
    with client_of(None, served) as client:
        refused = client.request(method, path, content=b"<urn:a> <urn:b> 1 .", headers=TURTLE)
    assert refused.status_code == 403
    assert "iero serve --data DIR --tokens FILE" in refused.json()["hint"]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Changes]:
    changes = Changes.open(tmp_path_factory.mktemp("data") / "store")
    yield changes
    changes.close()


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> TokenFile:
    return TokenFile(tmp_path_factory.mktemp("tokens") / "tokens.toml")


@pytest.fixture(scope="module")
def secret(tokens: TokenFile) -> str:
    return tokens.add("notes", ["https://example.org/mine/*"], ["insert", "delete"], days=1)


@pytest.fixture(scope="module")
def kept(guarded: Changes) -> Iterator[KnowledgeGraph]:
    made = opened(guarded)
    yield KnowledgeGraph(made)
    made.close()


@pytest.fixture
def writing(guarded: Changes, tokens: TokenFile, secret: str) -> Writing:
    return Writing(guarded, tokens)


@pytest.fixture
def owned(writing: Writing, kept: KnowledgeGraph) -> Iterator[httpx.Client]:
    """A guarded store with one token."""
    with client_of(writing, kept) as made:
        yield made


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}", **TURTLE}


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_without_tokens_nobody_may_write_and_the_remedy_is_named(
    guarded: Changes, kept: KnowledgeGraph, method: str, path: str
) -> None:
    with client_of(Writing(guarded, None), kept) as client:
        refused = client.request(method, path, content=b"<urn:a> <urn:b> 1 .", headers=TURTLE)
    assert refused.status_code == 403
    assert "iero token new" in refused.json()["hint"]


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_a_write_without_a_token_is_told_to_send_one(
    owned: httpx.Client, method: str, path: str
) -> None:
    refused = owned.request(method, path, content=b"<urn:a> <urn:b> 1 .", headers=TURTLE)
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"] == 'Bearer realm="iero"'
    assert "Authorization: Bearer" in refused.json()["hint"]
    assert refused.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("header", ["Basic bm90ZXM6eA==", "Bearer", "Bearer ", "x"])
def test_another_scheme_is_no_token(owned: httpx.Client, header: str) -> None:
    refused = owned.put("/store", params={"graph": MINE}, content=b"",
                        headers={**TURTLE, "Authorization": header})
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (
        401, 'Bearer realm="iero"')


def test_nothing_is_not_posted_without_a_token_either(owned: httpx.Client) -> None:
    assert owned.post("/store", params={"graph": MINE}, content=b"").status_code == 401


def test_a_token_in_the_url_is_no_token(owned: httpx.Client, secret: str) -> None:
    refused = owned.put("/store", params={"graph": MINE, "access_token": secret}, content=b"",
                        headers=TURTLE)
    assert refused.status_code == 401


def test_an_unknown_expired_or_revoked_token_is_refused(
    guarded: Changes, tokens: TokenFile, kept: KnowledgeGraph, tmp_path: Path
) -> None:
    file = TokenFile(tmp_path / "tokens.toml")
    revoked = file.add("revoked", ["*"], ["insert"])
    expired = file.add("expired", ["*"], ["insert"], days=1)
    day = datetime.now(UTC) - timedelta(days=3)
    text = file.path.read_text()
    expiry = file.tokens()["expired"].expires
    assert expiry is not None
    file.path.write_text(text.replace(f"expires = {expiry:%Y-%m-%d}", f"expires = {day:%Y-%m-%d}"))
    with client_of(Writing(guarded, file), kept) as client:
        fine = client.put("/store", params={"graph": "https://example.org/r"}, content=b"",
                          headers=bearer(revoked))
        assert fine.status_code == 201
        file.revoke("revoked")
        for secret, says in ((revoked, "revoked on"), (expired, "expired on"),
                             ("iero_" + "x" * 43, "not known")):
            refused = client.put("/store", params={"graph": MINE}, content=b"",
                                 headers=bearer(secret))
            assert refused.status_code == 401
            assert refused.headers["WWW-Authenticate"] == \
                'Bearer realm="iero", error="invalid_token"'
            assert says in refused.json()["detail"]


def test_a_token_writes_where_it_may_and_nowhere_else(owned: httpx.Client, secret: str) -> None:
    data, headers = b"<urn:a> <urn:b> 1 .", bearer(secret)
    assert owned.put("/store", params={"graph": MINE}, content=data,
                     headers=headers).status_code == 201
    other = owned.put("/store", params={"graph": "https://example.org/yours"}, content=data,
                      headers=headers)
    assert other.status_code == 403
    assert other.headers["WWW-Authenticate"] == 'Bearer realm="iero", error="insufficient_scope"'
    assert "https://example.org/yours" in other.json()["detail"]
    assert count(owned, "https://example.org/yours") == -1
    both = owned.post("/update", headers={**headers, **UPDATE}, content=f"""
        INSERT DATA {{ GRAPH <{MINE}> {{ <urn:a> <urn:b> 2 }} }} ;
        INSERT DATA {{ GRAPH <https://example.org/yours> {{ <urn:a> <urn:b> 2 }} }}""")
    assert both.status_code == 403
    assert count(owned, MINE) == 1
    assert owned.delete("/store", params={"graph": MINE}, headers=headers).status_code == 200


def test_a_token_does_only_what_it_may(
    owned: httpx.Client, secret: str, tokens: TokenFile, writing: Writing
) -> None:
    adder = bearer(tokens.add("adder", ["https://example.org/mine/*"], ["insert"]))
    data = b"<urn:a> <urn:b> 1 ."
    graph = {"graph": "https://example.org/mine/log"}
    assert owned.post("/store", params=graph, content=data, headers=adder).status_code == 201
    assert owned.put("/store", params=graph, content=b"", headers=adder).status_code == 403
    assert owned.delete("/store", params=graph, headers=adder).status_code == 403
    assert count(owned, graph["graph"]) == 1
    assert owned.delete("/store", params=graph, headers=bearer(secret)).status_code == 200


@pytest.mark.parametrize("graph", ["ontology", "claims", "inferred", "mappings", "shapes"])
def test_a_pattern_does_not_open_what_ships_with_iero(
    owned: httpx.Client, tokens: TokenFile, graph: str
) -> None:
    name = f"all-{graph}"
    headers = bearer(tokens.add(name, ["*"], ["insert", "delete"]))
    target = {"graph": f"https://w3id.org/iero/graph/{graph}"}
    refused = owned.delete("/store", params=target, headers=headers)
    assert refused.status_code == 403
    assert "protected" in refused.json()["hint"]
    assert count(owned, target["graph"]) > 0


def test_the_union_of_all_graphs_is_read_and_not_written(owned: httpx.Client, secret: str) -> None:
    refused = owned.put("/store?default", content=b"<urn:a> <urn:b> 1 .", headers=bearer(secret))
    assert refused.status_code == 403
    assert "?graph=" in refused.json()["hint"]
    assert owned.get("/store?default", headers={"Accept": "text/plain"}).text.count("\n") > 10_000


# -- bodies --------------------------------------------------------------------------------------


def test_a_graph_is_written_in_every_format_for_graphs(client: httpx.Client) -> None:
    documents = {
        "text/turtle": "<urn:a> <urn:b> 'x', 'y' .",
        "application/n-triples": '<urn:a> <urn:b> "x" .\n<urn:a> <urn:b> "y" .\n',
        "application/ld+json": '{"@id": "urn:a", "urn:b": ["x", "y"]}',
        "application/rdf+xml": '<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
                               'xmlns:u="urn:"><r:Description r:about="urn:a"><u:b>x</u:b>'
                               "<u:b>y</u:b></r:Description></r:RDF>",
    }
    for media_type, text in documents.items():
        told = client.put("/store", params=G, content=text,
                          headers={"Content-Type": media_type, "Accept": "application/json"})
        assert told.status_code in (200, 201), told.text
        found = client.get("/store", params=G, headers={"Accept": "application/n-triples"})
        assert sorted(found.text.splitlines()) == [
            '<urn:a> <urn:b> "x" .', '<urn:a> <urn:b> "y" .']
    nameless = client.put("/store", params=H, content=documents["application/rdf+xml"])
    assert nameless.status_code == 201  # without a type it is RDF/XML (section 5)
    assert count(client, "urn:h") == 2


def test_relative_iris_are_resolved_against_the_graph(client: httpx.Client) -> None:
    client.put("/store/people", content=b"<#ada> <urn:knows> <eve> .", headers=TURTLE)
    found = client.get("/store/people", headers={"Accept": "application/n-triples"})
    assert found.text == \
        "<http://iero.test/store/people#ada> <urn:knows> <http://iero.test/store/eve> .\n"


@pytest.mark.parametrize(("body", "headers", "status", "says"), [
    (b"<urn:a> <urn:b> .", TURTLE, 400, "line"),
    (b"<urn:a> <urn:b> 1 .", {}, 400, ""),
    (b"<urn:a> <urn:b> 1 <urn:h> .", {"Content-Type": "application/n-quads"}, 415, "n-quads"),
    (b"<urn:a> <urn:b> 1 .", {"Content-Type": "text/csv"}, 415, "text/csv"),
    (b"x" * 10_001, TURTLE, 413, "10,000"),
    (gzip.compress(b"#" * 10_001, mtime=0), {**TURTLE, "Content-Encoding": "gzip"}, 413, "10,000"),
    (gzip.compress(b"<urn:a> <urn:b> 1 .", mtime=0)[:-5],
     {**TURTLE, "Content-Encoding": "gzip"}, 400, "unpack"),
    (b"<urn:a> <urn:b> 1 .", {**TURTLE, "Content-Encoding": "gzip"}, 400, "unpack"),
    (gzip.compress(b"#", mtime=0) + b"x", {**TURTLE, "Content-Encoding": "gzip"}, 400, "unpack"),
])
def test_a_body_that_cannot_be_read_is_refused_and_leaves_no_trace(
    client: httpx.Client, body: bytes, headers: dict[str, str], status: int, says: str
) -> None:
    refused = client.put("/store", params=G, content=body, headers=headers)
    assert refused.status_code == status, refused.text
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert says in refused.text
    assert count(client, "urn:g") == -1


def test_a_compressed_body_is_unpacked(client: httpx.Client) -> None:
    packed = gzip.compress(b"<urn:a> <urn:b> 1 .\n") + gzip.compress(b"<urn:a> <urn:b> 2 .\n")
    headers = {**TURTLE, "Content-Encoding": "gzip"}
    assert client.put("/store", params=G, content=packed, headers=headers).status_code == 201
    assert count(client, "urn:g") == 2
    headers["Content-Encoding"] = "deflate"
    refused = client.put("/store", params=G, content=zlib.compress(b""), headers=headers)
    assert (refused.status_code, refused.headers["Accept-Encoding"]) == (415, "gzip")


@pytest.mark.parametrize("path", ["/store?graph=urn:g", "/update", "/store/people"])
def test_a_body_of_unknown_length_is_refused(client: httpx.Client, path: str) -> None:
    refused = client.post(path, content=iter([b"<urn:a> <urn:b> 1 ."]), headers=TURTLE)
    assert refused.status_code == 411
    assert "Content-Length" in refused.json()["hint"]


@pytest.mark.parametrize("part", [
    {"data": {"a": "<urn:a> <urn:b> 1 ."}, "files": {"b": ("b.ttl", "<urn:a> <urn:b> 2 .")}},
    {"files": {"b": ("b.docx", "x", "")}},
    {"files": {"b": ("b.ttl", "<urn:a> <urn:b>", "text/turtle"), "c": ("c.ttl", "")}},
    {"content": b"--x\r\nbroken", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
    {"content": b"broken", "headers": {"Content-Type": "multipart/form-data"}},
])
def test_a_form_that_holds_something_else_than_graphs_is_refused(
    client: httpx.Client, part: dict[str, Any]
) -> None:
    refused = client.post("/store", params=G, **part)
    assert refused.status_code in (400, 415), refused.text
    assert count(client, "urn:g") == -1


def test_the_files_of_a_form_are_merged_and_their_blank_nodes_kept_apart(
    client: httpx.Client,
) -> None:
    files = [("f", ("one.ttl", "_:x <urn:b> 1 .")), ("f", ("two.nt", "_:x <urn:c> _:x .")),
             ("f", ("three", "_:x <urn:b> 1 .", "text/turtle"))]
    assert client.post("/store", params=G, files=files).status_code == 201
    asked = client.get("/sparql", params={
        "query": "SELECT DISTINCT ?x { GRAPH <urn:g> { ?x ?p ?o } }", "format": "csv"})
    assert len(asked.text.split()) == 1 + 3


def test_nothing_posted_changes_nothing(client: httpx.Client, scratch: Writing) -> None:
    version = scratch.changes.version
    assert client.post("/store", params=G, content=b"", headers=TURTLE).status_code == 204
    assert client.post("/store", content=b"", headers=TURTLE).status_code == 204
    assert scratch.changes.version == version


# -- what is said of it --------------------------------------------------------------------------


def test_a_write_says_what_it_did(client: httpx.Client, scratch: Writing) -> None:
    made = client.put("/store", params=G, content=b"<urn:a> <urn:b> 1, 2 .", headers=TURTLE)
    assert (made.status_code, made.json()["inserted"], made.json()["deleted"]) == (201, 2, 0)
    assert made.json()["graphs"]["urn:g"] == {
        "inserted": 2, "deleted": 0, "created": True, "dropped": False}
    assert made.json()["version"] == scratch.changes.version
    replaced = client.put("/store", params=G, content=b"<urn:a> <urn:b> 2, 3, 4 .",
                          headers=TURTLE)
    assert (replaced.status_code, replaced.content) == (204, b"")
    assert "Content-Type" not in replaced.headers
    assert replaced.headers["IERO-Change"].endswith("inserted=2, deleted=1")
    told = client.put("/store", params=G, content=b"", headers={
        **TURTLE, "Accept": "application/json"})
    assert (told.status_code, told.json()["deleted"]) == (200, 3)
    added = client.post("/store", params=G, content=b"<urn:a> <urn:b> 1 .", headers=TURTLE)
    assert (added.status_code, added.json()["inserted"]) == (200, 1)
    again = client.post("/store", params=G, content=b"<urn:a> <urn:b> 1 .", headers=TURTLE)
    assert (again.status_code, again.json()["inserted"]) == (200, 0)
    gone = client.delete("/store", params=G)
    assert (gone.status_code, gone.json()["graphs"]["urn:g"]["dropped"]) == (200, True)


def test_an_update_says_what_it_did_in_each_graph(client: httpx.Client) -> None:
    answer = client.post("/update", headers=UPDATE, content="""
        INSERT DATA { GRAPH <urn:g> { <urn:a> <urn:b> 1, 2 } GRAPH <urn:h> { <urn:a> <urn:b> 1 } } ;
        DELETE WHERE { GRAPH <urn:g> { <urn:a> <urn:b> 2 } }""")
    assert answer.status_code == 200  # what it made has no address here, so not 201
    told = answer.json()
    assert (told["inserted"], told["deleted"]) == (2, 0)  # what differs, not what was done
    assert {graph: each["inserted"] for graph, each in told["graphs"].items()} == {
        "urn:g": 1, "urn:h": 1}


@pytest.mark.parametrize("how", [{"headers": {"Prefer": "handling=validate"}},
                                 {"params": {"dry-run": ""}}, {"params": {"dry-run": "true"}}])
def test_a_rehearsal_says_what_would_be_done_and_does_nothing(
    client: httpx.Client, scratch: Writing, how: dict[str, Any]
) -> None:
    client.put("/store", params=G, content=b"<urn:a> <urn:b> 1 .", headers=TURTLE)
    version = scratch.changes.version
    headers = how.get("headers", {})
    told = client.put("/store", params={**G, **how.get("params", {})},
                      content=b"<urn:a> <urn:b> 2, 3 .", headers={**TURTLE, **headers})
    assert told.status_code == 200
    assert told.json()["dry_run"] is True
    assert (told.json()["inserted"], told.json()["deleted"]) == (2, 1)
    assert ("Preference-Applied" in told.headers) == bool(headers)
    new = client.put("/store", params={**H, **how.get("params", {})}, content=b"",
                     headers={**TURTLE, **headers})
    assert (new.status_code, new.json()["graphs"]["urn:h"]["created"]) == (200, True)
    assert client.post("/update", params=how.get("params"), data={"update": "DROP ALL"},
                       headers=headers).json()["deleted"] == 1
    assert scratch.changes.version == version
    assert (count(client, "urn:g"), count(client, "urn:h")) == (1, -1)


def test_a_rehearsal_may_be_refused_expressly(client: httpx.Client) -> None:
    told = client.put("/store", params={**G, "dry-run": "false"}, content=b"<urn:a> <urn:b> 1 .",
                      headers={**TURTLE, "Prefer": "handling=validate"})
    assert (told.status_code, count(client, "urn:g")) == (201, 1)
    wrong = client.put("/store", params={**G, "dry-run": "maybe"}, content=b"", headers=TURTLE)
    assert wrong.status_code == 400


# -- what the shapes refuse ----------------------------------------------------------------------

SH = rdflib.Namespace("http://www.w3.org/ns/shacl#")
MENTION = b"""@prefix oa: <http://www.w3.org/ns/oa#> .
<https://example.org/mine/mention> a oa:Annotation ; oa:motivatedBy oa:tagging ;
    oa:hasBody <https://w3id.org/iero/Venting> ."""
"""An annotation without its target, and without anybody who made it."""


def refused_by_shapes(client: httpx.Client, secret: str, accept: str) -> httpx.Response:
    version = client.get("/version").json()
    refused = client.put("/store", params={"graph": MINE}, content=MENTION,
                         headers={**bearer(secret), "Accept": accept})
    assert refused.status_code == 422, refused.text
    assert count(client, MINE) == -1
    assert client.get("/version").json() == version
    return refused


@pytest.mark.parametrize(("media_type", "parser"), [
    ("text/turtle", "turtle"), ("application/ld+json", "json-ld"),
    ("application/n-triples", "nt"), ("application/rdf+xml", "xml")])
def test_the_report_of_the_shapes_is_sent_in_rdf(
    owned: httpx.Client, secret: str, media_type: str, parser: str
) -> None:
    refused = refused_by_shapes(owned, secret, media_type)
    assert refused.headers["Content-Type"].partition(";")[0] == media_type
    report = rdflib.Graph().parse(data=refused.content, format=parser)
    node = report.value(None, rdflib.RDF.type, SH.ValidationReport)
    assert report.value(node, SH.conforms).toPython() is False
    results = list(report.objects(node, SH.result))
    assert len(results) >= 2
    for result in results:
        assert report.value(result, SH.focusNode) == \
            rdflib.URIRef("https://example.org/mine/mention")
        for member in (SH.resultMessage, SH.resultSeverity, SH.sourceConstraintComponent,
                       SH.sourceShape):
            assert report.value(result, member) is not None


@pytest.mark.parametrize("accept", ["*/*", "application/problem+json", "application/json",
                                    "image/png"])
def test_the_report_of_the_shapes_is_a_list_in_json(
    owned: httpx.Client, secret: str, accept: str
) -> None:
    refused = refused_by_shapes(owned, secret, accept)
    assert refused.headers["Content-Type"] == "application/problem+json"
    problem = refused.json()
    assert (problem["status"], problem["title"]) == (422, "Invalid change")
    messages = [result["message"] for result in problem["results"]]
    assert any("Nothing says where this annotation comes from." in text for text in messages)
    assert any("The target of an annotation" in text for text in messages)
    assert {result["severity"] for result in problem["results"]} == {"Violation"}


def test_the_report_of_the_shapes_is_sent_as_text_and_as_a_page(
    owned: httpx.Client, secret: str
) -> None:
    text = refused_by_shapes(owned, secret, "text/plain")
    assert text.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "The target of an annotation" in text.text
    page = refused_by_shapes(owned, secret, "text/html,*/*;q=0.8")
    assert page.headers["Content-Type"].startswith("text/html")


def test_a_rehearsal_is_refused_by_the_shapes_too(owned: httpx.Client, secret: str) -> None:
    refused = owned.put("/store", params={"graph": MINE, "dry-run": ""}, content=MENTION,
                        headers=bearer(secret))
    assert refused.status_code == 422


def test_an_update_is_held_against_the_shapes(
    owned: httpx.Client, secret: str, writing: Writing
) -> None:
    update = {**bearer(secret), **UPDATE}
    refused = owned.post("/update", headers=update, content=f"""
        INSERT DATA {{ GRAPH <{MINE}> {{ <urn:a> <urn:b> 1 .
            <urn:m> a <http://www.w3.org/ns/oa#Annotation> }} }}""")
    assert refused.status_code == 422
    assert log(writing)[-1]["status"] == 422
    fine = owned.post("/update", headers=update,
                      content=f"INSERT DATA {{ GRAPH <{MINE}> {{ <urn:a> <urn:b> 1 }} }}")
    assert (fine.status_code, fine.json()["inserted"]) == (200, 1)
    assert owned.delete("/store", params={"graph": MINE},
                        headers=bearer(secret)).status_code == 200


# -- conditions ----------------------------------------------------------------------------------


def test_a_graph_has_an_entity_tag_that_changes_with_it_alone(client: httpx.Client) -> None:
    client.put("/store", params=G, content=b"<urn:a> <urn:b> 1 .", headers=TURTLE)
    first = client.get("/store", params=G)
    assert first.headers["ETag"].startswith('"')
    assert client.head("/store", params=G).headers["ETag"] == first.headers["ETag"]
    other = client.get("/store", params=G, headers={"Accept": "application/ld+json"})
    assert other.headers["ETag"] != first.headers["ETag"]
    client.put("/store", params=H, content=b"<urn:a> <urn:b> 1 .", headers=TURTLE)
    again = client.get("/store", params=G, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    client.post("/store", params=G, content=b"<urn:a> <urn:b> 2 .", headers=TURTLE)
    fresh = client.get("/store", params=G, headers={"If-None-Match": first.headers["ETag"]})
    assert fresh.status_code == 200


@pytest.mark.parametrize("accept", ["text/turtle", "application/ld+json", "application/n-triples"])
def test_a_write_on_the_condition_that_nobody_else_has_written(
    client: httpx.Client, accept: str
) -> None:
    client.put("/store", params=G, content=b"<urn:a> <urn:b> 1 .", headers=TURTLE)
    tag = client.get("/store", params=G, headers={"Accept": accept}).headers["ETag"]
    client.put("/store", params=H, content=b"", headers=TURTLE)  # no business of G's
    mine = client.put("/store", params=G, content=b"<urn:a> <urn:b> 2 .",
                      headers={**TURTLE, "If-Match": f'"other", {tag}'})
    assert mine.status_code == 204
    late = client.put("/store", params=G, content=b"<urn:a> <urn:b> 3 .",
                      headers={**TURTLE, "If-Match": tag})
    assert late.status_code == 412
    assert client.delete("/store", params=G, headers={"If-Match": tag}).status_code == 412
    assert "<urn:b> 2 ." in client.get("/store", params=G).text


def test_the_tag_of_a_compressed_answer_fits_too(client: httpx.Client) -> None:
    body = b"".join(b"<urn:a> <urn:b> %d .\n" % number for number in range(400))
    client.put("/store", params=G, content=body, headers=TURTLE)
    read = client.get("/store", params=G, headers={"Accept-Encoding": "gzip"})
    plain = client.get("/store", params=G, headers={"Accept-Encoding": "identity"})
    if read.headers.get("Content-Encoding") == "gzip":
        assert read.headers["ETag"] != plain.headers["ETag"]
    for tag in (read.headers["ETag"], plain.headers["ETag"]):
        told = client.put("/store", params={**G, "dry-run": ""}, content=b"",
                          headers={**TURTLE, "If-Match": tag})
        assert told.status_code == 200, told.text


@pytest.mark.parametrize("name", ["If-Match", "If-None-Match"])
def test_a_condition_that_is_no_tag_is_no_failure_of_the_service(
    client: httpx.Client, name: str
) -> None:
    for value in (",", "", "x, ,", '"', "W/"):
        told = client.put("/store", params=G, content=b"", headers={**TURTLE, name: value})
        assert told.status_code in (201, 204, 412), value


def test_a_weak_tag_is_not_enough_for_a_write(client: httpx.Client) -> None:
    client.put("/store", params=G, content=b"<urn:a> <urn:b> 1 .", headers=TURTLE)
    tag = client.get("/store", params=G).headers["ETag"]
    refused = client.put("/store", params=G, content=b"", headers={
        **TURTLE, "If-Match": f"W/{tag}"})
    assert refused.status_code == 412  # strong comparison: RFC 9110, section 13.1.1


def test_a_graph_is_made_only_if_there_is_none_and_replaced_only_if_there_is(
    client: httpx.Client,
) -> None:
    new, old = {**TURTLE, "If-None-Match": "*"}, {**TURTLE, "If-Match": "*"}
    assert client.put("/store", params=G, content=b"", headers=old).status_code == 412
    assert count(client, "urn:g") == -1
    assert client.put("/store", params=G, content=b"", headers=new).status_code == 201
    assert client.put("/store", params=G, content=b"", headers=new).status_code == 412
    assert client.put("/store", params=G, content=b"", headers=old).status_code == 204


def test_an_update_on_the_condition_that_the_store_has_not_changed(
    client: httpx.Client, scratch: Writing
) -> None:
    first, update = ({"update": f"INSERT DATA {{ <urn:a> <urn:b> {n} }}"} for n in (1, 2))
    tag = client.post("/update", data=first).json()["etag"]
    assert tag == scratch.changes.version
    assert client.post("/update", data=update, headers={"If-Match": f'"{tag}"'}).status_code == 200
    late = client.post("/update", data=update, headers={"If-Match": f'"{tag}"'})
    assert (late.status_code, late.json()["title"]) == (412, "Precondition failed")


# -- the audit log -------------------------------------------------------------------------------


def test_each_write_is_written_down_once_refused_ones_too_and_no_secret(
    owned: httpx.Client, writing: Writing, secret: str
) -> None:
    before = len(log(writing)) if writing.audit.path.exists() else 0
    headers = bearer(secret)
    first = owned.put("/store", params={"graph": MINE}, content=b"<urn:a> <urn:b> 1 .",
                      headers=headers)
    owned.put("/store", params={"graph": "urn:no"}, content=b"", headers=headers)
    owned.post("/update", headers={**headers, **UPDATE}, content="INSERT DATA {")
    owned.delete("/store", params={"graph": MINE, "dry-run": ""}, headers=headers)
    owned.delete("/store", params={"graph": MINE}, headers=headers)
    owned.delete("/store", params={"graph": MINE})  # nobody: not in the log
    lines = log(writing)[before:]
    assert [(line["operation"], line["outcome"]) for line in lines] == [
        ("put", "done"), ("put", "refused"), ("update", "refused"), ("delete", "rehearsed"),
        ("delete", "done")]
    assert {line["token"] for line in lines} == {"notes"}
    assert {line["client"] for line in lines} == {"127.0.0.1"}
    assert lines[0]["request"] == first.headers["X-Request-Id"] != ""
    assert lines[0]["graphs"] == {MINE: {"inserted": 1, "deleted": 0}}
    assert [line["status"] for line in lines if line["outcome"] == "refused"] == [403, 400]
    assert lines[4]["version"] == writing.changes.version
    assert all(datetime.fromisoformat(line["time"]).tzinfo for line in lines)
    assert secret not in writing.audit.path.read_text()
    assert writing.audit.path.stat().st_mode & 0o777 == 0o600


def test_a_log_that_cannot_be_written_is_told_together_with_what_was_done(
    client: httpx.Client, scratch: Writing, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(scratch.audit, "path", tmp_path)  # a folder
    told = client.put("/store", params=G, content=b"<urn:a> <urn:b> 1 .", headers=TURTLE)
    assert told.status_code == 500
    assert scratch.changes.version in told.json()["detail"]
    assert count(client, "urn:g") == 1
    refused = client.put("/store", params=H, content=b"<urn:a> <urn:b>", headers=TURTLE)
    assert refused.status_code == 400  # the reason that the client can do something about


# -- methods -------------------------------------------------------------------------------------


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
