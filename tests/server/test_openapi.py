"""``/openapi.json`` is whole and true: by the routes, its examples, and requests made of it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from iero.changes import Changes
from iero.directory import DataDirectory
from iero.graph import KnowledgeGraph
from iero.pool import Limits, Pool
from iero.server import create_app
from iero.server.metrics import Metrics
from iero.server.writing import Writing
from openapi_spec_validator import validate
from schemathesis import Case, GenerationMode, checks

TOKEN = "0123456789abcdef"
METHODS = {"get", "put", "post", "delete", "patch"}
AUTOMATIC = {"HEAD", "OPTIONS"}  # the framework's, wherever there is another
PROBLEM = "application/problem+json"
NEEDED = {"query", "q", "text", "graph", "about"}  # without which there is little to see
QUERIES = [
    "ASK {}", "SELECT * { ?s ?p ?o } LIMIT 3", "CONSTRUCT WHERE { ?s ?p ?o }", "SELECT * {",
    "SELECT (1/0 AS ?x) {}", "ASK { SERVICE <http://192.0.2.1/> {} }", "DESCRIBE <urn:a>",
    "LOAD <file:///etc/passwd>", "SELECT * { ?s <a b> ?o }",
    "ASK { BIND(REPLACE('a', '(', '') AS ?x) }",
]


@pytest.fixture(scope="module")
def app() -> Iterator[Flask]:
    """An application that has every route: a scratch store that takes changes, and metrics."""
    changes = Changes.scratch()
    pool = Pool(DataDirectory(changes.directory.path), Limits(seconds=2), size=2)
    writing = Writing(changes, None, scratch=True, upload_limit=10_000)
    yield create_app(KnowledgeGraph(pool), writing=writing, body_limit=10_000,
                     metrics=Metrics(os.getpid()), metrics_token=TOKEN)
    pool.close()
    changes.close()


@pytest.fixture(scope="module")
def client(app: Flask) -> Iterator[httpx.Client]:
    with httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://iero.test") as made:
        yield made


@pytest.fixture(scope="module")
def described(client: httpx.Client) -> dict[str, Any]:
    return dict(client.get("/openapi.json").json())


def test_it_is_openapi(described: dict[str, Any]) -> None:
    validate(described)
    assert described["openapi"].startswith("3.1.")


def test_it_describes_every_route_and_method_and_no_other(
    app: Flask, described: dict[str, Any]
) -> None:
    routes = {re.sub(r"<(?:[^:<>]+:)?(\w+)>", r"{\1}", rule.rule): set(rule.methods or ())
              - AUTOMATIC for rule in app.url_map.iter_rules()}
    shown = {path: {member.upper() for member in item if member in METHODS}
             for path, item in described["paths"].items()}
    assert shown == routes


def operations(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any], list[Any]]]:
    """Yield path, method, operation, and its parameters in full."""
    for path, item in described["paths"].items():
        for method in METHODS & set(item):
            declared = [*item.get("parameters", []), *item[method].get("parameters", [])]
            named = described["components"]["parameters"]
            yield path, method, item[method], [
                named[each["$ref"].rpartition("/")[2]] if "$ref" in each else each
                for each in declared]


def test_every_operation_says_what_it_takes_and_gives(described: dict[str, Any]) -> None:
    count = 0
    for path, method, operation, parameters in operations(described):
        count += 1
        where = f"{method} {path}"
        assert operation["summary"], where
        assert operation["tags"], where
        assert set(re.findall(r"\{(\w+)\}", path)) == {
            each["name"] for each in parameters if each["in"] == "path"}, where
        assert {"429", "503"} <= set(operation["responses"]), where
        assert any(status.startswith("2") for status in operation["responses"]), where
    assert count >= 25


def test_examples_work_at_the_real_service(shipped: KnowledgeGraph) -> None:
    transport = httpx.WSGITransport(app=create_app(shipped, shipped=True))
    with httpx.Client(transport=transport, base_url="http://iero.test") as client:
        tried = 0
        for path, method, _, parameters in operations(client.get("/openapi.json").json()):
            if method != "get" or path.startswith(("/store/", "/scripts/")):  # not in every one
                continue
            values = {each["name"]: str(each["example"]) for each in parameters
                      if "example" in each and (each.get("required") or each["name"] in NEEDED)}
            url = re.sub(r"\{(\w+)\}", lambda found, values=values: quote(values[found[1]]), path)
            response = client.get(url, params={
                each["name"]: values[each["name"]] for each in parameters
                if each["in"] == "query" and each["name"] in values})
            assert response.status_code in (200, 302), (url, response.text)
            tried += 1
        assert tried >= 15


def expect(case: Case, response: Any, documented: set[str]) -> None:
    """Look at a response: documented, no trace, a problem where it failed."""
    status = response.status_code
    assert str(status) in documented, f"{case.method} {case.path}: {status} {response.text}"
    assert "Traceback" not in response.text
    if status >= 400 and case.method != "HEAD" and "static" not in case.path:
        media_type = response.headers["content-type"]
        media_type = media_type[0] if isinstance(media_type, list) else media_type
        assert media_type in (PROBLEM, "text/html; charset=utf-8")


@pytest.fixture(scope="module")
def schema(app: Flask) -> Any:
    return schemathesis.openapi.from_wsgi("/openapi.json", app)


def explore(operation: Any, mode: GenerationMode) -> None:
    """Make requests of one operation, as described or not, and look at every response."""
    documented = {str(status) for status in operation.definition.raw["responses"]}

    @given(case=operation.as_strategy(generation_mode=mode), query=st.sampled_from(QUERIES),
           known=st.booleans())
    @settings(max_examples=4, deadline=None, database=None,
              suppress_health_check=list(HealthCheck))
    def run(case: Case, query: str, known: bool) -> None:
        for where in (case.query, case.body):
            if known and isinstance(where, dict) and "query" in where:
                where["query"] = query
        response = case.call(headers={"Accept-Encoding": "identity"})
        expect(case, response, documented)
        case.validate_response(response, checks=[
            checks.content_type_conformance, checks.response_schema_conformance])

    run()


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::ResourceWarning",  # of the client that makes requests
    "ignore::pytest.PytestUnraisableExceptionWarning")
def test_requests_made_of_it_are_answered_as_it_says(schema: Any, mode: GenerationMode) -> None:
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) >= 24
    failures = []
    for operation in operations:
        try:
            explore(operation, mode)
        except Unsatisfiable:  # an operation that takes everything cannot be asked wrongly
            assert mode is GenerationMode.NEGATIVE
        except Exception as error:  # noqa: BLE001 - all of them are to be shown
            failures.append(f"{operation.label}: {type(error).__name__}: {str(error)[:600]}")
    assert failures == []
