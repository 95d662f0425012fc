"""The names of a concept and of what is narrower, in their spellings and numbers.

Names that are ordinary words ("venting"), and abbreviations that stand for other things too, are
marked as doubtful, with words of the concept beside which they can be believed.
"""

from __future__ import annotations

import csv
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from iero import resources
from iero.errors import BadParameter
from iero.tagging.finding.text import fold_form
from iero.tagging.variants import Variants
from iero.terms import IRI
from iero.vocabulary import IERO, PREFIXES, REPLACED_BY

if TYPE_CHECKING:
    from iero.graph import KnowledgeGraph

__all__ = ["Concept", "Name", "Words", "gather", "subject_headings"]

SCOPES: Final = {
    PREFIXES["rdfs"] + "label": "label", IERO + "abbreviation": "abbreviation",
    **{f"{PREFIXES['oboInOwl']}has{scope.capitalize()}Synonym": scope
       for scope in ("exact", "narrow", "related", "broad")},
}
_ORDER: Final = tuple(dict.fromkeys(SCOPES.values()))
_BROADER: Final = PREFIXES["skos"] + "broader"
_DEPRECATED: Final = PREFIXES["owl"] + "deprecated"
_AMBIGUOUS: Final = IERO + "ambiguousWith"
_SAME: Final = frozenset(("spelling", "number", "joined"))
_WORDINGS: Final = _SAME | {"synonymous words", "word order"}


@dataclass(frozen=True)
class Name:
    """A name as the ontology writes it.

    :ivar forms: its writings in lower case with a space for every hyphen, each with how it differs;
        an abbreviation is written as it stands.
    :ivar doubtful: whether it is ambiguous or an ordinary word.
    :ivar context: for a doubtful name, words of the concept beside which it can be believed.
    """

    text: str
    scope: str
    concept: IRI
    forms: dict[str, tuple[str, ...]] = field(hash=False)
    doubtful: bool = False
    context: tuple[str, ...] = ()


@dataclass(frozen=True)
class Concept:
    """A concept with its names.

    :ivar ambiguity: what its names also mean, in the words of the ontology.
    """

    iri: IRI
    label: str
    names: tuple[Name, ...]
    ambiguity: tuple[str, ...]


class Words:
    """What is known of words: how names vary, which are ordinary, which say little.

    :ivar function: function words and operators.
    :ivar excluded: local names of classes whose members are not searched for.

    :param table: the content of ``data/words.toml``.
    :param ordinary: the forms of ``tagging/data/ordinary.txt``.
    :param rules: the content of ``tagging/data/variants.toml``.
    :param scope: the content of ``tagging/data/scope.toml``.
    """

    def __init__(self, table: dict[str, Any], ordinary: Iterable[str], rules: dict[str, Any],
                 scope: dict[str, Any]) -> None:
        self.function = frozenset(table["function"])
        self._general = frozenset(table["general"]) | self.function
        self._ordinary = frozenset(ordinary)
        self.excluded = frozenset(scope["excluded"])
        self._variants = Variants(rules)
        self._prefix = re.compile(rf"\b({'|'.join(rules['prefixes'])})-", re.IGNORECASE)

    @classmethod
    def load(cls) -> Words:
        """Read the words that ship with the package."""
        lines = resources.package_text("tagging/data/ordinary.txt").splitlines()
        ordinary = (line for line in lines if line and not line.startswith("#"))
        return cls(_toml("search_strings/data/words.toml"), ordinary,
                   _toml("tagging/data/variants.toml"), _toml("tagging/data/scope.toml"))

    def forms(self, name: str, scope: str, *, wordings: bool) -> dict[str, tuple[str, ...]]:
        """Return every writing of a name, with the reasons for each; the plain one first.

        Proper names have no plural, and only prefixes are written joined.

        >>> words = Words.load()
        >>> list(words.forms("safety behavior", "label", wordings=False))
        ['safety behavior', 'safety behaviour', 'safety behaviors', 'safety behaviours']
        >>> list(words.forms("Difficulties in Emotion Regulation Scale", "label", wordings=False))
        ['difficulties in emotion regulation scale']
        """
        if scope == "abbreviation":
            return {name: ()}
        allowed = set(_WORDINGS if wordings else _SAME)
        if len(re.findall(r"\b[A-Z]", name)) > 1:
            allowed.discard("number")
        if not self._prefix.search(name):
            allowed.discard("joined")
        return {form: reasons for form, reasons in self._variants.of(name).items()
                if allowed.issuperset(reasons)}

    def is_ordinary(self, forms: Iterable[str]) -> bool:
        """Say whether a name is an ordinary word, or one of other subjects too."""
        return not self._ordinary.isdisjoint(forms)

    def telling(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the words of names that tell what they are about, sorted.

        >>> Words.load().telling(["Emotion Regulation of Others and Self"])
        ('emotion', 'regulation')
        """
        words = {word for name in names for word in fold_form(name).split()}
        return tuple(sorted(word for word in words - self._general
                            if len(word) > 3 and word.isalpha()))


def gather(graph: KnowledgeGraph, concept: str, words: Words, *, narrower: bool = True,
           wordings: bool = False) -> list[Concept]:
    """Return a concept and, if wanted, everything narrower; the concept first, the rest by label.

    A deprecated concept stands for its replacement. Of the narrower ones those are left out that
    are deprecated, or that the tagger does not look for either, such as examples.

    :raises NotFound: if the graph has no such concept.
    :raises BadParameter: if it has no name.
    """
    iri = graph.resolve(concept)
    facts: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    query = resources.read("queries/service/search-string.rq").decode()
    excluded = {IERO + name for name in words.excluded}
    left_out = set[str]()
    for row in graph.select(query, concept=iri):
        facts[row["term"]][row["property"]].append(str(row["value"]))
        if row["property"] == _DEPRECATED or row.get("broader") in excluded:
            left_out.add(row["term"])
    if heir := facts[iri][REPLACED_BY]:
        return gather(graph, heir[0], words, narrower=narrower, wordings=wordings)
    below = set(facts) - left_out - {iri} if narrower else set()
    kept = [iri, *sorted(below, key=lambda term: (_label(facts[term]), term))]
    made = [_concept(IRI(term), facts[term], words, wordings) for term in kept]
    if not made[0].names:
        raise BadParameter(f"{concept!r} has no name to search for.", parameter="concept")
    return made


def subject_headings(concepts: Iterable[Concept]) -> list[str]:
    """Return the subject headings of MEDLINE (MeSH) that mean just what some concepts mean.

    They are those that the shipped mappings call an exact match.
    """
    lines = resources.read("ontology/mappings/iero.sssom.tsv").decode().splitlines()
    rows = csv.DictReader((line for line in lines if line[:1] != "#"), delimiter="\t")
    exact = {row["subject_id"].replace("iero:", IERO, 1): row["object_label"] for row in rows
             if row["object_id"].startswith("mesh:") and row["predicate_id"] == "skos:exactMatch"}
    return [exact[each.iri] for each in concepts if each.iri in exact]


def _toml(path: str) -> dict[str, Any]:
    return tomllib.loads(resources.package_text(path))


def _label(found: dict[str, list[str]]) -> str:
    return min(found.get(PREFIXES["rdfs"] + "label", [""]))


def _concept(iri: IRI, found: dict[str, list[str]], words: Words, wordings: bool) -> Concept:
    label, ambiguity = _label(found), tuple(sorted(found.get(_AMBIGUOUS, [])))
    plain = not words.is_ordinary(words.forms(label, "label", wordings=False))
    contexts = (words.telling([label] if plain else []), words.telling(found.get(_BROADER, [])))
    names = []
    for scope, value in _listed(found):
        forms = words.forms(value, scope, wordings=wordings)
        told = re.search(rf"(?<!\w){re.escape(value)}(?!\w)", " ".join(ambiguity)) is not None
        doubtful = told if scope == "abbreviation" else words.is_ordinary(forms)
        names.append(Name(value, scope, iri, forms, doubtful,
                          _context(forms, contexts) if doubtful else ()))
    return Concept(iri, label, tuple(names), ambiguity)


def _listed(found: dict[str, list[str]]) -> list[tuple[str, str]]:
    """Return scope and text of the names: the label first, then by scope and alphabet."""
    ranked = sorted((_ORDER.index(SCOPES[name]), value) for name, values in found.items()
                    if name in SCOPES for value in set(values))
    return [(_ORDER[rank], value) for rank, value in ranked]


def _context(forms: Iterable[str], contexts: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the first context that has words beside those of the name itself, without these."""
    own = {word for form in forms for word in form.split()}
    apart = (tuple(word for word in context if word not in own) for context in contexts)
    return next(filter(None, apart), ())
