"""What can be asked of the tagger, under the NCBO Annotator's names where it means the same."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final

from iero.errors import BadParameter

__all__ = ["Options"]


@dataclass(frozen=True)
class Options:
    """Settings of a tagger; every one can be given to ``Tagger.open`` by name.

    :ivar longest_only: of overlapping mentions return only the longest.
    :ivar whole_word_only: a mention begins and ends at the edge of a word.
    :ivar minimum_match_length: mentions with fewer code points are left out.
    :ivar exclude_numbers: leave out mentions that are made of digits.
    :ivar exclude_synonyms: look for labels and abbreviations only.
    :ivar stop_words: mentions that are one of these words, case aside, are left out.
    :ivar expand_class_hierarchy: list the broader concepts of each mention.
    :ivar class_hierarchy_max_level: how many levels up; 0 means all.
    :ivar concepts: keep only these concepts and what is narrower, each given by local name, CURIE,
        IRI or label; empty means all.
    :ivar min_score: leave out mentions that score less.
    """

    longest_only: bool = True
    whole_word_only: bool = True
    minimum_match_length: int = 2
    exclude_numbers: bool = True
    exclude_synonyms: bool = False
    stop_words: tuple[str, ...] = ()
    expand_class_hierarchy: bool = False
    class_hierarchy_max_level: int = 0
    concepts: tuple[str, ...] = ()
    min_score: float = 0.0

    @classmethod
    def of(cls, **given: Any) -> Options:
        """Make options from keyword arguments; lists are taken for tuples.

        >>> Options.of(stop_words=["anxiety"]).stop_words
        ('anxiety',)

        :raises BadParameter: for an unknown option, or a value of the wrong type or out of range.
        """
        unknown = sorted(set(given) - set(_TYPES))
        if unknown:
            raise BadParameter(f"The tagger has no option {unknown[0]!r}.",
                               hint="Options: " + ", ".join(_TYPES) + ".", parameter=unknown[0])
        return cls(**{name: _typed(name, value) for name, value in given.items()})

    def __post_init__(self) -> None:
        for name in ("minimum_match_length", "class_hierarchy_max_level"):
            if getattr(self, name) < 0:
                raise BadParameter(f"The option {name!r} is below 0.", parameter=name)
        if not 0 <= self.min_score <= 1:
            raise BadParameter(f"The option 'min_score' is {self.min_score}, not between 0 and 1.",
                               parameter="min_score")


_TYPES: Final[dict[str, type]] = {
    field.name: type(field.default) for field in fields(Options)
}


def _typed(name: str, value: Any) -> Any:
    wanted = _TYPES[name]
    if wanted is tuple and isinstance(value, list | tuple | set | frozenset):
        items = sorted(value) if isinstance(value, set | frozenset) else value
        if all(isinstance(item, str) for item in items):
            return tuple(items)
    elif wanted is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    elif type(value) is wanted:
        return value
    kinds = {tuple: "list of words", bool: "truth value", int: "whole number"}
    kind = kinds.get(wanted, "number")
    raise BadParameter(f"The option {name!r} is {value!r}, not a {kind}.", parameter=name)
