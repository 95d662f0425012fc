"""The build from end to end, each stage a step with a name."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path

from iero.build.claims import Claims, find_claim_faults, read_claims
from iero.build.diagnose import refuse_contradiction, refuse_empty_classes
from iero.build.entailments import (
    Axioms,
    Hierarchy,
    class_entailments,
    direct_entailments,
    helper_entailments,
    make_helpers,
)
from iero.build.faults import refuse
from iero.build.profile import find_faults
from iero.build.reasoner import Contradiction, Reasoner, find_java, logical
from iero.build.release import Content, Difference, compare, recover, write_release
from iero.build.sources import Sources, load_sources
from iero.errors import OntologyError
from iero.rdf import Triple
from iero.resources import home

Progress = Callable[[str], None]


@dataclass(frozen=True)
class BuildReport:
    """What a build made.

    :param counts: modules, classes, properties, individuals, claims, then each graph's triples.
    """

    target: Path
    counts: dict[str, int]
    seconds: float


def build(source: Traversable | None = None, target: Path | None = None, *,
          java: str | None = None, progress: Progress | None = None) -> BuildReport:
    """Build the release; a build that fails leaves the last release as it was.

    :param source: the folder ``ontology/``; by default the one that ships with the package.
    :param target: the folder of the release; by default ``release/`` in the source folder.
    :param java: the Java program, if not the one that is found.
    :param progress: is called with the name of each stage as it begins.
    :raises OntologyError: if the sources are wrong: with file, term and reason.
    :raises ToolMissing: if there is no Java.
    """
    start = time.monotonic()
    tell = progress or _silent
    folder, place = _folders(source, target)
    content, counts = _make(folder, java, tell)
    tell("Write the release")
    write_release(content.files(), place)
    return BuildReport(place, counts, time.monotonic() - start)


def check_release(source: Traversable | None = None, target: Path | None = None, *,
                  java: str | None = None, progress: Progress | None = None) -> list[Difference]:
    """Build in memory and compare with the release on disk, byte for byte; write nothing.

    The arguments are those of :func:`build`.

    :returns: each file that differs, with its first differing line; nothing if all is current.
    """
    tell = progress or _silent
    folder, place = _folders(source, target)
    content, _ = _make(folder, java, tell)
    tell("Compare with the release")
    return compare(content.files(), place)


def _silent(_: str) -> None:
    """Tell nobody."""


def _folders(source: Traversable | None, target: Path | None) -> tuple[Traversable, Path]:
    folder = source if source is not None else home() / "ontology"
    if target is None and not isinstance(folder, Path):
        raise OntologyError(f"{folder} is no folder that a release can be written to.",
                            hint="Say where to write it.", file=str(folder), term="",
                            reason="It is packed in an archive.")
    place = target if target is not None else Path(str(folder), "release")
    recover(place)
    return folder, place


def _make(folder: Traversable, java: str | None, tell: Progress) -> tuple[Content, dict[str, int]]:
    """Do everything but touch the release."""
    reasoner = Reasoner(find_java(java))
    tell("Read the sources")
    sources = load_sources(folder)
    tell("Check names and OWL 2 DL")
    refuse([*find_faults(sources), *find_claim_faults(sources)])
    tell("Classify")
    axioms = logical(sources.triples())
    nearest = _classify(sources, reasoner, axioms)
    tell("Materialise relations")
    content = _materialise(sources, reasoner, axioms, nearest)
    return content, _counts(content)


def _classify(sources: Sources, reasoner: Reasoner, axioms: Sequence[Triple]) -> list[Triple]:
    """Return HermiT's inferences, or stop because axioms contradict or classes are empty."""
    try:
        inferred = reasoner.infer(axioms)
    except Contradiction:
        refuse_contradiction(sources, reasoner, axioms)
        raise
    refuse_empty_classes(sources, reasoner, axioms, Hierarchy([*axioms, *inferred]).empty)
    return inferred


def _materialise(sources: Sources, reasoner: Reasoner, told: Sequence[Triple],
                 inferred: Sequence[Triple]) -> Content:
    """Ask the reasoner again, with helpers; claims are left out: no axiom restricts them.

    They are individuals tied to terms by annotation properties, so nothing about kinds can follow
    from them, and hundreds of them would only be realised a second time.
    """
    axioms = Axioms(told)
    hierarchy = Hierarchy([*told, *inferred])
    helpers = make_helpers(axioms, hierarchy)
    more = reasoner.infer([*logical(sources.triples(claims=False)), *helpers.axioms])
    whole = Hierarchy([*told, *inferred, *more])
    found = class_entailments(axioms, hierarchy) | helper_entailments(axioms, helpers, whole)
    claims = read_claims(sources.triples())
    derived = claims.plain_triples() | claims.conflicts()
    return Content(sources, frozenset(found),
                   frozenset(direct_entailments(axioms, hierarchy)), frozenset(derived))


def _counts(content: Content) -> dict[str, int]:
    triples = content.sources.triples()
    axioms = Axioms(logical(triples))
    claims: Claims = read_claims(triples)
    counts = {
        "modules": len(content.sources.modules),
        "classes": len(axioms.classes),
        "object properties": len(axioms.relations.properties),
        "individuals": len(Hierarchy(axioms.triples).told_types),
        "claims": len(claims),
    }
    for graph, known in content.graphs().items():
        counts[f"triples in {graph.rpartition('/')[2]}"] = len(known)
    return counts
