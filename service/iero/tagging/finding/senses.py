"""Which of the forms that were found are meant: definitions, false friends, neighbours.

A form that is never anything else is taken as it is. The others are settled once the whole text is
known: short forms and ordinary words need support, forms with false friends must not stand near
them, and of several senses that is taken which the text supports best.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from iero.tagging.finding.abbreviations import long_form, opening, short_after
from iero.tagging.finding.context import Mention
from iero.tagging.finding.forms import ITSELF, Form
from iero.tagging.finding.text import EDGE, Folded, fold, fold_form
from iero.tagging.lexicon import Lexicon

__all__ = ["settle"]

_BESIDE = 24
_BEFORE = 150
_SUPPORTED = {each: (f"support.{each}",) for each in ("definition", "mention", "neighbor")}
_RANKS = {"mention": 2, "neighbor": 1, "none": 0}


class _Record:
    """What a whole text tells about the forms in it.

    :param opening: the mentions after which a parenthesis opens.
    :param is_asked: whether it will be asked for :meth:`support`.
    :ivar own: the forms for which the text defines a short form, by that.
    :ivar foreign: the short forms that stand for something else.
    :ivar settled: the sense of each form that has the same one all over the text.
    """

    __slots__ = ("_lexicon", "_named", "_sure", "folded", "foreign", "own", "settled")

    def __init__(self, folded: Folded, mentions: list[Mention], opening: list[Mention],
                 lexicon: Lexicon, is_asked: bool) -> None:
        self.folded = folded
        self.own: dict[str, Form] = {}
        self.foreign: set[str] = set()
        self.settled: dict[Form, tuple[Form | None, str]] = {}
        self._lexicon = lexicon
        if is_asked:
            self._sure = {each.form.concept for each in mentions if not each.form.need}
            self._named = {each.form.concept for each in mentions if not each.form.short}
        for mention in opening:
            if not mention.form.short:
                self._take_definition(mention)
        for at, mention in enumerate(mentions):
            if mention.form.short:
                self._take_short(mentions, at)

    def _take_definition(self, mention: Mention) -> None:
        """Note the short form that stands in parentheses after a mention, if it is one for it."""
        place = self.folded.place(mention.start, mention.end)
        short = short_after(self.folded.source, *place)
        if short:
            key = short if short.isalnum() else fold(short).kept.decode().strip()
            self.own.setdefault(key, mention.form)

    def _take_short(self, mentions: list[Mention], at: int) -> None:
        """Note whether a short form in parentheses stands for ours, or for something else."""
        mention, folded = mentions[at], self.folded
        if folded.low[mention.start - 2] >= EDGE:
            return
        written = folded.kept[mention.start:mention.end].decode()
        if written in self.own or written in self.foreign:
            return
        end = opening(folded.source, folded.place(mention.start, mention.end)[0])
        if end is None:
            return
        before = [each for each in reversed(mentions[max(0, at - 3):at])
                  if not each.form.short and each.end < mention.start]
        concepts = {sense.concept for sense in mention.form.senses}
        named = [each for each in before if each.form.concept in concepts]
        if named and mention.start - named[0].end < _BESIDE:
            self.own[written] = named[0].form
            return
        text = folded.source[max(0, end - _BEFORE):end]
        begin = long_form(written, text)
        if begin is None:
            return
        reach = end - len(text) + begin
        if named and folded.place(named[0].start, named[0].end)[0] >= reach:
            self.own[written] = named[0].form  # with more words of the name behind it
        elif not (before and self._is_kind(mention.form, before[0])
                  and folded.place(before[0].start, before[0].end)[0] >= reach):
            self._take_long(written, text[begin:], mention.form)

    def _is_kind(self, form: Form, other: Mention) -> bool:
        """Say whether an unmistakable short form names a kind of what is spelt out before it.

        "Internet- and mobile-based cognitive behavioral therapy (iCBT)" spells iCBT out.
        """
        concepts = self._lexicon.concepts
        wider = concepts[other.form.concept].iri
        return not form.need and any(iri == wider for _, iri in concepts[form.concept].broader)

    def _take_long(self, written: str, spelt: str, form: Form) -> None:
        """Note what a short form is spelt out as: a name of one of its senses, or something else.

        The name may be a part of a longer mention: "symptoms of posttraumatic stress disorder".
        """
        senses: Sequence[Sequence[Any]] = self._lexicon.forms.get(fold_form(spelt), ())
        named = {each[0] for each in senses}
        own = next((sense for sense in form.senses if sense.concept in named), None)
        if own is None:
            self.foreign.add(written)
        else:
            self.own[written] = own

    def support(self, form: Form) -> str:
        """Return how the text supports a form: ``mention``, ``neighbor`` or ``none``."""
        if form.concept in (self._named if form.short else self._sure):
            return "mention"
        near = self._lexicon.concepts[form.concept].near
        if form.need < ITSELF and not self._sure.isdisjoint(near):
            return "neighbor"
        return "none"


def settle(folded: Folded, mentions: list[Mention], opening: list[Mention], lexicon: Lexicon
           ) -> list[Mention]:
    """Return the mentions that are meant, each in its sense, with the short forms the text defines.

    :param mentions: what was found, ordered by place.
    :param opening: those after which a parenthesis opens.
    """
    doubtful = [each for each in mentions if each.form.doubtful]
    if not opening and not doubtful:
        return mentions
    record = _Record(folded, mentions, opening, lexicon, bool(doubtful))
    kept = [mention for mention in mentions
            if not mention.form.doubtful or _is_meant(mention, record)] if doubtful else mentions
    new = [short for short in record.own if short not in lexicon.short]
    if new:
        taken = {mention.start for mention in kept}
        kept = kept + [mention for short in new for mention in _defined(short, record)
                       if mention.start not in taken]
        kept.sort(key=lambda mention: (mention.start, mention.end))
    return kept


def _is_meant(mention: Mention, record: _Record) -> bool:
    """Find the sense in which a mention is meant, if any, and note it there."""
    form = mention.form
    known = record.settled.get(form)
    if known is None:
        known = _sense_of(mention, record)
        if not form.placed:
            record.settled[form] = known
    best, support = known
    if best is None:
        return False
    mention.form = best
    if support != "none":
        mention.support = support
        mention.rules += _SUPPORTED[support]
    return True


def _sense_of(mention: Mention, record: _Record) -> tuple[Form | None, str]:
    """Return the sense in which a mention is meant, and what supports it."""
    form, folded = mention.form, record.folded
    if form.short and (record.own or record.foreign):
        written = folded.kept[mention.start:mention.end].decode()
        key = written if written in record.own or written in record.foreign else form.name
        if key in record.own:
            return _short_for(form, record.own[key]), "definition"
        if key in record.foreign:
            return None, ""
    best, support = None, ""
    for sense in form.senses:
        found = record.support(sense)
        if ((found != "none" or not sense.need)
                and (best is None or _RANKS[found] > _RANKS[support])
                and _is_possible(sense, mention, folded)):  # last, as it costs most
            best, support = sense, found
    if best is not None and not best.need and len(form.senses) == 1:
        support = "none"
    return best, support


def _is_possible(sense: Form, mention: Mention, folded: Folded) -> bool:
    """Say whether nothing in the text around a mention speaks against a sense."""
    if sense.exact and sense.exact.encode() not in folded.kept[mention.start:mention.end]:
        return False
    return not any(friend.speaks(folded.low, mention.start, mention.end)
                   for friend in sense.friends)


def _short_for(form: Form, defined: Form) -> Form:
    """Return the sense of a short form that the text defines, or a new one if it has none such."""
    fitting = (sense for sense in form.senses if sense.concept == defined.concept)
    return next(fitting, None) or defined.short_for(form.name)


def _defined(short: str, record: _Record) -> Iterator[Mention]:
    """Yield the places of a short form that only the text defines."""
    kept, word = record.folded.kept, f" {short}".encode()
    form = record.own[short].short_for(short)
    at = kept.find(word)
    while at >= 0:
        end = at + len(word)
        end += kept[end:end + 1] == b"s"
        if kept[end] < EDGE:
            mention = Mention(at + 1, end, form)
            mention.support, mention.rules = "definition", _SUPPORTED["definition"]
            yield mention
        at = kept.find(word, end)
