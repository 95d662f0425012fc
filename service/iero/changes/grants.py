"""What somebody may change: kinds of change, on named graphs.

A grant names graphs by their IRIs, or by how these begin (``https://example.org/*``); the default
graph goes by the name ``default``. The graphs that ship with IERO are protected: only a grant that
spells out the IRI of one opens it, never a pattern that happens to fit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from iero.errors import BadParameter, Refused
from iero.vocabulary import GRAPHS, compress

DEFAULT: Final = "default"
"""How a grant names the default graph."""

KINDS: Final = ("insert", "delete", "load")
"""The kinds of change: to add triples or graphs, to remove them, and to have the service fetch a
document (LOAD)."""


@dataclass(frozen=True)
class Grant:
    """Kinds of change that are allowed on some graphs.

    >>> Grant(("https://example.org/*",)).allows("insert", "https://example.org/mine")
    True
    >>> Grant(("*",), frozenset(["insert"])).allows("delete", "https://example.org/mine")
    False
    >>> Grant(("*",)).allows("insert", "https://w3id.org/iero/graph/claims")
    False

    :ivar graphs: IRIs, beginnings of IRIs with ``*`` behind them, or ``default``.
    :ivar kinds: some of :data:`KINDS`.
    """

    graphs: tuple[str, ...]
    kinds: frozenset[str] = frozenset(("insert", "delete"))

    def __post_init__(self) -> None:
        for pattern in self.graphs:
            if "*" in pattern[:-1] or not (":" in pattern or pattern in (DEFAULT, "*")):
                raise BadParameter(
                    f"{pattern!r} does not name graphs.", parameter="graphs",
                    hint="Give the IRI of a graph, how IRIs begin with * behind it, or default.")
        for kind in sorted(self.kinds - set(KINDS)):
            raise BadParameter(f"{kind!r} is no kind of change.", parameter="kinds",
                               hint=f"Kinds: {', '.join(KINDS)}.")

    def allows(self, kind: str, graph: str) -> bool:
        """Say whether it allows a kind of change on a graph, given by its IRI or as ``default``."""
        return kind in self.kinds and any(_fits(graph, pattern) for pattern in self.graphs)


def _fits(graph: str, pattern: str) -> bool:
    if not pattern.endswith("*"):
        return graph == pattern
    return graph.startswith(pattern[:-1]) and graph not in GRAPHS and graph != DEFAULT


@dataclass(frozen=True)
class Grants:
    """All that somebody may change.

    :ivar unlimited: allows everything, for whoever owns the data directory itself.
    """

    grants: tuple[Grant, ...] = ()
    unlimited: bool = False

    def require(self, kind: str, graphs: Iterable[str]) -> None:
        """Do nothing if a kind of change is allowed on all the graphs.

        :param graphs: IRIs; the default graph as ``default``.
        :raises Refused: if it is not, with ``kind`` and ``graph``.
        """
        for graph in graphs:
            if self.unlimited or any(grant.allows(kind, graph) for grant in self.grants):
                continue
            name = "the default graph" if graph == DEFAULT else f"the graph <{graph}>"
            hint = "Ask whoever runs the service for a token with this right."
            if graph in GRAPHS:
                hint = (f"{compress(graph)} ships with IERO and is protected: only a token that "
                        "spells out its IRI may change it. Write to a graph of your own.")
            raise Refused(f"This token may not {kind} in {name}.", hint=hint, kind=kind,
                          graph=graph)


EVERYTHING: Final = Grants(unlimited=True)
"""Allows everything: for commands on one's own directory, and for scratch stores."""
