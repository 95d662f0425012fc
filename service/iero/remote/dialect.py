"""Where stores leave the standard: what is refused, what is mended, and how a cut shows.

Virtuoso 7 is the store that all this is about. It ends a result at ``ResultSetMaxRows`` and says so
in a header, but only of rows; it names blank nodes ``nodeID://b1``, which is no label; it answers
ASK by a row; and it takes queries that switch on or call what is not SPARQL.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from tempfile import SpooledTemporaryFile
from typing import IO, Final

from iero.egress import Reply
from iero.egress.caller import MEMORY
from iero.errors import Refused
from iero.protocol import Format, format_named
from iero.results import Answer
from iero.syntax import Token, declared_prefixes, names, tokens

Body = IO[bytes]

_BLOCK: Final = 1 << 18
_FALSE_NODES: Final = {"json": (b'"bnode", "value": "nodeID://', b'"bnode", "value": "'),
                       "xml": (b"<bnode>nodeID://", b"<bnode>")}
_TRUTH: Final = "__ASK_RETVAL"
_FOREIGN: Final = ("bif:", "sql:", "LONG:", "SHORT:")
"""Names under which Virtuoso calls functions of its database: some read files and settings."""


def refuse_extensions(text: str) -> None:
    """Refuse what is no SPARQL and makes a store do more than answer.

    >>> refuse_extensions("ASK { ?define ?bif 'sql:x' }")
    >>> refuse_extensions("DEFINE get:soft 'replace' ASK {}")
    Traceback (most recent call last):
    iero.errors.Refused: DEFINE at line 1, column 1 is not SPARQL...

    :raises Refused: for a pragma, or a function of the store's database.
    """
    for reading in {text, re.sub(r"\\u([0-9A-Fa-f]{4})", lambda m: chr(int(m[1], 16)), text)}:
        for token in tokens(reading):
            if token.keyword == "DEFINE":
                raise _extension(token)
        known = {"bif": "bif:", "sql": "sql:"} | declared_prefixes(reading)
        for token, name in names(reading, known):
            if name.startswith(_FOREIGN):
                raise _extension(token)


def _extension(token: Token) -> Refused:
    return Refused(f"{token.text} at line {token.line}, column {token.column} is not SPARQL but an "
                   "extension of a store.", hint="Leave it out.", operation=token.text,
                   line=token.line, column=token.column)


def cuts_silently(headers: Mapping[str, str]) -> bool:
    """Say whether a store is known to construct graphs from a part of the rows without a word."""
    return headers.get("server", "").startswith("Virtuoso")


def cut_off(reply: Reply, text: str) -> str:
    """Return how a store says that it sent a part only; nothing if it does not."""
    headers = reply.headers
    if "x-sql-state" in headers or reply.status == 206:
        return headers.get("x-sql-message", "") or "it ran out of time"
    most = headers.get("x-sparql-maxrows", "")
    if most.isdecimal() and not _limit(text) <= int(most):
        return f"its limit is {int(most):,} rows"
    return ""


def _limit(text: str) -> float:
    """Return the LIMIT of a whole query."""
    depth, limit, before = 0, float("inf"), ""
    for token in tokens(text):
        depth += (token.text == "{") - (token.text == "}")
        if not depth and before == "LIMIT" and token.kind == "INTEGER":
            limit = int(token.text)
        before = token.keyword
    return limit


def mended(reply: Reply, kind: str, fmt: Format) -> Body:
    """Return the body of a reply as the standard has it, in a file of its own."""
    body = SpooledTemporaryFile(max_size=MEMORY)  # noqa: SIM115 - closed with the answer
    try:
        _copy(reply.body, body, *_FALSE_NODES.get(fmt.name, (b"", b"")))
        return _as_truth(body, fmt) if kind == "boolean" else body
    except BaseException:
        body.close()
        raise


def _copy(source: Body, body: Body, wrong: bytes, right: bytes) -> None:
    """Copy a file, one sequence of bytes replaced by another."""
    kept = b""
    while block := source.read(_BLOCK):
        if wrong:
            block = (kept + block).replace(wrong, right)
            kept = block[-len(wrong):]
            block = block[:-len(wrong)]
        body.write(block)
    body.write(kept)
    body.seek(0)


def _as_truth(body: Body, fmt: Format) -> Body:
    answer = Answer.read(body, fmt)
    if answer.variables != [_TRUTH]:
        return body
    truth = any(row.get(_TRUTH) == "1" for row in answer.rows())
    plain = SpooledTemporaryFile(max_size=MEMORY)  # noqa: SIM115 - closed with the answer
    Answer.of_truth(truth).write(plain, format_named(fmt.name, "boolean"))
    body.close()
    plain.seek(0)
    return plain


def as_select(text: str) -> tuple[str, str]:
    """Split a CONSTRUCT query into the rows that it asks for and the template that they fill.

    >>> as_select("CONSTRUCT { ?s a ?t } WHERE { ?s ?p ?t } LIMIT 5")
    ('SELECT ?s ?t  WHERE { ?s ?p ?t } LIMIT 5', 'CONSTRUCT { ?s a ?t } WHERE {}')
    >>> as_select("CONSTRUCT WHERE { ?s ?p 1 }")
    ('SELECT ?p ?s  WHERE { ?s ?p 1 }', 'CONSTRUCT { ?s ?p 1 } WHERE {}')
    """
    found = list(tokens(text))
    start = next(index for index, token in enumerate(found) if token.keyword == "CONSTRUCT")
    prologue = text[:found[start].offset]
    opened = next(index for index in range(start, len(found)) if found[index].text == "{")
    closed = _closing(found, opened)
    template = text[found[opened].offset:found[closed].offset + 1]
    after = found[closed if opened == start + 1 else start]
    variables = sorted({token.text for token in found[opened:closed] if token.kind == "VAR"})
    columns = " ".join(variables) or "(1 AS ?row)"
    rest = text[after.offset + len(after.text):]
    return f"{prologue}SELECT {columns} {rest}", f"{prologue}CONSTRUCT {template} WHERE {{}}"


def _closing(found: list[Token], opened: int) -> int:
    depth = 0
    for index in range(opened, len(found)):
        depth += (found[index].text == "{") - (found[index].text == "}")
        if not depth:
            return index
    return len(found) - 1
