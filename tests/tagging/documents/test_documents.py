"""Documents: files as the real tools write them are read, tagged and written back byte for byte."""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from iero import Tagger
from iero.errors import BadParameter, NotFound
from iero.tagging.documents import Document, Rejected, read
from iero.tagging.documents.dialect import TAG, Dialect
from iero.tagging.documents.document import Piece, decode
from iero.tagging.documents.formats import INPUTS, dialect_of, output_format
from iero.tagging.documents.source import Source
from iero.tagging.documents.tagged import DocumentTagger, concepts

HERE = Path(__file__).parent
FIXTURES = HERE / "fixtures"
EXPECTED = yaml.safe_load((HERE / "expected.yaml").read_text(encoding="utf-8"))
MARKED = [name for name in EXPECTED if not name.endswith(("jsonl", "csv", "tsv"))]
KEYWORDS = [
    "emotional contagion",
    "Interpersonal Emotion Regulation Questionnaire",
    "social support",
]


@pytest.fixture(scope="module")
def tagger() -> DocumentTagger:
    return DocumentTagger(Tagger.open())


def pieces(file: Path) -> tuple[Dialect, list[Piece]]:
    with Source(str(file)) as source:
        dialect = dialect_of(source)
        return dialect, list(dialect.split(source))


def marked(file: Path, keywords: list[str]) -> bytes:
    """Return a file with keywords in each of its records."""
    dialect, parts = pieces(file)
    made = []
    for part in parts:
        document = dialect.read(part, file.name) if part.number else None
        assert not isinstance(document, Rejected)
        made.append(dialect.mark(document, keywords) if document else dialect.between(part.raw))
    return b"".join(made)


def written(tmp_path: Path, name: str, data: bytes) -> Path:
    file = tmp_path / name
    file.write_bytes(data)
    return file


# -- reading ---------------------------------------------------------------------------------------


def test_there_is_a_file_for_every_format_and_every_dialect() -> None:
    assert {case["format"] for case in EXPECTED.values()} == set(INPUTS) - {"text"}
    assert set(EXPECTED) | {"note.txt"} == {path.name for path in FIXTURES.iterdir()}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_file_says_what_it_says(name: str) -> None:
    expected = EXPECTED[name]
    found = list(read(FIXTURES / name))
    assert len(found) == len(expected["records"])
    for number, (record, wanted) in enumerate(zip(found, expected["records"], strict=True), 1):
        assert isinstance(record, Document), record
        assert (record.format, record.number) == (expected["format"], number)
        assert {key: getattr(record, key) for key in ("id", "iri", "title", "line")} == {
            key: wanted[key] for key in ("id", "iri", "title", "line")
        }
        if "abstract" in wanted:
            assert wanted["abstract"] in record.abstract
        else:
            assert record.abstract == ""


@pytest.mark.parametrize("name", EXPECTED)
def test_a_file_gets_the_tags_that_it_must_get(name: str, tagger: DocumentTagger) -> None:
    for record, wanted in zip(read(FIXTURES / name), EXPECTED[name]["records"], strict=True):
        assert isinstance(record, Document)
        found = tagger.tag(record)
        assert set(wanted["tags"]) <= set(concepts(found).values())
        if not wanted["tags"] and wanted["title"] != "Venting":
            assert not found.mentions
        for field, each in found.mentions:
            assert record.fields[field][each.start : each.end] == each.quote


def test_the_body_of_an_article_is_read_with_its_headings() -> None:
    [record] = read(FIXTURES / "article.jats.xml")
    assert isinstance(record, Document)
    assert (
        record.fields["body"]
        == "Introduction: Venting differs from sharing.\nAims: We study emotional contagion."
    )


def test_a_text_file_is_one_document() -> None:
    [record] = read(FIXTURES / "note.txt")
    assert isinstance(record, Document)
    assert record.fields["text"] == (FIXTURES / "note.txt").read_text(encoding="utf-8")


def test_what_the_title_defines_holds_for_the_abstract(tagger: DocumentTagger) -> None:
    found = tagger.tag(
        Document(
            "1",
            {
                "title": "Interpersonal emotion regulation (IER) among nurses",
                "abstract": "IER was rated.",
            },
        )
    )
    assert [(field, each.quote, each.start, each.section) for field, each in found.mentions] == [
        ("title", "Interpersonal emotion regulation", 0, "title"),
        ("title", "IER", 34, "title"),
        ("abstract", "IER", 0, ""),
    ]


def test_what_is_only_denied_is_no_keyword(tagger: DocumentTagger) -> None:
    [first, _] = read(FIXTURES / "records.jsonl")
    assert isinstance(first, Document)
    found = tagger.tag(first)
    assert "emotional contagion" in {each.label for _, each in found.mentions}
    assert "emotional contagion" not in concepts(found).values()


# -- byte for byte ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*EXPECTED, "note.txt"])
def test_the_pieces_of_a_file_are_the_file(name: str) -> None:
    with Source(str(FIXTURES / name)) as source:
        assert (
            source.bom + b"".join(piece.raw for piece in dialect_of(source).split(source))
            == (FIXTURES / name).read_bytes()
        )


OURS = {
    "ris": rb"KW  - iero: [^\r\n]*\r?\n",
    "nbib": rb"OT  - iero: [^\r\n]*\r?\n",
    "bibtex": rb",\s*keywords\s*=\s*\{(?:iero: [^},]*(?:, ?)?)+\}|[,;]\s?iero: [^},]*",
    "pubmed": rb'<KeywordList Owner="NOTNLM">(?:<Keyword MajorTopicYN="N">iero: [^<]*</Keyword>)+'
    rb"</KeywordList>",
    "jats": rb'<kwd-group kwd-group-type="iero">(?:<kwd>iero: [^<]*</kwd>)+</kwd-group>',
    "endnote": rb"<keywords>(?:<keyword>iero: [^<]*</keyword>)+</keywords>|"
    rb"<keyword>iero: [^<]*</keyword>",
}
"""What the tags of each format look like: without it, the file must be what it was."""


@pytest.mark.parametrize("name", MARKED)
def test_tags_are_all_that_is_new_in_a_tagged_file(name: str) -> None:
    before = (FIXTURES / name).read_bytes().removeprefix(b"\xef\xbb\xbf")
    after = marked(FIXTURES / name, KEYWORDS)
    records = len(EXPECTED[name]["records"])
    assert after.count(TAG.encode()) == records * len(KEYWORDS)
    assert re.sub(OURS[EXPECTED[name]["format"]], b"", after) == before


@pytest.mark.parametrize("name", MARKED)
def test_a_file_without_tags_stays_as_it_is(name: str) -> None:
    assert marked(FIXTURES / name, []) == (FIXTURES / name).read_bytes().removeprefix(
        b"\xef\xbb\xbf"
    )


@pytest.mark.parametrize("name", MARKED)
def test_a_tagged_file_says_the_same_and_can_be_tagged_again(name: str, tmp_path: Path) -> None:
    once = written(tmp_path, name, marked(FIXTURES / name, KEYWORDS))
    for record, wanted in zip(read(once), EXPECTED[name]["records"], strict=True):
        assert isinstance(record, Document)
        assert (record.id, record.title) == (wanted["id"], wanted["title"])
    assert marked(once, KEYWORDS) == once.read_bytes()
    again = written(tmp_path, "again-" + name, marked(once, ["venting"]))
    assert again.read_bytes().count(TAG.encode()) == len(EXPECTED[name]["records"])


def lines_around(text: bytes, mark: bytes) -> tuple[str, str]:
    """Return the lines before the first and behind the last line with a mark."""
    lines = text.decode().splitlines()
    at = [number for number, line in enumerate(lines) if mark.decode() in line]
    return lines[at[0] - 1], lines[at[-1] + 1]


@pytest.mark.parametrize(
    ("name", "before", "behind"),
    [
        ("zotero.ris", "KW  - diary study", "ER  - "),
        (
            "endnote.ris",
            "Family accommodation",
            "AD  - Dept. of Psychology, University of Elsewhere",
        ),
        ("pubmed.nbib", "      next line", "COIS- None declared."),
        (
            "wos.ris",
            "KW  - SOCIAL SUPPORT",
            "AB  - Telling others good news, or capitalization, improved mood.",
        ),
    ],
)
def test_tags_stand_behind_the_keywords_of_the_authors(name: str, before: str, behind: str) -> None:
    dialect, parts = pieces(FIXTURES / name)
    document = dialect.read(next(part for part in parts if part.number), name)
    assert isinstance(document, Document)
    assert lines_around(dialect.mark(document, KEYWORDS), TAG.encode()) == (before, behind)


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("zotero.bib", b"\tkeywords = {nursing, diary study, iero: a, iero: b},\n"),
        ("zotero.bib", b"\tyear = {1999},\n\tkeywords = {iero: a, iero: b},\n}"),
        ("betterbibtex.bib", b"  keywords = {Compulsive behavior,Reassurance,iero: a,iero: b},\n"),
        ("betterbibtex.bib", b"  date = {2012},\n  keywords = {iero: a, iero: b}\n}"),
        ("mendeley.bib", b"keywords = {Couples,Emotion regulation,IERQ,iero: a,iero: b},\r\n"),
    ],
)
def test_keywords_of_bibtex_are_written_as_its_tool_writes_them(name: str, field: bytes) -> None:
    assert field in marked(FIXTURES / name, ["a", "b"])


def test_keywords_stand_where_the_document_type_of_pubmed_has_them() -> None:
    after = marked(FIXTURES / "efetch.xml", ["a"])
    ours = b'<KeywordList Owner="NOTNLM"><Keyword MajorTopicYN="N">iero: a</Keyword></KeywordList>'
    assert b"</KeywordList>" + ours + b"<CoiStatement>" in after
    assert ours + b"<InvestigatorList>" in after
    assert ours + b"<ContributionDate>" in after


@pytest.mark.parametrize("name", ["zotero.csv", "excel.csv", "table.tsv"])
def test_a_tagged_table_has_one_column_more(name: str) -> None:
    _, parts = pieces(FIXTURES / name)
    delimiter = {"zotero.csv": b",", "excel.csv": b";", "table.tsv": b"\t"}[name]
    before = b"".join(part.raw for part in parts)
    after = marked(FIXTURES / name, ["é"])
    encoding = "cp1252" if name == "excel.csv" else "utf-8"
    assert (
        re.sub(delimiter + b"(iero_tags|" + "é".encode(encoding) + b")(?=\r?\n)", b"", after)
        == before
    )
    assert after.splitlines()[0].endswith(b"iero_tags")


@pytest.mark.parametrize("name", ["zotero.csv", "excel.csv", "table.tsv"])
def test_a_table_that_is_tagged_again_gets_no_second_column(name: str, tmp_path: Path) -> None:
    once = written(tmp_path, name, marked(FIXTURES / name, ['a "b"', "c"]))
    assert marked(once, ["d"]) == marked(FIXTURES / name, ["d"])


# -- encodings, packing ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("cp1252", "cp1252"),
        ("latin-1", "cp1252"),
    ],
)
@pytest.mark.parametrize("name", ["zotero.ris", "zotero.bib"])
def test_encodings_are_told_and_kept(name: str, encoding: str, found: str, tmp_path: Path) -> None:
    text = (FIXTURES / name).read_bytes().decode().replace("night nurses", "naïve nurses")
    file = written(tmp_path, name, text.encode(encoding))
    first = next(iter(read(file)))
    assert isinstance(first, Document)
    assert (first.title, first.encoding) == (
        "Mood contagion among naïve nurses: a diary study",
        found,
    )
    assert marked(file, []) == text.encode(encoding).removeprefix(b"\xef\xbb\xbf")


def test_a_byte_that_windows_does_not_know_is_latin_1() -> None:
    assert decode(b"\x81\xe9") == ("\x81é", "latin-1")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_utf_16_is_read_by_its_mark(encoding: str, tmp_path: Path) -> None:
    text = (FIXTURES / "zotero.ris").read_bytes().decode()
    mark = b"" if encoding == "utf-16" else b"\xfe\xff"
    file = written(tmp_path, "wide.ris", mark + text.encode(encoding))
    assert [record.line for record in read(file)] == [1, 27]
    first = next(iter(read(file)))
    assert isinstance(first, Document)
    assert first.title == "Mood contagion among night nurses: a diary study"


@pytest.mark.parametrize("name", ["efetch.xml", "zotero.ris", "records.jsonl"])
def test_compressed_files_are_read(name: str, tmp_path: Path) -> None:
    packed = written(tmp_path, name + ".gz", gzip.compress((FIXTURES / name).read_bytes()))
    assert [record.number for record in read(packed)] == [
        number + 1 for number in range(len(EXPECTED[name]["records"]))
    ]


def test_a_damaged_compressed_file_is_an_error(tmp_path: Path) -> None:
    data = gzip.compress((FIXTURES / "efetch.xml").read_bytes() * 50)
    with pytest.raises(BadParameter, match="damaged"):
        list(read(written(tmp_path, "cut.xml.gz", data[: len(data) // 2])))


def test_an_old_file_of_a_mac_is_cut_at_its_line_ends(tmp_path: Path) -> None:
    data = (FIXTURES / "zotero.ris").read_bytes().replace(b"\r\n", b"\r")
    file = written(tmp_path, "mac.ris", data)
    assert [record.line for record in read(file)] == [1, 27]
    assert marked(file, []) == data


def test_the_encoding_that_xml_declares_counts(tmp_path: Path) -> None:
    text = (FIXTURES / "efetch.xml").read_text(encoding="utf-8")
    text = text.replace('<?xml version="1.0" ?>', '<?xml version="1.0" encoding="ISO-8859-1"?>')
    file = written(tmp_path, "latin.xml", text.replace("Ninety", "Éighty").encode("latin-1"))
    first = next(iter(read(file)))
    assert isinstance(first, Document)
    assert "METHODS: Éighty" in first.abstract
    assert b"&#8220;a&#8221;" in marked(file, ["“a”"])


# -- broken records --------------------------------------------------------------------------------

RIS = b"TY  - JOUR\nTI  - %s\nER  - \n"
BIB = b"@article{%s,\n title = {T},\n}\n"
PUB = (
    b"<PubmedArticle><MedlineCitation><PMID>%s</PMID><Article><ArticleTitle>T</ArticleTitle>"
    b"</Article></MedlineCitation></PubmedArticle>\n"
)


def broken() -> Iterator[object]:
    cases: list[tuple[str, str, bytes, int, int, str]] = [
        ("no end", "a.ris", RIS % b"A" + b"TY  - JOUR\nTI  - B\n" + RIS % b"C", 2, 4, "ER line"),
        ("no start", "a.ris", RIS % b"A" + b"TI  - B\nER  - \n" + RIS % b"C", 2, 4, "TY line"),
        ("cut off", "a.ris", RIS % b"A" + b"TY  - JOUR\nTI  - C", 2, 4, "ER line"),
        ("no start at first", "a.ris", b"TI  - B\nER  - \n" + RIS % b"C", 1, 1, "TY line"),
        ("stray line", "a.nbib", b"PMID- 1\nTI  - A\nstray\n\nPMID- 2\nTI  - B\n", 1, 1, "line 3"),
        ("no number", "a.nbib", b"PMID- 1\nTI  - A\n\nTI  - B\nSO  - x\n\nPMID- 2\n", 2, 4, "PMID"),
        (
            "open brace",
            "a.bib",
            BIB % b"a" + b"@book{b,\n title = {T,\n}\n\n" + BIB % b"c",
            2,
            4,
            "brac|end of file|closing",
        ),
        ("no comma", "a.bib", BIB % b"a" + b"@book{b\n title = {T}\n}\n" + BIB % b"c", 2, 4, "."),
        (
            "two on a line",
            "a.bib",
            b"@book{a, title={A}} @book{b, title={B}}\n" + BIB % b"c",
            1,
            1,
            "line of its own",
        ),
        (
            "not closed",
            "a.xml",
            PUB % b"1" + b"<PubmedArticle><MedlineCitation>\n" + PUB % b"3",
            2,
            2,
            "not closed",
        ),
        (
            "bad nesting",
            "a.xml",
            PUB % b"1" + b"<PubmedArticle>\n<a><b></a></b></PubmedArticle>" + PUB % b"3",
            2,
            2,
            "line 3",
        ),
        (
            "unknown entity",
            "a.xml",
            PUB % b"1" + (PUB % b"2").replace(b">T<", b">&lol9;<") + PUB % b"3",
            2,
            2,
            "lol9",
        ),
        ("file cut off", "a.xml", PUB % b"1" + (PUB % b"2")[:60], 2, 2, "file ends"),
        (
            "closed twice",
            "a.xml",
            PUB % b"1" + b"</PubmedArticle>" + PUB % b"3",
            2,
            2,
            "ends nothing",
        ),
        ("no JSON", "a.jsonl", b'{"title": "a"}\n{"title": "b"\n{"title": "c"}\n', 2, 2, "JSON"),
        ("a list", "a.jsonl", b'{"title": "a"}\n["b"]\n', 2, 2, "list"),
        ("no text", "a.jsonl", b'{"title": "a"}\n{"abstract": 7}\n', 2, 2, "'abstract' is no text"),
        ("no field", "a.jsonl", b'{"title": "a"}\n{"heading": "b"}\n', 2, 2, "'heading'"),
        ("few cells", "a.csv", b"id,title\n1,a\n2\n3,c\n", 2, 3, "1 cells where the header has 2"),
        ("open quote", "a.csv", b'id,title\n1,a\n2,"b\n3,c\n4,d\n', 2, 3, "never closed"),
    ]
    yield from (pytest.param(*case[1:], id=f"{case[1]}: {case[0]}") for case in cases)


@pytest.mark.parametrize(("name", "data", "number", "line", "reason"), list(broken()))
def test_a_broken_record_is_told_with_its_place_and_the_others_are_read(
    name: str, data: bytes, number: int, line: int, reason: str, tmp_path: Path
) -> None:
    file = written(tmp_path, name, data)
    found = list(read(file, "pubmed" if name.endswith("xml") else ""))
    [bad] = [each for each in found if isinstance(each, Rejected)]
    assert (bad.number, bad.line) == (number, line), bad
    assert re.search(reason, bad.reason), bad.reason
    assert [each.number for each in found] == list(range(1, len(found) + 1))
    assert len(found) >= 2
    _, parts = pieces(file) if name != "a.xml" or b"<Pubmed" in data else (None, [])
    assert b"".join(part.raw for part in parts) == data


def test_entities_are_not_expanded_and_no_file_is_opened(tmp_path: Path) -> None:
    secret = written(tmp_path, "secret.txt", b"emotional contagion")
    data = (
        f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">'
        f'<!ENTITY s SYSTEM "{secret.as_uri()}">]>\n<PubmedArticleSet>'
    ).encode()
    data += (
        (PUB % b"1").replace(b">T<", b">&b;<") + (PUB % b"2").replace(b">T<", b">&s;<") + PUB % b"3"
    )
    found = list(read(written(tmp_path, "a.xml", data)))
    assert [isinstance(each, Rejected) for each in found] == [True, True, False]
    assert "Entity 'b' not defined" in getattr(found[0], "reason", "")


# -- telling formats -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [
    name for name, record in EXPECTED.items() if record["format"] not in ("csv", "tsv")])
def test_the_format_is_told_by_content_where_the_name_is_silent(name: str, tmp_path: Path) -> None:
    file = written(tmp_path, "export.txt", (FIXTURES / name).read_bytes())
    assert {record.format for record in read(file) if isinstance(record, Document)} == {
        EXPECTED[name]["format"]
    }


def test_what_cannot_be_told_or_is_unknown_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        list(read(tmp_path / "absent.ris"))
    with pytest.raises(BadParameter, match="cannot be told"):
        list(read(written(tmp_path, "a.doc", b"some words")))
    with pytest.raises(BadParameter, match="no text file"):
        list(read(written(tmp_path, "a.ris", b"TY\x00  - ")))
    with pytest.raises(BadParameter, match="no format 'rsi'"):
        list(read(written(tmp_path, "b.ris", RIS % b"A"), "rsi"))
    with pytest.raises(BadParameter, match="cannot be tagged"):
        list(read(written(tmp_path, "a.csv", b"x,y\n1,2\n")))
    with pytest.raises(BadParameter, match="does not tell a format"):
        output_format("a.doc")
    with pytest.raises(BadParameter, match="no format 'docx'"):
        output_format("a.html", "docx")


def test_columns_and_members_can_be_named(tmp_path: Path) -> None:
    table = written(tmp_path, "a.csv", b"x,Notes\n1,venting\n")
    [record] = read(table, fields=("Notes",))
    assert isinstance(record, Document)
    assert record.fields == {"Notes": "venting"}
    lines = written(tmp_path, "a.jsonl", b'{"Notes": "venting"}\n{"x": 1}\n')
    assert [type(each) for each in read(lines, fields=("Notes",))] == [Document, Rejected]
    with pytest.raises(BadParameter, match="--field"):
        list(read(written(tmp_path, "a.ris", RIS % b"A"), fields=("TI",)))


def test_a_cell_may_be_longer_than_python_allows_by_itself(tmp_path: Path) -> None:
    file = written(tmp_path, "a.csv", b"id,text\n1," + b"x " * 100_000 + b"\n")
    [record] = read(file)
    assert isinstance(record, Document)
    assert len(record.fields["text"]) == 200_000


def test_a_large_xml_file_is_cut_wherever_a_chunk_may_end(tmp_path: Path) -> None:
    whole = b"<PubmedArticleSet>\n" + b"".join(
        PUB % str(number).encode() + b"<!-- <PubmedArticle> -->" for number in range(5_000)
    )
    file = written(tmp_path, "a.xml", whole + b"</PubmedArticleSet>")
    found = list(read(file))
    assert [record.number for record in found] == list(range(1, 5_001))
    assert all(isinstance(record, Document) for record in found)
    assert io.BytesIO(whole).read() == b"".join(part.raw for part in pieces(file)[1])[: len(whole)]
