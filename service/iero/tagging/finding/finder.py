"""From a folded text to its mentions: what the automata find, read, completed and settled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any, Final

from iero.tagging.finding.context import (
    Entry,
    Mention,
    load_cues,
    load_headings,
    read,
)
from iero.tagging.finding.coordination import Coordination, may_share
from iero.tagging.finding.forms import Form, Rules, Unread
from iero.tagging.finding.matcher import Found, Matcher
from iero.tagging.finding.overlap import longest
from iero.tagging.finding.senses import settle
from iero.tagging.finding.text import EDGE, Folded, fold, fold_form
from iero.tagging.lexicon import Lexicon, Sense
from iero.tagging.options import Options

__all__ = ["Finder"]

_NAMES: Final = ("label", "abbreviation")
_SCOPE: Final = Sense._fields.index("scope")
_SPACE: Final = ord(" ")

Table = Mapping[str, Sequence[Sequence[Any]]]
"""Written forms with their senses, each the fields of a :class:`Sense`."""


class Finder:
    """Finds the mentions of the forms of a lexicon.

    >>> from iero import Tagger
    >>> tagger = Tagger.open()
    >>> finder = Finder(tagger.lexicon, tagger.options, Rules.load(tagger.lexicon))
    >>> [found] = finder.mentions(fold("no mood contagion"))
    >>> found.start, found.form.name, found.absent.role
    (4, 'mood contagion', 'absent')

    :param lexicon: the forms to look for.
    :param options: which of them, and how.
    :param rules: what is asked of each form.
    """

    def __init__(self, lexicon: Lexicon, options: Options, rules: Rules) -> None:
        self._lexicon = lexicon
        self._longest_only = options.longest_only
        forms, short = _wanted(lexicon.forms, options), _wanted(lexicon.short, options)
        self._coordination = Coordination({}, frozenset(lexicon.tails), frozenset(lexicon.stems))
        entries: dict[str, Entry] = dict(load_cues())
        entries.update(dict.fromkeys(rules.blocked))
        for written, senses in forms.items():
            entries[written] = Unread(rules, written, senses, self._coordination.tails_of)
        capitals: dict[str, Entry] = dict(load_headings())
        for each, senses in short.items():
            written = fold(each).kept.decode().strip()
            capitals[written] = Unread(rules, each, senses, _no_tails)
        several = [each for each in entries if " " in each]  # these come first
        self._several = len(several)
        self._written = several + [each for each in entries if " " not in each]
        self._count = len(self._written)
        self._numbers = {each: number for number, each in enumerate(self._written)}
        self._coordination.numbers = {each: self._numbers[each] for each in forms}
        self._entries: list[Entry] = [entries[each] for each in self._written]
        self._entries += capitals.values()
        whole = options.whole_word_only
        self._matcher = Matcher(self._written, whole_words=whole, every=not self._longest_only)
        self._short = Matcher(list(capitals), whole_words=whole)
        self._lead = self._matcher.lead
        self._reach = 1 + max(map(len, self._written))

    def mentions(self, folded: Folded, section: str = "") -> list[Mention]:
        """Return what is mentioned in a text, ordered by start, then by end.

        :param section: the part of the document, if it is known.
        """
        low = folded.low
        mentions = read(low, self._found(folded), self._entries, self._lead, section)
        opening = [each for each in mentions if low[each.end + 1] == _SPACE
                   and folded.opens(each.end)]
        sharing = [each for each in mentions if each.form.tails and may_share(folded, each.start)]
        more = self._coordinated(folded, sharing, mentions) + self._interrupted(low, opening)
        if more:
            mentions = sorted(mentions + more, key=_place)
        mentions = settle(folded, mentions, opening, self._lexicon)
        return longest(mentions) if self._longest_only else mentions

    def _found(self, folded: Folded) -> list[Found]:
        """Return what both automata find, ordered by place; some of it may end within a word."""
        low = folded.low
        found = self._matcher.find(low)
        if not self._longest_only:
            found.sort(key=itemgetter(0, 1))
        elif self._lead:
            found = self._whole(low, found)
        short = self._short.find(folded.kept)
        if short:
            found += [(start, end, number + self._count) for start, end, number in short]
            found.sort(key=itemgetter(0))
        return found

    def _whole(self, low: bytes, found: list[Found]) -> list[Found]:
        """Where several words were found that end within a word, look for fewer of them."""
        for start, end, number in found:
            if number < self._several and low[end] > EDGE:
                return self._shorter(low, found, number, start)
        return found

    def _shorter(self, low: bytes, found: list[Found], number: int, start: int) -> list[Found]:
        """Return what is found with fewer words of the pattern at a place, and after it."""
        kept = [hit for hit in found if hit[0] < start]
        stop = low.index(b" ", start + 1)
        words = self._written[number].split(" ")
        for size in range(len(words) - 1, 0, -1):
            shorter = self._numbers.get(" ".join(words[:size]))
            if shorter is not None:
                stop = start + 1 + len(self._written[shorter])
                kept.append((start, stop, shorter))
                break
        return kept + self._whole(low, self._again(low, found, stop))

    def _again(self, low: bytes, found: list[Found], stop: int) -> list[Found]:
        """Return what is found from a place on, taking over what has been found before.

        Two searches that meet in one hit, or that find nothing as far as a pattern can reach, go on
        alike, and mostly they do so soon.
        """
        far = stop + self._reach
        near = [(start + stop, end + stop, number) for start, end, number
                in self._matcher.find(low[stop:far + self._reach])]
        if not near or near[0][0] > far:
            return [hit for hit in found if hit[0] > far]
        for at, hit in enumerate(near):
            if hit[0] > far:  # what begins here may be cut off
                break
            if hit in found:
                return near[:at] + found[found.index(hit):]
        return [(start + stop, end + stop, number) for start, end, number
                in self._matcher.find(low[stop:])]

    def _form(self, number: int) -> Form:
        entry = self._entries[number]
        if isinstance(entry, Unread):
            entry = self._entries[number] = entry.read()
        assert isinstance(entry, Form)  # noqa: S101 - only numbers of forms are asked for
        return entry

    def _coordinated(self, folded: Folded, sharing: list[Mention], mentions: list[Mention]
                     ) -> list[Mention]:
        """Return the mentions whose last words another mention gives in an enumeration.

        None begins within another: "trait anxiety and depressive symptoms" names trait anxiety. Nor
        is a mere head left out: "Hopkins Symptom Checklist and Brief Symptom Inventory" names no
        Hopkins Symptom Checklist Inventory.
        """
        shared = []
        for mention in sharing:
            start, form = mention.start, mention.form
            for begin, other in self._coordination.before(folded, start, form.tails):
                other_form = self._form(other)
                if (other_form.concept == form.concept or folded.is_bracketed(begin, start)
                        or "head" in other_form.reasons
                        or any(each.start < begin < each.end for each in mentions)):
                    break
                shared.append(mention.also(begin, mention.end, other_form, "coordination"))
        return shared

    def _interrupted(self, low: bytes, opening: list[Mention]) -> list[Mention]:
        """Return the mentions that begin with another one, which a short form sets apart."""
        whole = []
        for mention in opening:
            found = self._coordination.after(low, mention.start, mention.end)
            if found is not None:
                end, number = found
                whole.append(mention.also(mention.start, end, self._form(number), "interruption"))
        return whole


def _wanted(table: Table, options: Options) -> Table:
    """Leave out what the options exclude."""
    stop = {fold_form(word) for word in options.stop_words}
    wanted = dict(table)
    if options.exclude_synonyms:
        kept = ((written, [each for each in senses if each[_SCOPE] in _NAMES])
                for written, senses in table.items())
        wanted = {written: senses for written, senses in kept if senses}
    if options.exclude_numbers:
        wanted = {written: senses for written, senses in wanted.items()
                  if not written.replace(" ", "").isdecimal()}
    return {written: senses for written, senses in wanted.items()
            if fold_form(written) not in stop} if stop else wanted


def _place(mention: Mention) -> tuple[int, int]:
    return mention.start, mention.end


def _no_tails(written: str) -> tuple[str, ...]:
    del written
    return ()
