"""What the client returns: lists that know how to become a data frame."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, cast

from iero.errors import ToolMissing
from iero.tagging.annotation import Annotation
from iero.terms import IRI, Literal, Row, Term

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Change", "Found", "GraphDocument", "Question", "Rows", "TaggedRecord", "Tags"]


class Rows(list[Row]):
    """The solutions of a SELECT query.

    :ivar variables: the names of the columns, without ``?``, also of those that no row binds.
    """

    def __init__(self, rows: Iterable[Row], variables: Iterable[str]) -> None:
        super().__init__(rows)
        self.variables = list(variables)

    def to_pandas(self) -> pd.DataFrame:
        """Return the rows as a data frame: numbers as numbers, IRIs as text, unbound as missing.

        :raises ToolMissing: if pandas is not installed.
        """
        return _frame([{name: _value(row.get(name)) for name in self.variables} for row in self],
                      self.variables)


class Tags(list[Annotation]):
    """The annotations of one text."""

    def to_pandas(self) -> pd.DataFrame:
        """Return one row for each annotation.

        :raises ToolMissing: if pandas is not installed.
        """
        return _frame([each.to_dict() for each in self], [])


@dataclass(frozen=True)
class TaggedRecord:
    """A record of a batch with the annotations of each of its fields.

    :ivar id: as given, or ``record-1`` and so on.
    :ivar fields: the name of each field to its annotations.
    """

    id: str
    fields: Mapping[str, Tags] = field(hash=False)


@dataclass(frozen=True)
class Found:
    """A hit of the search.

    :ivar matched: the name in which the words were found.
    """

    iri: IRI
    label: str
    kind: str
    matched: str
    score: float


@dataclass(frozen=True)
class Question:
    """A question of the service's catalogue.

    :ivar parameters: name to what is said of it (type, summary).
    """

    name: str
    question: str
    summary: str
    tags: tuple[str, ...] = ()
    parameters: Mapping[str, Mapping[str, str]] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Change:
    """What a write did, or would do.

    :ivar version: the version of the data that holds now.
    :ivar etag: for ``if_match`` of the next write to the same graph.
    :ivar graphs: what happened to each graph: ``inserted``, ``deleted``, ``created``, ``dropped``.
    :ivar dry_run: whether it was a rehearsal, of which nothing is left.
    :ivar remarks: what the shapes say about the data without refusing them.
    """

    version: str = ""
    etag: str = ""
    inserted: int = 0
    deleted: int = 0
    graphs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, hash=False)
    dry_run: bool = False
    remarks: tuple[Mapping[str, str], ...] = field(default=(), hash=False)

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Change:
        """Return what the service has told; members that are not known yet are left out."""
        known = {each.name: told[each.name] for each in fields(cls) if each.name in told}
        return cls(**known | {"remarks": tuple(told.get("remarks", ()))})


@dataclass(frozen=True)
class GraphDocument:
    """A graph as it was read.

    :ivar text: the graph in Turtle.
    :ivar etag: its entity tag, for ``if_match``; empty where the service gives none.
    """

    text: str
    etag: str = ""


def _value(term: Term | None) -> Any:
    if isinstance(term, Literal):
        return term.value
    return None if term is None else str(term)


def _frame(rows: list[dict[str, Any]], columns: list[str]) -> pd.DataFrame:
    try:
        import pandas as pd
    except ImportError as error:
        raise ToolMissing("pandas is not installed.",
                          hint="Install it: pip install 'iero[pandas]'") from error
    return cast("pd.DataFrame", pd.DataFrame(rows, columns=columns or None))
