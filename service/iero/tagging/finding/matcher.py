"""All words at once: the Aho–Corasick automaton over forms and cue words. Owner of ahocorasick_rs.

One call for each document is quicker than one for many joined ones: the document stays in the cache
of the processor. So does most of the automaton, as it is kept in the form that takes least memory;
the one with a full table of transitions (25 MB) is quicker only while nothing else runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

import ahocorasick_rs

__all__ = ["Found", "Matcher"]

Found = tuple[int, int, int]
"""The number of a pattern, and where it starts and ends in the folded text."""

_KIND: Final = ahocorasick_rs.MatchKind


class Matcher:
    """Finds words in a folded text.

    Of patterns that overlap the leftmost is found, and of those with the same start the longest. A
    pattern begins at the edge of a word, and its match with the space before it (``lead``); whether
    it ends at one is left to the caller, who knows what to do if it does not.

    >>> matcher = Matcher(["emotion", "emotion regulation"])
    >>> matcher.find(b" emotion regulation ")
    [(1, 0, 19)]
    >>> Matcher(["emotion", "emotion regulation"], every=True).find(b" emotion regulation ")
    [(0, 0, 8), (1, 0, 19)]

    :param whole_words: whether a pattern must begin at the edge of a word.
    :param every: find all patterns, also those within and across others.
    """

    def __init__(self, patterns: Sequence[str], *, whole_words: bool = True, every: bool = False
                 ) -> None:
        self._arguments = patterns, whole_words, every
        self.lead = int(whole_words)
        edge = b" " if whole_words else b""
        automaton = ahocorasick_rs.BytesAhoCorasick(
            [edge + pattern.encode("ascii") for pattern in patterns],
            matchkind=_KIND.Standard if every else _KIND.LeftmostLongest,
            implementation=ahocorasick_rs.Implementation.ContiguousNFA)
        self._find = partial(automaton.find_matches_as_indexes, overlapping=every)

    def __reduce__(self) -> tuple[object, ...]:
        patterns, whole_words, every = self._arguments
        return partial(Matcher, whole_words=whole_words, every=every), (patterns,)

    def find(self, text: bytes) -> list[Found]:
        """Return what is found, ordered by place."""
        return self._find(text)
