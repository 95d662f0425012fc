"""The ways in which one form is written: inflection, spelling, hyphens, word order, optional heads.

What may vary stands in ``data/variants.toml``; each variant says how it came about.

>>> found = Variants.load().of("co-rumination")
>>> found["corumination"], found["co ruminating"]
(('joined',), ('word order',))
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Set
from itertools import chain
from typing import Any, Final

from iero import resources
from iero.tagging.finding.text import fold_form

__all__ = ["Variants", "stems", "tails"]

Reasons = tuple[str, ...]

_IZE: Final = re.compile(
    r"\b[a-z]+(?:i[sz](?:e|ed|es|er|ers|ing|ation|ations)|yz(?:e|ed|ing))\b")


class Variants:
    """Writes a form in every way that the rules allow.

    :param rules: the content of ``variants.toml``.
    """

    def __init__(self, rules: dict[str, Any]) -> None:
        self._rules = rules
        self._american = [(re.compile(rf"\b{a}"), b) for a, b in rules["spelling"]]
        self._british = [(re.compile(rf"\b{b}"), a) for a, b in rules["spelling"]]
        self._apart = re.compile(rf"\b({'|'.join(rules['prefixes'])}) (?=\w{{3}})")
        parting = (each.partition("|") for each in rules["parting"])
        self._joined = re.compile("|".join(
            rf"\b{prefix}(?=\w{{4}}){rest and f'(?={rest})'}" for prefix, _, rest in parting))
        self._replaced = [
            (re.compile(rf"\b{fold_form(swap['one'])}\b"), [*map(fold_form, swap["other"])])
            for swap in rules["swaps"]]
        self._ordered = [
            (re.compile(re.escape(order["form"]).replace(r"\{x\}", "(.+)")), order["also"])
            for order in rules["orders"]]
        self.acronyms = ("IER", "ER")
        self._plurals = rules["plurals"]
        self._singulars = {many: one for one, many in rules["plurals"].items()}

    @classmethod
    def load(cls) -> Variants:
        """Read the rules that ship with the package."""
        return cls(tomllib.loads(resources.package_text("tagging/data/variants.toml")))

    def of(self, form: str, *, instrument: bool = False) -> dict[str, Reasons]:
        """Return every folded writing of a form, with the reasons for each; the plain one first.

        :param instrument: whether it is the full name of an instrument, which may have a head.
        """
        found: dict[str, Reasons] = {fold_form(form): ()}
        steps = [("spelling", self._spellings), ("synonymous words", self._swaps),
                 ("word order", self._orders), ("number", self._numbers), ("joined", self._joints)]
        if instrument:
            steps.insert(3, ("head", self._heads))
        for reason, step in steps:
            for written, reasons in list(found.items()):
                for variant in step(written):
                    found.setdefault(variant, (*reasons, reason))
        hyphenated = fold_form(re.sub(r"(?<=\w)[-‐‑–](?=\w)", "", form))
        found.setdefault(hyphenated, ("joined",))
        return {written: reasons for written, reasons in found.items() if written}

    def _spellings(self, form: str) -> Iterator[str]:
        """Spell all words the British or the American way, or one: "focused behaviour" is both."""
        for pairs, ending in ((self._american, self._to_ise), (self._british, self._to_ize)):
            written = form
            for pattern, other in pairs:
                if pattern.search(form):
                    yield pattern.sub(other, form)
                    written = pattern.sub(other, written)
            yield _IZE.sub(ending, form)
            yield _IZE.sub(ending, written)

    def _to_ise(self, word: re.Match[str]) -> str:
        stem = re.sub(r"(ed|es|er|ers|ing|ation|ations)$", "e", word[0])
        if stem in self._rules["ize_is_no_spelling"]:
            return word[0]
        return re.sub(r"([iy])z(?=\w+$)", r"\1s", word[0])

    def _to_ize(self, word: re.Match[str]) -> str:
        stem = re.sub(r"(ed|es|er|ers|ing|ation|ations)$", "e", word[0])
        if any(stem.endswith(each) for each in self._rules["ise_is_no_spelling"]):
            return word[0]
        return re.sub(r"is(?=(?:e|ed|es|er|ers|ing|ation|ations)$)", "iz", word[0])

    def _swaps(self, form: str) -> Iterator[str]:
        for pattern, others in self._replaced:
            if pattern.search(form):
                yield from (pattern.sub(other, form) for other in others)

    def _orders(self, form: str) -> Iterator[str]:
        for pattern, others in self._ordered:
            found = pattern.fullmatch(form)
            if found:
                x = found[1] if found.groups() else ""
                yield from (other.replace("{x}", x) for other in others)

    def _numbers(self, form: str) -> Iterator[str]:
        """Change the number of the last word, and of the last before the first preposition."""
        words = form.split(" ")
        stops = self._rules["prepositions"]
        head = next((i for i, word in enumerate(words) if i and word in stops), len(words)) - 1
        for at in {head: None, len(words) - 1: None}:
            for number in self._number(words[at]):
                yield " ".join([*words[:at], number, *words[at + 1:]])

    def _number(self, word: str) -> Iterator[str]:
        if word in self._plurals or word in self._singulars:
            yield self._plurals.get(word) or self._singulars[word]
        if len(word) < 3 or not word.isalpha() or word.endswith(("ing", "ness")):
            return
        if word.endswith(("ss", "us", "sh", "ch", "x", "z")):
            yield word + "es"
        elif word.endswith("is"):
            yield word[:-2] + "es"
        elif word.endswith("ies") and len(word) > 4:
            yield word[:-3] + "y"
        elif word.endswith("s"):
            yield word[:-1]
        elif word.endswith("y") and word[-2] not in "aeiou":
            yield word[:-1] + "ies"
        else:
            yield word + "s"

    def _joints(self, form: str) -> Iterator[str]:
        """Join a prefix that stands apart; set apart one that is joined."""
        yield self._apart.sub(r"\1", form)
        yield self._joined.sub(r"\g<0> ", form)

    def _heads(self, form: str) -> Iterator[str]:
        heads = self._rules["heads"]
        first, _, last = form.rpartition(" ")
        if last in heads["dropped"]:
            if len(first.split()) >= heads["words"]:
                yield first
        else:
            yield from (f"{form} {head}" for head in heads["added"])


def tails(forms: Iterable[str]) -> set[str]:
    """Return every run of words with which at least two forms end, each with its leading space.

    >>> sorted(tails(["emotional support", "social support", "venting"]))
    [' support']
    """
    seen: dict[str, int] = {}
    for tail in chain.from_iterable(map(_tails, forms)):
        seen[tail] = seen.get(tail, 0) + 1
    return {tail for tail, count in seen.items() if count > 1}


def stems(forms: Iterable[str], shared: Set[str]) -> set[str]:
    """Return the last words that forms have before a tail that others share.

    >>> sorted(stems(["emotional support", "social support", "venting"], {" support"}))
    ['emotional', 'social']
    """
    return {form.removesuffix(tail).rpartition(" ")[2]
            for form in forms for tail in _tails(form) if tail in shared}


def _tails(form: str) -> Iterator[str]:
    words = form.split(" ")
    for size in range(1, min(len(words), 4)):
        yield " " + " ".join(words[-size:])
