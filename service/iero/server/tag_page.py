"""What the tag page shows: texts with their mentions marked, and a card for each concept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from iero.vocabulary import IERO

if TYPE_CHECKING:
    from iero.graph import KnowledgeGraph
    from iero.tagging import Annotation, Tagger
    from iero.tagging.documents import Rejected, Tagged

__all__ = ["RECORDS", "Card", "Marked", "Summary", "kinds", "summary"]

RECORDS: Final = 50
"""How many records a page shows; its cards count all of them, the files hold all of them."""

KINDS: Final = {
    IERO + "EmotionRegulation": "Regulation", IERO + "SocialInfluenceOnEmotion": "Social influence",
    IERO + "EmotionRegulationStrategy": "Strategies", IERO + "Instrument": "Instruments",
    IERO + "MentalDisorder": "Disorders", IERO + "Treatment": "Treatments",
    IERO + "Theory": "Theories",
}
"""By what mentions can be narrowed: concepts, and what is narrower, under the names of the page."""


@dataclass(frozen=True)
class Card:
    """A concept that is mentioned.

    :ivar kinds: the keys of :data:`KINDS` that it falls under.
    :ivar mentions: in how many places, and ``records``: in how many records.
    """

    iri: str
    label: str
    definition: str
    kinds: tuple[str, ...]
    mentions: int
    records: int

    @property
    def id(self) -> str:
        """The anchor of the card in the page."""
        return "concept-" + self.iri.rpartition("/")[2]


@dataclass(frozen=True)
class Marked:
    """A record for the page.

    :ivar fields: for each field its pieces, with or without an annotation.
    """

    id: str
    fields: dict[str, list[tuple[str, Annotation | None]]]
    annotations: list[Annotation]


@dataclass(frozen=True)
class Summary:
    """What is shown of tagged records.

    :ivar cards: by IRI, the most frequent first.
    :ivar total: the number of all records; ``records`` are the first of them.
    """

    cards: dict[str, Card]
    records: list[Marked]
    total: int
    mentions: int
    rejected: Sequence[Rejected]


def kinds(graph: KnowledgeGraph) -> dict[str, str]:
    """Return the kinds by which mentions of this graph's terms can be narrowed, with names."""
    return {iri: name for iri, name in KINDS.items() if graph.has_label(iri)}


def summary(tagged: Sequence[Tagged], rejected: Sequence[Rejected], tagger: Tagger,
            graph: KnowledgeGraph) -> Summary:
    """Gather what the page shows."""
    found = [mention.annotation for each in tagged for mention in each.mentions]
    places = Counter(each.concept for each in found)
    records = Counter(concept for each in tagged
                      for concept in {mention.annotation.concept for mention in each.mentions})
    labels = {each.concept: each.label for each in found}
    ordered = sorted(labels, key=lambda iri: (-places[iri], labels[iri].lower()))
    cards = {iri: Card(iri, labels[iri], graph.definition(iri), tuple(_kinds(iri, tagger)),
                       places[iri], records[iri]) for iri in ordered}
    return Summary(cards, [_marked(each) for each in tagged[:RECORDS]], len(tagged), len(found),
                   rejected)


def _kinds(iri: str, tagger: Tagger) -> Iterator[str]:
    concept = tagger.lexicon.concepts[tagger.lexicon.numbers[iri]]
    broader = {iri, *(each for _, each in concept.broader)}
    yield from (kind for kind in KINDS if kind in broader)


def _marked(tagged: Tagged) -> Marked:
    fields = {name: list(_pieces(text, [mention.annotation for mention in tagged.mentions
                                        if mention.field == name]))
              for name, text in tagged.document.fields.items()}
    return Marked(tagged.document.id, fields, [each.annotation for each in tagged.mentions])


def _pieces(text: str, found: list[Annotation]) -> Iterator[tuple[str, Annotation | None]]:
    done = 0
    for each in found:
        if each.start >= done:  # of those that overlap the first is marked; all are listed
            yield text[done:each.start], None
            yield text[each.start:each.end], each
            done = each.end
    yield text[done:], None
