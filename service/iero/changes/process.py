"""The process that prepares changes, from outside: started, watched, killed at a limit."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from time import monotonic
from typing import Any, Final

from iero.changes.messages import Prepared, Setting, Work
from iero.errors import LimitExceeded, ServiceFailure
from iero.pool import Limits
from iero.pool.limits import GLANCE, MEGABYTE, resident
from iero.pool.worker import OUT_OF_MEMORY, Failed

_PROGRAM: Final = "from iero.changes.writer import main; main()"
_STARTING: Final = Limits(seconds=600)
"""A writer that starts may have to fill a new directory first."""


class Writer:
    """A writer process. It is started when it is needed, and again when it was killed."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._process: subprocess.Popen[bytes] | None = None
        self._control: Connection | None = None
        self._ready = False
        self.start()

    def start(self) -> None:
        """Start the process, and do not wait until it is ready."""
        ours, theirs = socket.socketpair()
        self._process = subprocess.Popen(  # noqa: S603 - nothing of it comes from outside
            [sys.executable, "-c", _PROGRAM, str(theirs.fileno())],
            pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, start_new_session=True)
        theirs.close()
        self._control = Connection(ours.detach())
        self._ready = False
        self._control.send(self._setting)

    def wait(self) -> Prepared | None:
        """Wait until it is ready; the first version of a new directory comes with that.

        :raises IeroError: if it cannot start, in the words that a user should read.
        """
        reply = self._receive(_STARTING)
        if isinstance(reply, Failed):
            self.kill()
            raise reply.again()
        self._ready = True
        return reply if isinstance(reply, Prepared) else None

    def prepare(self, work: Work, limits: Limits) -> Prepared:
        """Have a change prepared.

        :raises IeroError: if it cannot be made; the writer then is as it was before.
        """
        if self._process is None:
            self.start()
        if not self._ready:
            self.wait()
        self._send(work)
        reply = self._receive(limits)
        if isinstance(reply, Failed):
            raise reply.again()
        if not isinstance(reply, Prepared):
            raise TypeError(f"The writer answered with {type(reply)}.")
        return reply

    def confirm(self) -> None:
        """Tell it that the change has been published, and is what the next one builds on."""
        with suppress(ServiceFailure):  # one that has died meanwhile is started anew
            self._send(True)

    def kill(self) -> None:
        """End it at once; what it was at work on is worthless."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGKILL)
            self._end()

    def close(self) -> None:
        """End it."""
        self.kill()

    def _end(self) -> int:
        process, self._process = self._process, None
        if self._control is not None:
            self._control.close()
            self._control = None
        return process.wait() if process is not None else 0

    def _send(self, message: object) -> None:
        try:
            self._open().send(message)
        except OSError as error:
            raise self._death() from error

    def _open(self) -> Connection:
        if self._control is None:
            raise ServiceFailure("The process that prepares changes is not running.")
        return self._control

    def _receive(self, limits: Limits) -> Any:
        """Return the next message; past a limit there is none, and no process any more."""
        control, process = self._open(), self._process
        started, before = monotonic(), resident(process.pid) if process else 0
        try:
            while not control.poll(GLANCE):
                if monotonic() - started > limits.seconds:
                    self.kill()
                    raise _over("time", f"The change took longer than {limits.seconds:g} s.",
                                limits.seconds)
                if process and resident(process.pid) - before > limits.memory:
                    self.kill()
                    raise _out_of_memory(limits)
            return control.recv()
        except (EOFError, OSError) as error:
            raise self._death(limits) from error

    def _death(self, limits: Limits | None = None) -> LimitExceeded | ServiceFailure:
        code = self._end()
        if limits and code in (OUT_OF_MEMORY, -signal.SIGABRT):
            return _out_of_memory(limits)
        return ServiceFailure(f"The process that prepares changes ended unexpectedly ({code}).",
                              hint="Nothing was changed. Try again.")


def _out_of_memory(limits: Limits) -> LimitExceeded:
    size = limits.memory // MEGABYTE
    return _over("memory", f"The change needed more than {size:,} MB of memory.", limits.memory)


def _over(reason: str, message: str, limit: float) -> LimitExceeded:
    return LimitExceeded(message, reason=reason, limit=limit,
                         hint="Nothing was changed. Split the change, or load large files with "
                              "iero load while the service is stopped.")
