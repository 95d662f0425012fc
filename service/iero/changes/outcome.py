"""What a change did, or would do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from iero.report import Report


@dataclass(frozen=True)
class GraphChange:
    """What happened to one graph.

    :ivar inserted: triples that it did not have before; ``deleted`` those that it no longer has.
    :ivar created: whether it did not exist before; ``dropped`` whether it no longer exists.
    """

    inserted: int = 0
    deleted: int = 0
    created: bool = False
    dropped: bool = False


@dataclass(frozen=True)
class Outcome:
    """What a change did.

    :ivar version: the version of the data that holds now: a new one, or the old one where nothing
        changed or the change was only rehearsed. It never comes back, so it serves as entity tag.
    :ivar graphs: what happened to each graph that changed, by its IRI (``default`` for the default
        graph of a scratch store).
    :ivar report: what the shapes say about what changed: warnings and remarks, no violations.
    :ivar dry_run: whether it was a rehearsal, of which nothing is left.
    """

    version: str
    graphs: Mapping[str, GraphChange] = field(default_factory=dict)
    report: Report = field(default_factory=Report)
    dry_run: bool = False

    @property
    def inserted(self) -> int:
        """The triples inserted in all graphs."""
        return sum(change.inserted for change in self.graphs.values())

    @property
    def deleted(self) -> int:
        """The triples deleted in all graphs."""
        return sum(change.deleted for change in self.graphs.values())

    @property
    def created(self) -> bool:
        """Whether a graph came into being (201 of the Graph Store HTTP Protocol)."""
        return any(change.created for change in self.graphs.values())
