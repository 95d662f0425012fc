"""What every blueprint is given when the app is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iero.graph import KnowledgeGraph


@dataclass(frozen=True)
class Context:
    """The graph to serve and the rules for serving it.

    :param graph: the knowledge graph.
    :param release: what identifies the served data and the code that shows it, for entity tags;
        empty where the data may change while the service runs.
    :param shipped: whether the graph is the release that ships with the package.
    :param answer_limit: how many bytes one answer may have.
    """

    graph: KnowledgeGraph
    release: str = ""
    shipped: bool = False
    answer_limit: int = 1 << 30
