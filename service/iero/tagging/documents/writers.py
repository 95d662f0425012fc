"""What becomes of a tagged record: its own format with tags, JSON Lines, tables, PubTator.

A writer gives the bytes of one record after the other, which together with its header and footer
are a file. It keeps nothing between records, so that several processes can share the work.
"""

from __future__ import annotations

import csv
import io
from abc import ABC, abstractmethod
from codecs import register_error
from collections.abc import Iterator, Mapping
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import Any, ClassVar, Final

import orjson

from iero.tagging.documents.dialect import Dialect
from iero.tagging.documents.document import Document
from iero.tagging.documents.lines import ANNOTATIONS
from iero.tagging.documents.tagged import Mention, Tagged, concepts

__all__ = ["COLUMNS", "JsonWriter", "PubTatorWriter", "SameWriter", "TableWriter", "Writer",
           "context", "row"]

COLUMNS: Final = ("file", "record", "id", "iri", "field", "start", "end", "quote", "context",
                  "concept", "label", "form", "scope", "score", "role", "negated", "section",
                  "disambiguation", "reasons", "rules", "ontology_version", "tagger_version")
"""The columns of a table of mentions; ``docs/tagging.md`` says what each means."""

_AROUND: Final = 60
_ANNOTATIONS: Final = f'"{ANNOTATIONS}"'.encode()
_ESCAPED: Final = "iero.json"


class Writer(ABC):
    """Base of all writers.

    :cvar keeps: whether what stands between records is written too.
    """

    keeps: ClassVar[bool] = False

    def header(self) -> bytes:
        """Return what stands before the first record."""
        return b""

    @abstractmethod
    def write(self, tagged: Tagged, dialect: Dialect) -> bytes:
        """Return one record.

        :raises ValueError: if it cannot be written in this format, with the reason.
        """

    def footer(self) -> bytes:
        """Return what stands after the last record."""
        return b""


class SameWriter(Writer):
    """Writes each record in the format in which it was read, with tags in its field of keywords."""

    keeps = True

    def write(self, tagged: Tagged, dialect: Dialect) -> bytes:
        """See :meth:`Writer.write`."""
        return dialect.mark(tagged.document, sorted(set(concepts(tagged).values())))


class JsonWriter(Writer):
    """Writes JSON Lines.

    :param keep: put annotations into records that are JSON already, rather than make new ones.
    """

    def __init__(self, keep: bool = True) -> None:
        self.keep = keep

    def write(self, tagged: Tagged, dialect: Dialect) -> bytes:
        """See :meth:`Writer.write`."""
        document = tagged.document
        found = ",".join(map(_annotation, tagged.mentions))
        added = f'"{ANNOTATIONS}":[{found}]'
        if self.keep and document.format == "jsonl":
            return _amended(document, added)
        data = {"id": document.id, "iri": document.iri, "file": document.file,
                "record": document.number, "line": document.line, **document.fields}
        return orjson.dumps(data)[:-1] + f",{added}}}\n".encode()


def _annotation(mention: Mention) -> str:
    field, (start, end, quote, reading) = mention
    return (f'{{"field":{encode_basestring(field)},"start":{start},"end":{end},'
            f'"quote":{encode_basestring(quote)},{reading.as_json}')


def _amended(document: Document, added: str) -> bytes:
    """Return a JSON record with annotations, in place of those of an earlier run."""
    raw = document.raw
    if _ANNOTATIONS in raw:
        data = orjson.loads(raw.decode(document.encoding))
        if data.pop(ANNOTATIONS, None) is not None:
            return orjson.dumps(data)[:-1] + f",{added}}}\n".encode()
    end = raw.rindex(b"}")
    rest = raw[end:]
    return b"%b,%b%b%b" % (raw[:end], added.encode(document.encoding, _ESCAPED), rest,
                           b"" if rest.endswith((b"\n", b"\r")) else b"\n")


def _escaped(error: UnicodeError) -> tuple[str, int]:
    """Write what an encoding has no bytes for as JSON does, in surrogate pairs where needed."""
    if not isinstance(error, UnicodeEncodeError) or error.encoding == "utf-8":
        raise error
    return encode_basestring_ascii(error.object[error.start:error.end])[1:-1], error.end


register_error(_ESCAPED, _escaped)


class TableWriter(Writer):
    """Writes one row for each mention.

    :param delimiter: between cells.
    """

    def __init__(self, delimiter: str = ",") -> None:
        self._delimiter = delimiter

    def header(self) -> bytes:
        """See :meth:`Writer.header`."""
        return self._rows(iter([COLUMNS]))

    def write(self, tagged: Tagged, dialect: Dialect) -> bytes:
        """See :meth:`Writer.write`."""
        document = tagged.document
        about = {"file": document.file, "record": document.number, "id": document.id,
                 "iri": document.iri}
        return self._rows(tuple(row(about, document.fields[mention.field], {
            "field": mention.field, **mention.annotation.to_dict()}).values())
            for mention in tagged.mentions)

    def _rows(self, rows: Iterator[tuple[Any, ...]]) -> bytes:
        written = io.StringIO(newline="")
        csv.writer(written, delimiter=self._delimiter, lineterminator="\n").writerows(rows)
        return written.getvalue().encode("utf-8", "replace")


def row(document: Mapping[str, Any], text: str, annotation: Mapping[str, Any]) -> dict[str, Any]:
    """Return the cells of a mention by the names of :data:`COLUMNS`.

    :param document: says ``file``, ``record``, ``id`` and ``iri``.
    :param text: of the field.
    """
    cells = {**document, **annotation,
             "context": context(text, annotation["start"], annotation["end"]),
             "negated": "yes" if annotation["negated"] else "no",
             "reasons": "; ".join(annotation["reasons"]), "rules": "; ".join(annotation["rules"])}
    return {name: cells[name] for name in COLUMNS}


def context(text: str, start: int, end: int) -> str:
    """Return a mention with the words around it.

    >>> context("Depressed people seek reassurance.", 22, 33)
    '… Depressed people seek [reassurance]. …'
    """
    before = text[max(0, start - _AROUND):start]
    after = text[end:end + _AROUND]
    words = f"… {before}[{text[start:end]}]{after} …"
    return " ".join(words.split())


class PubTatorWriter(Writer):
    """Writes PubTator's format: title and abstract, then a line for each mention."""

    def write(self, tagged: Tagged, dialect: Dialect) -> bytes:
        """See :meth:`Writer.write`."""
        document = tagged.document
        name = " ".join(document.id.replace("|", " ").split()).removeprefix("pmid:")
        fields = {field: _flat(text) for field, text in document.fields.items()}
        title = fields.pop("title", "")
        starts, at = {"title": 0}, len(title) + 1
        for field, text in fields.items():
            starts[field] = at
            at += len(text) + 1
        lines = [f"{name}|t|{title}", f"{name}|a|{' '.join(fields.values())}"]
        for field, each in tagged.mentions:
            shift = starts[field]
            local = each.concept.rpartition("/")[2]
            lines.append("\t".join((name, str(each.start + shift), str(each.end + shift),
                                    _flat(each.quote), local, each.concept)))
        return ("\n".join(lines) + "\n\n").encode("utf-8", "replace")


def _flat(text: str) -> str:
    """Return a text on one line, every place in it unchanged."""
    return text.translate(_FLAT)


_FLAT: Final = str.maketrans(dict.fromkeys("\t\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029", " "))
