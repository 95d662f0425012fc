"""Attacks that `docs/security.md` names, each with what stands against it."""

from __future__ import annotations

import gzip
import re
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest
from iero.changes import Changes
from iero.directory import DataDirectory
from iero.graph import KnowledgeGraph
from iero.pool import Limits, Pool
from iero.server import create_app
from iero.server.writing import Writing

ROOT = Path(__file__).parents[2]
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
SCRIPT = "<script>alert(1)</script>"
QUOTED = '"><img src=x onerror=alert(1)>'


def transport_of(graph: KnowledgeGraph, **options: Any) -> httpx.Client:
    app = create_app(graph, **options)
    return httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://iero.test")


@pytest.fixture(scope="module")
def client(shipped: KnowledgeGraph) -> Iterator[httpx.Client]:
    with transport_of(shipped, shipped=True) as made:
        yield made


@pytest.fixture(scope="module")
def scratch() -> Iterator[httpx.Client]:
    """A scratch store, to send documents to."""
    changes = Changes.scratch(limits=Limits(seconds=5))
    pool = Pool(DataDirectory(changes.directory.path), size=2)
    with transport_of(KnowledgeGraph(pool), writing=Writing(changes, None, scratch=True)) as made:
        yield made
    pool.close()
    changes.close()


# -- paths -----------------------------------------------------------------------------------------

UP = ["../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..%5c", "....//", "%252e%252e%252f"]


@pytest.mark.parametrize("up", UP)
@pytest.mark.parametrize("place", ["/static/", "/scripts/", "/queries/", "/term/", "/ontology/",
                                   "/search-string/", "/store/"])
def test_no_path_leads_out_of_its_folder(client: httpx.Client, place: str, up: str) -> None:
    for target in ("pyproject.toml", "etc/passwd", "app.py", "server/app.py"):
        for depth in (1, 2, 8):
            answer = client.get(place + up * depth + target)
            assert answer.status_code in (400, 403, 404, 405), answer.text[:200]
            assert "root:" not in answer.text
            assert "[project]" not in answer.text
            assert "create_app" not in answer.text


# -- documents -------------------------------------------------------------------------------------

SECRET = "the-secret-of-this-file"
PUBMED = """<?xml version="1.0"?>
<!DOCTYPE PubmedArticleSet [{entities}]>
<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>1</PMID><Article>
<ArticleTitle>Emotional contagion &x;</ArticleTitle></Article></MedlineCitation></PubmedArticle>
</PubmedArticleSet>"""
RDFXML = """<?xml version="1.0"?>
<!DOCTYPE rdf:RDF [{entities}]>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="urn:e:">
<rdf:Description rdf:about="urn:a"><e:p>&x;</e:p></rdf:Description></rdf:RDF>"""
LAUGHS = '<!ENTITY a0 "ha">' + "".join(
    f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10)) + '<!ENTITY x "&a9;">'


@pytest.fixture
def entities(tmp_path: Path, trap: Any) -> dict[str, str]:
    (tmp_path / "secret").write_text(SECRET)
    return {"file": f'<!ENTITY x SYSTEM "file://{tmp_path}/secret">',
            "network": f'<!ENTITY x SYSTEM "{trap.url}entity">',
            "parameter": f'<!ENTITY % p SYSTEM "{trap.url}dtd"> %p; <!ENTITY x "y">',
            "laughs": LAUGHS}


@pytest.mark.parametrize("attack", ["file", "network", "parameter", "laughs"])
def test_entities_in_a_tagged_file_are_not_followed(
    client: httpx.Client, entities: dict[str, str], trap: Any, attack: str
) -> None:
    calls, began = len(trap.calls), time.monotonic()
    text = PUBMED.format(entities=entities[attack])
    answer = client.post("/tag", files={"file": ("records.xml", text, "text/xml")})
    assert answer.status_code in (200, 400, 413, 415), answer.text
    assert SECRET not in answer.text
    assert "hahaha" not in answer.text
    assert len(trap.calls) == calls
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("attack", ["file", "network", "parameter", "laughs"])
def test_entities_in_a_written_document_are_not_followed(
    scratch: httpx.Client, entities: dict[str, str], trap: Any, attack: str
) -> None:
    calls, began = len(trap.calls), time.monotonic()
    answer = scratch.put("/store", params={"graph": "urn:g"},
                         content=RDFXML.format(entities=entities[attack]),
                         headers={"Content-Type": "application/rdf+xml"})
    assert answer.status_code in (200, 201, 204, 400, 413, 503), answer.text
    held = scratch.get("/store", params={"graph": "urn:g"})
    assert SECRET not in answer.text + held.text
    assert len(held.content) < 1 << 20
    assert len(trap.calls) == calls
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("bomb", ["[" * 200_000, '{"records":' * 90_000, '{"text":' + "[" * 99_999,
                                  "[" * 100_000 + "]" * 100_000])
def test_deep_json_is_a_mistake_and_no_failure(client: httpx.Client, bomb: str) -> None:
    for media_type in ("application/json", "application/x-ndjson"):
        answer = client.post("/tag", content=bomb, headers={"Content-Type": media_type})
        assert answer.status_code == 400, answer.text[:200]


def test_deep_json_ld_is_a_mistake_and_no_failure(scratch: httpx.Client) -> None:
    for bomb in ('{"@graph":[' * 20_000, '[' * 100_000, '{"urn:p":' * 20_000 + "1" + "}" * 20_000):
        answer = scratch.put("/store", params={"graph": "urn:g"}, content=bomb,
                             headers={"Content-Type": "application/ld+json"})
        assert answer.status_code in (400, 413, 503), answer.text[:200]
    assert scratch.get("/sparql", params={"query": "ASK {}"}).status_code == 200


def test_a_file_that_unpacks_to_a_gigabyte_is_not_unpacked(
    client: httpx.Client, scratch: httpx.Client
) -> None:
    packed = gzip.compress(b"0" * (1 << 30), 1)
    for headers in ({}, {"Content-Encoding": "gzip"}):
        answer = client.post("/tag", content=packed[:900_000],
                             headers={"Content-Type": "text/plain", **headers})
        assert answer.status_code in (400, 415)
    answer = client.post("/tag", files={"file": ("x.ris", packed[:900_000])})
    assert answer.status_code == 415
    began = time.monotonic()
    answer = scratch.put("/store", params={"graph": "urn:g"}, content=packed, headers={
        "Content-Type": "application/n-triples", "Content-Encoding": "gzip"})
    assert answer.status_code == 413
    assert time.monotonic() - began < 10


# -- SPARQL ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [
    "PanicDisorder> } UNION { ?s ?p ?o } #", "iero:PanicDisorder } SERVICE <http://192.0.2.1/> {",
    '"} } LIMIT 1 #', "https://w3id.org/iero/PanicDisorder> <urn:x", "\\u003E } #", "?s", "<urn:x>",
    "PanicDisorder\n} #", "\0", "iero:PanicDisorder . ?a ?b ?c",
])
def test_nothing_gets_into_a_question_through_its_parameters(
    client: httpx.Client, value: str
) -> None:
    for headers in ({}, BROWSER):
        answer = client.get("/queries/strategies-that-maintain-a-disorder",
                            params={"disorder": value}, headers=headers)
        assert answer.status_code in (400, 404), answer.text[:300]
    for path in ("/term/", "/search-string/"):
        assert client.get(path + httpx.URL("http://x", params={"v": value}).query.decode()[2:]
                          ).status_code in (400, 404)


@pytest.mark.parametrize("query", [
    "INSERT DATA { <urn:a> <urn:b> <urn:c> }", "DROP ALL", "LOAD <http://192.0.2.1/>",
    "ASK { SERVICE <http://192.0.2.1/> { ?s ?p ?o } }", "ASK { SERVICE ?x { } }",
    "ASK { \\u0053ERVICE <http://192.0.2.1/> { ?s ?p ?o } }",
])
def test_a_query_changes_nothing_and_calls_nobody(client: httpx.Client, query: str) -> None:
    for answer in (client.get("/sparql", params={"query": query}),
                   client.post("/sparql", data={"query": query}),
                   client.post("/sparql", content=query,
                               headers={"Content-Type": "application/sparql-query"})):
        assert answer.status_code in (400, 403), answer.text


# -- pages -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Data that attack whoever looks at them: in names, texts, languages, addresses."""
    label = SCRIPT.replace('"', '\\"') + QUOTED.replace('"', '\\"')
    file = tmp_path_factory.mktemp("hostile") / "data.nq"
    graph = "<https://w3id.org/iero/graph/ontology>"
    evil, iero = "<https://w3id.org/iero/Evil>", "https://w3id.org/iero/"
    lines = [
        f"{evil} <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> "
        "<http://www.w3.org/2002/07/owl#Class>",
        f'{evil} <http://www.w3.org/2000/01/rdf-schema#label> "{label}"@en',
        f'{evil} <http://purl.obolibrary.org/obo/IAO_0000115> "{label}"@en',
        f'{evil} <http://purl.obolibrary.org/obo/IAO_0000112> "{label}"@en',
        f'{evil} <http://www.geneontology.org/formats/oboInOwl#hasExactSynonym> "{label}"@en',
        f"{evil} <http://www.w3.org/2000/01/rdf-schema#subClassOf> <{iero}Parent>",
        f"{evil} <http://purl.org/dc/terms/source> <javascript:alert(1)>",
        f"{evil} <{iero}maintains> <data:text/html,alert(1)>",
        f'{evil} <javascript:alert(2)> "{label}"',
        f'<{iero}Parent> <http://www.w3.org/2000/01/rdf-schema#label> "{label}"@en',
    ]
    file.write_text("".join(f"{line} {graph} .\n" for line in lines))
    with transport_of(KnowledgeGraph.open(file)) as made:
        yield made


class _Page(HTMLParser):
    """The elements and attributes of a page that could run something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.inline: list[str] = []
        self.events: list[str] = []
        self.addresses: list[str] = []
        self._script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._script = tag == "script" and dict(attrs).get("type") != "application/ld+json"
        if tag == "img" and not dict(attrs).get("src", "").startswith("/static/"):
            self.inline.append("img")
        self.events += [name for name, _ in attrs if name.startswith("on")]
        self.addresses += [value or "" for name, value in attrs
                           if name in ("href", "src", "action", "formaction", "data")]

    def handle_data(self, data: str) -> None:
        if self._script and data.strip():
            self.inline.append(data)
        self._script = False


PLACES = [
    "/", "/term/Evil", "/ontology", "/search?q=alert", "/queries", "/search-string/Evil",
    "/sparql?query=SELECT%20*%20%7B%20%3Fs%20%3Fp%20%3Fo%20%7D",
    "/sparql?query=CONSTRUCT%20WHERE%20%7B%20%3Fs%20%3Fp%20%3Fo%20%7D",
    "/tag?text=alert%20Evil", "/nothing/" + SCRIPT, "/term/" + SCRIPT, "/search?q=" + SCRIPT,
    "/search?q=" + QUOTED, "/queries/" + SCRIPT, "/sparql?query=" + SCRIPT,
    "/sparql?query=ASK{}&format=" + SCRIPT, "/tag?text=" + QUOTED, "/tag?" + SCRIPT + "=1",
    "/search-string/" + SCRIPT, "/search-string/Evil?for=" + SCRIPT, "/store/" + SCRIPT,
    "/sparql?query=SELECT%20(%22" + SCRIPT + "%22%20AS%20%3Fx)%20%7B%7D",
]


@pytest.mark.parametrize("place", PLACES)
def test_nothing_of_data_or_request_runs_in_a_page(hostile: httpx.Client, place: str) -> None:
    answer = hostile.get(place, headers=BROWSER)
    assert answer.status_code < 500
    if answer.headers["content-type"].startswith("text/html"):
        page = _Page(answer.text)
        assert page.inline == []
        assert page.events == []
        assert not [each for each in page.addresses
                    if re.match(r"\s*(javascript|data|vbscript):", each, re.I)]
        policy = answer.headers["content-security-policy"]
        assert "unsafe-inline" not in policy
        assert "unsafe-eval" not in policy
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize("accept", ["application/sparql-results+xml", "application/rdf+xml",
                                    "text/csv", "application/json", "text/turtle"])
def test_data_run_nowhere_either(hostile: httpx.Client, accept: str) -> None:
    form = "CONSTRUCT WHERE" if accept in ("application/rdf+xml", "text/turtle") else "SELECT *"
    named = 'FILTER(!STRSTARTS(STR(?p), "javascript:"))'  # which RDF/XML cannot write
    form = form.replace(" WHERE", " { ?s ?p ?o }")
    answer = hostile.get("/sparql", params={"query": f"{form} {{ ?s ?p ?o {named} }}"},
                         headers={"Accept": accept})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(accept) or accept == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


# -- headers ---------------------------------------------------------------------------------------

ALWAYS = {
    "x-content-type-options": "nosniff", "x-frame-options": "DENY",
    "referrer-policy": "same-origin", "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "cross-origin", "access-control-allow-origin": "*",
}


@pytest.mark.parametrize(("method", "path"), [
    ("GET", "/"), ("GET", "/sparql?query=ASK%7B%7D"), ("GET", "/sparql?query=ASK"),
    ("GET", "/nothing"), ("DELETE", "/sparql"), ("OPTIONS", "/sparql"), ("HEAD", "/term/Venting"),
    ("POST", "/update"), ("PUT", "/store?graph=urn:g"), ("GET", "/static/iero.css"),
    ("GET", "/sparql?query=ASK%7B%7D&format=png"), ("POST", "/tag"), ("GET", "/openapi.json"),
])
@pytest.mark.parametrize("accept", ["*/*", BROWSER["Accept"]], ids=["program", "browser"])
def test_every_answer_has_the_headers_that_protect(
    client: httpx.Client, method: str, path: str, accept: str
) -> None:
    answer = client.request(method, path, headers={"Accept": accept, "Origin": "https://a.example",
                                                   "Cookie": "a=b"})
    assert {name: answer.headers.get(name) for name in ALWAYS} == ALWAYS
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "access-control-allow-credentials" not in answer.headers
    assert "set-cookie" not in answer.headers
    assert "strict-transport-security" not in answer.headers  # the proxy's, which has the TLS


def test_every_test_that_the_threat_model_names_exists() -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", page)
    assert len(named) >= 20
    for file, test in named:
        assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), (file, test)
