"""What a release changes: terms, claims and inferences, as people and programs want to read it.

Two releases are compared by what they say of each term, not by the lines of their files: class
expressions are written out, so that a blank node's name is no difference.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

from iero.errors import NotFound
from iero.naming import KINDS, split_name
from iero.rdf import (
    FORMATS,
    Triple,
    curie,
    iri,
    is_blank,
    is_iri,
    is_literal,
    parse_graphs,
    value,
)
from iero.store import data_format
from iero.vocabulary import INFERRED_GRAPH, MAPPINGS_GRAPH, REPLACED_BY, SHAPES_GRAPH

__all__ = ["Change", "Difference", "Entry", "Release", "compare"]

DATA_FILE: Final = "iero-kg.nq"
"""The file of a release folder that holds everything."""

_TYPE, _LABEL, _FIRST, _REST = map(iri, ("rdf:type", "rdfs:label", "rdf:first", "rdf:rest"))
_CLAIM, _WORK = iri("iero:Claim"), iri("iero:Work")
_ONTOLOGY, _VERSION = iri("owl:Ontology"), iri("owl:versionInfo")
_DEPRECATED, _REPLACED = iri("owl:deprecated"), f"<{REPLACED_BY}>"
_CONFLICT: Final = iri("iero:conflictsWith")
_NAMED_KINDS: Final = {iri(name): kind for name, kind in KINDS.items()}
_QUANTIFIERS: Final = {iri(f"owl:{name}"): word for name, word in (
    ("someValuesFrom", "some"), ("allValuesFrom", "only"), ("hasValue", "value"))}
_JOINTS: Final = {iri("owl:intersectionOf"): " and ", iri("owl:unionOf"): " or "}


@dataclass(frozen=True, order=True)
class Entry:
    """Something that a release describes."""

    term: str
    """Its CURIE, or its IRI where no prefix fits."""
    label: str
    kind: str
    """A kind of term, ``claim``, or ``work``."""
    replaced_by: str = ""
    """The term to use instead of a deprecated one."""


@dataclass(frozen=True, order=True)
class Change:
    """What two releases say differently of one thing: ``(property, value)`` pairs."""

    entry: Entry
    lost: tuple[tuple[str, str], ...]
    gained: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Difference:
    """How a release differs from an older one.

    :ivar removed: what is gone; for terms that is a fault, since IRIs are for ever.
    :ivar conflicts: pairs of claims that newly contradict each other.
    :ivar inferred: what newly follows; ``no_longer_inferred`` what no longer does; each as
        ``(subject, property, object)``.
    """

    old: str
    new: str
    added: tuple[Entry, ...]
    removed: tuple[Entry, ...]
    deprecated: tuple[Entry, ...]
    changed: tuple[Change, ...]
    conflicts: tuple[tuple[str, str], ...]
    inferred: tuple[tuple[str, str, str], ...]
    no_longer_inferred: tuple[tuple[str, str, str], ...]

    def counts(self) -> dict[str, int]:
        """Return how many terms, claims and works were added, changed and so on."""
        found: dict[str, int] = {}
        for what in ("added", "changed", "deprecated", "removed"):
            entries = [getattr(one, "entry", one) for one in getattr(self, what)]
            for kind in ("term", "claim", "work"):
                number = sum(_group(entry) == kind for entry in entries)
                found[f"{kind}s {what}"] = number
        found["conflicts added"] = len(self.conflicts)
        found["inferences gained"] = len(self.inferred)
        found["inferences lost"] = len(self.no_longer_inferred)
        return {name: number for name, number in found.items() if number}

    def __bool__(self) -> bool:
        return bool(self.counts())

    def to_dict(self) -> dict[str, Any]:
        """Return the difference as JSON has it."""
        return asdict(self) | {"counts": self.counts()}

    def to_markdown(self) -> str:
        """Return the release notes: the counts, and every term and claim by name."""
        lines = [f"# {self.old} to {self.new}", ""]
        lines += [f"* {name}: {number:,}" for name, number in self.counts().items()]
        for what in ("added", "changed", "deprecated", "removed"):
            entries = [getattr(one, "entry", one) for one in getattr(self, what)]
            for group in dict.fromkeys(map(_group, entries)):
                lines += ["", f"## {group.capitalize()}s {what}", ""]
                lines += [_item(entry) for entry in entries if _group(entry) == group]
        return "\n".join(lines) + "\n"


def _item(entry: Entry) -> str:
    kind = "" if _group(entry) == entry.kind else f" ({entry.kind})"
    instead = f", now `{entry.replaced_by}`" if entry.replaced_by else ""
    return f"* `{entry.term}` {entry.label}{kind}{instead}"


def _group(entry: Entry) -> str:
    return entry.kind if entry.kind in ("claim", "work") else "term"


class Release:
    """One release, read for comparison."""

    def __init__(self, graphs: Mapping[str, Iterable[Triple]], name: str = "") -> None:
        """Take the triples of each graph; an OWL document has one graph without a name."""
        self.inferred = set(graphs.get(INFERRED_GRAPH, ()))
        apart = (INFERRED_GRAPH, MAPPINGS_GRAPH, SHAPES_GRAPH)
        self._said: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for graph, triples in graphs.items():
            for subject, predicate, object_ in () if graph in apart else triples:
                self._said[subject].append((predicate, object_))
        self.version = self._version() or name

    @classmethod
    def open(cls, place: Path | Traversable) -> Release:
        """Read the folder of a release, or one of its files.

        :raises NotFound: if there is no such file, or it is no RDF file by its name.
        :raises OntologyError: if it does not parse, with file, line and reason.
        """
        file = place / DATA_FILE if place.is_dir() else place
        fmt = data_format(file.name)
        if not file.is_file():
            raise NotFound(f"There is no file {str(file)!r}.", nearest=[],
                           hint=f"Name a release's folder, which holds {DATA_FILE}, or a file.")
        if fmt.name not in FORMATS:
            known = ", ".join(sorted(FORMATS))
            raise NotFound(f"{str(file)!r} is not in a format that can be compared.", nearest=[],
                           hint=f"Give one of these: {known}.")
        return cls(parse_graphs(file.read_bytes(), fmt.name, name=str(file)), str(place))

    def entries(self) -> dict[str, Entry]:
        """Return what the release describes, by its term."""
        found = {}
        for subject, said in self._said.items():
            types = [o for p, o in said if p == _TYPE]
            if is_iri(subject) and types and _ONTOLOGY not in types:
                found[subject] = self._entry(subject, types)
        return found

    def is_deprecated(self, term: str) -> bool:
        """Say whether the release advises against a term."""
        return any(p == _DEPRECATED and value(o).text in ("true", "1")
                   for p, o in self._said.get(term, ()))

    def statements(self, term: str) -> set[tuple[str, str]]:
        """Return what is stated of a term: property and value, class expressions written out."""
        return {(curie(p), self._written(o)) for p, o in self._said[term] if p != _CONFLICT}

    def conflicts(self) -> set[tuple[str, str]]:
        """Return the pairs of claims that contradict each other, each pair once."""
        return {(curie(s), curie(o)) for s, said in self._said.items()
                for p, o in said if p == _CONFLICT and s < o and is_iri(o)}

    def _version(self) -> str:
        found = [value(o).text for s, said in self._said.items() for p, o in said
                 if p == _VERSION and (_TYPE, _ONTOLOGY) in said]
        return found[0] if found else ""

    def _entry(self, subject: str, types: list[str]) -> Entry:
        kind = next((_NAMED_KINDS[t] for t in types if t in _NAMED_KINDS), "individual")
        kind = "claim" if _CLAIM in types else "work" if _WORK in types else kind
        instead = [curie(o) for p, o in self._said[subject] if p == _REPLACED]
        return Entry(curie(subject), self._label(subject), kind, ", ".join(instead))

    def _label(self, subject: str) -> str:
        labels = sorted(value(o).text for p, o in self._said.get(subject, ()) if p == _LABEL)
        return labels[0] if labels else split_name(subject[1:-1])

    def _written(self, term: str) -> str:
        if is_literal(term):
            return value(term).text
        return self._expression(term) if is_blank(term) else curie(term)

    def _expression(self, node: str) -> str:
        """Write a class expression in the manner of Manchester syntax (W3C Note, 2012)."""
        said = dict(self._said[node])
        on = said.get(iri("owl:onProperty"))
        for predicate, word in _QUANTIFIERS.items():
            if on and predicate in said:
                return f"{self._written(on)} {word} {self._written(said[predicate])}"
        for predicate, joint in _JOINTS.items():
            if predicate in said:
                return f"({joint.join(sorted(map(self._written, self._list(said[predicate]))))})"
        rest = sorted(f"{curie(p)} {self._written(o)}" for p, o in self._said[node])
        if _FIRST in said:
            rest = list(map(self._written, self._list(node)))
        return f"[{'; '.join(rest)}]"

    def _list(self, node: str) -> Iterator[str]:
        while node in self._said:
            said = dict(self._said[node])
            yield said[_FIRST]
            node = said[_REST]


def compare(old: Release, new: Release) -> Difference:
    """Return how a release differs from an older one."""
    before, after = old.entries(), new.entries()
    both = sorted(before.keys() & after.keys())
    deprecated = [term for term in both if new.is_deprecated(term) and not old.is_deprecated(term)]
    changes = [_change(after[term], old.statements(term), new.statements(term))
               for term in both if term not in deprecated]
    return Difference(
        old=old.version, new=new.version,
        added=tuple(sorted(after[term] for term in after.keys() - before.keys())),
        removed=tuple(sorted(before[term] for term in before.keys() - after.keys())),
        deprecated=tuple(sorted(after[term] for term in deprecated)),
        changed=tuple(sorted(change for change in changes if change.lost or change.gained)),
        conflicts=tuple(sorted(new.conflicts() - old.conflicts())),
        inferred=_curies(new.inferred - old.inferred),
        no_longer_inferred=_curies(old.inferred - new.inferred),
    )


def _change(entry: Entry, before: set[tuple[str, str]], after: set[tuple[str, str]]) -> Change:
    return Change(entry, tuple(sorted(before - after)), tuple(sorted(after - before)))


def _curies(triples: Iterable[Triple]) -> tuple[tuple[str, str, str], ...]:
    return tuple(sorted((curie(s), curie(p), curie(o)) for s, p, o in triples))
