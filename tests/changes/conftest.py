"""A guarded directory that tests of a module share, and what they write to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from iero.changes import Changes, Grant, Grants

SHAPES = """
@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix : <https://example.org/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
:BookShape a sh:NodeShape ; sh:targetClass :Book ;
    sh:property :TitleShape, :AuthorShape, :PagesShape .
:TitleShape a sh:PropertyShape ; sh:path :title ; sh:minCount 1 ; sh:maxCount 1 ;
    sh:message "A book has one title." .
:AuthorShape a sh:PropertyShape ; sh:path :author ; sh:class :Person ;
    sh:message "An author is a person." .
:PagesShape a sh:PropertyShape ; sh:path :pages ; sh:datatype xsd:integer ;
    sh:severity sh:Warning ; sh:message "Pages are counted." .
"""
MINE = Grants((Grant(("https://example.org/*",)),))
GRAPH = "https://example.org/books"
PREFIX = "PREFIX : <https://example.org/> "


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("shapes") / "shapes.ttl"
    file.write_text(SHAPES, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory, shapes: Path) -> Iterator[Changes]:
    made = Changes.open(tmp_path_factory.mktemp("data") / "books", shapes=[shapes], seed=[])
    yield made
    made.close()
