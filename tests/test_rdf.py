"""Triples in and out of documents, and the names of their blank nodes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iero import rdf
from iero.errors import OntologyError

RESTRICTION = b"@prefix : <https://w3id.org/iero/> . :A :p [ :q ( :B [ :r 1 ] ) ] , [ :q () ] ."


def test_blank_nodes_are_named_by_content_whatever_their_labels_and_order():
    named = rdf.parse(RESTRICTION, "turtle", name="a.ttl")
    renamed = [rdf.Triple(*(f"_:x{hash(term) % 10**9}" if rdf.is_blank(term) else term
                            for term in triple)) for triple in reversed(named)]
    assert sorted(rdf.name_blank_nodes(renamed)) == sorted(named)


def test_equal_restrictions_of_two_classes_stay_two_blank_nodes():
    data = b"@prefix : <https://w3id.org/iero/> . :A :p [ :q :C ] . :B :p [ :q :C ] ."
    triples = rdf.parse(data, "turtle", name="a.ttl")
    assert len({t.object for t in triples if rdf.is_blank(t.object)}) == 2


def test_a_restriction_written_twice_in_one_place_is_one():
    data = b"@prefix : <https://w3id.org/iero/> . :A :p [ :q :C ] , [ :q :C ] ."
    assert len(rdf.parse(data, "turtle", name="a.ttl")) == 2


def test_a_shared_blank_node_stays_shared():
    data = b"@prefix : <https://w3id.org/iero/> . :A :p _:b . :B :p _:b . _:b :q :C ."
    triples = rdf.parse(data, "turtle", name="a.ttl")
    assert len({t.object for t in triples if rdf.is_blank(t.object)}) == 1


def test_a_change_elsewhere_renames_no_blank_node():
    more = RESTRICTION + b" :Z :p [ :q :Y ] ."
    before = set(rdf.parse(RESTRICTION, "turtle", name="a.ttl"))
    assert before < set(rdf.parse(more, "turtle", name="a.ttl"))


def test_a_list_of_thousands_is_named_without_recursion():
    data = b"<x:a> <x:p> ( " + b"<x:b> " * 5000 + b") ."
    assert len(rdf.parse(data, "turtle", name="a.ttl")) == 10001


def test_blank_nodes_in_a_ring_are_an_error():
    with pytest.raises(OntologyError, match=r"a\.ttl: Blank nodes form a cycle through x:p"):
        rdf.parse(b"_:a <x:p> _:b . _:b <x:p> _:a .", "turtle", name="a.ttl")


def test_a_syntax_error_names_file_line_column_and_text():
    with pytest.raises(OntologyError, match=r"^a\.ttl:2:\d+: ") as caught:
        rdf.parse(b"<x:a> <x:b> <x:c> .\n<x:a> <x:b> ; .", "turtle", name="a.ttl")
    assert caught.value.details["line"] == 2
    assert caught.value.details["term"] == "<x:a> <x:b> ; ."


def test_bytes_that_are_not_utf_8_are_an_error_of_the_file():
    with pytest.raises(OntologyError, match=r"^a\.ttl:1:"):
        rdf.parse(b"<x:a> <x:b> \"\xff\" .", "turtle", name="a.ttl")


def test_graphs_of_one_data_set_share_no_blank_node():
    triples = rdf.parse(b"<x:a> <x:p> [] .", "turtle", name="a.ttl")
    rows = rdf.nquads({"x:g": triples, "x:h": triples}).decode().splitlines()
    assert len({row.split()[2] for row in rows}) == 2


def test_graphs_come_in_the_order_given_and_lines_sorted():
    one, two = rdf.Triple("<x:a>", "<x:p>", '"1"'), rdf.Triple("<x:b>", "<x:p>", '"1"')
    assert rdf.nquads({"x:h": [two, one, two], "x:g": [one]}).decode() == (
        '<x:a> <x:p> "1" <x:h> .\n<x:b> <x:p> "1" <x:h> .\n<x:a> <x:p> "1" <x:g> .\n')


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_text_survives_every_syntax(text):
    escaped = text.translate({0x5C: r"\\", 0x22: r"\"", 0x0A: r"\n", 0x0D: r"\r"})
    triple, = rdf.parse(f'<x:a> <https://w3id.org/iero/p> "{escaped}"@en .'.encode(), "ntriples",
                        name="a.nt")
    assert rdf.value(triple.object) == (text, "en", "")
    assert rdf.parse(rdf.ntriples([triple]), "ntriples", name="b.nt") == [triple]
    for syntax in ("turtle", "jsonld"):
        assert rdf.parse(rdf.convert([triple], syntax), syntax, name="b") == [triple]


def test_what_is_no_literal_has_no_value():
    with pytest.raises(ValueError, match="is not a literal"):
        rdf.value("<x:a>")
