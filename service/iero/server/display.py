"""How a page displays an answer: as table, chart, graph or text, each with its own address."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from flask import url_for

from iero.errors import BadParameter
from iero.protocol import formats_for
from iero.server.chart import Chart, chart
from iero.server.links import page
from iero.server.network import network
from iero.server.preview import Preview
from iero.terms import IRI, Literal, Term

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iero.graph import KnowledgeGraph

__all__ = ["CHOICES", "VIEWS", "Controls", "Display"]

CHOICES: Final = ("view", "sort", "column")
"""The parameters that concern the page alone: how, in which order, and which column to draw."""

VIEWS: Final = ("table", "chart", "graph", "turtle")
LONGEST: Final = 6000
"""How long an address may be that every browser and proxy takes; beyond, requests are posted."""


@dataclass(frozen=True)
class Controls:
    """What the links and buttons around an answer ask again.

    :ivar endpoint: the name of the route.
    :ivar path: the values in its path.
    :ivar values: the parameters of the request, what concerns the page alone left out.
    :ivar chosen: ``view``, ``sort`` and ``column``, as far as they were asked for.
    """

    endpoint: str
    path: dict[str, str] = field(default_factory=dict)
    values: dict[str, list[str]] = field(default_factory=dict)
    chosen: dict[str, str] = field(default_factory=dict)

    def link(self, **changes: str) -> str:
        """Return the address of the same request with other choices."""
        values: dict[str, Any] = {**self.path, **self.values, **self.chosen, **changes}
        return url_for(self.endpoint, **values)

    def download(self, name: str) -> str:
        """Return the address of the whole answer in a format."""
        values: dict[str, Any] = {**self.path, **self.values, "format": name}
        return url_for(self.endpoint, **values)

    @property
    def posted(self) -> bool:
        """Whether the request is too long for an address, so that buttons stand for the links."""
        return len(self.download("ntriples")) > LONGEST

    @property
    def action(self) -> str:
        """The address that buttons post to."""
        values: dict[str, Any] = dict(self.path)
        return url_for(self.endpoint, **values)

    @property
    def hidden(self) -> Iterator[tuple[str, str]]:
        """The parameters that a form of buttons carries along."""
        yield from ((name, value) for name, values in self.values.items() for value in values)
        yield from self.chosen.items()


@dataclass(frozen=True)
class Display:
    """An answer and the ways to look at it.

    :ivar view: the way that is shown, one of ``views``.
    :ivar refused: a view that was asked for and that this answer does not have.
    :ivar sort: the column by which the rows are ordered here; ``-`` before it turns the order.
    """

    preview: Preview
    controls: Controls
    view: str
    views: list[str]
    refused: str = ""
    sort: str = ""
    chart: Chart | None = None
    network: dict[str, Any] = field(default_factory=dict)

    @property
    def downloads(self) -> list[str]:
        """The formats of the whole answer."""
        return [each.name for each in formats_for(self.preview.kind)]

    @classmethod
    def of(cls, preview: Preview, graph: KnowledgeGraph, controls: Controls) -> Display:
        """Prepare an answer for a page.

        :raises BadParameter: if a view or an order is asked for that there is none of.
        """
        asked = controls.chosen.get("view", "")
        if asked and asked not in VIEWS:
            raise BadParameter(f"There is no view {asked!r}.", parameter="view",
                               hint="Views: " + ", ".join(VIEWS) + ".")
        preview = _named(preview, graph)
        spoken = preview.labelled()
        drawn, net = chart(spoken, controls.chosen.get("column", "")), network(spoken, page)
        views = ["table", *(["chart"] if drawn else []), *(["graph"] if net["edges"] else []),
                 *(["turtle"] if preview.kind == "graph" else [])]
        view = asked if asked in views else "table"
        sort = controls.chosen.get("sort", "")
        return cls(_sorted(preview, sort), controls, view, views,
                   refused="" if asked in ("", view) else asked, sort=sort,
                   chart=drawn if view == "chart" else None,
                   network=net if view == "graph" else {})


def _named(preview: Preview, graph: KnowledgeGraph) -> Preview:
    """Give the things in an answer their labels, where they have some."""
    def named(term: Term) -> Term:
        return graph.named(term) if type(term) is IRI and graph.has_label(term) else term

    return replace(preview, rows=[{name: named(term) for name, term in row.items()}
                                  for row in preview.rows])


def _sorted(preview: Preview, sort: str) -> Preview:
    column = sort.removeprefix("-")
    if not sort or preview.kind == "boolean":
        return preview
    if column not in preview.variables:
        raise BadParameter(f"The answer has no column {column!r} to sort by.", parameter="sort",
                           hint="Columns: " + ", ".join(preview.variables) + ".")
    held = [row for row in preview.rows if column in row]
    held.sort(key=lambda row: _place(row[column]), reverse=sort.startswith("-"))
    return replace(preview, rows=held + [row for row in preview.rows if column not in row])


def _place(term: Term) -> tuple[bool, Any]:
    """Return a key that puts numbers before words."""
    value = term.value if isinstance(term, Literal) else None
    if value is None or isinstance(value, str | bool):
        return True, str(getattr(term, "label", term)).casefold()
    return False, value
