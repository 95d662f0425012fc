"""What the tagger returns: one :class:`Annotation` for each mention.

Most of what is said of a mention is the same for every mention of that form in that role. This
part, the :class:`Reading`, is made once and shared; an annotation adds the place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, Final, NamedTuple

import orjson

from iero.errors import BadParameter

__all__ = ["Annotation", "Reading"]


@dataclass(frozen=True)
class Reading:
    """How a form was understood: everything about a mention but its place.

    :ivar concept: IRI of the concept.
    :ivar label: its label.
    :ivar form: the form of the lexicon that was found, as the ontology writes it.
    :ivar scope: ``label``, ``abbreviation``, ``exact``, ``narrow``, ``broad`` or ``related``.
    :ivar score: 0 to 1: how sure it is that the concept is meant.
    :ivar reasons: what the score was made of, in words: ``("exact synonym", "word order")``.
    :ivar rules: ids of the rules that fired, as in ``tagging/data/``.
    :ivar negated: whether the text says that it is not there.
    :ivar role: ``measured``, ``manipulated``, ``outcome``, ``background``, ``absent``, or empty.
    :ivar section: the part of the document, as given or as a heading in the text says.
    :ivar disambiguation: why an ambiguous form was taken in this sense: ``definition`` (the text
        spells it out), ``mention`` (the text names the concept in full), ``neighbor`` (the text
        names a concept close to it), or ``none`` (the form needs no support).
    :ivar alternatives: IRIs of other concepts that the form may mean.
    :ivar broader: IRIs of broader concepts, the nearest first; empty unless asked for.
    :ivar ontology_version: version of the ontology whose forms were looked for.
    :ivar tagger_version: version of the tagger and of its rules.
    """

    concept: str
    label: str
    form: str
    scope: str
    score: float
    reasons: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    negated: bool = False
    role: str = ""
    section: str = ""
    disambiguation: str = "none"
    alternatives: tuple[str, ...] = ()
    broader: tuple[str, ...] = ()
    ontology_version: str = ""
    tagger_version: str = ""

    @cached_property
    def as_dict(self) -> dict[str, Any]:
        """The fields by name, in order; shared, so do not change it."""
        return {name: getattr(self, name) for name in _READING}

    @cached_property
    def as_json(self) -> str:
        """The fields as JSON without the opening brace, written once for all mentions."""
        return orjson.dumps(self.as_dict)[1:].decode()


    @cached_property
    def in_title(self) -> Reading:
        """The same in the title of a document, which no heading says."""
        return self if self.section else replace(self, section="title")


class Annotation(NamedTuple):
    """One mention of a concept in a text.

    Every field of :class:`Reading` is an attribute here too.

    >>> read = Reading("https://w3id.org/iero/Venting", "venting", "venting", "label", 0.95)
    >>> found = Annotation(4, 11, "Venting", read)
    >>> found.quote, found.label, found.to_dict()["start"]
    ('Venting', 'venting', 4)
    >>> Annotation.from_dict(found.to_dict()) == found
    True

    :ivar start: first code point of the mention in the given text, counted from 0.
    :ivar end: the code point after the last.
    :ivar quote: ``text[start:end]``, as it stands in the text.
    :ivar reading: how it was understood.
    """

    start: int
    end: int
    quote: str
    reading: Reading

    def __getattr__(self, name: str) -> Any:
        if name in _READING:
            return getattr(self.reading, name)
        raise AttributeError(f"an annotation has no attribute {name!r}")

    def to_dict(self) -> dict[str, Any]:
        """Return all fields in one flat dictionary that JSON can hold, always in one order."""
        return {"start": self.start, "end": self.end, "quote": self.quote, **self.reading.as_dict}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Annotation:
        """Make an annotation from what :meth:`to_dict` gave, also after JSON.

        :raises BadParameter: if a field is missing.
        """
        try:
            values = {name: data[name] for name in _READING}
            place = int(data["start"]), int(data["end"]), str(data["quote"])
        except KeyError as error:
            raise BadParameter(f"An annotation lacks the field {error.args[0]!r}.") from error
        lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
        return cls(*place, Reading(**values | lists))


_READING: Final = tuple(field.name for field in fields(Reading))
