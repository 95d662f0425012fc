"""The commands of a data directory, run as their users run them."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from iero.cli import run
from iero.directory import DataDirectory
from iero.resources import locate
from iero.store import Store

SAMPLE = Path(str(locate("queries/samples/annotations.trig")))
LITERATURE = "https://w3id.org/iero/graph/literature/sample"
GRAPH = "https://example.org/notes"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the graph of IERO and the sample."""
    folder = tmp_path_factory.mktemp("storing") / "data"
    assert run(["load", str(folder), str(SAMPLE)]) == 0
    return folder


def size(folder: Path, graph: str) -> int:
    return (DataDirectory(folder).about().sizes or {}).get(graph, 0)


def test_loading_makes_a_directory_with_the_graph_of_iero_and_the_files(data):
    sizes = DataDirectory(data).about().sizes
    assert sizes == Store.current(data).graph_sizes()
    assert sizes["https://w3id.org/iero/graph/ontology"] > 10_000
    assert sizes[LITERATURE] > 400
    union = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
    again = Store.open([Path(str(locate("ontology/release/iero-kg.nq"))), SAMPLE])
    assert list(Store.current(data).query(union).rows()) == list(again.query(union).rows())


@pytest.mark.parametrize("suffix", [".nt", ".ttl.gz"])
def test_triples_go_to_the_graph_that_is_named_and_may_take_the_place_of_others(
        data, tmp_path, suffix, capsys):
    file = tmp_path / f"notes{suffix}"
    opener = gzip.open if suffix.endswith(".gz") else open
    for notes in ("<x:a> <x:b> <x:c> . <x:a> <x:b> <x:d> .", "<x:a> <x:b> <x:e> ."):
        with opener(file, "wt") as output:
            output.write(notes.replace(" . ", " .\n") + "\n")
        assert run(["load", str(data), str(file), "--graph", GRAPH, "--replace"]) == 0
    assert size(data, GRAPH) == 1
    assert "version" in capsys.readouterr().err


def test_what_breaks_the_shapes_is_not_loaded_unless_it_is_to_be(data, tmp_path, capsys):
    file = tmp_path / "bad.ttl"
    file.write_text("<x:a> a <http://www.w3.org/ns/oa#Annotation> .")
    version = DataDirectory(data).current
    assert run(["load", str(data), str(file), "--graph", GRAPH + "/bad"]) == 2
    assert "Nothing says where this annotation comes from" in capsys.readouterr().err
    assert DataDirectory(data).current == version
    assert run(["load", str(data), str(file), "--graph", GRAPH + "/bad", "--no-validate"]) == 0
    assert size(data, GRAPH + "/bad") == 1
    assert run(["update", str(data), f"DROP GRAPH <{GRAPH}/bad>"]) == 0


@pytest.mark.parametrize(("name", "content", "says"), [
    ("a.nt", "<x:a> <x:b> .", "a.nt:1"), ("a.nt.gz", "no gzip", "gzip"),
    ("a.txt", "", "no suffix"), ("a.jsonld", "{", "a.jsonld"),
])
def test_a_file_that_does_not_load_is_told_and_changes_nothing(
        data, tmp_path, name, content, says, capsys):
    version = DataDirectory(data).current
    (tmp_path / name).write_text(content)
    assert run(["load", str(data), str(tmp_path / name), "--graph", GRAPH]) == 2
    assert says in capsys.readouterr().err
    assert DataDirectory(data).current == version
    assert sorted(each.name for each in data.glob("working-*")) == []


def test_triples_without_a_graph_are_not_put_anywhere(data, tmp_path, capsys):
    (tmp_path / "a.nt").write_text("<x:a> <x:b> <x:c> .\n")
    assert run(["load", str(data), str(tmp_path / "a.nt")]) == 2
    assert "--graph" in capsys.readouterr().err


def test_the_release_is_loaded_in_the_place_of_an_earlier_one(data):
    before = DataDirectory(data).about()
    assert run(["update", str(data), "CLEAR GRAPH <https://w3id.org/iero/graph/mappings>"]) == 0
    assert run(["load", str(data), "--release"]) == 0
    assert DataDirectory(data).about().sizes == before.sizes


def test_a_rehearsal_shows_what_would_change(data, capsys):
    version = DataDirectory(data).current
    assert run(["update", str(data), f"DROP GRAPH <{LITERATURE}>", "--dry-run"]) == 0
    said = capsys.readouterr()
    assert LITERATURE in said.out
    assert "removed" in said.out
    assert "rehearsal" in said.err
    assert DataDirectory(data).current == version


def test_a_dump_loads_again_and_holds_the_same(data, tmp_path, capsys):
    file = tmp_path / "all.nq.gz"
    assert run(["dump", str(data), "-o", str(file)]) == 0
    assert Store.open([]).graph_sizes() == {}
    copy = tmp_path / "all.nq"
    copy.write_bytes(gzip.decompress(file.read_bytes()))
    assert Store.open([copy]).graph_sizes() == DataDirectory(data).about().sizes
    assert run(["dump", str(data), "-f", "turtle"]) == 2
    assert "--graph" in capsys.readouterr().err
    assert run(["dump", str(data), "-g", "graph:none", "-f", "nt"]) == 2


def test_a_backup_is_made_while_somebody_writes_and_is_restored(data, tmp_path, capsys):
    holder = DataDirectory(data)
    holder.lock()
    try:
        assert run(["backup", str(data), str(tmp_path / "backup")]) == 0
        assert run(["load", str(data), str(SAMPLE)]) == 1
        assert "in use by process" in capsys.readouterr().err
    finally:
        holder.unlock()
    assert run(["backup", str(data), str(tmp_path / "backup")]) == 1
    sizes = DataDirectory(data).about().sizes
    assert run(["restore", str(tmp_path / "backup"), str(tmp_path / "new")]) == 0
    assert DataDirectory(tmp_path / "new").about().sizes == sizes
    assert Store.current(tmp_path / "new").graph_sizes() == sizes
    assert run(["update", str(tmp_path / "new"), f"DROP GRAPH <{LITERATURE}>"]) == 0
    assert run(["restore", str(tmp_path / "backup"), str(tmp_path / "new")]) == 1
    assert "--replace" in capsys.readouterr().err
    assert size(tmp_path / "new", LITERATURE) == 0
    assert run(["restore", str(tmp_path / "backup"), str(tmp_path / "new"), "--replace"]) == 0
    assert Store.current(tmp_path / "new").graph_sizes() == sizes


@pytest.mark.parametrize("command", [["dump"], ["update", "CLEAR ALL"], ["backup", "there"]])
def test_what_is_no_data_directory_is_told(command, tmp_path, capsys):
    assert run([command[0], str(tmp_path), *command[1:]]) == 1
    assert "not a data directory" in capsys.readouterr().err
