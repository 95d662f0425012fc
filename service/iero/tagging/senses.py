"""Which of the forms that were found are meant: definitions, false friends, neighbours.

A form that is never anything else is taken as it is. The others are settled once the whole text is
known: short forms and ordinary words need support, forms with false friends must not stand near them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from iero.tagging.abbreviations import definitions
from iero.tagging.context import Mention
from iero.tagging.forms import ITSELF, Form, short_for
from iero.tagging.text import Folded, fold

if TYPE_CHECKING:
    from iero.tagging.lexicon import Lexicon

__all__ = ["settle"]


class _Record:
    """What a whole text tells about the forms in it."""

    def __init__(self, folded: Folded, mentions: list[Mention], lexicon: Lexicon,
                 source: Callable[[Mention], tuple[int, int]]) -> None:
        self.folded = folded
        self.mentions = mentions
        self._near = lexicon.concepts
        self._source = source
        self.sure = {mention.form.concept for mention in mentions if not mention.form.need}
        self.named = {mention.form.concept for mention in mentions if not mention.form.short}
        self.own: dict[str, Mention] = {}
        self.foreign: set[str] = set()
        if any(self._may_define(mention) for mention in mentions):
            self._define()

    def _may_define(self, mention: Mention) -> bool:
        low, end = self.folded.low, mention.end
        return mention.form.short or low[end:end + 2] == "  "

    def _define(self) -> None:
        """Sort the short forms that the text defines into ours and others'."""
        text = self.folded.source
        places = [(*self._source(mention), mention) for mention in self.mentions
                  if not mention.form.short]
        for short, start, end in definitions(text):
            fitting = [mention for first, last, mention in places
                       if first <= start < last <= end and len(text[last:end].split()) <= 1]
            key = fold(short).kept.strip()
            if fitting:
                self.own.setdefault(key, fitting[-1])
            else:
                self.foreign.add(key)

    def support(self, form: Form) -> str:
        """Return how the text supports a form: ``mention``, ``neighbor``, or nothing."""
        if form.concept in (self.sure if not form.short else self.named):
            return "mention"
        if form.need < ITSELF and not self.sure.isdisjoint(self._near[form.concept].near):
            return "neighbor"
        return ""


def settle(folded: Folded, mentions: list[Mention], lexicon: Lexicon) -> list[Mention]:
    """Return the mentions that are meant, each in its sense, with the short forms the text defines.

    :param mentions: what was found, ordered by place.
    """
    record = _Record(folded, mentions, lexicon,
                     lambda mention: folded.place(mention.start, mention.end))
    kept = [mention for mention in mentions
            if not mention.form.doubtful or _is_meant(mention, record)]
    if record.own:
        kept += _defined(record, {mention.start for mention in kept})
        kept.sort(key=lambda mention: (mention.start, mention.end))
    return kept


def _is_meant(mention: Mention, record: _Record) -> bool:
    form, folded = mention.form, record.folded
    written = folded.kept[mention.start:mention.end]
    if form.exact and form.exact not in written:
        return False
    if form.short:
        key = written if written in record.own or written in record.foreign else form.name
        key = fold(key).kept.strip()
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
        for found in re.finditer(rf" ({re.escape(short)}s?)(?=[ .])", kept):
            if found.start(1) not in taken:
                yield Mention(found.start(1), found.end(1), form, mention.section,
                              rules=("support.definition",), support="definition")
