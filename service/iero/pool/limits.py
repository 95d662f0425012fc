"""What one query may cost, and who may change that."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from iero.errors import BadParameter

MEGABYTE: Final = 1 << 20
GLANCE: Final = 0.05
"""Seconds between two looks at what a process costs."""

_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


def resident(pid: int) -> int:
    """Return the bytes of memory that a process has in use; 0 where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/statm").read_bytes().split()
    except OSError:
        return 0
    return int(fields[1]) * _PAGE


@dataclass(frozen=True)
class Limits:
    """The limits of a query; a query above one of them is ended and nobody else notices.

    :ivar seconds: from when a worker begins until the answer is written.
    :ivar memory: bytes that the worker may grow by while it evaluates.
    :ivar answer: bytes of the answer.
    :ivar waiting: seconds that a query may wait for a free worker.
    """

    seconds: float = 30.0
    memory: int = 1024 * MEGABYTE
    answer: int = 1024 * MEGABYTE
    waiting: float = 5.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value <= 0:
                raise BadParameter(f"The limit {name!r} is {value}; it must be above 0.",
                                   parameter=name)

    def lowered(self, seconds: float | None) -> Limits:
        """Return the limits for a client that asks for a time limit of its own.

        >>> Limits(seconds=10).lowered(3).seconds, Limits(seconds=10).lowered(60).seconds
        (3, 10)

        :raises BadParameter: if the wish is not above 0.
        """
        if seconds is None:
            return self
        return replace(self, seconds=min(self.seconds, seconds))
