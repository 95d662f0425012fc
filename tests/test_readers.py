"""Four libraries that ontologists use read the release, and each finds the same things in it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import owlready2
import pytest
import rdflib
from rdflib.namespace import OWL, RDF

RELEASE = Path(__file__).parents[1] / "ontology" / "release"
KINDS = ("Class", "ObjectProperty", "DatatypeProperty", "AnnotationProperty", "NamedIndividual")
OAKLIB = """
import json, sys
from oaklib.implementations.sparql.sparql_implementation import SparqlImplementation
from oaklib.resource import OntologyResource
resource = OntologyResource(slug=sys.argv[1], local=True, format="turtle")
adapter = SparqlImplementation(resource)
kinds = sys.argv[2:]
found = {kind: adapter.entities(owl_type=f"owl:{kind}") for kind in kinds}
OBO = "http://purl.obolibrary.org/obo/"  # oaklib drops it and cannot put it back
def whole(one):
    return adapter.curie_to_uri(one) or one if ":" in one else OBO + one
print(json.dumps({kind: [whole(one) for one in ones]
                  for kind, ones in found.items()}))
"""


def by_rdflib(file: str, fmt: str) -> dict[str, set[str]]:
    graph = rdflib.Graph().parse(RELEASE / file, format=fmt)
    return {kind: {str(one) for one in graph.subjects(RDF.type, OWL[kind])
                   if isinstance(one, rdflib.URIRef)} for kind in KINDS}


def by_owlready2() -> dict[str, set[str]]:
    world = owlready2.World()
    found = world.get_ontology((RELEASE / "iero.owl").as_uri()).load()
    return {
        "Class": {one.iri for one in found.classes()},
        "ObjectProperty": {one.iri for one in found.object_properties()},
        "DatatypeProperty": {one.iri for one in found.data_properties()},
        "AnnotationProperty": {one.iri for one in found.annotation_properties()},
        "NamedIndividual": {one.iri for one in found.individuals()},
    }


def by_oaklib() -> dict[str, set[str]]:
    """Ask in a process of its own: the library warns of much as it is imported."""
    command = [sys.executable, "-W", "ignore", "-c", OAKLIB, RELEASE / "iero.ttl", *KINDS]
    made = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return {kind: set(found) for kind, found in json.loads(made.stdout).items()}


def by_owlapi(java) -> dict[str, set[str]]:
    manager = java("org.semanticweb.owlapi.apibinding.OWLManager").createOWLOntologyManager()
    file = java("java.io.File")(str(RELEASE / "iero.owl"))
    ontology = manager.loadOntologyFromOntologyDocument(file)
    signatures = (ontology.getClassesInSignature(), ontology.getObjectPropertiesInSignature(),
                  ontology.getDataPropertiesInSignature(),
                  ontology.getAnnotationPropertiesInSignature(),
                  ontology.getIndividualsInSignature())
    return {kind: {str(one.getIRI()) for one in found}
            for kind, found in zip(KINDS, signatures, strict=True)}


@pytest.fixture(scope="module")
def expected() -> dict[str, set[str]]:
    found = by_rdflib("iero.ttl", "turtle")
    assert all(found.values())
    return found


def declared(found: dict[str, set[str]]) -> dict[str, set[str]]:
    """Leave out the annotation properties that OWL has of itself, which nobody declares."""
    own = {one for one in found["AnnotationProperty"]
           if not one.startswith((str(OWL), str(rdflib.RDFS)))}
    return found | {"AnnotationProperty": own}


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
def test_rdflib_finds_the_same_in_every_syntax(expected):
    assert by_rdflib("iero.owl", "xml") == expected
    assert by_rdflib("iero.jsonld", "json-ld") == expected


def test_owlready2_finds_what_rdflib_finds(expected):
    assert declared(by_owlready2()) == expected


def test_the_owl_api_finds_what_rdflib_finds(java, expected):
    assert declared(by_owlapi(java)) == expected


def test_oaklib_finds_what_rdflib_finds(expected):
    assert by_oaklib() == expected
