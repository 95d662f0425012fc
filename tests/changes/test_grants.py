"""Grants: which graphs and which kinds of change they open, and which they never do."""

from __future__ import annotations

import pytest
from iero.changes import EVERYTHING, Grant, Grants
from iero.errors import BadParameter, Refused
from iero.vocabulary import GRAPHS

MINE = "https://example.org/mine"


@pytest.mark.parametrize(("pattern", "graph", "fits"), [
    (MINE, MINE, True), (MINE, MINE + "/a", False), ("https://example.org/*", MINE, True),
    ("*", MINE, True), ("*", "default", False), ("default", "default", True),
    ("default", MINE, False), ("https://example.com/*", MINE, False),
    *[("*", graph, False) for graph in GRAPHS], *[(graph, graph, True) for graph in GRAPHS],
    *[("https://w3id.org/iero/graph/*", graph, False) for graph in GRAPHS],
    ("https://w3id.org/iero/graph/*", "https://w3id.org/iero/graph/literature/a", True),
])
def test_a_pattern_opens_what_it_names_and_the_shipped_graphs_only_by_their_names(
        pattern, graph, fits):
    assert Grant((pattern,)).allows("insert", graph) is fits


def test_a_grant_is_for_its_kinds():
    grant = Grant((MINE,), frozenset(["insert"]))
    assert grant.allows("insert", MINE)
    assert not grant.allows("delete", MINE)
    assert not Grant((MINE,)).allows("load", MINE)


def test_grants_add_up_and_what_is_lacking_is_named():
    grants = Grants((Grant((MINE,), frozenset(["insert"])), Grant((GRAPHS[2],))))
    grants.require("insert", [MINE, GRAPHS[2]])
    grants.require("delete", [GRAPHS[2]])
    with pytest.raises(Refused, match="may not delete") as caught:
        grants.require("delete", [GRAPHS[2], MINE])
    assert caught.value.details == {"kind": "delete", "graph": MINE}
    with pytest.raises(Refused, match="protected"):
        grants.require("insert", [GRAPHS[0]])
    with pytest.raises(Refused, match="default graph"):
        Grants().require("insert", ["default"])
    EVERYTHING.require("delete", [*GRAPHS, "default", MINE])


@pytest.mark.parametrize("pattern", ["", "a", "https://*/a", "**"])
def test_a_pattern_that_names_no_graphs_is_a_mistake(pattern):
    with pytest.raises(BadParameter):
        Grant((pattern,))


def test_a_kind_that_is_none_is_a_mistake():
    with pytest.raises(BadParameter, match="append"):
        Grant((MINE,), frozenset(["append"]))
