"""What part a mention plays, and whether what it names is there: read from the cue words around it.

Cue words are found in the same pass as the forms. A cue acts on the mention next to it, and through
it on the mentions that are joined to that one by a comma, "and" or "or".
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from iero import resources
from iero.tagging.text import fold_form

if TYPE_CHECKING:
    from iero.tagging.matcher import Found
    from iero.tagging.forms import Form

__all__ = ["Cue", "Effect", "Heading", "Mention", "load_cues", "read"]

_GLUE: Final = frozenset((" ", "  ", " and ", "  and ", " or ", "  or ", " nor ", "  nor ", "   ", " and or ",
                          " as well as ", "  as well as ", " with ", " and the ", " or the "))
_LONGEST_GLUE: Final = max(map(len, _GLUE))
ABSENT: Final = "absent"
_ORDER: Final = {"background": 1, "measured": 2, "outcome": 3, "manipulated": 4, ABSENT: 5, "": 0}


class Effect(NamedTuple):
    """What a cue does to a mention.

    :ivar rule: id of the rule.
    :ivar role: the role it gives; empty if it only ends the scope of another.
    :ivar reach: most characters between cue and mention.
    """

    rule: str
    role: str
    reach: int


@dataclass(frozen=True)
class Cue:
    """A cue word: what it does to the mention after it, and to the one before it."""

    before: Effect | None = None
    after: Effect | None = None


@dataclass(frozen=True)
class Heading:
    """A word that heads a section of an abstract where it stands like a heading."""

    section: str


@dataclass(slots=True)
class Mention:
    """A form that was found, and what the text around it says.

    :ivar start: its place in the folded text, as ``end``.
    :ivar role: the effect that gives it its role; ``absent`` the one that negates it.
    :ivar first: the first mention of the enumeration that it stands in.
    :ivar rules: ids of further rules that fired.
    :ivar support: how an ambiguous form was settled, as ``Reading.disambiguation``.
    """

    start: int
    end: int
    form: Form
    section: str = ""
    role: Effect | None = None
    absent: Effect | None = None
    first: Mention | None = None
    rules: tuple[str, ...] = ()
    support: str = "none"
    next: list[Mention] = field(default_factory=list)


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
        cues |= {word: Heading(section) for word in words if word not in cues}
    return cues


def _effects(rules: Iterable[dict[str, Any]]) -> Iterator[tuple[str, str, Effect]]:
    for rule in rules:
        effect = Effect(rule["id"], rule.get("role", ""), rule["reach"])
        for side in ("before", "after"):
            yield from ((word, side, effect) for word in rule.get(side, ()))


def read(low: str, kept: str, found: Iterable[Found], entries: Sequence[Any], lead: int,
         section: str) -> list[Mention]:
    """Return the mentions among what was found, with their roles.

    :param found: ordered by place.
    :param entries: what each pattern is: a form, a cue, a heading, or ``None``.
    :param lead: characters of a match before the first of its word.
    :param section: the part of the document, if it is known.
    """
    mentions: list[Mention] = []
    last: Mention | None = None
    role = absent = None
    role_end = absent_end = 0
    given = bool(section)
    for number, start, end in found:
        entry = entries[number]
        kind = type(entry)
        if kind is Cue:
            if entry.before is not None:
                effect = entry.before
                if effect.role == ABSENT:
                    absent, absent_end = effect, end
                elif effect.role:
                    role, role_end = effect, end
                else:
                    absent = None
            if last is not None and entry.after is not None:
                _look_back(low, last, entry.after, start)
        elif kind is Heading:
            if not given and _heads(low, kept, start + lead, end):
                section, role, absent, last = entry.section, None, None, None
        elif entry is not None:
            mention = Mention(start + lead, end, entry, section)
            if last is not None and start + lead - last.end <= _LONGEST_GLUE \
                    and low[last.end:start + lead] in _GLUE:
                mention.role, mention.absent = last.role, last.absent
                mention.first = last.first or last
                mention.first.next.append(mention)
            if role is not None:
                if start - role_end <= role.reach and "." not in low[role_end:start]:
                    mention.role = role
                role = None
            if absent is not None:
                if start - absent_end <= absent.reach and "." not in low[absent_end:start]:
                    mention.absent = absent
                absent = None
            mentions.append(mention)
            last = mention
    return mentions


def _look_back(low: str, last: Mention, effect: Effect, start: int) -> None:
    """Let a cue act on the mention before it and on all that are enumerated with it."""
    if start - last.end > effect.reach or "." in low[last.end:start]:
        return
    first = last.first or last
    for mention in (first, *first.next):
        if effect.role == ABSENT:
            mention.absent = effect
        elif _ORDER[effect.role] > _ORDER[mention.role.role if mention.role else ""]:
            mention.role = effect


def _heads(low: str, kept: str, start: int, end: int) -> bool:
    """Say whether a word stands like a heading: in capitals, or first in a sentence before a mark."""
    word = kept[start:end]
    opens = start <= 1 or low[max(0, start - 3):start].rstrip(" ")[-1:] in ("", ".")
    return word.isupper() or (opens and word[:1].isupper() and low[end:end + 2] in ("  ", ". "))
