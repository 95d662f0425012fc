"""The written forms, ready for use: what each needs to be believed, and what tells against it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from iero import resources
from iero.tagging.finding.text import fold_form
from iero.tagging.lexicon import RANKS, Concept, Lexicon, Sense

__all__ = ["ITSELF", "NEIGHBOR", "NONE", "Form", "Friend", "Rules", "Unread"]

_WINDOW: Final = 60
_SHORTS: Final = 64
_MANY: Final = 2
"""Spaces of a name that is clear although it holds an acronym: "internet-based CBT"."""
NONE: Final = 0
NEIGHBOR: Final = 1
ITSELF: Final = 2


@dataclass(frozen=True, slots=True)
class Friend:
    """A false friend: where a pattern or a word tells that a form is not meant.

    :ivar concepts: local names of the concepts that are not meant; empty for all.
    :ivar at: ``before``, ``after`` or ``near`` the mention, or in the ``record``.
    """

    rule: str
    at: str
    pattern: re.Pattern[str] | None
    words: tuple[bytes, ...]
    concepts: tuple[str, ...]

    def speaks(self, low: bytes, start: int, end: int) -> bool:
        """Say whether it tells against a mention at this place."""
        if self.pattern is None:
            return any(word in low for word in self.words)
        before = low[max(0, start - _WINDOW):start].decode()
        after = low[end:end + _WINDOW].decode()
        text = {"before": before, "after": after}.get(self.at, f"{before}\n{after}")
        return self.pattern.search(text) is not None


class Form:
    """A written form in its likeliest sense, which knows the others.

    :ivar concept: number of the concept.
    :ivar need: which support it needs: none, a concept near its own, or its own named in full.
    :ivar exact: a part that must stand in the text in the same case.
    :ivar friends: its false friends.
    :ivar senses: this and the other senses, the likeliest first.
    :ivar tails: its last words, where other forms share them.
    :ivar placed: whether what stands around a mention decides; else all in a text have one sense.
    :ivar doubtful: whether the text has to be asked before it is believed.
    """

    __slots__ = ("_shorts", "concept", "doubtful", "exact", "friends", "name", "need", "placed",
                 "reasons", "scope", "senses", "short", "tails")

    def __init__(self, sense: Sense, need: int, friends: tuple[Friend, ...]) -> None:
        self.concept = sense.concept
        self.name = sense.form
        self.scope = sense.scope
        self.reasons = sense.reasons
        self.exact = sense.exact
        self.need = need
        self.friends = friends
        self.short = sense.scope == "abbreviation"
        self.senses: tuple[Form, ...] = (self,)
        self.tails: tuple[str, ...] = ()
        self.placed = bool(sense.exact) or any(each.at != "record" for each in friends)
        self.doubtful = bool(need or friends or sense.exact or self.short)
        self._shorts: dict[str, Form] = {}

    def short_for(self, short: str) -> Form:
        """Return the form for a short form that a text defines as this one, always the same."""
        made = self._shorts.get(short)
        if made is None:
            sense = Sense(self.concept, short, "abbreviation", (), self.exact)
            made = Form(sense, self.need, self.friends)
            made.senses, made.tails, made.placed = self.senses, self.tails, self.placed
            made.doubtful = False
            if len(self._shorts) < _SHORTS:
                self._shorts[short] = made
        return made


@dataclass(frozen=True, slots=True)
class Unread:
    """A form that has not been met yet; most never are, and all at once would take a while."""

    rules: Rules
    written: str
    senses: Sequence[Sequence[Any]]
    tails_of: Callable[[str], tuple[str, ...]]

    def read(self) -> Form:
        """Return the form."""
        form = self.rules.form(self.written, [
            Sense(concept, name, scope, tuple(reasons), exact)
            for concept, name, scope, reasons, exact in self.senses])
        form.tails = self.tails_of(self.written)
        return form


class Rules:
    """The rules about senses, as they stand in ``data/``."""

    def __init__(self, friends: Mapping[str, Any], scores: Mapping[str, Any],
                 ordinary: Iterable[str], concepts: Sequence[Concept]) -> None:
        self.blocked = tuple(fold_form(each) for each in friends["blocked"])
        self._sure = frozenset(friends["sure"])
        self.scores: dict[str, float] = scores["scope"] | scores["reasons"]
        self._concepts = concepts
        self._friends: dict[str, list[Friend]] = {}
        for entry in friends["friend"]:
            pattern = re.compile(entry["pattern"]) if "pattern" in entry else None
            friend = Friend(entry["id"], entry["at"], pattern, tuple(
                word.encode() for word in entry.get("words", ())), tuple(entry.get("concepts", ())))
            for form in entry["forms"]:
                self._friends.setdefault(form, []).append(friend)
        self._ordinary = frozenset(ordinary)

    @classmethod
    def load(cls, lexicon: Lexicon) -> Rules:
        """Read the rules that ship with the package, for use with a lexicon."""
        def text(name: str) -> str:
            return resources.package_text(f"tagging/data/{name}")

        return cls(tomllib.loads(text("friends.toml")), tomllib.loads(text("scores.toml")),
                   lexicon.ordinary, lexicon.concepts)

    def form(self, written: str, senses: Sequence[Sense]) -> Form:
        """Return a written form with all its senses."""
        made = tuple(self._form(written, sense) for sense in senses)
        for form in made:
            form.senses = made
        rivals = len(made) > 1 and RANKS[made[0].scope] >= RANKS[made[1].scope]
        made[0].doubtful = made[0].doubtful or rivals
        made[0].placed = any(each.placed for each in made)
        return made[0]

    def _form(self, written: str, sense: Sense) -> Form:
        keys = dict.fromkeys(
            (written, sense.form, fold_form(sense.form), written.removesuffix("s")))
        name = self._concepts[sense.concept].iri.rpartition("/")[2]
        friends = dict.fromkeys(
            friend for key in keys for friend in self._friends.get(key, ())
            if not friend.concepts or name in friend.concepts)
        return Form(sense, self._need(written, sense), tuple(friends))

    def _need(self, written: str, sense: Sense) -> int:
        if sense.scope == "abbreviation":
            if sense.form in self._sure:
                return NONE
            return NEIGHBOR if len(sense.form) > 2 else ITSELF
        loose = sense.scope in ("related", "broad") and " " not in written
        acronym = sense.exact and written.count(" ") < _MANY
        if loose or written in self._ordinary or acronym:
            return NEIGHBOR
        return NONE

