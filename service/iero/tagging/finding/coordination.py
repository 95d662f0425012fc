"""Words left out in enumerations, and names with a short form put into them.

"Intrinsic and extrinsic emotion regulation" names two concepts, and "emotion regulation (ER)
strategies" names one.

>>> from iero.tagging.finding.text import fold
>>> written = {"emotional support": 0, "informational support": 1}
>>> shared = Coordination(written, {" support"}, {"emotional", "informational"})
>>> tails = shared.tails_of("informational support")
>>> shared.before(fold("emotional or informational support"), 14, tails)
[(1, 0)]
>>> shared.before(fold("emotional/informational support"), 11, tails)
[(1, 0)]
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Set
from itertools import takewhile
from operator import methodcaller
from typing import Final

from iero.tagging.finding.text import COLON, Folded

__all__ = ["Coordination", "may_share"]

_JOINERS: Final = tuple(f" {word}".encode()
                        for word in ("and", "or", "nor", "versus", "vs", "to", "than", "also"))
_JOINTS: Final = frozenset((b"and ", b" or ", b"nor ", b" vs ", b"sus ", b"lso "))
_SPACE: Final = ord(" ")
_EDGES: Final = frozenset((b" ", b".", COLON.encode()))
_WINDOW: Final = 90
_WORDS: Final = 3
_MOST: Final = 4


class Coordination:
    """Finds the forms that share their last words with one that was found.

    :param numbers: the number of each written form.
    :param tails: the ends that several forms share.
    :param stems: the words before them.
    """

    def __init__(self, numbers: Mapping[str, int], tails: Set[str], stems: Set[str]) -> None:
        self.numbers = numbers
        self._tails = tails
        self._stems = frozenset(map(str.encode, stems))
        self._sorted: list[str] = []
        self._ends: dict[bytes, list[tuple[bytes, int]]] = {}

    def tails_of(self, written: str) -> tuple[str, ...]:
        """Return the ends of a form that others share, the longest first."""
        words = written.split(" ")
        ends = (" " + " ".join(words[at:]) for at in range(1, len(words)))
        return tuple(end for end in ends if end in self._tails)

    def before(self, folded: Folded, start: int, tails: tuple[str, ...]
               ) -> list[tuple[int, int]]:
        """Return ``(start, number)`` of each form with one of the tails that is enumerated before.

        The words that it leaves out are those of the form that starts at ``start``.
        """
        at, enumerated = start, []
        for turn in range(_MOST):
            window = folded.low[max(0, at - _WINDOW):at]
            left = _before_joint(window, by_comma=turn > 0)
            if not left and folded.is_slashed(at):
                left = window.rstrip()
            if left[left.rfind(b" ") + 1:] not in self._stems:
                break
            found = self._longest(left.decode(), tails)
            if found is None:
                break
            words, number = found
            at -= len(window) - len(left) + len(words)
            enumerated.append((at, number))
        return enumerated

    def after(self, low: bytes, start: int, end: int) -> tuple[int, int] | None:
        """Return end and number of the longest form that goes on after a parenthesis of one word.

        >>> numbers = {"emotion regulation strategies": 0}
        >>> low = b" emotion regulation  er  strategies. "
        >>> Coordination(numbers, frozenset(), frozenset()).after(low, 1, 19)
        (35, 0)
        """
        head = low[start:end]
        ends = self._ends.get(head)
        if ends is None:
            ends = self._ends[head] = self._ends_of(head.decode())
        if not ends:
            return None
        inner, gap, rest = low[end + 2:end + _WINDOW].partition(b"  ")
        if gap and b" " not in inner and b"." not in inner:
            for last, number in ends:
                if rest.startswith(last) and rest[len(last):len(last) + 1] in _EDGES:
                    return end + 4 + len(inner) + len(last), number
        return None

    def _ends_of(self, head: str) -> list[tuple[bytes, int]]:
        """Return the words that make a longer form of a form, the longest first."""
        if not self._sorted:
            self._sorted = sorted(self.numbers)
        head += " "
        at = bisect_left(self._sorted, head)
        longer = takewhile(methodcaller("startswith", head), self._sorted[at:])
        ends = [(written[len(head):].encode(), self.numbers[written]) for written in longer]
        return sorted(ends, key=lambda end: -len(end[0]))

    def _longest(self, left: str, tails: tuple[str, ...]) -> tuple[str, int] | None:
        words = left.rpartition(".")[2].rsplit(" ", _WORDS)[-_WORDS:]
        for size in range(len(words), 0, -1):
            first = " ".join(words[-size:])
            for tail in tails:
                if first and first + tail in self.numbers:
                    return first, self.numbers[first + tail]
        return None


def may_share(folded: Folded, start: int) -> bool:
    """Say whether a joint of an enumeration may stand before a place, as far as is quickly told."""
    low = folded.low
    return (low[start - 2] == _SPACE or low[max(0, start - 4):start] in _JOINTS
            or folded.is_slashed(start))


def _before_joint(left: bytes, *, by_comma: bool) -> bytes:
    """Return the text before a joint of an enumeration at its end, or nothing if there is none.

    >>> _before_joint(b"emotional and or ", by_comma=False)
    b'emotional'
    >>> _before_joint(b"emotional  ", by_comma=True), _before_joint(b"emotional ", by_comma=True)
    (b'emotional', b'')

    :param by_comma: whether a comma is a joint, which folds to one space more.
    """
    body = left.rstrip()
    joined = by_comma and len(left) - len(body) > 1
    while body.endswith(_JOINERS):  # two of them in "and/or"
        body, joined = body[:body.rindex(b" ")].rstrip(), True
    return body if joined else b""
