"""Answers that are still at hand: right for good, since a version of the data never changes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock


class Cache:
    """Keeps the answers used last, up to a size.

    >>> cache = Cache(100)
    >>> for name in "abcdefghijk":
    ...     cache.put(name, b"ten bytes.")
    >>> cache.get("a"), cache.get("k")
    (None, b'ten bytes.')

    :param size: bytes of all answers together; 0 keeps none.
    """

    def __init__(self, size: int) -> None:
        self._size, self._used = size, 0
        self._kept: OrderedDict[Hashable, bytes] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable) -> bytes | None:
        """Return an answer, or nothing if it is not at hand."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: Hashable, answer: bytes) -> None:
        """Keep an answer; one that would take more than a tenth of the room is not kept."""
        if len(answer) * 10 > self._size:
            return
        with self._lock:
            self._used += len(answer) - len(self._kept.pop(key, b""))
            self._kept[key] = answer
            while self._used > self._size:
                self._used -= len(self._kept.popitem(last=False)[1])
