"""The guard looks at what a change may concern; a look at everything must find the same."""

from __future__ import annotations

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from iero.changes.guard import Guard
from iero.errors import InvalidChange, LimitExceeded, OntologyError
from iero.resources import locate, walk
from iero.shapes import Shapes
from iero.store import Store

HEAD = """@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix : <x:> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
SHAPES = HEAD + """
:sheet sh:declare [ sh:prefix "" ; sh:namespace "x:"^^xsd:anyURI ] .
:ClassShape a sh:NodeShape ; sh:targetClass :A ; sh:property :Class, :Inverse, :Far .
:Class a sh:PropertyShape ; sh:path :p ; sh:class :B ; sh:message "class" .
:Inverse a sh:PropertyShape ; sh:path [ sh:inversePath :q ] ; sh:maxCount 1 ; sh:message "inverse" .
:Far a sh:PropertyShape ; sh:path ( :p :q ) ; sh:maxCount 1 ; sh:message "far" .
:NodeShape a sh:NodeShape ; sh:targetSubjectsOf :q ;
    sh:property [ sh:path :q ; sh:node :Inner ; sh:message "node" ] .
:Inner a sh:NodeShape ; sh:property [ sh:path [ sh:oneOrMorePath :p ] ; sh:maxCount 2 ] .
:CompareShape a sh:NodeShape ; sh:targetObjectsOf :p ;
    sh:property [ sh:path :p ; sh:disjoint :q ; sh:message "disjoint" ] ;
    sh:or ( [ sh:property [ sh:path :r ; sh:maxCount 0 ] ]
            [ sh:property [ sh:path ( :r :r ) ; sh:minCount 1 ] ] ) ; sh:message "or" .
:LoopShape a sh:NodeShape ; sh:targetClass :B ; sh:sparql [ a sh:SPARQLConstraint ;
    sh:prefixes :sheet ; sh:message "loop" ; sh:select '''
        SELECT $this ?value WHERE { $this :r ?value . ?value (:r|^:q)* ?end . ?end :p $this
            FILTER NOT EXISTS { ?end :r ?other . ?other a :A } }''' ] .
:NamedShape a sh:NodeShape ; sh:target [ a sh:SPARQLTarget ; sh:prefixes :sheet ;
    sh:select "SELECT ?this WHERE { ?this :r ?x . ?x :q ?y }" ] ;
    sh:property [ sh:path :p ; sh:minCount 1 ; sh:message "named" ] .
"""
GUARD = Guard(Shapes(SHAPES))
NODES = ("a", "b", "c", "d")
TYPE = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
SUB = ox.NamedNode("http://www.w3.org/2000/01/rdf-schema#subClassOf")


def node(name: str) -> ox.NamedNode:
    return ox.NamedNode("x:" + name)


nodes = st.sampled_from(NODES).map(node)
edge = st.builds(ox.Quad, nodes, st.sampled_from("pqr").map(node), nodes)
kind = st.builds(ox.Quad, nodes, st.just(TYPE), st.sampled_from("ABC").map(node))
below = st.builds(ox.Quad, st.just(node("C")), st.just(SUB), st.sampled_from("AB").map(node))
triple = st.one_of(edge, edge, edge, kind, kind, below)


def full(store: ox.Store) -> set[tuple[str, ...]]:
    """Return what a validation of everything finds."""
    data = ox.serialize((quad.triple for quad in store), format=ox.RdfFormat.N_TRIPLES)
    return told(Shapes(SHAPES, trusted=True).validate(data).results)


def told(faults) -> set[tuple[str, ...]]:
    return {(fault.focus, fault.message, str(fault.value)) for fault in faults}


@settings(max_examples=80, deadline=None)
@given(st.sets(triple, max_size=14), st.sets(triple, max_size=3), st.sets(triple, max_size=3))
def test_the_guard_finds_what_a_validation_of_everything_finds_anew(before, inserted, deleted):
    old, new = ox.Store(), ox.Store()
    old.extend(before)
    new.extend((before - deleted) | inserted)
    changed = (inserted - before) | ((before & deleted) - inserted)
    expected = full(new) - full(old)
    try:
        found = told(GUARD.check(new, changed, lambda: old).results)
    except InvalidChange as error:
        found = told(error.details["report"].results)
    assert found == expected


def test_that_test_has_something_to_find():
    old, new = ox.Store(), ox.Store()
    old.extend([ox.Quad(node("a"), TYPE, node("A")), ox.Quad(node("b"), TYPE, node("B")),
                ox.Quad(node("a"), node("p"), node("b"))])
    new.extend(quad for quad in old if quad.subject != node("b"))
    with pytest.raises(InvalidChange, match="once") as caught:
        GUARD.check(new, [ox.Quad(node("b"), TYPE, node("B"))], lambda: old)
    assert told(caught.value.details["report"].results) == {("x:a", "class", "x:b")}


def test_what_was_broken_before_is_not_held_against_a_change():
    old, new = ox.Store(), ox.Store()
    old.extend([ox.Quad(node("a"), TYPE, node("A")), ox.Quad(node("a"), node("p"), node("b"))])
    new.extend(old)
    added = ox.Quad(node("a"), ox.NamedNode("x:note"), ox.Literal("a"))
    new.add(added)
    assert GUARD.check(new, [added], lambda: old).results == ()


def test_a_change_that_concerns_too_much_is_refused(monkeypatch):
    monkeypatch.setattr("iero.changes.guard.MOST", 50)
    store = ox.Store()
    store.extend(ox.Quad(node(f"n{number}"), TYPE, node("C")) for number in range(100))
    added = ox.Quad(node("C"), SUB, node("A"))
    store.add(added)
    with pytest.raises(LimitExceeded, match="more than 50"):
        GUARD.check(store, [added], ox.Store)


def test_blank_nodes_are_validated_with_what_they_hang_on():
    store = ox.Store()
    store.load(b"@prefix : <x:> . [] a :A ; :p [ a :B ] . [] a :A ; :p [ :r 1 ] .",
               ox.RdfFormat.TURTLE)
    with pytest.raises(InvalidChange) as caught:
        GUARD.check(store, list(store), ox.Store)
    report = caught.value.details["report"]
    assert sorted(fault.message for fault in report.results) == ["class", "or"]


def test_triple_terms_are_counted_and_break_nothing():
    store = ox.Store()
    store.load(b"@prefix : <x:> . :a :q <<( :s :p :o )>> .", ox.RdfFormat.TURTLE)
    assert GUARD.check(store, list(store), ox.Store).results == ()


def test_the_cost_grows_with_the_change_and_not_with_the_store():
    """Counted in look-ups, which do not depend on the machine."""
    class Counting:
        def __init__(self, store: ox.Store) -> None:
            self.store, self.count = store, 0

        def quads_for_pattern(self, *pattern):
            for quad in self.store.quads_for_pattern(*pattern):
                self.count += 1
                yield quad

    counts = []
    for size in (10, 2000):
        store = ox.Store()
        store.extend(ox.Quad(node(f"n{number}"), predicate, value) for number in range(size)
                     for predicate, value in ((TYPE, node("A")), (node("p"), node("b"))))
        added = [ox.Quad(node("b"), TYPE, node("B")), ox.Quad(node("new"), TYPE, node("A")),
                 ox.Quad(node("new"), node("p"), node("c")), ox.Quad(node("c"), TYPE, node("B"))]
        store.extend(added)
        counting = Counting(store)
        GUARD.check(counting, added[1:], ox.Store)
        counts.append(counting.count)
    assert counts[0] == counts[1] > 0


@pytest.mark.parametrize(("shape", "says"), [
    ("sh:js [ sh:jsFunctionName 'f' ]", "sh:js"),
    ("sh:rule [ a sh:TripleRule ]", "sh:rule"),
    ("sh:sparql [ a sh:SPARQLConstraint ; sh:select "
     "'SELECT $this WHERE { $this <x:p> ?v . ?other <x:q> ?w }' ]", "not connected"),
])
def test_shapes_of_which_the_reach_is_unknown_guard_nothing(shape, says):
    shapes = Shapes(HEAD + f":S a sh:NodeShape ; sh:targetClass :A ; {shape} .", trusted=True)
    with pytest.raises(OntologyError, match="cannot be told") as caught:
        Guard(shapes)
    assert says in caught.value.details["reason"]


def test_annotations_that_conform_are_accepted_by_the_shapes_of_iero():
    shapes = Shapes.open([file for _, file in walk("ontology/shapes", ".ttl")], trusted=True)
    store = Store.open([locate("ontology/release/iero-kg.nq")])
    store.unite()
    engine = store._engine
    sample = locate("queries/samples/annotations.trig").read_bytes()
    added = [ox.Quad(quad.subject, quad.predicate, quad.object)
             for quad in ox.parse(sample, ox.RdfFormat.TRIG)]
    engine.extend(added)
    guard = Guard(shapes)
    assert guard.check(engine, added, ox.Store).conforms
    target = ox.NamedNode("http://www.w3.org/ns/oa#hasTarget")
    gone = next(quad for quad in added if quad.predicate == target)
    engine.remove(gone)
    with pytest.raises(InvalidChange, match="once") as caught:
        guard.check(engine, [gone], ox.Store)
    assert [fault.focus for fault in caught.value.details["report"].results] == [
        gone.subject.value]
