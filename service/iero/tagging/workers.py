"""Those who do the work of a job: each reads, tags and renders batches of records.

With one process the work is done on the spot; with several, batches go to a pool and come back in
order.
"""

from __future__ import annotations

import gc
import gzip
import os
import signal
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import connection, get_context, parent_process
from threading import Thread
from typing import TYPE_CHECKING, Final, NamedTuple

from iero.errors import LimitExceeded
from iero.tagging.documents.dialect import Dialect
from iero.tagging.documents.document import Piece, Place, Rejected
from iero.tagging.documents.tagged import DocumentTagger
from iero.tagging.documents.writers import Writer

if TYPE_CHECKING:
    from iero.tagging.tagger import Tagger

__all__ = ["Batch", "Done", "Worker", "working"]

class Batch(NamedTuple):
    """Some pieces of one input.

    :ivar input: its number.
    :ivar end: the place behind the last piece.
    :ivar taken: bytes of all inputs that were read by then.
    """

    input: int
    pieces: list[Piece]
    end: Place
    taken: int


class Done(NamedTuple):
    """What has become of a batch.

    :ivar output: bytes to write.
    :ivar encodings: how many records were in which encoding.
    """

    output: bytes
    rejected: list[Rejected]
    records: int
    mentions: int
    encodings: dict[str, int]


@dataclass
class Worker:
    """Reads, tags and renders batches; sent to each process once."""

    tagger: Tagger
    files: tuple[tuple[str, Dialect, str], ...]
    writer: Writer
    compress: bool

    def __post_init__(self) -> None:
        self._documents = DocumentTagger(self.tagger)

    def __call__(self, batch: Batch) -> Done:
        """Read, tag and render a batch."""
        name, dialect, wide = self.files[batch.input]
        parts: list[bytes] = []
        rejected: list[Rejected] = []
        mentions = 0
        encodings: dict[str, int] = {}
        for piece in batch.pieces:
            if not piece.number:
                parts += [dialect.between(piece.raw)] if self.writer.keeps else []
                continue
            document = dialect.read(piece, name)
            if isinstance(document, Rejected):
                rejected.append(document)
                continue
            tagged = self._documents.tag(document)
            try:
                parts.append(self.writer.write(tagged, dialect))
            except ValueError as error:
                rejected.append(Rejected(name, piece.number, piece.line, str(error), piece.raw))
                continue
            mentions += len(tagged.mentions)
            encodings[document.encoding] = encodings.get(document.encoding, 0) + 1
        output = b"".join(parts)
        if wide and self.writer.keeps:
            output = output.decode("utf-8", "surrogatepass").encode(wide, "surrogatepass")
        count = sum(encodings.values())
        return Done(self.packed(output), rejected, count, mentions, encodings)

    def packed(self, output: bytes) -> bytes:
        """Return bytes as they go into the file."""
        return gzip.compress(output, 6, mtime=0) if self.compress and output else output



_Pairs = Iterator[tuple[Batch, Done]]


@contextmanager
def working(worker: Worker, jobs: int) -> Iterator[Callable[[Iterator[Batch]], _Pairs]]:
    """Give a function that yields each batch with what has become of it, in order."""
    if jobs == 1:
        yield lambda batches: ((batch, worker(batch)) for batch in batches)
        return
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), _settle, (worker,))
    try:
        yield partial(_in_order, pool, 3 * jobs)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _in_order(pool: ProcessPoolExecutor, ahead: int, batches: Iterator[Batch]) -> _Pairs:
    """Hand batches to the pool, only so many ahead that memory stays as it is."""
    waiting: deque[tuple[Batch, Future[Done]]] = deque()
    try:
        for batch in batches:
            waiting.append((batch, pool.submit(_work, batch)))
            if len(waiting) > ahead:
                first, result = waiting.popleft()
                yield first._replace(pieces=[]), result.result()
        while waiting:
            first, result = waiting.popleft()
            yield first._replace(pieces=[]), result.result()
    except BrokenProcessPool as error:
        raise LimitExceeded("A worker process was ended by the system, as when memory is short.",
                            hint="Go on with --resume, with fewer --jobs.") from error


_settled: Final[list[Worker]] = []  # in a worker process: its worker, which comes only once


def _settle(worker: Worker) -> None:
    """Prepare a process: Ctrl-C is the parent's business; without the parent the work ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:
        Thread(target=_follow, args=(parent.sentinel,), daemon=True).start()
    _settled.append(worker)
    gc.freeze()  # the lexicon stays, so the collector need not look at it again and again


def _follow(parent: int) -> None:
    connection.wait([parent])
    os._exit(1)


def _work(batch: Batch) -> Done:
    return _settled[0](batch)
