"""``/search-string/<name>``: plain text to paste, JSON with notes, and a page to copy from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from iero.graph import KnowledgeGraph
from iero.server import create_app

SAMPLE = Path(__file__).parents[1] / "search_strings" / "sample.ttl"
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    app = create_app(KnowledgeGraph.open(SAMPLE), base_path="/iero", release="1-abc")
    with httpx.Client(transport=httpx.WSGITransport(app=app),
                      base_url="http://iero.test/iero") as made:
        yield made


def test_plain_text_is_the_string_and_nothing_else(client: httpx.Client) -> None:
    answer = client.get("/search-string/PanicDisorder")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text == '("panic disorder*"[tiab] OR "Panic Disorder"[mh])\n'
    other = client.get("/search-string/panic disorder", params={"for": "psycinfo", "near": 2})
    assert other.text == "((panic adj3 disorder*)).ti,ab.\n"


def test_json_has_the_notes_beside_it(client: httpx.Client) -> None:
    for request in ({"params": {"format": "json"}}, {"headers": {"Accept": "application/json"}}):
        found = client.get("/search-string/SocialAnxietyDisorder", **request).json()
        assert found["database"] == "pubmed"
        assert found["concept"] == "https://w3id.org/iero/SocialAnxietyDisorder"
        assert any("seasonal affective disorder" in note for note in found["notes"])


def test_a_page_has_a_string_for_every_database_and_the_notes(client: httpx.Client) -> None:
    page = client.get("/search-string/SocialAnxietyDisorder", headers=BROWSER)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for part in ("PubMed", "TITLE-ABS-KEY(", "TS=(", ".ti,ab.", "seasonal affective disorder",
                 "/iero/term/SocialAnxietyDisorder", "readonly", "<label for="):
        assert part in page.text
    empty = {"near": "", "narrower": "false", "wordings": "true"}
    assert client.get("/search-string/Venting", params=empty, headers=BROWSER).status_code == 200


@pytest.mark.parametrize(("path", "status"), [
    ("/search-string/Ventng", 404), ("/search-string/Venting?for=google", 400),
    ("/search-string/Venting?near=x", 400), ("/search-string/Venting?near=1000", 400),
    ("/search-string/Venting?narrower=maybe", 400),
    ("/search-string/Venting?for=wos&for=ovid", 400),
    ("/search-string/Venting?sort=date", 400), ("/search-string/Venting?format=pdf", 406),
])
def test_a_wrong_request_is_a_problem(client: httpx.Client, path: str, status: int) -> None:
    answer = client.get(path)
    assert answer.status_code == answer.json()["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_client_that_takes_neither_is_told(client: httpx.Client) -> None:
    assert client.get("/search-string/Venting", headers={"Accept": "image/png"}).status_code == 406


def test_the_page_of_a_term_leads_to_its_strings(client: httpx.Client) -> None:
    page = client.get("/term/Venting", headers=BROWSER).text
    assert "/iero/search-string/Venting" in page
