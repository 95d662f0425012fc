"""Short forms that a text defines for itself, after Schwartz and Hearst.

A. S. Schwartz, M. A. Hearst: A simple algorithm for identifying abbreviation definitions in biomedical
text. Pacific Symposium on Biocomputing 2003, 451-462.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

__all__ = ["Definition", "definitions", "long_form"]

_SHORT: Final = re.compile(r"\(\s*([A-Za-z][\w+/-]{0,8}[A-Z0-9][\w+/-]{0,3}?|[A-Z]{2}[\w-]{0,8})\s*[);,:]")
_LONGEST: Final = 150


class Definition(NamedTuple):
    """``long (short)`` in a text: the place of the long form, and of the parenthesis."""

    short: str
    start: int
    end: int


def definitions(text: str) -> Iterator[Definition]:
    """Yield every short form that a text defines, with the place of its long form.

    >>> text = "We studied interpersonal emotion regulation (IER) in bronchopulmonary dysplasia (BPD)."
    >>> [(each.short, text[each.start:each.end]) for each in definitions(text)]
    [('IER', 'interpersonal emotion regulation'), ('BPD', 'bronchopulmonary dysplasia')]
    """
    for found in _SHORT.finditer(text):
        short = found[1]
        end = len(text[:found.start()].rstrip())
        begin = max(0, end - _LONGEST)
        start = long_form(short, text[begin:end])
        if start is not None:
            yield Definition(short, begin + start, end)


def long_form(short: str, before: str) -> int | None:
    """Return where the long form of a short one begins in the text before it, or ``None``.

    Going back from the end, each letter of the short form must be found, the first one at the
    beginning of a word; the long form has at most min(n + 5, 2 n) words.

    >>> long_form("SAD", "people with social anxiety disorder")
    12
    >>> long_form("SAD", "people with a cold") is None
    True
    """
    letters = [letter for letter in short.removesuffix("s").lower() if letter.isalnum()]
    low = before.lower()
    at = len(low)
    for number in range(len(letters) - 1, -1, -1):
        at = low.rfind(letters[number], 0, at)
        while at > 0 and number == 0 and low[at - 1].isalnum():
            at = low.rfind(letters[0], 0, at)
        if at < 0:
            return None
    words = before[at:].split()
    most = min(len(letters) + 5, 2 * len(letters))
    return at if len(words) <= most and len(before) - at > len(short) else None
