"""Every failure becomes one body: problem JSON (RFC 9457), or a page for browsers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from flask import Flask, Response, render_template, request
from werkzeug.datastructures import MIMEAccept
from werkzeug.exceptions import (
    HTTPException,
    InternalServerError,
    MethodNotAllowed,
    RequestEntityTooLarge,
)
from werkzeug.exceptions import NotFound as NoSuchRoute
from werkzeug.http import parse_accept_header

from iero.errors import IeroError, Unauthorized
from iero.protocol import formats_for
from iero.rdf import convert
from iero.server import telemetry
from iero.server.description import WITHIN
from iero.server.negotiation import JSON_TYPE, accept, prefers_html, too_large

if TYPE_CHECKING:
    from iero.shapes import Report

PROBLEM: Final = "application/problem+json"


def register(app: Flask) -> None:
    """Make one shape of all failures of an app: ours, the framework's, and those nobody foresaw."""
    app.register_error_handler(IeroError, _ours)
    app.register_error_handler(HTTPException, _framework)


def respond(problem: dict[str, Any], page: str = "error.html", **context: Any) -> Response:
    """Return a problem as a response, for a program or for a person.

    :param page: the template for browsers; it gets ``problem`` and the rest of the context.
    """
    if identifier := telemetry.identifier():
        problem = problem | {"request_id": identifier}
    if "reason" in problem:
        telemetry.note(reason=problem["reason"])
    if prefers_html(accept()) and request.host:  # pages have links that need one
        body = render_template(page, problem=problem, **context)
        response = Response(body, problem["status"], mimetype="text/html")
    else:
        body = json.dumps(problem, ensure_ascii=False, default=str) + "\n"
        response = Response(body, problem["status"], content_type=PROBLEM)
    if "retry_after" in problem:
        response.headers["Retry-After"] = str(problem["retry_after"])
    return response


def _ours(error: IeroError) -> Response:
    response = report(error) if "report" in error.details else respond(error.problem())
    if "accept_encoding" in error.details:
        response.headers["Accept-Encoding"] = error.details["accept_encoding"]
    code = error.details.get("error")
    if isinstance(error, Unauthorized) or code == "insufficient_scope":
        response.headers["WWW-Authenticate"] = 'Bearer realm="iero"' + (
            f', error="{code}"' if code else "")
    return response


def report(error: IeroError) -> Response:
    """Return why a change is invalid as the client wants it: a problem, a report in RDF, or text.

    The problem lists the results too; it goes to whoever names no format that there is.
    """
    if prefers_html(accept()):
        return respond(error.problem())
    formats = {each.media_type: each for each in formats_for("graph")}
    offers = [PROBLEM, JSON_TYPE, *formats, "text/plain"]
    chosen = parse_accept_header(accept() or "*/*", MIMEAccept).best_match(offers, PROBLEM)
    found: Report = error.details["report"]
    if chosen in formats:
        fmt = formats[chosen]
        body: bytes | str = convert(found.triples(), WITHIN.get(fmt.name, fmt.name))
        return Response(body, error.status, content_type=fmt.content_type)
    if chosen == "text/plain":
        return Response(found.text(), error.status, content_type="text/plain; charset=utf-8")
    return respond(error.problem())


def _framework(error: HTTPException) -> Response | HTTPException:
    if error.response is not None or (error.code or 500) < 400:  # a redirect is no failure
        return error
    response = respond(_problem(error))
    for name, value in error.get_headers(request.environ):
        if name.lower() != "content-type":
            response.headers[name] = value
    return response


def _problem(error: HTTPException) -> dict[str, Any]:
    if isinstance(error, RequestEntityTooLarge):
        return too_large(request.max_content_length or 0).problem()
    body: dict[str, Any] = {"type": "about:blank", "title": error.name, "status": error.code or 500}
    if isinstance(error, NoSuchRoute):
        body |= {"detail": f"There is nothing at {request.path}.",
                 "hint": "The entry points are listed on the home page, /."}
    elif isinstance(error, MethodNotAllowed):
        allowed = ", ".join(sorted(error.valid_methods or ()))
        body |= {"detail": f"{request.method} is not possible here.", "hint": f"Use {allowed}."}
    elif isinstance(error, InternalServerError):
        body |= {"detail": "The service failed; this is its fault, and it is in its log."}
    else:
        body |= {"detail": error.description or error.name}
    return body
