"""The OWL API, the reference implementation of OWL 2, must take the ontology as it stands.

Protégé, ROBOT and most OBO tools are built on it, so what it loads without a fault they load too.
"""

from __future__ import annotations

import os
from pathlib import Path
from xml.etree import ElementTree

import pytest

HERE = Path(__file__).parent
ONTOLOGY = HERE.parent / "ontology"
ALIGNMENTS = ONTOLOGY / "alignments"
UPPER = HERE / "alignments" / "upper-sample.ttl"
WRONG = HERE / "alignments" / "wrong.ttl"
MFOEM = os.environ.get("IERO_MFOEM", "")
BROKEN = HERE / "build" / "not-owl-dl.ttl"
REASONERS = {
    "HermiT": "org.semanticweb.HermiT.ReasonerFactory",
    "ELK": "org.semanticweb.elk.owlapi.ElkReasonerFactory",
}
SOURCES = {"sources": ONTOLOGY / "iero.ttl", "release": ONTOLOGY / "release" / "iero.owl"}


def catalog(folder: Path = ONTOLOGY) -> dict[str, Path]:
    """Return the file of each IRI that the catalog of a folder names."""
    entries = ElementTree.parse(folder / "catalog-v001.xml").findall("{*}uri")
    return {entry.attrib["name"]: folder / entry.attrib["uri"] for entry in entries}


def load(java, path: Path):
    """Load an ontology, its imports from the files that the catalog names, not from the web."""
    return load_all(java, path)[0]


def load_all(java, *paths: Path):
    """Load several ontologies into one manager, as Protégé does when more are opened."""
    manager = java("org.semanticweb.owlapi.apibinding.OWLManager").createOWLOntologyManager()
    address = java("org.semanticweb.owlapi.model.IRI")
    file = java("java.io.File")
    mapper = java("org.semanticweb.owlapi.util.SimpleIRIMapper")
    for name, document in (catalog() | catalog(ALIGNMENTS)).items():
        target = address.create(file(str(document)))
        manager.getIRIMappers().add(mapper(address.create(name), target))
    return [manager.loadOntologyFromOntologyDocument(file(str(path))) for path in paths]


def violations(java, ontology) -> list[str]:
    report = java("org.semanticweb.owlapi.profiles.OWL2DLProfile")().checkOntology(ontology)
    return sorted(str(violation) for violation in report.getViolations())


@pytest.fixture(scope="session", params=SOURCES)
def loaded(request, java):
    return load(java, SOURCES[request.param])


def test_the_profile_checker_sees_what_is_not_owl_2_dl(java):
    found = "\n".join(violations(java, load(java, BROKEN)))
    assert "Use of non-simple property in functional axiom <https://example.org/x/partOf>" in found
    assert "Use of undeclared class: <https://example.org/x/Undeclared>" in found


def test_the_sources_import_every_module_through_the_catalog(java):
    ontology = load(java, SOURCES["sources"])
    imported = {str(one.getOntologyID().getOntologyIRI().get()) for one in ontology.getImports()}
    assert imported == set(catalog())
    assert len(imported) > 10


def test_the_release_has_a_version_and_imports_nothing(java):
    ontology = load(java, SOURCES["release"])
    identity = ontology.getOntologyID()
    assert str(identity.getOntologyIRI().get()) == "https://w3id.org/iero"
    assert str(identity.getVersionIRI().get()).startswith("https://w3id.org/iero/")
    assert ontology.getImportsDeclarations().isEmpty()


def test_it_has_no_violation_of_the_owl_2_dl_profile(java, loaded):
    assert loaded.getLogicalAxiomCount(java("org.semanticweb.owlapi.model.parameters.Imports")
                                       .INCLUDED) > 500
    assert violations(java, loaded) == []


@pytest.mark.parametrize("name", REASONERS)
def test_a_reasoner_finds_it_consistent_and_no_class_empty(java, loaded, name):
    factory = java(REASONERS[name])()
    reasoner = factory.createReasoner(loaded)
    try:
        assert reasoner.isConsistent()
        empty = reasoner.getUnsatisfiableClasses().getEntitiesMinusBottom()
        assert [str(one) for one in empty] == []
    finally:
        reasoner.dispose()


def test_the_release_holds_every_logical_axiom_of_the_sources(java):
    sources, release = (_axioms(java, load(java, path)) for path in SOURCES.values())
    assert sources - release == set()
    assert len(sources) > 500


def _axioms(java, ontology) -> set[str]:
    """Return the axioms in words; blank nodes cannot occur, for expressions are written out."""
    imports = java("org.semanticweb.owlapi.model.parameters.Imports").INCLUDED
    return {str(axiom.getAxiomWithoutAnnotations()) for axiom in ontology.getLogicalAxioms(imports)}


def test_both_documents_entail_the_same_class_hierarchy(java):
    hierarchies = [_hierarchy(java, load(java, path)) for path in SOURCES.values()]
    assert hierarchies[0] == hierarchies[1]
    assert len(hierarchies[0]) > 500


def _hierarchy(java, ontology) -> set[tuple[str, str]]:
    reasoner = java(REASONERS["HermiT"])().createReasoner(ontology)
    imports = java("org.semanticweb.owlapi.model.parameters.Imports").INCLUDED
    return {(str(one.getIRI()), str(up.getIRI()))
            for one in ontology.getClassesInSignature(imports)
            for up in reasoner.getSuperClasses(one, False).getFlattened()}


# The alignments are ontologies of their own: they import IERO, and IERO does not import them.


def merged_and_empty(java, *paths: Path) -> tuple[bool, list[str]]:
    """Say whether ontologies are consistent together, and which of their classes are empty."""
    first, *others = load_all(java, *paths)
    manager, imports = first.getOWLOntologyManager(), java(
        "org.semanticweb.owlapi.model.parameters.Imports").INCLUDED
    for other in others:
        for axiom in other.getLogicalAxioms(imports):
            manager.addAxiom(first, axiom)
    reasoner = java(REASONERS["HermiT"])().createReasoner(first)
    try:
        if not reasoner.isConsistent():
            return False, []
        empty = reasoner.getUnsatisfiableClasses().getEntitiesMinusBottom()
        return True, sorted(str(one.getIRI()) for one in empty)
    finally:
        reasoner.dispose()


@pytest.mark.parametrize("name", ["bfo", "mfoem"])
def test_an_alignment_is_owl_2_dl_and_agrees_with_the_upper_ontology(java, name):
    path = ALIGNMENTS / f"{name}.ttl"
    assert violations(java, load(java, path)) == []
    assert merged_and_empty(java, path, UPPER) == (True, [])


def test_a_wrong_alignment_is_seen(java):
    consistent, empty = merged_and_empty(java, ALIGNMENTS / "bfo.ttl", UPPER, WRONG)
    assert not consistent or "https://w3id.org/iero/EmotionRegulation" in empty


def test_the_core_says_nothing_of_upper_ontologies():
    for path in SOURCES.values():
        assert "BFO_" not in path.read_text(encoding="utf-8")


@pytest.mark.skipif(not MFOEM, reason="IERO_MFOEM names no copy of the Emotion Ontology")
def test_the_alignment_agrees_with_the_real_emotion_ontology(java):
    consistent, empty = merged_and_empty(java, ALIGNMENTS / "mfoem.ttl", Path(MFOEM))
    alone, theirs = merged_and_empty(java, Path(MFOEM))
    assert (consistent, alone) == (True, True)
    assert empty == theirs
