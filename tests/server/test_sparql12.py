"""RDF 1.2 and SPARQL 1.2: each feature that the documents claim, asked and written over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from iero.changes import Changes
from iero.directory import DataDirectory
from iero.graph import KnowledgeGraph
from iero.pool import Pool
from iero.server import create_app
from iero.server.writing import Writing

FEATURES = yaml.safe_load((Path(__file__).parent / "sparql12.yaml").read_text(encoding="utf-8"))
TRIPLE_TERMS = '<urn:r> <urn:p> <<( <urn:a> <urn:b> "x"@en--ltr )>> .\n'


@pytest.fixture(scope="module")
def service() -> Iterator[httpx.Client]:
    changes = Changes.scratch()
    pool = Pool(DataDirectory(changes.directory.path), size=2)
    app = create_app(KnowledgeGraph(pool), writing=Writing(changes, None, scratch=True))
    with httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://iero.test") as made:
        yield made
    pool.close()
    changes.close()


@pytest.fixture
def client(service: httpx.Client) -> httpx.Client:
    assert service.post("/update", data={"update": "DROP ALL"}).status_code == 200
    return service


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature["feature"])
def test_a_feature_works_over_http(client: httpx.Client, feature: dict[str, Any]) -> None:
    assert set(feature) <= {"feature", "example", "update", "query", "has"}
    if "update" in feature:
        done = client.post("/update", data={"update": feature["update"]})
        assert done.status_code == 200, done.text
    assert feature["has"]
    for fmt, texts in feature["has"].items():
        answer = client.get("/sparql", params={"query": feature["query"], "format": fmt})
        assert answer.status_code == 200, answer.text
        for text in texts:
            assert text in answer.text, fmt


@pytest.mark.parametrize("media_type", [
    "text/turtle", "application/n-triples", "application/rdf+xml"])
def test_triple_terms_and_directions_survive_the_graph_store(
    client: httpx.Client, media_type: str
) -> None:
    client.put("/store?graph=urn:g", content=TRIPLE_TERMS, headers={"Content-Type": "text/turtle"})
    read = client.get("/store?graph=urn:g", headers={"Accept": media_type})
    client.put("/store?graph=urn:h", content=read.content, headers={"Content-Type": media_type})
    back = client.get("/store?graph=urn:h", headers={"Accept": "application/n-triples"})
    assert back.text == TRIPLE_TERMS


def test_json_ld_which_has_no_triple_terms_is_not_acceptable_for_them(
    client: httpx.Client,
) -> None:
    client.put("/store?graph=urn:g", content=TRIPLE_TERMS, headers={"Content-Type": "text/turtle"})
    refused = client.get("/store?graph=urn:g", headers={"Accept": "application/ld+json"})
    assert (refused.status_code, refused.json()["title"]) == (406, "Not acceptable")
    assert "text/turtle" in refused.json()["available"]


def test_the_service_description_names_what_goes_beyond_sparql_11(client: httpx.Client) -> None:
    described = client.get("/sparql", headers={"Accept": "text/turtle"}).text
    assert "triple terms" in described
    assert "base direction" in described
    assert "languageExtension" in described


def test_guarded_data_may_have_them_too(tmp_path: Path) -> None:
    from iero.changes import EVERYTHING

    changes = Changes.open(tmp_path / "store", seed=[])
    try:
        done = changes.put("urn:g", TRIPLE_TERMS.encode() + b'<urn:r> <urn:q> "y"@en--rtl .',
                           "turtle", grants=EVERYTHING)
        assert done.inserted == 2
    finally:
        changes.close()
