"""What the shapes refuse, and how they say so."""

from __future__ import annotations

import httpx
import pytest
import rdflib
from iero.server.writing import Writing

from tests.server.writing.conftest import MINE, UPDATE, bearer, count, log

pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")  # by rdflib


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
