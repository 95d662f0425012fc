"""What a page shows of an answer: its beginning, and whether there is more."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from iero.naming import Named
from iero.protocol import format_named
from iero.terms import IRI, Row, Term

if TYPE_CHECKING:
    from iero.queries import Query
    from iero.results import Answer

ROWS: Final = 1000
CHARACTERS: Final = 200_000
TRIPLE: Final = ("subject", "predicate", "object")
LANGUAGES: Final = {
    "ar": "Arabic", "de": "German", "en": "English", "es": "Spanish", "fa": "Persian",
    "fr": "French", "he": "Hebrew", "hu": "Hungarian", "it": "Italian", "ja": "Japanese",
    "ko": "Korean", "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese",
    "ro": "Romanian", "ru": "Russian", "sv": "Swedish", "tr": "Turkish", "zh": "Chinese",
}
START: Final = "start here"
"""The tag of the question that pages offer to begin with."""


@dataclass(frozen=True)
class Preview:
    """The beginning of an answer.

    :ivar rows: its rows; those of a graph are its triples.
    :ivar text: a graph as Turtle, if it was to be read as text.
    :ivar more: whether the answer goes on; a page says so.
    """

    kind: str
    variables: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    truth: bool = False
    text: str = ""
    more: bool = False

    @classmethod
    def of(cls, answer: Answer, *, as_text: bool = False) -> Preview:
        """Read the beginning of an answer.

        :param as_text: read a graph as Turtle rather than as triples.
        """
        if answer.kind == "boolean":
            return cls(answer.kind, truth=answer.truth)
        if answer.kind == "graph":
            read = cls._triples(answer)
            return cls._document(answer, read) if as_text else read
        rows = list(islice(answer.rows(), ROWS + 1))
        return cls(answer.kind, answer.variables, rows[:ROWS], more=len(rows) > ROWS)

    def labelled(self) -> Preview:
        """Show things by their labels: ``?x`` and ``?xLabel`` become one column.

        >>> from iero.terms import Literal
        >>> row = {"x": IRI("https://w3id.org/iero/Venting"), "xLabel": Literal("venting")}
        >>> shown = Preview("bindings", ["x", "xLabel"], [row]).labelled()
        >>> shown.variables, shown.rows[0]["x"].label
        (['x'], 'venting')
        """
        names = set(self.variables)
        pairs = {name: f"{name}Label" for name in self.variables if f"{name}Label" in names}
        kept = [name for name in self.variables if name not in pairs.values()]
        rows = [{name: _named(row[name], row.get(pairs.get(name, "")))
                 for name in kept if name in row} for row in self.rows]
        return replace(self, variables=kept, rows=rows)

    @property
    def empty(self) -> bool:
        """Whether nothing was found."""
        return not self.rows and not self.truth

    @classmethod
    def _triples(cls, answer: Answer) -> Preview:
        rows = [dict(zip(TRIPLE, triple, strict=True))
                for triple in islice(answer.triples(), ROWS + 1)]
        return cls(answer.kind, list(TRIPLE), rows[:ROWS], more=len(rows) > ROWS)

    @classmethod
    def _document(cls, answer: Answer, read: Preview) -> Preview:
        written = b""
        for chunk in answer.serialize(format_named("turtle", "graph")):
            written += chunk
            if len(written) > CHARACTERS:
                beginning = written[:CHARACTERS].decode(errors="ignore")
                return replace(read, text=beginning, more=True)
        return replace(read, text=written.decode())


def _named(term: Term, label: Term | None) -> Term:
    return Named(term, label) if isinstance(term, IRI) and label is not None else term


def without_header(text: str) -> str:
    r"""Return a question's SPARQL without the ``#+`` lines that describe it.

    >>> without_header("#+ summary: Anything\nASK {}\n")
    'ASK {}'
    """
    lines = text.splitlines()
    return "\n".join(line for line in lines if not line.startswith("#+")).strip()


def fault_width(excerpt: str) -> int:
    r"""Return how many characters the carets under an excerpt mark.

    >>> fault_width("ASK { ?s ? }\n         ^")
    1
    """
    return excerpt.rpartition("\n")[2].count("^")


def without_verb(label: str) -> str:
    """Return the label of a property as the head of a row.

    >>> without_verb("has hedonic direction"), without_verb("measures")
    ('hedonic direction', 'measures')
    """
    return label.removeprefix("has ")


def language_name(tag: str) -> str:
    """Return the English name of a language by its tag (BCP 47); the tag where it is not known.

    >>> language_name("tr"), language_name("zh-TW"), language_name("x-none")
    ('Turkish', 'Chinese', 'x-none')
    """
    return LANGUAGES.get(tag.partition("-")[0].lower(), tag)


def sample(questions: list[Query]) -> str:
    """Return a query to begin with: the question that is tagged for it, or else the first."""
    marked = [question for question in questions if START in question.tags] or questions
    return without_header(marked[0].text) if marked else "SELECT * { ?s ?p ?o } LIMIT 10"
