"""An answer as a graph of things and the lines between them, for the page's script to draw."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from iero.terms import IRI, BlankNode, Term

if TYPE_CHECKING:
    from collections.abc import Callable

    from iero.server.preview import Preview

__all__ = ["NODES", "network"]

NODES: Final = 150
"""How many things a drawing holds; more are a tangle."""

_VERBS: Final = frozenset(("p", "predicate", "property", "relation", "verb"))

Edge = tuple[Term, str, Term]


def network(preview: Preview, page_of: Callable[[str], str]) -> dict[str, Any]:
    """Return the nodes and edges of an answer as JSON has them; without edges there is no graph.

    Triples are edges. Rows are edges from their first thing to each other thing in them, named
    after the column, or after the thing in a column that is called property or the like.

    :param page_of: gives the address of a thing's page.
    """
    nodes: dict[str, dict[str, Any]] = {}
    edges: dict[tuple[str, str, str], dict[str, Any]] = {}
    left_out = False
    for start, verb, end in _edges(preview):
        new = {str(start), str(end)} - nodes.keys()
        if len(nodes) + len(new) > NODES:
            left_out = True
            continue
        for term in (start, end):
            nodes.setdefault(str(term), {"id": str(term), "label": _label(term),
                                         "page": page_of(term) if isinstance(term, IRI) else ""})
        edges.setdefault((str(start), verb, str(end)), {
            "source": str(start), "target": str(end), "label": verb})
    return {"nodes": list(nodes.values()), "edges": list(edges.values()), "left_out": left_out}


def _edges(preview: Preview) -> Iterator[Edge]:
    verb = next((name for name in preview.variables if name.lower() in _VERBS), "")
    for row in preview.rows:
        things = [(name, row[name]) for name in preview.variables
                  if name != verb and isinstance(row.get(name), IRI | BlankNode)]
        for name, thing in things[1:]:
            yield things[0][1], _label(row[verb]) if verb in row else name, thing


def _label(term: Term) -> str:
    return str(getattr(term, "label", "")) or (term.curie if isinstance(term, IRI) else str(term))
