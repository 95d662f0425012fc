"""The knowledge graph: asking, describing, resolving, exporting."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import rdflib
from iero import KnowledgeGraph, resources
from iero.errors import BadParameter, BadQuery, NotFound, OntologyError, Refused
from iero.naming import Named, split_name
from iero.protocol import QueryRequest, format_named
from iero.terms import IRI, Literal
from iero.vocabulary import GRAPHS, PREFIXES

from tests.conftest import processor_seconds

IERO = "https://w3id.org/iero/"
STRATEGIES = "SELECT ?x { VALUES ?x { iero:Venting } ?x rdfs:subClassOf iero:Process }"


# -- opening -------------------------------------------------------------------------------------


def test_without_a_release_the_remedy_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resources, "home", lambda: tmp_path)
    with pytest.raises(NotFound, match="iero build"):
        KnowledgeGraph.open()


def test_a_missing_or_broken_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"none\.ttl"):
        KnowledgeGraph.open(tmp_path / "none.ttl")
    (tmp_path / "bad.ttl").write_text("not turtle")
    with pytest.raises(OntologyError, match=r"bad\.ttl"):
        KnowledgeGraph.open(str(tmp_path / "bad.ttl"))


def test_a_file_and_a_url_together_are_a_bad_parameter(small: Path) -> None:
    with pytest.raises(BadParameter):
        KnowledgeGraph.open(small, url="http://localhost/sparql")


def test_the_release_opens_fast(rdflib_seconds: float) -> None:
    opening = processor_seconds(
        "from iero import KnowledgeGraph; assert KnowledgeGraph.open().ask('ASK { ?s ?p ?o }')")
    assert opening < 5 * rdflib_seconds


# -- SPARQL --------------------------------------------------------------------------------------


def test_select_returns_rows_of_terms(graph: KnowledgeGraph) -> None:
    rows = graph.select("SELECT ?n ?label { iero:VQ iero:itemCount ?n ; rdfs:label ?label }")
    assert rows == [{"n": "12", "label": "Venting Questionnaire"}]
    assert isinstance(rows[0]["n"], Literal)
    assert rows[0]["n"].value == 12


def test_ask_returns_a_truth(graph: KnowledgeGraph) -> None:
    assert graph.ask("ASK { iero:Venting rdfs:subClassOf iero:Process }") is True
    assert graph.ask("ASK { iero:Process rdfs:subClassOf iero:Venting }") is False


def test_construct_returns_turtle(graph: KnowledgeGraph) -> None:
    text = graph.construct("CONSTRUCT WHERE { iero:Venting rdfs:label ?l }")
    parsed = rdflib.Graph().parse(data=text, format="turtle")
    assert [str(value) for value in parsed.objects()] == ["venting"]


@pytest.mark.parametrize(("query", "wrong", "right"), [
    ("ASK {}", "select", "ask()"), ("SELECT * {}", "ask", "select()"),
    ("DESCRIBE iero:Venting", "select", "construct()"), ("ASK {}", "construct", "ask()"),
])
def test_the_wrong_method_names_the_right_one(
    graph: KnowledgeGraph, query: str, wrong: str, right: str
) -> None:
    with pytest.raises(BadQuery) as error:
        getattr(graph, wrong)(query)
    assert right in error.value.hint


@pytest.mark.parametrize("value", ["Strategy", "iero:Strategy", IERO + "Strategy",
                                   f"<{IERO}Strategy>", "strategy", IRI(IERO + "Strategy")])
def test_parameters_are_terms_by_any_of_their_names(graph: KnowledgeGraph, value: str) -> None:
    assert graph.select(STRATEGIES, x=value) == [{"x": IERO + "Strategy"}]


def test_a_parameter_may_have_several_values_and_be_a_number(graph: KnowledgeGraph) -> None:
    rows = graph.select(STRATEGIES, x=["Venting", "Strategy", "VQ"])
    assert {row["x"] for row in rows} == {IERO + "Venting", IERO + "Strategy"}
    assert graph.select("SELECT ?s { VALUES ?n { 0 } ?s iero:itemCount ?n }", n=12) \
        == [{"s": IERO + "VQ"}]
    assert graph.select("SELECT ?s { VALUES ?t { '' } ?s rdfs:label ?t }",
                        t=Literal("venting", language="en")) == [{"s": IERO + "Venting"}]


def test_a_parameter_that_the_query_does_not_have_is_a_bad_parameter(graph: KnowledgeGraph) -> None:
    with pytest.raises(BadParameter, match="'y'"):
        graph.select(STRATEGIES, y="Venting")


def test_protocol_requests_get_the_union_and_no_prefixes(graph: KnowledgeGraph) -> None:
    text = f"ASK {{ <{IERO}Venting> <{PREFIXES['rdfs']}subClassOf> <{IERO}Process> }}"
    assert graph.answer(QueryRequest(text)).truth
    assert not graph.answer(QueryRequest(text, (IERO + "graph/ontology",))).truth
    with pytest.raises(BadQuery, match="'iero'"):
        graph.answer(QueryRequest("ASK { iero:Venting ?p ?o }"))
    with pytest.raises(Refused):
        graph.answer(QueryRequest("CLEAR ALL"))


# -- the catalogue -------------------------------------------------------------------------------


def first_with_parameter(graph: KnowledgeGraph) -> tuple[str, str]:
    for query in graph.catalogue:
        for parameter in query.parameters.values():
            if parameter.type == "iri":
                return query.name, parameter.name
    raise AssertionError("no question has a parameter")


def test_a_question_runs_by_name(shipped: KnowledgeGraph) -> None:
    name = "what-is-interpersonal-emotion-regulation"
    answer = shipped.run(name)
    assert answer.kind == "bindings"
    assert list(answer.rows()) == shipped.select(name) != []


def test_parameters_of_a_question_are_checked(shipped: KnowledgeGraph) -> None:
    question, parameter = first_with_parameter(shipped)
    shipped.run(question, {parameter: ["iero:EmotionalContagion"]})
    with pytest.raises(NotFound, match="EmotionalContagoin") as missing:
        shipped.run(question, {parameter: ["EmotionalContagoin"]})
    assert "EmotionalContagion" in missing.value.details["nearest"]
    with pytest.raises(BadParameter, match="2 times"):
        shipped.run(question, {parameter: ["iero:Venting", "iero:EmotionalContagion"]})
    with pytest.raises(BadParameter, match="'nothing'") as unknown:
        shipped.run(question, {"nothing": ["iero:Venting"]})
    assert parameter in unknown.value.hint
    with pytest.raises(NotFound, match="no-such-question"):
        shipped.run("no-such-question")


def test_the_text_of_a_question_shows_its_parameters_in_place(shipped: KnowledgeGraph) -> None:
    question, parameter = first_with_parameter(shipped)
    bound = shipped.bound(question, {parameter: ["iero:EmotionalContagion"]})
    assert f"VALUES ?{parameter} {{ <{IERO}EmotionalContagion> }}" in bound
    assert shipped.bound(question) == shipped.catalogue[question].text


def test_the_members_of_a_class_are_its_subclasses_and_individuals(graph: KnowledgeGraph) -> None:
    assert [term.label for term in graph.members("Disorder")] == ["anxiety", "disorder"]
    assert {term.label for term in graph.members("Instrument")} \
        == {"instrument", "Venting Questionnaire"}


# -- terms ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Venting", "iero:Venting", IERO + "Venting", "venting",
                                  f"<{IERO}Venting>", " Venting "])
def test_a_term_is_found_by_any_of_its_names(graph: KnowledgeGraph, name: str) -> None:
    assert graph.resolve(name) == IERO + "Venting"


@pytest.mark.parametrize("name", ["claim:venting-maintains-anxiety", "doi:10.1000/182",
                                  "claim/venting-maintains-anxiety", "iero:OldVenting"])
def test_claims_works_and_deprecated_terms_are_found_too(graph: KnowledgeGraph, name: str) -> None:
    assert graph.term(name).label


@pytest.mark.parametrize("name", ["Ventng", "iero:Ventng", IERO + "Ventng", "ventin"])
def test_an_unknown_term_is_not_found_and_the_nearest_is_named(
    graph: KnowledgeGraph, name: str
) -> None:
    with pytest.raises(NotFound) as error:
        graph.term(name)
    assert "Venting" in error.value.details["nearest"]
    assert "Venting" in error.value.hint


@pytest.mark.parametrize("name", ["", "no such thing at all", "x y", "foo:bar", "<>", "qqqqqqqq"])
def test_what_resembles_nothing_is_not_found_either(graph: KnowledgeGraph, name: str) -> None:
    with pytest.raises(NotFound):
        graph.term(name)


def test_a_term_is_described_in_full(graph: KnowledgeGraph) -> None:
    term = graph.term("Venting")
    assert (term.iri, term.label, term.definition) \
        == (IERO + "Venting", "venting", "A strategy of letting feelings out.")
    assert [kind.label for kind in term.kinds] == ["class"]
    assert term.synonyms == {"exact": ["letting off steam"], "broad": ["complaining"]}
    assert term.abbreviations == ["VNT"]
    assert term.examples == ["A person shouts at the sea."]
    assert [(source, source.label) for source in term.sources] \
        == [("https://doi.org/10.1000/182", "Doe (2001)")]
    assert [claim.label for claim in term.claims] == ["venting keeps anxiety going"]
    assert term.defined_by == IERO + "module/strategies"


def test_only_direct_superclasses_and_the_most_specific_relations_are_shown(
    graph: KnowledgeGraph,
) -> None:
    term = graph.term("Venting")
    assert [each.label for each in term.superclasses] == ["strategy"]
    assert {(link.label, value.label) for link, value in term.relations} \
        == {("has target", "self"), ("maintains", "anxiety")}
    assert [each.label for each in graph.term("Process").subclasses] == ["strategy"]
    assert [each.label for each in graph.term("Instrument").instances] == ["Venting Questionnaire"]


def test_an_individual_shows_its_kind_and_its_facts(graph: KnowledgeGraph) -> None:
    term = graph.term("VQ")
    assert [kind.label for kind in term.kinds] == ["instrument"]
    assert [(link.label, str(fact)) for link, fact in term.facts] == [("item count", "12")]


def test_a_description_has_the_class_expressions_and_the_claims(graph: KnowledgeGraph) -> None:
    answer = graph.describe(IERO + "Venting")
    body = b"".join(answer.serialize(format_named("ntriples", "graph")))
    parsed = rdflib.Graph().parse(data=body.decode(), format="nt")
    owl, iero = rdflib.OWL, rdflib.Namespace(IERO)
    target = parsed.value(predicate=owl.onProperty, object=iero.hasTarget)
    union = parsed.value(target, owl.someValuesFrom)
    assert list(parsed.items(parsed.value(union, owl.unionOf))) == [iero.Self, iero.Other]
    assert (iero["claim/venting-maintains-anxiety"], iero.sampleSize, None) in parsed
    own = {subject for subject in parsed.subjects() if not isinstance(subject, rdflib.BNode)}
    assert own == {iero.Venting, iero["claim/venting-maintains-anxiety"]}


def test_a_description_in_turtle_nests_its_blank_nodes(graph: KnowledgeGraph) -> None:
    answer = graph.describe(IERO + "Venting")
    text = b"".join(answer.serialize(format_named("turtle", "graph"))).decode()
    assert "_:" not in text
    assert "owl:unionOf" in text
    assert text.index("iero:Venting\n") < text.index("claim:venting-maintains-anxiety\n")


def test_the_terms_are_what_iero_defines_without_claims_and_works(graph: KnowledgeGraph) -> None:
    labels = [term.label for term in graph.terms()]
    assert labels == sorted(labels, key=str.lower)
    assert "venting" in labels
    assert "maintains" in labels
    assert not {"venting keeps anxiety going", "Doe (2001)", "test ontology"} & set(labels)


def test_names_are_suggested_as_they_can_be_typed(graph: KnowledgeGraph) -> None:
    assert graph.nearest("strategi") == ["Strategy"]
    assert graph.nearest("venting questionaire") == ["VQ"]
    assert graph.nearest("zzzzzz") == []


@pytest.mark.parametrize(("iri", "words"), [
    (PREFIXES["owl"] + "Class", "class"), (PREFIXES["owl"] + "ObjectProperty", "object property"),
    (IERO + "hasIERTarget", "has IER target"), (IERO + "IERQSoothing", "IERQ soothing"),
    ("https://doi.org/10.1/x", "doi:10.1/x"), (IERO + "module/affect", "affect"),
    ("http://example.org/", "http://example.org/"), ("urn:x1", "urn:x1"),
])
def test_a_name_without_a_label_is_spelt_out(iri: str, words: str) -> None:
    assert split_name(iri) == Named(iri).label == words


# -- the graph as a whole ------------------------------------------------------------------------


def test_the_version_and_the_sizes_are_those_of_the_data(graph: KnowledgeGraph) -> None:
    assert graph.version == "9.9.9"
    sizes = graph.sizes()
    assert set(sizes) == {IERO + "graph/" + name for name in ("ontology", "inferred", "claims")}
    assert sizes[IERO + "graph/inferred"] == 6


def test_a_graph_without_a_header_has_no_version(tmp_path: Path) -> None:
    (tmp_path / "x.ttl").write_text("<urn:a> <urn:b> 1 .")
    other = KnowledgeGraph.open(tmp_path / "x.ttl")
    assert other.version == ""
    assert other.sizes() == {}
    assert other.terms() == []
    assert other.search("anything") == []
    assert other.term("urn:a").label == "urn:a"


def test_one_named_graph_can_be_exported(graph: KnowledgeGraph) -> None:
    out = io.BytesIO()
    graph.export(out, format_named("ntriples", "graph"), graph=IERO + "graph/inferred")
    assert out.getvalue().count(b" .\n") == 6
    with pytest.raises(NotFound, match="graph/nothing"):
        graph.export(out, format_named("ntriples", "graph"), graph=IERO + "graph/nothing")


def test_the_release_has_all_its_graphs_and_describes_every_term(shipped: KnowledgeGraph) -> None:
    sizes = shipped.sizes()
    assert set(sizes) <= set(GRAPHS)
    assert {name.rpartition("/")[2] for name in sizes} >= {"ontology", "inferred", "claims"}
    terms = shipped.terms()
    assert len(terms) > 200
    shown = [shipped.term(term) for term in terms]
    assert [term.iri for term in shown if not term.definition] == []
    assert all(term.label for term in shown)
