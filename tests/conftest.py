"""Fixtures that more than one test module needs."""

import pytest

from iero.graph import KnowledgeGraph


@pytest.fixture(scope="session")
def shipped():
    """The release in this checkout. It is committed, so it is never missing."""
    return KnowledgeGraph.open()
