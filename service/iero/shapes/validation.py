"""SHACL: whether data conforms to shapes and, where it does not, what is wrong.

Standard: Shapes Constraint Language (https://www.w3.org/TR/shacl/), with the SPARQL-based targets
of SHACL Advanced Features, section 3.1. The engine is pySHACL over rdflib; nobody else in the
package sees either. Nothing is inferred first and nothing is fetched: what is validated is what is
given.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import pyshacl
from pyparsing import ParseBaseException
from pyshacl.entrypoints import meta_validate
from pyshacl.errors import ReportableRuntimeError, ShapeRecursionWarning
from rdflib import BNode, Graph, URIRef
from rdflib import Literal as RDFLiteral
from rdflib.namespace import OWL, RDF, SH
from rdflib.term import Node

from iero.errors import NotFound, OntologyError, Refused
from iero.rdf import Triple, ntriples, parse
from iero.report import SEVERITIES, Fault, Report
from iero.shapes.reach import Chain, reach
from iero.syntax import (
    declared_prefixes,
    names_graphs,
    refuse_unsafe,
    tokens,
    used_prefixes,
)
from iero.terms import IRI, BlankNode, Literal, Term
from iero.vocabulary import compress, is_own

_CALLING: Final = (SH.jsLibraryURL, SH.jsLibrary, SH.jsFunctionName, SH.js,
                   SH.shapesGraph, SH.suggestedShapesGraph)

class Shapes:
    """Shapes that are known to be well-formed; any number of data can be validated against them."""

    def __init__(self, document: bytes | str, *, trusted: bool = False) -> None:
        """Read shapes in Turtle or N-Triples, and check them against SHACL's own shapes.

        :param trusted: they have been checked before; checking takes a second or two.
        :raises OntologyError: if they do not parse, are ill-formed, or are none.
        """
        self._graph = _parse(document, "shapes")
        if trusted:
            return
        kinds = (SH.NodeShape, SH.PropertyShape)
        if not any(True for kind in kinds for _ in self._graph.subjects(RDF.type, kind)):
            raise _failure("The shapes hold no sh:NodeShape and no sh:PropertyShape.")
        _refuse_calls(self._graph)
        for reason in _unsafe_queries(self._graph):
            raise _failure(reason)
        conforms, _, text = _run(meta_validate, self._graph)
        if not conforms:
            raise _failure(f"The shapes are not well-formed SHACL. {text}")

    @classmethod
    def open(cls, files: Iterable[Path], *, trusted: bool = False) -> Shapes:
        """Read shapes from files in Turtle; see the constructor for the rest.

        :raises NotFound: if a file does not exist.
        """
        triples = list[Triple]()
        for file in files:
            try:
                triples += parse(file.read_bytes(), "turtle", name=str(file))
            except OSError as error:
                raise NotFound(f"The shapes {str(file)!r} cannot be read: {error.strerror}.",
                               nearest=[]) from error
        return cls(ntriples(triples), trusted=trusted)

    def validate(self, data: bytes | str) -> Report:
        """Validate data in Turtle or N-Triples.

        :raises OntologyError: if it does not parse, or if the engine fails: what could not be
            checked never conforms.
        """
        conforms, results, _ = _run(
            pyshacl.validate, _parse(data, "data"), shacl_graph=self._graph, advanced=True)
        report = _report(results)
        if report.conforms != conforms:
            raise _failure("The engine's verdict and its results contradict each other.")
        return report

    def validate_nodes(self, data: bytes, nodes: Collection[str]) -> Report:
        """Validate some nodes of data, which tell of others only what the shapes ask about these.

        :param data: N-Triples, whose blank nodes are described as fully as ``nodes``.
        :param nodes: the IRIs of the nodes; blank nodes count without being named.
        :raises OntologyError: if the engine fails.
        """
        graph = Graph().parse(data=data, format="nt")
        _, results, _ = _run(pyshacl.validate, graph, shacl_graph=self._graph, advanced=True)
        return Report(tuple(fault for fault in _report(results).results
                            if isinstance(fault.focus, BlankNode) or fault.focus in nodes))

    @cached_property
    def chains(self) -> frozenset[Chain]:
        """The chains of steps along which the shapes read.

        :raises OntologyError: if that cannot be told.
        """
        return reach(self._graph)


def validate(data: bytes | str, shapes: bytes | str) -> Report:
    """Validate data against shapes, both in Turtle or N-Triples.

    >>> shapes = '''
    ...     @prefix sh: <http://www.w3.org/ns/shacl#> . @prefix : <https://example.org/> .
    ...     :WorkShape a sh:NodeShape ; sh:targetClass :Work ; sh:property :TitleShape .
    ...     :TitleShape a sh:PropertyShape ; sh:path :title ; sh:minCount 1 ; sh:message "None." .
    ... '''
    >>> report = validate("<x:a> a <https://example.org/Work> .", shapes)
    >>> [(fault.focus, fault.message) for fault in report.results]
    [('x:a', 'None.')]

    :raises OntologyError: as :class:`Shapes` does.
    """
    return Shapes(shapes).validate(data)


def _run(engine: Callable[..., Any], *graphs: Graph, **options: Any) -> tuple[bool, Graph, str]:
    try:
        with warnings.catch_warnings():
            # The engine leaves a recursive shape half checked and only warns of it.
            warnings.simplefilter("error", ShapeRecursionWarning)
            conforms, results, text = engine(
                *graphs, inference="none", inplace=True, allow_warnings=True, allow_infos=True,
                **options,
            )
    except (ReportableRuntimeError, ParseBaseException, ShapeRecursionWarning, re.error) as error:
        raise _failure(str(error)) from error
    if not isinstance(results, Graph):  # some failures are handed over instead of raised
        raise _failure(text)
    return conforms, results, text


def _refuse_calls(shapes: Graph) -> None:
    """Refuse shapes by which a client could make the service call somebody, or run a program.

    :raises Refused: for imports, JavaScript (SHACL-JS), and queries with SERVICE or FROM, which
        the engine would fetch.
    """
    imported = [iri for iri in shapes.objects(None, OWL.imports)
                if not is_own(str(iri)) and (iri, RDF.type, OWL.Ontology) not in shapes]
    for value in imported:
        raise Refused(f"The shapes import <{value}>, and nothing is fetched for shapes.",
                      operation="owl:imports", hint="Send all shapes in one document.")
    for predicate in _CALLING:
        for value in shapes.objects(None, predicate):
            raise Refused(f"The shapes name <{value}> by {compress(str(predicate))}, and nothing "
                          "is fetched or run for shapes.", operation=str(predicate),
                          hint="Leave it out.")
    for predicate in (SH.select, SH.ask, SH.construct, SH.update):
        for query in shapes.objects(None, predicate):
            refuse_unsafe(str(query))
            if names_graphs(str(query)):
                raise Refused("A query of the shapes has a FROM clause.", operation="FROM",
                              hint="Shapes are about the data that are validated, and no others.")


def _unsafe_queries(shapes: Graph) -> Iterator[str]:
    """Yield what is wrong with queries inside shapes that the engine would pass over.

    It knows some prefixes by heart, which others do not (SHACL, section 5.2.1), and takes a query
    that does not return ``$this`` (section 5.1) for one that finds nothing.
    """
    for owner, query in shapes.subject_objects(SH.select):
        found = list(tokens(str(query)))
        if not any(token.text in ("?this", "$this") for token in found):
            yield f"A query does not return $this: {query}"
        declared = {str(prefix) for sheet in shapes.objects(owner, SH.prefixes)
                    for declaration in shapes.objects(sheet, SH.declare)
                    for prefix in shapes.objects(declaration, SH.prefix)}
        used = {prefix for prefix, _ in used_prefixes(found)}
        for prefix in sorted(used - declared - set(declared_prefixes(str(query)))):
            yield f"A query uses the prefix {prefix}:, which its sh:prefixes do not declare."


def _parse(document: bytes | str, name: str) -> Graph:
    """Read Turtle strictly, which rdflib's own parser does not."""
    data = document.encode() if isinstance(document, str) else document
    return Graph().parse(data=ntriples(parse(data, "turtle", name=name)), format="nt")


def _failure(reason: str) -> OntologyError:
    return OntologyError(f"The validation could not be carried out: {reason}", reason=reason,
                         hint="Nothing was checked. Mend the shapes or the data first.")


def _report(graph: Graph) -> Report:
    faults = [_fault(graph, node) for node in graph.objects(None, SH.result)]
    return Report(tuple(sorted(faults, key=_rank)))


def _rank(fault: Fault) -> tuple[int, str, str, str, str]:
    return (SEVERITIES.index(fault.severity), str(fault.focus), fault.shape, fault.component,
            str(fault.value))


def _fault(graph: Graph, result: Node) -> Fault:
    """Read a result; a shape without a message of its own says at least what kind of rule it is."""
    path, value = graph.value(result, SH.resultPath), graph.value(result, SH.value)
    component = IRI(str(graph.value(result, SH.sourceConstraintComponent)))
    messages = sorted(str(text) for text in graph.objects(result, SH.resultMessage))
    severity = str(graph.value(result, SH.resultSeverity)).removeprefix(str(SH))
    if severity not in SEVERITIES:
        raise _failure(f"{severity} is not a severity of SHACL.")
    return Fault(
        focus=_term(graph.value(result, SH.focusNode)),
        path=IRI(path) if isinstance(path, URIRef) else None,
        value=None if value is None else _term(value),
        severity=severity,
        message=" ".join(messages) or f"It breaks {compress(component)}.",
        shape=IRI(str(graph.value(result, SH.sourceShape))),
        component=component,
    )


def _term(node: Node | None) -> Term:
    if isinstance(node, RDFLiteral):
        return Literal(str(node), datatype=str(node.datatype or ""), language=node.language or "")
    return BlankNode(str(node)) if isinstance(node, BNode) else IRI(str(node))
