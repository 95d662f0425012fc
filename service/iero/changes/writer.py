"""The process that prepares changes: it has a working copy of the data, which nobody else sees.

A change is made to the working copy, looked at there, and written out as a version of its own,
which the service publishes. A change that fails, or is only rehearsed, costs the working copy: it
is made anew from the current version, of which it shares the files. So there is nothing to undo.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import replace
from itertools import chain
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from iero.changes.editor import DEFAULT_GRAPH, Delta, Editor
from iero.changes.evaluation import evaluate, read
from iero.changes.grants import DEFAULT
from iero.changes.messages import Delete, Post, Prepared, Put, Setting, Update, Work
from iero.changes.outcome import Outcome
from iero.directory import About, DataDirectory, clone, disk, remove
from iero.errors import IeroError, NotFound, PreconditionFailed
from iero.pool.worker import OUT_OF_MEMORY, STACK, Failed
from iero.report import Report
from iero.store import Store
from iero.vocabulary import PREFIXES

if TYPE_CHECKING:
    from iero.changes.guard import Guard

_LABEL: Final = ox.NamedNode(PREFIXES["rdfs"] + "label")


class Workshop:
    """The working copy and what is done to it."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._directory = DataDirectory(Path(setting.directory))
        self._about = self._staged = About()
        self._place = Path()
        self._store = Store()
        self._engine = ox.Store()
        self._guard = _guard(setting) if setting.shapes else None

    def open(self) -> Prepared | None:
        """Take a copy of the current version; where there is none, prepare the first one.

        :raises IeroError: if that is not possible.
        """
        if not (self._directory.path / "CURRENT").exists():
            self._enter(self._directory.workplace())
            if self._setting.seed:
                from iero.changes.loading import fill

                fill(self._engine, map(Path, self._setting.seed))
            return Prepared(Outcome(self._stage(self._store.graph_sizes(), renamed=True)),
                            self._staged.version)
        self._renew()
        return None

    def prepare(self, work: Work) -> Prepared:
        """Prepare a change.

        :raises IeroError: if it cannot be made; the copy is then as it was before.
        """
        editor = Editor(self._engine, work.grants, united=self._setting.united,
                        largest=self._setting.largest)
        try:
            with disk(self._directory.path):
                prepared = self._prepare(work, editor)
        except IeroError:
            if editor.touched:
                self._renew()
            raise
        if work.dry_run and editor.touched:
            self._renew()
        return prepared

    def published(self) -> None:
        """Take note that what was prepared last is the current version."""
        self._about = self._staged

    def _prepare(self, work: Work, editor: Editor) -> Prepared:
        _carry_out(work, self._store, editor)
        delta = editor.delta
        report = Report() if self._guard is None else \
            self._guard.check(self._engine, chain(delta.inserted, delta.deleted), self._before)
        outcome = Outcome(self._about.version, delta.by_graph(), report, work.dry_run)
        if work.dry_run or not delta:
            return Prepared(outcome, "")
        staged = self._stage(_resized(self._about.sizes or {}, outcome),
                             renamed=_renames(self._engine, delta))
        return Prepared(replace(outcome, version=staged), staged)

    def _before(self) -> ox.Store:
        """Return the data as they were."""
        return ox.Store.read_only(str(self._directory.version(self._about.version)))

    def _stage(self, sizes: Mapping[str, int], *, renamed: bool) -> str:
        """Write the copy out as a version that is not the current one yet, and return its name."""
        name = self._directory.next_name()
        with disk(self._directory.path):
            self._engine.backup(str(self._directory.version(name)))
            self._staged = About(name, name if renamed else self._about.names, sizes)
            self._directory.describe(self._staged)
        return name

    def _renew(self) -> None:
        """Make the working copy anew from the current version."""
        self._leave()
        self._about = self._directory.about()
        place = self._directory.workplace()
        clone(self._directory.version(self._about.version), place)
        self._enter(place)

    def _enter(self, place: Path) -> None:
        with disk(place):
            self._engine = ox.Store(str(place))
        self._store, self._place = Store(self._engine), place

    def _leave(self) -> None:
        self._store = Store()
        self._engine = ox.Store()
        if self._place.name:
            remove(self._place)


def _guard(setting: Setting) -> Guard:
    """Load what validates: only here, for it takes longer than all the rest."""
    from iero.changes.guard import Guard
    from iero.shapes import Shapes

    return Guard(Shapes.open(map(Path, setting.shapes), trusted=setting.trusted))


def _resized(sizes: Mapping[str, int], outcome: Outcome) -> dict[str, int]:
    """Return how many triples the named graphs have after a change; empty ones do not count."""
    new = dict(sizes)
    for graph, change in outcome.graphs.items():
        new[graph] = new.get(graph, 0) + change.inserted - change.deleted
    return {graph: size for graph, size in sorted(new.items()) if size and graph != DEFAULT}


def _renames(engine: ox.Store, delta: Delta) -> bool:
    """Say whether anything that has a name, or had one, has changed."""
    seen = set[Any]()
    for quad in chain(delta.inserted, delta.deleted):
        if quad.predicate == _LABEL:
            return True
        if quad.subject not in seen:
            seen.add(quad.subject)
            if any(engine.quads_for_pattern(quad.subject, _LABEL, None, DEFAULT_GRAPH)):
                return True
    return False


def _carry_out(work: Work, store: Store, editor: Editor) -> None:
    request = work.request
    if isinstance(request, Update):
        evaluate(request, store, editor)
        return
    graph = ox.NamedNode(request.graph) if request.graph else DEFAULT_GRAPH
    exists = isinstance(graph, ox.DefaultGraph) or editor.store.contains_named_graph(graph)
    if work.exists is not None and work.exists != exists:
        raise PreconditionFailed(
            f"The graph {graph} {'exists already' if exists else 'does not exist'}.",
            hint="Look at what is there, and repeat the change if it still makes sense.")
    if isinstance(request, Delete):
        _delete(graph, exists, editor)
    else:
        _write(request, graph, editor)


def _delete(graph: ox.NamedNode | ox.DefaultGraph, exists: bool, editor: Editor) -> None:
    if not exists:
        raise NotFound(f"There is no graph {graph}.", nearest=[])
    if isinstance(graph, ox.DefaultGraph):
        editor.clear(graph)
    else:
        editor.drop(graph)


def _write(request: Put | Post, graph: ox.NamedNode | ox.DefaultGraph, editor: Editor) -> None:
    """Replace the content of a graph, or add to it."""
    new = read(request.data, request.format, graph, request.base)
    if isinstance(request, Put):
        kept = set(new)
        editor.delete(quad for quad in editor.content(graph) if quad not in kept)
    if not isinstance(graph, ox.DefaultGraph):
        editor.create(graph)
    editor.insert(new)


def _work(control: Connection, messages: SimpleQueue[Any]) -> None:
    """Prepare what is asked for, until the other side is gone."""
    try:
        workshop = Workshop(messages.get())
        first = workshop.open()
    except IeroError as error:
        control.send(Failed.of(error))
        return
    control.send(first)
    if first is not None and messages.get():
        workshop.published()
    while True:
        work: Work = messages.get()
        try:
            prepared = workshop.prepare(work)
        except IeroError as error:
            control.send(Failed.of(error))
            continue
        control.send(prepared)
        if prepared.staged and messages.get():
            workshop.published()


def _serve(control: Connection, messages: SimpleQueue[Any]) -> None:
    try:
        _work(control, messages)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    except BrokenPipeError:
        os._exit(0)
    finally:
        os._exit(1)


def main() -> None:
    """Run on the connection whose number is the first argument; end when it breaks, at once.

    The main thread does nothing but listen, so that the end of the service is noticed whatever the
    other one is at.
    """
    for number in (signal.SIGINT, signal.SIGTERM):  # the service ends it by closing the connection
        signal.signal(number, signal.SIG_IGN)
    control = Connection(int(sys.argv[1]))
    messages = SimpleQueue[Any]()
    threading.stack_size(STACK)
    threading.Thread(target=_serve, args=(control, messages), daemon=True).start()
    try:
        while True:
            messages.put(control.recv())
    except (EOFError, OSError):
        os._exit(0)
