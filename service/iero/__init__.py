"""IERO: the knowledge graph of interpersonal emotion regulation.

>>> import iero
>>> graph = iero.KnowledgeGraph.open()
>>> graph.ask("ASK { iero:ReassuranceSeeking rdfs:subClassOf iero:IntrinsicInterpersonalEmotionRegulation }")
True
"""

from iero.graph import KnowledgeGraph

__version__ = "0.1.0"

__all__ = ["KnowledgeGraph", "__version__"]
