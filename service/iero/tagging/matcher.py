"""All words at once: the Aho–Corasick automaton over forms and cue words. Owner of ahocorasick_rs.

One call for each document is quicker than one for many joined ones: the document stays in the cache
of the processor (measured in docs/performance.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import ahocorasick_rs

__all__ = ["Found", "Matcher"]

Found = tuple[int, int, int]
"""The number of a pattern, and where it starts and ends in the folded text."""

_MANY: Final = 200
"""After so many texts the automaton that runs fastest pays, though it takes longer to build."""

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
        self._calls = 0
        self._find = self._built(ahocorasick_rs.Implementation.ContiguousNFA)

    def _built(self, implementation: ahocorasick_rs.Implementation
               ) -> Callable[[bytes], list[Found]]:
        patterns, whole_words, every = self._arguments
        edge = b" " if whole_words else b""
        automaton = ahocorasick_rs.BytesAhoCorasick(
            [edge + pattern.encode("ascii") for pattern in patterns],
            matchkind=_KIND.Standard if every else _KIND.LeftmostLongest,
            implementation=implementation)
        return partial(automaton.find_matches_as_indexes, overlapping=every)

    def __reduce__(self) -> tuple[object, ...]:
        patterns, whole_words, every = self._arguments
        return partial(Matcher, whole_words=whole_words, every=every), (patterns,)

    def find(self, text: bytes) -> list[Found]:
        """Return what is found, ordered by place."""
        self._calls += 1
        if self._calls == _MANY:
            self._find = self._built(ahocorasick_rs.Implementation.DFA)
        return self._find(text)
