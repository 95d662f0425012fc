"""Documents: the records of bibliographic files, read for tagging and written back with their tags.

>>> from pathlib import Path
>>> from tempfile import TemporaryDirectory
>>> with TemporaryDirectory() as folder:
...     file = Path(folder, "one.ris")
...     _ = file.write_text("TY  - JOUR\\nTI  - Mood contagion\\nER  - \\n")
...     [record.title for record in read(file)]
['Mood contagion']

The way of a file: :mod:`~iero.tagging.documents.source` opens it, whatever it is packed in;
:mod:`~iero.tagging.documents.formats` tells its format; the format's
:class:`~iero.tagging.documents.dialect.Dialect` cuts it into pieces that are the file byte for
byte, reads a record and writes tags into it; :mod:`~iero.tagging.documents.tagged` asks the tagger;
:mod:`~iero.tagging.documents.writers` and the modules beside it give the result its form.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from iero.tagging.documents.document import Document, Rejected
from iero.tagging.documents.formats import INPUTS, OUTPUTS, dialect_of
from iero.tagging.documents.source import Source
from iero.tagging.documents.tagged import DocumentTagger, Mention, Tagged

__all__ = ["INPUTS", "OUTPUTS", "Document", "DocumentTagger", "Mention", "Rejected", "Tagged",
           "read"]


def read(path: str | Path, format: str = "", *, fields: tuple[str, ...] = ()  # noqa: A002
         ) -> Iterator[Document | Rejected]:
    """Yield the records of a file in order, a broken one as :class:`Rejected`.

    :param format: one of :data:`INPUTS`; empty to tell it by suffix and content.
    :param fields: columns or members to tag, for tables and JSON.
    :raises NotFound: if there is no such file.
    :raises BadParameter: if its format is not known.
    """
    with Source(str(path)) as source:
        dialect = dialect_of(source, format, fields)
        for piece in dialect.split(source):
            if piece.number:
                yield dialect.read(piece, source.name)
