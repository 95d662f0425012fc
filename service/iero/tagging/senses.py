"""Which of the forms that were found are meant: definitions, false friends, neighbours.

A form that is never anything else is taken as it is. The others are settled once the whole text is
known: short forms and ordinary words need support, forms with false friends must not stand near them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from iero.tagging.abbreviations import long_form, opening, short_after
from iero.tagging.context import Mention
from iero.tagging.forms import ITSELF, Form, short_for
from iero.tagging.text import Folded, fold

if TYPE_CHECKING:
    from iero.tagging.lexicon import Lexicon

__all__ = ["settle"]


class _Record:
    """What a whole text tells about the forms in it."""

    def __init__(self, folded: Folded, mentions: list[Mention], lexicon: Lexicon) -> None:
        self.folded = folded
        self._concepts = lexicon.concepts
        self.sure = {mention.form.concept for mention in mentions if not mention.form.need}
        self.named = {mention.form.concept for mention in mentions if not mention.form.short}
        self.own: dict[str, Mention] = {}
        self.foreign: set[str] = set()
        for mention in mentions:
            if not mention.form.short and folded.opens(mention.end):
                self._take_definition(mention)
        for at, mention in enumerate(mentions):
            if mention.form.short:
                self._take_short(mentions, at)

    def _take_definition(self, mention: Mention) -> None:
        """Note the short form that stands in parentheses after a mention, if it is one for it."""
        place = self.folded.place(mention.start, mention.end)
        short = short_after(self.folded.source, *place)
        if short:
            self.own.setdefault(fold(short).kept.decode().strip(), mention)

    def _take_short(self, mentions: list[Mention], at: int) -> None:
        """Note whether a short form in parentheses stands for ours, or for something else."""
        mention, folded = mentions[at], self.folded
        written = folded.kept[mention.start:mention.end].decode()
        if written in self.own or written in self.foreign:
            return
        start, _ = folded.place(mention.start, mention.end)
        end = opening(folded.source, start)
        if end is None:
            return
        for before in reversed(mentions[max(0, at - 3):at]):
            gap = mention.start - before.end
            if before.form.concept == mention.form.concept and not before.form.short and gap < 24:
                self.own[written] = before
                return
        if long_form(written, folded.source[max(0, end - 150):end]) is not None:
            self.foreign.add(written)

    def support(self, form: Form) -> str:
        """Return how the text supports a form: ``mention``, ``neighbor``, or nothing."""
        if form.concept in (self.sure if not form.short else self.named):
            return "mention"
        if form.need < ITSELF and not self.sure.isdisjoint(self._concepts[form.concept].near):
            return "neighbor"
        return ""


def settle(folded: Folded, mentions: list[Mention], lexicon: Lexicon) -> list[Mention]:
    """Return the mentions that are meant, each in its sense, with the short forms the text defines.

    :param mentions: what was found, ordered by place.
    """
    record = _Record(folded, mentions, lexicon)
    kept = [mention for mention in mentions
            if not mention.form.doubtful or _is_meant(mention, record)]
    if record.own:
        kept += _defined(record, {mention.start for mention in kept})
        kept.sort(key=lambda mention: (mention.start, mention.end))
    return kept


def _is_meant(mention: Mention, record: _Record) -> bool:
    form, folded = mention.form, record.folded
    written = folded.kept[mention.start:mention.end].decode()
    if form.exact and form.exact not in written:
        return False
    if form.short:
        key = written if written in record.own else written.removesuffix("s")
        if key in record.own:
            mention.form = _instead(form, record.own[key].form)
            mention.support, mention.rules = "definition", (*mention.rules, "support.definition")
            return True
        if key in record.foreign:
            return False
    for friend in form.friends:
        if friend.speaks(folded.low, mention.start, mention.end):
            return False
    if not form.need:
        return _choose(mention, record)
    mention.support = record.support(form)
    mention.rules = (*mention.rules, f"support.{mention.support}")
    return bool(mention.support)


def _choose(mention: Mention, record: _Record) -> bool:
    """Of senses that are alike take the one that the text supports, else the first."""
    for form in (mention.form, *mention.form.rivals):
        support = record.support(form)
        if support == "neighbor":
            mention.form, mention.support = form, support
            break
    return True


def _instead(form: Form, defined: Form) -> Form:
    """Return the short form itself where it stands for what the text says, else a new one for that."""
    if form.concept == defined.concept:
        return form
    return short_for(form.name, defined)


def _defined(record: _Record, taken: set[int]) -> Iterator[Mention]:
    """Yield the places of the short forms that the text defines, where nothing else was found."""
    kept = record.folded.kept
    for short, mention in record.own.items():
        form = short_for(short, mention.form)
        for found in re.finditer(rf" ({re.escape(short)}s?)(?=[ .-])".encode(), kept):
            if found.start(1) not in taken:
                yield Mention(found.start(1), found.end(1), form, mention.section,
                              rules=("support.definition",), support="definition")
