"""``/update``: updates in SPARQL, for those who have a token.

Standard: SPARQL 1.1 Protocol, section 2.2. All operations of a request are carried out, or none.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from iero.errors import BadQuery
from iero.protocol import FORM, based, parse_update_request
from iero.server import links
from iero.server.context import Context
from iero.server.negotiation import pairs
from iero.server.uploads import read_upload
from iero.server.writing import Act, Conditions, Writing, read_only

if TYPE_CHECKING:
    from iero.changes import Outcome


class Update:
    """The view of ``/update``."""

    def __init__(self, context: Context) -> None:
        self.writing = context.writing

    def update(self) -> Response:
        """Carry out an update."""
        if self.writing is None:
            raise read_only()
        return self.writing.carry_out("update", None, partial(_read, self.writing))


def _read(writing: Writing) -> Act:
    """Read the update of a request, and return what carries it out."""
    body = read_upload(writing.upload_limit)
    is_form = request.mimetype == FORM
    asked = parse_update_request(request.content_type or "", pairs(request.query_string),
                                 pairs(body) if is_form else [], b"" if is_form else body)
    text = based(asked.update, links.absolute("update.update"))

    def carry_out(update: str, conditions: Conditions) -> Outcome:
        return writing.changes.update(update, using_graphs=asked.using_graphs,
                                      using_named_graphs=asked.using_named_graphs, **conditions)

    def act(conditions: Conditions) -> Outcome:
        if asked.timeout is not None:
            conditions["timeout"] = asked.timeout
        try:
            return carry_out(text, conditions)
        except BadQuery:
            if text != asked.update:  # then what is wrong is told of the update as it was sent
                carry_out(asked.update, conditions | {"dry_run": True})
            raise

    return act


def blueprint(context: Context) -> Blueprint:
    """Return the route of updates."""
    made = Blueprint("update", __name__)
    made.add_url_rule("/update", view_func=Update(context).update, methods=["POST"])
    return made
