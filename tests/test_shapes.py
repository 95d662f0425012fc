"""Every shape is seen to accept and to refuse: samples in ``tests/shapes/<Shape>/``.

``passes.ttl`` breaks nothing. In ``fails.ttl`` each faulty node has lines
``#= focus shape component`` above it, and the shape finds exactly those: none fewer, none more.
"""

import re
from pathlib import Path

import pytest
from iero import KnowledgeGraph
from iero.build.sources import load_sources
from iero.errors import IeroError, OntologyError
from iero.rdf import ntriples
from iero.resources import home, locate, walk
from iero.shapes import Shapes, validate
from iero.terms import BlankNode
from iero.vocabulary import PREFIXES, compress, expand
from rdflib import Graph, URIRef
from rdflib.namespace import RDF, SH

SAMPLES = Path(__file__).parent / "shapes"
PARAMETERS = {
    "minCount", "maxCount", "languageIn", "minLength", "nodeKind", "class", "datatype", "pattern",
    "in", "node", "hasValue", "lessThan", "lessThanOrEquals", "minExclusive", "minInclusive",
    "maxInclusive", "xone", "or", "sparql",
}
HEAD = "@prefix : <https://example.org/> . @prefix sh: <http://www.w3.org/ns/shacl#> .\n"
SHAPE = HEAD + ":S a sh:NodeShape ; sh:targetClass :C ; "
DATA = HEAD + ":a a :C ; :p 1 ; :knows :b . :b a :C ; :knows :a ."


def shapes_graph():
    graph = Graph()
    for _, file in walk("ontology/shapes", ".ttl"):
        graph.parse(data=file.read_bytes(), format="turtle")
    return graph


SHAPES = shapes_graph()
TARGETS = (SH.target, SH.targetClass, SH.targetSubjectsOf)
TARGETED = sorted({shape for target in TARGETS for shape in SHAPES.subjects(target)})
FOLDERS = [compress(shape).partition(":")[2] for shape in TARGETED]


def refusing_all():
    """The shapes, where each with a target also refuses every node that it looks at."""
    graph = shapes_graph()
    for shape in TARGETED:
        graph.add((shape, SH["in"], RDF.nil))
    return graph


STRICT = Shapes(refusing_all().serialize(format="nt"))


def family(shape):
    """The shape and those that it applies to the same nodes."""
    return {shape, *SHAPES.objects(shape, SH.property)}


def components(shape):
    """The kinds of constraint that a shape states, as ``sh:…ConstraintComponent``."""
    names = {str(p).removeprefix(str(SH)) for p in SHAPES.predicates(shape)} & PARAMETERS
    return {f"sh:{'SPARQL' if n == 'sparql' else n[0].upper() + n[1:]}ConstraintComponent"
            for n in names}


def name(term):
    return "_:" if isinstance(term, BlankNode) else compress(term)


def look(data):
    """What each shape with a target looks at, and what breaks which shape, as name triples."""
    looked_at, broken = {shape: set() for shape in TARGETED}, set()
    for fault in STRICT.validate(data).results:
        focus, shape = name(fault.focus), URIRef(fault.shape)
        if shape in looked_at and compress(fault.component) == "sh:InConstraintComponent":
            looked_at[shape].add(focus)
        else:
            broken.add((focus, compress(shape), compress(fault.component), fault.severity))
    return looked_at, broken


def look_at_sample(shape, sample):
    """What a shape looks at in a sample, and what of it breaks the shape."""
    looked_at, broken = look((SAMPLES / sample).read_bytes())
    members = {compress(member) for member in family(shape)}
    return looked_at[shape], {(focus, member, component) for focus, member, component, _ in broken
                              if member in members and focus in looked_at[shape]}


def expected_in(sample):
    lines = re.findall(r"^#= (\S+) (\S+) (\S+)$", (SAMPLES / sample).read_text(), re.MULTILINE)
    return {("_:" if focus.startswith("_:") else compress(expand(focus)), shape, component)
            for focus, shape, component in lines}


def test_there_are_samples_for_every_shape_with_a_target_and_for_no_other():
    assert len(FOLDERS) >= 10
    assert sorted(folder.name for folder in SAMPLES.iterdir()) == FOLDERS


@pytest.mark.parametrize("shape", TARGETED, ids=FOLDERS)
def test_a_passing_sample_is_looked_at_and_breaks_nothing(shape):
    sample = f"{compress(shape).partition(':')[2]}/passes.ttl"
    looked_at, broken = look_at_sample(shape, sample)
    assert looked_at
    assert broken == set()


@pytest.mark.parametrize("shape", TARGETED, ids=FOLDERS)
def test_a_failing_sample_breaks_exactly_what_it_says(shape):
    sample = f"{compress(shape).partition(':')[2]}/fails.ttl"
    expected = expected_in(sample)
    assert expected
    _, broken = look_at_sample(shape, sample)
    assert broken == expected


@pytest.mark.parametrize("shape", TARGETED, ids=FOLDERS)
def test_every_constraint_of_a_shape_is_seen_to_fail(shape):
    stated = {(compress(member), component)
              for member in family(shape) for component in components(member)}
    assert stated
    sample = f"{compress(shape).partition(':')[2]}/fails.ttl"
    assert {(member, component) for _, member, component in expected_in(sample)} == stated


def test_every_parameter_of_the_shapes_is_known_to_these_tests():
    about = {"property", "target", "targetClass", "targetSubjectsOf", "path", "severity", "message"}
    own = [s for s in SHAPES.subjects(RDF.type) if str(s).startswith(PREFIXES["shape"])]
    used = {str(p).removeprefix(str(SH)) for shape in own for p in SHAPES.predicates(shape)
            if str(p).startswith(str(SH)) and (shape, RDF.type, SH.SPARQLTarget) not in SHAPES}
    assert used - about <= PARAMETERS
    assert "minCount" in used


def test_every_shape_is_named_labelled_and_reachable():
    own = {s for kind in (SH.NodeShape, SH.PropertyShape) for s in SHAPES.subjects(RDF.type, kind)}
    assert all(re.fullmatch(r"shape:[A-Z]\w*Shape", compress(shape)) for shape in own)
    assert all(SHAPES.value(shape, URIRef(PREFIXES["rdfs"] + "label")) for shape in own)
    used = {*TARGETED, *SHAPES.objects(None, SH.property), *SHAPES.objects(None, SH.node)}
    assert own <= used


def test_every_shape_with_constraints_says_in_words_what_is_wrong():
    for shape in {member for target in TARGETED for member in family(target) if components(member)}:
        rules = list(SHAPES.objects(shape, SH.sparql)) or [shape]
        messages = [m for rule in rules for m in SHAPES.objects(rule, SH.message)]
        assert len(messages) == 1, shape
        assert len(messages[0]) > 30, shape
        assert SHAPES.value(shape, SH.severity) in (SH.Violation, SH.Warning), shape


def test_the_shapes_declare_prefixes_as_the_vocabulary_does():
    declared = {str(SHAPES.value(node, SH.prefix)): str(SHAPES.value(node, SH.namespace))
                for node in SHAPES.objects(None, SH.declare)}
    assert len(declared) >= 5
    assert declared.items() <= PREFIXES.items()


def test_the_ontology_breaks_no_shape_and_every_shape_has_something_to_look_at():
    ontology = ntriples(load_sources(home() / "ontology").triples()).decode()
    sample = KnowledgeGraph.open(locate("queries/samples/annotations.trig"))
    looked_at, broken = look(ontology + sample.construct("CONSTRUCT WHERE { ?s ?p ?o }"))
    assert [fault for fault in sorted(broken) if fault[-1] == "Violation"] == []
    idle = {compress(shape) for shape, nodes in looked_at.items() if not nodes}
    assert idle <= {"shape:DeprecatedTermShape"}, "until a term is deprecated"


def test_a_result_tells_where_what_and_how_bad():
    report = validate(DATA, SHAPE + (
        "sh:property [ sh:path :p ; sh:maxExclusive 1 ; sh:severity sh:Warning ;"
        ' sh:message "Big." ] .'))
    [fault] = report.results
    assert (fault.focus, fault.path) == ("https://example.org/a", "https://example.org/p")
    assert fault.value.n3() == '"1"^^<http://www.w3.org/2001/XMLSchema#integer>'
    assert (fault.severity, fault.message) == ("Warning", "Big.")
    assert fault.component.curie == "sh:MaxExclusiveConstraintComponent"
    assert report.conforms, "a warning is no violation"


def test_a_violation_does_not_conform_and_comes_before_a_warning():
    shapes = SHAPE + (
        'sh:property [ sh:path :p ; sh:maxCount 0 ; sh:severity sh:Warning ; sh:message "One." ] ;'
        'sh:property [ sh:path :q ; sh:minCount 1 ; sh:message "None." ] .')
    report = validate(DATA, shapes)
    assert not report.conforms
    assert [fault.message for fault in report.results] == ["None.", "None.", "One."]


def test_a_shape_without_a_message_is_reported_all_the_same():
    [first, _] = validate(DATA, SHAPE + "sh:nodeKind sh:Literal .").results
    assert first.message


@pytest.mark.parametrize(("shapes", "reason"), [
    ("", "no sh:NodeShape"),
    ("sh:nodeKind", "shapes:"),
    ('sh:sparql [ sh:select "SELECT $this { $this" ] .', "Expected"),
    ('sh:sparql [ sh:select "SELECT $this { $this rdfs:label ?l }" ] .', "prefix rdfs:"),
    ('sh:sparql [ sh:select "SELECT ?x { ?x a ?y }" ] .', "does not return"),
    ('sh:sparql [ sh:select "SELECT $this { VALUES ?x { 1 } $this ?p ?x }" ] .', "VALUES"),
    ("sh:target [ a sh:SPARQLTarget ; sh:select 'SELECT ?this { ' ] .", "Expected"),
    ("sh:property [ sh:minCount 1 ] .", "not well-formed"),
    ('sh:property [ sh:path :p ; sh:minCount "one" ] .', "not well-formed"),
    ('sh:property [ sh:path :p ; sh:pattern "(" ] .', "subpattern"),
    ("sh:nodeKind :Nonsense .", "not well-formed"),
    ("sh:property [ sh:path :knows ; sh:node :S ] .", "Recursive"),
    ("sh:nodeKind sh:Literal ; sh:severity :Dire .", "severity"),
])
def test_what_cannot_be_checked_is_an_error_and_never_conforms(shapes, reason):
    with pytest.raises(OntologyError, match=reason):
        validate(DATA, SHAPE + shapes if shapes else DATA)


def test_data_that_does_not_parse_is_an_error():
    with pytest.raises(IeroError, match=r'^data:1:'):
        validate(":a :b", SHAPE + "sh:nodeKind sh:IRI .")
