"""IERO: the knowledge graph of interpersonal emotion regulation.

>>> import iero
>>> graph = iero.KnowledgeGraph.open()
>>> graph.ask("ASK { iero:Venting rdfs:subClassOf iero:InterpersonalEmotionRegulation }")
True
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iero.client import Client
    from iero.graph import KnowledgeGraph
    from iero.tagging.tagger import Tagger

__version__ = "0.3.0"

__all__ = ["Client", "KnowledgeGraph", "Tagger", "__version__"]


def __getattr__(name: str) -> object:
    # Loaded on first use: `iero --version` and the light commands need no engine.
    if name == "KnowledgeGraph":
        from iero.graph import KnowledgeGraph

        return KnowledgeGraph
    if name == "Client":
        from iero.client import Client

        return Client
    if name == "Tagger":
        from iero.tagging.tagger import Tagger

        return Tagger
    raise AttributeError(f"module 'iero' has no attribute {name!r}")
