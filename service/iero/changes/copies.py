"""Backups: a version of the data, copied into a data directory of its own.

A backup is independent of what it was made from, and can be served as it is. Copying holds the
version that is current when it begins; whoever writes meanwhile is not disturbed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from iero.directory import About, DataDirectory, disk
from iero.errors import DirectoryFailure
from iero.store import Store

_BLOCK: Final = 1 << 22
_LOG: Final = "audit.jsonl"

Progress = Callable[[int, int], None]
"""Told how many bytes are copied, of how many."""


def back_up(source: Path, target: Path, progress: Progress = lambda *_: None) -> About:
    """Copy the current version of a data directory into a new one.

    :raises DirectoryFailure: if the source is none, or something else is at the target.
    :raises DiskFull: if there is no room.
    """
    if DataDirectory.exists(target):
        raise DirectoryFailure(f"{str(target)!r} holds data already.", reason="absent",
                               hint="Give each backup a folder of its own.")
    made = _copied(DataDirectory(source), DataDirectory.create(target), progress)
    log = source / _LOG
    if log.exists():
        _copy(log, target / _LOG, 0, lambda _: None)
    return made


def restore(backup: Path, target: Path, *, replace_data: bool = False,
            progress: Progress = lambda *_: None) -> About:
    """Make the data of a backup the current version of a data directory, which may be a new one.

    :param replace_data: whether data that are there may go.
    :raises DirectoryFailure: if the backup is none, somebody else changes the target, or it holds
        data that may not go.
    :raises DiskFull: if there is no room; the target is as it was.
    """
    source = DataDirectory(backup)
    if DataDirectory.exists(target) and not replace_data:
        raise DirectoryFailure(f"{str(target)!r} holds data already.", reason="absent",
                               hint="Give another directory, or --replace to put the backup in "
                                    "their place.")
    there = DataDirectory.exists(target)
    return _copied(source, DataDirectory(target) if there else DataDirectory.create(target),
                   progress)


def _copied(source: DataDirectory, target: DataDirectory, progress: Progress) -> About:
    target.lock()
    try:
        with source.reading() as version, disk(target.path):
            about = replace(source.about(version.name), version=target.next_name())
            folder = target.version(about.version)
            folder.mkdir()
            files = [file for file in version.iterdir() if file.is_file()]
            total, done = sum(file.stat().st_size for file in files), 0
            for file in files:
                done = _copy(file, folder / file.name, done, lambda n: progress(n, total))
        target.describe(replace(about, names=about.version))
        Store.read(folder)  # the copy can be opened
        target.publish(about.version)
        target.tidy()
    finally:
        target.unlock()
    return about


def _copy(source: Path, target: Path, done: int, progress: Callable[[int], None]) -> int:
    """Copy a file onto the disk; return how much is copied in all, ``done`` before it."""
    with source.open("rb") as data, target.open("wb") as copy:
        while block := data.read(_BLOCK):
            done += copy.write(block)
            progress(done)
        copy.flush()
        os.fsync(copy.fileno())
    return done
