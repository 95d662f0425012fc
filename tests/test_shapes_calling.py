"""Shapes by which a client could make the service call somebody, or run a program: refused."""

from __future__ import annotations

import pytest
from iero.errors import OntologyError, Refused
from iero.shapes import Shapes

HEAD = """@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix : <https://example.org/> . :S a sh:NodeShape ; sh:targetClass :T ; """
SELECT = '''sh:sparql [ sh:message "No." ; sh:select """SELECT $this {} WHERE {{ {} }}""" ] .'''


@pytest.mark.parametrize("shape", [
    SELECT.format("", "$this a ?x SERVICE <http://127.0.0.1:9/> { ?s ?p ?o }"),
    SELECT.format("", "$this a ?x SERVICE SILENT ?x { ?s ?p ?o }"),
    SELECT.format("", "$this a ?x \\\\u0053ERVICE <http://127.0.0.1:9/> { }"),
    SELECT.format("FROM <http://127.0.0.1:9/>", "$this a ?x"),
    SELECT.format("FROM NAMED <http://127.0.0.1:9/>", "$this a ?x"),
    'sh:rule [ a sh:SPARQLRule ; sh:construct "CONSTRUCT {} WHERE { SERVICE :e {} }" ] .',
    'sh:sparql [ sh:ask "ASK { SERVICE <http://127.0.0.1:9/> {} }" ] .',
    'sh:rule [ sh:update "LOAD <http://127.0.0.1:9/>" ] .',
    'sh:js [ sh:jsFunctionName "f" ; sh:jsLibrary [ sh:jsLibraryURL "http://127.0.0.1:9/" ] ] .',
    'sh:rule [ a sh:JSRule ; sh:jsFunctionName "f" ] .',
    "sh:nodeKind sh:IRI . :doc owl:imports <http://127.0.0.1:9/> .",
    "sh:nodeKind sh:IRI . :doc sh:shapesGraph <http://127.0.0.1:9/> .",
    "sh:nodeKind sh:IRI . :doc sh:suggestedShapesGraph <http://127.0.0.1:9/> .",
])
def test_shapes_that_call_out_are_refused(shape: str) -> None:
    with pytest.raises(Refused):
        Shapes(HEAD + shape)


@pytest.mark.parametrize("shape", [
    SELECT.format("", "$this a ?service . FILTER (?service != 'SERVICE <http://x/>') # FROM"),
    "sh:nodeKind sh:IRI . :doc owl:imports <https://w3id.org/iero/shapes> .",
    "sh:nodeKind sh:IRI . :doc owl:imports :here . :here a owl:Ontology .",
])
def test_shapes_that_only_look_like_it_are_not(shape: str) -> None:
    assert Shapes(HEAD + shape).validate("<urn:a> a <https://example.org/U> .").conforms


def test_a_query_that_cannot_be_read_is_told_and_not_run() -> None:
    with pytest.raises((Refused, OntologyError)):
        Shapes(HEAD + SELECT.format("", "$this a ?x . ex:SERVICE"))
