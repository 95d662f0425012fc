"""The report: one HTML file that shows what records are about, and asks nobody for anything."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any, Final, NamedTuple

import jinja2
import orjson

from iero import resources
from iero.tagging.documents.charts import gap_map, web
from iero.tagging.documents.lines import ANNOTATIONS
from iero.tagging.documents.standoff import texts_of
from iero.vocabulary import IERO

__all__ = ["write_report"]

_SHOWN: Final = 500
_ROWS, _COLUMNS, _NODES, _BARS = 28, 18, 30, 60


@dataclass
class _Tally:
    """What is counted over all records."""

    kinds: list[dict[str, Any]]
    records: int = 0
    tagged: int = 0
    mentions: int = 0
    labels: dict[str, str] = field(default_factory=dict)
    kind_of: dict[str, str] = field(default_factory=dict)
    within: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    denied: Counter[str] = field(default_factory=Counter)
    pairs: Counter[frozenset[str]] = field(default_factory=Counter)
    shown: list[_Record] = field(default_factory=list)
    version: str = ""
    files: dict[str, None] = field(default_factory=dict)

    def add(self, record: Mapping[str, Any]) -> None:
        """Count a record, and keep the first ones that mention anything."""
        mentions = record[ANNOTATIONS]
        self.records += 1
        self.files[Path(record["file"]).name] = None
        self.tagged += bool(mentions)
        self.mentions += len(mentions)
        for each in mentions:
            concept = each["concept"]
            if concept not in self.labels:
                self.labels[concept] = each["label"]
                self.kind_of[concept] = self._kind(concept, each["broader"])
                self.version = (f"ontology {each['ontology_version']}, "
                                f"tagger {each['tagger_version']}")
            self.found[concept] += 1
            self.denied[concept] += each["negated"]
        said = sorted({each["concept"] for each in mentions if not each["negated"]})
        self.within.update(said)
        self.pairs.update(map(frozenset, combinations(said, 2)))
        if mentions and len(self.shown) < _SHOWN:
            self.shown.append(_shown(record, self.kind_of))

    def _kind(self, concept: str, broader: list[str]) -> str:
        names = {each.removeprefix(IERO) for each in (concept, *broader)}
        return next((kind["name"] for kind in self.kinds if names & set(kind["roots"])), "other")

    def of(self, kind: str, most: int) -> list[tuple[str, str, int]]:
        """Return name, label and records of the commonest concepts of a kind."""
        ranked = sorted(self.within.items(), key=lambda each: (-each[1], self.labels[each[0]]))
        return [(name, self.labels[name], count) for name, count in ranked
                if self.kind_of[name] == kind][:most]


class _Part(NamedTuple):
    """A run of text; with a kind, if it is a mention."""

    text: str
    kind: str = ""
    tip: str = ""
    negated: bool = False


class _Record(NamedTuple):
    """A record as it is shown: each field as a list of parts."""

    id: str
    iri: str
    title: list[_Part]
    fields: list[list[_Part]]


def write_report(records: Path, target: Path) -> None:
    """Write the report.

    :param records: JSON Lines, as the tagger writes them, with the broader concepts of each
        mention.
    """
    tally = _Tally(tomllib.loads(resources.package_text("tagging/data/report.toml"))["kind"])
    with records.open("rb") as lines:
        for line in lines:
            tally.add(orjson.loads(line))
    part = target.with_name(target.name + ".new")
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True,
                                     undefined=jinja2.StrictUndefined)
    template = environment.from_string(resources.package_text("tagging/data/report.html"))
    with part.open("w", encoding="utf-8", errors="replace") as file:
        file.writelines(template.generate(_page(tally, _name(tally, target))))
    part.replace(target)


def _name(tally: _Tally, target: Path) -> str:
    """Return what the records are called: the names of their files, if they are few."""
    names = [name for name in tally.files if name != "-"]
    return ", ".join(names) if 0 < len(names) < 4 else target.stem


def _page(tally: _Tally, name: str) -> dict[str, Any]:
    rows, columns = tally.of("strategy", _ROWS), tally.of("disorder", _COLUMNS)
    pairs = {(row, column): count for row, *_ in rows for column, *_ in columns
             if (count := tally.pairs[frozenset((row, column))])}
    top = {concept for concept, _ in tally.within.most_common(_NODES)}
    around = [(concept, label, kind["name"], count) for kind in tally.kinds
              for concept, label, count in tally.of(kind["name"], _NODES) if concept in top]
    bars = [{**kind, "concepts": tally.of(kind["name"], _BARS)} for kind in tally.kinds]
    return {"name": name, "tally": tally, "gaps": gap_map(rows, columns, pairs),
            "web": web(around, tally.pairs), "bars": [each for each in bars if each["concepts"]],
            "most": max(tally.within.values(), default=1), "shown": _SHOWN,
            "rows": len(rows), "columns": len(columns)}


def _shown(record: Mapping[str, Any], kind_of: Mapping[str, str]) -> _Record:
    texts = texts_of(record)
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in texts}
    for each in record[ANNOTATIONS]:
        found[each["field"]].append(each)
    marked = {name: list(_parts(text, found[name], kind_of)) for name, text in texts.items()}
    title = marked.pop("title", [_Part(record["id"])])
    iri = record["iri"] if record["iri"].startswith("http") else ""
    return _Record(record["id"], iri, title, list(marked.values()))


def _parts(text: str, mentions: list[dict[str, Any]], kind_of: Mapping[str, str]
           ) -> Iterator[_Part]:
    """Cut a text at its mentions; of two that overlap the first is shown."""
    at = 0
    for each in mentions:
        if each["start"] < at:
            continue
        yield _Part(text[at:each["start"]])
        tip = [each["label"], f"score {each['score']:g}", each["role"], *each["reasons"]]
        yield _Part(text[each["start"]:each["end"]], kind_of[each["concept"]],
                    " · ".join(filter(None, tip)), each["negated"])
        at = each["end"]
    yield _Part(text[at:])
