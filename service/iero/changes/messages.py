"""What the service and the writer say to each other."""

from __future__ import annotations

from dataclasses import dataclass

from iero.changes.grants import Grants
from iero.changes.outcome import Outcome


@dataclass(frozen=True)
class Setting:
    """What a writer needs to know when it starts.

    :ivar directory: the data directory.
    :ivar shapes: files of shapes; none of them where the data are unguarded.
    :ivar trusted: whether the shapes are known to be well-formed.
    :ivar seed: files that a new directory begins with.
    :ivar united: whether the default graph is the union of the named graphs.
    :ivar largest: how many triples a change may insert and delete together.
    """

    directory: str
    shapes: tuple[str, ...]
    trusted: bool
    seed: tuple[str, ...]
    united: bool
    largest: int


@dataclass(frozen=True)
class Fetched:
    """A document that LOAD names, as it was found; without data where it could not be had."""

    url: str
    data: bytes | None
    format: str = ""


@dataclass(frozen=True)
class Update:
    """A request of SPARQL 1.1 Update, with the dataset of the protocol (section 2.2.3).

    :ivar documents: those that its LOAD operations name, in their order: what prepares changes
        never calls anybody.
    """

    text: str
    using: tuple[str, ...] = ()
    using_named: tuple[str, ...] = ()
    documents: tuple[Fetched, ...] = ()


@dataclass(frozen=True)
class Put:
    """Replace the content of a graph; nothing for ``graph`` is the default graph."""

    graph: str
    data: bytes
    format: str
    base: str = ""


@dataclass(frozen=True)
class Post:
    """Add to the content of a graph."""

    graph: str
    data: bytes
    format: str
    base: str = ""


@dataclass(frozen=True)
class Delete:
    """Remove a graph."""

    graph: str


Request = Update | Put | Post | Delete


@dataclass(frozen=True)
class Work:
    """A request with the conditions under which it may be carried out.

    :ivar exists: whether the graph that the request names must exist; ``None`` does not ask.
    """

    request: Request
    grants: Grants
    dry_run: bool = False
    exists: bool | None = None


@dataclass(frozen=True)
class Prepared:
    """A change that is complete and on the disk, as a version that only has to be published.

    :ivar staged: the name of the version; nothing where there is nothing to publish.
    """

    outcome: Outcome
    staged: str
