"""The names that IERO uses: prefixes, its own IRIs, its graphs.

Two pairs of verbs do all the work: :func:`expand` and :func:`compress`, and nobody else in the
package cuts an IRI into pieces.
"""

from __future__ import annotations

from typing import Final

from iero.errors import BadParameter

IERO: Final = "https://w3id.org/iero/"
"""Namespace of every term; the ontology itself is ``https://w3id.org/iero``."""

ONTOLOGY: Final = "https://w3id.org/iero"

PREFIXES: Final[dict[str, str]] = {
    "iero": IERO,
    "claim": IERO + "claim/",
    "shape": IERO + "shape/",
    "graph": IERO + "graph/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "dcterms": "http://purl.org/dc/terms/",
    "obo": "http://purl.obolibrary.org/obo/",
    "oboInOwl": "http://www.geneontology.org/formats/oboInOwl#",
    "prov": "http://www.w3.org/ns/prov#",
    "oa": "http://www.w3.org/ns/oa#",
    "sh": "http://www.w3.org/ns/shacl#",
    "sd": "http://www.w3.org/ns/sparql-service-description#",
    "void": "http://rdfs.org/ns/void#",
    "doi": "https://doi.org/",
}
"""Every prefix that the ontology, the shapes and the queries may use, each with one meaning."""

ONTOLOGY_GRAPH: Final = IERO + "graph/ontology"
INFERRED_GRAPH: Final = IERO + "graph/inferred"
CLAIMS_GRAPH: Final = IERO + "graph/claims"
MAPPINGS_GRAPH: Final = IERO + "graph/mappings"
SHAPES_GRAPH: Final = IERO + "graph/shapes"
GRAPHS: Final = (ONTOLOGY_GRAPH, INFERRED_GRAPH, CLAIMS_GRAPH, MAPPINGS_GRAPH, SHAPES_GRAPH)
"""The named graphs of the shipped data set, in the order in which they are described."""

DEFINITION: Final = PREFIXES["obo"] + "IAO_0000115"
EXAMPLE: Final = PREFIXES["obo"] + "IAO_0000112"
REPLACED_BY: Final = PREFIXES["obo"] + "IAO_0100001"


def expand(name: str) -> str:
    """Return the IRI of a CURIE, a local name of IERO, or an IRI (with or without ``<>``).

    >>> expand("iero:Venting") == expand("Venting") == expand("<https://w3id.org/iero/Venting>")
    True
    >>> expand("rdfs:label")
    'http://www.w3.org/2000/01/rdf-schema#label'

    :raises BadParameter: if the prefix is unknown or the name cannot be an IRI.
    """
    text = name.strip().removeprefix("<").removesuffix(">")
    if not text or any(mark in text for mark in ' \t\r\n<>"{}|\\^`'):
        raise BadParameter(f"{name!r} is not an IRI, a CURIE or a local name.",
                           hint="Write it like Venting, iero:Venting or https://w3id.org/iero/Venting.")
    prefix, colon, local = text.partition(":")
    if not colon:
        return IERO + text
    if prefix in PREFIXES:
        return PREFIXES[prefix] + local
    if local.startswith("//") or prefix in ("urn", "mailto", "tag"):
        return text
    raise BadParameter(f"The prefix {prefix!r} of {name!r} is not known.",
                       hint="Known prefixes: " + ", ".join(sorted(PREFIXES)) + ".")


def compress(iri: str) -> str:
    """Return the shortest CURIE of an IRI, or the IRI itself where no prefix fits.

    >>> compress("https://w3id.org/iero/claim/support-buffers-stress")
    'claim:support-buffers-stress'
    >>> compress("https://example.org/x")
    'https://example.org/x'
    """
    fitting = [(space, prefix) for prefix, space in PREFIXES.items()
               if iri.startswith(space) and len(iri) > len(space)]
    if not fitting:
        return iri
    space, prefix = max(fitting)
    return f"{prefix}:{iri[len(space):]}"


def is_own(iri: str) -> bool:
    """Say whether an IRI lies in IERO's namespace and should therefore be defined by IERO.

    Graph names are addresses, not terms, and do not count.

    >>> is_own("https://w3id.org/iero/Venting"), is_own("https://w3id.org/iero/graph/claims")
    (True, False)
    """
    return iri.startswith(IERO) and not iri.startswith(IERO + "graph/")
