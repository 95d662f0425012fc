"""The lexicon: every writing of every name in the graph, with what it may mean.

Compiled once from a graph into plain lists, which are quick to keep in a file and to read back.
"""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, NamedTuple

from iero import resources
from iero.tagging.finding.text import fold_form
from iero.tagging.variants import Variants, stems, tails
from iero.vocabulary import IERO, PREFIXES, REPLACED_BY

__all__ = ["Concept", "Lexicon", "Sense", "compile_lexicon"]

_LABEL: Final = PREFIXES["rdfs"] + "label"
_SUPER: Final = PREFIXES["rdfs"] + "subClassOf"
_TYPE: Final = PREFIXES["rdf"] + "type"
_DEPRECATED: Final = PREFIXES["owl"] + "deprecated"
_SCOPES: Final = {
    _LABEL: "label", IERO + "abbreviation": "abbreviation",
    **{f"{PREFIXES['oboInOwl']}has{scope.capitalize()}Synonym": scope
       for scope in ("exact", "narrow", "broad", "related")},
}
RANKS: Final = {"label": 0, "exact": 1, "abbreviation": 1, "narrow": 2, "broad": 3, "related": 4}
_SIBLINGS: Final = 40
_FEW: Final = 14
_VERSION_OF: Final = IERO + "isVersionOf"
_ACRONYM: Final = re.compile(r"\b(?![IVX]+\b)[A-Za-z]*[A-Z][A-Za-z]*[A-Z][A-Za-z]*\b")
"""A word of several capitals that is no Roman numeral, as the end of "BDI-II" is."""
_NUMBERED: Final = re.compile(r"(?<=[A-Z])-(?=\d)")
"""The hyphen that is often left out: PHQ-9 is written PHQ9 too."""


class Sense(NamedTuple):
    """What a written form may mean.

    :ivar concept: number of the concept in :attr:`Lexicon.concepts`.
    :ivar form: the name in the ontology that it is a writing of.
    :ivar reasons: how it differs from that name.
    :ivar exact: a part that must stand in the text in the same case: an acronym; or empty.
    """

    concept: int
    form: str
    scope: str
    reasons: tuple[str, ...]
    exact: str


class Concept(NamedTuple):
    """A term that is looked for.

    :ivar kind: ``instrument``, ``subscale``, ``theory`` or ``class``.
    :ivar broader: ``(level, IRI)`` of every broader term, the nearest first.
    :ivar near: numbers of the concepts that lend it support.
    """

    iri: str
    label: str
    kind: str
    broader: tuple[tuple[int, str], ...]
    near: frozenset[int]


@dataclass
class Lexicon:
    """Written forms with their senses.

    :ivar version: of the ontology.
    :ivar forms: folded form, looked for in any case, to its senses, the likeliest first.
    :ivar short: short form, looked for as it is written, to its senses. Read back from a file the
        senses are plain lists, of which a :class:`Sense` is made when the form is met.
    :ivar tails: the last words that several forms share.
    :ivar stems: the last words that stand before these.
    :ivar ordinary: forms that are ordinary words.
    """

    version: str
    concepts: list[Concept]
    forms: dict[str, list[Sense]] = field(default_factory=dict)
    short: dict[str, list[Sense]] = field(default_factory=dict)
    tails: list[str] = field(default_factory=list)
    stems: list[str] = field(default_factory=list)
    ordinary: list[str] = field(default_factory=list)

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The number of each concept by its IRI."""
        return {concept.iri: number for number, concept in enumerate(self.concepts)}

    def to_data(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        def plain(table: dict[str, list[Sense]]) -> dict[str, list[list[Any]]]:
            return {form: [[*sense] for sense in senses] for form, senses in table.items()}

        return {"version": self.version,
                "concepts": [[iri, label, kind, [[*each] for each in broader], sorted(near)]
                             for iri, label, kind, broader, near in self.concepts],
                "forms": plain(self.forms), "short": plain(self.short),
                "tails": self.tails, "stems": self.stems, "ordinary": self.ordinary}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Lexicon:
        """Take back what :meth:`to_data` gave."""
        concepts = [Concept(iri, label, kind, tuple(map(tuple, broader)), frozenset(near))
                    for iri, label, kind, broader, near in data["concepts"]]
        return cls(data["version"], concepts, data["forms"], data["short"], data["tails"],
                   data["stems"], data["ordinary"])


def compile_lexicon(rows: Iterable[tuple[str, str, str]], version: str) -> Lexicon:
    """Compile the rows of ``queries/service/lexicon.rq``.

    :param rows: term, property and value.
    :param version: of the ontology.
    """
    facts = _Facts(rows)
    lexicon = Lexicon(version, facts.concepts())
    variants = Variants.load()
    for concept, scope, name in facts.names(lexicon.numbers):
        if fold_form(name) in facts.never:
            continue
        _add(lexicon, variants, concept, scope, name)
    for table in (lexicon.forms, lexicon.short):
        for form, senses in table.items():
            table[form] = _ranked(senses, lexicon.concepts)
    shared = tails(lexicon.forms)
    lexicon.tails, lexicon.stems = sorted(shared), sorted(stems(lexicon.forms, shared))
    words = resources.package_text("tagging/data/ordinary.txt").splitlines()
    ordinary = {each for word in words if word and word[0] != "#" for each in variants.of(word)}
    lexicon.ordinary = sorted(ordinary)
    return lexicon


def _add(lexicon: Lexicon, variants: Variants, concept: int, scope: str, name: str) -> None:
    if scope == "abbreviation":
        for written, reasons in {_NUMBERED.sub("", name): ("joined",), name: ()}.items():
            for ending, more in (("", ()), ("s", ("number",))):
                lexicon.short.setdefault(written + ending, []).append(
                    Sense(concept, name, scope, (*reasons, *more), ""))
        return
    acronym = _ACRONYM.search(name)
    exact_parts = (*variants.acronyms, *([acronym[0]] if acronym else []))
    has_heads = lexicon.concepts[concept].kind == "instrument" and scope != "narrow"
    for written, reasons in variants.of(name, instrument=has_heads).items():
        if written.removesuffix("s") in map(fold_form, exact_parts):
            continue
        words = written.split()
        exact = next((each for each in exact_parts if fold_form(each) in words), "")
        lexicon.forms.setdefault(written, []).append(Sense(concept, name, scope, reasons, exact))


def _ranked(senses: list[Sense], concepts: list[Concept]) -> list[Sense]:
    """Order senses by likelihood, each concept once; a changed form yields to one as it stands."""
    def rank(sense: Sense) -> tuple[int, int, int, str]:
        changed = len(set(sense.reasons) & {"head", "synonymous words", "word order"})
        return changed, RANKS[sense.scope], len(sense.reasons), concepts[sense.concept].iri

    best: dict[int, Sense] = {}
    for sense in sorted(senses, key=lambda sense: (len(sense.reasons), RANKS[sense.scope])):
        best.setdefault(sense.concept, sense)
    ranked = sorted(best.values(), key=rank)
    return [sense for sense in ranked if rank(sense)[0] == rank(ranked[0])[0]]


class _Facts:
    """What the graph says of each term, sorted by what the lexicon asks."""

    def __init__(self, rows: Iterable[tuple[str, str, str]]) -> None:
        self._scope = tomllib.loads(resources.package_text("tagging/data/scope.toml"))
        self.never = frozenset(self._scope["never"])
        self._names: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self._supers: dict[str, set[str]] = defaultdict(set)
        self._types: dict[str, set[str]] = defaultdict(set)
        self._links: dict[str, set[str]] = defaultdict(set)
        self._originals: dict[str, set[str]] = defaultdict(set)
        self._replaced: dict[str, str] = {}
        self._deprecated: set[str] = set()
        for term, name, value in rows:
            self._take(term, name, value)

    def _take(self, term: str, name: str, value: str) -> None:
        if name in _SCOPES:
            self._names[term].append((_SCOPES[name], value))
        elif name == _DEPRECATED:
            self._deprecated.add(term)
        elif name == REPLACED_BY:
            self._replaced[term] = value
        elif value.startswith(IERO) and value != term:
            kept = {_SUPER: self._supers, _TYPE: self._types}.get(name, self._links)
            kept[term].add(value)
            if name == _VERSION_OF:
                self._originals[term].add(value)

    def _above(self, term: str) -> set[str]:
        """Return all broader terms: superclasses, and the types of an individual with theirs."""
        found = set(self._supers[term])
        for kind in self._types[term]:
            found |= {kind} | self._supers[kind]
        return found - {term}

    def concepts(self) -> list[Concept]:
        """Return the terms to look for, ordered by IRI."""
        above = {term: self._above(term) for term in list(self._names)}
        wanted = sorted(term for term in above if self._is_wanted(term, above[term]))
        numbers = {term: number for number, term in enumerate(wanted)}
        near = self._near(wanted, above)
        labels = {term: next((text for scope, text in self._names[term] if scope == "label"), "")
                  for term in wanted}
        return [Concept(term, labels[term], _kind(above[term]), self._levels(term, above[term]),
                        frozenset(numbers[each] for each in near[term] if each in numbers))
                for term in wanted]

    def _is_wanted(self, term: str, above: set[str]) -> bool:
        def within(names: Iterable[str]) -> bool:
            return any(IERO + name in above or IERO + name == term for name in names)

        if term in self._deprecated or "/claim/" in term or not above or within(
                self._scope["excluded"]) or self._original(term):
            return False
        if term.removeprefix(IERO) in self._scope["general"]:
            return False
        return IERO + "InformationEntity" not in above or within(self._scope["information"])

    def _original(self, term: str) -> str:
        """Return the instrument for which a version is taken; nothing if it stands for itself."""
        def stands(each: str) -> bool:  # as an individual, and no kind of instrument
            is_own = each.removeprefix(IERO) in self._scope["own"]
            return bool(self._types.get(each)) and (is_own or each not in self._originals)

        if term.removeprefix(IERO) in self._scope["own"]:
            return ""
        nearest_last = sorted(filter(stands, self._originals.get(term, ())),
                              key=lambda each: (len(self._originals.get(each, ())), each))
        return nearest_last[-1] if nearest_last else ""

    def _levels(self, term: str, above: set[str]) -> tuple[tuple[int, str], ...]:
        """Return the broader terms with how many steps up they stand, the nearest first."""
        levels: dict[str, int] = {}
        step, level = {term}, 0
        while step:
            level += 1
            step = {up for each in step for up in self._direct(each)} & above - set(levels)
            levels.update(dict.fromkeys(step, level))
        return tuple(sorted((level, each) for each, level in levels.items()))

    def _direct(self, term: str) -> set[str]:
        above = self._above(term)
        return {up for up in above
                if not any(up in self._supers[other] and other not in self._supers[up]
                           for other in above if other != up)}

    def _near(self, wanted: list[str], above: dict[str, set[str]]) -> dict[str, set[str]]:
        wide = {IERO + name for name in self._scope["general"]}
        weak = {IERO + name for name in self._scope["frequent"]}
        near: dict[str, set[str]] = {term: set() for term in wanted}
        children: dict[str, set[str]] = defaultdict(set)
        for term in wanted:
            pairs = (above[term] | self._links[term]) - wide
            for other in pairs & near.keys():
                near[term].add(other)
                near[other].add(term)
            for up in self._direct(term):
                children[up].add(term)
        for siblings in children.values():
            if len(siblings) <= _SIBLINGS:
                for term in siblings:
                    near[term] |= siblings
        return {term: self._further(term, near) - weak - {term} for term in near}

    def _further(self, term: str, near: dict[str, set[str]]) -> set[str]:
        """Return the neighbours of a term, and theirs unless they have very many."""
        few = [near[other] for other in near[term] if len(near[other]) <= _FEW]
        return near[term].union(*few)

    def names(self, numbers: Mapping[str, int]) -> list[tuple[int, str, str]]:
        """Return concept, scope and name.

        Those of a deprecated term go to its replacement, those of a version to its original, of
        which they name a part.
        """
        found = []
        for term in sorted(self._names):
            heir, seen = term, {term}
            while heir in self._deprecated and heir in self._replaced:
                heir = self._replaced[heir]
                if heir in seen:
                    break
                seen.add(heir)
            original = self._original(heir)
            if (original or heir) in numbers and heir not in self._deprecated:
                for scope, text in self._names[term]:
                    if original and "," in text:  # "…, Italian version", which nobody writes
                        continue
                    if original and scope != "abbreviation":
                        kept = "narrow"
                    else:
                        kept = "exact" if scope == "label" and heir != term else scope
                    found.append((numbers[original or heir], kept, text))
        return found


def _kind(above: set[str]) -> str:
    for name in ("Instrument", "Subscale", "Theory"):
        if IERO + name in above:
            return name.lower()
    return "class"
