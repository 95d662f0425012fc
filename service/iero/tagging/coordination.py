"""Words left out in enumerations: "intrinsic and extrinsic emotion regulation" names two concepts.

>>> written = {"emotional support": 0, "informational support": 1}
>>> shared = Coordination(written, {" support"})
>>> low = b" emotional or informational support "
>>> list(shared.before(low, 14, shared.tails_of("informational support")))
[(1, 0)]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Final

__all__ = ["Coordination"]

_JOINERS: Final = frozenset(("and", "or", "nor", "versus", "vs", "to", "than", "also"))
_WINDOW: Final = 90
_WORDS: Final = 3
_MOST: Final = 4


class Coordination:
    """Finds the forms that share their last words with one that was found.

    :param numbers: the number of each written form.
    :param tails: the ends that several forms share.
    """

    def __init__(self, numbers: Mapping[str, int], tails: Set[str]) -> None:
        self.numbers = numbers
        self._tails = tails

    def tails_of(self, written: str) -> tuple[str, ...]:
        """Return the ends of a form that others share, the longest first."""
        words = written.split(" ")
        ends = (" " + " ".join(words[at:]) for at in range(1, len(words)))
        return tuple(end for end in ends if end in self._tails)

    def before(self, low: bytes, start: int, tails: tuple[str, ...]) -> Iterator[tuple[int, int]]:
        """Yield ``(start, number)`` of each form with one of the tails that is enumerated before.

        The words that it leaves out are those of the form that starts at ``start``.
        """
        at = start
        for _ in range(_MOST):
            begin = max(0, at - _WINDOW)
            left = _before_joint(low[begin:at].decode())
            found = self._longest(left, tails) if left else None
            if found is None:
                return
            words, number = found
            at = begin + len(left) - len(words)
            yield at, number

    def _longest(self, left: str, tails: tuple[str, ...]) -> tuple[str, int] | None:
        words = left.rpartition(".")[2].split(" ")
        for size in range(min(_WORDS, len(words)), 0, -1):
            first = " ".join(words[-size:])
            for tail in tails:
                if first and first + tail in self.numbers:
                    return first, self.numbers[first + tail]
        return None


def _before_joint(left: str) -> str:
    """Return the text before a joint of an enumeration at its end, or nothing if there is none.

    >>> _before_joint("emotional  "), _before_joint("emotional and "), _before_joint("emotional ")
    ('emotional', 'emotional', '')
    """
    body = left.rstrip(" ")
    first, _, last = body.rpartition(" ")
    if last in _JOINERS:
        return first.rstrip(" ")
    return body if len(left) - len(body) > 1 else ""
