"""Words left out in enumerations: "intrinsic and extrinsic emotion regulation" names two concepts.

>>> written = {"emotional support": 0, "informational support": 1}
>>> shared = Coordination(written, {" support"})
>>> low = b" emotional or informational support "
>>> list(shared.before(low, 14, shared.tails_of("informational support")))
[(1, 0)]
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from typing import Final

__all__ = ["Coordination"]

_JOINED: Final = re.compile(r"^(.*?)(?: {1,2}(?:and|or|nor|versus|vs|as well as|and or|but also|to)|  ) *$")
_WINDOW: Final = 90
_WORDS: Final = 3
_MOST: Final = 4


class Coordination:
    """Finds the forms that share their last words with one that was found.

    :param numbers: the number of each written form.
    :param tails: the ends that several forms share.
    """

    def __init__(self, numbers: Mapping[str, int], tails: Set[str]) -> None:
        self._numbers = numbers
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
            left = low[max(0, at - _WINDOW):at].decode()
            joined = _JOINED.match(left[left.rfind(".") + 1:])
            found = self._longest(joined[1], tails) if joined else None
            if joined is None or found is None:
                return
            words, number = found
            at += len(joined[1]) - len(words) - len(joined[0])
            yield at, number

    def _longest(self, left: str, tails: tuple[str, ...]) -> tuple[str, int] | None:
        words = left.split(" ")
        for size in range(min(_WORDS, len(words)), 0, -1):
            first = " ".join(words[-size:])
            for tail in tails:
                if first and first + tail in self._numbers:
                    return first, self._numbers[first + tail]
        return None
