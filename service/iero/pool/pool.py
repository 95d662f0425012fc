"""The service's side: workers lent to queries, watched while they work, and killed at a limit."""

from __future__ import annotations

import os
import pickle
import signal
import socket
import subprocess
import sys
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle
from pathlib import Path
from tempfile import SpooledTemporaryFile
from threading import Condition, Lock
from time import monotonic
from typing import Any, BinaryIO, Final

from iero import turtle
from iero.directory import About, DataDirectory
from iero.errors import DirectoryFailure, LimitExceeded, NotAcceptable, ServiceFailure
from iero.pool.cache import Cache
from iero.pool.limits import GLANCE, MEGABYTE, Limits, resident
from iero.pool.worker import (
    BATCH,
    OUT_OF_MEMORY,
    Bury,
    Failed,
    Fork,
    Opened,
    Source,
    Task,
    Written,
)
from iero.protocol import Format, formats_for
from iero.rdf import Triple
from iero.results import Answer, Sink
from iero.syntax import form
from iero.terms import Row, Term

_KINDS: Final = {"SELECT": "bindings", "ASK": "boolean", "CONSTRUCT": "graph", "DESCRIBE": "graph"}
_PROGRAM: Final = "from iero.pool.worker import main; main()"
_BLOCK: Final = 1 << 18
_TURNS: Final = ((0.6, 19), (0.3, 12), (0.15, 5))
"""By how much a query gives way to the others that has spent so many seconds on the processor. Not
seconds of waiting: a quick query that the slow ones keep from the processor must not be put behind
them as well."""
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_UNKNOWN: Final = 255
"""The exit code of a worker of which nobody can tell."""
_BLOATED: Final = 64 * MEGABYTE
"""A worker that has grown by this much is replaced after its query, and its memory comes back."""


@dataclass
class _Worker:
    """A process that evaluates one query at a time."""

    pid: int
    connection: Connection
    version: str = ""
    baseline: int = 0
    niceness: int = 0
    exit_code: int | None = None

    def memory(self) -> int:
        """Return the bytes by which it has grown; 0 where the system does not tell."""
        return max(resident(self.pid) - self.baseline, 0)

    def processor_seconds(self) -> float:
        """Return how long it has been at work on a processor; 0 where the system does not tell."""
        try:
            fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def give_way(self, seconds: float) -> None:
        """Let quicker queries go first, the more the longer it has been on the processor."""
        niceness = next((level for spent, level in _TURNS if seconds > spent), 0)
        if niceness > self.niceness:
            self.niceness = niceness
            os.setpriority(os.PRIO_PGRP, self.pid, niceness)


class _Holder:
    """The process that holds the graph and forks workers."""

    def __init__(self, source: Source) -> None:
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-c", _PROGRAM, str(theirs.fileno())]
        self.process = subprocess.Popen(  # noqa: S603 - nothing of it comes from outside
            command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        theirs.close()
        self.control = Connection(ours.detach())
        self.lock = Lock()
        self.control.send(source)
        reply = self.control.recv()
        if isinstance(reply, Failed):
            self.close()
            raise reply.again()

    def fork(self, version: str) -> _Worker:
        """Return a new worker.

        :raises DirectoryFailure: if the version cannot be opened; ``reason`` is ``gone`` where a
            later one has taken its place.
        """
        with self.lock:
            self.control.send(Fork(version))
            pid = self.control.recv()
            worker = _Worker(pid, Connection(recv_handle(self.control)), version)
        try:
            failed = worker.connection.recv()
        except EOFError as error:
            code = self.bury(worker, kill=False)
            raise ServiceFailure(f"A process for queries ended before it began ({code}).") \
                from error
        if isinstance(failed, Failed):
            self.bury(worker)
            raise failed.again()
        worker.baseline = worker.memory()
        return worker

    def bury(self, worker: _Worker, *, kill: bool = True) -> int:
        """End a worker and return its exit code, negative for a signal; a second time does nothing.

        :param kill: without it, wait for one that is dying by itself.
        """
        if worker.exit_code is None:
            if kill:
                os.kill(worker.pid, signal.SIGKILL)
            worker.connection.close()
            worker.exit_code = self._wait(worker.pid)
        return worker.exit_code

    def _wait(self, pid: int) -> int:
        try:
            with self.lock:
                self.control.send(Bury(pid))
                return os.waitstatus_to_exitcode(self.control.recv())
        except (EOFError, OSError):  # the holder is dead itself; the system buries the worker
            return _UNKNOWN

    def close(self) -> None:
        """End the holder, and with it the workers, whose connections break."""
        self.control.close()
        self.process.wait()


def _unobserved(_event: str, _seconds: float) -> None:
    """Take no notice."""


class Pool:
    """A backend whose queries run in killable processes.

    :ivar observe: told what happens and how long it took, to count it: ``waited`` (for a worker),
        ``ran`` (a worker is free again), ``hit`` and ``miss`` (a look for an answer at hand).

    :param source: RDF files to load, or a data directory, whose current version is then asked.
    :param size: workers at the most; they are made as they are needed.
    :param cache: bytes of answers to keep at hand.
    :raises NotFound: if a file does not exist.
    :raises OntologyError: if one does not parse.
    """

    def __init__(self, source: Sequence[Path] | DataDirectory, limits: Limits | None = None,
                 size: int = 16, cache: int = 64 * MEGABYTE) -> None:
        self.limits = limits or Limits()
        self.cache = Cache(cache)
        self.observe: Callable[[str, float], None] = _unobserved
        self._size = size
        self._directory = source if isinstance(source, DataDirectory) else None
        self._source = Source(directory=str(source.path)) if isinstance(source, DataDirectory) \
            else Source(files=tuple(map(str, source)))
        self._holder = _Holder(self._source)
        self._replacing = Lock()
        self._changed = Condition()
        self._idle: list[_Worker] = []
        self._count = 0
        self._ended = weakref.finalize(self, _Holder.close, self._holder)

    def close(self) -> None:
        """End all processes."""
        for worker in self._idle:
            worker.connection.close()
        self._ended()

    @property
    def version(self) -> str:
        """The version of the data that is asked now; nothing where they do not change."""
        return self._directory.current if self._directory else ""

    def about(self) -> About:
        """Return what is known of the data as they are now."""
        return self._directory.about() if self._directory else About()

    def query(
        self, text: str, default_graphs: Iterable[str] = (), named_graphs: Iterable[str] = (),
        *, prefixes: dict[str, str] | None = None, timeout: float | None = None,
    ) -> Answer:
        """Answer a SPARQL query; see :meth:`iero.store.Store.query`.

        The query is evaluated when its answer is read or written, so that is when errors come.

        :param timeout: seconds; lowers the limit of the pool and never raises it.
        :raises LimitExceeded: if it reaches a limit; ``reason`` is time, memory, size or busy.
        """
        limits = self.limits.lowered(timeout)
        task = Task(text, "", tuple(default_graphs), tuple(named_graphs),
                    tuple((prefixes or {}).items()), limits.answer)
        return _PooledAnswer(self, task, limits)

    @contextmanager
    def lease(self, limits: Limits) -> Iterator[_Lease]:
        """Lend a worker; if what it is lent for fails, nobody knows its state, and it is killed."""
        asked = monotonic()
        worker = self._take(limits)
        lent = monotonic()
        self.observe("waited", lent - asked)
        try:
            yield _Lease(worker, limits, self._holder)
        except BaseException:
            self._discard(worker)
            raise
        finally:
            self.observe("ran", monotonic() - lent)
        if worker.exit_code is not None or worker.niceness or worker.memory() > _BLOATED \
                or worker.version != self.version:
            self._discard(worker)
        else:
            with self._changed:
                self._idle.append(worker)
                self._changed.notify()

    def _take(self, limits: Limits) -> _Worker:
        deadline = monotonic() + limits.waiting
        self._retire()
        with self._changed:
            while not self._idle and self._count >= self._size:
                if not self._changed.wait(deadline - monotonic()):
                    raise LimitExceeded(
                        f"All {self._size} workers are busy.", reason="busy", limit=self._size,
                        hint="Try again in a moment.", retry_after=1)
            if self._idle:
                return self._idle.pop()
            self._count += 1
        try:
            return self._fork()
        except BaseException:
            self._release()
            raise

    def _retire(self) -> None:
        """End the idle workers of earlier versions, which keep these from being removed."""
        version = self.version
        with self._changed:
            old = [worker for worker in self._idle if worker.version != version]
            self._idle = [worker for worker in self._idle if worker.version == version]
        for worker in old:
            self._discard(worker)

    def _fork(self) -> _Worker:
        """Return a new worker over the current version."""
        while True:
            version = self.version
            try:
                return self._forked(version)
            except DirectoryFailure:
                if version == self.version:
                    raise

    def _forked(self, version: str) -> _Worker:
        """Return a new worker, from a new holder if the old one has died."""
        holder = self._holder
        try:
            return holder.fork(version)
        except (EOFError, OSError):
            with self._replacing:
                if self._holder is holder:
                    self._ended()
                    self._holder = _Holder(self._source)
                    self._ended = weakref.finalize(self, _Holder.close, self._holder)
            return self._holder.fork(version)

    def _discard(self, worker: _Worker) -> None:
        self._holder.bury(worker)
        self._release()

    def _release(self) -> None:
        with self._changed:
            self._count -= 1
            self._changed.notify()


@dataclass
class _Lease:
    """A worker for the time of one query."""

    worker: _Worker
    limits: Limits
    holder: _Holder
    started: float = field(default_factory=monotonic)
    spent: float | None = None
    """Seconds on a processor that the worker had behind it at the first look."""

    def send(self, message: object) -> None:
        """Give the worker its task, or ask it to go on."""
        try:
            self.worker.connection.send(message)
        except OSError as error:
            raise self._death() from error

    def finish(self) -> None:
        """Tell the worker that no more is wanted. If it has died, the reader has lost nothing."""
        try:
            self.worker.connection.send(False)
        except OSError:
            self.holder.bury(self.worker, kill=False)

    def receive(self) -> Any:
        """Return the next message of the worker.

        :raises LimitExceeded: if a limit was reached.
        :raises ServiceFailure: if the worker died of something else.
        """
        try:
            while not self.worker.connection.poll(GLANCE):
                self._look()
            return self.worker.connection.recv()
        except (EOFError, OSError) as error:
            raise self._death() from error

    def file(self) -> BinaryIO:
        """Return the open file that follows a message."""
        return os.fdopen(recv_handle(self.worker.connection), "rb")

    def _look(self) -> None:
        elapsed = monotonic() - self.started
        if elapsed > self.limits.seconds:
            raise _over("time", f"The query ran longer than {self.limits.seconds:g} s.",
                        self.limits.seconds)
        if self.worker.memory() > self.limits.memory:
            raise self._out_of_memory()
        spent = self.worker.processor_seconds()
        if self.spent is None:
            self.spent = spent
        self.worker.give_way(spent - self.spent)

    def _out_of_memory(self) -> LimitExceeded:
        size = self.limits.memory // MEGABYTE
        return _over("memory", f"The query needed more than {size:,} MB of memory.",
                     self.limits.memory)

    def _death(self) -> LimitExceeded | ServiceFailure:
        code = self.holder.bury(self.worker, kill=False)
        # Native code that is refused memory aborts; the system's own last resort kills.
        if code in (OUT_OF_MEMORY, -signal.SIGABRT, -signal.SIGKILL):
            return self._out_of_memory()
        return ServiceFailure(f"The process that evaluated the query ended unexpectedly ({code}).",
                              hint="Nobody else is affected. Please report the query.")


def _over(reason: str, message: str, limit: float) -> LimitExceeded:
    return LimitExceeded(message, reason=reason, limit=limit,
                         hint="Ask for less: add LIMIT, leave out ORDER BY or a path, or name what "
                              "you need.")


class _PooledAnswer(Answer):
    """An answer that a worker computes when it is wanted; each reading is an evaluation."""

    def __init__(self, pool: Pool, task: Task, limits: Limits) -> None:
        self._pool, self._task, self._limits = pool, task, limits
        self._head: Opened | None = None
        self.first = ""
        self.kind = _KINDS.get(form(task.text), "")
        if not self.kind:  # it does not parse, and the worker says where
            self.kind = self._opened().kind

    @property
    def variables(self) -> list[str]:  # type: ignore[override]
        """The names of the columns, without ``?``."""
        return self._opened().variables

    @property
    def truth(self) -> bool:
        """The answer of an ASK query."""
        return bool(next(self._items()))

    def rows(self) -> Iterator[Row]:
        """Yield the solutions one by one; unbound variables are left out of a row."""
        return self._items()

    def triples(self) -> Iterator[tuple[Term, Term, Term]]:
        """Yield the triples of a graph."""
        return self._items()

    def write(self, output: Sink, fmt: Format) -> None:
        """Write the whole answer to a sink, in bounded memory.

        :raises NotAcceptable: if the format cannot carry this kind of answer.
        """
        if self.kind not in fmt.kinds:
            able = [each.name for each in formats_for(self.kind)]
            raise NotAcceptable(f"{fmt.name} cannot carry an answer of the kind {self.kind!r}.",
                                hint="Available: " + ", ".join(able) + ".", available=able)
        if self.first and fmt.name == "turtle":
            output.write(turtle.write(map(_spelt, self.triples()), first=self.first))
            return
        task = replace(self._task, format=fmt.name)
        key = (self._pool.version, task)
        kept = self._pool.cache.get(key)
        self._pool.observe("miss" if kept is None else "hit", 0.0)
        if kept is not None:
            output.write(kept)
            return
        with self._pool.lease(self._limits) as lease:
            lease.send(task)
            reply = lease.receive()
            file = lease.file() if isinstance(reply, Written) and reply.body is None else None
        if isinstance(reply, Failed):
            raise reply.again()
        if file is None:
            self._pool.cache.put(key, reply.body)
            output.write(reply.body)
            return
        with file:
            file.seek(0)
            while block := file.read(_BLOCK):
                output.write(block)

    def serialize(self, fmt: Format) -> Iterator[bytes]:
        """Yield the answer in pieces; the first comes when the whole is written."""
        with SpooledTemporaryFile(max_size=_BLOCK) as file:
            self.write(file, fmt)
            file.seek(0)
            while block := file.read(_BLOCK):
                yield block

    def _opened(self) -> Opened:
        if self._head is None:
            next(self._batches(), None)
        return self._head or Opened(self.kind, [])

    def _items(self) -> Iterator[Any]:
        for batch in self._batches():
            yield from batch

    def _batches(self) -> Iterator[list[Any]]:
        key = (self._pool.version, self._task)
        kept = self._pool.cache.get(key)
        self._pool.observe("miss" if kept is None else "hit", 0.0)
        if kept is not None:
            self._head, batch = pickle.loads(kept)  # noqa: S301 - written below
            yield batch
            return
        with self._pool.lease(self._limits) as lease:
            lease.send(self._task)
            head = lease.receive()
            batch = lease.receive() if isinstance(head, Opened) else []
            if isinstance(head, Opened) and len(batch) < BATCH:  # which is all there is
                self._pool.cache.put(key, pickle.dumps((head, batch)))
            try:
                while batch:
                    self._head = head
                    yield batch
                    lease.send(True)
                    batch = lease.receive()
            except GeneratorExit:  # the reader has seen enough
                pass
            if isinstance(head, Opened):
                self._head = head
                lease.finish()
        if isinstance(head, Failed):
            raise head.again()


def _spelt(triple: tuple[Term, Term, Term]) -> Triple:
    return Triple(*(term.n3() for term in triple))
