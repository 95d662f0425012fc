"""What every blueprint is given when the app is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iero.graph import KnowledgeGraph
    from iero.server.writing import Writing
    from iero.tagging import Tagger


@dataclass(frozen=True)
class Context:
    """The graph to serve and the rules for serving it.

    :param graph: the knowledge graph.
    :param release: what identifies the code, and the data as far as they do not change while the
        service runs; empty where they may without anybody's notice.
    :param shipped: whether the graph is the release that ships with the package.
    :param answer_limit: how many bytes one answer may have.
    :param tagger: a tagger of the graph; one is made when it is first needed.
    :param record_limit: how many records one request may bring to be tagged.
    :param writing: what is needed to write; nothing where the service is read-only.
    """

    graph: KnowledgeGraph
    release: str = ""
    shipped: bool = False
    answer_limit: int = 1 << 30
    tagger: Tagger | None = None
    record_limit: int = 1000
    writing: Writing | None = None

    @property
    def state(self) -> str:
        """What identifies the data as they are now, and the code; empty where nobody can tell."""
        revision = self.graph.revision if self.release else ""
        return f"{self.release}-{revision}" if revision else self.release
