"""The names of things: from a name to the thing, and from a thing to how it is called."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from operator import itemgetter
from typing import Final

from iero.errors import BadParameter
from iero.terms import IRI, Row
from iero.vocabulary import DEFINITION, PREFIXES, compress, expand, is_own

__all__ = ["KINDS", "Named", "Names", "spell", "split_name"]

_BOUNDARY: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_LABEL: Final = PREFIXES["rdfs"] + "label"
_TYPE: Final = PREFIXES["rdf"] + "type"
_SUPER: Final = PREFIXES["rdfs"] + "subClassOf"
_ABBREVIATION: Final = PREFIXES["iero"] + "abbreviation"
_CLAIM: Final = PREFIXES["iero"] + "Claim"
_ROLES: Final = {_LABEL: "label", DEFINITION: "definition",
                 _ABBREVIATION: "abbreviation", PREFIXES["dcterms"] + "creator": "author",
                 PREFIXES["dcterms"] + "title": "title"}
KINDS: Final = {
    "owl:Class": "class", "owl:ObjectProperty": "object property",
    "owl:DatatypeProperty": "data property",
    "owl:AnnotationProperty": "annotation property", "owl:NamedIndividual": "individual",
}
"""What people call the kinds of things that OWL declares, by CURIE."""


class Named(IRI):
    """An IRI that knows its label.

    >>> Named("https://w3id.org/iero/Venting", "venting").label
    'venting'
    >>> Named("https://w3id.org/iero/hasTarget").label
    'has target'
    """

    __slots__ = ("label",)
    label: str

    def __new__(cls, iri: str, label: str = "") -> Named:
        """Name an IRI; without a label its own last part is spelt out."""
        made = super().__new__(cls, iri)
        made.label = str(label) or split_name(iri)
        return made


def split_name(iri: str) -> str:
    """Return the last part of an IRI as words, or the CURIE where that is no word.

    >>> split_name("http://www.w3.org/2002/07/owl#ObjectProperty")
    'object property'
    >>> split_name("https://doi.org/10.1037/a0033839")
    'doi:10.1037/a0033839'
    """
    curie = compress(iri)
    local = re.split(r"[/#]", iri)[-1]
    if not re.fullmatch(r"[A-Za-z]+", local) or iri.startswith(PREFIXES["doi"]):
        return curie
    return spell(local)


def spell(name: str) -> str:
    """Return a name that runs its words together as separate words.

    >>> spell("studyType"), spell("IERQSoothing"), spell("social_sharing")
    ('study type', 'IERQ soothing', 'social sharing')
    """
    words = _BOUNDARY.sub(" ", name).replace("_", " ").split()
    return " ".join(word if word.isupper() and len(word) > 1 else word.lower() for word in words)


class Names:
    """Everything that has a label, by all of its names."""

    def __init__(self, rows: Iterable[Row]) -> None:
        """Take the rows ``term, property, text`` of ``queries/service/names.rq``."""
        self._texts: dict[IRI, dict[str, list[str]]] = {}
        for row in sorted(rows, key=itemgetter("term", "property", "text")):
            texts = self._texts.setdefault(IRI(row["term"]), {})
            texts.setdefault(str(row["property"]), []).append(str(row["text"]))
        self._by_label: dict[str, list[IRI]] = {}
        for iri, texts in self._texts.items():
            for label in texts[_LABEL]:
                self._by_label.setdefault(label.lower(), []).append(iri)

    def find(self, name: str) -> IRI | None:
        """Return the thing with a local name, a CURIE, an IRI, or a label that nothing else has."""
        try:
            iri = IRI(expand(name))
        except BadParameter:
            iri = IRI()
        if iri in self._texts:
            return iri
        found = self._by_label.get(" ".join(name.lower().split()), [])
        return found[0] if len(found) == 1 else None

    def label(self, iri: str) -> str:
        """Return what a thing is called; nothing for one that has no label."""
        texts = self._texts.get(IRI(iri))
        return texts[_LABEL][0] if texts else ""

    def definition(self, iri: str) -> str:
        """Return the definition of a thing; nothing for one that has none."""
        return next(iter(self._texts.get(IRI(iri), {}).get(DEFINITION, [])), "")

    def spoken(self, iri: str) -> str:
        """Return the name by which people call a thing and :meth:`find` finds it."""
        label = self.label(iri)
        return label if label and self.find(label) == iri else compress(iri)

    def nearest(self, name: str, n: int) -> list[str]:
        """Return the names most like a given one, as they can be typed."""
        names: dict[str, str] = {}
        for iri, texts in self._texts.items():
            if is_own(iri):
                local = iri.curie.removeprefix("iero:")
                names[local.lower()] = local
                names.update((label.lower(), local) for label in texts[_LABEL])
        wanted = re.split(r"[/#:]", name.strip("<> "))[-1].lower()
        close = get_close_matches(wanted, names, n=3 * n, cutoff=0.6)
        return list(dict.fromkeys(names[each] for each in close))[:n]

    def own(self) -> list[Named]:
        """Return the classes, properties and individuals of IERO, claims apart, by label."""
        found = [Named(iri, texts[_LABEL][0]) for iri, texts in self._texts.items()
                 if is_own(iri) and _CLAIM not in texts.get(_TYPE, [])]
        return sorted(found, key=lambda term: (term.label.lower(), term))

    def entries(self) -> Iterator[tuple[IRI, str, str, tuple[tuple[str, str], ...]]]:
        """Yield ``(IRI, label, kind, texts by role)`` for the search index."""
        for iri, texts in self._texts.items():
            named = [(_ROLES.get(name, "synonym"), text) for name, found in texts.items()
                     if name not in (_TYPE, _SUPER) for text in found]
            yield iri, texts[_LABEL][0], self._kind(texts.get(_TYPE, [])), tuple(named)

    def _kind(self, types: list[str]) -> str:
        # An individual has the types of all superclasses too; the deepest one tells most.
        own = [self._texts[IRI(kind)] for kind in types if IRI(kind) in self._texts]
        if own:
            return max((len(kind.get(_SUPER, [])), kind[_LABEL][0]) for kind in own)[1]
        kinds = [KINDS[kind] for kind in map(compress, types) if kind in KINDS]
        return min(kinds, default="thing", key=lambda kind: kind == "individual")
