"""The vocabulary of OWL 2 in RDF, sorted by the part each name plays.

W3C, OWL 2 Web Ontology Language: Mapping to RDF Graphs (second edition), tables 1 to 16.
"""

from __future__ import annotations

import re
from typing import Final

from iero.rdf import iri
from iero.vocabulary import PREFIXES

CLASS, DATATYPE, INDIVIDUAL = "class", "datatype", "individual"
OBJECT, DATA, ANNOTATION = "object property", "data property", "annotation property"
PROPERTIES: Final = (OBJECT, DATA, ANNOTATION)

TYPE: Final = iri("rdf:type")
SUBCLASS: Final = iri("rdfs:subClassOf")
SUBPROPERTY: Final = iri("rdfs:subPropertyOf")
RANGE: Final = iri("rdfs:range")
EQUIVALENT: Final = iri("owl:equivalentClass")
EQUIVALENT_PROPERTY: Final = iri("owl:equivalentProperty")
DISJOINT: Final = iri("owl:disjointWith")
ALL_DISJOINT: Final = iri("owl:AllDisjointClasses")
MEMBERS: Final = iri("owl:members")
OWL_CLASS: Final = iri("owl:Class")
RESTRICTION: Final = iri("owl:Restriction")
ON_PROPERTY: Final = iri("owl:onProperty")
SOME: Final = iri("owl:someValuesFrom")
ONLY: Final = iri("owl:allValuesFrom")
HAS_VALUE: Final = iri("owl:hasValue")
INTERSECTION: Final = iri("owl:intersectionOf")
DISJOINT_UNION: Final = iri("owl:disjointUnionOf")
INVERSE: Final = iri("owl:inverseOf")
IMPORTS: Final = iri("owl:imports")
TRANSITIVE: Final = iri("owl:TransitiveProperty")
SYMMETRIC: Final = iri("owl:SymmetricProperty")
FUNCTIONAL: Final = iri("owl:FunctionalProperty")
THING, NOTHING = iri("owl:Thing"), iri("owl:Nothing")
ONTOLOGY_CLASS: Final = iri("owl:Ontology")
DEFINED_BY: Final = iri("rdfs:isDefinedBy")
FIRST, REST, NIL = iri("rdf:first"), iri("rdf:rest"), iri("rdf:nil")
DECLARES: Final = {
    iri("owl:Class"): CLASS, iri("rdfs:Datatype"): DATATYPE, iri("owl:ObjectProperty"): OBJECT,
    iri("owl:DatatypeProperty"): DATA, iri("owl:AnnotationProperty"): ANNOTATION,
    iri("owl:NamedIndividual"): INDIVIDUAL,
}
NAMES_VERSIONS: Final = frozenset(map(iri, (
    "owl:versionIRI", "owl:priorVersion", "owl:backwardCompatibleWith", "owl:incompatibleWith",
)))
BUILT_IN_SPACES: Final = tuple("<" + PREFIXES[name] for name in ("rdf", "rdfs", "owl", "xsd"))


def _terms(prefix: str, names: str) -> frozenset[str]:
    return frozenset(iri(f"{prefix}:{name}") for name in names.split())


BUILT_IN_ANNOTATIONS: Final = NAMES_VERSIONS | _terms(
    "rdfs", "label comment seeAlso isDefinedBy") | _terms("owl", "versionInfo deprecated")
"""Annotation properties that need no declaration (Structural Specification, section 5.5)."""

STRUCTURE: Final = BUILT_IN_ANNOTATIONS | _terms("rdf", "type first rest") | _terms(
    "rdfs", "subClassOf subPropertyOf domain range") | _terms(
    "owl", "allValuesFrom annotatedProperty annotatedSource annotatedTarget assertionProperty "
    "cardinality complementOf datatypeComplementOf differentFrom disjointUnionOf disjointWith "
    "distinctMembers equivalentClass equivalentProperty hasKey hasSelf hasValue imports "
    "intersectionOf inverseOf maxCardinality maxQualifiedCardinality members minCardinality "
    "minQualifiedCardinality onClass onDataRange onDatatype onProperties onProperty oneOf "
    "propertyChainAxiom propertyDisjointWith qualifiedCardinality sameAs someValuesFrom "
    "sourceIndividual targetIndividual targetValue unionOf withRestrictions")
KINDS_OF_AXIOM: Final = _terms(
    "owl", "AllDifferent AllDisjointClasses AllDisjointProperties AsymmetricProperty Axiom "
    "FunctionalProperty InverseFunctionalProperty IrreflexiveProperty NegativePropertyAssertion "
    "Ontology ReflexiveProperty Restriction SymmetricProperty TransitiveProperty Annotation"
) | frozenset(DECLARES) | _terms("rdf", "List")
DATATYPES: Final = _terms(
    "xsd", "string boolean decimal integer double float dateTime dateTimeStamp anyURI "
    "nonNegativeInteger positiveInteger nonPositiveInteger negativeInteger long int short byte "
    "unsignedLong unsignedInt unsignedShort unsignedByte hexBinary base64Binary normalizedString "
    "token language Name NCName NMTOKEN"
) | _terms("rdf", "langString PlainLiteral XMLLiteral") | _terms("rdfs", "Literal") | _terms(
    "owl", "real rational")

CLASS_TO_CLASS: Final = _terms("rdfs", "subClassOf") | _terms("owl", "disjointWith")
TO_CLASS: Final = CLASS_TO_CLASS | _terms("rdfs", "domain") | _terms("owl", "complementOf onClass")
TO_CLASS_LIST: Final = _terms("owl", "disjointUnionOf")
TO_CLASS_OR_DATA: Final = _terms("rdfs", "range") | _terms(
    "owl", "equivalentClass someValuesFrom allValuesFrom")
TO_CLASS_OR_DATA_LIST: Final = _terms("owl", "intersectionOf unionOf")
BETWEEN_PROPERTIES: Final = _terms("rdfs", "subPropertyOf") | _terms(
    "owl", "equivalentProperty propertyDisjointWith inverseOf")
CARDINALITIES: Final = _terms(
    "owl", "cardinality maxCardinality minCardinality qualifiedCardinality "
    "maxQualifiedCardinality minQualifiedCardinality hasSelf")
FILLERS: Final = CARDINALITIES | _terms("owl", "someValuesFrom allValuesFrom hasValue")
SIMPLE_ONLY: Final = _terms(
    "owl", "FunctionalProperty InverseFunctionalProperty IrreflexiveProperty AsymmetricProperty")
CHAIN: Final = iri("owl:propertyChainAxiom")

LEXICAL: Final = {name: re.compile(pattern) for name, pattern in {
    "integer": r"[+-]?\d+", "nonNegativeInteger": r"\+?\d+|-0+",
    "positiveInteger": r"\+?0*[1-9]\d*",
    "int": r"[+-]?\d+", "decimal": r"[+-]?(\d+(\.\d*)?|\.\d+)", "boolean": "true|false|0|1",
    "double": r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|[+-]?INF|NaN",
    "float": r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|[+-]?INF|NaN",
    "dateTime": r"-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?",
    "anyURI": r"\S*", "language": r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*",
}.items()}

CLASS_FILLERS: Final = _terms("owl", "someValuesFrom allValuesFrom onClass")
"""What a restriction on an object property says about the other end."""
