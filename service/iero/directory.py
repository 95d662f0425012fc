"""A data directory: versions of the data, of which one is current.

::

    DIR/format           the version of this layout
    DIR/lock             held by the process that may change the data; says which
    DIR/CURRENT          the name of the current version, replaced in one step
    DIR/versions/NAME/   the data of a version, never changed once it is complete, and about.json
    DIR/working-*/       what a writer is at work on; worthless to anybody else
    DIR/audit.jsonl      who changed what

A version becomes current when its name is in ``CURRENT`` and both are on the disk. Whoever reads a
version holds a shared lock on it, so that it is not removed underneath; the system gives locks back
when a process dies, however it dies. Nothing here knows how the data of a version are kept.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from iero.errors import DirectoryFailure, DiskFull

FORMAT: Final = "1"
"""The version of the layout that this module reads and writes."""

_ABOUT: Final = "about.json"
_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True)
class About:
    """What is known of a version of the data without asking them.

    :ivar version: its name; nothing where the data do not change, or nobody knows.
    :ivar names: the version since which nothing has got, lost or changed a name.
    :ivar sizes: the number of triples of each named graph; ``None`` where nobody has counted.
    """

    version: str = ""
    names: str = ""
    sizes: Mapping[str, int] | None = None


class DataDirectory:
    """A data directory that exists.

    :raises DirectoryFailure: if it does not, or has another layout.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            found = (path / "format").read_text(encoding="utf-8").strip()
        except OSError as error:
            raise DirectoryFailure(
                f"{str(path)!r} is not a data directory of IERO.", reason="absent",
                hint="iero serve --data DIR makes one where there is none or an empty folder; "
                     "iero load fills it.") from error
        if found != FORMAT:
            raise DirectoryFailure(
                f"{str(path)!r} has the format {found!r}, and this IERO reads format {FORMAT}.",
                reason="format", hint="Dump it with the IERO that made it (iero dump), and load "
                                      "that into a new directory (iero load).")
        self._lock = -1
        self._about = About()

    @classmethod
    def create(cls, path: Path) -> DataDirectory:
        """Make the frame of a data directory: no version is current until one is published.

        :raises DirectoryFailure: if something else is there.
        """
        with disk(path):
            path.mkdir(parents=True, exist_ok=True)
            found = {entry.name for entry in path.iterdir()}
            if found - {"lock", "versions", "format"} and "format" not in found:
                raise DirectoryFailure(
                    f"{str(path)!r} is neither empty nor a data directory of IERO.",
                    reason="absent", hint="Give an empty or a new folder.")
            (path / "versions").mkdir(exist_ok=True)
            _write(path / "format", FORMAT + "\n")
        return cls(path)

    @classmethod
    def exists(cls, path: Path) -> bool:
        """Say whether a data directory, of whatever layout, is there and has data."""
        return (path / "format").is_file() and (path / "CURRENT").is_file()

    @property
    def current(self) -> str:
        """The name of the current version.

        :raises DirectoryFailure: if there is none.
        """
        try:
            return (self.path / "CURRENT").read_text(encoding="utf-8").strip()
        except OSError as error:
            raise DirectoryFailure(f"The data directory {str(self.path)!r} has no data.",
                                   reason="damaged", hint="Restore a backup: iero restore") \
                from error

    def version(self, name: str) -> Path:
        """Return the folder of a version."""
        return self.path / "versions" / name

    def about(self, name: str = "") -> About:
        """Return what is known of a version, by default the current one.

        :raises DirectoryFailure: if the current version is not there.
        """
        wanted = name or self.current
        if self._about.version == wanted:
            return self._about
        try:
            found = json.loads((self.version(wanted) / _ABOUT).read_bytes())
        except OSError as error:
            if not name and wanted != self.current:
                return self.about()
            raise failure(error, self.version(wanted)) from error
        self._about = About(wanted, found["names"], found["sizes"])
        return self._about

    @contextmanager
    def reading(self, name: str = "") -> Iterator[Path]:
        """Keep a version, or the current one, from being removed, and give its folder.

        :raises DirectoryFailure: if it has been removed already (``reason`` is ``gone``).
        """
        wanted = name or self.current
        lock = _shared(self.version(wanted))
        while lock is None and not name and wanted != self.current:
            wanted = self.current
            lock = _shared(self.version(wanted))
        if lock is None:
            raise DirectoryFailure(
                f"The version {wanted} of {str(self.path)!r} is not there.", reason="gone",
                hint="Ask again." if name else "Restore a backup: iero restore")
        try:
            yield self.version(wanted)
        finally:
            os.close(lock)

    # -- for the one that writes -------------------------------------------------------------------

    def lock(self) -> None:
        """Become the one process that may change the data, until :meth:`unlock`.

        :raises DirectoryFailure: if another one is.
        """
        with disk(self.path):
            self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(self._lock, 32).decode(errors="replace").strip() or "unknown"
            self.unlock()
            raise DirectoryFailure(
                f"The data directory {str(self.path)!r} is in use by process {holder}.",
                reason="locked", holder=holder,
                hint="Stop that service first, or write through it over HTTP; "
                     "iero serve --read-only reads beside it.") from error
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)
        self.tidy()

    def unlock(self) -> None:
        """Let others change the data; what a writer was at work on is removed."""
        if self._lock >= 0:
            for folder in self.path.glob("working-*"):
                remove(folder)
            os.close(self._lock)
            self._lock = -1

    def next_name(self) -> str:
        """Return a name for a version that comes after the current one and never was there."""
        number = int(self.current.partition("-")[0]) if (self.path / "CURRENT").exists() else 0
        return f"{number + 1}-{secrets.token_hex(4)}"

    def describe(self, about: About) -> None:
        """Write down what is known of a version that is not published yet."""
        found = {"names": about.names, "sizes": about.sizes}
        _write(self.version(about.version) / _ABOUT, json.dumps(found))

    def workplace(self) -> Path:
        """Return a new name for a folder to work in; the folders of earlier writers are removed."""
        for folder in self.path.glob("working-*"):
            remove(folder)
        return self.path / f"working-{secrets.token_hex(4)}"

    def publish(self, name: str) -> None:
        """Make a complete version the current one, durably: this is the moment of a change.

        :raises DiskFull: if there is no room; then nothing has changed.
        """
        with disk(self.path):
            _sync(self.version(name))
            _sync(self.path / "versions")
            _write(self.path / "CURRENT", name + "\n")

    def tidy(self) -> None:
        """Remove the versions that are not current and that nobody reads."""
        current = self.current if (self.path / "CURRENT").exists() else ""
        for folder in (self.path / "versions").iterdir():
            if folder.name != current:
                _remove_unread(folder)


def clone(source: Path, target: Path) -> None:
    """Copy a version, so that whoever changes the copy leaves the original as it is.

    Files of data (``.sst``) are never changed by the engine, only replaced, and are shared.
    """
    with disk(target):
        target.mkdir()
        for file in source.iterdir():
            if file.suffix == ".sst":
                _link(file, target / file.name)
            elif file.name != _ABOUT:
                shutil.copyfile(file, target / file.name)


@contextmanager
def disk(path: Path) -> Iterator[None]:
    """Tell what the system says about files in the words of :mod:`iero.errors`.

    :raises DiskFull: if there is no room.
    :raises DirectoryFailure: for any other failure.
    """
    try:
        yield
    except OSError as error:
        raise failure(error, path) from error


def failure(error: OSError, path: Path) -> DirectoryFailure:
    """Return what to tell about a failure of the disk, raised by the system or by the engine."""
    text = error.strerror or str(error)
    if error.errno in _NO_ROOM or "No space left" in text or "File too large" in text:
        return DiskFull(f"There is no room to write in {str(path)!r}: {text}.", reason="full",
                        hint="Nothing was changed. Make room and try again.")
    return DirectoryFailure(f"{str(path)!r} cannot be used: {text}.", reason="damaged",
                            hint="Look at the permissions and the health of the disk.")


def remove(folder: Path) -> None:
    """Remove a folder; what somebody else removes meanwhile is gone all the same."""
    shutil.rmtree(folder, ignore_errors=True)


def _link(file: Path, target: Path) -> None:
    try:
        os.link(file, target)
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise
        shutil.copyfile(file, target)  # a file system without links


def _shared(folder: Path) -> int | None:
    """Take a shared lock on a version; nothing if it is gone."""
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:  # it is being removed
        os.close(lock)
        return None
    if (folder / _ABOUT).is_file():
        return lock
    os.close(lock)  # what is left of one that was removed
    return None


def _remove_unread(folder: Path) -> None:
    """Remove a version, unless somebody reads it; who comes meanwhile finds it gone."""
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        remove(folder)
    except BlockingIOError:
        return
    finally:
        os.close(lock)


def _write(file: Path, text: str) -> None:
    """Replace a file in one step, on the disk when it returns."""
    part = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        with part.open("w", encoding="utf-8") as output:
            output.write(text)
            output.flush()
            os.fsync(output.fileno())
        part.replace(file)
        _sync(file.parent)
    finally:
        part.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
