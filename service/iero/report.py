"""What a validation found: results as plain data, as text for people, and as RDF.

Standard: the validation report of SHACL, section 3.6 (https://www.w3.org/TR/shacl/).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from iero.rdf import Triple, iri
from iero.terms import IRI, Literal, Term
from iero.vocabulary import PREFIXES, compress

SEVERITIES: Final = ("Violation", "Warning", "Info")
"""The severities of SHACL, section 2.1.4, the worst first."""


@dataclass(frozen=True)
class Fault:
    """One validation result (SHACL, section 3.6.2)."""

    focus: Term
    path: IRI | None
    """The property, where the path is a single one."""
    value: Term | None
    severity: str
    """One of :data:`SEVERITIES`."""
    message: str
    shape: IRI
    """The shape that the focus node breaks."""
    component: IRI
    """The kind of constraint, such as ``sh:MinCountConstraintComponent``."""

    def listed(self) -> dict[str, str]:
        """Return the result as plain data, its terms in N-Triples' words; no empty members."""
        members = {"severity": self.severity, "focus": self.focus.n3(),
                   "path": self.path and self.path.n3(), "value": self.value and self.value.n3(),
                   "message": self.message, "shape": self.shape, "component": self.component}
        return {name: str(member) for name, member in members.items() if member}

    def text(self) -> str:
        """Return the result as a sentence or two for people."""
        place = _shown(self.focus) + (f" {_shown(self.path)}" if self.path else "")
        value = f" {_shown(self.value)}" if self.value is not None else ""
        return f"{self.severity}: {place}{value}: {self.message} ({compress(self.shape)})"

    def triples(self, node: str) -> Iterator[Triple]:
        """Yield the result as RDF (SHACL, section 3.6.2), as the blank node of that label."""
        terms = {"focusNode": self.focus, "resultPath": self.path, "value": self.value,
                 "resultSeverity": IRI(PREFIXES["sh"] + self.severity),
                 "resultMessage": Literal(self.message),
                 "sourceShape": self.shape, "sourceConstraintComponent": self.component}
        yield Triple(node, iri("rdf:type"), iri("sh:ValidationResult"))
        for name, term in terms.items():
            if term is not None:
                yield Triple(node, iri(f"sh:{name}"), term.n3())


def _shown(term: Term) -> str:
    return compress(term) if isinstance(term, IRI) else term.n3()


@dataclass(frozen=True)
class Report:
    """What a validation found, the worst first."""

    results: tuple[Fault, ...] = ()

    @property
    def conforms(self) -> bool:
        """Say whether nothing was violated; warnings and remarks do not count."""
        return all(fault.severity != "Violation" for fault in self.results)

    def listed(self) -> list[dict[str, str]]:
        """Return the results as plain data, ready for JSON."""
        return [fault.listed() for fault in self.results]

    def text(self) -> str:
        r"""Return the report for people, a line for each result.

        >>> Report().text()
        'The data conform to the shapes.\n'
        """
        if not self.results:
            return "The data conform to the shapes.\n"
        return "".join(fault.text() + "\n" for fault in self.results)

    def triples(self) -> list[Triple]:
        """Return the report as RDF: an ``sh:ValidationReport`` (SHACL, section 3.6.1)."""
        report, made = "_:report", []
        verdict = Literal(str(self.conforms).lower(), datatype=PREFIXES["xsd"] + "boolean")
        made.append(Triple(report, iri("rdf:type"), iri("sh:ValidationReport")))
        made.append(Triple(report, iri("sh:conforms"), verdict.n3()))
        for number, fault in enumerate(self.results):
            made.append(Triple(report, iri("sh:result"), f"_:result{number}"))
            made += fault.triples(f"_:result{number}")
        return made
