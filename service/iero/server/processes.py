"""The processes of the service, and the memory of each, as the system tells (Linux only)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_ROLES: Final = ("watcher", "server", "holder", "worker")
"""By depth: the one that was started watches the servers, each of which has a process that holds
the graph, which forks workers for queries."""


@dataclass(frozen=True)
class Process:
    """A process of the service.

    :ivar memory: bytes; what it shares with others is counted for each in proportion.
    """

    pid: int
    role: str
    memory: int


def tree(root: int) -> list[Process]:
    """Return a process and all below it; nothing where the system does not tell."""
    return list(_below(root, 0))


def _below(pid: int, depth: int) -> Iterator[Process]:
    try:
        memory = _memory(pid)
        children = [int(child) for task in Path(f"/proc/{pid}/task").iterdir()
                    for child in (task / "children").read_text().split()]
    except (OSError, ValueError):  # it has ended, or this is not Linux
        return
    yield Process(pid, _ROLES[min(depth, len(_ROLES) - 1)], memory)
    for child in children:
        yield from _below(child, depth + 1)


def _memory(pid: int) -> int:
    found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
    return int(found[1]) << 10 if found else 0
