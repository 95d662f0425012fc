"""What a request to ``/tag`` brings: documents and options, from any kind of body.

Plain text, JSON and JSON Lines are read strictly: a record that is wrong is an error. Files of
other formats (RIS, NBIB, BibTeX, PubMed XML, tables, ...) are read as ``iero tag`` reads them: a
broken record is set aside and told.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from itertools import islice
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, Final

from flask import request

from iero.errors import BadParameter, TooLarge, UnsupportedMediaType
from iero.server.negotiation import flag, one, pairs, read_body, read_form
from iero.tagging import Options
from iero.tagging.documents import INPUTS, Document, Rejected, read

__all__ = ["LINES", "OPTIONS", "Order", "read_order", "told"]

FORM: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
LINES: Final = ("application/x-ndjson", "application/jsonl", "application/jsonlines")
TYPES: Final = ("text/plain", "application/json", *LINES, FORM, MULTIPART)
OPTIONS: Final[Mapping[str, Any]] = {each.name: each.default for each in fields(Options)}

_OTHERS: Final = ("text", "section", "format", "batch", "skip_broken")
_TEXTS: Final = ("title", "abstract", "text")
_KNOWN: Final = frozenset(("id", "iri", *_TEXTS))
_SUFFIXES: Final = {".json": "application/json", ".jsonl": LINES[0], ".ndjson": LINES[0],
                    ".txt": "text/plain"}


@dataclass(frozen=True)
class Order:
    """What is to be tagged, and how.

    :ivar documents: at least one; a lone text has the one field ``text``.
    :ivar single: whether a lone text was sent, so that the answer is no list of records.
    :ivar section: the part of a document that a lone text is.
    :ivar options: for the tagger, by name.
    :ivar rejected: the records of a file that could not be read.
    :ivar given: all parameters of the request, those in a form too.
    :ivar source: the name and the bytes of a file, for formats that build on it.
    """

    documents: list[Document]
    single: bool = False
    section: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    given: list[tuple[str, str]] = field(default_factory=list)
    source: tuple[str, bytes] | None = None


def read_order(limit: int) -> Order:
    """Read the request at hand: its body by its type, and its parameters.

    :param limit: how many records a request may bring.
    :raises BadParameter: if something is missing, unknown or ill-formed.
    :raises UnsupportedMediaType: if the body is of another type.
    :raises TooLarge: if it brings more records.
    """
    given = pairs(request.query_string)
    if request.method != "POST":
        return _single(given, one(given, "text") or "")
    media_type = request.mimetype
    if media_type == MULTIPART:
        order = _uploaded([*given, *read_form()], limit)
    elif media_type == FORM:
        given += pairs(read_body())
        order = _single(given, one(given, "text") or "")
    elif media_type == "application/json":
        order = replace(_json(read_body(), _parameters(given), limit), given=given)
    elif media_type == "text/plain":
        order = _single(given, _decoded(read_body()))
    elif media_type in LINES:
        order = Order(_lines(_decoded(read_body()), limit), options=_parameters(given), given=given)
    else:
        raise UnsupportedMediaType(
            f"Nothing is tagged that comes as {media_type or 'a body without a Content-Type'}.",
            hint="Send one of " + ", ".join(TYPES) + ".", available=list(TYPES))
    return order


def _single(given: list[tuple[str, str]], text: str) -> Order:
    if not text.strip():
        raise BadParameter("There is no text to tag.", parameter="text",
                           hint="Send it as the parameter 'text', or as a body of text/plain.")
    return Order([Document("text", {"text": text})], single=True,
                 section=one(given, "section") or "", options=_parameters(given), given=given)


def _uploaded(given: list[tuple[str, str]], limit: int) -> Order:
    files = [file for file in request.files.values() if file.filename]
    if not files:
        return _single(given, one(given, "text") or "")
    if len(files) > 1:
        raise BadParameter(f"{len(files)} files came; one is tagged at a time.", parameter="file")
    file = files[0]
    data, name = file.stream.read(), file.filename or ""
    kind = _kind(name, file.mimetype)
    found, rejected = _file(data, kind, name, limit)
    return Order(found, options=_parameters(given), given=given, rejected=rejected,
                 source=None if kind in ("application/json", "text/plain") else (name, data))


def _json(body: bytes, options: dict[str, Any], limit: int) -> Order:
    data = _loaded(_decoded(body), "The body")
    if isinstance(data, list):
        data = {"records": data}
    if not isinstance(data, dict):
        raise BadParameter("The body is neither a JSON object nor a list.",
                           hint='Send {"text": "…"} or {"records": [{"id": "1", "text": "…"}]}.')
    unknown = sorted(set(data) - {*OPTIONS, "text", "section", "records"})
    if unknown:
        raise _unknown(unknown[0])
    options |= {name: value for name, value in data.items() if name in OPTIONS}
    if "records" in data:
        if "text" in data or not isinstance(data["records"], list):
            raise BadParameter("Send either 'text' or a list of 'records'.", parameter="records")
        return Order(_listed(data["records"], limit), options=options)
    if not isinstance(data.get("text"), str) or not data["text"].strip():
        raise BadParameter("There is no text to tag.", parameter="text",
                           hint='Send {"text": "…"} or {"records": [{"id": "1", "text": "…"}]}.')
    return Order([Document("text", {"text": data["text"]})], single=True,
                 section=str(data.get("section") or ""), options=options)


def _kind(name: str, media_type: str) -> str:
    """Return the media type of a file; the suffix of its name goes before what the client says."""
    suffix = PurePosixPath(name.lower()).suffix
    return _SUFFIXES.get(suffix, "" if suffix else media_type)


def _file(data: bytes, kind: str, name: str, limit: int) -> tuple[list[Document], list[Rejected]]:
    """Read an uploaded file."""
    if kind == "application/json":
        found = _loaded(_decoded(data), "The file")
        return _listed(found if isinstance(found, list) else [found], limit), []
    if kind in LINES:
        return _lines(_decoded(data), limit), []
    if kind == "text/plain":
        return _listed([{"id": name or "text", "text": _decoded(data)}], limit), []
    return _bibliographic(data, PurePosixPath(name.lower()).suffix, limit)


def _bibliographic(data: bytes, suffix: str, limit: int) -> tuple[list[Document], list[Rejected]]:
    if data.startswith(b"\x1f\x8b"):  # a megabyte may unpack to any size
        raise UnsupportedMediaType("Compressed files are not read here.", hint="Unpack it first.",
                                   available=list(INPUTS))
    with TemporaryDirectory() as folder:
        path = Path(folder, f"records.{''.join(filter(str.isalnum, suffix))}")
        path.write_bytes(data)
        try:
            found = list(islice(read(path), limit + 1))
        except BadParameter as error:
            raise UnsupportedMediaType(
                f"The format of the file ({suffix or 'without suffix'}) cannot be told.",
                hint="Formats: json, " + ", ".join(INPUTS) + ".", available=list(INPUTS)) from error
    if len(found) > limit:
        raise _too_many(limit)
    kept = [each for each in found if isinstance(each, Document)]
    if not kept:
        raise BadParameter("No record of the file can be read.", parameter="file",
                           rejected=[told(each) for each in found if isinstance(each, Rejected)])
    return kept, [each for each in found if isinstance(each, Rejected)]


def told(rejected: Rejected) -> dict[str, Any]:
    """Return what is said of a record that could not be read."""
    return {"record": rejected.number, "line": rejected.line, "reason": rejected.reason}


def _lines(text: str, limit: int) -> list[Document]:
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    return _listed([_loaded(line, f"Line {number}") for number, line in lines], limit)


def _too_many(limit: int) -> TooLarge:
    return TooLarge(f"The request has more than {limit:,} records.", limit=limit,
                    hint="Send them in parts.")


def _listed(records: list[Any], limit: int) -> list[Document]:
    if len(records) > limit:
        raise _too_many(limit)
    if not records:
        raise BadParameter("There are no records to tag.", parameter="records")
    return [_document(number, record) for number, record in enumerate(records, 1)]


def _document(number: int, record: Any) -> Document:
    place = f"Record {number}"
    if isinstance(record, str):
        record = {"text": record}
    if not isinstance(record, dict):
        raise BadParameter(f"{place} is neither a text nor an object.", record=number)
    texts = {name: record[name] for name in _TEXTS if record.get(name)}
    if not texts:
        raise BadParameter(f"{place} has no text.", record=number,
                           hint="A record has a title, an abstract or a text.")
    wrong = [name for name in _KNOWN & set(record) if not isinstance(record[name] or "", str | int)
             or (name in texts and not isinstance(record[name], str))]
    if wrong:
        raise BadParameter(f"{place}: {min(wrong)!r} is no text.", record=number)
    return Document(str(record.get("id") or f"record-{number}"), texts, number=number,
                    iri=str(record.get("iri") or ""))


def _loaded(text: str, what: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise BadParameter(f"{what} is no JSON: {error}.") from error
    except RecursionError as error:
        raise BadParameter(f"{what} is nested too deeply.", hint="A record is flat.") from error


def _decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadParameter(f"The text is not UTF-8 (byte {error.start + 1}).",
                           hint="Convert it to UTF-8.") from error


def _parameters(given: list[tuple[str, str]]) -> dict[str, Any]:
    """Return the options among the parameters; lists are separated by commas."""
    for name, _ in given:
        if name not in OPTIONS and name not in _OTHERS:
            raise _unknown(name)
    readers: dict[type, Callable[[str], Any]] = {
        bool: lambda name: flag(given, name, default=False),
        tuple: lambda name: [word.strip() for key, value in given if key == name
                             for word in value.split(",") if word.strip()],
        int: lambda name: _number(given, name, int),
        float: lambda name: _number(given, name, float)}
    return {name: readers[type(OPTIONS[name])](name) for name in _asked(given)}


def _asked(given: list[tuple[str, str]]) -> Iterator[str]:
    return (name for name in OPTIONS if any(key == name and value for key, value in given))


def _number(given: list[tuple[str, str]], name: str, kind: type[int] | type[float]) -> int | float:
    text = one(given, name) or ""
    try:
        return kind(text)
    except ValueError as error:
        raise BadParameter(f"The parameter {name!r} is {text!r}, not a number.",
                           parameter=name) from error


def _unknown(name: str) -> BadParameter:
    return BadParameter(f"The parameter {name!r} is not known here.", parameter=name,
                        hint="Parameters: " + ", ".join((*_OTHERS, *OPTIONS)) + ".")
