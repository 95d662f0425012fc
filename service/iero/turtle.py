"""Turtle for people: one block per term, in the order in which an ontologist reads it.

The engines' own writers either leave blank nodes unnested or take minutes to order them. This one
nests them, writes lists as lists, and gives the same bytes for the same triples, always.
(W3C, RDF 1.1 Turtle, sections 2.4 to 2.8.)
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Final

from iero.rdf import Triple, iri, is_blank, is_iri
from iero.vocabulary import PREFIXES, compress

_TYPE: Final = iri("rdf:type")
_FIRST, _REST, _NIL = iri("rdf:first"), iri("rdf:rest"), iri("rdf:nil")
_ORDER: Final = {iri(name): rank for rank, name in enumerate((
    "rdf:type", "rdfs:label", "obo:IAO_0000115", "owl:equivalentClass", "rdfs:subClassOf",
    "owl:disjointWith", "rdfs:subPropertyOf", "owl:inverseOf", "rdfs:domain", "rdfs:range",
))}
_LAST: Final = {iri(name): rank for rank, name in enumerate((
    "obo:IAO_0000112", "dcterms:source", "rdfs:isDefinedBy"))}
_LOCAL: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_-])?")
_SHORT: Final = re.compile(
    rf'"([+-]?\d+)"\^\^<{PREFIXES["xsd"]}integer>|"([+-]?\d*\.\d+)"\^\^<{PREFIXES["xsd"]}decimal>')
_FLAT: Final = 130
"""Brackets that fit into this many columns stay on one line, as restrictions mostly do."""
_STRING: Final = "^^<" + PREFIXES["xsd"] + "string>"


def write(triples: Iterable[Triple], *, first: str = "") -> bytes:
    """Return a Turtle document.

    :param first: the subject that opens the document, such as the ontology.

    >>> print(write([Triple("<x:a>", "<x:p>", "_:b"), Triple("_:b", "<x:q>", '"1"')]).decode())
    <x:a>
        <x:p> [ <x:q> "1" ] ;
        .
    <BLANKLINE>
    """
    return _Writer(triples).document(first).encode()


class _Writer:
    def __init__(self, triples: Iterable[Triple]) -> None:
        self.about: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        self.prefixes: set[str] = set()
        known = sorted(set(triples))
        for subject, predicate, value in known:
            self.about[subject][predicate].append(value)
        self.uses = Counter(value for _, _, value in known if is_blank(value))
        self.nested = {node for node, count in self.uses.items() if count == 1}

    def document(self, first: str) -> str:
        subjects = sorted((s for s in self.about if s not in self.nested),
                          key=lambda s: (s != first, is_blank(s), s.rstrip(">")))
        blocks = [self._block(subject) for subject in subjects]
        heads = [f"@prefix {prefix}: <{PREFIXES[prefix]}> .\n" for prefix in sorted(self.prefixes)]
        return "\n".join(["".join(heads)] * bool(heads) + blocks)

    def _block(self, subject: str) -> str:
        head = "[]" if is_blank(subject) and not self.uses[subject] else self._term(subject)
        return f"{head}\n{self._rows(subject, 1)}    .\n"

    def _rows(self, subject: str, depth: int) -> str:
        indent = "    " * depth
        rows = []
        for predicate in sorted(self.about[subject], key=_rank):
            verb = "a" if predicate == _TYPE else self._term(predicate)
            told = self.about[subject][predicate]
            values = [self._value(value, depth + (len(told) > 1)) for value in told]
            joined = f" ,\n{indent}    ".join(values)
            rows.append(f"{indent}{verb} {joined} ;\n")
        return "".join(rows)

    def _value(self, term: str, depth: int) -> str:
        if term not in self.nested:
            return self._term(term)
        members = self._members(term)
        if members:
            return self._list(members, depth)
        rows = self._rows(term, depth + 1)
        if not rows:
            return "[]"
        flat = " ".join(row.strip() for row in rows.splitlines()).removesuffix(";").rstrip()
        if len(flat) + 4 * depth < _FLAT:
            return f"[ {flat} ]"
        return f"[\n{rows}{'    ' * depth}]"

    def _members(self, node: str) -> list[str]:
        """Return the members of a well-formed list of one's own, else nothing."""
        members = []
        while node in self.nested and set(self.about[node]) == {_FIRST, _REST}:
            firsts, rests = self.about[node][_FIRST], self.about[node][_REST]
            if len(firsts) != 1 or len(rests) != 1:
                return []
            members.append(firsts[0])
            node = rests[0]
        return members if node == _NIL else []

    def _list(self, members: list[str], depth: int) -> str:
        items = [self._value(member, depth + 1) for member in members]
        flat = " ".join(items)
        if "\n" not in flat and len(flat) + 4 * depth < _FLAT:
            return f"( {flat} )"
        indent = "    " * (depth + 1)
        return "(\n" + "".join(f"{indent}{item}\n" for item in items) + "    " * depth + ")"

    def _term(self, term: str) -> str:
        if is_iri(term):
            return self._name(term[1:-1])
        if term.endswith(_STRING):
            return term.removesuffix(_STRING)
        short = _SHORT.fullmatch(term)
        if short:
            return short[1] or short[2]
        literal, mark, datatype = term.rpartition("^^<")
        if mark and term.endswith(">"):
            return f"{literal}^^{self._name(datatype[:-1])}"
        return term

    def _name(self, address: str) -> str:
        short = compress(address)
        prefix, _, local = short.partition(":")
        if short == address or not _LOCAL.fullmatch(local):
            return f"<{address}>"
        self.prefixes.add(prefix)
        return short


def _rank(predicate: str) -> tuple[int, str]:
    if predicate in _LAST:
        return 1000 + _LAST[predicate], predicate
    return _ORDER.get(predicate, 500), predicate
