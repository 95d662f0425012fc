"""Jingle and jangle: names that mean several things, and things that go by several names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from iero.naming import Named

if TYPE_CHECKING:
    from iero.graph import KnowledgeGraph

__all__ = ["Meaning", "SharedName", "same", "shared"]


@dataclass(frozen=True)
class Meaning:
    """A term with its definition, and what its authors say it is taken for."""

    term: Named
    definition: str = ""
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class SharedName:
    """A name with the terms that bear it."""

    name: str
    meanings: list[Meaning]

    @property
    def terms(self) -> list[Named]:
        """The terms that bear the name."""
        return [meaning.term for meaning in self.meanings]


def shared(graph: KnowledgeGraph) -> list[SharedName]:
    """Return the names that stand for several things (jingle)."""
    names: dict[str, dict[str, Meaning]] = {}
    for row in graph.look_up("shared-names"):
        meaning = names.setdefault(str(row["name"]), {}).setdefault(
            row["term"], Meaning(Named(row["term"], row["termLabel"]),
                                 str(row.get("definition", ""))))
        if "note" in row and row["note"] not in meaning.notes:
            meaning.notes.append(str(row["note"]))
    return [SharedName(name, list(meanings.values())) for name, meanings in names.items()]


def same(graph: KnowledgeGraph) -> list[tuple[Meaning, Meaning]]:
    """Return pairs of classes that were named apart and mean the same (jangle)."""
    return [(Meaning(Named(row["one"], row["oneLabel"]), str(row.get("oneDefinition", ""))),
             Meaning(Named(row["other"], row["otherLabel"]), str(row.get("otherDefinition", ""))))
            for row in graph.look_up("same-kinds")]
