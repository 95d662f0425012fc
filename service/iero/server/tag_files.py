"""What ``/tag`` sends as a file: everything that ``iero tag`` writes, made by the same run."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final
from zipfile import ZIP_DEFLATED, ZipFile

from flask import Response

from iero.errors import BadParameter
from iero.tagging.job import Job, run

if TYPE_CHECKING:
    from iero.server.records import Order
    from iero.tagging import Tagger
    from iero.tagging.documents import Document

__all__ = ["FILES", "File", "send_file"]


@dataclass(frozen=True)
class File:
    """A kind of file.

    :ivar writer: its name for ``iero tag``.
    :ivar what: what it is good for, in a few words.
    """

    writer: str
    media_type: str
    suffix: str
    what: str


_SHEET: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FILES: Final = {
    "csv": File("csv", "text/csv; charset=utf-8", ".csv", "a row for each mention"),
    "tsv": File("tsv", "text/tab-separated-values; charset=utf-8", ".tsv", "likewise, with tabs"),
    "xlsx": File("xlsx", _SHEET, ".xlsx", "mentions, records and concepts as sheets"),
    "same": File("same", "application/octet-stream", "", "the file itself, with keywords"),
    "report": File("html", "text/html; charset=utf-8", ".html", "charts and marked texts to read"),
    "jsonl": File("jsonl", "application/x-ndjson", ".jsonl", "a line for each record"),
    "trig": File("trig", "application/trig", ".trig", "annotations in their named graph"),
    "pubtator": File("pubtator", "text/plain; charset=utf-8", ".pubtator", "for PubTator's tools"),
    "brat": File("brat", "application/zip", ".zip", "a folder for BRAT"),
}
"""The files by their names under ``?format=``."""


def send_file(order: Order, tagger: Tagger, wanted: str, batch: str) -> Response:
    """Return the tagged records as a file to keep.

    :raises BadParameter: if there is a record that cannot be read, or the records have no format.
    """
    kind = FILES[wanted]
    if wanted == "same" and not order.source:
        raise BadParameter("A text or JSON has no format of its own that could take keywords.",
                           hint="Choose another format, or send a file.", parameter="format")
    name, data = order.source or ("records.jsonl", b"".join(map(_line, order.documents)))
    given = PurePosixPath(name.replace("\\", "/")).name
    suffix = PurePosixPath(given).suffix
    stem = given.removesuffix(suffix) or "records"
    with TemporaryDirectory() as folder:
        source, target = Path(folder, f"input{_safe(suffix)}"), Path(folder, "output")
        source.write_bytes(data)
        done = run(Job((str(source),), str(target), kind.writer, batch=batch or stem,
                       names=(given,)), tagger)
        if done.rejected > len(order.rejected):  # read, and not to be written so
            _, number, _, reason = done.reasons[0]
            raise BadParameter(f"Record {number} cannot be written as {wanted}: {reason}",
                               parameter="format", hint="Choose another format.")
        written = _zipped(target) if target.is_dir() else target.read_bytes()
    saved = f"{_safe(stem)}-tagged{kind.suffix or _safe(suffix)}"
    response = Response(written, content_type=kind.media_type)
    response.headers.set("Content-Disposition", "attachment", filename=saved)
    return response


def _line(document: Document) -> bytes:
    return json.dumps({"id": document.id, **({"iri": document.iri} if document.iri else {}),
                       **document.fields}).encode() + b"\n"


def _safe(name: str) -> str:
    """Return a name without what means something to file systems and headers."""
    return "".join(each for each in name if each.isascii() and (each.isalnum() or each in "-_."))


def _zipped(folder: Path) -> bytes:
    made = io.BytesIO()
    with ZipFile(made, "w", ZIP_DEFLATED) as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, path.name)
    return made.getvalue()
