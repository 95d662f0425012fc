"""The written forms, ready for use: what each needs to be believed, and what tells against it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from iero import resources
from iero.tagging.text import fold_form
from iero.tagging.variants import Variants

if TYPE_CHECKING:
    from iero.tagging.lexicon import Sense

__all__ = ["ITSELF", "NEIGHBOR", "NONE", "Form", "Friend", "Rules",
           "short_for"]

_WINDOW: Final = 60
NONE: Final = 0
NEIGHBOR: Final = 1
ITSELF: Final = 2


@dataclass(frozen=True, slots=True)
class Friend:
    """A false friend: where a pattern or a word tells that a form is not meant.

    :ivar at: ``before``, ``after`` or ``near`` the mention, or in the ``record``.
    """

    rule: str
    at: str
    pattern: re.Pattern[str] | None
    words: tuple[bytes, ...]

    def speaks(self, low: bytes, start: int, end: int) -> bool:
        """Say whether it tells against a mention at this place."""
        if self.pattern is None:
            return any(word in low for word in self.words)
        before = low[max(0, start - _WINDOW):start].decode()
        after = low[end:end + _WINDOW].decode()
        text = {"before": before, "after": after}.get(self.at, f"{before}\n{after}")
        return self.pattern.search(text) is not None


class Form:
    """A written form in one of its senses, ready for use.

    :ivar concept: number of the concept.
    :ivar need: which support it needs: none, a concept near its own, or its own named in full.
    :ivar exact: a part that must stand in the text in the same case.
    :ivar friends: its false friends.
    :ivar rivals: the other senses that are as likely.
    :ivar tails: its last words, where other forms share them.
    :ivar doubtful: whether any of these has to be looked at.
    """

    __slots__ = ("alternatives", "concept", "doubtful", "exact", "friends", "name", "need",
                 "reasons", "rivals", "scope", "score", "short", "tails", "written")

    def __init__(self, sense: Sense, score: float, need: int, friends: tuple[Friend, ...]) -> None:
        self.concept = sense.concept
        self.name = sense.form
        self.scope = sense.scope
        self.reasons = sense.reasons
        self.exact = sense.exact
        self.score = score
        self.need = need
        self.friends = friends
        self.short = sense.scope == "abbreviation"
        self.tails: tuple[str, ...] = ()
        self.written = ""
        self.rivals: tuple[Form, ...] = ()
        self.alternatives: tuple[int, ...] = ()
        self.doubtful = bool(need or friends or sense.exact)


class Rules:
    """The rules about senses, as they stand in ``data/``."""

    def __init__(self, friends: Mapping[str, Any], scores: Mapping[str, Any], ordinary: str) -> None:
        self.blocked = tuple(fold_form(each) for each in friends["blocked"])
        self.scores: dict[str, float] = scores["scope"] | scores["reasons"]
        self._friends: dict[str, list[Friend]] = {}
        for entry in friends["friend"]:
            pattern = re.compile(entry["pattern"]) if "pattern" in entry else None
            friend = Friend(entry["id"], entry["at"], pattern, tuple(
                word.encode() for word in entry.get("words", ())))
            for form in entry["forms"]:
                self._friends.setdefault(form, []).append(friend)
        variants = Variants.load()
        lines = [line for line in ordinary.splitlines() if line and not line.startswith("#")]
        self._ordinary = {written for line in lines for written in variants.of(line)}

    @classmethod
    def load(cls) -> Rules:
        """Read the rules that ship with the package."""
        def text(name: str) -> str:
            return resources.package_text(f"tagging/data/{name}")

        return cls(tomllib.loads(text("friends.toml")), tomllib.loads(text("scores.toml")),
                   text("ordinary.txt"))

    def forms(self, written: str, senses: Iterable[Sense]) -> Form:
        """Return the likeliest sense of a written form, which knows the others."""
        made = [self._form(written, sense) for sense in senses]
        first = made[0]
        first.alternatives = tuple(each.concept for each in made[1:])
        first.rivals = tuple(each for each in made[1:] if each.score >= first.score - 0.01)
        first.doubtful = first.doubtful or bool(first.rivals)
        return first

    def _form(self, written: str, sense: Sense) -> Form:
        score = self.scores[sense.scope] + sum(self.scores[each] for each in sense.reasons)
        keys = dict.fromkeys((written, sense.form, fold_form(sense.form), written.removesuffix("s")))
        friends = dict.fromkeys(friend for key in keys for friend in self._friends.get(key, ()))
        return Form(sense, score, self._need(written, sense), tuple(friends))

    def _need(self, written: str, sense: Sense) -> int:
        if sense.scope == "abbreviation":
            return NEIGHBOR if len(sense.form) > 2 else ITSELF
        loose = sense.scope in ("related", "broad") and " " not in written
        if loose or written in self._ordinary or sense.exact:
            return NEIGHBOR
        return NONE


def short_for(short: str, defined: Form) -> Form:
    """Return a form for a short form that a text defines as the form given."""
    made = Form.__new__(Form)
    for name in Form.__slots__:
        setattr(made, name, getattr(defined, name))
    made.name, made.scope, made.short, made.doubtful = short, "abbreviation", True, False
    return made
