"""The client: over WSGI, over real HTTP, and against services that fail in every way."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pandas as pd
import pytest
from iero import Client, Tagger
from iero.client import Patience, Rows
from iero.errors import (
    BadParameter,
    BadQuery,
    IeroError,
    IncompleteResult,
    InvalidChange,
    LimitExceeded,
    NotAcceptable,
    NotFound,
    PreconditionFailed,
    Refused,
    RemoteError,
    TooLarge,
    ToolMissing,
    Unauthorized,
)
from iero.server import create_app
from iero.terms import IRI
from iero.tokens import TokenFile

from tests.server.processes import running

READY = re.compile(r"ready at (http://\S+) ")
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1] / "service")}
TEXT = "Excessive reassurance seeking predicted panic disorder."
LABEL = "SELECT ?label { VALUES ?term { iero:Venting } ?term rdfs:label ?label }"


@pytest.fixture(scope="module")
def app(shipped):
    return create_app(shipped, Tagger.open(), base_path="/iero", shipped=True)


@pytest.fixture(scope="module", params=["wsgi", "http"])
def client(request, app) -> Iterator[Client]:
    if request.param == "wsgi":
        with Client("http://iero.test/iero", transport=httpx.WSGITransport(app=app)) as made:
            yield made
        return
    service = [sys.executable, "-m", "iero", "serve", "--port", "0", "--base-path", "/iero"]
    process = subprocess.Popen(service, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
    timer = threading.Timer(60, process.kill)
    timer.start()
    ready = next((found for line in process.stderr if (found := READY.search(line))), None)
    timer.cancel()
    assert ready is not None
    with Client(ready[1]) as made:
        yield made
    process.terminate()
    process.wait(15)
    process.stderr.close()


# What it does, the same over WSGI and HTTP.


def test_select_gives_rows_with_their_variables(client):
    rows = client.select(LABEL)
    assert rows == [{"label": "venting"}]
    assert rows.variables == ["label"]
    assert client.select(LABEL, term="PanicDisorder") == [{"label": "panic disorder"}]
    nothing = client.select("SELECT ?a ?b { ?a iero:measures ?b . ?b iero:measures ?a }")
    assert (nothing, nothing.variables) == ([], ["a", "b"])


def test_a_long_query_is_posted(client):
    values = " ".join(f'"{number}"' for number in range(900))
    assert len(client.select(f"SELECT ?n {{ VALUES ?n {{ {values} }} }}")) == 900


def test_ask_and_construct(client):
    assert client.ask("ASK { iero:Venting rdfs:subClassOf iero:InterpersonalEmotionRegulation }")
    assert not client.ask("ASK { iero:Venting a iero:Instrument }")
    turtle = client.construct("CONSTRUCT WHERE { iero:Venting rdfs:label ?l }")
    assert 'iero:Venting rdfs:label "venting"@en' in turtle


def test_the_questions_can_be_listed_and_run(client, shipped):
    names = [each.name for each in client.questions()]
    assert sorted(names) == sorted(shipped.catalogue.names())
    rows = client.run("strategies-that-maintain-a-disorder", disorder="PanicDisorder")
    assert rows == list(shipped.run("strategies-that-maintain-a-disorder",
                                    {"disorder": ["PanicDisorder"]}).rows())
    assert isinstance(rows, Rows)


def test_a_term_and_a_search(client, shipped):
    assert client.term("Venting") == shipped.term("Venting")
    found = client.search("emotional contagoin", limit=3)
    assert found[0].iri == IRI("https://w3id.org/iero/EmotionalContagion")
    assert len(found) <= 3


def test_a_search_string(client):
    made = client.search_string("PanicDisorder", "ovid", near=2, narrower=False)
    assert made.text == "((panic adj3 disorder*) or (PD and (panic*))).ti,ab."
    assert made.notes


def test_the_version(client):
    assert client.version()["iero"]


def test_a_text_is_tagged_as_by_the_library(client):
    assert client.tag(TEXT) == Tagger.open().tag(TEXT)
    wanted = Tagger.open(concepts=("PanicDisorder",), stop_words={"mood"}).tag(TEXT, "results")
    assert client.tag(TEXT, section="results", concepts=("PanicDisorder",),
                      stop_words={"mood"}) == wanted


def test_any_number_of_records_is_tagged_in_parts_and_in_order(client):
    records = [{"id": str(number), "title": "Emotional contagion", "abstract": TEXT}
               for number in range(450)]
    tagged = list(client.tag_records(iter(records)))
    assert [each.id for each in tagged] == [each["id"] for each in records]
    assert all([found.quote for found in each.fields["title"]] == ["Emotional contagion"]
               and len(each.fields["abstract"]) == 2 for each in tagged)


def test_results_become_data_frames(client):
    query = "SELECT ?n ?x ?y { VALUES (?n ?x) { (1 iero:Venting) (2 UNDEF) } }"
    frame = client.select(query).to_pandas()
    assert list(frame.columns) == ["n", "x", "y"]
    assert frame["n"].tolist() == [1, 2]
    assert frame["x"][0] == "https://w3id.org/iero/Venting"
    assert pd.isna(frame["x"][1])
    assert client.tag(TEXT).to_pandas()["quote"].tolist() == [
        "Excessive reassurance seeking", "panic disorder"]


@pytest.mark.parametrize(("call", "error"), [
    (lambda client: client.select("SELECT nonsense"), BadQuery),
    (lambda client: client.select("ASK {}"), BadQuery),
    (lambda client: client.ask("SELECT ?a { ?a a ?b }"), BadQuery),
    (lambda client: client.select("SELECT ?a { SERVICE <http://x/> { ?a a ?b } }"), Refused),
    (lambda client: client.run("what-is-nothing"), NotFound),
    (lambda client: client.run("what-is-emotional-labor", colour="red"), BadParameter),
    (lambda client: client.term("Ventng"), NotFound),
    (lambda client: client.search("venting", limit=100_000), BadParameter),
    (lambda client: client.search_string("Venting", "google"), BadParameter),
    (lambda client: client.tag("a", longest=True), BadParameter),
    (lambda client: client.tag("a" * 2_000_000), TooLarge),
    (lambda client: list(client.tag_records([{"id": "1"}])), BadParameter),
    (lambda client: client.push("", "batch"), Refused),
    (lambda client: client.push("", "batch", append=True), Refused),
])
def test_the_errors_are_those_of_the_package(client, call, error):
    with pytest.raises(error) as caught:
        call(client)
    assert type(caught.value) is error
    assert caught.value.message


def test_an_error_of_the_service_keeps_its_details(client):
    with pytest.raises(NotFound) as caught:
        client.run("what-is-emotional-labour")
    assert "what-is-emotional-labor" in caught.value.details["nearest"]
    assert caught.value.hint


# Failures.


class Waits(list):
    """Writes down how long it should have slept."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def flaky(*answers, **patience):
    """Return a client whose service gives these answers in turn, what it asked, and the pauses."""
    waits, asked, rest = Waits(), [], list(answers)

    def handle(request):
        asked.append(request)
        answer = rest.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    made = Client("http://flaky.test", patience=Patience(sleep=waits, now=lambda: 1_000_000_000,
                                                         **patience), token="secret",
                  transport=httpx.MockTransport(handle))
    return made, asked, waits


def good():
    return httpx.Response(200, json={"iero": "1"})


def problem(status, title, headers=None, **members):
    body = {"type": "about:blank", "title": title, "status": status, "detail": "Said.", **members}
    return httpx.Response(status, content=json.dumps(body), headers={
        "Content-Type": "application/problem+json", **(headers or {})})


@pytest.mark.parametrize(("first", "pauses"), [
    (httpx.Response(429), [0.5]), (httpx.Response(502), [0.5]), (httpx.Response(503), [0.5]),
    (httpx.Response(503, headers={"Retry-After": "7"}), [7.0]),
    (httpx.Response(429, headers={"Retry-After": "Sun, 09 Sep 2001 01:46:50 GMT"}), [10.0]),
    (httpx.Response(429, headers={"Retry-After": "Sun, 09 Sep 2001 01:46:30 GMT"}), [0.0]),
    (httpx.Response(503, headers={"Retry-After": "soon"}), [0.5]),
    (problem(503, "Limit exceeded", reason="busy", limit=16), [0.5]),
    (problem(503, "Limit exceeded", {"Retry-After": "2"}, reason="busy", limit=16), [2.0]),
    (httpx.ConnectError("refused"), [0.5]),
    (httpx.RemoteProtocolError("gone"), [0.5]),
])
def test_what_may_pass_is_asked_for_again(first, pauses):
    client, asked, waits = flaky(first, good())
    assert client.version() == {"iero": "1"}
    assert (len(asked), waits) == (2, pauses)


def test_pauses_double_and_patience_ends():
    client, asked, waits = flaky(*[httpx.Response(503)] * 4)
    with pytest.raises(RemoteError) as caught:
        client.version()
    assert caught.value.details["remote_status"] == 503
    assert (len(asked), waits) == (4, [0.5, 1.0, 2.0])


def test_patience_can_be_none_and_has_a_longest_pause():
    client, asked, waits = flaky(httpx.Response(503), retries=0)
    with pytest.raises(RemoteError):
        client.version()
    assert (len(asked), waits) == (1, [])
    client, asked, waits = flaky(httpx.Response(503, headers={"Retry-After": "3600"}))
    with pytest.raises(RemoteError):
        client.version()
    assert (len(asked), waits) == (1, [])


@pytest.mark.parametrize(("answer", "error"), [
    (problem(503, "Limit exceeded", reason="time", limit=30), LimitExceeded),
    (problem(503, "Limit exceeded", limit=1 << 30), LimitExceeded),
    (problem(404, "Not found", nearest=["a"]), NotFound),
    (problem(406, "Not acceptable"), NotAcceptable),
    (problem(404, "Nothing of ours"), NotFound),
    (problem(418, "Teapot"), RemoteError),
    (problem(500, "Internal Server Error"), RemoteError),
    (httpx.Response(500, text="<html>"), RemoteError),
    (httpx.Response(200, text="[]"), RemoteError),
])
def test_what_is_final_is_asked_for_once_and_raised_as_what_it_is(answer, error):
    client, asked, waits = flaky(answer)
    with pytest.raises(error) as caught:
        client.version()
    assert type(caught.value) is error
    assert (len(asked), waits) == (1, [])


def test_a_write_that_may_have_been_done_is_not_done_again():
    for answer in (httpx.Response(502), httpx.RemoteProtocolError("gone")):
        client, asked, _ = flaky(answer)
        with pytest.raises(IeroError):
            client.push("", "b", append=True)
        assert len(asked) == 1
    for first in (httpx.Response(503), httpx.ConnectError("refused")):
        client, asked, _ = flaky(first, httpx.Response(204))
        client.push("", "b", append=True)
        assert [request.method for request in asked] == ["POST", "POST"]
    client, asked, _ = flaky(httpx.Response(502), httpx.Response(204))
    assert client.push("<a> <b> <c> .", "b 1") == "https://w3id.org/iero/graph/literature/b%201"
    assert asked[1].url.params["graph"] == "https://w3id.org/iero/graph/literature/b%201"
    assert asked[1].headers["Authorization"] == "Bearer secret"
    assert asked[1].headers["Content-Type"] == "text/turtle"


def test_a_refused_push_keeps_the_reason():
    client, _, _ = flaky(problem(422, "Data do not conform", results=[{"message": "No body."}]))
    with pytest.raises(InvalidChange) as caught:
        client.push("", "b")
    assert caught.value.details["results"] == [{"message": "No body."}]


# -- writing to a real service -------------------------------------------------------------------

BATCH = "https://w3id.org/iero/graph/literature/reviews%202026"
OWN = "https://example.org/mine/notes"


@pytest.fixture(scope="module")
def writer(tmp_path_factory) -> Iterator[Client]:
    """A client with a token, and a service over a data directory with the release in it."""
    tokens = TokenFile(tmp_path_factory.mktemp("tokens") / "tokens.toml")
    secret = tokens.add("t", ["graph:literature/*", "https://example.org/mine/*"],
                        ["insert", "delete"])
    folder = tmp_path_factory.mktemp("data") / "store"
    with (running("--data", folder, "--tokens", tokens.path, seconds=120) as address,
          Client(address, token=secret) as made):
        yield made


@pytest.fixture(scope="module")
def annotations(writer) -> str:
    """Annotations in RDF, as the tagger of the service writes them."""
    made = httpx.post(f"{writer.url}/tag", json={"text": TEXT}, timeout=60,
                      headers={"Accept": "text/turtle"})
    assert made.status_code == 200
    return made.text


def mentions(writer, graph: str) -> int:
    return writer.select("SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?a a oa:Annotation } "
                         f"FILTER(?g = <{graph}>) }}")[0]["n"].value


def test_annotations_are_pushed_to_a_service(writer, annotations):
    assert writer.push(annotations, "reviews 2026") == BATCH
    assert mentions(writer, BATCH) == 2
    assert writer.push(annotations, "reviews 2026") == BATCH
    assert mentions(writer, BATCH) == 2
    writer.push("<urn:more> <urn:is> 1 .", "reviews 2026", append=True)
    assert mentions(writer, BATCH) == 2
    assert writer.ask(f"ASK {{ GRAPH <{BATCH}> {{ <urn:more> ?p 1 }} }}")
    assert writer.delete_graph(BATCH).graphs[BATCH]["dropped"] is True
    assert mentions(writer, BATCH) == 0


def test_annotations_that_break_the_shapes_are_an_error_with_the_report(writer, annotations):
    broken = annotations.replace("oa:hasTarget", "oa:hasTraget")
    assert broken != annotations
    with pytest.raises(InvalidChange) as caught:
        writer.push(broken, "broken")
    results = caught.value.details["results"]
    assert any("The target of an annotation" in result["message"] for result in results)
    assert {result["severity"] for result in results} == {"Violation"}
    assert mentions(writer, "https://w3id.org/iero/graph/literature/broken") == 0
    assert "report" in str(caught.value)


def test_a_graph_is_written_read_and_written_again_on_a_condition(writer):
    made = writer.put_graph(OWN, "<urn:a> <urn:b> 1, 2 .", new=True)
    assert (made.inserted, made.deleted, made.graphs[OWN]["created"]) == (2, 0, True)
    with pytest.raises(PreconditionFailed):
        writer.put_graph(OWN, "", new=True)
    read = writer.get_graph(OWN)
    assert "<urn:a> <urn:b>" in read.text
    changed = writer.put_graph(OWN, "<urn:a> <urn:b> 2, 3 .", if_match=read.etag)
    assert (changed.inserted, changed.deleted) == (1, 1)
    with pytest.raises(PreconditionFailed, match="have changed"):
        writer.put_graph(OWN, "", if_match=read.etag)
    assert writer.post_graph(OWN, "<urn:a> <urn:b> 4 .", if_match=changed.etag).inserted == 1
    rehearsed = writer.delete_graph(OWN, dry_run=True)
    assert (rehearsed.dry_run, rehearsed.deleted) == (True, 3)
    assert writer.delete_graph(OWN).deleted == 3
    with pytest.raises(NotFound):
        writer.get_graph(OWN)
    with pytest.raises(NotFound):
        writer.delete_graph(OWN)


def test_an_update_is_carried_out(writer):
    done = writer.update(f"INSERT DATA {{ GRAPH <{OWN}> {{ <urn:a> <urn:b> 1 }} }}")
    assert (done.inserted, writer.version()["ontology"] != "") == (1, True)
    moved = writer.update("DELETE { GRAPH ?g { ?s ?p ?o } } INSERT { GRAPH ?g { ?s ?p 2 } } "
                          "WHERE { GRAPH ?g { ?s ?p ?o } }", using_named_graphs=[OWN],
                          if_match=done.version)
    assert moved.graphs[OWN] == {"inserted": 1, "deleted": 1, "created": False, "dropped": False}
    with pytest.raises(PreconditionFailed):
        writer.update(f"DROP GRAPH <{OWN}>", if_match=done.version)
    with pytest.raises(BadQuery):
        writer.update("INSERT DATA {")
    writer.update(f"DROP GRAPH <{OWN}>")


@pytest.mark.parametrize(("token", "error"), [("", Unauthorized), ("iero_wrong", Unauthorized)])
def test_without_a_valid_token_nothing_is_written(writer, token, error):
    with Client(writer.url, token=token) as stranger, pytest.raises(error):
        stranger.push("", "batch")


def test_a_token_that_does_not_allow_a_write_is_an_error_that_names_the_graph(writer):
    with pytest.raises(Refused, match="graph/claims") as caught:
        writer.delete_graph("https://w3id.org/iero/graph/claims")
    assert caught.value.details["error"] == "insufficient_scope"


def test_writes_that_may_have_been_carried_out_are_not_repeated():
    lost = httpx.ReadError("reset")
    for write in (lambda client: client.update("CLEAR ALL"),
                  lambda client: client.post_graph("urn:g", ""),
                  lambda client: client.delete_graph("urn:g"),
                  lambda client: client.put_graph("urn:g", "", new=True),
                  lambda client: client.put_graph("urn:g", "", if_match="1")):
        client, asked, _ = flaky(lost, httpx.Response(204))
        with pytest.raises(RemoteError):
            write(client)
        assert len(asked) == 1
    client, asked, _ = flaky(lost, httpx.Response(204))
    client.put_graph("urn:g", "")  # the same twice is the same
    assert len(asked) == 2


BROKEN = {
    "shorter than it says": httpx.Response(200, stream=httpx.ByteStream(b'{"iero"'),
                                           headers={"Content-Length": "70"}),
    "JSON that ends early": httpx.Response(200, content=b'{"iero": "1'),
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
def test_half_an_answer_is_none(answer):
    client, _, _ = flaky(answer, retries=0)
    with pytest.raises(IncompleteResult):
        client.version()


@pytest.mark.parametrize("body", [b'{"head": {"vars": ["a"]}, "results": {"bindings": [', b""])
def test_half_a_document_of_results_is_none(body):
    for call in (lambda client: client.select("SELECT ?a { ?a a ?b }"),
                 lambda client: client.run("x")):
        client, _, _ = flaky(httpx.Response(200, content=body, headers={
            "Content-Type": "application/sparql-results+json"}))
        with pytest.raises(IncompleteResult):
            call(client)


def test_too_few_records_are_an_incomplete_result():
    client, _, _ = flaky(httpx.Response(200, json={"records": []}))
    with pytest.raises(IncompleteResult):
        list(client.tag_records([{"text": "a"}]))


@pytest.mark.parametrize("head", [b"Content-Length: 100", b"Transfer-Encoding: chunked"])
def test_a_broken_transfer_over_http_is_asked_for_again_and_then_told(head):
    body = b"5\r\n{\"ier\r\n" if b"chunked" in head else b'{"iero"'
    calls = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        def serve():
            for _ in range(2):
                connection, _ = listening.accept()
                with connection:
                    calls.append(connection.recv(65536))
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                       + head + b"\r\n\r\n" + body)

        thread = threading.Thread(target=serve)
        thread.start()
        with Client(f"http://127.0.0.1:{listening.getsockname()[1]}",
                    patience=Patience(retries=1, pause=0)) as client, \
                pytest.raises(IncompleteResult):
            client.version()
        thread.join()
    assert len(calls) == 2


def test_nobody_there_is_told():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with Client(f"http://127.0.0.1:{port}", patience=Patience(retries=0)) as client:
        with pytest.raises(RemoteError, match="cannot be reached"):
            client.version()
        with pytest.raises(RemoteError, match="cannot be reached"):
            client.ask("ASK {}")


def test_a_service_that_is_silent_is_not_waited_for():
    client, _, _ = flaky(httpx.ReadTimeout("silent"))
    with pytest.raises(RemoteError, match="time limit"):
        client.version()


def test_an_address_is_needed():
    with pytest.raises(BadParameter):
        Client("127.0.0.1:8000")


def test_without_pandas_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ToolMissing, match="pandas"):
        Rows([], ["a"]).to_pandas()


def test_the_client_loads_neither_server_nor_pandas():
    code = ("import iero; iero.Client; import sys; "
            "print({'flask', 'pandas', 'tantivy', 'granian', 'rdflib'} & set(sys.modules))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
