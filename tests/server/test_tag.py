"""``/tag``: every way in, every way out, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import rdflib
from iero import Tagger
from iero.graph import KnowledgeGraph
from iero.server import create_app
from rdflib.namespace import RDF

TEXT = "Excessive reassurance seeking predicted panic disorder."
QUOTES = ["Excessive reassurance seeking", "panic disorder"]
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
OA = rdflib.Namespace("http://www.w3.org/ns/oa#")


@pytest.fixture(scope="module")
def client(shipped: KnowledgeGraph) -> Iterator[httpx.Client]:
    app = create_app(shipped, Tagger.open(), base_path="/iero", shipped=True, record_limit=5,
                     body_limit=20_000)
    with httpx.Client(transport=httpx.WSGITransport(app=app),
                      base_url="http://iero.test/iero") as made:
        yield made


SINGLE: dict[str, dict[str, Any]] = {
    "plain text": {"content": TEXT, "headers": {"Content-Type": "text/plain; charset=utf-8"}},
    "JSON": {"json": {"text": TEXT}},
    "form": {"data": {"text": TEXT}},
    "multipart without a file": {"files": {"text": (None, TEXT)}},
    "text with a byte order mark": {"content": "\ufeff" + TEXT,
                                    "headers": {"Content-Type": "text/plain"}},
}


@pytest.mark.parametrize("sent", SINGLE.values(), ids=SINGLE)
def test_a_lone_text_is_answered_by_its_annotations(
        client: httpx.Client, sent: dict[str, Any]) -> None:
    answer = client.post("/tag", **sent)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert [each["quote"] for each in found["annotations"]] == QUOTES
    assert all(TEXT[each["start"]:each["end"]] == each["quote"] for each in found["annotations"])
    assert found["ontology_version"]
    assert found["tagger_version"]


def test_a_text_can_be_asked_about_by_its_address(client: httpx.Client) -> None:
    found = client.get("/tag", params={"text": TEXT}).json()
    assert [each["quote"] for each in found["annotations"]] == QUOTES


def test_the_annotations_are_those_of_the_library(client: httpx.Client) -> None:
    found = client.post("/tag", json={"text": TEXT, "expand_class_hierarchy": True,
                                      "section": "results"}).json()
    expected = Tagger.open(expand_class_hierarchy=True).tag(TEXT, "results")
    assert found["annotations"] == json.loads(json.dumps([each.to_dict() for each in expected]))
    assert found["annotations"][0]["section"] == "results"
    assert found["annotations"][0]["broader"]


RECORDS = [{"id": "a", "title": "Emotional contagion", "abstract": TEXT, "year": 2020},
           {"text": "Nothing here."}]
BATCHES: dict[str, dict[str, Any]] = {
    "records": {"json": {"records": RECORDS}},
    "list": {"json": RECORDS},
    "lines": {"content": "\n".join(map(json.dumps, RECORDS)) + "\n\n",
              "headers": {"Content-Type": "application/x-ndjson"}},
    "file of lines": {"files": {"file": ("records.jsonl", "\n".join(map(json.dumps, RECORDS)))}},
    "file of JSON": {"files": {"file": ("records.json", json.dumps(RECORDS))}},
}


@pytest.mark.parametrize("sent", BATCHES.values(), ids=BATCHES)
def test_records_are_answered_in_order_with_the_field_of_each_mention(
        client: httpx.Client, sent: dict[str, Any]) -> None:
    answer = client.post("/tag", **sent)
    assert answer.status_code == 200, answer.text
    first, second = answer.json()["records"]
    assert (first["id"], first["fields"]) == ("a", ["title", "abstract"])
    assert [(each["field"], each["quote"]) for each in first["annotations"]] == [
        ("title", "Emotional contagion"), *(("abstract", quote) for quote in QUOTES)]
    assert second == {"id": "record-2", "fields": ["text"], "annotations": []}


def test_a_text_file_is_one_record_of_its_name(client: httpx.Client) -> None:
    sent = {"file": ("notes.txt", TEXT, "text/plain")}
    [record] = client.post("/tag", files=sent).json()["records"]
    assert record["id"] == "notes.txt"
    assert [each["quote"] for each in record["annotations"]] == QUOTES


RIS = ("TY  - JOUR\r\nTI  - Emotional contagion\r\nAB  - " + TEXT + "\r\nDO  - 10.1000/x\r\n"
       "ER  - \r\n")


def test_files_of_reference_managers_are_read_and_broken_records_told(
        client: httpx.Client) -> None:
    [record] = client.post("/tag", files={"file": ("a.ris", RIS)}).json()["records"]
    assert [each["quote"] for each in record["annotations"]] == ["Emotional contagion", *QUOTES]
    table = {"file": ("a.csv", "id,title\n1,Mood contagion\n2,a,b\n3,panic disorder\n")}
    found = client.post("/tag", files=table).json()
    assert [each["id"] for each in found["records"]] == ["1", "3"]
    [rejected] = found["rejected"]
    assert (rejected["record"], rejected["line"]) == (2, 3)
    assert rejected["reason"]
    answer = client.post("/tag", files=table, params={"format": "turtle"})
    assert answer.status_code == 400
    assert answer.json()["rejected"] == [rejected]


@pytest.mark.parametrize(("options", "quotes"), [
    ({"minimum_match_length": "20"}, QUOTES[:1]),
    ({"stop_words": "mood, Panic disorder"}, QUOTES[:1]),
    ({"concepts": "PanicDisorder"}, QUOTES[1:]), ({"min_score": "1.0"}, QUOTES),
    ({"longest_only": "false"}, None), ({"min_score": ""}, QUOTES),
])
def test_options_have_the_names_of_the_library(
        client: httpx.Client, options: dict[str, str], quotes: list[str] | None) -> None:
    for sent in ({"params": options, "data": {"text": TEXT}}, {"data": {"text": TEXT} | options}):
        found = [each["quote"] for each in client.post("/tag", **sent).json()["annotations"]]
        assert found == quotes if quotes is not None else set(QUOTES) < set(found)


@pytest.mark.parametrize(("name", "syntax"), [("turtle", "turtle"), ("jsonld", "json-ld"),
                                              ("nquads", "nquads")])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_rdf_holds_the_same_annotations(client: httpx.Client, name: str, syntax: str) -> None:
    answer = client.post("/tag", json={"records": RECORDS}, params={"format": name, "batch": "b 1"})
    data = rdflib.Dataset(default_union=True)
    data.parse(data=answer.text, format=syntax)
    assert len(set(data.subjects(RDF.type, OA.Annotation))) == 3
    quotes = {str(quote) for quote in data.objects(None, OA.exact)}
    assert quotes == {"Emotional contagion", *QUOTES}
    assert "graph/literature/b%201" in answer.text
    by_type = {"turtle": "text/turtle", "jsonld": "application/ld+json",
               "nquads": "application/n-quads"}[name]
    again = client.post("/tag", json={"records": RECORDS}, headers={"Accept": by_type})
    assert again.headers["content-type"].partition(";")[0] == by_type


@pytest.mark.parametrize(("sent", "status", "said"), [
    ({"json": {"text": " "}}, 400, "no text"), ({"json": {"txt": "x"}}, 400, "'txt'"),
    ({"json": 7}, 400, "neither"), ({"json": {"records": []}}, 400, "no records"),
    ({"json": {"records": [{"id": 1}]}}, 400, "Record 1 has no text"),
    ({"json": {"records": [{"text": "a"}, 7]}}, 400, "Record 2"),
    ({"json": {"records": [{"text": ["a"]}]}}, 400, "'text' is no text"),
    ({"json": {"records": "a"}}, 400, "list of 'records'"),
    ({"json": {"text": "a", "records": [{"text": "a"}]}}, 400, "either"),
    ({"json": [{"text": "a"}] * 6}, 413, "more than 5 records"),
    ({"json": {"text": "a", "min_score": 2}}, 400, "min_score"),
    ({"json": {"text": "a", "min_score": "high"}}, 400, "min_score"),
    ({"json": {"text": "a", "section": "coda"}}, 400, "'coda'"),
    ({"json": {"text": "a", "concepts": ["Ventng"]}}, 404, "Ventng"),
    ({"content": b"{", "headers": {"Content-Type": "application/json"}}, 400, "no JSON"),
    ({"content": b"{}\n{", "headers": {"Content-Type": "application/jsonl"}}, 400, "Line 2"),
    ({"content": b"\xff", "headers": {"Content-Type": "text/plain"}}, 400, "UTF-8"),
    ({"content": b"x" * 20_001, "headers": {"Content-Type": "text/plain"}}, 413, "20,000 bytes"),
    ({"content": b"<a/>", "headers": {"Content-Type": "text/xml"}}, 415, "text/xml"),
    ({"content": b"a"}, 415, "without a Content-Type"),
    ({"files": {"file": ("a.pdf", b"%PDF", "application/pdf")}}, 415, ".pdf"),
    ({"files": {"file": ("a.ris.gz", b"\x1f\x8b", "application/gzip")}}, 415, "Compressed"),
    ({"files": {"file": ("a.ris", b"TY  - JOUR\nER  - \n" * 6)}}, 413, "more than 5 records"),
    ({"files": {"file": ("a.csv", b"title\n\"a,b\n")}}, 400, "No record"),
    ({"files": [("file", ("a.txt", b"a", "text/plain")), ("file2", ("b.txt", b"b", "text/plain"))]},
     400, "2 files"),
    ({"data": {"text": "a"}, "params": {"longest": "1"}}, 400, "'longest'"),
    ({"data": {"text": "a"}, "params": {"longest_only": "perhaps"}}, 400, "true or false"),
    ({"data": {"text": "a"}, "params": {"min_score": "high"}}, 400, "not a number"),
    ({"data": {"text": "a"}, "params": {"format": "pdf"}}, 406, "format=pdf"),
])
def test_a_wrong_request_is_a_problem_that_says_what_is_wrong(
        client: httpx.Client, sent: dict[str, Any], status: int, said: str) -> None:
    answer = client.post("/tag", **sent)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert said in answer.json()["detail"]


def test_a_browser_gets_a_form_and_the_text_with_its_mentions_marked(client: httpx.Client) -> None:
    form = client.get("/tag", headers=BROWSER)
    assert 'action="/iero/tag" method="post" enctype="multipart/form-data"' in form.text
    page = client.post("/tag", data={"text": TEXT + " <b>"}, headers=BROWSER)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert '<a class="mark" href="#concept-PanicDisorder"' in page.text
    assert 'id="concept-PanicDisorder"' in page.text
    assert '<a href="/iero/term/PanicDisorder">panic disorder</a>' in page.text
    assert "&lt;b&gt;" in page.text
    wrong = client.post("/tag", data={"text": ""}, headers=BROWSER)
    assert wrong.status_code == 400
    assert "There is no text to tag" in wrong.text


def test_another_graph_is_tagged_with_its_own_names() -> None:
    graph = KnowledgeGraph.open(data_file())
    app = create_app(graph)
    with httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://x") as made:
        found = made.post("/tag", json={"text": "panic disorder and emotional contagion"}).json()
    assert [each["quote"] for each in found["annotations"]] == ["panic disorder"]


def data_file() -> str:
    from pathlib import Path

    return str(Path(__file__).parents[1] / "search_strings" / "sample.ttl")
