"""The parts of a query's WHERE clause, as text: what must match, one part after the other.

A part is a triple pattern (those behind ``;`` and ``,`` written out), a FILTER, an OPTIONAL, a
group with its UNIONs, a BIND, a VALUES block. Put together again they are the same clause, so an
engine can be asked how far the first few of them get.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from iero.syntax import FORMS, Token, tokens

__all__ = ["Part", "Patterns", "patterns"]

_OPENING: Final = {"{": "}", "(": ")", "[": "]"}
_BRACED: Final = frozenset(("OPTIONAL", "MINUS", "GRAPH", "SERVICE", "LATERAL"))
_BEYOND: Final = frozenset(("<<", ">>", "{|", "|}", "~"))


@dataclass(frozen=True)
class Part:
    """One part of a WHERE clause.

    :ivar kind: ``triple``, or the keyword it begins with; ``GROUP`` for braces and their UNIONs.
    :ivar text: SPARQL that can stand in a group.
    :ivar line: where it begins in the query, and ``column``.
    :ivar terms: subject, verb and object of a triple pattern, as text.
    """

    kind: str
    text: str
    line: int
    column: int
    terms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Patterns:
    """A query taken apart.

    :ivar prologue: its PREFIX and BASE declarations.
    :ivar dataset: its FROM clauses.
    :ivar parts: what its WHERE clause is made of, in order.
    :ivar rest: what comes behind: GROUP BY, HAVING, LIMIT, OFFSET, VALUES.
    """

    prologue: str
    dataset: str
    parts: tuple[Part, ...]
    rest: str

    def asks(self, parts: Sequence[Part]) -> str:
        """Return the query that asks whether some of the parts match together.

        >>> whole = patterns("PREFIX : <urn:> SELECT * { ?x a :A ; :p 1 }")
        >>> whole.asks(whole.parts[:1])
        'PREFIX : <urn:> ASK { ?x a :A . }'
        """
        return f"{self.prologue} ASK {self.dataset}{{ {' '.join(each.text for each in parts)} }}"


def patterns(query: str) -> Patterns | None:
    """Take a sound query apart; ``None`` for one that is written with more than SPARQL 1.1 has.

    >>> [part.text for part in patterns("ASK { ?x a ?y ; ?p 1, 'b'@en FILTER(?y != 2) }").parts]
    ['?x a ?y .', '?x ?p 1 .', "?x ?p 'b'@en .", 'FILTER(?y != 2)']
    """
    found = list(tokens(query))
    if any(token.text in _BEYOND or token.kind == "BAD" for token in found):
        return None
    at = _where(found)
    if at is None:
        return None
    start, opening = at
    end = _closing(found, opening)
    head = [token for token in found[start:opening] if token.keyword != "WHERE"]
    dataset = _text(query, _dataset(head))
    inside = found[opening + 1:end]
    if inside and inside[0].keyword == "SELECT":  # the clause is a query of its own
        parts: tuple[Part, ...] = ()
    else:
        parts = tuple(_parts(query, inside))
    return Patterns(query[:found[start].offset].strip(), f"{dataset} " if dataset else "", parts,
                    _text(query, found[end + 1:]))


def _where(found: list[Token]) -> tuple[int, int] | None:
    """Return the index of the query's form and of the brace that opens its WHERE clause."""
    start = next((place for place, token in enumerate(found) if token.keyword in FORMS), None)
    if start is None:
        return None
    place = start + 1
    template = found[start].keyword == "CONSTRUCT" and found[place].text == "{"
    if template:
        place = _closing(found, place) + 1
    while place < len(found) and found[place].text != "{":
        place = _closing(found, place) + 1 if found[place].text == "(" else place + 1
    return (start, place) if place < len(found) else None


def _dataset(head: list[Token]) -> list[Token]:
    begin = next((place for place, token in enumerate(head) if token.keyword == "FROM"), len(head))
    return head[begin:]


def _closing(found: Sequence[Token], opening: int) -> int:
    """Return the index of the bracket that closes the one at an index."""
    depth = 0
    for place in range(opening, len(found)):
        text = found[place].text
        depth += (text in _OPENING) - (text in _OPENING.values())
        if depth == 0:
            return place
    return len(found) - 1


def _text(query: str, found: Sequence[Token]) -> str:
    return query[found[0].offset:found[-1].offset + len(found[-1].text)] if found else ""


def _parts(query: str, inside: Sequence[Token]) -> list[Part]:
    made: list[Part] = []
    place = 0
    while place < len(inside):
        token = inside[place]
        if token.text == ".":
            place += 1
            continue
        end, kind = _extent(inside, place)
        span = inside[place:end]
        if kind == "triple":
            made += _triples(query, span)
        else:
            made.append(Part(kind, _text(query, span), token.line, token.column))
        place = end
    return made


def _extent(inside: Sequence[Token], place: int) -> tuple[int, str]:
    """Return where the part that begins at a place ends, and of what kind it is."""
    token = inside[place]
    if token.text == "{":
        end = _closing(inside, place) + 1
        while end < len(inside) and inside[end].keyword == "UNION":
            end = _closing(inside, end + 1) + 1
        return end, "GROUP"
    if token.keyword in _BRACED or token.keyword == "VALUES":
        while inside[place].text != "{":
            place = _closing(inside, place) + 1
        return _closing(inside, place) + 1, token.keyword
    if token.keyword == "BIND":
        return _closing(inside, place + 1) + 1, "BIND"
    if token.keyword == "FILTER":
        return _filter(inside, place + 1), "FILTER"
    return _statement(inside, place), "triple"


def _filter(inside: Sequence[Token], place: int) -> int:
    while inside[place].text not in ("(", "{"):  # NOT EXISTS, or the name of a function
        place += 1
    return _closing(inside, place) + 1


def _statement(inside: Sequence[Token], place: int) -> int:
    """Return where the triples of one subject end: at a dot, or where another part begins."""
    while place < len(inside):
        token = inside[place]
        if token.text in (".", "{") or token.keyword in _BRACED | {"VALUES", "BIND", "FILTER"}:
            return place
        place = _closing(inside, place) + 1 if token.text in _OPENING else place + 1
    return place


def _triples(query: str, span: Sequence[Token]) -> list[Part]:
    """Write out the triples of one subject."""
    subject_end = _closing(span, 0) + 1 if span[0].text in _OPENING else 1
    subject = _text(query, span[:subject_end])
    lists = [part for part in _split(span[subject_end:], ";") if part]
    if not lists or span[0].text in _OPENING:  # what has no name cannot be said twice
        return [Part("triple", f"{_text(query, span)} .", span[0].line, span[0].column)]
    made = []
    for number, each in enumerate(lists):
        first, *others = _split(each, ",")
        cut = _object(first)
        verb = _text(query, first[:cut])
        for objects in (first[cut:], *others):
            value = _text(query, objects)
            begin = objects[0]
            if begin is first[cut]:  # the verb before it, and the subject, are new too
                begin = first[0] if number else span[0]
            made.append(Part("triple", f"{subject} {verb} {value} .", begin.line, begin.column,
                             (subject, verb, value)))
    return made


def _split(span: Sequence[Token], mark: str) -> list[Sequence[Token]]:
    pieces, begin, place = [], 0, 0
    while place < len(span):
        if span[place].text == mark:
            pieces.append(span[begin:place])
            begin = place + 1
        place = _closing(span, place) + 1 if span[place].text in _OPENING else place + 1
    return [*pieces, span[begin:]]


def _object(span: Sequence[Token]) -> int:
    """Return where the object of ``verb object`` begins: it is the last term."""
    place = len(span) - 1
    if span[place].text in _OPENING.values():
        depth = 0
        while True:
            depth += (span[place].text in _OPENING.values()) - (span[place].text in _OPENING)
            if depth == 0:
                return place
            place -= 1
    if span[place].kind == "LANGTAG":
        return place - 1
    if place > 1 and span[place - 1].text == "^^":
        return place - 2
    return place
