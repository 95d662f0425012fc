"""What pages say of themselves to search engines, in the words of schema.org."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from iero.server import links
from iero.vocabulary import ONTOLOGY, expand

if TYPE_CHECKING:
    from iero.description import Description

CONTEXT: Final = "https://schema.org"
LICENSE: Final = "https://creativecommons.org/licenses/by/4.0/"
_WORK: Final = expand("iero:Work")
_TITLE, _CREATOR, _YEAR, _IN = map(expand, ("dcterms:title", "dcterms:creator",
                                            "iero:publicationYear", "iero:publishedIn"))


def term(described: Description) -> dict[str, Any]:
    """Describe a term as a ``DefinedTerm``, and a work as a ``ScholarlyArticle``."""
    if _WORK in described.kinds:
        return _article(described)
    names = [str(name) for found in described.synonyms.values() for name in found]
    made = {
        "@context": CONTEXT, "@type": "DefinedTerm", "@id": str(described.iri),
        "name": described.label, "description": described.definition,
        "termCode": described.iri.curie, "url": links.site(links.term(described.iri)),
        "alternateName": names + [str(name) for name in described.abbreviations],
        "inDefinedTermSet": ONTOLOGY, "license": LICENSE,
        "citation": [str(source) for source in described.sources],
    }
    return {name: value for name, value in made.items() if value}


def _article(described: Description) -> dict[str, Any]:
    facts: dict[str, str] = {str(name): str(value) for name, value in described.facts}
    made = {
        "@context": CONTEXT, "@type": "ScholarlyArticle", "@id": str(described.iri),
        "headline": facts.get(_TITLE) or described.label, "datePublished": facts.get(_YEAR),
        "author": facts.get(_CREATOR), "isPartOf": facts.get(_IN), "sameAs": str(described.iri),
    }
    return {name: value for name, value in made.items() if value}


def dataset(version: str) -> dict[str, Any]:
    """Describe the whole as a ``Dataset`` (with where to download it)."""
    downloads = [{"@type": "DataDownload", "encodingFormat": media_type,
                  "contentUrl": links.absolute("terms.ontology", suffix=suffix)}
                 for suffix, media_type in (("ttl", "text/turtle"), ("owl", "application/rdf+xml"),
                                            ("jsonld", "application/ld+json"))]
    return {
        "@context": CONTEXT, "@type": "Dataset", "@id": ONTOLOGY,
        "name": "Interpersonal Emotion Regulation Ontology (IERO)", "version": version,
        "description": "A knowledge graph of how people change one another's feelings: "
                       "processes, strategies, instruments, disorders, therapies, theories and "
                       "sourced claims.",
        "url": links.absolute("about.home"), "license": LICENSE, "distribution": downloads,
        "keywords": ["emotion regulation", "interpersonal emotion regulation", "ontology"],
    }
