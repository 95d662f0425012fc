"""What HTTP requests for SPARQL say, as pure functions: nothing here does I/O.

``formats`` knows the serialisations and negotiates them, ``requests`` reads query and update
operations (SPARQL 1.1 Protocol), ``graphs`` those of the Graph Store HTTP Protocol.
"""

from iero.grammar import explain_syntax_error
from iero.protocol.formats import FORMATS, Format, format_named, formats_for, negotiate
from iero.protocol.graphs import STORE, payload_format, preferences, target_graph
from iero.protocol.requests import (
    FORM,
    QueryRequest,
    UpdateRequest,
    parse_query_request,
    parse_timeout,
    parse_update_request,
)
from iero.syntax import Token, based, bind, refuse_unsafe, tokens

__all__ = [
    "FORM", "FORMATS", "STORE", "Format", "QueryRequest", "Token", "UpdateRequest", "based", "bind",
    "explain_syntax_error", "format_named", "formats_for", "negotiate", "parse_query_request",
    "parse_timeout", "parse_update_request", "payload_format", "preferences", "refuse_unsafe",
    "target_graph", "tokens",
]
