"""What a new ontology or tagger changes in a corpus: which mentions come, go and change, and why.

Why is read from the annotations themselves: each says by which form it was found and which rules
fired. A form that one of the two never found is a label that came or went; a form that both know
was decided otherwise, by a rule, by another reading, or by a longer mention in its place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from iero.tagging.documents.writers import context
from iero.tagging.evaluation import Judged, Span, read_tagged

__all__ = ["Change", "Comparison", "compare"]

_JUDGED: Final = ("score", "role", "negated", "section")
_EXAMPLES: Final = 3

Found = dict[str, Any]


class Change(NamedTuple):
    """One kind of change.

    :ivar kind: ``gained``, ``lost`` or ``changed``.
    :ivar concept: its IRI.
    :ivar cause: the label or the rule, in words.
    """

    kind: str
    concept: str
    cause: str


@dataclass
class Comparison:
    """What is different between two taggings of one corpus.

    :ivar records: records in both; ``only_first`` and ``only_second``: ids of those in one only.
    :ivar mentions: number of mentions in the first and in the second.
    :ivar same: mentions that are the same in both.
    :ivar changes: each kind of change with how often it occurs.
    :ivar examples: some places of each: record, and the mention in its context.
    :ivar versions: of ontology and tagger, of the first and of the second.
    """

    records: int = 0
    changed_records: int = 0
    only_first: list[str] = field(default_factory=list)
    only_second: list[str] = field(default_factory=list)
    mentions: list[int] = field(default_factory=lambda: [0, 0])
    same: int = 0
    changes: Counter[Change] = field(default_factory=Counter)
    examples: dict[Change, list[tuple[str, str]]] = field(default_factory=dict)
    versions: list[set[str]] = field(default_factory=lambda: [set(), set()])

    def total(self, kind: str) -> int:
        """Return how many mentions were gained, lost or changed."""
        return sum(count for change, count in self.changes.items() if change.kind == kind)

    def to_dict(self) -> dict[str, Any]:
        """Return everything for JSON."""
        return {
            "records": self.records, "changed_records": self.changed_records,
            "only_first": self.only_first, "only_second": self.only_second,
            "mentions": self.mentions, "same": self.same,
            **{kind: self.total(kind) for kind in ("gained", "lost", "changed")},
            "versions": [sorted(each) for each in self.versions],
            "changes": [{**change._asdict(), "count": count,
                         "examples": [{"record": name, "context": text}
                                      for name, text in self.examples[change]]}
                        for change, count in self.changes.most_common()],
        }


def compare(first: str, second: str) -> Comparison:
    """Compare two files of JSON Lines that hold the same records, tagged differently.

    :raises NotFound: if there is no such file.
    :raises BadParameter: if a record is broken.
    """
    forms = _forms(first), _forms(second)
    comparison = Comparison()
    for one, other in _paired(first, second, comparison):
        _compare(one, other, forms, comparison)
    return comparison


def _forms(name: str) -> set[tuple[str, str]]:
    """Return every form by which a concept was found anywhere in a file."""
    return {(each["concept"], each.get("form", "")) for judged in read_tagged(name)
            for each in judged.annotations}


def _paired(first: str, second: str, comparison: Comparison) -> Iterator[tuple[Judged, Judged]]:
    """Yield the records that stand in both; those that are in step are not kept."""
    waiting: tuple[dict[str, Judged], dict[str, Judged]] = {}, {}
    files = read_tagged(first), read_tagged(second)
    while True:
        new = [next(file, None) for file in files]
        if new == [None, None]:
            break
        for side, judged in enumerate(new):
            if judged is not None:
                waiting[side][judged.document.id] = judged
        for judged in filter(None, new):
            name = judged.document.id
            if name in waiting[0] and name in waiting[1]:
                yield waiting[0].pop(name), waiting[1].pop(name)
    comparison.only_first, comparison.only_second = (list(each) for each in waiting)


def _compare(one: Judged, other: Judged, forms: tuple[set[tuple[str, str]], set[tuple[str, str]]],
             comparison: Comparison) -> None:
    sides = [dict(zip(judged.spans(), judged.annotations, strict=True))
             for judged in (one, other)]
    for side, found in enumerate(sides):
        comparison.mentions[side] += len(found)
        comparison.versions[side].update(_version(each) for each in found.values())
    comparison.records += 1
    before = comparison.changes.total()
    note = _noter(comparison, one)
    for span in sorted(sides[0].keys() | sides[1].keys()):
        if span not in sides[0]:
            note(span, "gained", _cause(span, sides[1][span], sides[0], forms[0], "came", "was"))
        elif span not in sides[1]:
            note(span, "lost", _cause(span, sides[0][span], sides[1], forms[1], "went", "is"))
        elif changes := _judgements(sides[0][span], sides[1][span]):
            note(span, "changed", changes)
        else:
            comparison.same += 1
    comparison.changed_records += comparison.changes.total() > before


def _noter(comparison: Comparison, judged: Judged) -> Callable[[Span, str, str], None]:
    def note(span: Span, kind: str, cause: str) -> None:
        change = Change(kind, span.concept, cause)
        comparison.changes[change] += 1
        examples = comparison.examples.setdefault(change, [])
        if len(examples) < _EXAMPLES:
            text = context(judged.document.fields[span.field], span.start, span.end)
            examples.append((judged.document.id, text))

    return note


def _version(annotation: Found) -> str:
    return (f"ontology {annotation.get('ontology_version', '?')}, "
            f"tagger {annotation.get('tagger_version', '?')}")


def _cause(span: Span, annotation: Found, others: dict[Span, Found],
           known: set[tuple[str, str]], verb: str, tense: str) -> str:
    """Say why a mention stands on one side only.

    :param others: the mentions of the other side in this record.
    :param known: the forms that the other side knows.
    """
    form = annotation.get("form", "")
    rival = next((other for other in others if other.overlaps(span)), None)
    if rival is not None:
        their = others[rival]
        what = "of another concept" if rival.concept != span.concept else "of the same concept"
        return (f"{their.get('quote', '')!r} {what} {tense} in its place "
                f"({their.get('scope', 'form')} {their.get('form', '')!r})")
    if (span.concept, form) not in known:
        return f"the {annotation.get('scope', 'form')} {form!r} {verb}"
    rules = ", ".join(annotation.get("rules") or ()) or "none"
    support = annotation.get("disambiguation", "none")
    return f"{form!r} is known to both, decided otherwise (rules {rules}; support {support})"


def _judgements(one: Found, other: Found) -> str:
    """Say what is judged differently of a mention that both have."""
    changes = [f"{name} {one.get(name)!s} → {other.get(name)!s}" for name in _JUDGED
               if one.get(name) != other.get(name)]
    if not changes:
        return ""
    came = set(other.get("rules") or ()) - set(one.get("rules") or ())
    went = set(one.get("rules") or ()) - set(other.get("rules") or ())
    rules = [f"+{rule}" for rule in sorted(came)] + [f"-{rule}" for rule in sorted(went)]
    forms = one.get("form") != other.get("form")
    why = [f"rules {' '.join(rules)}"] * bool(rules)
    why += [f"form {one.get('form')!r} → {other.get('form')!r}"] * forms
    return ", ".join(changes) + (f" ({'; '.join(why)})" if why else "")
