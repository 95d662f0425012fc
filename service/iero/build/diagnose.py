"""Say why an ontology contradicts itself, in axioms and in files."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Sequence
from typing import Final

from iero.build import owl
from iero.build.entailments import Hierarchy
from iero.build.faults import SHOWN, Fault, refuse
from iero.build.reasoner import Contradiction, Reasoner, logical
from iero.build.sources import Module, Sources
from iero.rdf import Triple, curie

TIME_LIMIT: Final = 30.0
"""Seconds that the search for reasons may take in all."""

_WORD: Final = re.compile(r"[^\s(){},]+")


def refuse_contradiction(sources: Sources, reasoner: Reasoner, axioms: Sequence[Triple], *,
                         limit: float = TIME_LIMIT) -> None:
    """Raise the error for axioms that cannot all be true, naming a smallest set of them.

    :raises OntologyError: always.
    """
    deadline = time.monotonic() + limit
    reasons = reasoner.explain(axioms, timeout=limit / 2)
    if reasons:
        term, reason = _first_term(sources, reasons), f"These cannot all be true: {_list(reasons)}."
        path, line = sources.place(term)
    else:
        modules = _blame(sources, deadline, lambda some: _contradicts(reasoner, some))
        term, reason = "", f"The contradiction lies in {_names(modules)}."
        path, line = modules[0].path, 0
    refuse([Fault(path, line, curie(term) if term else "", reason)],
           "The ontology contradicts itself:", hint="Remove or weaken one of the axioms.")


def refuse_empty_classes(sources: Sources, reasoner: Reasoner, axioms: Sequence[Triple],
                         empty: Collection[str], *, limit: float = TIME_LIMIT) -> None:
    """Raise the error for classes that can have no member; do nothing if there are none.

    Classes that are empty only because a superclass is come last and name it; the others are
    explained, as far as the time limit and the length of the message go.

    :raises OntologyError: naming each class, its file and the reason.
    """
    told = Hierarchy(axioms)
    above = {name: sorted(told.above(name) & set(empty)) for name in sorted(empty)}
    deadline = time.monotonic() + limit
    faults = [_empty_class(sources, reasoner, axioms, name, deadline)
              for name, causes in above.items() if not causes or _in_a_ring(name, causes, above)]
    explained = {fault.term for fault in faults}
    faults += [sources.fault(name, curie(name), "It lies below the empty "
                             f"{', '.join(map(curie, causes))}.")
               for name, causes in above.items() if curie(name) not in explained]
    count = len(faults)
    refuse(faults, f"{count} class{'es' * (count > 1)} can have no member:",
           hint="Remove or weaken one of the axioms named.")


def _in_a_ring(name: str, causes: list[str], above: dict[str, list[str]]) -> bool:
    """Say whether a class lies above all the empty classes that lie above it."""
    return all(name in above[cause] for cause in causes)


def _empty_class(sources: Sources, reasoner: Reasoner, axioms: Sequence[Triple], name: str,
                 deadline: float) -> Fault:
    left = deadline - time.monotonic()
    reasons = reasoner.explain(axioms, name, timeout=left / 2) if left > 0 else []
    if reasons:
        return sources.fault(name, curie(name), f"It can have no member, for {_list(reasons)}.")
    modules = _blame(sources, deadline, lambda some: _empties(reasoner, some, name))
    return sources.fault(name, curie(name), "It can have no member; the reason lies in "
                         f"{_names(modules)}.")


def _list(axioms: Sequence[str]) -> str:
    shown = [f"[{axiom}]" for axiom in axioms[:SHOWN]]
    return " and ".join(shown) + f" and {len(axioms) - SHOWN} more" * (len(axioms) > SHOWN)


def _names(modules: Sequence[Module]) -> str:
    return " with ".join(module.path for module in modules)


def _first_term(sources: Sources, reasons: Sequence[str]) -> str:
    """Return the first individual, else the first thing, that an explanation names."""
    by_name = {re.split(r"[/#]", t.subject[1:-1])[-1]: t.subject
               for t in sources.triples() if t.predicate == owl.TYPE}
    ordered = sorted(reasons, key=lambda axiom: " type " not in axiom)
    words = (word for axiom in ordered for word in _WORD.findall(axiom))
    return next((by_name[word] for word in words if word in by_name), "")


def _blame(sources: Sources, deadline: float,
           broken: Callable[[list[Module]], bool]) -> list[Module]:
    """Return a set of files that is broken by itself, the smallest that time allows."""
    kept = list(sources.modules)
    for module in sources.modules:
        fewer = [other for other in kept if other is not module]
        if time.monotonic() > deadline:
            break
        if broken(fewer):
            kept = fewer
    return kept


def _axioms(modules: Sequence[Module]) -> list[Triple]:
    return logical(triple for module in modules for triple in module.triples)


def _contradicts(reasoner: Reasoner, modules: list[Module]) -> bool:
    try:
        reasoner.infer(_axioms(modules))
    except Contradiction:
        return True
    return False


def _empties(reasoner: Reasoner, modules: list[Module], name: str) -> bool:
    return name in Hierarchy(reasoner.infer(_axioms(modules))).empty
