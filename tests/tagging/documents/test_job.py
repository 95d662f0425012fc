"""Whole runs: outputs, processes, interruptions, broken records; eval and compare-tags."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import rdflib
from iero import Tagger, cli
from iero.errors import BadParameter, IeroError, NotFound
from iero.tagging.comparison import compare
from iero.tagging.evaluation import evaluate
from iero.tagging.job import Job, run
from iero.tagging.output import Progress

FIXTURES = Path(__file__).parent / "fixtures"
ROOT = Path(cli.__file__).parents[1]
OA = "http://www.w3.org/ns/oa#"
TEXTS = [
    "Emotional contagion at work.",
    "Reassurance seeking was not seen in panic disorder.",
    "Nothing of interest – naïve.",
    "We measured social support. Social support helps.",
]


@pytest.fixture(scope="module")
def tagger() -> Tagger:
    return Tagger.open()


@pytest.fixture(scope="module")
def broad() -> Tagger:
    return Tagger.open(expand_class_hierarchy=True)


def records(folder: Path, count: int, name: str = "in.jsonl") -> Path:
    file = folder / name
    with file.open("w", encoding="utf-8") as out:
        for number in range(count):
            data = {
                "id": f"r{number}",
                "title": f"Record {number} on venting and anger",
                "abstract": " ".join(TEXTS[(number + each) % 4] for each in range(1 + number % 5)),
            }
            out.write(json.dumps(data, ensure_ascii=number % 2 == 0) + "\n")
    return file


def lines(file: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()
    ]


def tagged(tmp_path: Path, tagger: Tagger, source: Path, name: str, **options: Any) -> Path:
    run(Job((str(source),), str(tmp_path / name), **options), tagger)
    assert not list(tmp_path.glob("*.part*"))
    return tmp_path / name


# -- outputs ---------------------------------------------------------------------------------------


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
    assert (doi, doi + "#title", "IER", "rpersonal emotion regulation (", "34", "37") in {
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


# -- several processes, interruptions --------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "nq"])
def test_several_processes_write_what_one_writes(
    suffix: str, tmp_path: Path, tagger: Tagger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1750000000")
    source = records(tmp_path, 1500)
    one = tagged(tmp_path, tagger, source, "one." + suffix, batch="b").read_bytes()
    assert tagged(tmp_path, tagger, source, "two." + suffix, batch="b", jobs=2).read_bytes() == one


class Stop(BaseException):
    """Ends a run from within."""


def records_in(file):
    """Return the rows of a workbook."""
    book = openpyxl.load_workbook(file, read_only=True)
    try:
        return list(book["records"].values)
    finally:
        book.close()


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.jsonl.gz", "a.xlsx"])
@pytest.mark.parametrize("after", [1, 3])
def test_an_interrupted_run_goes_on_where_it_was(
    name: str, after: int, tmp_path: Path, tagger: Tagger
) -> None:
    count = 1600 if name.endswith("xlsx") else 4000
    source = records(tmp_path, count)
    with source.open("ab") as file:
        file.write(b'{"broken"\n' * 3)
    seen = 0

    def stop(_: Progress) -> None:
        nonlocal seen
        seen += 1
        if seen == after:
            raise Stop

    job = Job((str(source),), str(tmp_path / name))
    with pytest.raises(Stop):
        run(job, tagger, stop)
    assert not (tmp_path / name).exists()
    with pytest.raises(BadParameter, match="interrupted run"):
        run(job, tagger)
    part = tmp_path / (name + ".part")
    with part.open("ab") as file:
        file.write(b"half a rec")  # written, but not yet noted, when the process was killed
    done = run(Job((str(source),), str(tmp_path / name), resume=True), tagger)
    assert (done.records, done.rejected) == (count, 3)
    assert len(lines(tmp_path / (name + ".rejects.jsonl"))) == 3
    whole = tagged(tmp_path, tagger, source, "whole-" + name)
    if name.endswith("xlsx"):
        assert records_in(whole) == records_in(tmp_path / name)
    else:
        assert whole.read_bytes() == (tmp_path / name).read_bytes()


def test_another_run_is_not_resumed(tmp_path: Path, tagger: Tagger) -> None:
    source = records(tmp_path, 2000)

    def stop(_: Progress) -> None:
        raise Stop

    job = Job((str(source),), str(tmp_path / "a.jsonl"), resume=True)
    with pytest.raises(Stop):
        run(job, tagger, stop)
    records(tmp_path, 1999)
    with pytest.raises(BadParameter, match="another one: inputs"):
        run(job, tagger)


def alive(group: int) -> list[str]:
    """Return the processes of a group, but for those that have ended and wait to be noticed."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue
        name, _, rest = text.rpartition(") ")
        state, _, own, *_ = rest.split()
        if int(own) == group and state != "Z":
            found.append(name)
    return found


@pytest.mark.parametrize(
    ("sign", "jobs"), [(signal.SIGKILL, 2), (signal.SIGINT, 1), (signal.SIGINT, 2)]
)
def test_a_killed_process_leaves_a_run_to_resume_and_no_other_process(
    sign: signal.Signals, jobs: int, tmp_path: Path
) -> None:
    source = records(tmp_path, 40_000)
    command = [
        sys.executable,
        "-m",
        "iero",
        "tag",
        str(source),
        "-o",
        str(tmp_path / "a.jsonl"),
        "--jobs",
        str(jobs),
        "--resume",
    ]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, start_new_session=True,
        # a shell without job control starts what runs in the background deaf to SIGINT
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    note = tmp_path / "a.jsonl.part.json"
    deadline = time.monotonic() + 60
    while not (note.exists() and json.loads(note.read_bytes())["state"]["records"]):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(sign)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == (130 if sign == signal.SIGINT else -signal.SIGKILL)
    assert b"Traceback" not in errors
    while left := alive(process.pid):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Tagged 40,000 records" in done.stderr
    names = [record["id"] for record in lines(tmp_path / "a.jsonl")]
    assert names == [f"r{number}" for number in range(40_000)]


# -- what does not go together ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inputs", "output", "options", "message"),
    [
        (["zotero.ris", "zotero.bib"], "a.ris", {}, "several formats"),
        (["efetch.xml", "efetch.xml"], "a.xml", {}, "do not make one"),
        (["note.txt"], "a.ris", {}, "no place for tags"),
        (["zotero.ris"], "-", {"format": "xlsx"}, "cannot take xlsx"),
        (["zotero.ris"], "-", {"resume": True}, "cannot be resumed"),
        (["zotero.ris"], "absent/a.csv", {}, "no folder"),
        (["zotero.ris"], "a.xlsx.gz", {}, "not compressed"),
        (["zotero.ris"], "a.doc", {}, "does not tell"),
    ],
)
def test_what_does_not_go_together_is_an_error_before_anything_is_written(
    inputs: list[str],
    output: str,
    options: dict[str, Any],
    message: str,
    tmp_path: Path,
    tagger: Tagger,
) -> None:
    target = output if output == "-" else str(tmp_path / output)
    with pytest.raises(BadParameter, match=message):
        run(Job(tuple(str(FIXTURES / name) for name in inputs), target, **options), tagger)
    assert list(tmp_path.iterdir()) == []


def test_the_input_is_never_overwritten(tmp_path: Path, tagger: Tagger) -> None:
    source = records(tmp_path, 2)
    with pytest.raises(BadParameter, match="overwrite its input"):
        run(Job((str(source),), str(source)), tagger)
    with pytest.raises(NotFound):
        run(Job((str(tmp_path / "absent.ris"),), str(tmp_path / "a.ris")), tagger)


# -- the command -----------------------------------------------------------------------------------

Iero = Callable[..., tuple[int, str, str]]


@pytest.fixture
def iero(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iero:
    monkeypatch.delenv("COLUMNS", raising=False)

    def command(*arguments: object) -> tuple[int, str, str]:
        code = cli.run([str(argument) for argument in arguments])
        sys.stdout.flush()
        captured = capfd.readouterr()
        assert "Traceback" not in captured.err
        return code, captured.out, captured.err

    return command


def test_the_command_reports_broken_records_and_goes_on(tmp_path: Path, iero: Iero) -> None:
    source = tmp_path / "in.ris"
    source.write_bytes(
        b"TY  - JOUR\nTI  - Venting\nTY  - JOUR\nTI  - Na\xefve mood contagion\nER  - \n"
    )
    code, out, err = iero("tag", source, "-o", tmp_path / "out.ris")
    assert (code, out) == (1, "")
    assert "Tagged 1 record: 1 mention" in err
    assert "1 record read as cp1252." in err
    assert f"{source}, record 1, line 1: it is not ended by an ER line" in err
    [aside] = lines(tmp_path / "out.ris.rejects.jsonl")
    assert aside == {
        "file": str(source),
        "record": 1,
        "line": 1,
        "raw": "TY  - JOUR\nTI  - Venting\n",
        "reason": "it is not ended by an ER line",
    }


def test_standard_output_and_options(tmp_path: Path, iero: Iero) -> None:
    code, out, _ = iero(
        "tag", FIXTURES / "efetch.xml", "-o", "-", "-f", "csv", "-c", "MentalDisorder"
    )
    assert code == 0
    assert {row["label"] for row in csv.DictReader(io.StringIO(out))} == {"panic disorder"}
    code, _, err = iero("tag", FIXTURES / "efetch.xml", "-o", tmp_path / "a.csv", "-c", "Pnic")
    assert (code, "no concept 'Pnic'" in err) == (2, True)


GOLD = [
    {
        "id": "1",
        "text": "Mood contagion and venting of anger.",
        "annotations": [
            {"field": "text", "start": 0, "end": 14, "concept": "EmotionalContagion"},
            {"start": 19, "end": 26, "concept": "iero:Venting"},
        ],
    },
    {
        "id": "2",
        "text": "Panic disorder, social support.",
        "annotations": [
            {"field": "text", "start": 0, "end": 14, "concept": "AnxietyDisorder"},
            {"field": "text", "start": 16, "end": 30, "concept": "SocialSupport"},
        ],
    },
]
FOUND = [
    [(0, 14, "EmotionalContagion"), (19, 35, "Venting")],
    [(0, 14, "PanicDisorder"), (16, 30, "SocialSupport"), (0, 5, "Fear")],
]


def gold_files(folder: Path) -> tuple[Path, Path]:
    gold, found = folder / "gold.jsonl", folder / "found.jsonl"
    gold.write_text("".join(json.dumps(each) + "\n" for each in GOLD), encoding="utf-8")
    rows = [
        {
            **each,
            "annotations": [
                {"start": start, "end": end, "concept": concept} for start, end, concept in spans
            ],
        }
        for each, spans in zip(GOLD, FOUND, strict=True)
    ]
    found.write_text("".join(json.dumps(each) + "\n" for each in rows), encoding="utf-8")
    return gold, found


def test_precision_and_recall_by_mention_document_and_concept(tmp_path: Path) -> None:
    gold, found = gold_files(tmp_path)
    result = evaluate(str(gold), str(found)).to_dict()
    assert result["records"] == 2
    # By hand: of 4 gold and 5 found mentions, 2 are the same; one more overlaps with its concept.
    assert result["mentions"]["exact"] == {
        "right": 2,
        "wrong": 3,
        "missed": 2,
        "precision": 0.4,
        "recall": 0.5,
        "f1": 0.4444,
    }
    assert {key: result["mentions"]["overlap"][key] for key in ("right", "wrong", "missed")} == {
        "right": 3,
        "wrong": 2,
        "missed": 1,
    }
    assert {key: result["documents"][key] for key in ("right", "wrong", "missed")} == {
        "right": 3,
        "wrong": 2,
        "missed": 1,
    }
    one = {each["concept"].rpartition("/")[2]: each for each in result["concepts"]}
    assert (one["Venting"]["right"], one["Venting"]["wrong"], one["Venting"]["missed"]) == (0, 1, 1)
    confused = {
        (each["gold"].rpartition("/")[2], each["found"].rpartition("/")[2]): each["count"]
        for each in result["confusions"]
    }
    assert confused == {("AnxietyDisorder", "PanicDisorder"): 1, ("AnxietyDisorder", "Fear"): 1}


def test_eval_shows_a_table_or_json_and_fails_under_a_mark(tmp_path: Path, iero: Iero) -> None:
    gold, found = gold_files(tmp_path)
    code, out, err = iero("eval", gold, found)
    assert (code, "mentions, exact" in out, "0.444" in out, "2 records" in err) == (
        0,
        True,
        True,
        True,
    )
    assert iero("eval", gold, found, "--fail-under", "0.5")[0] == 1
    code, out, _ = iero("eval", gold, "-f", "json")
    assert (code, json.loads(out)["records"]) == (0, 2)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"id": "1", "text": "x"}, "no 'annotations'"),
        ({"id": "1", "text": "x", "annotations": [{"start": 0}]}, "lacks"),
        (
            {"id": "1", "text": "x", "annotations": [{"start": 0, "end": 9, "concept": "A"}]},
            "stand at",
        ),
        (
            {
                "id": "1",
                "text": "xy",
                "annotations": [{"start": 0, "end": 1, "concept": "A", "quote": "y"}],
            },
            "stand at",
        ),
        (
            {
                "id": "1",
                "title": "x",
                "abstract": "y",
                "annotations": [{"start": 0, "end": 1, "concept": "A"}],
            },
            "lacks",
        ),
    ],
)
def test_a_broken_gold_standard_is_an_error(
    line: dict[str, Any], message: str, tmp_path: Path
) -> None:
    gold = tmp_path / "gold.jsonl"
    gold.write_text(json.dumps(line) + "\n", encoding="utf-8")
    with pytest.raises(IeroError, match=message):
        evaluate(str(gold), str(gold))


def annotation(quote: str, text: str, concept: str, **more: Any) -> dict[str, Any]:
    start = text.index(quote)
    return {
        "field": "text",
        "start": start,
        "end": start + len(quote),
        "quote": quote,
        "concept": f"https://w3id.org/iero/{concept}",
        "label": concept,
        "form": quote,
        "scope": "exact",
        "score": 1.0,
        "role": "",
        "negated": False,
        "section": "",
        "rules": [],
        "disambiguation": "none",
        "ontology_version": "1",
        "tagger_version": "1",
        **more,
    }


def test_what_changed_and_which_label_or_rule_caused_it(tmp_path: Path, iero: Iero) -> None:
    text = "EROS and panic disorder, mood contagion, venting, support."
    common = annotation("venting", text, "Venting")
    first = [
        annotation("panic", text, "Fear", form="panic"),
        common,
        annotation("support", text, "SocialSupport"),
        annotation("EROS", text, "EROS", rules=["a"]),
    ]
    second = [
        annotation("panic disorder", text, "PanicDisorder", scope="label"),
        {**common, "role": "absent", "negated": True, "rules": ["absent.before"]},
        annotation("mood contagion", text, "EmotionalContagion"),
        annotation("EROS", text, "EROS", rules=["a"]),
    ]
    other = {
        "id": "2",
        "text": "support",
        "annotations": [annotation("support", "support", "SocialSupport")],
    }
    files = []
    for name, found in (("a.jsonl", first), ("b.jsonl", second)):
        files.append(tmp_path / name)
        rows = [{"id": "1", "text": text, "annotations": found}, other]
        files[-1].write_text(
            "".join(json.dumps(row) + "\n" for row in (rows if name == "a.jsonl" else rows[::-1])),
            encoding="utf-8",
        )
    result = compare(str(files[0]), str(files[1]))
    causes = {
        (change.kind, change.concept.rpartition("/")[2]): change.cause for change in result.changes
    }
    assert causes == {
        (
            "lost",
            "Fear",
        ): "'panic disorder' of another concept is in its place (label 'panic disorder')",
        ("gained", "PanicDisorder"): "'panic' of another concept was in its place (exact 'panic')",
        ("gained", "EmotionalContagion"): "the exact 'mood contagion' came",
        (
            "lost",
            "SocialSupport",
        ): "'support' is known to both, decided otherwise (rules none; support none)",
        ("changed", "Venting"): "role  → absent, negated False → True (rules +absent.before)",
    }
    assert (result.records, result.changed_records, result.same, result.only_first) == (2, 1, 2, [])
    code, out, err = iero("compare-tags", *files)
    assert (code, "mood contagion" in out, "2 gained" in err) == (1, True, True)
    code, out, _ = iero("compare-tags", files[0], files[0], "-f", "json")
    assert (code, json.loads(out)["changes"]) == (0, [])


def test_the_progress_bar_shows_in_a_terminal(tmp_path: Path) -> None:
    import pty

    source = records(tmp_path, 20_000)
    child, terminal = pty.fork()
    if not child:
        os.execve(
            sys.executable,
            [sys.executable, "-m", "iero", "tag", str(source), "-o", str(tmp_path / "a.jsonl")],
            os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "120"},
        )
    shown = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            break
        shown += piece
    os.waitpid(child, 0)
    os.close(terminal)
    assert b"MB/s" in shown
    assert b"records" in shown
    assert b"left" in shown
