"""The automaton, with each of its engines, beside a search that tries every place."""

from __future__ import annotations

import random

import pytest
from iero.tagging.finding.matcher import ENGINE, ENGINES, Matcher

LETTERS = "ab c"


def everywhere(patterns: list[str], text: bytes) -> list[tuple[int, int, int]]:
    """Every place of every pattern, by start, the longest first."""
    return sorted(((at, at + len(each), number) for number, each in enumerate(patterns)
                   for at in range(len(text)) if text.startswith(each.encode(), at)),
                  key=lambda hit: (hit[0], -hit[1]))


def leftmost(hits: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Of all hits the leftmost, and of those the longest, that begins after the one before."""
    kept: list[tuple[int, int, int]] = []
    for hit in hits:
        if not kept or hit[0] >= kept[-1][1]:
            kept.append(hit)
    return kept


@pytest.mark.parametrize("whole_words", [True, False])
@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_finds_what_trying_every_place_finds(engine: str, whole_words: bool) -> None:
    pytest.importorskip(engine, reason=f"{engine} is not installed")
    chance, found = random.Random(7), 0
    for _ in range(1500):
        patterns = list(dict.fromkeys("".join(chance.choices(LETTERS, k=chance.randint(1, 6)))
                                      for _ in range(chance.randint(1, 12))))
        text = "".join(chance.choices(LETTERS, k=chance.randint(0, 60))).encode()
        led = [" " + each for each in patterns] if whole_words else patterns
        hits = everywhere(led, text)
        find = Matcher(patterns, whole_words=whole_words, engine=engine).find
        every = Matcher(patterns, whole_words=whole_words, every=True, engine=engine).find
        assert find(text) == leftmost(hits), (patterns, text)
        assert sorted(every(text)) == sorted(hits), (patterns, text)
        found += len(hits)
    assert found > 1000


def test_the_quickest_engine_at_hand_is_used() -> None:
    pytest.importorskip("daachorse", reason="daachorse is not installed")
    assert ENGINE == "daachorse"
