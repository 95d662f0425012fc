"""How answers, terms and findings look in a terminal: tables that wrap, names that can be clicked.

Results go to standard output and everything else to standard error. Without a terminal there are no
colours, no links and no wrapping, so that ``grep`` and ``awk`` see one line per row.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Final

from rich import box
from rich.console import Console, Group
from rich.markup import escape
from rich.measure import Measurement
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from iero.naming import spell, split_name
from iero.terms import IRI, Literal, Row, Term
from iero.vocabulary import compress

if TYPE_CHECKING:
    from iero.checks import Finding
    from iero.diff import Change, Difference, Entry
    from iero.graph import Description, Named
    from iero.queries import Query
    from iero.results import Answer
    from iero.search import Hit
    from iero.tagging.comparison import Comparison
    from iero.tagging.evaluation import Counts, Evaluation
    from iero.tokens import Token

__all__ = ["Screen"]

_PIPED_WIDTH: Final = 2000
_NUMBERS: Final = (int, float)
_SEVERITY: Final = {"error": "bold red", "warning": "yellow"}


class Screen:
    """The two output streams of one command."""

    def __init__(self) -> None:
        wide = None if sys.stdout.isatty() or "COLUMNS" in os.environ else _PIPED_WIDTH
        self.out = Console(width=wide, highlight=False, soft_wrap=False)
        self.err = Console(stderr=True, highlight=False)

    @contextmanager
    def working(self, message: str) -> Iterator[Callable[[str], None]]:
        """Show that something is under way; yields a function that names the next stage."""
        if self.err.is_terminal:
            with self.err.status(message) as status:
                yield lambda stage: status.update(f"{escape(stage)} …")
        else:
            yield lambda stage: self.err.print(escape(stage), style="dim")

    @contextmanager
    def bar(self, message: str,
            unit: str = "records") -> Iterator[Callable[[int, int | None, int], None]]:
        """Show how far a task is; yields a function of bytes done, bytes in all and records."""
        if not self.err.is_terminal:
            yield lambda *_: None
            return
        columns = (SpinnerColumn(), TextColumn(escape(message)), BarColumn(), TaskProgressColumn(),
                   TextColumn(f"{{task.fields[records]:,}} {unit}"), _Rate(unit),
                   TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
        with Progress(*columns, console=self.err, transient=True) as progress:
            task = progress.add_task(message, total=None, records=0)
            yield lambda done, total, records: progress.update(
                task, completed=done, total=total, records=records)

    def answer(self, answer: Answer, title: str = "") -> bool:
        """Show rows as a table, a truth value as a word; say whether there was anything."""
        if answer.kind == "boolean":
            truth = answer.truth
            self.out.print("true" if truth else "false")
            return truth
        rows = answer.rows()
        first = list(islice(rows, 1))
        if not first:
            self.err.print("No rows.", style="yellow")
            return False
        columns = _columns(answer.variables)
        spelt = spell if self.out.is_terminal else str  # programs want the names of the query
        table = self._table(spelt(name) for name, _ in columns)
        count = 0
        for row in [*first, *rows]:
            table.add_row(*(self._cell(row, name, label) for name, label in columns))
            count += 1
        if title and self.out.is_terminal:
            self.out.print(Text(title, style="bold"))
        self._print(table)
        self.err.print(f"{count:,} row{'s' * (count != 1)}", style="dim")
        return True

    def strangers(self, unknown: Mapping[str, Sequence[str]]) -> None:
        """Name the terms of a query that nothing has, which is why it found nothing."""
        for name, nearest in unknown.items():
            meant = f" Did you mean {', '.join(nearest)}?" if nearest else ""
            self.err.print(f"There is no term {escape(name)}.{escape(meant)}", style="yellow")

    def changed(self, graphs: Mapping[str, tuple[int, int, bool, bool]]) -> None:
        """Show what a change did: triples inserted and deleted, whether made or removed."""
        table = self._table(["graph", "inserted", "deleted", ""])
        for graph, (inserted, deleted, created, dropped) in graphs.items():
            fate = "new" if created else "removed" if dropped else ""
            table.add_row(graph, f"{inserted:,}", f"{deleted:,}", fate)
        if graphs:
            self._print(table)

    def hits(self, hits: Sequence[Hit]) -> None:
        """Show what a search found."""
        table = self._table(("term", "kind", "found in"))
        for hit in hits:
            found = Text("" if hit.matched == hit.label else hit.matched)
            table.add_row(self._named(hit.iri, hit.label), Text(hit.kind), found)
        self.out.print(table)

    def catalogue(self, queries: Iterable[Query]) -> None:
        """List questions with their names and parameters."""
        table = self._table(("name", "question", "parameters"))
        for query in queries:
            name = Text(query.name, style="bold", no_wrap=not self.out.is_terminal)
            table.add_row(name, Text(query.question), Text(", ".join(query.parameters)))
        self._print(table)

    def settings(self, settings: Iterable[tuple[str, str, str]]) -> None:
        """List settings: name, value, and where the value comes from."""
        table = self._table(("setting", "value", "from"))
        for name, value, origin in settings:
            style = "dim" if origin == "default" else ""
            table.add_row(Text(name, style="bold"), Text(value), Text(origin, style=style))
        self._print(table)

    def tokens(self, tokens: Iterable[Token]) -> None:
        """List tokens: what each may do, where, and until when."""
        table = self._table(("name", "may", "graphs", "until"))
        for token in tokens:
            until = f"{token.expires:%Y-%m-%d}" if token.expires else "for ever"
            refusal = token.refusal(datetime.now(UTC))
            if refusal:
                until = refusal.partition(f"{token.name!r} ")[2].removesuffix(".")
            table.add_row(Text(token.name, style="bold"), Text(", ".join(sorted(token.may))),
                          Text("\n".join(map(compress, token.graphs))),
                          Text(until, style="yellow" if refusal else ""))
        self._print(table)

    def findings(self, findings: Iterable[Finding]) -> None:
        """Show what a check found wrong, one line each, in the form that editors understand."""
        for each in findings:
            line = Text.assemble(
                (f"{each.file}: ", "bold"), (f"{each.severity}: ", _SEVERITY[each.severity]),
                f"{each.term} " if each.term else "", each.message, (f" [{each.check}]", "dim"))
            self.out.print(line, soft_wrap=True)

    def tally(self, findings: Sequence[Finding]) -> None:
        """Show on standard error how many findings each check has, the worse first."""
        table = self._table(("severity", "check", "findings"))
        for (severity, check), number in Counter((f.severity, f.check) for f in findings).items():
            table.add_row(Text(severity, style=_SEVERITY[severity]), Text(check),
                          Text(f"{number:,}", justify="right"))
        if findings:
            self.err.print(table)

    def difference(self, found: Difference, *, inferred: bool) -> None:
        """Show what one release changes: counts, then each thing, then, if asked, what follows."""
        self.out.print(Text(f"{found.old} → {found.new}", style="bold"))
        counts = self._table(("what", "how many"))
        for name, number in found.counts().items():
            counts.add_row(Text(name), Text(f"{number:,}", justify="right"))
        self.out.print(counts if found else Text("The two say the same."))
        self._entries("Added", "green", found.added)
        self._entries("Removed", "red", found.removed)
        self._entries("Deprecated", "yellow", found.deprecated)
        self._changes(found.changed)
        if found.conflicts:
            self.out.print(Text("\nNew conflicts", style="bold"))
        for one, other in found.conflicts:
            self.out.print(Text.assemble("! ", one, " conflicts with ", other), soft_wrap=True)
        for mark, style, triples in (("+", "green", found.inferred),
                                     ("-", "red", found.no_longer_inferred)):
            for triple in triples if inferred else ():
                self.out.print(Text(f"{mark} {' '.join(triple)}", style=style), soft_wrap=True)

    def _entries(self, title: str, style: str, entries: Sequence[Entry]) -> None:
        if entries:
            self.out.print(Text(f"\n{title}", style="bold"))
        for entry in entries:
            instead = f" → {entry.replaced_by}" if entry.replaced_by else ""
            line = Text.assemble((f"{entry.term} ", style), entry.label,
                                 (f" ({entry.kind})", "dim"), instead)
            self.out.print(line, soft_wrap=True)

    def _changes(self, changes: Sequence[Change]) -> None:
        if changes:
            self.out.print(Text("\nChanged", style="bold"))
        for change in changes:
            entry = change.entry
            self.out.print(Text.assemble((entry.term, "yellow"), " ", entry.label), soft_wrap=True)
            for mark, style, pairs in (("-", "red", change.lost), ("+", "green", change.gained)):
                for name, said in pairs:
                    self.out.print(Text(f"  {mark} {name} {said}", style=style), soft_wrap=True)

    def evaluation(self, result: Evaluation, limit: int) -> None:
        """Show precision, recall and F1, then the concepts with most errors, then confusions."""
        rates = ("precision", "recall", "F1", "right", "wrong", "missed")
        table = self._table(("", *rates))
        for name, counts in (("mentions, exact", result.exact),
                             ("mentions, overlapping", result.overlap),
                             ("concepts of a document", result.documents)):
            table.add_row(name, *_rates(counts))
        self._print(table)
        worst = sorted(result.concepts.items(), key=lambda each: (
            -each[1].wrong - each[1].missed, each[0]))
        table = self._table(("concept", *rates))
        for concept, counts in worst[:limit or None]:
            table.add_row(self._concept(concept), *_rates(counts))
        self._print(table)
        if result.confusions:
            table = self._table(("in the gold standard", "found in its place", "times"))
            for (gold, found), count in result.confusions.most_common(limit or None):
                table.add_row(self._concept(gold), self._concept(found),
                              f"{count:,}")
            self._print(table)
        self.err.print(f"{result.records:,} records", style="dim")

    def comparison(self, result: Comparison, limit: int) -> None:
        """Show which mentions came, went and changed, the commonest kind first."""
        if result.changes:
            table = self._table(("times", "change", "concept", "cause", "for example"))
            for change, count in result.changes.most_common(limit or None):
                record, text = result.examples[change][0]
                table.add_row(f"{count:,}", change.kind, self._concept(change.concept),
                              Text(change.cause), Text(f"{record}: {text}"))
            self._print(table)
        for name, ids in (("first", result.only_first), ("second", result.only_second)):
            if ids:
                some = escape(", ".join(ids[:5]))
                self.err.print(f"{len(ids):,} records only in the {name}: {some}")
        kinds = ("gained", "lost", "changed")
        totals = ", ".join(f"{result.total(kind):,} {kind}" for kind in kinds)
        self.err.print(f"{result.records:,} records, {result.changed_records:,} of them changed; "
                       f"mentions: {result.same:,} the same, {totals}", style="dim")

    def _concept(self, iri: str) -> Text:
        return self._named(IRI(iri), split_name(iri))

    def term(self, term: Description) -> None:
        """Show a term as a page."""
        head = Text(term.label, style="bold")
        head.append("  " + ", ".join(kind.label for kind in term.kinds), style="dim")
        self.out.print(head)
        self.out.print(self._link(Text(term.iri, style="dim"), term.iri))
        if term.definition:
            self.out.print()
            self.out.print(Text(term.definition))
        self.out.print()
        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="cyan", no_wrap=True)
        grid.add_column(overflow="fold")
        for title, values in _sections(term):
            lines = [self._line(value) for value in values]
            grid.add_row(Text(title), Group(*lines))
        self.out.print(grid)

    def _print(self, table: Table) -> None:
        """Print a table; where cells must wrap, rows are set apart."""
        unbounded = self.out.options.update(max_width=_PIPED_WIDTH)
        wanted = Measurement.get(self.out, unbounded, table).maximum
        if self.out.is_terminal and wanted > self.out.width:
            table.leading = 1
        self.out.print(table)

    def _line(self, value: Term) -> Text:
        named = getattr(value, "label", "")
        return self._named(value, named) if isinstance(value, IRI) else Text(str(value))

    def _table(self, columns: Iterable[str]) -> Table:
        piped = not self.out.is_terminal
        table = Table(box=None if piped else box.SIMPLE_HEAD, pad_edge=False, show_edge=not piped,
                      header_style="bold", row_styles=None)
        for name in columns:
            table.add_column(Text(name), overflow="fold", vertical="top")
        return table

    def _cell(self, row: Row, name: str, label: str) -> Text:
        value = row.get(name)
        if value is None:
            return Text(str(row.get(label, "")))
        if isinstance(value, IRI):
            return self._labelled(value, str(row.get(label, "")))
        if isinstance(value, Literal) and isinstance(value.value, _NUMBERS):
            return Text(str(value), justify="right")
        text = str(value) if isinstance(value, Literal) else value.n3()
        return Text(text if self.out.is_terminal else " ".join(text.split()))

    def _named(self, iri: IRI, label: str) -> Text:
        """Write a label with its short name, both leading to the term."""
        curie = iri.curie
        if not label or label == curie:
            return self._link(Text(curie), iri)
        between = "\n" if self.out.is_terminal and len(label) + len(curie) > 38 else " "
        return self._link(Text.assemble(label, between, (curie, "dim")), iri)

    def _labelled(self, iri: IRI, label: str) -> Text:
        """Write a label that leads to the term; where nothing can be clicked, its name too."""
        if self.out.is_terminal and label:
            return self._link(Text(label), iri)
        return self._named(iri, label)

    def _link(self, text: Text, iri: str) -> Text:
        if self.out.is_terminal:
            text.stylize(f"link {iri}")
        return text


class _Rate(ProgressColumn):
    """How fast the task goes: in megabytes a second, or in what is counted."""

    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = unit

    def render(self, task: Task) -> Text:
        """Return the rate of a task."""
        if self._unit == "triples" and task.elapsed:
            text = f"{task.fields['records'] / task.elapsed:,.0f}/s"
        else:
            speed = task.finished_speed or task.speed
            text = "" if speed is None else f"{speed / 1e6:.1f} MB/s"
        return Text(text, style="progress.data.speed")


def _rates(counts: Counts) -> Iterator[str]:
    yield from (f"{value:.3f}" for value in (counts.precision, counts.recall, counts.f1))
    yield from (f"{value:,}" for value in (counts.right, counts.wrong, counts.missed))


def _columns(variables: Sequence[str]) -> list[tuple[str, str]]:
    """Pair each variable with the one that holds its label: ``?x ?xLabel`` is one column.

    >>> _columns(["term", "termLabel", "n"])
    [('term', 'termLabel'), ('n', '')]
    """
    labels = {name + "Label": name for name in variables}
    return [(name, name + "Label" if name + "Label" in variables else "")
            for name in variables if labels.get(name) not in variables]


def _sections(term: Description) -> Iterator[tuple[str, Sequence[Term]]]:
    synonyms = [(f"{scope} synonym", found) for scope, found in term.synonyms.items()]
    related: dict[str, list[Named]] = {}
    for link, value in term.relations:
        related.setdefault(link.label, []).append(value)
    facts: dict[str, list[Term]] = {}
    for link, fact in term.facts:
        facts.setdefault(link.label, []).append(fact)
    sections: list[tuple[str, Sequence[Term]]] = [
        *synonyms, ("abbreviation", term.abbreviations), ("broader", term.superclasses),
        ("narrower", term.subclasses), ("individuals", term.instances), *related.items(),
        *facts.items(), ("example", term.examples), ("claims", term.claims),
        ("sources", term.sources),
    ]
    return ((title, values) for title, values in sections if values)
