"""The service's side of changes: one at a time, checked, and published in one step."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Final

from iero.changes.evaluation import loads
from iero.changes.grants import Grants
from iero.changes.messages import Delete, Fetched, Post, Put, Request, Setting, Update, Work
from iero.changes.outcome import Outcome
from iero.changes.process import Writer
from iero.directory import DataDirectory
from iero.errors import LimitExceeded, PreconditionFailed, RemoteError, ServiceFailure
from iero.pool import Limits
from iero.resources import locate, walk

Fetch = Callable[[str], tuple[bytes, str]]

LIMITS: Final = Limits(seconds=60.0, waiting=30.0)
"""What a change may cost, unless somebody says otherwise."""

RELEASE: Final = "ontology/release/iero-kg.nq"

LARGEST: Final = 1_000_000
"""How many triples a change may insert and delete together."""


class Changes:
    """Changes to a data directory: atomic, durable, one after the other.

    Made by :meth:`open` or :meth:`scratch`. Nobody sees a change before it is complete and, where
    the data are guarded, valid; when a method returns, the change is on the disk. A change that is
    refused, rehearsed, too expensive or interrupted leaves nothing behind. All methods may be
    called from any thread.

    The methods that change data have these in common:

    :ivar fetch: fetches the document that LOAD names and says its format; without it, LOAD is
        refused.

    :param grants: what the client may do.
    :param dry_run: carry out and check everything, and then leave the data as they were.
    :param if_version: versions of the data, one of which must be the current one.
    :param timeout: seconds; lowers the limit and never raises it.
    :raises Refused: if the grants do not allow it, or nobody may do it.
    :raises InvalidChange: if afterwards the data would break the shapes; with the report.
    :raises PreconditionFailed: if a condition does not hold.
    :raises Conflict: if the data do not allow it, such as creating a graph that exists.
    :raises LimitExceeded: if it takes too long, too much memory, or waits for others too long.
    :raises DiskFull: if there is no room.
    """

    def __init__(self, directory: DataDirectory, setting: Setting, limits: Limits, *,
                 temporary: bool = False) -> None:
        self.directory = directory
        self.limits = limits
        self.fetch: Fetch | None = None
        self._setting = setting
        self._turn = Lock()
        self._writer = Writer(setting)
        self._ended = weakref.finalize(self, _end, self._writer, directory, temporary)

    @classmethod
    def open(cls, directory: Path, *, shapes: Sequence[Path] | None = None,
             seed: Sequence[Path] | None = None, limits: Limits = LIMITS,
             largest: int = LARGEST) -> Changes:
        """Lock a data directory, whose data are guarded by shapes, and change it.

        :param directory: where there is none, one is made.
        :param shapes: files of shapes in Turtle; without them, those that ship with IERO.
        :param seed: files that a new directory begins with; without them, the release.
        :param largest: how many triples a change may insert and delete together.
        :raises DirectoryFailure: if another process changes it, or it is none.
        :raises OntologyError: if the shapes are not well-formed.
        """
        own = [file for _, file in walk("ontology/shapes", ".ttl")]
        files = map(str, own) if shapes is None else map(str, shapes)
        first = [str(locate(RELEASE))] if seed is None else list(map(str, seed))
        return cls._open(directory, limits, Setting(
            str(directory), tuple(files), trusted=shapes is None, seed=tuple(first), united=True,
            largest=largest))

    @classmethod
    def scratch(cls, *, limits: Limits = LIMITS, largest: int = LARGEST) -> Changes:
        """Make an empty, unguarded store, which is gone when it is closed.

        Its default graph is a graph of its own, as the tests of the W3C expect, not the union.
        """
        folder = Path(tempfile.mkdtemp(prefix="iero-scratch-"))
        return cls._open(folder, limits, Setting(
            str(folder), (), trusted=True, seed=(), united=False, largest=largest), temporary=True)

    @property
    def version(self) -> str:
        """The version of the data that holds now."""
        return self.directory.current

    def update(self, text: str, *, grants: Grants, using_graphs: Sequence[str] = (),
               using_named_graphs: Sequence[str] = (), dry_run: bool = False,
               if_version: Collection[str] | None = None, timeout: float | None = None) -> Outcome:
        """Carry out a request of SPARQL 1.1 Update, all of it or nothing.

        :param using_graphs: as ``using-graph-uri`` of the protocol, and so ``using_named_graphs``.
        :raises BadQuery: if it does not parse.
        :raises BadParameter: for a dataset of the protocol beside USING or WITH in the text.
        :raises RemoteError: if a document that LOAD names cannot be had.
        """
        request = Update(text, tuple(using_graphs), tuple(using_named_graphs),
                         self._fetched(text, grants))
        return self._change(request, grants, dry_run, if_version, None, timeout)

    def put(self, graph: str, data: bytes, fmt: str, *, grants: Grants, base: str = "",
            dry_run: bool = False, if_version: Collection[str] | None = None,
            if_exists: bool | None = None, timeout: float | None = None) -> Outcome:
        """Replace the content of a graph by a document (Graph Store Protocol, section 5.3).

        :param graph: the IRI of the graph; nothing for the default graph.
        :param fmt: a key of :data:`iero.rdf.FORMATS`.
        :param base: the IRI against which relative ones in the document are resolved.
        :param if_exists: whether the graph must exist, or must not.
        :raises BadDocument: if it does not parse.
        """
        return self._change(Put(graph, data, fmt, base), grants, dry_run, if_version, if_exists,
                            timeout)

    def post(self, graph: str, data: bytes, fmt: str, *, grants: Grants, base: str = "",
             dry_run: bool = False, if_version: Collection[str] | None = None,
             if_exists: bool | None = None, timeout: float | None = None) -> Outcome:
        """Add a document to a graph (section 5.5); parameters and errors are those of `put`."""
        return self._change(Post(graph, data, fmt, base), grants, dry_run, if_version, if_exists,
                            timeout)

    def delete(self, graph: str, *, grants: Grants, dry_run: bool = False,
               if_version: Collection[str] | None = None, timeout: float | None = None) -> Outcome:
        """Remove a graph (section 5.4).

        :raises NotFound: if there is none of that name.
        """
        return self._change(Delete(graph), grants, dry_run, if_version, None, timeout)

    def close(self) -> None:
        """End the writer and let others change the data."""
        self._ended()

    @classmethod
    def _open(cls, path: Path, limits: Limits, setting: Setting, *,
              temporary: bool = False) -> Changes:
        new = not DataDirectory.exists(path)
        directory = DataDirectory.create(path) if new else DataDirectory(path)
        directory.lock()
        try:
            made = cls(directory, setting, limits, temporary=temporary)
        except BaseException:
            directory.unlock()
            raise
        try:
            if new:
                made._fill()
            elif not setting.trusted:
                made._writer.wait()  # for the verdict on the shapes
        except BaseException:
            made.close()
            raise
        return made

    def _fetched(self, text: str, grants: Grants) -> tuple[Fetched, ...]:
        """Fetch the documents that an update loads, as far as the client may do so."""
        if self.fetch is None:
            return ()
        found = []
        for url, graph, silent in loads(text):
            grants.require("load", [graph])
            try:
                found.append(Fetched(url, *self.fetch(url)))
            except (RemoteError, LimitExceeded):
                if not silent:
                    raise
                found.append(Fetched(url, None))
        return tuple(found)

    def _fill(self) -> None:
        """Publish the first version of a new directory."""
        first = self._writer.wait()
        if first is None:
            raise ServiceFailure("A new data directory was not filled.")
        self.directory.publish(first.staged)
        self._writer.confirm()

    def _change(self, request: Request, grants: Grants, dry_run: bool,
                if_version: Collection[str] | None, if_exists: bool | None,
                timeout: float | None) -> Outcome:
        limits = self.limits.lowered(timeout)
        with self._alone(limits):
            if if_version is not None and self.version not in if_version:
                raise PreconditionFailed(
                    f"The data have changed: their version is {self.version}.",
                    hint="Read them again, and repeat the change if it still makes sense.",
                    version=self.version)
            prepared = self._writer.prepare(Work(request, grants, dry_run, if_exists), limits)
            if prepared.staged:
                self._publish(prepared.staged)
            return prepared.outcome

    @contextmanager
    def _alone(self, limits: Limits) -> Iterator[None]:
        """Wait for one's turn."""
        if not self._turn.acquire(timeout=limits.waiting):
            raise LimitExceeded("Other changes are still being carried out.", reason="busy",
                                limit=limits.waiting, hint="Try again in a moment.", retry_after=1)
        try:
            yield
        finally:
            self._turn.release()

    def _publish(self, staged: str) -> None:
        """Make a prepared version the current one; this is the moment at which a change happens."""
        try:
            self.directory.publish(staged)
        except BaseException:
            self._writer.kill()  # it has made the change, and nobody else has
            raise
        self._writer.confirm()
        self.directory.tidy()


def _end(writer: Writer, directory: DataDirectory, temporary: bool) -> None:
    writer.close()
    directory.unlock()
    if temporary:
        shutil.rmtree(directory.path, ignore_errors=True)
