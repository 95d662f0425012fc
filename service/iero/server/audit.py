"""The audit log: who changed what, one JSON object a line.

A change is on the disk before its line is, and its line is before the client hears of it: so every
acknowledged change is in the log, and a line is never about a change that did not happen. Changes
that were refused are in it too; requests without a valid token are not, or anybody could fill the
disk. A token is named, never shown.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from iero.errors import IeroError, ServiceFailure

if TYPE_CHECKING:
    from iero.changes import Outcome

__all__ = ["Audit"]


class Audit:
    """An audit log that is appended to.

    :param path: the file; it is made when it is first written to.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = Lock()

    def done(self, attempt: dict[str, Any], outcome: Outcome) -> None:
        """Write down a change that was made, or rehearsed.

        :param attempt: who tried what.
        :raises ServiceFailure: if the log cannot be written; the change has been made all the same.
        """
        graphs = {graph: {"inserted": each.inserted, "deleted": each.deleted}
                  for graph, each in outcome.graphs.items()}
        record = {"outcome": "rehearsed" if outcome.dry_run else "done",
                  "version": outcome.version, "inserted": outcome.inserted,
                  "deleted": outcome.deleted, "graphs": graphs}
        try:
            self._append(attempt | record)
        except OSError as error:
            raise ServiceFailure(
                f"The change was made (version {outcome.version}), but the audit log cannot be "
                f"written: {error.strerror}.", version=outcome.version,
                hint="Do not repeat it. Whoever runs the service must make room.") from error

    def refused(self, attempt: dict[str, Any], error: IeroError) -> None:
        """Write down an attempt that changed nothing.

        A log that cannot be written does not hide the reason of the refusal from the client.
        """
        record = {"outcome": "refused", "status": error.status, "reason": error.title}
        try:
            self._append(attempt | record)
        except OSError as failure:
            error.add_note(f"The audit log cannot be written: {failure}.")

    def _append(self, record: dict[str, Any]) -> None:
        """Append a line in one piece, and wait until it is on the disk."""
        moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = json.dumps({"time": moment} | record, ensure_ascii=False) + "\n"
        with self._lock:
            file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(file, line.encode())
                os.fsync(file)
            finally:
                os.close(file)
