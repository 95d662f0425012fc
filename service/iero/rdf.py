"""RDF documents as sorted, comparable triples: parsing, naming of blank nodes, serialising.

A term is its N-Triples text (``<https://w3id.org/iero/Venting>``, ``"venting"@en``, ``_:b0``): it
hashes, sorts and compares exactly, which plain strings without their marks would not. No graph is
held here and no file is touched; querying is the business of :mod:`iero.store`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Final, NamedTuple

import pyoxigraph

from iero.errors import OntologyError
from iero.vocabulary import PREFIXES, compress, expand

FORMATS: Final = {
    "turtle": pyoxigraph.RdfFormat.TURTLE,
    "ntriples": pyoxigraph.RdfFormat.N_TRIPLES,
    "rdfxml": pyoxigraph.RdfFormat.RDF_XML,
    "jsonld": pyoxigraph.RdfFormat.JSON_LD,
    "nquads": pyoxigraph.RdfFormat.N_QUADS,
    "trig": pyoxigraph.RdfFormat.TRIG,
}
_POSITION: Final = re.compile(r"^Parser error at line \d+[^:]*: |^Parser error[^:]*: ")
_LITERAL: Final = re.compile(r'^"(.*)"(?:@([A-Za-z0-9-]+)|\^\^<([^>]*)>)?$', re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))")
_ESCAPED: Final = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f"}


class Triple(NamedTuple):
    """A triple of terms, each written as N-Triples writes it."""

    subject: str
    predicate: str
    object: str

    def line(self, graph: str = "") -> str:
        """Return the triple as a line of N-Triples, or of N-Quads within a graph."""
        return " ".join((*self, graph, ".") if graph else (*self, "."))


class Value(NamedTuple):
    """A literal taken apart."""

    text: str
    language: str
    datatype: str


def iri(name: str) -> str:
    """Return the term for a CURIE, an IRI, or a local name of IERO.

    >>> iri("owl:Class")
    '<http://www.w3.org/2002/07/owl#Class>'
    """
    return f"<{expand(name)}>"


def curie(term: str) -> str:
    """Return a term as a reader of messages wants it.

    >>> curie("<https://w3id.org/iero/Venting>"), curie('"a word"@en')
    ('iero:Venting', '"a word"@en')
    """
    return compress(term[1:-1]) if is_iri(term) else term


def is_iri(term: str) -> bool:
    """Say whether a term is an IRI."""
    return term.startswith("<")


def is_blank(term: str) -> bool:
    """Say whether a term is a blank node."""
    return term.startswith("_:")


def is_literal(term: str) -> bool:
    """Say whether a term is a literal."""
    return term.startswith('"')


def value(term: str) -> Value:
    r"""Take a literal apart.

    >>> value('"say \\"when\\""@en')
    Value(text='say "when"', language='en', datatype='')
    """
    match = _LITERAL.match(term)
    if match is None:
        raise ValueError(f"{term} is not a literal")
    return Value(_ESCAPE.sub(_unescape, match[1]), match[2] or "", match[3] or "")


def _unescape(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    return chr(int(code, 16)) if code else _ESCAPED.get(match[3], match[3])


def parse(data: bytes, format: str, *, name: str, base: str | None = None) -> list[Triple]:  # noqa: A002
    """Read a document; its blank nodes get names that follow from what they say.

    :param format: a key of :data:`FORMATS`.
    :param name: the file's name, for messages.
    :raises OntologyError: if it does not parse, with file, line, column and reason.
    """
    merged = [triple for triples in parse_graphs(data, format, name=name, base=base).values()
              for triple in triples]
    return list(dict.fromkeys(merged))


def parse_graphs(
    data: bytes, format: str, *, name: str, base: str | None = None,  # noqa: A002
) -> dict[str, list[Triple]]:
    r"""Read a document into the triples of each of its graphs, by the graph's IRI.

    The default graph, the only one that most formats have, goes by the empty name. The arguments
    and errors are those of :func:`parse`.

    >>> document = b"<x:a> <x:p> <x:b> <x:g> .\n<x:a> <x:p> <x:c> .\n"
    >>> sorted(parse_graphs(document, "nquads", name="small.nq"))
    ['', 'x:g']
    """
    try:
        quads = list(pyoxigraph.parse(data, FORMATS[format], base_iri=base))
    except SyntaxError as error:
        line, column = error.lineno or 1, error.offset or 1
        reason = _POSITION.sub("", str(error.msg)) + "."
        raise OntologyError(
            f"{name}:{line}:{column}: {reason}", hint=_remedy(reason), file=name, line=line,
            column=column, term=_excerpt(data, line), reason=reason,
        ) from error
    found: dict[str, list[Triple]] = defaultdict(list)
    for q in quads:
        graph = "" if isinstance(q.graph_name, pyoxigraph.DefaultGraph) else q.graph_name.value
        found[graph].append(Triple(str(q.subject), str(q.predicate), str(q.object)))
    return {graph: name_blank_nodes(triples, name=name) for graph, triples in found.items()}


def _remedy(reason: str) -> str:
    missing = re.search(r"prefix (\S*): has not been declared", reason)
    if missing and missing[1] in PREFIXES:
        return f"Add to the top of the file: @prefix {missing[1]}: <{PREFIXES[missing[1]]}> ."
    return "Mend the file there; the fault may lie just before the place named."


def _excerpt(data: bytes, line: int) -> str:
    lines = data.decode("utf-8", "replace").splitlines()
    return lines[line - 1].strip() if line <= len(lines) else ""


def name_blank_nodes(triples: Iterable[Triple], *, name: str = "") -> list[Triple]:
    """Give every blank node a label made from its content and its owner; drop doubles.

    The blank nodes of OWL's mapping to RDF (and of SHACL shapes) form trees, so a label can be a
    hash of the tree below a node together with the path down to it. Unlike those of RDFC-1.0, such
    labels change only where the ontology does, and cost linear time.

    >>> one = parse(b'<x:a> <x:p> [ <x:q> 1 ] .', "turtle", name="one.ttl")
    >>> two = parse(b'_:z <x:q> 1 . <x:a> <x:p> _:z .', "turtle", name="two.ttl")
    >>> sorted(one) == sorted(two)
    True

    :raises OntologyError: if blank nodes form a cycle.
    """
    known = list(triples)
    labels = _Labels(known, name).all()
    return list(dict.fromkeys(
        Triple(labels.get(s, s), p, labels.get(o, o)) for s, p, o in known
    ))


class _Labels:
    """The labels of one document's blank nodes."""

    def __init__(self, triples: list[Triple], name: str) -> None:
        self.name = name
        self.below: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self.above: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self.contents: dict[str, str] = {}
        for subject, predicate, value_ in triples:
            if is_blank(subject):
                self.below[subject].append((predicate, value_))
            if is_blank(value_):
                self.above[value_].append((predicate, subject))

    def all(self) -> dict[str, str]:
        """Return old label to new label."""
        for node in sorted({*self.below, *self.above}):
            self._content(node)
        paths: dict[str, str] = {}
        for node in reversed(self.contents):  # owners come before what they own
            owners = sorted((p, paths.get(s, s)) for p, s in self.above[node])
            paths[node] = _digest(repr((owners, self.contents[node])))
        return {node: f"_:b{path[:16]}" for node, path in paths.items()}

    def _content(self, root: str) -> None:
        """Hash what a node says, the nodes below it first; no recursion, for lists are long."""
        stack, entered = [root], set[str]()
        while stack:
            node = stack[-1]
            waiting = [o for _, o in self.below[node] if is_blank(o) and o not in self.contents]
            if node in self.contents:
                stack.pop()
            elif entered.intersection(waiting) or node in waiting:
                raise self._cycle(node)
            elif waiting:
                entered.add(node)
                stack += waiting
            else:
                said = sorted((p, self.contents.get(o, o)) for p, o in self.below[node])
                self.contents[node] = _digest(repr(said))
                entered.discard(stack.pop())

    def _cycle(self, node: str) -> OntologyError:
        predicates = ", ".join(sorted({curie(p) for p, _ in self.below[node]}))
        reason = f"Blank nodes form a cycle through {predicates}."
        return OntologyError(f"{self.name}: {reason}", file=self.name, term=node, reason=reason,
                             hint="Give one of the nodes an IRI.")


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def ntriples(triples: Iterable[Triple]) -> bytes:
    """Return sorted N-Triples without doubles."""
    return "".join(sorted({triple.line() + "\n" for triple in triples})).encode()


def nquads(graphs: Mapping[str, Iterable[Triple]]) -> bytes:
    """Return N-Quads, sorted within each graph; graphs in the order given.

    Blank nodes are local to a document, not to a graph of it, so each graph's are kept apart.
    """
    lines: list[str] = []
    for number, (graph, triples) in enumerate(graphs.items()):
        own = {t.line(f"<{graph}>") + "\n" for t in _apart(triples, f"g{number}")}
        lines += sorted(own)
    return "".join(lines).encode()


def _apart(triples: Iterable[Triple], mark: str) -> Iterable[Triple]:
    for s, p, o in triples:
        yield Triple(*(f"_:{mark}{x[2:]}" if is_blank(x) else x for x in (s, p, o)))


def merge(documents: Iterable[tuple[bytes, str]], *, base: str | None = None) -> bytes:
    r"""Return the merge of several documents in N-Triples (RDF 1.1 Semantics, section 4.1).

    Blank nodes of different documents stay different, whatever their labels.

    >>> merged = merge([(b"_:x <x:p> 1 .", "turtle"), (b"_:x <x:p> 1 .", "turtle")])
    >>> len(merged.splitlines())
    2

    :param documents: serialised graphs, each with the key of :data:`FORMATS` that it is in.
    :param base: the IRI against which relative ones are resolved.
    :raises SyntaxError: if one does not parse.
    """
    quads = (quad for data, format_ in documents
             for quad in pyoxigraph.parse(data, FORMATS[format_], base_iri=base,
                                          without_named_graphs=True, rename_blank_nodes=True))
    return b"".join(f"{quad.triple} .\n".encode() for quad in quads)


def convert(triples: Iterable[Triple], format: str) -> bytes:  # noqa: A002
    """Return triples, sorted, as a document in one of :data:`FORMATS`."""
    quads = pyoxigraph.parse(ntriples(triples), pyoxigraph.RdfFormat.N_TRIPLES)
    plain = [pyoxigraph.Triple(q.subject, q.predicate, q.object) for q in quads]
    used = {prefix: space for prefix, space in PREFIXES.items()
            if any(t.predicate.value.startswith(space) for t in plain)}
    made = pyoxigraph.serialize(plain, format=FORMATS[format], prefixes=used)
    if made is None:
        raise TypeError("pyoxigraph wrote to no buffer")
    return made
