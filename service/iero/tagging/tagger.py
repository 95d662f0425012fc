"""The tagger: from a text to its annotations, in the steps that :mod:`iero.tagging` draws."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from iero import __version__, resources
from iero.errors import BadParameter, NotFound
from iero.tagging.annotation import Annotation, Reading
from iero.tagging.cache import cached, digest, keep
from iero.tagging.context import Mention, load_cues, load_headings, read
from iero.tagging.coordination import Coordination, may_share
from iero.tagging.forms import Form, Rules, Unread
from iero.tagging.lexicon import Lexicon, Sense, compile_lexicon
from iero.tagging.matcher import Found, Matcher
from iero.tagging.options import Options
from iero.tagging.overlap import longest
from iero.tagging.senses import settle
from iero.tagging.text import EDGE, Folded, fold, fold_form
from iero.vocabulary import expand

if TYPE_CHECKING:
    from pathlib import Path

    from iero.graph import KnowledgeGraph

__all__ = ["Tagger", "write_lexicon"]

_RELEASE: Final = "ontology/release/iero-kg.nq"
_MAKERS: Final = ("data/cues.toml", "data/friends.toml", "data/ordinary.txt", "data/scope.toml",
                  "data/scores.toml", "data/variants.toml", "lexicon.py", "text.py", "variants.py")
_SUPPORT: Final = {"definition": "spelt out in the text", "mention": "named in full in the text",
                   "neighbor": "neighbors in the text"}
_NAMES: Final = ("label", "abbreviation")
_SCOPE: Final = Sense._fields.index("scope")
_READINGS: Final = 50_000
_SPACE: Final = ord(" ")
_annotation: Final = partial(tuple.__new__, Annotation)
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
        self._allowed = _allowed(lexicon, options.concepts)
        self._readings: dict[Any, Any] = {}
        self._prepare(Rules.load(lexicon))

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
        folded = fold(text)
        mentions = self._mentions(folded, section or "")
        annotations = self._annotate(folded, mentions)
        if folded.broken:
            annotations = self._both(annotations, fold(text, join=False), section or "")
        return annotations

    def tag_many(self, texts: Iterable[str]) -> Iterator[list[Annotation]]:
        """Yield the annotations of each text, in order."""
        return map(self.tag, texts)

    # -- making ------------------------------------------------------------------------------------

    def _prepare(self, rules: Rules) -> None:
        """Lay out every pattern with what it stands for; those of several words come first."""
        self._scores = rules.scores
        forms, short = self._wanted(self.lexicon.forms), self._wanted(self.lexicon.short)
        entries: dict[str, Any] = dict(load_cues())
        entries |= dict.fromkeys(rules.blocked)
        self._coordination = Coordination(
            {}, frozenset(self.lexicon.tails), frozenset(self.lexicon.stems))
        for written, senses in forms.items():
            entries[written] = Unread(rules, written, senses, self._coordination.tails_of)
        capitals: dict[str, Any] = dict(load_headings())
        for each, senses in short.items():
            written = fold(each).kept.decode().strip()
            capitals[written] = Unread(rules, each, senses, _no_tails)
        several = [each for each in entries if " " in each]
        self._several = len(several)
        self._written = several + [each for each in entries if " " not in each]
        self._numbers = {each: number for number, each in enumerate(self._written)}
        self._coordination.numbers = {each: self._numbers[each] for each in forms}
        self._entries = [*map(entries.__getitem__, self._written), *capitals.values()]
        whole, every = self.options.whole_word_only, not self.options.longest_only
        self._matcher = Matcher(self._written, whole_words=whole, every=every)
        self._short = Matcher(list(capitals), whole_words=whole)
        self._lead = self._matcher.lead
        self._reach = 1 + max(map(len, self._written))

    def _wanted(self, table: dict[str, list[Sense]]) -> dict[str, list[Sense]]:
        """Leave out what the options exclude."""
        options = self.options
        stop = {fold_form(word) for word in options.stop_words}
        wanted = table
        if options.exclude_synonyms:
            kept = ((written, [each for each in senses if each[_SCOPE] in _NAMES])
                    for written, senses in table.items())
            wanted = {written: senses for written, senses in kept if senses}
        if options.exclude_numbers:
            wanted = {written: senses for written, senses in wanted.items()
                      if not written.replace(" ", "").isdecimal()}
        return {written: senses for written, senses in wanted.items()
                if fold_form(written) not in stop} if stop else wanted

    # -- finding -----------------------------------------------------------------------------------

    def _mentions(self, folded: Folded, section: str) -> list[Mention]:
        found = self._found(folded)
        mentions = read(folded.low, found, self._entries, self._lead, section)
        low = folded.low
        opening = [each for each in mentions if low[each.end + 1] == _SPACE
                   and folded.opens(each.end)]
        sharing = [each for each in mentions if each.form.tails and may_share(folded, each.start)]
        more = [*self._coordinated(folded, sharing)] if sharing else sharing
        if opening:
            more += self._interrupted(low, opening)
        if more:
            mentions = sorted(mentions + more, key=_place)
        mentions = settle(folded, mentions, opening, self.lexicon)
        return longest(mentions) if self.options.longest_only else mentions

    def _found(self, folded: Folded) -> list[Found]:
        """Return what both automata find, ordered by place, at the edges of words only."""
        low = folded.low
        found = self._matcher.find(low)
        if self._lead:
            found = self._whole(low, found)
        if not self.options.longest_only:
            found.sort(key=_span)
        count = len(self._written)
        short = [(number + count, start, end)
                 for number, start, end in self._short.find(folded.kept)
                 if not self._lead or low[end] < EDGE]
        if short:
            found += short
            found.sort(key=itemgetter(1))
        return found

    def _whole(self, low: bytes, found: list[Found]) -> list[Found]:
        """Leave out what ends within a word; where several words did, look for fewer of them."""
        whole = [hit for hit in found if low[hit[2]] < EDGE]
        if len(whole) == len(found) or not self.options.longest_only:
            return whole
        several = self._several
        cut = next((hit for hit in found if hit[0] < several and low[hit[2]] > EDGE), None)
        if cut is None:
            return whole
        number, start, _ = cut
        kept = [hit for hit in whole if hit[1] < start]
        stop = low.index(b" ", start + 1)
        words = self._written[number].split(" ")
        for size in range(len(words) - 1, 0, -1):
            shorter = self._numbers.get(" ".join(words[:size]))
            if shorter is not None:
                stop = start + 1 + len(self._written[shorter])
                kept.append((shorter, start, stop))
                break
        return kept + self._whole(low, self._again(low, found, stop))

    def _again(self, low: bytes, found: list[Found], stop: int) -> list[Found]:
        """Return what is found from a place on, taking over what has been found before.

        Two searches that meet in one hit go on alike, and mostly they meet soon.
        """
        old = {hit: at for at, hit in enumerate(found)}
        near = [(number, start + stop, end + stop) for number, start, end
                in self._matcher.find(low[stop:stop + 2 * self._reach])]
        for at, hit in enumerate(near):
            if hit[1] > stop + self._reach:  # what begins here may be cut off
                break
            if hit in old:
                return near[:at] + found[old[hit]:]
        return [(number, start + stop, end + stop) for number, start, end
                in self._matcher.find(low[stop:])]

    def _form(self, number: int) -> Form:
        entry: Form | Unread = self._entries[number]
        if isinstance(entry, Unread):
            entry = self._entries[number] = entry.read()
        return entry

    def _coordinated(self, folded: Folded, mentions: list[Mention]) -> Iterator[Mention]:
        """Yield the mentions whose last words another mention gives in an enumeration."""
        for mention in mentions:
            start, form = mention.start, mention.form
            for begin, other in self._coordination.before(folded, start, form.tails):
                other_form = self._form(other)
                if other_form.concept == form.concept or folded.is_bracketed(begin, start):
                    break
                shared = Mention(begin, mention.end, other_form, mention.section)
                shared.role, shared.absent = mention.role, mention.absent
                shared.rules = ("coordination",)
                yield shared

    def _interrupted(self, low: bytes, opening: list[Mention]) -> Iterator[Mention]:
        """Yield the mentions that begin with another one, which a short form sets apart."""
        for mention in opening:
            found = self._coordination.after(low, mention.start, mention.end)
            if found is not None:
                end, number = found
                whole = Mention(mention.start, end, self._form(number), mention.section)
                whole.role, whole.absent = mention.role, mention.absent
                whole.rules = ("interruption",)
                yield whole

    # -- telling -----------------------------------------------------------------------------------

    def _annotate(self, folded: Folded, mentions: list[Mention]) -> list[Annotation]:
        text, least, moved = folded.source, self.options.minimum_match_length, folded.is_moved
        readings, annotations = self._readings, []
        for mention in mentions:
            key = (mention.form, mention.role, mention.absent, mention.section, mention.rules,
                   mention.support)
            try:
                reading = readings[key]
            except KeyError:
                if len(readings) > _READINGS:
                    readings.clear()
                reading = readings[key] = self._reading(mention)
            if reading is not None:
                start, end = mention.start - 1, mention.end - 1
                if moved:
                    start, end = folded.place(mention.start, mention.end)
                if end - start >= least:
                    annotations.append(_annotation((start, end, text[start:end], reading)))
        return annotations

    def _reading(self, mention: Mention) -> Reading | None:
        """Say how a mention was understood; ``None`` if the options leave such a one out."""
        form, options = mention.form, self.options
        concept = self.lexicon.concepts[form.concept]
        reasons = [_scope_in_words(form.scope), *form.reasons]
        reasons += ["coordination"] if "coordination" in mention.rules else []
        others = tuple(self.lexicon.concepts[each.concept].iri for each in form.senses
                       if each.concept != form.concept)
        reasons += ["other senses"] if others else []
        reasons += [_SUPPORT[mention.support]] if mention.support in _SUPPORT else []
        changes = sum(self._scores.get(reason, 0) for reason in reasons[1:])
        score = round(min(1.0, max(0.0, self._scores[form.scope] + changes)), 3)
        if score < options.min_score or (self._allowed is not None
                                         and form.concept not in self._allowed):
            return None
        role, rules = _role(mention, concept.kind)
        most = options.class_hierarchy_max_level or len(concept.broader)
        broader = tuple(iri for level, iri in concept.broader
                        if options.expand_class_hierarchy and level <= most)
        return Reading(
            concept.iri, concept.label, form.name, form.scope, score, tuple(reasons), rules,
            negated=mention.absent is not None, role=role, section=mention.section,
            disambiguation=mention.support,
            alternatives=others,
            broader=broader, ontology_version=self.ontology_version, tagger_version=self.version)

    def _both(self, joined: list[Annotation], folded: Folded, section: str) -> list[Annotation]:
        """Add what is found if the hyphens at line ends are the hyphens of hyphenated words."""
        apart = self._annotate(folded, self._mentions(folded, section))
        taken = {(each.start, each.end) for each in joined}
        more = [each for each in apart if (each.start, each.end) not in taken and not any(
            each.start < other.end and other.start < each.end
            and other.end - other.start >= each.end - each.start for other in joined)]
        kept = [each for each in joined if not any(
            each.start < other.end and other.start < each.end for other in more)]
        return sorted(kept + more, key=lambda each: (each.start, each.end))


def _role(mention: Mention, kind: str) -> tuple[str, tuple[str, ...]]:
    if mention.absent is not None:
        return mention.absent.role, (*mention.rules, mention.absent.rule)
    if mention.role is not None:
        return mention.role.role, (*mention.rules, mention.role.rule)
    if kind in ("instrument", "subscale"):
        return "measured", (*mention.rules, "measured.instrument")
    if mention.section == "background":
        return "background", (*mention.rules, "background.section")
    return "", mention.rules


def _scope_in_words(scope: str) -> str:
    return scope if scope in ("label", "abbreviation") else f"{scope} synonym"


def _place(mention: Mention) -> tuple[int, int]:
    return mention.start, mention.end


def _span(hit: Found) -> tuple[int, int]:
    return hit[1:]


def _no_tails(written: str) -> tuple[str, ...]:
    del written
    return ()


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
