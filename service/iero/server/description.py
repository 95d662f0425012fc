"""The service described in RDF: SPARQL 1.1 Service Description, and VoID."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from flask import Response

from iero.rdf import Triple, convert, iri
from iero.server import links
from iero.server.negotiation import data_format
from iero.terms import Literal
from iero.vocabulary import IERO, PREFIXES

if TYPE_CHECKING:
    from iero.server.context import Context

DATASET: Final = iri("graph:dataset")
"""The data set, as the release calls it too."""

_TYPE: Final = iri("rdf:type")
RESULT_FORMATS: Final = {
    "json": "SPARQL_Results_JSON", "xml": "SPARQL_Results_XML", "csv": "SPARQL_Results_CSV",
    "tsv": "SPARQL_Results_TSV", "turtle": "Turtle", "ntriples": "N-Triples", "rdfxml": "RDF_XML",
    "jsonld": "JSON-LD", "nquads": "N-Quads", "trig": "TriG",
}
"""Names of our formats to those of W3C's registry, http://www.w3.org/ns/formats/."""

PAYLOADS: Final = ("turtle", "ntriples", "rdfxml", "jsonld")
"""The formats in which graphs are taken."""

_SPARQL_12: Final = "https://www.w3.org/TR/sparql12-query/"
_EXTENSIONS: Final = ("triple terms, reifiers and annotations of SPARQL 1.2",
                      "base direction of language-tagged strings of SPARQL 1.2")

WITHIN: Final = {"nquads": "ntriples", "trig": "turtle"}
"""Of the formats for data sets, those for one graph that are part of them."""


def of(context: Context) -> list[Triple]:
    """Describe the service as it runs: what it answers, and whether and how it is written to."""
    writing = context.writing
    return service(
        links.absolute("sparql.endpoint"), context.graph.sizes(),
        update=links.absolute("update.update") if writing else "",
        union=writing is None or not writing.scratch)


def service(
    endpoint: str, sizes: Mapping[str, int], *, update: str = "", union: bool = True,
) -> list[Triple]:
    """Describe a SPARQL endpoint (SPARQL 1.1 Service Description, section 3).

    Federation is not claimed, since SERVICE is refused. Updates have an address of their own, and
    so a description of their own, which shares the data set.

    :param endpoint: the endpoint's URL.
    :param sizes: the named graphs and how many triples each holds.
    :param update: the URL for updates, if there is one.
    :param union: whether the default graph is the union of the named graphs.
    """
    about = f"<{endpoint}>"
    triples = [
        *_service(about, "SPARQL11Query", ["UnionDefaultGraph"] if union else []),
        *(Triple(about, iri("sd:resultFormat"), _format(name)) for name in RESULT_FORMATS),
        *_extensions(about),
        Triple("_:dataset", _TYPE, iri("sd:Dataset")),
        Triple("_:dataset", iri("sd:defaultGraph"), "_:default"),
        Triple("_:default", _TYPE, iri("sd:Graph")),
    ]
    if update:
        triples += _service(f"<{update}>", "SPARQL11Update",
                            ["EmptyGraphs", *(["UnionDefaultGraph"] if union else [])])
        triples += [Triple(f"<{update}>", iri("sd:inputFormat"), _format(name))
                    for name in PAYLOADS]
    for number, (graph, size) in enumerate(sizes.items()):
        triples += _named_graph(f"_:named{number}", f"_:graph{number}", graph, size)
    return triples


def _service(about: str, language: str, features: Iterable[str]) -> list[Triple]:
    return [
        Triple(about, _TYPE, iri("sd:Service")),
        Triple(about, iri("sd:endpoint"), about),
        Triple(about, iri("sd:supportedLanguage"), iri(f"sd:{language}")),
        Triple(about, iri("sd:defaultDataset"), "_:dataset"),
        *(Triple(about, iri("sd:feature"), iri(f"sd:{feature}")) for feature in features),
    ]


def _extensions(about: str) -> list[Triple]:
    """Name what goes beyond SPARQL 1.1; `docs/conformance.md` has the details."""
    triples = []
    for number, label in enumerate(_EXTENSIONS):
        extension = f"_:extension{number}"
        triples += [Triple(about, iri("sd:languageExtension"), extension),
                    Triple(extension, _TYPE, iri("sd:Feature")),
                    Triple(extension, iri("rdfs:label"), Literal(label, language="en").n3()),
                    Triple(extension, iri("rdfs:seeAlso"), f"<{_SPARQL_12}>")]
    return triples


def _format(name: str) -> str:
    return f"<http://www.w3.org/ns/formats/{RESULT_FORMATS[name]}>"


def _named_graph(named: str, content: str, graph: str, size: int) -> list[Triple]:
    return [
        Triple("_:dataset", iri("sd:namedGraph"), named),
        Triple(named, _TYPE, iri("sd:NamedGraph")),
        Triple(named, iri("sd:name"), f"<{graph}>"),
        Triple(named, iri("sd:graph"), content),
        Triple(content, _TYPE, iri("sd:Graph")),
        Triple(content, iri("void:triples"), _integer(size)),
    ]


def dataset(version: str, sizes: Mapping[str, int]) -> list[Triple]:
    """Describe a data set by what is loaded of it (VoID, sections 2 and 4)."""
    triples = [
        Triple(DATASET, _TYPE, iri("void:Dataset")),
        Triple(DATASET, iri("void:uriSpace"), Literal(IERO).n3()),
        Triple(DATASET, iri("void:triples"), _integer(sum(sizes.values()))),
        Triple(DATASET, iri("owl:versionInfo"), Literal(version).n3()),
    ]
    for graph, size in sizes.items():
        triples += [Triple(DATASET, iri("void:subset"), f"<{graph}>"),
                    Triple(f"<{graph}>", _TYPE, iri("void:Dataset")),
                    Triple(f"<{graph}>", iri("void:triples"), _integer(size))]
    return triples


def access(endpoint: str, dump: str) -> list[Triple]:
    """Say where the data set can be had (VoID, section 3).

    :param endpoint: the SPARQL endpoint.
    :param dump: the URL of the data as a file.
    """
    return [Triple(DATASET, iri("void:sparqlEndpoint"), f"<{endpoint}>"),
            Triple(DATASET, iri("void:dataDump"), f"<{dump}>")]


def _integer(number: int) -> str:
    return Literal(str(number), datatype=PREFIXES["xsd"] + "integer").n3()


def send(triples: Iterable[Triple], wanted: str | None) -> Response:
    """Return triples in the format that the client asks for."""
    chosen = data_format("graph", wanted)
    written = WITHIN.get(chosen.name, chosen.name)
    return Response(convert(triples, written), content_type=chosen.content_type)
