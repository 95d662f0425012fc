"""The formats by name, and how they are told: by the suffix of a file and by what stands in it."""

from __future__ import annotations

import re
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from iero.errors import BadParameter
from iero.tagging.documents.dialect import Dialect
from iero.tagging.documents.document import decode
from iero.tagging.documents.source import Source

__all__ = ["INPUTS", "OUTPUTS", "dialect_of", "output_format"]

INPUTS: Final = ("ris", "nbib", "bibtex", "pubmed", "jats", "endnote", "csv", "tsv", "jsonl",
                 "text")
"""What can be read, by name."""

OUTPUTS: Final = ("same", "jsonl", "csv", "tsv", "xlsx", "nquads", "trig", "turtle", "jsonld",
                  "brat", "pubtator", "html")
"""What can be written."""

_READ: Final = {
    ".ris": "ris", ".nbib": "nbib", ".medline": "nbib", ".bib": "bibtex", ".bibtex": "bibtex",
    ".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl",
    ".txt": "text", ".text": "text",
}
_WRITTEN: Final = {
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".tsv": "tsv", ".xlsx": "xlsx",
    ".nq": "nquads", ".trig": "trig", ".ttl": "turtle", ".jsonld": "jsonld", ".html": "html",
    ".pubtator": "pubtator", ".ris": "same", ".nbib": "same", ".bib": "same", ".bibtex": "same",
    ".xml": "same", ".medline": "same",
}
_CUT: Final = bytes(range(0x80, 0x100))
_SIGNS: Final = (
    ("ris", re.compile(rb"^[ \t]*TY  ?- ?[A-Z]", re.MULTILINE)),
    ("nbib", re.compile(rb"^PMID- ?\d", re.MULTILINE)),
    ("pubmed", re.compile(rb"<Pubmed(?:Book)?Article(?:Set)?[\s>]")),
    ("jats", re.compile(rb"<(?:pmc-articleset|article)[\s>]")),
    ("endnote", re.compile(rb"<records?[\s>]")),
    ("bibtex", re.compile(rb"(?im)^[ \t]*@[ \t]*(?!comment)\w+[ \t]*[{(]")),
    ("jsonl", re.compile(rb"\s*\{\s*\"")),
)


def dialect_of(source: Source, wanted: str = "", given: tuple[str, ...] = ()) -> Dialect:
    """Return the dialect of a file.

    :param wanted: the name of its format, if the user says.
    :param given: the columns or members to tag, if the user says.
    :raises BadParameter: if it is not of that format, or of none that is known.
    """
    name = wanted or _guess(source)
    if name not in INPUTS:
        near = get_close_matches(name, INPUTS, n=1)
        raise BadParameter(f"There is no format {name!r} to read.",
                           hint=f"Formats: {', '.join(INPUTS)}.", nearest=near)
    if given and name not in ("csv", "tsv", "jsonl"):
        raise BadParameter(f"{source.name!r} is in {name}, whose texts are known.",
                           hint="--field is for tables and JSON.")
    dialect = _known(name).of(source, given)
    # The head may end within a character.
    dialect.usual = decode(source.head.rstrip(_CUT))[1]
    return dialect


def _known(name: str) -> type[Dialect]:
    """Return the class of a format; its parser is loaded only now."""
    if name in ("ris", "nbib"):
        from iero.tagging.documents.fielded import Nbib, Ris

        return Ris if name == "ris" else Nbib
    if name == "bibtex":
        from iero.tagging.documents.bibtex import Bibtex

        return Bibtex
    if name in ("pubmed", "jats", "endnote"):
        from iero.tagging.documents.xml import EndNoteXml, Jats, PubMedXml

        markup: dict[str, type[Dialect]] = {
            "pubmed": PubMedXml, "jats": Jats, "endnote": EndNoteXml}
        return markup[name]
    from iero.tagging.documents.lines import Csv, JsonLines, PlainText, Tsv

    plain: dict[str, type[Dialect]] = {
        "csv": Csv, "tsv": Tsv, "jsonl": JsonLines, "text": PlainText}
    return plain[name]


def _guess(source: Source) -> str:
    """Return the format of a file: tables and JSON by their suffix, the others by content."""
    suffix = _suffix(source.name)
    if suffix in (".csv", ".tsv", ".tab", ".jsonl", ".ndjson"):
        return _READ[suffix]
    found = _content(source.head)
    if found:
        return found
    if suffix in _READ:
        return _READ[suffix]
    if not suffix and source.head.strip() and source.name != "-":
        return "text"
    raise BadParameter(f"The format of {source.name!r} cannot be told.",
                       hint=f"Name it: --from with one of {', '.join(INPUTS)}.")


def _content(head: bytes) -> str:
    """Return the format whose sign stands first."""
    found = [(match.start(), name) for name, sign in _SIGNS
             if (match := sign.match(head) if name == "jsonl" else sign.search(head))]
    return min(found)[1] if found else ""


def _suffix(name: str) -> str:
    return Path(name.lower().removesuffix(".gz")).suffix


def output_format(output: str, wanted: str = "") -> str:
    """Return the format of an output by its name.

    >>> output_format("tagged.nq.gz"), output_format("tagged.ris")
    ('nquads', 'same')

    :param wanted: the format, if the user says.
    :raises BadParameter: if there is none such, or the name does not tell.
    """
    name = wanted or _WRITTEN.get(_suffix(output), "")
    if name in OUTPUTS:
        return name
    if not wanted and output == "-":
        return "jsonl"
    what = f"There is no format {wanted!r} to write." if wanted \
        else f"The name {output!r} does not tell a format."
    raise BadParameter(what, hint=f"Use --format with one of {', '.join(OUTPUTS)}.",
                       nearest=get_close_matches(wanted, OUTPUTS, n=1))
