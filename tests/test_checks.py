"""Every check is seen to accept and to refuse.

Check queries have samples in ``tests/checks/<query>/``: ``passes.ttl`` gives no row; in
``fails.ttl`` a line ``#= term`` stands above each term that gives one. The whole of ``iero check``
runs over the small project in ``tests/project/``, in which one thing at a time is broken.
"""

import re
import shutil
from pathlib import Path

import pytest
from iero.checks import run_checks
from iero.errors import BadQuery, OntologyError
from iero.resources import walk
from iero.store import Store
from iero.vocabulary import compress, expand

SAMPLES = Path(__file__).parent / "checks"
CHECKS = {path.rpartition("/")[2].removesuffix(".rq"): file.read_text(encoding="utf-8")
          for path, file in walk("queries/checks", ".rq")}


def rows(query, sample):
    return list(Store.open([SAMPLES / sample]).query(query).rows())


def test_there_are_samples_for_every_check_query_and_for_no_other():
    assert len(CHECKS) >= 10
    assert sorted(CHECKS) == sorted(folder.name for folder in SAMPLES.iterdir())


@pytest.mark.parametrize("check", CHECKS)
def test_a_passing_sample_gives_no_row(check):
    assert len(rows("SELECT * { ?s ?p ?o }", f"{check}/passes.ttl")) >= 2
    assert rows(CHECKS[check], f"{check}/passes.ttl") == []


@pytest.mark.parametrize("check", CHECKS)
def test_a_failing_sample_gives_the_terms_that_it_names(check):
    text = (SAMPLES / check / "fails.ttl").read_text(encoding="utf-8")
    expected = {compress(expand(term)) for term in re.findall(r"^#= (\S+)$", text, re.MULTILINE)}
    assert expected
    found = rows(CHECKS[check], f"{check}/fails.ttl")
    assert {compress(row["term"]) for row in found} == expected
    assert all(len(row["message"]) > 40 for row in found)


@pytest.mark.parametrize("check", CHECKS)
def test_a_check_query_opens_with_a_summary_and_its_severity(check):
    first, second = CHECKS[check].splitlines()[:2]
    assert re.fullmatch(r"#\+ summary: [A-Z].{15,}\.", first)
    assert second in ("#+ severity: error", "#+ severity: warning")


def test_the_ontology_passes_every_check():
    findings = run_checks()
    assert [finding for finding in findings if finding.severity == "error"] == []


@pytest.fixture
def project(tmp_path):
    """Return a function that plants a fault in a small sound project and gives its folder."""
    shutil.copytree(SAMPLES.parent / "project", tmp_path, dirs_exist_ok=True)

    def plant(path, old, new):
        text = (tmp_path / path).read_text(encoding="utf-8")
        assert old in text
        (tmp_path / path).write_text(text.replace(old, new), encoding="utf-8")
        return tmp_path

    return plant


KINDS = "ontology/modules/kinds.ttl"
SHAPES = "ontology/shapes/terms.ttl"
STRATEGIES = "queries/questions/strategies.rq"
IS_VENTING = "queries/questions/is-venting-a-strategy.rq"
HIERARCHY = "queries/questions/hierarchy.rq"
UPPER = "ontology/alignments/upper.ttl"
MAPPINGS = "ontology/mappings/iero.sssom.tsv"
UNDEFINED = ("error", "undefined-term")


@pytest.mark.parametrize(("path", "old", "new", "expected"), [
    (KINDS, "venting", "venting", []),
    (KINDS, 'rdfs:label "venting"@en ;', "",
     [("error", "shape:LabelShape", f"{KINDS}:15", "iero:Venting")]),
    (KINDS, 'obo:IAO_0000115 "Way of reaching a goal."@en ;', "",
     [("warning", "shape:DefinitionShape", f"{KINDS}:8", "iero:Strategy")]),
    (KINDS, '"venting"@en', '"Venting"@en',
     [("warning", "capital-letter", f"{KINDS}:15", "iero:Venting")]),
    (KINDS, "isDefinedBy <https://w3id.org/iero/module/kinds>",
     "isDefinedBy <https://w3id.org/iero/module/kind>",
     [(*UNDEFINED, f"{KINDS}:12", "iero:module/kind")]),
    (KINDS, "rdfs:subClassOf iero:Strategy", "iero:isA iero:Strategy",
     [(*UNDEFINED, f"{KINDS}:19", "iero:isA")]),
    (SHAPES, "subClassOf* iero:Strategy", "subClassOf* iero:Stratgy",
     [("error", "shape:LabelShape", "ontology/iero.ttl", "iero:Stratgy"),
      (*UNDEFINED, SHAPES, "iero:Stratgy"),
      ("warning", "shape:DefinitionShape", "ontology/iero.ttl", "iero:Stratgy")]),
    (SHAPES, "sh:property shape:LabelShape", "sh:class <https://w3id.org/iero/Kind>",
     [("error", "shape:StrategyShape", f"{KINDS}:15", "iero:Venting"),
      ("error", "shape:StrategyShape", f"{KINDS}:8", "iero:Strategy"),
      (*UNDEFINED, f"{SHAPES}:20", "iero:Kind")]),
    (UPPER, "iero:Strategy", "iero:Strategies", [(*UNDEFINED, f"{UPPER}:4", "iero:Strategies")]),
    (MAPPINGS, "iero:Venting", "iero:Ventng", [(*UNDEFINED, MAPPINGS, "iero:Ventng")]),
    (STRATEGIES, "iero:Strategy", "iero:Stratgy",
     [("error", "strategies", STRATEGIES, ""),
      (*UNDEFINED, f"{STRATEGIES}:6", "iero:Stratgy")]),
    (STRATEGIES, "iero:Strategy", "<https://w3id.org/iero/Stratgy>",
     [("error", "strategies", STRATEGIES, ""),
      (*UNDEFINED, f"{STRATEGIES}:6", "iero:Stratgy")]),
    (STRATEGIES, "SELECT ?strategy", "SELECT strategy", [("error", "strategies", STRATEGIES, "")]),
    (IS_VENTING, "ASK {", "ASK { SERVICE <https://example.org/sparql> { ?s ?p ?o }",
     [("error", "is-venting-a-strategy", IS_VENTING, "")]),
    (IS_VENTING, "iero:Venting rdfs:subClassOf iero:Strategy",
     "iero:Strategy rdfs:subClassOf iero:Venting",
     [("error", "is-venting-a-strategy", IS_VENTING, "")]),
    (HIERARCHY, "WHERE { ?class rdfs:subClassOf ?above }", "WHERE { ?class rdfs:range ?above }",
     [("error", "hierarchy", HIERARCHY, "")]),
])
def test_each_kind_of_fault_is_found_where_it_is(project, path, old, new, expected):
    findings = run_checks(project(path, old, new))
    assert [(f.severity, f.check, f.file, f.term) for f in findings] == expected


def test_names_in_comments_strings_and_namespaces_are_not_uses(project):
    root = project(STRATEGIES, "{ ?strategy", '{ FILTER(STR(?strategy) != "iero:X") # iero:Y\n'
                   "  FILTER(STRSTARTS(STR(?strategy), STR(iero:))) ?strategy")
    assert run_checks(root) == []


def test_an_undefined_term_is_told_with_the_nearest_names(project):
    [finding] = run_checks(project(UPPER, "iero:Strategy", "iero:Stratgy"))
    assert finding.message == "Nothing declares iero:Stratgy. Did you mean iero:Strategy?"


def test_messages_of_check_queries_show_short_names(project):
    [finding] = run_checks(project(KINDS, '"venting"@en', '"Venting"@en'))
    assert finding.message == "The label of iero:Venting begins with a capital."


def test_a_fault_of_a_shape_is_told_with_the_value_at_issue(project):
    [finding] = run_checks(project(KINDS, '"venting"@en', '"klagen"@de'))
    assert finding.message == 'A strategy has a label, tagged @en. Here: "klagen"@de'


def test_a_question_that_does_not_parse_is_told_with_its_line(project):
    [finding] = run_checks(project(STRATEGIES, "SELECT ?strategy", "SELECT strategy"))
    assert "line 6" in finding.message


def test_a_question_about_literature_is_put_to_the_release_with_its_sample(project, tmp_path):
    root = project(STRATEGIES, "SELECT ?strategy WHERE { ?strategy rdfs:subClassOf iero:Strategy }",
                   "PREFIX oa: <http://www.w3.org/ns/oa#>\n"
                   "SELECT ?strategy WHERE { ?a oa:hasBody ?strategy . "
                   "?strategy rdfs:subClassOf iero:Strategy }")
    [finding] = run_checks(root)
    assert "finds nothing in the release" in finding.message
    root = project(STRATEGIES, "#+ summary", "#+ sample: two.trig\n#+ summary")
    [finding] = run_checks(root)
    assert "There is no sample queries/samples/two.trig" in finding.message
    samples = tmp_path / "queries" / "samples"
    samples.mkdir()
    mention = "<urn:a> <http://www.w3.org/ns/oa#hasBody> <https://w3id.org/iero/{}> ."
    (samples / "two.trig").write_text(mention.format("Venting"), encoding="utf-8")
    assert run_checks(root) == []
    (samples / "two.trig").write_text(mention.format("Soothing"), encoding="utf-8")
    [finding] = run_checks(root)
    assert "finds nothing in the release" in finding.message


def test_without_a_release_the_remedy_is_told(project, tmp_path):
    (tmp_path / "ontology" / "release" / "iero-kg.nq").unlink()
    [finding] = run_checks(tmp_path)
    assert (finding.severity, finding.check) == ("error", "questions")
    assert "iero build" in finding.message


@pytest.mark.parametrize("folder", ["checks", "questions"])
def test_a_folder_without_queries_is_an_error_and_not_a_success(project, tmp_path, folder):
    for file in (tmp_path / "queries" / folder).iterdir():
        file.unlink()
    with pytest.raises(OntologyError, match=f"queries/{folder}: There is no query"):
        run_checks(tmp_path)


@pytest.mark.parametrize("severity", ["", "#+ severity: fatal"])
def test_a_check_query_without_a_known_severity_is_an_error(project, severity):
    root = project("queries/checks/capital-letter.rq", "#+ severity: warning", severity)
    with pytest.raises(OntologyError, match="error or warning"):
        run_checks(project(KINDS, '"venting"@en', '"Venting"@en') and root)


def test_a_check_query_that_does_not_parse_is_an_error_and_not_a_success(project):
    with pytest.raises(BadQuery, match="capital-letter"):
        run_checks(project("queries/checks/capital-letter.rq", "BIND", "BINT"))


def test_sources_that_do_not_parse_are_told_by_file_and_line(project):
    with pytest.raises(OntologyError, match=r"modules/kinds\.ttl:1\d"):
        run_checks(project(KINDS, 'rdfs:label "venting"@en ;', 'rdfs:label "venting"@en'))


def test_progress_names_every_stage_in_order(project, tmp_path):
    stages = []
    run_checks(tmp_path, stages.append)
    assert stages == ["shapes", "check queries", "undefined terms", "questions"]
