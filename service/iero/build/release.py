"""The files of a release: what is in each, and how they come to the disk all at once."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from iero import turtle
from iero.build import owl
from iero.build.sources import Module, Sources
from iero.build.void import describe
from iero.rdf import Triple, convert, is_blank, nquads, ntriples
from iero.vocabulary import (
    CLAIMS_GRAPH,
    INFERRED_GRAPH,
    MAPPINGS_GRAPH,
    ONTOLOGY,
    ONTOLOGY_GRAPH,
    PREFIXES,
    SHAPES_GRAPH,
    compress,
)

FILES: Final = ("iero.owl", "iero.ttl", "iero.jsonld", "iero-inferred.nt", "iero-kg.nq", "void.ttl")
"""The files of a release."""

_RDF_TYPE: Final = PREFIXES["rdf"] + "type"
_STALE: Final = 3600.0
_EXCHANGE: Final = 2
_HERE: Final = -100


@dataclass(frozen=True)
class Content:
    """Everything that a release says.

    :param inferred: all that was inferred, the relation graph too.
    :param nearest: the inferred subclass and type triples that the OWL documents carry.
    :param derived: plain triples and conflicts of claims.
    """

    sources: Sources
    inferred: frozenset[Triple]
    nearest: frozenset[Triple]
    derived: frozenset[Triple]

    def graphs(self) -> dict[str, set[Triple]]:
        """Return the named graphs that the service loads."""
        modules = self.sources.modules
        shapes = {triple for module in self.sources.shapes for triple in module.triples}
        return {
            ONTOLOGY_GRAPH: merge(m for m in modules if not m.holds_claims),
            INFERRED_GRAPH: set(self.inferred),
            CLAIMS_GRAPH: merge(m for m in modules if m.holds_claims) | self.derived,
            MAPPINGS_GRAPH: set(self.sources.mappings),
            SHAPES_GRAPH: shapes,
        }

    def files(self) -> dict[str, bytes]:
        """Return the content of each file.

        The OWL documents leave out the relation graph and the plain triples of claims, which would
        use classes as individuals, and of the inferred superclasses keep the nearest, so that
        editors show a tree and not its closure.
        """
        graphs = self.graphs()
        document = merge(self.sources.modules) | self.nearest
        return {
            "iero.owl": convert(document, "rdfxml"),
            "iero.ttl": turtle.write(document, first=f"<{ONTOLOGY}>"),
            "iero.jsonld": jsonld(document),
            "iero-inferred.nt": ntriples(self.inferred),
            "iero-kg.nq": nquads(graphs),
            "void.ttl": turtle.write(describe(graphs, self.sources.root.triples)),
        }


def merge(modules: Iterable[Module]) -> set[Triple]:
    """Return what modules say under the one header of the ontology, without imports."""
    found: set[Triple] = set()
    for module in modules:
        header = _below(f"<{module.iri}>", module.triples) if module.iri != ONTOLOGY else set()
        found |= {triple for triple in module.triples
                  if triple.subject not in header and triple.predicate != owl.IMPORTS}
    return found


def _below(top: str, triples: Iterable[Triple]) -> set[str]:
    """Return a node with all the blank nodes that hang below it."""
    known, found, waiting = list(triples), {top}, [top]
    while waiting:
        node = waiting.pop()
        fresh = {t.object for t in known if t.subject == node and is_blank(t.object)} - found
        found |= fresh
        waiting += fresh
    return found


def jsonld(triples: Iterable[Triple]) -> bytes:
    """Return JSON-LD 1.1 with IERO's prefixes as its context, one member per line."""
    nodes = json.loads(convert(triples, "jsonld"))
    document = {"@context": PREFIXES, "@graph": [_compact(node) for node in nodes]}
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def _compact(node: dict[str, Any]) -> dict[str, Any]:
    """Shorten the IRIs of a node of expanded JSON-LD, and write single values without a list."""
    made: dict[str, Any] = {}
    for key, value in node.items():
        if key in ("@id", "@type", "@language", "@value"):
            made[key] = compress(value) if key in ("@id", "@type") else value
            continue
        items = [_compact(item) for item in value]
        if key == _RDF_TYPE:
            made["@type"] = [item["@id"] for item in items]
        else:
            plain = [item["@value"] if set(item) == {"@value"} else item for item in items]
            made[compress(key)] = plain if len(plain) > 1 else plain[0]
    return made


def write_release(files: Mapping[str, bytes], target: Path) -> None:
    """Put a release in place of the last one, whole or not at all, even if killed in between.

    The files are written and synced beside the target; one exchange of the two folders publishes
    them. Where the system cannot exchange (anything but Linux), the old folder is renamed first,
    and :func:`recover` puts it back if the process died just then.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    _sweep(target)
    staged = Path(tempfile.mkdtemp(prefix=f".{target.name}-new-", dir=target.parent))
    try:
        staged.chmod(0o755)
        for other in target.iterdir() if target.is_dir() else ():
            if other.name not in FILES and other.is_file():
                shutil.copy2(other, staged / other.name)
        for name, content in files.items():
            _write_synced(staged / name, content)
        _sync(staged)
        _publish(staged, target)
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def recover(target: Path) -> None:
    """Put the last release back if a build died between the two renames of :func:`_publish`."""
    old = _retired(target)
    if old.is_dir() and not target.exists():
        old.rename(target)


def _retired(target: Path) -> Path:
    return target.with_name(f".{target.name}-old")


def _sweep(target: Path) -> None:
    """Remove what builds that were killed have left beside the target."""
    for leftover in target.parent.glob(f".{target.name}-new-*"):
        if time.time() - leftover.stat().st_mtime > _STALE:
            shutil.rmtree(leftover)


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _publish(staged: Path, target: Path) -> None:
    if not target.exists():
        staged.rename(target)
    elif not _exchange(staged, target):
        old = _retired(target)
        shutil.rmtree(old, ignore_errors=True)
        target.rename(old)
        staged.rename(target)
        shutil.rmtree(old)
    _sync(target.parent)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders in one step with Linux's ``renameat2``; say whether that was possible."""
    if not sys.platform.startswith("linux"):
        return False
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    paths = os.fsencode(one), os.fsencode(other)
    return rename is not None and rename(_HERE, paths[0], _HERE, paths[1], _EXCHANGE) == 0


class Difference(NamedTuple):
    """A release file that is not what the sources give."""

    file: str
    line: int
    committed: str
    built: str

    def __str__(self) -> str:
        if not self.line:
            return f"{self.file}: {self.committed or self.built}"
        return (f"{self.file}:{self.line}: the first difference\n"
                f"  committed: {self.committed}\n  built:     {self.built}")


def compare(files: Mapping[str, bytes], target: Path) -> list[Difference]:
    """Return how the files of a release differ from those on disk."""
    found = []
    for name, content in files.items():
        path = target / name
        if not path.is_file():
            found.append(Difference(name, 0, "It is missing from the committed release.", ""))
        elif path.read_bytes() != content:
            found.append(_first_difference(name, path.read_bytes(), content))
    return found


def _first_difference(name: str, committed: bytes, built: bytes) -> Difference:
    old, new = (text.decode("utf-8", "replace").splitlines() for text in (committed, built))
    line = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b),
                min(len(old), len(new)))
    shown = [lines[line][:200] if line < len(lines) else "(end of file)" for lines in (old, new)]
    return Difference(name, line + 1, *shown)
