"""The processes that evaluate queries: one that holds the graph, and the children that it forks.

The holder loads the graph once and evaluates nothing. For each worker that the service asks for it
forks: the child has the graph at once, shares its memory, and can be killed at any moment without
harm to anybody. The holder runs one thread, so that a fork never copies a lock that somebody else
holds. Over a data directory the holder holds nothing: each worker opens a version of the data, and
serves that one until it ends.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing.connection import Connection
from multiprocessing.reduction import send_handle
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any, Final

from iero.directory import DataDirectory
from iero.errors import IeroError, LimitExceeded
from iero.protocol import format_named
from iero.store import Store

if TYPE_CHECKING:
    from iero.results import Answer

INLINE: Final = 1 << 20
"""An answer up to this many bytes travels in the message; a larger one as an open file."""

BATCH: Final = 1000
"""Rows or triples that are handed over at a time."""

STACK: Final = 64 << 20
"""Bytes of stack for evaluation. The engine recurses over a query; on the stack that a process has
by default, a query within the limits of :mod:`iero.syntax` could end it."""

OUT_OF_MEMORY: Final = 77
"""The exit code of a worker that Python itself denied memory."""


@dataclass(frozen=True)
class Task:
    """A query for a worker.

    :ivar format: the format of :data:`iero.protocol.FORMATS` to write the answer in; without one,
        the rows or triples are handed over as terms, a batch at a time.
    """

    text: str
    format: str = ""
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()
    prefixes: tuple[tuple[str, str], ...] = ()
    answer_limit: int = 1 << 30


@dataclass(frozen=True)
class Written:
    """An answer in its format; without a body, an open file follows."""

    length: int
    body: bytes | None


@dataclass(frozen=True)
class Opened:
    """An answer of which batches follow on demand."""

    kind: str
    variables: list[str]


@dataclass(frozen=True)
class Failed:
    """What the user is to be told, in the words of :mod:`iero.errors`."""

    error: type[IeroError]
    message: str
    hint: str
    details: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, error: IeroError) -> Failed:
        """Take an error apart."""
        return cls(type(error), error.message, error.hint, error.details)

    def again(self) -> IeroError:
        """Put it together."""
        return self.error(self.message, hint=self.hint, **self.details)


@dataclass(frozen=True)
class Source:
    """Where the data of a pool are: in files, which the holder loads, or in a data directory."""

    files: tuple[str, ...] = ()
    directory: str = ""


@dataclass(frozen=True)
class Fork:
    """Asks the holder for a worker, over one version of a data directory where there is one."""

    version: str = ""


@dataclass(frozen=True)
class Bury:
    """Asks the holder how a worker has ended."""

    pid: int


class _Holder:
    """What the workers are made from."""

    def __init__(self, source: Source) -> None:
        self._store = Store.open([Path(name) for name in source.files])
        self._store.unite()
        self._directory = Path(source.directory) if source.directory else None

    def opened(self, version: str) -> AbstractContextManager[Store]:
        """Give the data for a worker: those in memory, or a version."""
        return self._version(version) if self._directory else nullcontext(self._store)

    @contextmanager
    def _version(self, name: str) -> Iterator[Store]:
        with DataDirectory(self._directory or Path()).reading(name) as folder:
            yield Store.read(folder)


def hold(control: Connection) -> None:
    """Load what is named first; then fork a worker, or bury one, as is asked."""
    try:
        holder = _Holder(control.recv())
    except IeroError as error:
        control.send(Failed.of(error))
        return
    control.send(None)
    alive = set[int]()
    try:
        while True:
            request = control.recv()
            if isinstance(request, Bury):
                control.send(os.waitpid(request.pid, 0)[1])
                alive.discard(request.pid)
            else:
                alive.add(_fork(control, holder, request.version))
    except EOFError:  # the service is gone, and nobody waits for what the workers do
        for pid in alive:
            os.kill(pid, signal.SIGKILL)


def _fork(control: Connection, holder: _Holder, version: str) -> int:
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if not pid:
        control.close()
        ours.close()
        # A group of its own, all of whose threads can be given a lower priority. No session of its
        # own: to each of those Linux may give an equal share, whatever the priorities in it.
        os.setpgid(0, 0)
        _live(Connection(theirs.detach()), holder.opened(version))
        os._exit(0)
    theirs.close()
    control.send(pid)
    send_handle(control, ours.fileno(), None)
    ours.close()
    return pid


def _live(connection: Connection, opened: AbstractContextManager[Store]) -> None:
    """Be a worker, on a stack that is deep enough."""
    threading.stack_size(STACK)
    thread = threading.Thread(target=_serve, args=(connection, opened))
    thread.start()
    thread.join()


def _serve(connection: Connection, opened: AbstractContextManager[Store]) -> None:
    """Say whether the data could be opened, and work."""
    try:
        with opened as store:
            connection.send(None)
            _work(connection, store)
    except IeroError as error:
        connection.send(Failed.of(error))


def _work(connection: Connection, store: Store) -> None:
    while True:
        try:
            task: Task = connection.recv()
            (_write if task.format else _hand_over)(connection, task, store)
        except (EOFError, BrokenPipeError):
            return
        except MemoryError:
            os._exit(OUT_OF_MEMORY)


def _ask(task: Task, store: Store) -> Answer:
    return store.query(task.text, task.default_graphs, task.named_graphs,
                       prefixes=dict(task.prefixes) or None)


def _write(connection: Connection, task: Task, store: Store) -> None:
    with SpooledTemporaryFile(max_size=INLINE) as file:
        sink = _Sink(file, task.answer_limit)
        try:
            answer = _ask(task, store)
            answer.write(sink, format_named(task.format, answer.kind))
        except IeroError as error:
            connection.send(Failed.of(error))
            return
        if sink.length > INLINE:
            file.flush()
            connection.send(Written(sink.length, None))
            send_handle(connection, file.fileno(), None)
        else:
            file.seek(0)
            connection.send(Written(sink.length, file.read()))


def _hand_over(connection: Connection, task: Task, store: Store) -> None:
    """Send what there is in batches; each but the first when the other side asks for it."""
    try:
        answer = _ask(task, store)
        items: Iterator[Any] = iter(_items(answer))
        first = list(islice(items, BATCH))
    except IeroError as error:
        connection.send(Failed.of(error))
        return
    connection.send(Opened(answer.kind, answer.variables))
    connection.send(first)
    while connection.recv():
        connection.send(list(islice(items, BATCH)))


def _items(answer: Answer) -> Iterable[Any]:
    if answer.kind == "boolean":
        return [answer.truth]
    return answer.rows() if answer.kind == "bindings" else answer.triples()


class _Sink:
    """Counts the bytes of an answer and stops it at its limit."""

    def __init__(self, file: Any, limit: int) -> None:
        self.file, self.limit, self.length = file, limit, 0

    def write(self, data: bytes, /) -> int:
        self.length += len(data)
        if self.length > self.limit:
            raise LimitExceeded(f"The answer has more than {self.limit:,} bytes.", reason="size",
                                limit=self.limit,
                                hint="Ask for less: add LIMIT, or name what you need.")
        return int(self.file.write(data))

    def flush(self) -> None:
        """Do nothing: nobody reads yet."""


def main() -> None:
    """Run the holder on the connection whose number is the first argument."""
    for number in (signal.SIGINT, signal.SIGTERM):  # the service ends it by closing the connection
        signal.signal(number, signal.SIG_IGN)
    hold(Connection(int(sys.argv[1])))
