"""What part a mention plays, and whether what it names is there: read from the cue words around it.

Cue words are found in the same pass as the forms. A cue acts on the mention next to it, and through
it on the mentions that are joined to that one by a comma, "and" or "or".
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from iero import resources
from iero.tagging.finding.forms import Form, Unread
from iero.tagging.finding.text import COLON, EDGE, fold_form

if TYPE_CHECKING:
    from iero.tagging.finding.matcher import Found

__all__ = ["Cue", "Effect", "Entry", "Heading", "Mention", "load_cues", "load_headings", "read"]

_GLUE: Final = frozenset((
    b" ", b"  ", b"   ", b" and ", b"  and ", b" or ", b"  or ", b" nor ", b"  nor ", b" and or ",
    b" as well as ", b"  as well as ", b" and the ", b" or the "))
_STOP: Final = b"."
_LONGEST_GLUE: Final = max(map(len, _GLUE))
_FAR: Final = 60
ABSENT: Final = "absent"
_ORDER: Final = {"background": 1, "measured": 2, "outcome": 3, "manipulated": 4, ABSENT: 5, "": 0}


@dataclass(frozen=True, eq=False, slots=True)
class Effect:
    """What a cue does to a mention.

    :ivar rule: id of the rule.
    :ivar role: the role it gives; empty if it only ends the scope of another.
    :ivar reach: most characters between cue and mention.
    """

    rule: str
    role: str
    reach: int


@dataclass(frozen=True, eq=False, slots=True)
class Cue:
    """A cue word: what it does to the mention after it, and to the one before it."""

    before: Effect | None = None
    after: Effect | None = None


@dataclass(frozen=True, slots=True)
class Heading:
    """A word that heads a section of an abstract, in capitals or with a colon behind it."""

    section: str


class Mention:
    """A form that was found, and what the text around it says.

    :ivar start: its place in the folded text, as ``end``.
    :ivar role: the effect that gives it its role; ``absent`` the one that negates it.
    :ivar first: the first mention of the enumeration that it stands in, which knows the others.
    :ivar rules: ids of further rules that fired.
    :ivar support: how an ambiguous form was settled, as ``Reading.disambiguation``.
    """

    __slots__ = ("absent", "end", "first", "form", "others", "role", "rules", "section", "start",
                 "support")

    def __init__(self, start: int, end: int, form: Form, section: str = "") -> None:
        self.start = start
        self.end = end
        self.form = form
        self.section = section
        self.role: Effect | None = None
        self.absent: Effect | None = None
        self.first: Mention | None = None
        self.others: list[Mention] | None = None
        self.rules: tuple[str, ...] = ()
        self.support = "none"

    def also(self, start: int, end: int, form: Form, rule: str) -> Mention:
        """Return the mention of another form that shares words, and what is said, with this one."""
        made = Mention(start, end, form, self.section)
        made.role, made.absent, made.rules = self.role, self.absent, (rule,)
        return made


Entry = Form | Unread | Cue | Heading | None
"""What a pattern stands for; ``None`` if it only keeps others from being found in it."""


def load_cues() -> dict[str, Cue | Heading]:
    """Return the cue words of ``data/cues.toml`` in folded spelling.

    >>> load_cues()["without"].before.role
    'absent'
    """
    data = tomllib.loads(resources.package_text("tagging/data/cues.toml"))
    sides: dict[str, dict[str, Effect]] = {}
    for word, side, effect in _effects(data["cue"]):
        sides.setdefault(fold_form(word), {})[side] = effect
    cues: dict[str, Cue | Heading] = {word: Cue(**effects) for word, effects in sides.items()}
    for section, words in data["headings"].items():
        cues |= {word + COLON: Heading(section) for word in words}
    return cues


def load_headings() -> dict[str, Heading]:
    """Return the headings in capitals, which need no colon.

    >>> load_headings()["METHODS"].section
    'methods'
    """
    data = tomllib.loads(resources.package_text("tagging/data/cues.toml"))
    return {word.upper(): Heading(section) for section, words in data["headings"].items()
            for word in words}


def _effects(rules: Iterable[dict[str, Any]]) -> Iterator[tuple[str, str, Effect]]:
    for rule in rules:
        effect = Effect(rule["id"], rule.get("role", ""), rule["reach"])
        for side in ("before", "after"):
            yield from ((word, side, effect) for word in rule.get(side, ()))


def read(low: bytes, found: Sequence[Found], entries: list[Entry], lead: int, section: str
         ) -> list[Mention]:
    """Return the mentions among what was found, with their roles.

    :param found: ordered by place.
    :param entries: what each pattern stands for.
    :param lead: characters of a match before the first of its word; where there is one, only what
        ends at the edge of a word counts.
    :param section: the part of the document, if it is known.
    """
    mentions: list[Mention] = []
    cues: list[tuple[int, Cue]] = []  # since the last mention, and where each ends
    given = section
    last: Mention | None = None
    stop = -_FAR  # where the last mention ends
    for start, end, number in found:
        if lead and low[end] > EDGE:
            continue
        entry = entries[number]
        if isinstance(entry, Cue):
            effect = entry.after
            if effect is not None and start - stop <= effect.reach and last is not None:
                _look_back(low, last, effect, start)
            if entry.before is not None:
                cues.append((end, entry))
            continue
        if isinstance(entry, Unread):
            entry = entries[number] = entry.read()
        if isinstance(entry, Form):
            start += lead
            mention = Mention(start, end, entry, section)
            if 0 < start - stop <= _LONGEST_GLUE and low[stop:start] in _GLUE and last is not None:
                _join(last, mention)
            if cues:
                if start - cues[-1][0] <= _FAR:
                    _look_before(low, mention, cues)
                cues = []
            mentions.append(mention)
            last, stop = mention, end
        elif isinstance(entry, Heading):
            section = given or entry.section
    return mentions


def _join(last: Mention, mention: Mention) -> None:
    """Let a mention share what the one before it has, with which it is enumerated."""
    mention.role, mention.absent = last.role, last.absent
    first = mention.first = last.first or last
    if first.others is None:
        first.others = []
    first.others.append(mention)


def _look_before(low: bytes, mention: Mention, cues: list[tuple[int, Cue]]) -> None:
    """Let the cues between a mention and the one before it act on it, the nearest of each kind."""
    start = mention.start
    role = absent = False
    for end, cue in reversed(cues):
        effect = cue.before
        if effect is None or start - end > _FAR:
            return
        acts = start - end <= effect.reach + 1 and low.find(_STOP, end, start) < 0
        if effect.role and effect.role != ABSENT:
            if acts and not role:
                mention.role = effect
            role = True
        else:
            if acts and not absent and effect.role:
                mention.absent = effect
            absent = True
        if role and absent:
            return


def _look_back(low: bytes, last: Mention, effect: Effect, start: int) -> None:
    """Let a cue act on the mention before it and on all that are enumerated with it."""
    if low.find(_STOP, last.end, start) >= 0:
        return
    first = last.first or last
    for mention in (first, *(first.others or ())):
        if effect.role == ABSENT:
            mention.absent = effect
        elif _ORDER[effect.role] > _ORDER[mention.role.role if mention.role else ""]:
            mention.role = effect
