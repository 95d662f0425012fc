"""BRAT standoff: for each record a text file and a file of mentions, in one folder."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from iero.tagging.documents.lines import ANNOTATIONS
from iero.vocabulary import compress

__all__ = ["texts_of", "write_brat"]

_ABOUT: Final = frozenset(("id", "iri", "file", "record", "line", ANNOTATIONS))
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9.-]+")
_BREAK: Final = re.compile(r"\r\n|\r|\n")


def texts_of(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the tagged texts of a record of :class:`JsonWriter`, by field.

    >>> texts_of({"id": "1", "title": "Venting", "annotations": []})
    {'title': 'Venting'}
    """
    return {name: value for name, value in record.items()
            if name not in _ABOUT and isinstance(value, str)}


def write_brat(records: Path, folder: Path) -> None:
    """Write a folder that BRAT opens.

    Offsets count code points from 0, the end excluded, within title, line break, abstract.

    :param records: JSON Lines, as the tagger writes them.
    """
    folder.mkdir(exist_ok=True)
    types: set[str] = set()
    with records.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            record = orjson.loads(line)
            name = f"{number:06d}-{_UNSAFE.sub('-', record['id'])[:60].strip('-.')}"
            text, notes = _standoff(record, types)
            # Line ends as they are: offsets count them.
            (folder / f"{name}.txt").write_bytes(text.encode("utf-8", "replace"))
            (folder / f"{name}.ann").write_bytes("".join(notes).encode("utf-8", "replace"))
    kinds = "\n".join(sorted(types))
    (folder / "annotation.conf").write_text(
        f"[entities]\n{kinds}\n\n[relations]\n\n[events]\n\n[attributes]\nNegated\tArg:<ENTITY>\n",
        encoding="utf-8")


def _standoff(record: Mapping[str, Any], types: set[str]) -> tuple[str, list[str]]:
    texts = texts_of(record)
    starts, at = {}, 0
    for field, text in texts.items():
        starts[field] = at
        at += len(text) + 1
    notes: list[str] = []
    for number, each in enumerate(record[ANNOTATIONS], 1):
        kind = each["concept"].rpartition("/")[2]
        types.add(kind)
        spans = list(_spans(each["quote"], each["start"] + starts[each["field"]]))
        places = ";".join(f"{start} {end}" for start, end, _ in spans)
        notes.append(f"T{number}\t{kind} {places}\t{' '.join(text for _, _, text in spans)}\n")
        name = compress(each["concept"])
        notes.append(f"N{number}\tReference T{number} {name}\t{each['label']}\n")
        if each["negated"]:
            notes.append(f"A{number}\tNegated T{number}\n")
    return "\n".join(texts.values()), notes


def _spans(quote: str, start: int) -> Iterator[tuple[int, int, str]]:
    """Yield the parts of a mention that stand on one line each, as BRAT wants them."""
    at = 0
    for found in [*_BREAK.finditer(quote), None]:
        stop = found.start() if found else len(quote)
        if quote[at:stop]:
            yield start + at, start + stop, quote[at:stop]
        at = found.end() if found else stop
