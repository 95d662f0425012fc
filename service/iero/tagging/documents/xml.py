"""PubMed XML, JATS and EndNote XML: records cut out by their tags, read by lxml, marked in place.

Each record is parsed for itself, without its document type: no entity is expanded, no file and no
address is opened. Named characters such as ``&alpha;`` are HTML's. Tags go into a keyword element
of their own, put where the document type allows it; nothing else in the file changes.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from html import escape
from html.entities import html5
from typing import Any, ClassVar, Final

from lxml import etree

from iero.tagging.documents.dialect import TAG, Cutter, Dialect, Parsed
from iero.tagging.documents.document import Document, Piece, identify
from iero.tagging.documents.source import LIMIT, Source

__all__ = ["EndNoteXml", "Jats", "PubMedXml"]

_ENCODING: Final = re.compile(rb"""<\?xml[^>]*\bencoding\s*=\s*["']([\w.-]+)""")
_NAMESPACE: Final = re.compile(rb"""\sxmlns:[\w.-]+\s*=\s*(?:"[^"]*"|'[^']*')""")
_ENTITY: Final = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
_HIDDEN: Final = re.compile(r"<!--.*?-->|<!\[CDATA\[.*?\]\]>", re.DOTALL)
_KEEP: Final = frozenset(("lt", "gt", "amp", "quot", "apos"))
_PLACE: Final = re.compile(r", line (\d+), column (\d+).*")
_NAMES: Final = {"id": ["id"], "doi": ["doi"], "pmid": ["pmid"]}


class _Xml(Dialect):
    """What the three formats have in common.

    :cvar records: names of the elements that are a record.
    :cvar container: name of the element around our keywords, and how it begins.
    :cvar after: elements behind the last of which the keywords go...
    :cvar before: ... or, if there are none, the tags before the first of which they go.
    :ivar namespaces: those declared before the first record.
    """

    records: ClassVar[tuple[str, ...]]
    opening: ClassVar[str]
    closing: ClassVar[str]
    keyword: ClassVar[tuple[str, str]]
    after: ClassVar[tuple[str, ...]]
    before: ClassVar[tuple[str, ...]]

    def __init__(self, encoding: str = "utf-8", namespaces: bytes = b"") -> None:
        self.encoding, self.namespaces = encoding, namespaces
        names = "|".join(self.records).encode()
        self._mark = re.compile(
            rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<(?:(" + names + rb")(?=[\s>])[^>]*|/(" + names
            + rb")\s*)>", re.DOTALL)

    @classmethod
    def of(cls, source: Source, given: tuple[str, ...] = ()) -> Dialect:  # noqa: ARG003
        """Return the dialect of a file: its encoding and namespaces; see :meth:`Dialect.of`."""
        found = _ENCODING.match(source.head.lstrip())
        encoding = found[1].decode().lower() if found and not source.wide else "utf-8"
        try:
            "".encode(encoding)
        except LookupError:
            encoding = "utf-8"
        first = cls()._mark.search(source.head)
        head = source.head[:first.start()] if first else source.head
        return cls(encoding, b"".join(sorted(set(_NAMESPACE.findall(head)))))

    def split(self, source: Source) -> Iterator[Piece]:
        """Cut at the tags of records; see :meth:`Dialect.split`."""
        cutter, held, begun, look = Cutter(source.place), b"", -1, 0
        for chunk in source.chunks():
            held += chunk
            while (found := self._mark.search(held, look)) is not None:
                look = found.end()
                if found[1]:
                    if begun >= 0:
                        yield cutter.record(held[begun:found.start()], _open(found[1]))
                    else:
                        yield from cutter.between(held[:found.start()])
                    held, begun, look = held[found.start():], 0, found.end() - found.start()
                elif found[2] and begun >= 0:
                    yield cutter.record(held[begun:look])
                    held, begun, look = held[look:], -1, 0
                elif found[2]:
                    yield from cutter.between(held[:found.start()])
                    yield cutter.record(found[0], f"</{found[2].decode()}> ends nothing")
                    held, look = held[look:], 0
            look = self._next(held, look)
            if len(held) > LIMIT:
                yield cutter.record(held)
                held, begun, look = b"", -1, 0
        if begun >= 0:
            yield cutter.record(held, "the file ends before the record does")
        else:
            yield from cutter.between(held)

    def _next(self, held: bytes, look: int) -> int:
        """Return where to look on when more has come: before a tag or comment that is not whole."""
        for mark in (b"<!--", b"<![CDATA["):
            opened = held.find(mark, look)
            if opened >= 0:
                return opened
        return max(look, held.rfind(b"<", look))

    def parse(self, text: str, piece: Piece) -> Parsed:
        """Read a record; see :meth:`Dialect.parse`."""
        plain = _ENTITY.sub(_named, text)
        data = b"<record" + self.namespaces + b">" + plain.encode("utf-8", "surrogatepass") \
            + b"</record>"
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False,
                                 encoding="utf-8", remove_comments=True, remove_pis=True)
        try:
            record = etree.fromstring(data, parser)[0]
        except etree.XMLSyntaxError as error:
            place = _PLACE.search(str(error))
            line = piece.line + int(place[1]) - 1 if place else piece.line
            raise ValueError(f"{_PLACE.sub('', str(error))} (line {line})") from error
        names, fields = self.texts(record)
        own, iri = identify(lambda name: names.get(name, ""), _NAMES)
        return Parsed(own, iri, {kind: text for kind, text in fields.items() if text})

    @abstractmethod
    def texts(self, record: Any) -> tuple[dict[str, str], dict[str, str]]:
        """Return the names of a record (id, doi, pmid) and its texts."""

    def mark(self, document: Document, keywords: Sequence[str]) -> bytes:
        """Write the element of keywords; see :meth:`Dialect.mark`."""
        text = self._unmarked(document.raw.decode(document.encoding))
        if keywords:
            begin, end = self.keyword
            inner = "".join(f"{begin}{escape(TAG + each)}{end}" for each in keywords)
            at = self._place(_HIDDEN.sub(lambda found: " " * len(found[0]), text))
            text = f"{text[:at]}{self.opening}{inner}{self.closing}{text[at:]}"
        return text.encode(document.encoding, "xmlcharrefreplace")

    def _unmarked(self, text: str) -> str:
        begin, end = self.keyword
        one = rf"{re.escape(begin)}{re.escape(TAG)}[^<]*{re.escape(end)}"
        whole = rf"{re.escape(self.opening)}(?:{one})+{re.escape(self.closing)}"
        return re.sub(one, "", re.sub(whole, "", text))

    def _place(self, text: str) -> int:
        """Return where the keywords go."""
        ends = [found.end() for name in self.after
                for found in re.finditer(rf"</{name}\s*>|<{name}(?:\s[^>]*)?/>", text)]
        if ends:
            return max(ends)
        for name in self.before:
            if (found := re.search(rf"<{name}(?=[\s/>])", text)) is not None:
                return found.start()
        raise ValueError("there is no place for keywords in it")


def _named(found: re.Match[str]) -> str:
    name = found[1]
    return found[0] if name in _KEEP else html5.get(name + ";", found[0])


def _open(name: bytes) -> str:
    return f"<{name.decode()}> is not closed before the next one begins"


def _text(element: Any) -> str:
    return " ".join("".join(element.itertext()).split()) if element is not None else ""


def _blocks(element: Any) -> Iterator[str]:
    """Yield the paragraphs of an abstract or a body, a heading before the first of its section."""
    heading = _text(element.find("title")) if element.tag == "sec" else ""
    for child in element:
        if child.tag in ("sec", "abstract", "body", "boxed-text"):
            blocks = _blocks(child)
        elif child.tag == "title":
            continue
        else:
            blocks = iter([_text(child)])
        for block in filter(None, blocks):
            yield f"{heading}: {block}" if heading else block
            heading = ""


class PubMedXml(_Xml):
    """What efetch of NCBI gives, and the files of the MEDLINE baseline."""

    name = "pubmed"
    records = ("PubmedArticle", "PubmedBookArticle")
    opening, closing = '<KeywordList Owner="NOTNLM">', "</KeywordList>"
    keyword = '<Keyword MajorTopicYN="N">', "</Keyword>"
    after = ("KeywordList",)
    before = ("CoiStatement", "SpaceFlightMission", "InvestigatorList", "GeneralNote",
              "/MedlineCitation", "ContributionDate", "DateRevised", "GrantList", "ItemList",
              "ReferenceList", "/BookDocument")

    def texts(self, record: Any) -> tuple[dict[str, str], dict[str, str]]:
        """See :class:`_Xml`."""
        core = record.find("MedlineCitation")
        core = record.find("BookDocument") if core is None else core
        if core is None:
            raise ValueError("it holds no MedlineCitation")
        article = core if core.tag == "BookDocument" else core.find("Article")
        if article is None:
            raise ValueError("it holds no Article")
        title = article.find("ArticleTitle")
        parts = (f"{part.get('Label')}: {_text(part)}" if part.get("Label") else _text(part)
                 for part in article.findall("Abstract/AbstractText"))
        dois = [_text(each) for each in record.iterfind(".//ArticleIdList/ArticleId[@IdType='doi']")
                if each.getparent().getparent().tag != "Reference"]
        dois += [_text(each) for each in article.findall("ELocationID[@EIdType='doi']")]
        pmid = _text(core.find("PMID"))
        return ({"id": pmid, "pmid": pmid, "doi": next(filter(None, dois), "")},
                {"title": _text(article.find("Book/BookTitle") if title is None else title),
                 "abstract": "\n".join(filter(None, parts))})


class Jats(_Xml):
    """JATS, in which PubMed Central and publishers give articles whole."""

    name = "jats"
    records = ("article",)
    opening, closing = '<kwd-group kwd-group-type="iero">', "</kwd-group>"
    keyword = "<kwd>", "</kwd>"
    after = ("kwd-group", "trans-abstract", "abstract")
    before = ("funding-group", "support-group", "conference", "counts", "custom-meta-group",
              "/article-meta")

    def texts(self, record: Any) -> tuple[dict[str, str], dict[str, str]]:
        """See :class:`_Xml`."""
        meta = record.find("front/article-meta")
        if meta is None:
            raise ValueError("it holds no article-meta")
        names = {kind: _text(meta.find(f"article-id[@pub-id-type='{kind}']"))
                 for kind in ("doi", "pmid", "pmc", "pmcid")}
        names["id"] = names["pmid"] or names["pmcid"] or names["pmc"] or names["doi"]
        abstracts = (block for each in meta.findall("abstract") for block in _blocks(each))
        body = record.find("body")
        return names, {"title": _text(meta.find("title-group/article-title")),
                       "abstract": "\n".join(abstracts),
                       "body": "\n".join(_blocks(body)) if body is not None else ""}

    def _place(self, text: str) -> int:
        """Return where the keywords go: not behind a group of a part of the article."""
        front = re.search(r"</article-meta\s*>", text)
        return super()._place(text[:front.end()] if front else text)


class EndNoteXml(_Xml):
    """What EndNote exports as XML."""

    name = "endnote"
    records = ("record",)
    opening, closing = "<keywords>", "</keywords>"
    keyword = "<keyword>", "</keyword>"
    after = ()
    before = ("dates", "pub-location", "publisher", "isbn", "accession-num", "call-num", "label",
              "abstract", "notes", "urls", "electronic-resource-num", "/record")

    def texts(self, record: Any) -> tuple[dict[str, str], dict[str, str]]:
        """See :class:`_Xml`."""
        own = next(filter(None, (_text(record.find(name)) for name in
                                 ("accession-num", "rec-number", "electronic-resource-num"))), "")
        return ({"id": own, "doi": _text(record.find("electronic-resource-num"))},
                {"title": _text(record.find("titles/title")),
                 "abstract": _text(record.find("abstract"))})

    def mark(self, document: Document, keywords: Sequence[str]) -> bytes:
        """Write into the record's own element of keywords, of which there can be one only."""
        text = document.raw.decode(document.encoding)
        if "</keywords>" not in _HIDDEN.sub("", text):
            return super().mark(document, keywords)
        begin, end = self.keyword
        text = re.sub(rf"{begin}{re.escape(TAG)}[^<]*{end}", "", text)
        inner = "".join(f"{begin}{escape(TAG + each)}{end}" for each in keywords)
        at = _HIDDEN.sub(lambda found: " " * len(found[0]), text).rindex("</keywords>")
        return (text[:at] + inner + text[at:]).encode(document.encoding, "xmlcharrefreplace")
