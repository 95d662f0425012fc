"""Prefixes: expanding, compressing, and agreement with everything that ships."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iero.errors import BadParameter
from iero.resources import walk
from iero.syntax import declared_prefixes
from iero.vocabulary import GRAPHS, IERO, PREFIXES, compress, expand, is_own


@pytest.mark.parametrize(("name", "iri"), [
    ("Venting", IERO + "Venting"), ("iero:Venting", IERO + "Venting"),
    (f"<{IERO}Venting>", IERO + "Venting"), (IERO + "Venting", IERO + "Venting"),
    ("  Venting ", IERO + "Venting"), ("doi:10.1/x", "https://doi.org/10.1/x"),
    ("claim/x", IERO + "claim/x"), ("http://example.org/x?y=z#w", "http://example.org/x?y=z#w"),
    ("urn:isbn:1", "urn:isbn:1"), ("mailto:a@b.org", "mailto:a@b.org"),
])
def test_names_are_expanded(name: str, iri: str) -> None:
    assert expand(name) == iri


@pytest.mark.parametrize("name", ["", "  ", "a b", "foo:bar", 'x"y', "a<b", "x{y}", "a\nb", "a\\b"])
def test_what_cannot_be_an_iri_is_a_bad_parameter(name: str) -> None:
    with pytest.raises(BadParameter):
        expand(name)


LOCAL = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,20}", fullmatch=True)


@given(st.sampled_from(sorted(PREFIXES)), LOCAL)
def test_compressing_undoes_expanding(prefix: str, local: str) -> None:
    assert compress(expand(f"{prefix}:{local}")) == f"{prefix}:{local}"


def test_the_longest_fitting_prefix_is_used_and_a_bare_namespace_stays() -> None:
    assert compress(IERO + "graph/claims") == "graph:claims"
    assert compress(IERO) == IERO
    assert compress("http://www.w3.org/2002/07/owl#Class") == "owl:Class"


def test_graphs_are_no_terms() -> None:
    assert all(not is_own(graph) for graph in GRAPHS)
    assert is_own(IERO + "Venting")
    assert not is_own("https://w3id.org/other/Venting")


def test_no_two_prefixes_mean_the_same() -> None:
    assert len(set(PREFIXES.values())) == len(PREFIXES)


def test_every_shipped_query_uses_the_prefixes_in_this_sense_and_in_no_other() -> None:
    files = list(walk("queries", ".rq"))
    assert len(files) > 40
    for path, file in files:
        declared = declared_prefixes(file.read_text(encoding="utf-8"))
        assert {prefix: PREFIXES.get(prefix) for prefix in declared} == declared, path
