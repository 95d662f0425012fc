"""What a run has written: the file under way, the broken records beside it, and how far both are.

After every batch the output is whole up to a place in the input, and that place is kept in
``OUT.part.json``, so that a run that was ended at any moment goes on from there.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson

from iero.errors import BadParameter
from iero.tagging.documents.document import Place, Rejected
from iero.tagging.documents.source import Source
from iero.tagging.workers import Batch, Done, Worker

__all__ = ["Output", "Progress"]

_SECONDS: Final = 1.0
_NAMED: Final = 10


@dataclass
class Progress:
    """How far a run has come.

    :ivar input: number of the input that is read; ``place`` is where in it.
    :ivar output: bytes written; ``rejects`` likewise to the file of broken records.
    :ivar taken: bytes of the input files read in this run, compressed as they are.
    :ivar total: their sizes together; ``None`` if nobody knows.
    :ivar reasons: the first broken records: file, number, line, reason.
    """

    input: int = 0
    place: Place = field(default_factory=Place)
    output: int = 0
    rejects: int = 0
    records: int = 0
    rejected: int = 0
    mentions: int = 0
    taken: int = 0
    total: int | None = None
    reasons: list[tuple[str, int, int, str]] = field(default_factory=list)
    encodings: dict[str, int] = field(default_factory=dict)



class Output:
    """The file under way and the rejects beside it.

    :param name: of the output; ``-`` is standard output.
    :param rejects: where broken records go; empty for a name after the output's.
    :param fingerprint: what must be the same when a run is resumed.
    :param worker: knows how to pack and how to begin and end a file.
    :param progress: is told after every batch how far the run has come.
    :ivar at: how far the run has come.
    :ivar part: the file that is being written.
    """

    def __init__(self, name: str, rejects: str, fingerprint: dict[str, Any], worker: Worker,
                 progress: Callable[[Progress], None]) -> None:
        self._piped = name == "-"
        self._fingerprint, self._worker, self._progress = fingerprint, worker, progress
        self.part = Path(name + ".part")
        self._note = Path(name + ".part.json")
        self._rejects = Path(rejects or ("iero" if self._piped else name) + ".rejects.jsonl")
        self._noted = 0.0
        self.at = Progress()
        self._file: BinaryIO | None = None
        self._rejected: BinaryIO | None = None

    def __enter__(self) -> Output:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None and not self._piped:
            self._keep()
            self._file.close()
        if self._rejected is not None:
            self._rejected.close()

    def begin(self, sources: Sequence[Source], resume: bool) -> None:
        """Open the output where it begins, or where an earlier run has left it.

        :raises BadParameter: if the earlier run was another one, or nothing can be written.
        """
        started = not self._piped and self._note.exists() and self.part.exists()
        if started and not resume:
            raise BadParameter(f"There is an interrupted run: {str(self.part)!r}.",
                               hint="Go on with --resume, or delete it to begin again.")
        if started:
            self._go_on(sources)
        sizes = [source.size for source in sources]
        self.at.total = None if None in sizes else sum(size or 0 for size in sizes)
        try:
            self._file = self._opened(started)
        except OSError as error:
            what = f"{str(self.part)!r} cannot be written"
            raise BadParameter(f"{what}: {error.strerror}.") from error
        if not started:
            self._rejects.unlink(missing_ok=True)
            bom = sources[0].bom if self._worker.writer.keeps else b""
            self.at.output = self._write(self._worker.packed(bom + self._worker.writer.header()))
            self._keep()

    def _opened(self, started: bool) -> BinaryIO:
        if self._piped:
            return sys.stdout.buffer
        file = self.part.open("r+b" if started else "wb")
        file.truncate(self.at.output)
        file.seek(self.at.output)
        return file

    def _go_on(self, sources: Sequence[Source]) -> None:
        note = orjson.loads(self._note.read_bytes())
        changed = [name for name, value in self._fingerprint.items()
                   if note["fingerprint"].get(name) != value]
        if changed:
            raise BadParameter(f"The interrupted run was another one: {', '.join(changed)}.",
                               hint=f"Delete {str(self.part)!r} to begin again.")
        state = note["state"]
        self.at = Progress(**state | {"place": Place(*state["place"])})
        sources[self.at.input].skip(self.at.place)
        if self._rejects.exists():
            os.truncate(self._rejects, self.at.rejects)

    def add(self, batch: Batch, done: Done) -> None:
        """Write what has become of a batch."""
        at, written = self.at, 0
        if batch.input != at.input and self._worker.writer.keeps:
            written += self._write(self._worker.packed(b"\n"))
        written += self._write(done.output)
        aside = sum(map(self._set_aside, done.rejected))
        reasons = [(each.file, each.number, each.line, each.reason) for each in done.rejected]
        # In one step: whoever is interrupted before it goes on as if the batch had not been.
        self.at = replace(
            at, input=batch.input, place=batch.end, taken=batch.taken, output=at.output + written,
            rejects=at.rejects + aside, records=at.records + done.records,
            rejected=at.rejected + len(done.rejected), mentions=at.mentions + done.mentions,
            reasons=(at.reasons + reasons)[:_NAMED],
            encodings=dict(Counter(at.encodings) + Counter(done.encodings)))
        if time.monotonic() - self._noted > _SECONDS:
            self._keep()
        self._progress(self.at)

    def _write(self, data: bytes) -> int:
        if not data or self._file is None:
            return 0
        try:
            self._file.write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise BadParameter(f"The output cannot be written: {error.strerror}.",
                               hint="When there is room, go on with --resume.") from error
        return len(data)

    def _set_aside(self, rejected: Rejected) -> int:
        if self._rejected is None:
            self._rejected = self._rejects.open("ab")
        data: dict[str, Any] = {"file": rejected.file, "record": rejected.number,
                                "line": rejected.line, "reason": rejected.reason}
        try:
            data["raw"] = rejected.raw.decode()
        except UnicodeDecodeError:
            data |= {"raw": rejected.raw.decode("latin-1"), "encoding": "latin-1"}
        line = orjson.dumps(data) + b"\n"
        self._rejected.write(line)
        return len(line)

    def _keep(self) -> None:
        """Write down how far output and rejects are, after they are."""
        if self._piped or self._file is None:
            return
        for file in filter(None, (self._file, self._rejected)):
            file.flush()
        state = asdict(self.at) | {"place": list(self.at.place)}
        new = self._note.with_name(self._note.name + ".new")
        new.write_bytes(orjson.dumps({"fingerprint": self._fingerprint, "state": state}))
        new.replace(self._note)
        self._noted = time.monotonic()

    def end(self) -> None:
        """Write what closes the output."""
        self._keep()
        self._write(self._worker.packed(self._worker.writer.footer()))
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """Forget the run, which is done."""
        self._note.unlink(missing_ok=True)
