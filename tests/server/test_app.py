"""The application in process, through WSGI: every case, at the root and below a base path."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest
from iero.errors import BadParameter, IeroError
from iero.graph import KnowledgeGraph
from iero.server import create_app

HERE = Path(__file__).parent
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")  # by rdflib
PAGES = (
    "/",
    "/sparql",
    "/sparql?query=ASK{}",
    "/sparql?query=ASK",
    "/queries",
    "/queries/kinds",
    "/term/Venting",
    "/ontology",
    "/search?q=venting",
    "/browse",
    "/browse/Venting",
    "/compare?term=Venting",
    "/evidence",
    "/claims?about=Venting",
    "/conflicts",
    "/names",
    "/term/claim/venting-feeds-anger",
    "/work?iri=https://doi.org/10.1000/venting",
    "/docs",
    "/docs/model",
    "/status",
    "/tag",
    "/nothing",
)


def client_of(graph: KnowledgeGraph, base_path: str = "", **options: Any) -> httpx.Client:
    app = create_app(graph, base_path=base_path, **options)
    return httpx.Client(
        transport=httpx.WSGITransport(app=app), base_url="http://iero.test" + base_path
    )


@pytest.fixture(scope="module", params=["", "/a/b"], ids=["root", "below /a/b"])
def client(request: pytest.FixtureRequest, served: KnowledgeGraph) -> Iterator[httpx.Client]:
    with client_of(served, request.param, release="1-abc") as made:
        yield made


@pytest.fixture
def root(served: KnowledgeGraph) -> Iterator[httpx.Client]:
    with client_of(served, release="1-abc") as made:
        yield made


@pytest.mark.cases("protocol.yaml", "pages.yaml", "questions.yaml")
def test_case(client: httpx.Client, case: dict[str, Any], exchange: Callable[..., object]) -> None:
    exchange(client, case)


class _Page(HTMLParser):
    """What a page refers to, and which elements and attributes it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.scripts: list[dict[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if ("type", "application/ld+json") not in attrs:  # data, which no browser runs
            self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.scripts += [dict(attrs)] if tag == "script" else []
        self.addresses += [
            value or "" for name, value in attrs if name in ("href", "src", "action")
        ]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_no_code_in_it_and_nothing_from_elsewhere(client: httpx.Client, path: str
                                                              ) -> None:
    page = _Page(client.get(path, headers=BROWSER).text)
    assert {"html", "title", "h1", "main"} <= page.tags
    assert not page.tags & {"iframe", "object", "embed", "style"}
    scripts = f"{str(client.base_url.path).rstrip('/')}/scripts/"
    for script in page.scripts:
        ours = script.get("type") == "module" and str(script.get("src")).startswith(scripts)
        assert ours or script.get("type") in ("application/json", "application/ld+json")
    assert not {name for name in page.attributes if name.startswith("on") or name == "style"}


@pytest.mark.parametrize("path", PAGES)
def test_every_own_link_of_a_page_leads_somewhere(client: httpx.Client, path: str) -> None:
    addresses = _Page(client.get(path, headers=BROWSER).text).addresses
    own = {address for address in addresses if address.startswith("/")}
    assert len(own) > 5
    base = str(client.base_url.path).rstrip("/")
    for address in own:
        assert address.startswith(base + "/")
        response = client.get(address[len(base) :], headers=BROWSER)
        if "/term/" not in address:  # the tiny data set names more terms than it describes
            assert response.status_code == 200, address


@pytest.mark.parametrize(
    "path",
    [
        "/term/Venting",
        "/term/Venting.ttl",
        "/term/Venting.html",
        "/ontology",
        "/ontology.owl",
        "/queries",
        "/queries/kinds",
        "/queries/kinds.rq",
    ],
)
def test_release_data_is_revalidated_by_its_entity_tag(root: httpx.Client, path: str) -> None:
    first = root.get(path)
    assert first.status_code == 200
    assert "1-abc" in first.headers["etag"]
    again = root.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["access-control-allow-origin"] == "*"
    assert root.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_each_representation_has_its_own_entity_tag(root: httpx.Client) -> None:
    accepts = ["text/turtle", "application/rdf+xml", "application/ld+json", "text/html"]
    tags = {
        root.get("/term/Venting", headers={"Accept": accept}).headers["etag"] for accept in accepts
    }
    assert len(tags) == len(accepts)


def test_a_failure_has_no_entity_tag(root: httpx.Client) -> None:
    tag = root.get("/term/Venting").headers["etag"]
    missing = root.get("/term/Ventng", headers={"If-None-Match": tag})
    assert missing.status_code == 404
    assert "etag" not in missing.headers


def test_data_that_may_change_has_no_entity_tag(served: KnowledgeGraph) -> None:
    with client_of(served) as changing:
        assert "etag" not in changing.get("/term/Venting").headers


def test_every_iero_error_becomes_a_problem_with_its_status(served: KnowledgeGraph) -> None:
    app = create_app(served)
    kinds = _all_kinds(IeroError)
    assert len(kinds) > 10

    for number, kind in enumerate(kinds):

        def fail(kind: type[IeroError] = kind) -> None:
            raise kind("what", hint="remedy", extra=1)

        app.add_url_rule(f"/fail/{number}", endpoint=f"fail{number}", view_func=fail)
    with httpx.Client(
        transport=httpx.WSGITransport(app=app), base_url="http://iero.test"
    ) as client:
        for number, kind in enumerate(kinds):
            response = client.get(f"/fail/{number}")
            assert response.status_code == kind.status
            assert response.headers["content-type"] == "application/problem+json"
            assert response.json() == {
                "type": "about:blank",
                "title": kind.title,
                "status": kind.status,
                "detail": "what",
                "hint": "remedy",
                "extra": 1,
                "request_id": response.headers["x-request-id"],
            }
            page = client.get(f"/fail/{number}", headers=BROWSER)
            assert page.status_code == kind.status
            assert "remedy" in page.text


def _all_kinds(kind: type[IeroError]) -> list[type[IeroError]]:
    return [kind, *(below for child in kind.__subclasses__() for below in _all_kinds(child))]


def test_an_unforeseen_failure_says_nothing_about_the_inside(
    served: KnowledgeGraph, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(served)

    def fail() -> None:
        raise RuntimeError("secret-detail")

    app.add_url_rule("/fail", view_func=fail)
    with httpx.Client(
        transport=httpx.WSGITransport(app=app), base_url="http://iero.test"
    ) as client:
        for headers in ({}, BROWSER):
            response = client.get("/fail", headers=headers)
            assert response.status_code == 500
            assert "secret-detail" not in response.text
    assert "secret-detail" in caplog.text


def test_an_answer_above_its_limit_is_an_error_and_not_a_part_of_it(served: KnowledgeGraph) -> None:
    with client_of(served, answer_limit=500) as limited:
        response = limited.get("/sparql", params={"query": "SELECT * { ?s ?p ?o }"})
        assert response.status_code == 503
        assert response.json()["limit"] == 500
        assert limited.get("/sparql", params={"query": "ASK {}"}).status_code == 200


def test_a_long_answer_arrives_whole(root: httpx.Client) -> None:
    query = "SELECT * { ?a ?p ?x . ?b ?q ?y . ?c ?r ?z }"
    rows = 21**3
    response = root.get("/sparql", params={"query": query, "format": "tsv"},
                        headers={"Accept-Encoding": "identity"})
    assert len(response.text.splitlines()) == rows + 1
    assert int(response.headers["content-length"]) == len(response.content) > 1 << 20


def test_a_page_says_that_it_shows_the_beginning_only(root: httpx.Client) -> None:
    query = "SELECT ?a ?b ?c { ?a ?p ?x . ?b ?q ?y . ?c ?r ?z }"
    text = root.get("/sparql", params={"query": query}, headers=BROWSER).text
    assert "the first 1,000 rows" in text
    assert "the downloads have everything" in text
    assert text.count("<tr>") == 1001


def test_forwarded_headers_count_only_from_trusted_proxies(served: KnowledgeGraph) -> None:
    forwarded = {
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "kg.example",
        "X-Forwarded-Prefix": "/kg",
    }
    for proxies, endpoint in ((0, "http://iero.test/sparql"), (1, "https://kg.example/kg/sparql")):
        with client_of(served, trusted_proxies=proxies) as client:
            assert client.get("/", headers=forwarded).json()["entries"]["sparql"] == endpoint


def test_a_proxy_may_strip_the_base_path(served: KnowledgeGraph) -> None:
    app = create_app(served, base_path="/a/b")
    with httpx.Client(
        transport=httpx.WSGITransport(app=app), base_url="http://iero.test"
    ) as stripped:
        assert 'href="/a/b/queries"' in stripped.get("/", headers=BROWSER).text
        assert stripped.get("/a/bc").status_code == 404


@pytest.mark.parametrize("base_path", ["a/b", "/a/", "/", "//a", "/a?b", "/a b"])
def test_what_is_no_base_path_is_refused(served: KnowledgeGraph, base_path: str) -> None:
    with pytest.raises(BadParameter, match="base path"):
        create_app(served, base_path=base_path)


def test_links_in_the_style_sheet_and_policy_stay_on_the_site(root: httpx.Client) -> None:
    style = root.get("/static/iero.css").text
    assert not re.search(r"url\(|@import", style)
    policy = root.get("/", headers=BROWSER).headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
