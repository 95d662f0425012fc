"""What is wrong with ontology sources, and one way to tell it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from iero.errors import OntologyError

SHOWN: Final = 20
"""How many faults a message lists; the error's ``faults`` hold all of them."""


class Fault(NamedTuple):
    """One thing that is wrong: where, with which term, and why."""

    file: str
    line: int
    term: str
    reason: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.term}: {self.reason}" if self.term else f"{place}: {self.reason}"


def refuse(faults: Iterable[Fault], summary: str = "", *, hint: str = "") -> None:
    """Raise one error that tells all the faults, if there are any.

    :raises OntologyError: details hold file, term and reason of the first, and all ``faults``.
    """
    found = sorted(set(faults))
    if not found:
        return
    head = summary or f"The ontology sources have {len(found)} fault{'s' * (len(found) > 1)}:"
    lines = [head, *(f"  {fault}" for fault in found[:SHOWN])]
    if len(found) > SHOWN:
        lines.append(f"  and {len(found) - SHOWN} more.")
    first = found[0]
    raise OntologyError("\n".join(lines), hint=hint, file=first.file, line=first.line,
                        term=first.term, reason=first.reason,
                        faults=[fault._asdict() for fault in found])
