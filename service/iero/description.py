"""What the graph knows of one term, ready to be shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from iero.naming import Named, split_name
from iero.terms import IRI, Row, Term
from iero.vocabulary import DEFINITION, EXAMPLE, expand

__all__ = ["Description"]


@dataclass(frozen=True)
class Description:
    """What the graph knows of one term, ready to be shown.

    :ivar kinds: its most specific types.
    :ivar synonyms: scope (exact, broad, narrow, related) to synonyms.
    :ivar superclasses: the direct ones, inferred ones included; likewise ``subclasses``.
    :ivar instances: the individuals of a class.
    :ivar relations: ``(property, value)`` for everything else that links to another term.
    :ivar facts: ``(property, literal)`` for everything else that is a number or text.
    :ivar claims: the claims that have it as subject or object.
    """

    iri: IRI
    label: str
    kinds: list[Named] = field(default_factory=list)
    definition: str = ""
    synonyms: dict[str, list[Term]] = field(default_factory=dict)
    abbreviations: list[Term] = field(default_factory=list)
    examples: list[Term] = field(default_factory=list)
    sources: list[Named] = field(default_factory=list)
    superclasses: list[Named] = field(default_factory=list)
    subclasses: list[Named] = field(default_factory=list)
    instances: list[Named] = field(default_factory=list)
    relations: list[tuple[Named, Named]] = field(default_factory=list)
    facts: list[tuple[Named, Term]] = field(default_factory=list)
    claims: list[Named] = field(default_factory=list)
    defined_by: str = ""

    @classmethod
    def read(cls, iri: IRI, rows: Iterable[Row]) -> Description:
        """Read the rows of ``queries/service/term.rq``."""
        return _description(iri, rows)


def _description(iri: IRI, rows: Iterable[Row]) -> Description:
    roles: dict[str, dict[Named, None]] = {}
    values: dict[str, dict[Term, None]] = {}
    relations, facts = dict[tuple[Named, Named], None](), dict[tuple[Named, Term], None]()
    for row in rows:
        value, role = row["value"], row["role"]
        named = Named(value, row.get("valueLabel", ""))
        if role != "value":
            roles.setdefault(role, {})[named] = None
            continue
        name = str(row["property"])
        values.setdefault(name, {})[named if name == _SOURCE else value] = None
        if name not in _SHOWN_APART:
            link = Named(name, row.get("propertyLabel", ""))
            if isinstance(value, IRI):
                relations[link, named] = None
            else:
                facts[link, value] = None
    return _filled(iri, {name: list(found) for name, found in values.items()},
                   {role: list(found) for role, found in roles.items()},
                   list(relations), list(facts))


def _filled(
    iri: IRI, values: dict[str, list[Term]], roles: dict[str, list[Named]],
    relations: list[tuple[Named, Named]], facts: list[tuple[Named, Term]],
) -> Description:
    def first(name: str) -> str:
        return str(next(iter(values.get(name, [])), ""))

    scopes = {scope: values.get(name, []) for scope, name in _SCOPES.items()}
    return Description(
        iri=iri, label=first(_LABEL) or split_name(iri), kinds=roles.get("kind", []),
        definition=first(DEFINITION),
        synonyms={scope: found for scope, found in scopes.items() if found},
        abbreviations=values.get(_ABBREVIATION, []), examples=values.get(EXAMPLE, []),
        sources=[source for source in values.get(_SOURCE, []) if isinstance(source, Named)],
        superclasses=roles.get("superclass", []), subclasses=roles.get("subclass", []),
        instances=roles.get("instance", []), relations=relations, facts=facts,
        claims=roles.get("claim", []), defined_by=first(_DEFINED_BY),
    )


_LABEL: Final = expand("rdfs:label")
_SOURCE: Final = expand("dcterms:source")
_ABBREVIATION: Final = expand("iero:abbreviation")
_DEFINED_BY: Final = expand("rdfs:isDefinedBy")
_SCOPES: Final = {scope: expand(f"oboInOwl:has{scope.capitalize()}Synonym")
                  for scope in ("exact", "broad", "narrow", "related")}
_SHOWN_APART: Final = frozenset((_LABEL, DEFINITION, EXAMPLE, _SOURCE, _ABBREVIATION, _DEFINED_BY,
                                 *_SCOPES.values()))
