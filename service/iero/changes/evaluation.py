"""SPARQL Update as a difference: which quads a request deletes and inserts.

The engine changes a store at once and does not tell what it did. So each operation is put to it in
pieces: the pattern is asked as a query of the working store, and the templates are filled in by an
INSERT into an empty store, with the solutions as a VALUES block. What is in that store afterwards
is what the operation would delete or insert. The engine thus decides all that SPARQL decides; only
the order of things is ours (SPARQL 1.1 Update, section 3 and section 4.3).
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, cast

import pyoxigraph as ox

from iero.changes.editor import DEFAULT_GRAPH, Editor, Graph, Named
from iero.changes.grants import DEFAULT
from iero.changes.messages import Update
from iero.changes.operations import Operation, operations
from iero.errors import BadDocument, BadParameter, BadQuery, Conflict, NotFound, Refused
from iero.grammar import explain_syntax_error, first_fault
from iero.results import RDF_FORMATS
from iero.store import Store
from iero.syntax import refuse_calls, refuse_depth, refuse_excess, tokens

Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
_WORDS: Final = ("DEFAULT", "NAMED", "ALL")
_POSITION: Final = re.compile(r"error at (\d+):(\d+)")


def evaluate(request: Update, store: Store, editor: Editor) -> None:
    """Carry out a request, one operation after the other.

    :param store: the data, as the operations before have left them; what ``editor`` edits.
    :raises BadQuery: if it does not parse; nothing has been changed then.
    :raises BadParameter: if it names its dataset twice.
    :raises Refused: if it would fetch what was not fetched for it, or change what is not granted.
    :raises Conflict: if a graph to create exists; ``NotFound`` if one that is needed does not.
    """
    found = _parsed(request.text)
    if request.using or request.using_named:
        for operation in found:
            if operation.names_dataset:
                raise BadParameter(
                    "The request names its dataset twice: by using-graph-uri or "
                    "using-named-graph-uri, and by WITH or USING in the text.",
                    hint="Do one of the two.", parameter="using-graph-uri")
    if sum(operation.kind == "LOAD" for operation in found) > len(request.documents):
        raise Refused("LOAD: documents are not fetched from here.", operation="LOAD",
                      hint="Send the document itself: PUT or POST it to /store?graph=...")
    evaluator = _Evaluator(request, store, editor)
    for operation in found:
        evaluator.carry_out(operation)


def _parsed(text: str) -> list[Operation]:
    """Take a request apart, and have the engine look at each operation first."""
    refuse_calls(text)
    refuse_depth(text)
    try:
        found = operations(text)
    except BadQuery as error:
        if first_fault(list(tokens(text)), "Update") is None:
            raise
        raise explain_syntax_error(text, 1, 1, "", "Update") from error
    for operation in found:
        if operation.kind == "LOAD":  # the engine would fetch it
            _look_at_load(operation, text)
            continue
        if operation.where and not operation.kind.endswith("DATA"):
            refuse_excess(operation.text)
        _look_at(operation, text)
    return found


def loads(text: str) -> list[tuple[str, str, bool]]:
    """Return the URL, the graph (as grants call it) and whether to be SILENT of each LOAD.

    :raises BadQuery: if the request does not parse.
    """
    if "LOAD" not in text.upper() and "\\" not in text:  # most have none
        return []
    return [(_iri(each, each.graphs[0]), _target(each), each.silent)
            for each in _parsed(text) if each.kind == "LOAD"]


def _target(operation: Operation) -> str:
    return _iri(operation, operation.graphs[1]) if len(operation.graphs) > 1 else DEFAULT


def _look_at_load(operation: Operation, text: str) -> None:
    if first_fault(list(tokens(operation.request)), "Update") is not None:
        raise explain_syntax_error(text, 1, 1, "", "Update")


def _look_at(operation: Operation, text: str) -> None:
    """Have the engine parse an operation, by carrying it out where there is nothing."""
    try:
        ox.Store().update(operation.request)
    except SyntaxError as error:
        raise _explained(operation, text, str(error)) from error
    except RuntimeError:
        pass  # of graphs that do not exist: there are none


def _explained(operation: Operation, text: str, message: str) -> BadQuery:
    """Explain what the engine said of one operation at its place in the request."""
    place = _POSITION.search(message)
    line, column = (int(place[1]), int(place[2])) if place else (1, 1)
    before = operation.request.split("\n")[:line - 1]
    at = sum(len(part) + 1 for part in before) + column - 1 - len(operation.prologue)
    upto = text[:operation.offset + max(at, 0)]
    return explain_syntax_error(text, upto.count("\n") + 1, len(upto) - upto.rfind("\n"), message,
                                "Update")


class _Evaluator:
    """Carries out operations."""

    def __init__(self, request: Update, store: Store, editor: Editor) -> None:
        self._request = request
        self._store = store
        self._editor = editor
        self._documents = iter(request.documents)

    def carry_out(self, operation: Operation) -> None:
        if operation.kind == "INSERT DATA":
            self._editor.insert(_data(operation))
        elif operation.kind == "DELETE DATA":
            self._editor.delete(_data(operation))
        elif operation.kind in ("MODIFY", "DELETE WHERE"):
            self._modify(operation)
        else:
            self._on_graphs(operation)
        self._store.changed()

    # -- templates ---------------------------------------------------------------------------------

    def _modify(self, operation: Operation) -> None:
        stand_in = _StandIn()
        rows = self._solutions(operation, stand_in)
        removed = operation.where if operation.kind == "DELETE WHERE" else operation.delete
        deleted = _filled(operation, removed, rows, stand_in)
        inserted = _filled(operation, operation.insert, rows, stand_in)
        self._editor.delete(deleted)
        self._editor.insert(inserted)

    def _solutions(self, operation: Operation, stand_in: _StandIn) -> str:
        """Ask the pattern, and return the solutions as a VALUES block."""
        default, named = self._dataset(operation)
        query = f"{operation.prologue}SELECT * WHERE {operation.where}"
        found = self._store.solutions(query, default, named)
        columns = " ".join(str(variable) for variable in found.variables)
        rows = [" ".join(map(stand_in.spell, solution)) for solution in found]
        return f"VALUES ({columns}) {{ {' '.join(f'({row})' for row in rows)} }}"

    def _dataset(self, operation: Operation) -> tuple[list[str] | None, list[str] | None]:
        """Return the default graphs and the named ones to ask; ``None`` for what there is."""
        if operation.using or operation.using_named:
            return ([_iri(operation, graph) for graph in operation.using],
                    [_iri(operation, graph) for graph in operation.using_named])
        if operation.given:
            return [_iri(operation, operation.given)], None
        if self._request.using or self._request.using_named:
            return list(self._request.using), list(self._request.using_named)
        return None, None

    # -- whole graphs ------------------------------------------------------------------------------

    def _on_graphs(self, operation: Operation) -> None:
        handle: Callable[[Operation], None] = getattr(self, "_" + operation.kind.lower())
        try:
            handle(operation)
        except (Conflict, NotFound):
            if not operation.silent:
                raise

    def _load(self, operation: Operation) -> None:
        document = next(self._documents)
        if document.data is None:  # it could not be had, and the operation is SILENT
            return
        target = _target(operation)
        graph = DEFAULT_GRAPH if target == DEFAULT else ox.NamedNode(target)
        try:
            self._editor.insert(read(document.data, document.format, graph, document.url))
        except BadDocument:
            if not operation.silent:
                raise

    def _create(self, operation: Operation) -> None:
        graph = self._named(operation, 0)
        if self._editor.store.contains_named_graph(graph):
            raise Conflict(f"The graph {graph} exists already.", hint="Write CREATE SILENT GRAPH.")
        self._editor.create(graph)

    def _clear(self, operation: Operation) -> None:
        for graph in self._meant(operation):
            self._editor.clear(graph)

    def _drop(self, operation: Operation) -> None:
        for graph in self._meant(operation):
            self._remove(graph)

    def _add(self, operation: Operation) -> None:
        source, target = self._ends(operation)
        self._editor.insert(_moved(self._editor.content(source), target))

    def _copy(self, operation: Operation) -> None:
        source, target = self._ends(operation)
        if source == target:
            return
        content = _moved(self._editor.content(source), target)
        self._remove(target)
        self._editor.insert(content)

    def _move(self, operation: Operation) -> None:
        source, target = self._ends(operation)
        if source == target:
            return
        self._copy(operation)
        self._remove(source)

    def _remove(self, graph: Graph) -> None:
        """Remove a graph; the default graph always exists, and is emptied."""
        if isinstance(graph, ox.DefaultGraph):
            self._editor.clear(graph)
        else:
            self._editor.drop(graph)

    def _meant(self, operation: Operation) -> list[Graph]:
        """Return the graphs that CLEAR or DROP names; of a union, ALL are the named ones."""
        word = operation.graphs[0]
        named: list[Graph] = list(self._editor.store.named_graphs())
        if word == "DEFAULT":
            return [DEFAULT_GRAPH]
        if word == "NAMED" or (word == "ALL" and self._editor.united):
            return named
        return [DEFAULT_GRAPH, *named] if word == "ALL" else [self._existing(operation, 0)]

    def _ends(self, operation: Operation) -> tuple[Graph, Graph]:
        source = self._graph(operation, 0)
        if not isinstance(source, ox.DefaultGraph):
            source = self._existing(operation, 0)
        return source, self._graph(operation, 1)

    def _graph(self, operation: Operation, index: int) -> Graph:
        word = operation.graphs[index]
        return DEFAULT_GRAPH if word == "DEFAULT" else self._named(operation, index)

    def _named(self, operation: Operation, index: int) -> Named:
        return ox.NamedNode(_iri(operation, operation.graphs[index]))

    def _existing(self, operation: Operation, index: int) -> Named:
        graph = self._named(operation, index)
        if not self._editor.store.contains_named_graph(graph):
            raise NotFound(f"There is no graph {graph}.", nearest=[],
                           hint=f"Write {operation.kind} SILENT to pass over graphs that are not "
                                "there.")
        return graph


def _data(operation: Operation) -> list[ox.Quad]:
    scratch = ox.Store()
    scratch.update(f"{operation.prologue}INSERT DATA {operation.where}")
    return list(scratch)


def _filled(operation: Operation, template: str, rows: str, stand_in: _StandIn) -> list[ox.Quad]:
    """Return the quads of a template, for each of the solutions."""
    if not template:
        return []
    scratch = ox.Store()
    given = f"WITH {operation.given} " if operation.given else ""
    scratch.update(f"{operation.prologue}{given}INSERT {template} WHERE {{ {rows} }}")
    return list(stand_in.restored(scratch))


def read(data: bytes, fmt: str, graph: Graph, base: str = "") -> list[ox.Quad]:
    """Read a document into a graph; its blank nodes are new ones (Graph Store Protocol, 5.5).

    :raises BadDocument: if it does not parse.
    """
    try:
        return [ox.Quad(quad.subject, quad.predicate, quad.object, graph)
                for quad in ox.parse(data, RDF_FORMATS[fmt], base_iri=base or None,
                                     without_named_graphs=True, rename_blank_nodes=True)]
    except SyntaxError as error:
        raise BadDocument(f"The document does not parse as {fmt}: {error.msg}.",
                          line=error.lineno, column=error.offset,
                          hint="Mend it there; the fault may lie just before the place named.") \
            from error


def _moved(quads: Iterable[ox.Quad], target: Graph) -> list[ox.Quad]:
    return [ox.Quad(quad.subject, quad.predicate, quad.object, target) for quad in quads]


def _iri(operation: Operation, written: str) -> str:
    """Have the engine read an IRI as it is written in the request."""
    query = f"{operation.prologue}SELECT ?g WHERE {{ VALUES ?g {{ {written} }} }}"
    [row] = Store().solutions(query)
    return str(cast(ox.NamedNode, row["g"]).value)


class _StandIn:
    """Blank nodes of the data travel through a VALUES block as IRIs that nobody can know."""

    def __init__(self) -> None:
        self._space = f"urn:iero:blank:{secrets.token_hex(16)}:"

    def spell(self, term: Term | None) -> str:
        """Write a term of a solution as SPARQL."""
        if term is None:
            return "UNDEF"
        if isinstance(term, ox.BlankNode):
            return f"<{self._space}{term.value}>"
        if isinstance(term, ox.Triple):
            inner = (term.subject, term.predicate, term.object)
            return f"<<( {' '.join(map(self.spell, inner))} )>>"
        return str(term)

    def restored(self, quads: Iterable[ox.Quad]) -> Iterator[ox.Quad]:
        """Put the blank nodes back; a triple that has one as its predicate is none."""
        for quad in quads:
            if not self._is_broken(quad):
                yield ox.Quad(self._restore(quad.subject), quad.predicate,
                              self._restore(quad.object), self._restore(quad.graph_name))

    def _is_broken(self, triple: ox.Quad | ox.Triple) -> bool:
        inner = triple.object
        return triple.predicate.value.startswith(self._space) or (
            isinstance(inner, ox.Triple) and self._is_broken(inner))

    def _restore(self, term: Any) -> Any:
        if isinstance(term, ox.NamedNode) and term.value.startswith(self._space):
            return ox.BlankNode(term.value.removeprefix(self._space))
        if isinstance(term, ox.Triple):
            return ox.Triple(self._restore(term.subject), term.predicate,
                             self._restore(term.object))
        return term
