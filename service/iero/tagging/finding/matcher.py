"""All words at once: the Aho–Corasick automaton over forms and cue words.

Owner of daachorse and ahocorasick_rs, which find the same. The first takes two thirds of the time
of the second, but has no wheels for Linux on ARM or with musl, so it is an extra (``iero[fast]``)
and taken where it is installed.

One call for each document is quicker than one for many joined ones: the document stays in the cache
of the processor. So does most of the automaton, as both keep it in little memory; one with a full
table of transitions (25 MB) is quicker only while nothing else runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Final

__all__ = ["ENGINE", "ENGINES", "Found", "Matcher"]

Found = tuple[int, int, int]
"""Where a pattern starts and ends in the folded text, and its number."""

Search = Callable[[bytes], list[Found]]


def _daachorse(patterns: list[bytes], every: bool) -> Search:
    import daachorse

    if every:
        return daachorse.DoubleArrayAhoCorasick(patterns).find_overlapping
    return daachorse.DoubleArrayAhoCorasick(patterns, daachorse.MATCH_KIND_LEFTMOST_LONGEST).find


def _ahocorasick_rs(patterns: list[bytes], every: bool) -> Search:
    import ahocorasick_rs

    kinds = ahocorasick_rs.MatchKind
    find = ahocorasick_rs.BytesAhoCorasick(
        patterns, matchkind=kinds.Standard if every else kinds.LeftmostLongest,
        implementation=ahocorasick_rs.Implementation.ContiguousNFA).find_matches_as_indexes
    return lambda text: [(start, end, number) for number, start, end
                         in find(text, overlapping=every)]


ENGINES: Final = {"daachorse": _daachorse, "ahocorasick_rs": _ahocorasick_rs}
ENGINE: Final = next(name for name in ENGINES if find_spec(name) is not None)
"""The library that is used, the quickest of those that are installed."""


class Matcher:
    """Finds words in a folded text.

    Of patterns that overlap the leftmost is found, and of those with the same start the longest. A
    pattern begins at the edge of a word, and its match with the space before it (``lead``); whether
    it ends at one is left to the caller, who knows what to do if it does not.

    >>> matcher = Matcher(["emotion", "emotion regulation"])
    >>> matcher.find(b" emotion regulation ")
    [(0, 19, 1)]
    >>> sorted(Matcher(["emotion", "emotion regulation"], every=True).find(b" emotion regulation "))
    [(0, 8, 0), (0, 19, 1)]

    :param whole_words: whether a pattern must begin at the edge of a word.
    :param every: find all patterns, also those within and across others, in any order.
    :param engine: the library to use.
    """

    def __init__(self, patterns: Sequence[str], *, whole_words: bool = True, every: bool = False,
                 engine: str = ENGINE) -> None:
        self.lead = int(whole_words)
        edge = b" " if whole_words else b""
        self._find = ENGINES[engine]([edge + each.encode("ascii") for each in patterns], every)

    def find(self, text: bytes) -> list[Found]:
        """Return what is found, ordered by place unless it is asked for every pattern."""
        return self._find(text)
