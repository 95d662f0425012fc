"""What comes of tagged records: every format of output, and what it keeps of its input."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from pathlib import Path

import openpyxl
import pytest
import rdflib
from iero import Tagger
from iero.tagging.job import Job, run

from tests.tagging.documents.conftest import FIXTURES, lines, records, tagged

OA = "http://www.w3.org/ns/oa#"


@pytest.mark.parametrize(
    "name",
    [
        "zotero.ris",
        "endnote.ris",
        "pubmed.nbib",
        "betterbibtex.bib",
        "efetch.xml",
        "article.jats.xml",
        "endnote.xml",
    ],
)
def test_a_file_comes_back_in_its_format_with_tags(
    name: str, tmp_path: Path, tagger: Tagger
) -> None:
    source = FIXTURES / name
    out = tagged(tmp_path, tagger, source, "tagged" + source.suffix).read_bytes()
    assert b"iero: " in out
    assert len(out.splitlines()) >= len(source.read_bytes().splitlines())
    assert out[:3] == source.read_bytes()[:3]


def test_json_lines_keep_every_byte_and_gain_annotations(tmp_path: Path, tagger: Tagger) -> None:
    source = FIXTURES / "records.jsonl"
    out = tagged(tmp_path, tagger, source, "tagged.jsonl").read_bytes()
    assert (
        re.sub(rb',"annotations":\[.*?\](?=\}\r?$)', b"", out, flags=re.MULTILINE).split()
        == source.read_bytes().replace(b'"" }', b'"" }').split()
    )
    first = json.loads(out.splitlines()[0])
    assert {each["quote"]: each["negated"] for each in first["annotations"]} == {
        "Reassurance seeking": False,
        "panic disorder": False,
        "emotional contagion": True,
    }
    for each in first["annotations"]:
        assert first[each["field"]][each["start"] : each["end"]] == each["quote"]
    again = tagged(tmp_path, tagger, tmp_path / "tagged.jsonl", "again.jsonl")
    assert lines(again) == lines(tmp_path / "tagged.jsonl")


def test_json_lines_of_another_format_hold_the_texts(tmp_path: Path, tagger: Tagger) -> None:
    [first, _] = lines(tagged(tmp_path, tagger, FIXTURES / "ovid.ris", "a.jsonl"))
    assert {key: first[key] for key in ("id", "iri", "record", "line")} == {
        "id": "2020-99999-001",
        "iri": "https://doi.org/10.5555/ijy.2020.1",
        "record": 1,
        "line": 2,
    }
    assert first["title"].startswith("Co-rumination")


@pytest.mark.parametrize(("name", "delimiter"), [("a.csv", ","), ("a.tsv", "\t")])
def test_a_table_has_a_row_for_each_mention(
    name: str, delimiter: str, tmp_path: Path, tagger: Tagger
) -> None:
    out = tagged(tmp_path, tagger, FIXTURES / "efetch.xml", name)
    found = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8")), delimiter=delimiter))
    assert {"reassurance seeking", "panic disorder", "emotional contagion", "social support"} <= {
        row["label"] for row in found
    }
    assert all(f"[{row['quote']}]" in row["context"] for row in found)
    assert {row["record"] for row in found} == {"1", "2", "3"}


def test_a_workbook_has_records_mentions_and_concepts(tmp_path: Path, tagger: Tagger) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text('{"id": "=1+1", "title": "=venting\\u0001 and mood contagion"}\n')
    book = openpyxl.load_workbook(tagged(tmp_path, tagger, source, "a.xlsx"))
    assert book.sheetnames == ["records", "mentions", "concepts"]
    [_, row] = book["records"].iter_rows()
    assert (row[2].value, row[2].data_type) == ("=1+1", "s")
    assert row[4].value == "=venting  and mood contagion"
    assert [row[7].value for row in book["mentions"].iter_rows()][-1] == "mood contagion"
    assert book["concepts"]["B2"].value == "emotional contagion"


FORMATS = {"a.nq": "nquads", "a.trig": "trig", "a.ttl": "turtle", "a.jsonld": "json-ld"}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # in rdflib
@pytest.mark.parametrize("name", FORMATS)
def test_annotations_are_the_same_graph_in_every_syntax(
    name: str, tmp_path: Path, tagger: Tagger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1750000000")
    source = FIXTURES / "scopus.ris"
    first = rdflib.Dataset().parse(
        tagged(tmp_path, tagger, source, "b.nq", batch="b 1"), format="nquads"
    )
    other = rdflib.Dataset().parse(
        tagged(tmp_path, tagger, source, name, batch="b 1"), format=FORMATS[name]
    )
    assert {(str(s), str(p), str(o)) for s, p, o, _ in other.quads()} == {
        (str(s), str(p), str(o)) for s, p, o, _ in first.quads()
    }
    if name != "a.ttl":
        assert {str(graph) for *_, graph in other.quads()} == {
            "https://w3id.org/iero/graph/literature/b%201"
        }


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # in rdflib
def test_an_annotation_says_what_the_standard_wants(tmp_path: Path, tagger: Tagger) -> None:
    out = tagged(tmp_path, tagger, FIXTURES / "scopus.ris", "a.ttl")
    graph = rdflib.Graph().parse(out)
    found = list(
        graph.query("""
        PREFIX oa: <http://www.w3.org/ns/oa#> PREFIX prov: <http://www.w3.org/ns/prov#>
        SELECT ?source ?scope ?exact ?prefix ?start ?end {
          ?a a oa:Annotation ; oa:motivatedBy oa:tagging ; prov:wasGeneratedBy/a prov:Activity ;
             oa:hasBody <https://w3id.org/iero/InterpersonalEmotionRegulation> ; oa:hasTarget ?t .
          ?t a oa:SpecificResource ; oa:hasSource ?source ; oa:hasScope ?scope ;
             oa:hasSelector ?q , ?p .
          ?q a oa:TextQuoteSelector ; oa:exact ?exact ; oa:prefix ?prefix .
          ?p a oa:TextPositionSelector ; oa:start ?start ; oa:end ?end }""")
    )
    spans = {tuple(str(value) for value in row) for row in found}
    doi = "https://doi.org/10.5555/jic.2021.77"
    assert (doi, doi + "#abstract", "IER", "rpersonal emotion regulation (", "34", "37") in {
        (*row[:3], row[3][-30:], *row[4:]) for row in spans
    }
    assert (doi, doi + "#abstract", "Interpersonal emotion regulation", "", "0", "32") in spans


def test_brat_and_pubtator_count_places_as_they_should(tmp_path: Path, tagger: Tagger) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text(
        json.dumps(
            {
                "id": "7",
                "title": "Mood contagion",
                "abstract": "𝒳 We saw\nemotional\r\ncontagion.\tNo venting.",
            }
        )
        + "\n"
    )
    folder = tagged(tmp_path, tagger, source, "brat", format="brat")
    text = (folder / "000001-7.txt").read_bytes().decode()
    notes = (folder / "000001-7.ann").read_text(encoding="utf-8").splitlines()
    spans = [line.split("\t") for line in notes if line.startswith("T")]
    for _, place, quote in spans:
        parts = [[int(each) for each in part.split()] for part in place.split(" ", 1)[1].split(";")]
        assert " ".join(text[start:end] for start, end in parts) == quote
    assert [quote for *_, quote in spans][:2] == ["Mood contagion", "emotional contagion"]
    assert "EmotionalContagion" in (folder / "annotation.conf").read_text(encoding="utf-8")
    out = tagged(tmp_path, tagger, source, "a.pubtator").read_text(encoding="utf-8")
    title, abstract, *marks = out.rstrip("\n").split("\n")
    whole = title.removeprefix("7|t|") + "\n" + abstract.removeprefix("7|a|")
    assert [
        whole[int(row[1]) : int(row[2])] for row in map(str.split, marks, ["\t"] * len(marks))
    ] == [row[3] for row in map(str.split, marks, ["\t"] * len(marks))]


def test_the_report_holds_all_that_it_needs(tmp_path: Path, broad: Tagger) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text(
        json.dumps(
            {
                "id": "7",
                "title": "<script>alert(1)</script> Reassurance seeking "
                "and social support in panic disorder",
            }
        )
        + "\n"
    )
    page = tagged(tmp_path, broad, source, "a.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert not re.search(r"(?:src|href)=\"(?!#|https://doi|https://pubmed)|@import|url\(", page)
    assert "2 of 2 pairs have a record" in " ".join(page.split())
    assert '<mark class="disorder" title="panic disorder' in page
    assert page.count("<svg") == page.count("</svg>") == 2


def test_the_report_of_nothing_is_a_page_too(tmp_path: Path, broad: Tagger) -> None:
    page = tagged(tmp_path, broad, FIXTURES / "table.tsv", "a.html").read_text(encoding="utf-8")
    assert "It needs records that mention a strategy" in page


def test_utf_16_comes_back_in_utf_16(tmp_path: Path, tagger: Tagger) -> None:
    source = tmp_path / "in.ris"
    text = (FIXTURES / "zotero.ris").read_bytes().decode()
    source.write_bytes(text.encode("utf-16"))
    out = tagged(tmp_path, tagger, source, "out.ris").read_bytes().decode("utf-16")
    assert re.sub("KW  - iero: [^\r]*\r\n", "", out) == text


def test_compressed_output_is_the_same_unpacked(tmp_path: Path, tagger: Tagger) -> None:
    source = records(tmp_path, 2000)
    plain = tagged(tmp_path, tagger, source, "a.jsonl").read_bytes()
    assert gzip.decompress(tagged(tmp_path, tagger, source, "a.jsonl.gz").read_bytes()) == plain


def test_several_files_become_one(tmp_path: Path, tagger: Tagger) -> None:
    first, second = tmp_path / "a.ris", tmp_path / "b.ris"
    first.write_bytes(b"TY  - JOUR\nTI  - Mood contagion\nER  - ")
    second.write_bytes((FIXTURES / "wos.ris").read_bytes())
    done = run(Job((str(first), str(second)), str(tmp_path / "c.ris")), tagger)
    assert done.records == 2
    assert (tmp_path / "c.ris").read_bytes().count(b"\nTY  - ") == 1
    done = run(Job((str(first), str(FIXTURES / "pubmed.nbib")), str(tmp_path / "c.csv")), tagger)
    assert done.records == 3
