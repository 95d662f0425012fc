"""The mappings: valid by the reference implementation of SSSOM, and honest about themselves."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest

FILE = Path(__file__).parents[1] / "ontology" / "mappings" / "iero.sssom.tsv"
JUSTIFICATIONS = {"semapv:LexicalMatching", "semapv:UnspecifiedMatching"}
STRENGTH = ("skos:exactMatch", "skos:closeMatch", "skos:relatedMatch")


def validate(path: Path) -> subprocess.CompletedProcess[str]:
    """Run sssom-py on a file, in a process of its own: the library warns of much when imported."""
    program = "from sssom.cli import main; main()"
    return subprocess.run([sys.executable, "-W", "ignore", "-c", program, "validate", str(path)],
                          capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    lines = [line for line in FILE.read_text(encoding="utf-8").splitlines()
             if not line.startswith("#")]
    found = list(csv.DictReader(lines, delimiter="\t"))
    assert len(found) > 250
    return found


def test_sssom_finds_no_fault():
    done = validate(FILE)
    assert (done.returncode, "ERROR" in done.stderr) == (0, False), done.stderr


def test_sssom_sees_a_fault(tmp_path):
    broken = tmp_path / "broken.sssom.tsv"
    text = FILE.read_text(encoding="utf-8")
    broken.write_text(text.replace("semapv:LexicalMatching", "guess"), encoding="utf-8")
    done = validate(broken)
    assert done.returncode != 0 or "ERROR" in done.stderr


def test_every_subject_is_a_term_under_its_own_label(rows, shipped):
    labels = {term.curie: term.label for term in shipped.terms()}
    assert [row["subject_id"] for row in rows if row["subject_id"] not in labels] == []
    assert [row for row in rows if labels[row["subject_id"]] != row["subject_label"]] == []


def test_every_row_says_how_sure_it_is_and_where_the_object_was_read(rows):
    assert {row["mapping_justification"] for row in rows} == JUSTIFICATIONS
    assert all(0 < float(row["confidence"]) < 1 for row in rows)
    assert all(row["object_label"] and row["object_source_version"] for row in rows)


def test_no_pair_is_mapped_twice(rows):
    pairs = [(row["subject_id"], row["object_id"]) for row in rows]
    assert len(set(pairs)) == len(pairs)


def test_the_surer_the_relation_the_surer_the_row(rows):
    least = [min(float(row["confidence"]) for row in rows if row["predicate_id"] == predicate
                 and row["mapping_justification"] == "semapv:LexicalMatching")
             for predicate in STRENGTH[:2]]
    assert least == sorted(least, reverse=True)


def test_the_graph_holds_every_mapping(rows, shipped):
    held = shipped.select("SELECT ?s ?p ?o { GRAPH <https://w3id.org/iero/graph/mappings> "
                          "{ ?s ?p ?o } }")
    assert len(held) == len(rows)
