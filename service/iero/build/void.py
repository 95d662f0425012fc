"""The VoID description of the data set (W3C Interest Group Note, 3 March 2011)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from iero.build import owl
from iero.rdf import Triple, iri, is_iri
from iero.vocabulary import IERO, ONTOLOGY, PREFIXES

DATASET: Final = f"<{IERO}graph/dataset>"

_TITLES: Final = {
    "ontology": "What things are: the asserted axioms and annotations",
    "inferred": "What follows from the axioms: class hierarchy, types and the relation graph",
    "claims": "What sources found or propose, with plain triples where they agree",
    "mappings": "Mappings to other vocabularies",
    "shapes": "SHACL shapes that the data conform to",
}
_COPIED: Final = tuple(map(iri, (
    "dcterms:title", "dcterms:description", "dcterms:license", "dcterms:issued",
    "dcterms:modified", "dcterms:creator", "owl:versionInfo",
)))


def describe(graphs: Mapping[str, Iterable[Triple]], header: Iterable[Triple]) -> set[Triple]:
    """Return the description of a data set of named graphs; every number is counted.

    :param header: triples that hold the ontology's title, licence and version.
    """
    said = [t for t in header if t.subject == f"<{ONTOLOGY}>" and t.predicate in _COPIED]
    licence = [t.object for t in said if t.predicate == iri("dcterms:license")]
    found = {Triple(DATASET, t.predicate, t.object) for t in said}
    everything: set[Triple] = set()
    for graph, triples in graphs.items():
        name, known = f"<{graph}>", set(triples)
        everything |= known
        found |= _counts(name, known)
        title = _TITLES[graph.rpartition("/")[2]]
        found |= {Triple(name, iri("dcterms:title"), f'"{title}"@en'),
                  Triple(name, owl.TYPE, iri("sd:NamedGraph")), Triple(name, iri("sd:name"), name),
                  Triple(DATASET, iri("void:subset"), name)}
        found |= {Triple(name, iri("dcterms:license"), address) for address in licence}
    return found | _counts(DATASET, everything) | _addresses(everything)


def _addresses(triples: set[Triple]) -> set[Triple]:
    used = {term[1:-1] for t in triples for term in (t.predicate, t.object)
            if term is t.predicate or (t.predicate == owl.TYPE and is_iri(term))}
    spaces = {space for space in PREFIXES.values() if any(name.startswith(space) for name in used)}
    found = {Triple(DATASET, iri("void:vocabulary"), f"<{space}>") for space in spaces}
    return found | {Triple(DATASET, iri("void:uriSpace"), f'"{IERO}"'),
                    Triple(DATASET, iri("void:exampleResource"), iri("iero:Claim"))}


def _counts(name: str, triples: set[Triple]) -> set[Triple]:
    """Count as VoID section 4.6 defines: classes are those that something has as its type."""
    counts = {
        "void:triples": len(triples),
        "void:distinctSubjects": len({t.subject for t in triples}),
        "void:distinctObjects": len({t.object for t in triples}),
        "void:properties": len({t.predicate for t in triples}),
        "void:classes": len({t.object for t in triples if t.predicate == owl.TYPE
                             and is_iri(t.object)}),
    }
    integer = PREFIXES["xsd"] + "integer"
    return {Triple(name, owl.TYPE, iri("void:Dataset"))} | {
        Triple(name, iri(prop), f'"{count}"^^<{integer}>') for prop, count in counts.items()}
