"""A record of any file format as the tagger sees it, with its own bytes beside it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import quote

from iero import resources
from iero.vocabulary import PREFIXES

__all__ = ["Document", "Piece", "Place", "Rejected", "decode", "identify", "names_of"]

_DOI: Final = re.compile(r"10\.\d{4,9}/[^\s\"<>{}|\\^`]*[^\s\"<>{}|\\^`.,;)\]]")
_PUBMED: Final = "https://pubmed.ncbi.nlm.nih.gov/"
_IRI: Final = re.compile(r"(?:https?://|urn:)[^\s\"<>{}|\\^`]+")


@dataclass(frozen=True, slots=True)
class Document:
    """What one record says.

    :ivar id: how the record names itself; ``record-7`` if it does not.
    :ivar fields: the texts to tag by name, in order: ``title``, ``abstract``, ``text``, ``body``.
    :ivar format: name of the format it was read from.
    :ivar iri: the document's IRI by its DOI or PubMed number; empty if it has neither.
    :ivar file: name of the file.
    :ivar number: which record of the file it is, from 1.
    :ivar line: the line of the file with which it begins, from 1.
    :ivar raw: its bytes, as they stand in the file.
    :ivar encoding: of those bytes.
    """

    id: str
    fields: Mapping[str, str]
    format: str = ""
    iri: str = ""
    file: str = ""
    number: int = 0
    line: int = 0
    raw: bytes = b""
    encoding: str = "utf-8"

    @property
    def title(self) -> str:
        """The title, or nothing."""
        return self.fields.get("title", "")

    @property
    def abstract(self) -> str:
        """The abstract, or nothing."""
        return self.fields.get("abstract", "")


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that could not be read, with the reason.

    :ivar file: name of the file; ``number`` and ``line`` as of :class:`Document`.
    :ivar reason: what is wrong with it, in words.
    """

    file: str
    number: int
    line: int
    reason: str
    raw: bytes


class Piece(NamedTuple):
    """A part of a file; all pieces in order are the file, byte for byte.

    :ivar number: which record it is, from 1; 0 for what stands between records.
    :ivar line: the line with which it begins, from 1.
    :ivar fault: why it is no whole record, as far as cutting the file apart can tell.
    """

    raw: bytes
    number: int
    line: int
    fault: str = ""


class Place(NamedTuple):
    """How far a file has been read.

    :ivar offset: bytes so far (uncompressed, in UTF-8 if the file is in UTF-16).
    :ivar line: the next line, from 1.
    :ivar number: records so far.
    """

    offset: int = 0
    line: int = 1
    number: int = 0


def decode(raw: bytes, encoding: str = "") -> tuple[str, str]:
    """Return the text of some bytes, and the encoding that it was found to be in.

    UTF-8 if they are valid UTF-8, which text in another encoding hardly ever is; else Windows-1252,
    else Latin-1, in which every byte is a character.

    >>> decode("Schadenfreude – naïve".encode("cp1252"))
    ('Schadenfreude – naïve', 'cp1252')

    :param encoding: what they are said to be in; then no other is tried.
    :raises ValueError: if they are not in that encoding.
    """
    for name in (encoding,) if encoding else ("utf-8", "cp1252"):
        try:
            return raw.decode(name), name
        except UnicodeDecodeError as error:
            if encoding:
                place = f"byte {error.start + 1} of the record"
                raise ValueError(f"{place} is no {encoding}") from error
    return raw.decode("latin-1"), "latin-1"


def names_of(kind: str) -> dict[str, list[str]]:
    """Return under which names a kind of file keeps title, abstract, and so on.

    >>> names_of("ris")["abstract"]
    ['AB', 'N2']
    """
    data = tomllib.loads(resources.package_text("tagging/data/fields.toml"))
    return dict(data[kind])


def identify(get: Callable[[str], str], names: Mapping[str, Iterable[str]]) -> tuple[str, str]:
    """Return the name that a record has for itself, and its IRI; each empty if there is none.

    >>> identify({"DO": "doi:10.1037/A0033839"}.get, {"id": ["AN"], "doi": ["DO"], "pmid": []})
    ('', 'https://doi.org/10.1037/a0033839')

    :param get: returns the value of a field, or nothing.
    :param names: in which fields to look for ``id``, ``doi`` and ``pmid``.
    """
    own = next(filter(None, (get(name) for name in names["id"])), "") or ""
    for name in names["doi"]:
        if (found := _DOI.search(get(name) or "")) is not None:
            return own, PREFIXES["doi"] + quote(found[0].lower(), safe="/:;()._-~!$&'*+,=@")
    for name in names["pmid"]:
        if (get(name) or "").isdecimal():
            return own, _PUBMED + (get(name) or "") + "/"
    if own.lower().startswith("pmid:") and own[5:].isdecimal():
        return own, f"{_PUBMED}{own[5:]}/"
    return own, own if _IRI.fullmatch(own) else ""
