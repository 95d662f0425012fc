"""LOAD: documents that an update names are fetched for it, from allowed origins only."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from iero.changes import EVERYTHING, Changes, Grant, Grants
from iero.configuration import Configuration
from iero.errors import BadDocument, InvalidChange, Refused, RemoteError
from iero.server.opening import open_changes

from tests.changes.conftest import GRAPH, MINE
from tests.changes.test_changes import content, leaves_no_trace
from tests.peers import peer, reply, saying

LOADING = Grants((Grant(("https://example.org/*",), frozenset(("insert", "load"))),))
EMMA = b"<emma> a <https://example.org/Book> ; <https://example.org/title> 'Emma' ."
DOCUMENTS = {
    "http://docs.example/emma": (EMMA, "turtle"),
    "http://docs.example/nameless": (b"<nameless> a <https://example.org/Book> .", "turtle"),
    "http://docs.example/broken": (b"<emma> a", "turtle"),
}


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def changes(guarded: Changes, asked: list[str]) -> Iterator[Changes]:
    """Books that may be loaded from one place, which notes what it is asked for."""

    def fetch(url: str) -> tuple[bytes, str]:
        asked.append(url)
        if url not in DOCUMENTS:
            raise RemoteError(f"{url} answered 404.", url=url)
        return DOCUMENTS[url]

    guarded.fetch = fetch
    yield guarded
    guarded.fetch = None


def test_a_document_is_loaded_and_its_relative_iris_are_those_of_its_place(changes, asked):
    outcome = changes.update("PREFIX d: <http://docs.example/> "
                             f"LOAD d:emma INTO GRAPH <{GRAPH}>", grants=LOADING)
    assert (outcome.inserted, asked) == (2, ["http://docs.example/emma"])
    assert any(quad.startswith("<http://docs.example/emma> ") for quad in content(changes))


def test_operations_before_and_after_a_load_see_what_they_should(changes):
    where = f"GRAPH <{GRAPH}>"
    changes.update(
        f"LOAD <http://docs.example/emma> INTO {where} ; INSERT {{ {where} {{ ?book "
        f"<https://example.org/pages> 400 }} }} WHERE {{ {where} {{ ?book a "
        "<https://example.org/Book> } }", grants=LOADING)
    assert any("/pages> " in quad and "/emma> " in quad for quad in content(changes))


@pytest.mark.parametrize(("document", "error"), [
    ("nameless", InvalidChange), ("broken", BadDocument), ("missing", RemoteError),
])
def test_what_cannot_be_loaded_leaves_no_trace(changes, document, error):
    text = f"LOAD <http://docs.example/{document}> INTO GRAPH <{GRAPH}>"
    leaves_no_trace(changes, lambda: changes.update(text, grants=LOADING), error)


@pytest.mark.parametrize("document", ["broken", "missing"])
def test_a_silent_load_passes_over_what_cannot_be_had_but_not_over_the_shapes(changes, document):
    text = "LOAD SILENT <http://docs.example/{}> INTO GRAPH <" + GRAPH + ">"
    assert changes.update(text.format(document), grants=LOADING).inserted == 0
    with pytest.raises(InvalidChange):
        changes.update(text.format("nameless"), grants=LOADING)


def test_nothing_is_asked_for_whoever_may_not_load(changes, asked):
    text = f"LOAD <http://docs.example/emma> INTO GRAPH <{GRAPH}>"
    leaves_no_trace(changes, lambda: changes.update(text, grants=MINE), Refused)
    leaves_no_trace(changes, lambda: changes.update("LOAD <http://docs.example/emma>",
                                                    grants=LOADING), Refused)
    assert asked == []


def test_the_service_loads_from_allowed_origins_only():
    with peer(saying(reply(EMMA, "text/turtle"))) as server:
        changes = open_changes(Configuration(scratch=True, allow_private=(server.origin,)))
        try:
            text = f"LOAD <{server.origin}/emma>"
            assert changes.update(text, grants=EVERYTHING).inserted == 2
            with pytest.raises(Refused):
                changes.update("LOAD <http://127.0.0.1:9/emma>", grants=EVERYTHING)
        finally:
            changes.close()
    assert server.connections == 1
