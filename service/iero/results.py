"""What a query returned, and how it is written: whole, in bounded memory, by the engine.

Standards: SPARQL 1.1 Query Results in JSON, XML, CSV and TSV; RDF 1.1 Turtle, N-Triples,
RDF/XML and JSON-LD 1.1.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from queue import Empty, Queue
from threading import Event, Thread
from time import monotonic
from typing import IO, BinaryIO, Final, Protocol, cast

import pyoxigraph as ox

from iero import turtle
from iero.errors import BadQuery, NotAcceptable
from iero.protocol import Format, formats_for
from iero.rdf import Triple
from iero.terms import IRI, BlankNode, Literal, Row, Term
from iero.vocabulary import PREFIXES

__all__ = ["RDF_FORMATS", "Answer", "Result", "Sink", "instantiate"]

_RESULTS: Final = {
    "json": ox.QueryResultsFormat.JSON, "xml": ox.QueryResultsFormat.XML,
    "csv": ox.QueryResultsFormat.CSV, "tsv": ox.QueryResultsFormat.TSV,
}
RDF_FORMATS: Final = {
    "turtle": ox.RdfFormat.TURTLE, "ntriples": ox.RdfFormat.N_TRIPLES,
    "rdfxml": ox.RdfFormat.RDF_XML, "jsonld": ox.RdfFormat.JSON_LD,
    "nquads": ox.RdfFormat.N_QUADS, "trig": ox.RdfFormat.TRIG,
}
_PREFIXED: Final = ("turtle", "trig", "rdfxml")

_SMALL: Final = 256 * 1024
"""An answer up to this many bytes is serialised in one go."""
_COSTLY: Final = 0.3
"""Seconds after which an answer is no longer thrown away for having become larger than that..."""
_LARGE: Final = 16 * 1024 * 1024
"""... until it has this many bytes."""
_CHUNK: Final = 64 * 1024
_SORTED: Final = 1000
"""A graph below this many triples is sorted for the reader before it is written."""

_TYPE: Final = PREFIXES["rdf"] + "type"
_NAMESPACE: Final = re.compile(r"[^/#]*$")

Result = ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples


class Sink(Protocol):
    """Where an answer is written to: anything with ``write``."""

    def write(self, data: bytes, /) -> object:
        """Take the next bytes."""


class Answer:
    """What a query returned: rows, a truth value or a graph. It can be consumed once.

    :ivar kind: ``bindings``, ``boolean`` or ``graph``.
    :ivar variables: the names of the columns, without ``?``.
    :ivar first: set on the description of a term: the subject that opens it. Its Turtle is written
        for people, with blank nodes nested.
    """

    def __init__(self, evaluate: Callable[[], Result],
                 prefixes: Callable[[], dict[str, str]] = lambda: PREFIXES) -> None:
        self._evaluate = evaluate
        self._result: Result | None = evaluate()
        self._prefixes = prefixes
        self.variables: list[str] = []
        self.first = ""
        self.kind = "graph"
        if isinstance(self._result, ox.QuerySolutions):
            self.kind = "bindings"
            self.variables = [variable.value for variable in self._result.variables]
        elif isinstance(self._result, ox.QueryBoolean):
            self.kind = "boolean"

    @classmethod
    def read(cls, body: bytes | IO[bytes], fmt: Format) -> Answer:
        """Return an answer that somebody else has serialised.

        A file is read to its end once, and again for each use of the answer; it must stay open.

        :raises ValueError: if the body is not a whole document in that format.
        """
        file = io.BytesIO(body) if isinstance(body, bytes) else body
        parse = _parse_triples if "graph" in fmt.kinds else _parse_results

        def evaluate() -> Result:
            file.seek(0)
            return parse(file, fmt)

        if fault := _fault(evaluate):
            raise ValueError(fault)
        return cls(evaluate)

    @classmethod
    def of_truth(cls, truth: bool) -> Answer:
        """Return the answer of an ASK query.

        >>> Answer.of_truth(True).truth
        True
        """
        body = b'{"head":{},"boolean":%s}' % str(truth).lower().encode()
        return cls.read(body, formats_for("boolean")[0])

    def _take(self) -> Result:
        result, self._result = self._result, None
        return self._evaluate() if result is None else result

    @property
    def truth(self) -> bool:
        """The answer of an ASK query."""
        return bool(self._take())

    def rows(self) -> Iterator[Row]:
        """Yield the solutions one by one; unbound variables are left out of a row."""
        names = self.variables
        for solution in cast(ox.QuerySolutions, self._take()):
            values = ((name, solution[name]) for name in names)
            yield {name: _term(value) for name, value in values if value is not None}

    def triples(self) -> Iterator[tuple[Term, Term, Term]]:
        """Yield the triples of a graph."""
        for triple in cast(ox.QueryTriples, self._take()):
            yield _term(triple.subject), _term(triple.predicate), _term(triple.object)

    def write(self, output: Sink, fmt: Format) -> None:
        """Write the whole answer to a sink, in bounded memory.

        :raises NotAcceptable: if the format cannot carry this kind of answer.
        """
        self._write(self._take(), output, fmt)

    def _write(self, result: Result, output: Sink, fmt: Format) -> None:
        if self.kind not in fmt.kinds:
            able = [each.name for each in formats_for(self.kind)]
            raise NotAcceptable(f"{fmt.name} cannot carry an answer of the kind {self.kind!r}.",
                                hint="Available: " + ", ".join(able) + ".", available=able)
        target = cast(BinaryIO, output)
        if self.kind != "graph":
            cast(ox.QuerySolutions, result).serialize(target, _RESULTS[fmt.name])
            return
        triples = cast(ox.QueryTriples, result)
        if self.first and fmt.name == "turtle":
            output.write(turtle.write(_spelt(triples), first=self.first))
        elif fmt.name in _PREFIXED:
            ordered, prefixes = self._ordered(triples)
            checked = _qualified(ordered) if fmt.name == "rdfxml" else ordered
            ox.serialize(checked, target, RDF_FORMATS[fmt.name], prefixes=prefixes)
        else:
            checked = _without_triple_terms(triples) if fmt.name == "jsonld" else triples
            ox.serialize(checked, target, RDF_FORMATS[fmt.name])

    def _ordered(
        self, triples: Iterable[ox.Triple]
    ) -> tuple[Iterable[ox.Triple], dict[str, str]]:
        """Sort a small graph by subject, and find which prefixes it needs; pass a large one on."""
        rest = iter(triples)
        head = list(islice(rest, _SORTED))
        if len(head) == _SORTED:
            return chain(head, rest), self._prefixes()
        head.sort(key=_reading_order)
        spaces = {_NAMESPACE.sub("", node.value) for triple in head for node in _iris(triple)}
        return head, {prefix: iri for prefix, iri in self._prefixes().items() if iri in spaces}

    def serialize(self, fmt: Format) -> Iterator[bytes]:
        """Yield the answer in pieces, as they are asked for, in bounded memory.

        The usual small answer comes in one piece straight from the engine. A larger one is
        evaluated again and written piece by piece by a thread that waits for the reader; an error
        half-way is raised to the reader, so nobody takes the part for the whole.
        """
        whole = _Bounded()
        try:
            self._write(self._take(), whole, fmt)
        except _Overflow:
            del whole
            yield from _pieces(lambda sink: self._write(self._evaluate(), sink, fmt))
        else:
            yield whole.getvalue()


def _fault(evaluate: Callable[[], Result]) -> str:
    """Read a result to its end and return what is wrong with it.

    No error is raised: its frames would hold the result, which this thread must drop.
    """
    try:
        whole = evaluate()
        for _ in () if isinstance(whole, ox.QueryBoolean) else whole:
            pass
    except SyntaxError as error:
        return str(error)
    return ""


def _spelt(triples: Iterable[ox.Triple]) -> Iterator[Triple]:
    for triple in triples:
        yield Triple(str(triple.subject), str(triple.predicate), str(triple.object))


def _reading_order(triple: ox.Triple) -> tuple[bool, str, bool, str, str]:
    return (isinstance(triple.subject, ox.BlankNode), str(triple.subject),
            triple.predicate.value != _TYPE, triple.predicate.value, str(triple.object))


def _iris(triple: ox.Triple) -> Iterator[ox.NamedNode]:
    for node in (triple.subject, triple.predicate, triple.object):
        if isinstance(node, ox.NamedNode):
            yield node
        elif isinstance(node, ox.Literal):
            yield node.datatype


def instantiate(rows: Answer, template: str) -> Answer:
    """Return the graph that the rows of an answer make of a template, each triple once.

    Blank nodes of the template are new ones for each row, and a triple without its subject, or with
    a literal for one, is left out (SPARQL 1.1 Query, section 16.2).

    :param template: a CONSTRUCT query with an empty pattern.
    """
    # The engine reads the template, filled once with a name in the place of each variable.
    places = {name: ox.NamedNode(f"urn:iero:place:{name}") for name in rows.variables}
    read = ox.Store().query(template, substitutions={
        ox.Variable(name): place for name, place in places.items()})
    patterns = list(cast(ox.QueryTriples, read))

    def made() -> Iterator[ox.Triple]:
        seen = set[ox.Triple]()
        for solution in cast(ox.QuerySolutions, rows._take()):
            filled = _Filled({place: solution[name] for name, place in places.items()})
            for triple in filter(None, map(filled.triple, patterns)):
                if triple not in seen:
                    seen.add(triple)
                    yield triple

    return Answer(lambda: cast(Result, made()))


_Node = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple


class _Filled:
    """What stands in the places of a template, for one row."""

    def __init__(self, values: dict[_Node, _Node | None]) -> None:
        self._values = values

    def triple(self, pattern: ox.Triple) -> ox.Triple | None:
        """Fill a triple, or return nothing if it is none then."""
        subject, predicate, object_ = (
            self._term(term) for term in (pattern.subject, pattern.predicate, pattern.object))
        if object_ is None or not isinstance(predicate, ox.NamedNode) \
                or not isinstance(subject, ox.NamedNode | ox.BlankNode):
            return None
        return ox.Triple(subject, predicate, object_)

    def _term(self, term: _Node) -> _Node | None:
        if isinstance(term, ox.Triple):
            return self.triple(term)
        if isinstance(term, ox.BlankNode) and term not in self._values:
            self._values[term] = ox.BlankNode()
        return self._values.get(term, term)


class _Overflow(Exception):  # a signal between two functions of this module
    """The answer is too large to be kept whole."""


class _Bounded(io.BytesIO):
    """Collects a small answer; one that was slow to compute may grow larger than a cheap one."""

    def __init__(self) -> None:
        super().__init__()
        self._started = monotonic()

    def write(self, data: object, /) -> int:
        size = self.tell()
        if size > _SMALL and (size > _LARGE or monotonic() - self._started < _COSTLY):
            raise _Overflow
        return super().write(cast(bytes, data))


class _Abandoned(Exception):  # a signal between two functions of this module
    """The reader of an answer has gone away."""


class _Pipe(io.BytesIO):
    """The writing end: gathers small writes into pieces and waits for the reader."""

    def __init__(self, pieces: Queue[bytes | BaseException | None], closed: Event) -> None:
        super().__init__()
        self._pieces, self._closed = pieces, closed

    def write(self, data: object, /) -> int:
        size = super().write(cast(bytes, data))
        if self.tell() >= _CHUNK:
            self.pass_on()
        return size

    def pass_on(self) -> None:
        if self._closed.is_set():
            raise _Abandoned
        self._pieces.put(self.getvalue())
        self.seek(0)
        self.truncate()


def _pieces(write: Callable[[Sink], None]) -> Iterator[bytes]:
    """Turn a function that writes into an iterator that reads."""
    pieces: Queue[bytes | BaseException | None] = Queue(maxsize=4)
    closed = Event()

    def run() -> None:
        pipe = _Pipe(pieces, closed)
        try:
            write(pipe)
            pipe.pass_on()
        except _Abandoned:
            return
        except BaseException as error:  # noqa: BLE001 - carried over to the reader's thread
            # Without its frames: the engine's results in them must be dropped by this thread.
            pieces.put(error.with_traceback(None))
        else:
            pieces.put(None)

    Thread(target=run, name="iero-answer", daemon=True).start()
    try:
        while (piece := pieces.get()) is not None:
            if isinstance(piece, BaseException):
                raise piece
            yield piece
    finally:
        closed.set()
        while True:  # a writer that waits for room goes on, and stops at its next piece
            try:
                pieces.get_nowait()
            except Empty:
                break


_LOCAL_NAME: Final = re.compile(r"[^\W\d][\w.\-·]*$")


def _qualified(triples: Iterable[ox.Triple]) -> Iterator[ox.Triple]:
    """Pass triples on that RDF/XML can write: properties and types are XML names there.

    The engine writes broken XML for the others (RDF 1.1 XML Syntax, section 2.2).
    """
    for triple in triples:
        names = [triple.predicate]
        if triple.predicate.value == _TYPE:
            names += [triple.object] if isinstance(triple.object, ox.NamedNode) else []
        for name in names:
            if not _LOCAL_NAME.search(name.value):
                raise NotAcceptable(f"RDF/XML cannot write <{name.value}>, which ends in no XML "
                                    "name.", hint="Ask for Turtle, N-Triples or JSON-LD.",
                                    available=["text/turtle", "application/n-triples",
                                               "application/ld+json"])
        yield triple


def _without_triple_terms(triples: Iterable[ox.Triple]) -> Iterator[ox.Triple]:
    """Pass triples on that JSON-LD can write: JSON-LD 1.1 has no triple terms."""
    for triple in triples:
        if isinstance(triple.object, ox.Triple):
            raise NotAcceptable("JSON-LD cannot write a triple that is a term.",
                                hint="Ask for Turtle, N-Triples or RDF/XML.",
                                available=["text/turtle", "application/n-triples",
                                           "application/rdf+xml"])
        yield triple


def _term(term: object) -> Term:
    if isinstance(term, ox.NamedNode):
        return IRI(term.value)
    if isinstance(term, ox.BlankNode):
        return BlankNode(term.value)
    if isinstance(term, ox.Literal):
        return Literal(term.value, datatype=term.datatype.value, language=term.language or "")
    raise BadQuery("The answer holds a triple as a term, which is not read here.",
                   hint="Select its SUBJECT, PREDICATE and OBJECT instead.",
                   line=1, column=1, excerpt="")


def _parse_triples(file: IO[bytes], fmt: Format) -> Result:
    quads = ox.parse(file, RDF_FORMATS[fmt.name])
    return cast(Result, (ox.Triple(quad.subject, quad.predicate, quad.object) for quad in quads))


def _parse_results(file: IO[bytes], fmt: Format) -> Result:
    return cast(Result, ox.parse_query_results(file, _RESULTS[fmt.name]))
