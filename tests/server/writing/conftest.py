"""Stores that may be written to over HTTP: a scratch one, and a guarded one with a token."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from iero.changes import Changes
from iero.directory import DataDirectory
from iero.graph import KnowledgeGraph
from iero.pool import Limits, Pool
from iero.server import create_app
from iero.server.writing import Writing
from iero.tokens import TokenFile

TURTLE = {"Content-Type": "text/turtle"}
UPDATE = {"Content-Type": "application/sparql-update"}
G, H = {"graph": "urn:g"}, {"graph": "urn:h"}
MINE = "https://example.org/mine/notes"


def client_of(writing: Writing | None, graph: KnowledgeGraph) -> httpx.Client:
    app = create_app(graph, writing=writing, release="" if writing else "1-abc")
    return httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://iero.test")


def opened(changes: Changes) -> Pool:
    return Pool(DataDirectory(changes.directory.path), Limits(seconds=300), size=2)


@pytest.fixture(scope="module")
def scratch() -> Iterator[Writing]:
    changes = Changes.scratch()
    yield Writing(changes, None, scratch=True, upload_limit=10_000)
    changes.close()


@pytest.fixture(scope="module")
def pool(scratch: Writing) -> Iterator[Pool]:
    made = opened(scratch.changes)
    yield made
    made.close()


@pytest.fixture
def client(scratch: Writing, pool: Pool) -> Iterator[httpx.Client]:
    """An empty scratch store, in process."""
    with client_of(scratch, KnowledgeGraph(pool)) as made:
        assert made.post("/update", data={"update": "DROP ALL"}).status_code == 200
        yield made


def log(writing: Writing) -> list[dict[str, Any]]:
    return [json.loads(line) for line in writing.audit.path.read_text().splitlines()]


def count(client: httpx.Client, graph: str) -> int:
    """Return how many triples a graph has; -1 where it does not exist."""
    found = client.get("/store", params={"graph": graph}, headers={"Accept": "text/plain"})
    return len(found.text.splitlines()) if found.status_code == 200 else -1


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Changes]:
    changes = Changes.open(tmp_path_factory.mktemp("data") / "store")
    yield changes
    changes.close()


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> TokenFile:
    return TokenFile(tmp_path_factory.mktemp("tokens") / "tokens.toml")


@pytest.fixture(scope="module")
def secret(tokens: TokenFile) -> str:
    return tokens.add("notes", ["https://example.org/mine/*"], ["insert", "delete"], days=1)


@pytest.fixture(scope="module")
def kept(guarded: Changes) -> Iterator[KnowledgeGraph]:
    made = opened(guarded)
    yield KnowledgeGraph(made)
    made.close()


@pytest.fixture
def writing(guarded: Changes, tokens: TokenFile, secret: str) -> Writing:
    return Writing(guarded, tokens)


@pytest.fixture
def owned(writing: Writing, kept: KnowledgeGraph) -> Iterator[httpx.Client]:
    """A guarded store with one token."""
    with client_of(writing, kept) as made:
        yield made


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}", **TURTLE}
