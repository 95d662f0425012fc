"""The embedded engine: datasets, counting, refusals, loading."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import rdflib
from iero.errors import BadQuery, NotFound, OntologyError, Refused
from iero.protocol import format_named
from iero.store import Store, data_format

TWICE = b"""
<urn:s> <urn:p> 1 <urn:a> . <urn:s> <urn:p> 1 <urn:b> . <urn:s> <urn:p> 2 <urn:b> .
""".replace(b" 1 ", b' "1" ').replace(b" 2 ", b' "2" ').replace(b" . ", b" .\n")
COUNT = "SELECT (COUNT(*) AS ?n) {clause} {{ ?s ?p ?o }}"


def number(store: Store, clause: str = "", **dataset: list[str]) -> int:
    text = COUNT.format(clause=clause)
    return int(next(store.query(text, **dataset).rows())["n"])  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def store() -> Store:
    made = Store()
    made.load(TWICE, "nquads")
    return made


def test_a_triple_in_two_graphs_is_one_triple_of_the_union(store: Store) -> None:
    assert number(store) == 2


def test_the_union_grows_with_every_load() -> None:
    store = Store()
    store.load(b"<urn:s> <urn:p> 1 .", "turtle")
    assert number(store) == 1
    store.load(b"<urn:s> <urn:p> 2 .", "turtle", graph="urn:g")
    assert number(store) == 2


@pytest.mark.parametrize(("clause", "dataset", "expected"), [
    ("FROM <urn:a>", {}, 1),
    ("FROM <urn:b>", {}, 2),
    ("FROM <urn:a> FROM <urn:b>", {}, 2),  # a merge of graphs is a set (13.2.1)
    ("FROM NAMED <urn:a>", {}, 0),  # without FROM the default graph is empty (13.2)
    ("FROM <urn:nothing>", {}, 0),
    ("", {"default_graphs": ["urn:a"]}, 1),
    ("", {"default_graphs": ["urn:a", "urn:b"]}, 2),
    ("", {"named_graphs": ["urn:a"]}, 0),
    ("FROM <urn:b>", {"default_graphs": ["urn:a"]}, 1),  # the protocol goes first (2.1.4)
])
def test_the_dataset_is_what_the_request_names(
    store: Store, clause: str, dataset: dict[str, list[str]], expected: int
) -> None:
    assert number(store, clause, **dataset) == expected


def test_graph_patterns_see_the_named_graphs_of_the_dataset(store: Store) -> None:
    text = "SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } } ORDER BY ?g"
    assert [row["g"] for row in store.query(text).rows()] == ["urn:a", "urn:b"]
    only = store.query(text, named_graphs=["urn:b"])
    assert [row["g"] for row in only.rows()] == ["urn:b"]
    merged = store.query(text, default_graphs=["urn:a", "urn:b"], named_graphs=["urn:b"])
    assert [row["g"] for row in merged.rows()] == ["urn:b"]


def test_from_clauses_may_use_prefixes_and_a_base(store: Store) -> None:
    text = "{head} SELECT (COUNT(*) AS ?n) FROM {a} FROM {b} {{ ?s ?p ?o }}"
    for query in (text.format(head="PREFIX u: <urn:>", a="u:a", b="u:b"),
                  text.format(head="BASE <urn:a>", a="<urn:a>", b="<urn:b>")):
        assert int(next(store.query(query).rows())["n"]) == 2


def test_prefixes_can_be_given_and_the_query_may_declare_others(store: Store) -> None:
    assert store.query("ASK { u:s ?p ?o }", prefixes={"u": "urn:"}).truth
    assert not store.query("PREFIX u: <urn:x> ASK { u:s ?p ?o }", prefixes={"u": "urn:"}).truth
    with pytest.raises(BadQuery, match="'u'"):
        store.query("ASK { u:s ?p ?o }")


def test_updates_and_service_are_refused_by_the_store_itself(store: Store) -> None:
    for text in ("INSERT DATA { <urn:x> <urn:y> 1 }", "ASK { SERVICE <http://localhost/> {} }"):
        with pytest.raises(Refused):
            store.query(text)


def test_sizes_are_those_of_the_named_graphs(store: Store) -> None:
    assert store.graph_sizes() == {"urn:a": 1, "urn:b": 2}


def test_files_of_every_format_hold_the_same_graph(tmp_path: Path, small: Path) -> None:
    whole = Store.open([small])
    for name in ("x.ttl", "x.nt", "x.nq", "x.trig", "x.rdf", "x.owl", "x.jsonld"):
        with (tmp_path / name).open("wb") as file:
            whole.dump(file, data_format(name))
        assert number(Store.open([tmp_path / name])) == number(whole) > 70, name


@pytest.mark.filterwarnings("ignore:Dataset.default_context:DeprecationWarning")  # in rdflib
def test_a_dump_of_named_graphs_has_each_triple_in_its_graph_only(store: Store) -> None:
    out = io.BytesIO()
    store.dump(out, format_named("nquads", "dataset"))
    dataset = rdflib.Dataset()
    dataset.parse(data=out.getvalue(), format="nquads")
    sizes = {str(graph.identifier): len(graph) for graph in dataset.graphs() if len(graph)}
    assert sizes == {"urn:a": 1, "urn:b": 2}


def test_a_dump_can_be_one_graph(store: Store) -> None:
    out = io.BytesIO()
    store.dump(out, format_named("ntriples", "graph"), graph="urn:a")
    assert out.getvalue() == b'<urn:s> <urn:p> "1" .\n'


def test_a_missing_file_or_an_unknown_suffix_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"nothing\.ttl"):
        Store.open([tmp_path / "nothing.ttl"])
    with pytest.raises(NotFound, match="suffix"):
        Store.open([tmp_path / "data.docx"])


def test_a_broken_file_is_an_error_with_file_and_line(tmp_path: Path) -> None:
    broken = tmp_path / "broken.ttl"
    broken.write_text("<urn:a> <urn:b> 1 .\n<urn:a> nonsense .\n")
    with pytest.raises(OntologyError) as error:
        Store.open([broken])
    assert error.value.details["file"] == str(broken)
    assert error.value.details["line"] == 2
