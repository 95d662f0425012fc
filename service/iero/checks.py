"""Everything that must hold before the ontology may be released: ``iero check``.

Four kinds of check, each told apart by the ``check`` of its findings:

* ``shape:…``: the sources against ``ontology/shapes/``;
* a file name of ``queries/checks/``: each row of the query is a fault;
* ``undefined-term``: names in IERO's namespace that nothing declares, in the sources, the shapes,
  the alignments, the mappings and in every query, those inside shapes included;
* a file name of ``queries/questions/``: each question answers something over the built release, and
  a question about literature over the release with the annotations of its sample.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources.abc import Traversable
from typing import Final

from iero.build.sources import MAPPINGS, Module, Sources, load_sources
from iero.errors import BadQuery, OntologyError, Refused
from iero.queries import SAMPLES
from iero.queries import parse as parse_question
from iero.rdf import curie, iri, is_iri, ntriples, parse, value
from iero.resources import home
from iero.results import Answer
from iero.shapes import Fault, validate
from iero.store import Store
from iero.syntax import Token, declared_prefixes, names
from iero.terms import Row
from iero.vocabulary import PREFIXES, compress, is_own

SEVERITIES: Final = ("error", "warning")
"""The severities of findings, the worse first; only errors keep a release back."""

_RELEASE: Final = "ontology/release/iero-kg.nq"
_HEADER: Final = re.compile(r"^#\+ *severity: *(\S+) *$", re.MULTILINE)
_SAMPLE: Final = re.compile(r"^#\+ *sample:", re.MULTILINE)
_IRI: Final = re.compile(r"<(https?://[^<>\s]+)>")
_TYPE, _SELECT, _ASK = iri("rdf:type"), iri("sh:select"), iri("sh:ask")
_VERSIONS: Final = frozenset(iri(f"owl:{name}") for name in (
    "versionIRI", "priorVersion", "backwardCompatibleWith", "incompatibleWith"))


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, and where."""

    severity: str
    """One of :data:`SEVERITIES`."""
    check: str
    file: str
    """The file and line, as ``ontology/modules/affect.ttl:12``."""
    term: str
    """The term as a CURIE, or nothing."""
    message: str


def run_checks(
    root: Traversable | None = None, progress: Callable[[str], None] | None = None
) -> list[Finding]:
    """Run every check and return what is wrong: errors first, then by check, file and term.

    :param root: the folder that holds ``ontology/`` and ``queries/``; the shipped one by default.
    :param progress: told the name of each stage as it begins.
    :raises OntologyError: if the sources do not parse, or a check cannot be carried out.
    """
    base = root or home()
    sources = load_sources(base / "ontology")
    findings: list[Finding] = []
    for stage, found in (
        ("shapes", _check_shapes(sources)),
        ("check queries", _run_check_queries(base, sources)),
        ("undefined terms", _find_undefined(base, sources)),
        ("questions", _ask_questions(base)),
    ):
        if progress:
            progress(stage)
        findings += found
    return sorted(set(findings), key=_rank)


def _rank(finding: Finding) -> tuple[int, str, str, str, str]:
    return (SEVERITIES.index(finding.severity), finding.check, finding.file, finding.term,
            finding.message)


def _place(sources: Sources, term: str) -> str:
    path, line = sources.place(term)
    return f"ontology/{path}:{line}" if line else f"ontology/{path}"


# --- shapes -----------------------------------------------------------------------------------


def _check_shapes(sources: Sources) -> Iterator[Finding]:
    shapes = ntriples(triple for module in sources.shapes for triple in module.triples)
    for fault in validate(ntriples(sources.triples()), shapes).results:
        term = fault.focus.n3()
        yield Finding("error" if fault.severity == "Violation" else "warning", fault.shape.curie,
                      _place(sources, term), curie(term), _sentence(fault))


def _sentence(fault: Fault) -> str:
    """Return the message of a fault with the value at issue, unless the message shows it."""
    if fault.value is None or fault.value == fault.focus or str(fault.value) in fault.message:
        return fault.message
    return f"{fault.message} Here: {curie(fault.value.n3())}"


# --- check queries ----------------------------------------------------------------------------


def _run_check_queries(base: Traversable, sources: Sources) -> Iterator[Finding]:
    store = Store()
    store.load(ntriples((*sources.triples(), *sources.mappings)), "ntriples")
    for path, text in _queries(base, "queries/checks"):
        severity = _severity(path, text)
        for row in _rows(store, path, text):
            term = row["term"].n3()
            yield Finding(severity, _stem(path), _place(sources, term), curie(term),
                          _IRI.sub(lambda match: compress(match[1]), row["message"]))


def _rows(store: Store, path: str, text: str) -> Iterator[Row]:
    try:
        return store.query(text).rows()
    except BadQuery as error:
        raise BadQuery(f"{path}: {error.message}", hint=error.hint, **error.details) from error


def _severity(path: str, text: str) -> str:
    found = _HEADER.search(text)
    if found is None or found[1] not in SEVERITIES:
        reason = f"A check states its severity: {' or '.join(SEVERITIES)}."
        raise OntologyError(f"{path}: {reason}", file=path, term="", reason=reason,
                            hint="Add to the top of the file: #+ severity: error")
    return found[1]


def _queries(base: Traversable, folder: str) -> Iterator[tuple[str, str]]:
    """Yield path and text of the queries below a folder; a folder without any checks nothing."""
    found = list(_files(base, folder, ".rq"))
    if not found:
        reason = "There is no query in this folder, so that nothing would be checked."
        raise OntologyError(f"{folder}: {reason}", file=folder, term="", reason=reason)
    for path, file in found:
        yield path, file.read_text(encoding="utf-8")


def _files(base: Traversable, folder: str, suffix: str) -> Iterator[tuple[str, Traversable]]:
    place = base.joinpath(*folder.split("/"))
    entries = sorted(place.iterdir(), key=lambda item: item.name) if place.is_dir() else []
    for entry in entries:
        path = f"{folder}/{entry.name}"
        if entry.is_dir():
            yield from _files(base, path, suffix)
        elif entry.name.endswith(suffix):
            yield path, entry


def _stem(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".rq")


# --- undefined terms --------------------------------------------------------------------------


def _find_undefined(base: Traversable, sources: Sources) -> Iterator[Finding]:
    declared = set(_declared((*sources.modules, *sources.shapes, *_alignments(base))))
    names = [curie(term) for term in sorted(declared)]
    for term, file in (*_undefined_in_sources(base, sources, declared),
                       *_undefined_in_queries(base, declared)):
        name = curie(term)
        close = " or ".join(get_close_matches(name, names, n=3))
        remedy = f"Did you mean {close}?" if close else "Correct it, or declare it in a module."
        yield Finding("error", "undefined-term", file, name, f"Nothing declares {name}. {remedy}")


def _declared(modules: Iterable[Module]) -> Iterator[str]:
    """Yield what has a type, and the addresses of versions, which need none."""
    for module in modules:
        for triple in module.triples:
            if triple.predicate == _TYPE:
                yield triple.subject
            elif triple.predicate in _VERSIONS:
                yield triple.object


def _undefined_in_sources(
    base: Traversable, sources: Sources, declared: set[str]
) -> Iterator[tuple[str, str]]:
    """Yield ``(term, place)``."""
    for module in (*sources.modules, *sources.shapes, *_alignments(base)):
        used = {term for triple in module.triples for term in triple}
        for query in (t.object for t in module.triples if t.predicate in (_SELECT, _ASK)):
            used.update(term for _, term in _names(value(query).text, PREFIXES))
        for term in sorted(filter(_own, used - declared)):
            line = module.line(term)
            yield term, f"ontology/{module.path}:{line}" if line else f"ontology/{module.path}"
    mapped = {term for triple in sources.mappings for term in triple}
    for term in sorted(filter(_own, mapped - declared)):
        yield term, f"ontology/{MAPPINGS}"


def _alignments(base: Traversable) -> Iterator[Module]:
    for path, file in _files(base, "ontology/alignments", ".ttl"):
        data, name = file.read_bytes(), path.removeprefix("ontology/")
        triples = parse(data, "turtle", name=path, base=PREFIXES["iero"])
        yield Module(name, "", data.decode("utf-8"), tuple(triples))


def _undefined_in_queries(base: Traversable, declared: set[str]) -> Iterator[tuple[str, str]]:
    """Yield ``(term, place)``."""
    for path, text in _queries(base, "queries"):
        for token, term in _names(text, declared_prefixes(text)):
            if term not in declared:
                yield term, f"{path}:{token.line}"


def _names(query: str, prefixes: dict[str, str]) -> Iterator[tuple[Token, str]]:
    """Yield the terms of IERO that a query names."""
    return ((token, f"<{name}>") for token, name in names(query, prefixes) if is_own(name))


def _own(term: str) -> bool:
    return is_iri(term) and is_own(term[1:-1])


# --- questions --------------------------------------------------------------------------------


def _ask_questions(base: Traversable) -> Iterator[Finding]:
    release = base.joinpath(*_RELEASE.split("/"))
    if not release.is_file():
        yield Finding("error", "questions", _RELEASE, "",
                      "There is no release to put the questions to. Run: iero build")
        return
    stores = {"": Store.open([release])}
    for path, text in _queries(base, "queries/questions"):
        reason = _unanswerable(base, path, text, stores)
        if reason:
            yield Finding("error", _stem(path), path, "", reason)


def _unanswerable(base: Traversable, path: str, text: str, stores: dict[str, Store]) -> str:
    """Put a question to the release, with its sample if it has one; say why there is no answer."""
    sample = parse_question(path, text).sample if _SAMPLE.search(text) else ""
    if sample not in stores:
        file = base.joinpath(*SAMPLES.split("/"), sample)
        if not file.is_file():
            return f"There is no sample {SAMPLES}/{sample}. Add it, or correct the header."
        stores[sample] = Store.open([base.joinpath(*_RELEASE.split("/")), file])
    return _unanswered(stores[sample], text)


def _unanswered(store: Store, text: str) -> str:
    try:
        if _has_answer(store.query(text)):
            return ""
    except (BadQuery, Refused) as error:
        return f"The question is not answered: {error}"
    return ("The question finds nothing in the release. Correct its names and its pattern, "
            "or add what it asks for to the ontology.")


def _has_answer(answer: Answer) -> bool:
    if answer.kind == "boolean":
        return answer.truth
    results: Iterable[object] = answer.rows() if answer.kind == "bindings" else answer.triples()
    return any(True for _ in results)
