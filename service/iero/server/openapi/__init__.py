"""``/openapi.json``: the whole interface, described for programs (OpenAPI 3.1).

The description is data: ``document.yaml`` has what all parts share, and beside it lies one file of
paths for each blueprint, named like it. What is served depends on how the service was started, so
the files of those blueprints are put together that the application has.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, Final

from flask import Blueprint, Response, current_app, jsonify

import iero
from iero.server import links
from iero.server.context import Context
from iero.server.negotiation import require_json

__all__ = ["blueprint", "document"]

_ALWAYS: Final = (429, 503)
_METHODS: Final = ("get", "put", "post", "delete")


@cache
def _read(name: str) -> dict[str, Any]:
    import yaml  # when the description is first asked for

    content: dict[str, Any] = yaml.safe_load(
        files(__package__).joinpath(f"{name}.yaml").read_text(encoding="utf-8"))
    return content


def _paths(names: list[str]) -> dict[str, Any]:
    return {path: {member: _operation(each) if member in _METHODS else each
                   for member, each in item.items()}
            for name in names for path, item in _read(name).items()}


def _operation(declared: dict[str, Any]) -> dict[str, Any]:
    """Return an operation with the problems that it may answer with among its responses."""
    problems = sorted({*declared["x-problems"], *_ALWAYS})
    responses = declared["responses"] | {
        str(status): {"$ref": f"#/components/responses/{status}"} for status in problems}
    return {name: value for name, value in declared.items() if name != "x-problems"} | {
        "responses": responses}


def document() -> dict[str, Any]:
    """Return the description of this service, as it was started."""
    shared = _read("document")
    return shared | {
        "info": shared["info"] | {"version": iero.__version__},
        "servers": [{"url": links.absolute("about.home").rstrip("/")}],
        "paths": _paths(["static", *current_app.blueprints]),
    }


def _document() -> Response:
    """Describe this service."""
    require_json(None)
    return jsonify(document())


def blueprint(_: Context) -> Blueprint:
    """Return the route of the description."""
    made = Blueprint("openapi", __name__)
    made.add_url_rule("/openapi.json", view_func=_document)
    return made
