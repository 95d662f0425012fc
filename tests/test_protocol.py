"""Negotiation, requests, tokens, refusals and error messages, case by case."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyoxigraph
import pytest
import yaml
from iero import errors, protocol, syntax
from iero.errors import BadParameter, BadQuery, NotAcceptable, Refused, UnsupportedMediaType
from iero.grammar import first_fault
from iero.protocol import (
    FORMATS,
    bind,
    negotiate,
    parse_query_request,
    parse_update_request,
    payload_format,
    preferences,
    refuse_unsafe,
    target_graph,
    tokens,
)
from iero.resources import walk
from iero.store import Store
from iero.terms import IRI, Literal

from tests.conftest import Trap

CASES = Path(__file__).parent / "protocol"
FORM = "application/x-www-form-urlencoded"
HEAD = "PREFIX e: <@> PREFIX SERVICEe: <@> PREFIX SERVICESILENTe: <@> PREFIX : <@> " \
       "PREFIX service: <http://example.org/> "


def load(name: str) -> Any:
    cases = yaml.safe_load((CASES / name).read_text())
    assert cases
    return cases


# -- content negotiation -------------------------------------------------------------------------


@pytest.mark.parametrize("case", load("negotiation.yaml"), ids=str)
def test_the_format_follows_from_accept_and_format(case: dict[str, Any]) -> None:
    if "available" in case:
        with pytest.raises(NotAcceptable) as refused:
            negotiate(case.get("accept"), case.get("wanted"), case["kind"])
        assert refused.value.details["available"] == case["available"]
    else:
        chosen = negotiate(case.get("accept"), case.get("wanted"), case["kind"])
        assert (chosen.name, chosen.content_type) == (case["format"], case["type"])


@pytest.mark.parametrize("weight", ["2", "-1", "x", "1.5", ""])
def test_a_weight_outside_0_to_1_is_an_error_that_names_it(weight: str) -> None:
    with pytest.raises(BadParameter, match="Accept"):
        negotiate(f"text/csv;q={weight}", None, "bindings")


def test_no_name_or_media_type_of_one_kind_belongs_to_two_formats() -> None:
    for kind in ("bindings", "boolean", "graph", "dataset"):
        taken: dict[str, str] = {}
        for each in protocol.formats_for(kind):
            for name in {each.name, each.extension, each.media_type, *each.aliases,
                         *each.media_types}:
                assert taken.setdefault(name, each.name) == each.name
        assert taken
    assert len({each.name for each in FORMATS}) == len(FORMATS) == 10


# -- the SPARQL protocol -------------------------------------------------------------------------


def test_a_get_request_has_its_query_and_dataset_in_the_url() -> None:
    params = [("query", "ASK {}"), ("default-graph-uri", "urn:a"), ("named-graph-uri", "urn:b"),
              ("named-graph-uri", "urn:c"), ("format", "json")]
    request = parse_query_request("GET", "", params, [], b"")
    assert request.query == "ASK {}"
    assert request.default_graphs == ("urn:a",)
    assert request.named_graphs == ("urn:b", "urn:c")


def test_a_posted_form_has_them_in_its_body() -> None:
    form = [("query", "ASK {}"), ("default-graph-uri", "urn:a")]
    request = parse_query_request("POST", FORM + "; charset=UTF-8", [], form, b"ignored")
    assert (request.query, request.default_graphs) == ("ASK {}", ("urn:a",))


def test_a_posted_query_has_its_dataset_in_the_url() -> None:
    request = parse_query_request("POST", "application/sparql-query",
                                  [("default-graph-uri", "urn:a")], [], "ASK { ?é a ?b }".encode())
    assert (request.query, request.default_graphs) == ("ASK { ?é a ?b }", ("urn:a",))


@pytest.mark.parametrize(("method", "content_type", "url", "form", "body"), [
    ("GET", "", [], [], b""),
    ("GET", "", [("query", "")], [], b""),
    ("GET", "", [("query", "  \n")], [], b""),
    ("GET", "", [("query", "ASK {}"), ("query", "ASK {}")], [], b""),
    ("POST", FORM, [("query", "ASK {}")], [("query", "ASK {}")], b""),
    ("POST", FORM, [], [], b""),
    ("POST", "application/sparql-query", [("query", "ASK {}")], [], b"ASK {}"),
    ("POST", "application/sparql-query", [], [], b""),
    ("POST", "application/sparql-query", [], [], b"ASK { '\xff' a ?b }"),
])
def test_a_missing_doubled_or_undecodable_query_is_a_bad_parameter(
    method: str, content_type: str, url: Any, form: Any, body: bytes
) -> None:
    with pytest.raises(BadParameter) as error:
        parse_query_request(method, content_type, url, form, body)
    assert error.value.details["parameter"] == "query"


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/json", "text/turtle"])
def test_a_body_of_another_type_is_an_unsupported_media_type(content_type: str) -> None:
    with pytest.raises(UnsupportedMediaType, match="posted"):
        parse_query_request("POST", content_type, [], [], b"ASK {}")


def test_a_query_in_another_charset_is_an_unsupported_media_type() -> None:
    with pytest.raises(UnsupportedMediaType, match="utf-16"):
        parse_query_request("POST", "application/sparql-query; charset=UTF-16", [], [], b"ASK {}")


def test_an_update_request_is_refused() -> None:
    with pytest.raises(Refused):
        parse_query_request("POST", "application/sparql-update", [], [], b"CLEAR ALL")
    with pytest.raises(Refused):
        parse_query_request("POST", FORM, [], [("update", "CLEAR ALL")], b"")


@pytest.mark.parametrize("case", load("updates.yaml"), ids=lambda case: case["case"])
def test_an_update_operation_is_read_or_says_what_is_wrong(case: dict[str, Any]) -> None:
    body = bytes.fromhex(case["bytes"]) if "bytes" in case else case.get("body", "").encode()
    url, form = ([(name, value) for name, value in case.get(part, [])] for part in ("url", "form"))
    if "error" in case:
        with pytest.raises(getattr(errors, case["error"])) as raised:
            parse_update_request(case["type"], url, form, body)
        assert case["says"] in str(raised.value)
    else:
        request = parse_update_request(case["type"], url, form, body)
        assert request.update == case["update"]
        assert list(request.using_graphs) == case.get("using", [])
        assert list(request.using_named_graphs) == case.get("named", [])
        assert request.timeout == case.get("timeout")


# -- the graph store protocol --------------------------------------------------------------------


@pytest.mark.parametrize("case", load("graphs.yaml")["targets"], ids=str)
def test_a_request_names_one_graph_or_the_store(case: dict[str, Any]) -> None:
    params = [(name, value) for name, value in case["url"]]
    if "says" in case:
        with pytest.raises(BadParameter, match=case["says"]):
            target_graph(params, case.get("direct", ""))
    else:
        assert target_graph(params, case.get("direct", "")) == case["graph"]


@pytest.mark.parametrize("case", load("graphs.yaml")["payloads"], ids=str)
def test_the_format_of_a_payload_follows_from_its_type(case: dict[str, Any]) -> None:
    if "says" in case:
        with pytest.raises(UnsupportedMediaType) as raised:
            payload_format(case["type"])
        assert case["says"] in raised.value.message
    else:
        assert payload_format(case["type"]).name == case["format"]


@pytest.mark.parametrize("case", load("graphs.yaml")["preferences"], ids=str)
def test_preferences_are_read_as_their_standard_says(case: dict[str, Any]) -> None:
    assert preferences(case["header"]) == case["asks"]


def test_preferences_of_a_hostile_header_take_no_time() -> None:
    started = time.perf_counter()
    preferences('a="' * 20_000)
    preferences("," * 20_000 + '"' * 20_000)
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize("graph", ["relative", "", "http://a b", "urn:a>"])
def test_a_graph_that_is_no_absolute_iri_is_a_bad_parameter(graph: str) -> None:
    params = [("query", "ASK {}"), ("named-graph-uri", graph)]
    with pytest.raises(BadParameter, match="named-graph-uri"):
        parse_query_request("GET", "", params, [], b"")


# -- tokens --------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", load("tokens.yaml"), ids=lambda case: case["text"])
def test_a_query_is_read_as_the_terminals_of_the_standard(case: dict[str, Any]) -> None:
    assert [f"{token.kind} {token.text}" for token in tokens(case["text"])] == case["tokens"]


def test_tokens_know_their_place() -> None:
    places = [(token.text, token.offset, token.line, token.column)
              for token in tokens("ASK {\n  ?s a '''x\ny''' ;\n e.f }")]
    assert places == [("ASK", 0, 1, 1), ("{", 4, 1, 5), ("?s", 8, 2, 3), ("a", 11, 2, 6),
                      ("'''x\ny'''", 13, 2, 8), (";", 23, 3, 6), ("e", 26, 4, 2), (".", 27, 4, 3),
                      ("f", 28, 4, 4), ("}", 30, 4, 6)]


@pytest.mark.parametrize("piece", ["a.", '\\"', '"\\"', "<\\uA", "'''a'' ", "a:b..", "?a<", "_:a.",
                                   "((", "'\"'\"", ":a%", "\\u0041", "a-"])
def test_reading_takes_time_in_proportion_to_the_text(piece: str) -> None:
    def seconds(times: int) -> float:
        start = time.perf_counter()
        assert sum(1 for _ in tokens(piece * times))
        return time.perf_counter() - start

    seconds(100)
    assert seconds(20_000) < 2, "a quadratic reader needs a minute for this"


# -- refusals ------------------------------------------------------------------------------------


def wrapped(pattern: str, url: str) -> str:
    return (HEAD + "SELECT * { " + pattern + "\n}").replace("@>", url + ">")


@pytest.mark.parametrize("pattern", load("refusals.yaml")["hostile"])
def test_no_spelling_of_service_reaches_the_engine(pattern: str, trap: Trap) -> None:
    query = wrapped(pattern, trap.url)
    with pytest.raises((Refused, BadQuery)):
        refuse_unsafe(query)
    store = Store()
    store.load(b"<urn:s> <urn:p> true .", "turtle")
    with pytest.raises((Refused, BadQuery)):
        store.query(query)
    assert not trap.calls


def test_the_trap_works(trap: Trap) -> None:
    with pytest.raises(OSError, match="500"):
        list(pyoxigraph.Store().query(wrapped("SERVICE <@> {?a ?b ?c}", trap.url)))
    assert trap.calls == ["/"]
    trap.calls.clear()


def test_whatever_is_let_through_stays_on_this_machine(trap: Trap) -> None:
    """Every pair of a beginning and a spelling: what is not refused is run, and must not call."""
    starts = ["", "?s ?p ?o", "?s ?p true", "?s ?p 1", "?s ?p 1.", "?s ?p 'x'", "?s ?p 'x'@en",
              "?s ?p e:a", "?s ?p e:", "?s ?p _:b", "?s ?p <urn:x>", "{}", "FILTER(1=1)",
              "?s ?p ('''x')", "?s ?p ('' 'x')", "?s ?p ?o FILTER(?o<?s)", "BIND(1 AS ?n)",
              "FILTER(?s<'>')", "VALUES ?v {1}", "?s ?p '\\u005C'", "?s ?p \"\\\\\""]
    joints = ["", " ", ".", "#\n", "#\r", "\\u0020", "'", "\t", ";", "..", "\\"]
    calls = ["SERVICE<@>{?a ?b ?c}", "service e:x{?a ?b ?c}", "SERVICEe:x{?a ?b ?c}",
             "SERVICESILENT<@>{?a ?b ?c}", "\\u0053ERVICE<@>{?a ?b ?c}"]
    ends = ["", " #'", " FILTER(?s='')", "'"]
    engine = pyoxigraph.Store()
    engine.load(b"<urn:s> <urn:p> true .", pyoxigraph.RdfFormat.TURTLE)
    let_through = 0
    for start in starts:
        for joint in joints:
            for call in calls:
                for end in ends:
                    query = wrapped(start + joint + call + end, trap.url)
                    try:
                        refuse_unsafe(query)
                    except (Refused, BadQuery):
                        continue
                    let_through += 1
                    with suppress(SyntaxError, OSError, RuntimeError):
                        list(engine.query(query))
                    assert not trap.calls, query
    assert let_through


@pytest.mark.parametrize("pattern", load("refusals.yaml")["harmless"])
def test_words_that_only_look_like_it_are_let_through(pattern: str) -> None:
    refuse_unsafe(wrapped(pattern, "http://example.org/"))
    Store().query(wrapped(pattern, "http://example.org/"))


@pytest.mark.parametrize("case", load("refusals.yaml")["updates"], ids=lambda case: case["text"])
def test_updates_are_refused_by_name_and_place(case: dict[str, Any], trap: Trap) -> None:
    with pytest.raises(Refused) as refused:
        refuse_unsafe(case["text"].replace("@", trap.url))
    assert {key: refused.value.details[key] for key in ("operation", "line", "column")} \
        == {key: case[key] for key in ("operation", "line", "column")}
    assert case["operation"] in refused.value.message
    assert not trap.calls


def test_a_service_is_refused_with_its_place() -> None:
    with pytest.raises(Refused) as refused:
        refuse_unsafe("ASK {\n  SERVICE <urn:x> {} }")
    assert refused.value.details == {"operation": "SERVICE", "line": 2, "column": 3}


# -- error messages ------------------------------------------------------------------------------


@pytest.mark.parametrize("case", load("errors.yaml"), ids=lambda case: case["query"])
def test_a_malformed_query_is_explained(case: dict[str, Any]) -> None:
    with pytest.raises(BadQuery) as error:
        Store().query(case["query"])
    details = error.value.details
    assert [details["line"], details["column"]] == case["at"]
    assert case["says"] in error.value.message
    assert case["hint"] in error.value.hint
    assert details["excerpt"].split("\n")[1].strip(" ").strip("^") == ""


def test_the_caret_stands_below_the_fault() -> None:
    with pytest.raises(BadQuery) as error:
        Store().query("ASK {\n  ?s foaf:name ?o }")
    assert error.value.details["excerpt"] == "  ?s foaf:name ?o }\n     ^^^^^^^^^"


def test_the_excerpt_of_a_long_line_is_short_and_still_points_at_the_fault() -> None:
    with pytest.raises(BadQuery) as error:
        Store().query("ASK { " + "?s ?p ?o . " * 50 + "?s foaf:name ?o }")
    text, carets = error.value.details["excerpt"].split("\n")
    assert len(text) <= 100
    assert text[carets.index("^"):].startswith("foaf:name")


def test_the_grammar_accepts_every_query_that_ships() -> None:
    texts = [file.read_text(encoding="utf-8") for folder in ("questions", "checks", "service")
             for _, file in walk(f"queries/{folder}", ".rq")]
    assert len(texts) > 40
    for text in texts:
        assert first_fault(list(tokens(text))) is None, text


@pytest.mark.parametrize(("depth", "refused"), [(100, False), (101, True), (100_000, True)])
def test_brackets_may_nest_to_the_limit_and_no_deeper(depth: int, refused: bool) -> None:
    query = "ASK " + "{" * depth + "}" * depth
    if not refused:
        assert Store().query(query).truth
        return
    with pytest.raises(BadQuery, match="nest deeper than 100 at line 1, column 105") as caught:
        Store().query(query)
    assert caught.value.details["column"] == 105


def test_a_query_may_be_made_of_many_terms_but_not_of_many_parts() -> None:
    assert Store().query("ASK { VALUES ?x {" + " 1" * 50_000 + "} }").truth
    with pytest.raises(BadQuery, match="more than 4000 parts"):
        Store().query("ASK { FILTER(" + "1+" * 4001 + "1) }")


# -- binding -------------------------------------------------------------------------------------


def test_binding_replaces_the_rows_of_every_block_of_that_name() -> None:
    query = "ASK { VALUES ?x { ex:a ex:b } { ?x a 'VALUES ?x { }' } UNION { values $x {} } }"
    bound = bind(query, {"x": [IRI("urn:a"), Literal("}")]})
    assert bound == ("ASK { VALUES ?x { <urn:a> \"}\" } { ?x a 'VALUES ?x { }' } "
                     "UNION { values $x { <urn:a> \"}\" } } }")


def test_a_literal_cannot_break_out_of_its_place() -> None:
    store = Store()
    store.load(b"<urn:a> <urn:b> <urn:c> .", "turtle")
    text = Literal('"} { ?s ?p ?o } #\n')
    rows = list(store.query(bind("SELECT * { VALUES ?x { 1 } }", {"x": [text]})).rows())
    assert rows == [{"x": text}]


def test_a_parameter_without_a_block_is_an_error_that_lists_the_blocks() -> None:
    with pytest.raises(BadParameter, match="'y'") as error:
        bind("ASK { VALUES ?x { 1 } }", {"y": []})
    assert "x" in error.value.hint


def test_a_block_that_is_not_closed_is_a_malformed_query() -> None:
    with pytest.raises(BadQuery):
        bind("ASK { VALUES ?x { 1 ", {"x": []})


def test_the_dataset_clause_is_found_among_look_alikes() -> None:
    text = "PREFIX from: <urn:> SELECT ?from # FROM <urn:no>\nFROM <urn:a> FROM NAMED from:b {}"
    assert [(named, token.text) for named, token in syntax.names_graphs(text)] \
        == [(False, "<urn:a>"), (True, "from:b")]
