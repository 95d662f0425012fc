"""Why a query found nothing: the first part of it that leaves no match, and what is near it.

The parts of the WHERE clause are asked for one more at a time, within a time limit for all of them
together; FILTERs come last, as they do in SPARQL (section 5.2.2). Where that takes too long, or the
clause is a query within a query, nothing is said rather than something guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import TYPE_CHECKING, Final

from iero.errors import BadParameter, BadQuery, IeroError, LimitExceeded
from iero.patterns import Part, Patterns, patterns
from iero.terms import Term

if TYPE_CHECKING:
    from iero.graph import KnowledgeGraph
    from iero.protocol import QueryRequest

__all__ = ["Reason", "why_empty"]

SECONDS: Final = 2.0
"""For all questions together."""

_PLAIN_VERB: Final = re.compile(r"a|[?$]\w+|<[^>]*>|[\w.-]*:[\w.-]*")
_STRING: Final = re.compile(r"""["'].*["'](?:@[\w-]+)?""", re.DOTALL)


@dataclass(frozen=True)
class Reason:
    """Why there are no rows.

    :ivar part: the first part that leaves nothing; ``None`` where all parts match together.
    :ivar alone: whether it matches nothing by itself either.
    :ivar before: how many parts come before it.
    :ivar turned: the same triple pattern the other way round, if that matches.
    :ivar similar: texts that the graph has there and that differ in case or language only.
    :ivar rest: what comes behind the WHERE clause, where that is the reason.
    """

    part: Part | None = None
    alone: bool = False
    before: int = 0
    turned: str = ""
    similar: list[Term] = field(default_factory=list)
    rest: str = ""


def why_empty(graph: KnowledgeGraph, request: QueryRequest) -> Reason | None:
    """Say why a query that the graph has answered found nothing; ``None`` if it cannot be told."""
    taken = patterns(request.query)
    if taken is None or not taken.parts:
        return None
    asker = _Asker(graph, request, monotonic() + SECONDS)
    try:
        return _reason(asker, taken)
    except (LimitExceeded, BadQuery, BadParameter):  # the last: a store that keeps no time
        return None


class _Asker:
    """Asks parts of the request's query, of the same graphs, until the time is over."""

    def __init__(self, graph: KnowledgeGraph, request: QueryRequest, deadline: float) -> None:
        self._graph, self._request, self._deadline = graph, request, deadline

    def _limited(self, query: str) -> QueryRequest:
        left = self._deadline - monotonic()
        if left <= 0:
            raise LimitExceeded("There is no time left.", reason="time", limit=SECONDS)
        return replace(self._request, query=query, timeout=left)

    def matches(self, query: str) -> bool:
        return self._graph.answer(self._limited(query)).truth

    def terms(self, query: str, name: str) -> Iterator[Term]:
        for row in self._graph.answer(self._limited(query)).rows():
            yield row[name]


def _reason(asker: _Asker, taken: Patterns) -> Reason | None:
    ordered = sorted(taken.parts, key=lambda part: part.kind == "FILTER")
    for count, part in enumerate(ordered, 1):
        if not asker.matches(taken.asks(ordered[:count])):
            return _at(asker, taken, ordered[:count - 1], part)
    return Reason(rest=taken.rest) if taken.rest else None


def _at(asker: _Asker, taken: Patterns, before: Sequence[Part], part: Part) -> Reason:
    found = Reason(part, before=len(before))
    if part.kind != "triple":
        return found
    try:
        found = replace(found, alone=not before or not asker.matches(taken.asks([part])))
        if not part.terms:
            return found
        return replace(found, turned=_turned(asker, taken, before, part),
                       similar=_similar(asker, taken, before, part))
    except IeroError:  # what has been found out is worth saying without the rest
        return found


def _turned(asker: _Asker, taken: Patterns, before: Sequence[Part], part: Part) -> str:
    subject, verb, value = part.terms
    if not _PLAIN_VERB.fullmatch(verb) or not _PLAIN_VERB.fullmatch(value) or verb == "a":
        return ""
    turned = replace(part, text=f"{value} {verb} {subject} .")
    return turned.text if asker.matches(taken.asks([*before, turned])) else ""


def _similar(
    asker: _Asker, taken: Patterns, before: Sequence[Part], part: Part
) -> list[Term]:
    subject, verb, value = part.terms
    if not _STRING.fullmatch(value):
        return []
    clause = " ".join(each.text for each in before)
    query = (f"{taken.prologue} SELECT DISTINCT ?similarText {taken.dataset}{{ {clause} {subject} "
             f"{verb} ?similarText FILTER(isLiteral(?similarText) && "
             f"LCASE(STR(?similarText)) = LCASE(STR({value}))) }} LIMIT 3")
    return list(asker.terms(query, "similarText"))
