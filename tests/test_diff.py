"""What changes between two releases; the two in ``tests/diff`` differ in known ways."""

import json
from pathlib import Path

import pytest
from iero.diff import Change, Entry, Release, compare
from iero.errors import NotFound, OntologyError
from iero.resources import locate

FOLDER = Path(__file__).parent / "diff"
OLD, NEW = FOLDER / "old.trig", FOLDER / "new.trig"
VENTING = Entry("iero:Venting", "venting", "class")


@pytest.fixture(scope="module")
def found():
    return compare(Release.open(OLD), Release.open(NEW))


def test_the_versions_are_those_of_the_ontologies(found):
    assert (found.old, found.new) == ("1.0.0", "1.1.0")


def test_what_is_new_is_added(found):
    assert found.added == (
        Entry("claim:three", "three", "claim"),
        Entry("doi:10.1000/new", "New (2020)", "work"),
        Entry("iero:hasTarget", "has target", "object property"),
    )


def test_what_is_gone_is_removed(found):
    assert found.removed == (Entry("iero:Moping", "moping", "class"),)


def test_what_is_newly_deprecated_names_its_replacement_and_is_no_other_change(found):
    assert found.deprecated == (Entry("iero:Sulking", "sulking", "class", "iero:Venting"),)
    assert "iero:Sulking" not in [change.entry.term for change in found.changed]


def test_a_changed_class_expression_is_written_out(found):
    assert Change(
        VENTING, (("rdfs:subClassOf", "iero:hasTarget some iero:SelfTarget"),),
        (("rdfs:subClassOf", "iero:hasTarget some (iero:OtherTarget or iero:SelfTarget)"),),
    ) in found.changed


def test_a_changed_claim_shows_both_values_and_derived_conflicts_are_no_change(found):
    claims = [change for change in found.changed if change.entry.kind == "claim"]
    assert claims == [Change(Entry("claim:one", "one", "claim"), (("iero:effectSize", "0.3"),),
                             (("iero:effectSize", "0.4"),))]


def test_a_new_conflict_is_told_once(found):
    assert found.conflicts == (("claim:three", "claim:two"),)


def test_inferences_that_came_and_went_are_listed_and_others_not(found):
    assert found.inferred == (("iero:Venting", "iero:hasTarget", "iero:Target"),)
    assert found.no_longer_inferred == (("iero:Sulking", "rdfs:subClassOf", "iero:Regulation"),)


def test_the_counts_leave_out_what_did_not_happen(found):
    assert found.counts() == {
        "terms added": 1, "claims added": 1, "works added": 1, "terms changed": 1,
        "claims changed": 1, "terms deprecated": 1, "terms removed": 1, "conflicts added": 1,
        "inferences gained": 1, "inferences lost": 1,
    }


def test_a_release_does_not_differ_from_itself():
    same = compare(Release.open(NEW), Release.open(NEW))
    assert not same
    assert same.counts() == {}


def test_the_order_of_triples_and_the_names_of_blank_nodes_are_no_difference(tmp_path):
    lines = locate("ontology/release/iero-kg.nq").read_text(encoding="utf-8").splitlines()
    other = tmp_path / "other.nq"
    other.write_text("\n".join(line.replace("_:g", "_:other") for line in reversed(lines)))
    assert not compare(Release.open(locate("ontology/release")), Release.open(other))


def test_an_owl_document_can_be_compared_too():
    names = ("iero.ttl", "iero.owl", "iero.jsonld")
    first, *others = (Release.open(locate(f"ontology/release/{name}")) for name in names)
    assert len(first.entries()) > 500
    assert [bool(compare(first, other)) for other in others] == [False, False]


def test_json_holds_everything(found):
    document = json.loads(json.dumps(found.to_dict()))
    assert document["counts"] == found.counts()
    assert document["changed"][1]["entry"]["term"] == "iero:Venting"
    assert document["deprecated"][0]["replaced_by"] == "iero:Venting"


def test_the_release_notes_name_each_thing_under_its_heading(found):
    notes = found.to_markdown().splitlines()
    assert notes[0] == "# 1.0.0 to 1.1.0"
    assert notes[notes.index("## Terms added") + 2] == \
        "* `iero:hasTarget` has target (object property)"
    assert notes[notes.index("## Claims changed") + 2] == "* `claim:one` one"
    assert notes[notes.index("## Terms deprecated") + 2] == \
        "* `iero:Sulking` sulking (class), now `iero:Venting`"


@pytest.mark.parametrize(("name", "remedy"), [
    ("nowhere", "Known: .ttl"), ("nowhere.nq", "release's folder"),
    ("empty", "release's folder")])
def test_a_release_that_is_not_there_is_named(tmp_path, name, remedy):
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotFound, match=name) as caught:
        Release.open(tmp_path / name)
    assert remedy in caught.value.hint


def test_a_release_that_does_not_parse_is_named_with_the_line(tmp_path):
    file = tmp_path / "broken.ttl"
    file.write_text("<x:a> <x:b> .\n")
    with pytest.raises(OntologyError, match=r"broken.ttl:1"):
        Release.open(file)
