"""RDF terms as plain Python strings that remember what they are.

The engines (pyoxigraph, rdflib, a remote endpoint) each have term classes of their own; the rest of
the package and its users see only these three. All are ``str``, so printing, comparing, sorting and
JSON just work.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from iero.vocabulary import PREFIXES, compress

_XSD: Final = PREFIXES["xsd"]
_ESCAPES: Final = str.maketrans(
    {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
)


class IRI(str):
    """An IRI.

    >>> IRI("https://w3id.org/iero/Venting").curie
    'iero:Venting'
    """

    __slots__ = ()

    @property
    def curie(self) -> str:
        """The IRI in its short form."""
        return compress(str(self))

    def n3(self) -> str:
        """Return the term as N-Triples and SPARQL write it."""
        return f"<{self}>"


class BlankNode(str):
    """A blank node, by a label that holds within one answer only."""

    __slots__ = ()

    def n3(self) -> str:
        """Return the term as N-Triples writes it."""
        return f"_:{self}"


class Literal(str):
    r"""A literal: its lexical form, with its datatype IRI and language tag.

    >>> Literal("20", datatype="http://www.w3.org/2001/XMLSchema#integer").value + 1
    21
    >>> Literal('a "word"', language="en").n3()
    '"a \\"word\\""@en'
    """

    datatype: str
    language: str

    def __new__(cls, text: str, *, datatype: str = "", language: str = "") -> Literal:
        """Make a literal; with neither datatype nor language it is an ``xsd:string``."""
        made = super().__new__(cls, text)
        made.language = language
        kind = PREFIXES["rdf"] + "langString" if language else datatype
        made.datatype = kind or _XSD + "string"
        return made

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, str]]:
        return (str(self),), {"datatype": self.datatype, "language": self.language}

    @property
    def value(self) -> str | int | float | Decimal | bool:
        """The literal as a Python value where XSD defines one; its text otherwise."""
        kind = self.datatype.removeprefix(_XSD)
        try:
            if kind in ("integer", "int", "long", "nonNegativeInteger", "positiveInteger"):
                return int(self)
            if kind == "decimal":
                return Decimal(str(self))
            if kind in ("double", "float"):
                return float(self)
        except (ValueError, ArithmeticError):
            return str(self)
        return self == "true" or self == "1" if kind == "boolean" else str(self)

    def n3(self) -> str:
        """Return the term as N-Triples and SPARQL write it."""
        quoted = f'"{str(self).translate(_ESCAPES)}"'
        if self.language:
            return f"{quoted}@{self.language}"
        return quoted if self.datatype == _XSD + "string" else f"{quoted}^^<{self.datatype}>"


Term = IRI | BlankNode | Literal
Row = dict[str, Term]
"""One solution of a SELECT query: variable name without ``?`` to term, bound ones only."""
