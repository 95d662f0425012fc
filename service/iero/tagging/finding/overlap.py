"""Of mentions that overlap, which are kept.

>>> from iero.tagging.finding.context import Mention
>>> spans = [Mention(0, 7, None), Mention(0, 18, None), Mention(8, 30, None), Mention(40, 45, None)]
>>> [(each.start, each.end) for each in longest(spans)]
[(8, 30), (40, 45)]
"""

from __future__ import annotations

from collections.abc import Sequence

from iero.tagging.finding.context import Mention

__all__ = ["longest"]


def longest(mentions: Sequence[Mention]) -> list[Mention]:
    """Return the mentions that no longer one overlaps; of equally long ones the first.

    Mentions that share their last words by coordination do not stand in each other's way.

    :param mentions: ordered by start.
    """
    kept: list[Mention] = []
    for mention in mentions:
        while kept and kept[-1].end > mention.start and not _share(kept[-1], mention):
            if kept[-1].end - kept[-1].start >= mention.end - mention.start:
                break
            kept.pop()
        else:
            kept.append(mention)
    return kept


def _share(one: Mention, other: Mention) -> bool:
    return one.end == other.end and ("coordination" in one.rules or "coordination" in other.rules)
