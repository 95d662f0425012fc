"""The Turtle that people read."""

from __future__ import annotations

from pathlib import Path

import pytest
from iero import rdf, turtle

HEADS = ("@prefix iero: <https://w3id.org/iero/> . "
         "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . ")
FILES = sorted((Path(__file__).parents[1] / "ontology").rglob("*.ttl"))


def written(text: str, **options: str) -> str:
    return turtle.write(rdf.parse((HEADS + text).encode(), "turtle", name="a"), **options).decode()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_is_written_says_what_was_read(path):
    triples = rdf.parse(path.read_bytes(), "turtle", name=path.name)
    assert triples
    again = rdf.parse(turtle.write(triples), "turtle", name="again")
    assert set(again) == set(triples)


def test_there_are_files_to_write():
    assert len(FILES) > 10


@pytest.mark.parametrize("value", [
    "( )", "( 1 2 )", "( [ rdfs:label 'a' ] ( iero:A ) )", "[ ]", "[ rdfs:label 'a'@en-GB ]",
    "true", "-1.50", "1e0", "'''two\nlines \"and\" \\\\'''", "'2020'^^iero:year", "<http://x/a(b)>",
    "iero:a.b", "<https://w3id.org/iero/a.>", "iero:0.1.0", "<https://w3id.org/iero/a/b>",
])
def test_every_kind_of_value_survives(value):
    triples = rdf.parse(f"{HEADS} iero:A iero:p {value} .".encode(), "turtle", name="a")
    assert set(rdf.parse(turtle.write(triples), "turtle", name="b")) == set(triples)


def test_a_list_with_a_broken_tail_keeps_every_triple():
    rdf_first = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#first>"
    triples = rdf.parse(f"<x:a> <x:p> [ {rdf_first} 1 , 2 ] .".encode(), "turtle", name="a")
    assert set(rdf.parse(turtle.write(triples), "turtle", name="b")) == set(triples)


def test_a_shared_blank_node_is_written_once_by_its_label():
    text = written("iero:A iero:p _:b . iero:B iero:p _:b . _:b rdfs:label 'x' .")
    assert text.count("rdfs:label") == 1
    assert text.count("_:b") == 3


def test_the_order_is_type_label_axioms_sources():
    text = written("iero:A <http://purl.org/dc/terms/source> <x:s> ; rdfs:subClassOf iero:B ; "
                   "iero:note 'n' ; rdfs:label 'a' ; a rdfs:Class .")
    places = [text.index(word) for word in (
        " a rdfs:Class", "rdfs:label", "rdfs:subClassOf", "iero:note", "dcterms:source")]
    assert places == sorted(places)


def test_the_subject_asked_for_comes_first_and_the_rest_by_name():
    text = written("iero:B iero:p 1 . iero:A iero:p 1 . iero:Z iero:p 1 .", first=rdf.iri("iero:Z"))
    blocks = [text.index(f"\niero:{name}\n") for name in "ZAB"]
    assert blocks == sorted(blocks)


def test_only_prefixes_in_use_are_declared():
    assert written("iero:A iero:p <http://x/> .").count("@prefix") == 1


def test_brackets_too_long_for_a_line_are_indented_under_their_place():
    label = "x" * 140
    text = written(f"iero:A rdfs:seeAlso [ rdfs:label '{label}' ] , [ rdfs:label '{label}y' ] .")
    lines = text.splitlines()
    opened = [line for line in lines if line.rstrip().endswith("[")]
    closed = [line for line in lines if line.strip().startswith("]")]
    assert len(opened) == len(closed) == 2
    assert {len(line) - len(line.lstrip()) for line in closed} == {8}
