"""What all writes over HTTP have in common: who may, on what condition, and what is said of it.

Standards: RFC 6750 (bearer tokens), RFC 9110, section 13 (conditional requests), RFC 7240 (Prefer).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final, TypedDict

from flask import Response, request
from werkzeug.datastructures import ETags

from iero.errors import IeroError, PreconditionFailed, Refused, Unauthorized
from iero.protocol import parse_timeout, preferences
from iero.server.audit import Audit
from iero.server.negotiation import Pairs, flag, one, pairs

if TYPE_CHECKING:  # what a service needs only if it is written to is not loaded for the others
    from iero.changes import Changes, Grants, Outcome
    from iero.tokens import TokenFile

__all__ = ["Act", "Conditions", "Writing", "is_rehearsal", "read_only"]

REALM: Final = "iero"
CHANGE: Final = "IERO-Change"
"""The header that says what a write did, also where there is no body: a dictionary of RFC 8941."""

_SCRATCH: Final = "scratch"


class Conditions(TypedDict):
    """Under which conditions a change is to be made; see :class:`iero.changes.Changes`."""

    grants: Grants
    dry_run: bool
    if_version: Collection[str] | None
    timeout: float | None


Act = Callable[[Conditions], "Outcome"]


@dataclass(frozen=True)
class _Bearer:
    """Who writes."""

    name: str
    grants: Grants


class Writing:
    """The writing side of a service.

    :param changes: what makes the changes.
    :param tokens: who may; without it nobody may, or everybody where the store is a scratch one.
    :param scratch: whether the store is a scratch one.
    :param upload_limit: how many bytes a document or an update may have.
    """

    def __init__(self, changes: Changes, tokens: TokenFile | None, *, scratch: bool = False,
                 upload_limit: int = 64 << 20) -> None:
        self.changes, self.tokens, self.scratch = changes, tokens, scratch
        self.upload_limit = upload_limit
        self.audit = Audit(changes.directory.path / "audit.jsonl")
        self._first = changes.version
        self._changed: dict[str, str] = {}

    def carry_out(self, operation: str, graph: str | None, read: Callable[[], Act]) -> Response:
        """Make a change, write down who made it, and say what was done.

        :param operation: its name in the audit log.
        :param graph: the graph that conditions are about; None for the whole store.
        :param read: reads and parses the request, and returns what makes the change.
        :raises Unauthorized: if there is no valid token.
        :raises PreconditionFailed: if a condition of the request does not hold.
        :raises IeroError: whatever else refuses the change.
        """
        bearer = self.admit()
        attempt = {"token": bearer.name, "client": request.remote_addr, "operation": operation,
                   "graph": graph, "request": request.environ.get("iero.request_id", "")}
        try:
            outcome = self._changed_by(read(), graph, bearer.grants)
        except IeroError as error:
            if isinstance(error, Refused) and "kind" in error.details:  # what a grant is lacking
                error.details["error"] = "insufficient_scope"
            self.audit.refused(attempt, error)
            raise
        self.audit.done(attempt, outcome)
        return self._told(outcome, graph)

    def admit(self) -> _Bearer:
        """Return who sent the request, by the token in its header; nowhere else is one looked for.

        :raises Unauthorized: if there is none, or it is not valid.
        """
        if self.tokens is None:
            if self.scratch:
                from iero.changes import EVERYTHING

                return _Bearer(_SCRATCH, EVERYTHING)
            raise Refused(
                "Nobody may write here: the service knows no tokens.",
                hint="Make one, and start the service with its file: iero token new NAME --graph "
                     "IRI --tokens FILE, then iero serve --data DIR --tokens FILE.")
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            raise Unauthorized("Writing needs a token.",
                               hint="Send it in a header: Authorization: Bearer TOKEN")
        token = self.tokens.bearer(secret.strip())
        return _Bearer(token.name, token.grants)

    # -- conditions --------------------------------------------------------------------------------

    def tag(self, graph: str | None) -> str:
        """Return the version at which a graph (or, for None, the store) has last changed.

        Of what has not changed since the service started, that is the version it started with.
        """
        if graph is None or (not graph and not self.scratch):  # the union changes with any graph
            return self.changes.version
        return self._changed.get(graph or "default", self._first)

    def _changed_by(self, act: Act, graph: str | None, grants: Grants) -> Outcome:
        params = pairs(request.query_string)
        conditions = Conditions(
            grants=grants, dry_run=is_rehearsal(params), if_version=None,
            timeout=parse_timeout([value for name, value in params if name == "timeout"]))
        conditional = bool(request.if_match or request.if_none_match)
        while True:
            version = self.changes.version
            if conditional:
                self._check(graph)
                conditions["if_version"] = [version]
            try:
                outcome = act(conditions)
            except PreconditionFailed:
                if not conditional or self.changes.version == version:
                    raise  # else somebody was faster: the condition is looked at again
            else:
                break
        if not outcome.dry_run:
            self._changed |= dict.fromkeys(outcome.graphs, outcome.version)
        return outcome

    def _check(self, graph: str | None) -> None:
        """Compare entity tags strongly; ``*`` is left to the change, which knows what exists."""
        tag = self.tag(graph)
        wanted = request.if_match
        if wanted and not wanted.star_tag and tag not in _names(wanted):
            raise PreconditionFailed(
                "The data have changed since they were read: no tag of If-Match fits.",
                hint="Read them again, and repeat the change if it still makes sense.", etag=tag)
        if tag in _names(request.if_none_match):
            raise PreconditionFailed("The data are as If-None-Match says.", etag=tag)

    # -- answers -----------------------------------------------------------------------------------

    def _told(self, outcome: Outcome, graph: str | None) -> Response:
        """Say what was done; a graph that was made is a resource of its own, hence 201."""
        tag = self.tag(graph)
        response = _answered(outcome, tag)
        if outcome.created and graph is not None and not outcome.dry_run:
            response.status_code = 201
        response.headers[CHANGE] = (f'version="{outcome.version}", etag="{tag}", '
                                    f"inserted={outcome.inserted}, deleted={outcome.deleted}")
        if _prefers_validation():
            response.headers["Preference-Applied"] = "handling=validate"
        return response


def _answered(outcome: Outcome, tag: str) -> Response:
    """Return what a change did as JSON."""
    body = {
        "version": outcome.version, "etag": tag, "dry_run": outcome.dry_run,
        "inserted": outcome.inserted, "deleted": outcome.deleted,
        "graphs": {graph: asdict(each) for graph, each in outcome.graphs.items()},
        "remarks": outcome.report.listed(),
    }
    return Response(json.dumps(body, ensure_ascii=False) + "\n", content_type="application/json")


def read_only() -> Refused:
    """Return the error for a write where nothing can be written."""
    return Refused("Nothing can be written here: the service is read-only.",
                   hint="Start it with a place to write to and a file of tokens: iero serve "
                        "--data DIR --tokens FILE. For trials: iero serve --scratch.")


def _prefers_validation() -> bool:
    return preferences(request.headers.get("Prefer", "")).get("handling") == "validate"


def is_rehearsal(params: Pairs) -> bool:
    """Say whether a change is only to be rehearsed: ``?dry-run`` or ``Prefer``."""
    if one(params, "dry-run") == "":
        return True
    return flag(params, "dry-run", _prefers_validation())


def _names(tags: ETags) -> set[str]:
    """Return strong tags without the names of formats that they end in."""
    return {tag.partition(";")[0] for tag in tags.as_set()}
