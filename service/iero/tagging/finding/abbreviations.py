"""Short forms that a text defines for itself, after Schwartz and Hearst.

A. S. Schwartz, M. A. Hearst: A simple algorithm for identifying abbreviation definitions in
biomedical text. Pacific Symposium on Biocomputing 2003, 451-462.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["long_form", "opening", "short_after"]

_SHORT: Final = re.compile(
    r"\s*[(\[]\s*([A-Za-z][\w+/-]{0,8}?[A-Z0-9][\w+/-]{0,6})\s*[)\];,:]", re.ASCII)
_OPENING: Final = re.compile(r"\s*[(\[]\s*$")


def short_after(text: str, start: int, end: int) -> str:
    """Return the short form in parentheses after a long one, if it can stand for it, or nothing.

    >>> short_after("interpersonal emotion regulation (IER) at work", 0, 32)
    'IER'
    >>> short_after("emotional contagion (Hatfield; N = 20)", 0, 19)
    ''
    """
    found = _SHORT.match(text, end)
    if found is None or found[1].isdigit():
        return ""
    return found[1] if long_form(found[1], text[start:end]) == 0 else ""


def opening(text: str, start: int) -> int | None:
    """Return where the text before a parenthesis ends, if one opens right before a place."""
    found = _OPENING.search(text, max(0, start - 4), start)
    return found.start() if found else None


def long_form(short: str, before: str) -> int | None:
    """Return where the long form of a short one begins in the text before it, or ``None``.

    Going back from the end, each letter of the short form must be found, the first one at the
    beginning of a word; the long form has at most min(n + 5, 2 n) words.

    >>> long_form("SAD", "people with social anxiety disorder")
    12
    >>> long_form("SAD", "people with a cold") is None
    True
    """
    low = before.lower()
    letters = [letter for letter in short.removesuffix("s").lower() if letter.isalnum()]
    words = low.replace("-", " ").split(None, len(letters))
    if len(words) == len(letters) and [word[0] for word in words] == letters:
        return 0
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
