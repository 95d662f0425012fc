"""What ships with the package is found."""

from __future__ import annotations

import pytest
from iero.errors import NotFound
from iero.resources import home, locate, read, walk


def test_the_ontology_and_the_queries_are_found() -> None:
    assert (home() / "ontology" / "iero.ttl").is_file()
    assert locate("queries/questions").is_dir()
    assert read("ontology/iero.ttl").startswith(b"@prefix")


@pytest.mark.parametrize("path", ["ontology/nothing.ttl", "nowhere", "queries/questions/no.rq"])
def test_a_missing_file_is_not_found_and_the_remedy_is_named(path: str) -> None:
    with pytest.raises(NotFound, match="install") as error:
        read(path)
    assert path in error.value.message


def test_walking_yields_every_file_below_in_order() -> None:
    paths = [path for path, _ in walk("queries", ".rq")]
    assert paths == sorted(paths)
    assert any(path.startswith("queries/service/") for path in paths)
    assert any(path.startswith("queries/questions/") for path in paths)
    assert all(read(path) for path in paths[:3])


def test_walking_past_other_suffixes_yields_nothing() -> None:
    assert list(walk("queries", ".docx")) == []
