"""The tagger: from a text to its annotations, in the steps that :mod:`iero.tagging` draws."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

from iero import __version__, resources
from iero.errors import BadParameter, NotFound
from iero.tagging.annotation import Annotation
from iero.tagging.cache import cached, digest, keep
from iero.tagging.finding.finder import Finder
from iero.tagging.finding.forms import Rules
from iero.tagging.finding.reader import Reader
from iero.tagging.finding.text import fold
from iero.tagging.lexicon import Lexicon, compile_lexicon
from iero.tagging.options import Options
from iero.vocabulary import expand

if TYPE_CHECKING:
    from pathlib import Path

    from iero.graph import KnowledgeGraph

__all__ = ["Tagger", "write_lexicon"]

_RELEASE: Final = "ontology/release/iero-kg.nq"
_MAKERS: Final = ("data/cues.toml", "data/friends.toml", "data/ordinary.txt", "data/scope.toml",
                  "data/scores.toml", "data/variants.toml", "finding/text.py", "lexicon.py",
                  "variants.py")
SECTIONS: Final = ("title", "background", "methods", "results", "conclusions")


class Tagger:
    """Finds the concepts of a lexicon in texts. Made by :meth:`open`; see :mod:`iero.tagging`.

    :param lexicon: the forms to look for.
    :param options: how to look for them.
    :raises NotFound: if an option names a concept that is not in the lexicon.
    """

    def __init__(self, lexicon: Lexicon, options: Options) -> None:
        self.lexicon = lexicon
        self.options = options
        self.ontology_version = lexicon.version
        self.version = f"{__version__}+{_rules_digest()[:8]}"
        rules = Rules.load(lexicon)
        allowed = _allowed(lexicon, options.concepts)
        self._finder = Finder(lexicon, options, rules)
        self._reader = Reader(lexicon, options, rules.scores, allowed, self.version)

    @classmethod
    def open(cls, graph: KnowledgeGraph | None = None, **options: Any) -> Tagger:
        """Make a tagger for the shipped graph, or for another one.

        >>> tagger = Tagger.open(concepts=["EmotionalContagion"])
        >>> [found.quote for found in tagger.tag("Mood contagion is no venting.")]
        ['Mood contagion']

        :param options: see :class:`Options`.
        :raises BadParameter: for an option that does not exist, or a wrong value.
        :raises NotFound: if the release has not been built, or for an unknown concept.
        """
        asked = Options.of(**options)
        if graph is not None:
            return cls(_compiled(graph), asked)
        return cls(cached(_shipped_key(), _shipped), asked)

    def __reduce__(self) -> tuple[Any, ...]:
        return Tagger, (self.lexicon, self.options)

    def tag(self, text: str, section: str | None = None) -> list[Annotation]:
        """Return the mentions of concepts in a text, ordered by start, then by end.

        :param section: title, background, methods, results or conclusions.
        :raises BadParameter: if there is no such section.
        """
        if section is not None and section not in SECTIONS:
            raise BadParameter(f"{section!r} is not a section.",
                               hint="Sections: " + ", ".join(SECTIONS) + ".", parameter="section")
        folded, part = fold(text), section or ""
        annotations = self._reader.annotations(folded, self._finder.mentions(folded, part))
        if folded.broken:
            apart = fold(text, join=False)
            more = self._reader.annotations(apart, self._finder.mentions(apart, part))
            annotations = _both(annotations, more)
        return annotations

    def tag_many(self, texts: Iterable[str]) -> Iterator[list[Annotation]]:
        """Yield the annotations of each text, in order."""
        return map(self.tag, texts)


def _both(joined: list[Annotation], apart: list[Annotation]) -> list[Annotation]:
    """Add what is found if the hyphens at line ends are the hyphens of hyphenated words."""
    taken = {(each.start, each.end) for each in joined}
    more = [each for each in apart if (each.start, each.end) not in taken and not any(
        each.start < other.end and other.start < each.end
        and other.end - other.start >= each.end - each.start for other in joined)]
    kept = [each for each in joined if not any(
        each.start < other.end and other.start < each.end for other in more)]
    return sorted(kept + more, key=lambda each: (each.start, each.end))


def _allowed(lexicon: Lexicon, names: tuple[str, ...]) -> frozenset[int] | None:
    if not names:
        return None
    labels = {concept.label.lower(): concept.iri for concept in lexicon.concepts}
    broader = {iri for concept in lexicon.concepts for _, iri in concept.broader}
    known = broader | set(lexicon.numbers)
    wanted = set()
    for name in names:
        iri = labels.get(name.lower()) or (expand(name) if " " not in name else name)
        if iri not in known:
            short = {each.rpartition("/")[2]: each for each in sorted(known)}
            near = get_close_matches(name, [*short, *labels], n=3)
            raise NotFound(f"There is no concept {name!r} to look for.",
                           hint=f"Did you mean {', '.join(near)}?" if near else "", nearest=near)
        wanted.add(iri)
    return frozenset(number for number, concept in enumerate(lexicon.concepts)
                     if concept.iri in wanted or any(iri in wanted for _, iri in concept.broader))


def write_lexicon(folder: Path) -> Path:
    """Write the compiled lexicon of the shipped graph into a folder; return the path of the file.

    A wheel carries it, see :mod:`iero.tagging.cache`.
    """
    return keep(_shipped(), _shipped_key(), folder)


def _shipped_key() -> str:
    return digest([resources.read(_RELEASE), _rules_digest().encode()])


def _rules_digest() -> str:
    """Return a hash of all that decides which forms there are and how they are judged."""
    return digest(resources.package_text(f"tagging/{name}").encode() for name in _MAKERS)


def _compiled(graph: KnowledgeGraph) -> Lexicon:
    return compile_lexicon(graph.lexicon(), graph.version)


def _shipped() -> Lexicon:
    from iero.graph import KnowledgeGraph

    return _compiled(KnowledgeGraph.open())
