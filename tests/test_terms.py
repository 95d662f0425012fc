"""Terms: strings that know what they are."""

from __future__ import annotations

import copy
import pickle
from decimal import Decimal

import pytest
from iero.terms import IRI, BlankNode, Literal
from iero.vocabulary import PREFIXES
from pyoxigraph import RdfFormat, parse

XSD = PREFIXES["xsd"]


def test_terms_are_strings() -> None:
    assert IRI("urn:a") == "urn:a"
    assert sorted([Literal("b"), Literal("a")]) == ["a", "b"]
    assert f"{IRI('urn:a')}" == "urn:a"


@pytest.mark.parametrize(("text", "datatype", "value"), [
    ("20", "integer", 20), ("-3", "int", -3), ("007", "nonNegativeInteger", 7),
    ("1.50", "decimal", Decimal("1.50")), ("1e3", "double", 1000.0), ("true", "boolean", True),
    ("1", "boolean", True), ("false", "boolean", False), ("0", "boolean", False),
    ("2020-01-01", "date", "2020-01-01"), ("text", "string", "text"),
    ("twenty", "integer", "twenty"), ("1,5", "decimal", "1,5"), ("x", "double", "x"),
])
def test_a_literal_has_the_value_that_xsd_defines(
    text: str, datatype: str, value: object
) -> None:
    found = Literal(text, datatype=XSD + datatype).value
    assert found == value
    assert type(found) is type(value)


def test_a_literal_without_datatype_is_a_string_and_one_with_a_language_a_langstring() -> None:
    assert Literal("a").datatype == XSD + "string"
    assert Literal("a", language="en").datatype == PREFIXES["rdf"] + "langString"


@pytest.mark.parametrize("term", [
    IRI("https://w3id.org/iero/Venting"), Literal("plain"), Literal("", language="en"),
    Literal('quotes " and \\ and \n\r\t\b\f and é'), Literal("4.5", datatype=XSD + "decimal"),
    Literal("情", language="ja"), Literal("\x00\x7f"),
])
def test_n3_is_read_back_by_an_engine_as_the_same_term(term: IRI | Literal) -> None:
    quad = next(iter(parse(f"<urn:s> <urn:p> {term.n3()} .".encode(), RdfFormat.N_TRIPLES)))
    assert quad.object.value == term
    if isinstance(term, Literal):
        assert (quad.object.language or "") == term.language
        assert quad.object.datatype.value == term.datatype


def test_blank_nodes_are_written_with_their_label() -> None:
    assert BlankNode("b0").n3() == "_:b0"


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy,
                                   lambda term: pickle.loads(pickle.dumps(term))])
def test_literals_survive_copying_and_pickling(clone: object) -> None:
    term = Literal("zwei", language="de")
    made = clone(term)  # type: ignore[operator]
    assert (made, made.language, made.datatype) == (term, term.language, term.datatype)


def test_the_short_form_of_an_iri_uses_the_known_prefixes() -> None:
    assert IRI("https://w3id.org/iero/claim/x").curie == "claim:x"
    assert IRI("http://example.org/x").curie == "http://example.org/x"
