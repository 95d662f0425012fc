r"""SPARQL read symbol by symbol: what is refused, and where parameters go.

Decisions about a query are taken on its tokens, never on substrings of its text: ``?service``,
``ex:SERVICE`` and a comment that mentions SERVICE are fine, ``serViCe`` and ``\u0053ERVICE`` are
not. Standard: SPARQL 1.1 Query Language, section 19 (https://www.w3.org/TR/sparql11-query/).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Final, NamedTuple

from iero.errors import BadParameter, BadQuery, Refused
from iero.terms import Term

__all__ = [
    "FORMS", "MAX_NESTING", "MAX_PARTS", "UPDATES", "Token", "bad_token", "based", "bind",
    "declared_prefixes", "defaults", "form", "names", "names_graphs", "refuse_calls",
    "refuse_depth", "refuse_excess", "refuse_unsafe", "tokens", "used_prefixes",
]

UPDATES: Final = frozenset(
    ("INSERT", "DELETE", "LOAD", "CLEAR", "DROP", "CREATE", "ADD", "MOVE", "COPY", "WITH")
)
"""The words that begin an operation of SPARQL 1.1 Update; none of them occurs in a query."""

FORMS: Final = ("SELECT", "CONSTRUCT", "DESCRIBE", "ASK")

_BASE: Final = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff" \
    "\u200c-\u200d\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
_CHAR: Final = _BASE + "_0-9\u00b7\u0300-\u036f\u203f-\u2040-"
_RUN: Final = rf"[{_BASE}](?:[{_CHAR}.]*[{_CHAR}])?"
_PLX: Final = r"%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?#@%]"
_LOCAL: Final = rf"(?:[{_BASE}_:0-9]|{_PLX})(?:(?:[{_CHAR}.:]|{_PLX})*(?:[{_CHAR}:]|{_PLX}))?"

# Section 19.8, longest match first. Every rule is linear, also on text made to be slow: a NAME is
# scanned once, with its dots, and only then told apart into prefixed names and words; a string
# without an end is BAD up to where it should have ended.
_TERMINALS: Final = (
    ("SPACE", r"[ \t\r\n]+|\#[^\r\n]*"),
    ("IRIREF", r'<(?:[^<>"{}|^`\\\x00-\x20]|\\[uU])*>'),
    ("STRING", r'"""(?:"{0,2}(?:[^"\\]|\\.))*"""' r"|'''(?:'{0,2}(?:[^'\\]|\\.))*'''"
               r'|"(?!"")(?:[^"\\\r\n]|\\.)*"' r"|'(?!'')(?:[^'\\\r\n]|\\.)*'"),
    ("BAD", r'"""[\s\S]*|' r"'''[\s\S]*|" r'"[^\r\n]*|' r"'[^\r\n]*"),
    ("NAME", rf"{_RUN}(?::(?:{_LOCAL})?)?|:(?:{_LOCAL})?"),
    ("BLANK_NODE_LABEL", rf"_:[{_BASE}_0-9](?:[{_CHAR}.]*[{_CHAR}])?"),
    ("VAR", rf"[?$][{_BASE}_0-9][{_BASE}_0-9\u00b7\u0300-\u036f\u203f-\u2040]*"),
    ("LANGTAG", r"@[a-zA-Z]+(?:-[a-zA-Z0-9]+)*(?:--[a-zA-Z]+)?"),
    ("SIGNED", r"[+-](?:[0-9]*\.?[0-9]+|[0-9]+\.)(?:[eE][+-]?[0-9]+)?"),
    ("NUMBER", r"(?:[0-9]+\.[0-9]*|\.?[0-9]+)[eE][+-]?[0-9]+|[0-9]*\.[0-9]+"),
    ("INTEGER", r"[0-9]+"),
    ("WORD", r"[A-Za-z_][A-Za-z0-9_]*"),
    ("PUNCT", r"\^\^|&&|\|\||!=|<=|>=|<<|>>|\{\||\|\}|[{}()\[\]<>=!*/+\-.,;|^?~]"),
    ("BAD_CHARACTER", r"."),
)


@cache
def _scanner(*without: str) -> re.Pattern[str]:
    """Compile the terminals, when they are first needed: this takes longer than most queries."""
    rules = [f"(?P<{kind}>{rule})" for kind, rule in _TERMINALS if kind not in without]
    return re.compile("|".join(rules), re.DOTALL)


_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ESCAPE: Final = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
_OPENING: Final = frozenset(("{", "(", "[", "<<", "{|"))
_CLOSING: Final = frozenset(("}", ")", "]", ">>", "|}"))

MAX_NESTING: Final = 100
"""How deep brackets may nest in a query. The engine reads and evaluates by recursion, in native
code where too deep a recursion ends the process; queries written by hand stay below ten."""

MAX_PARTS: Final = 4000
"""How many operators, keywords, patterns and brackets a query may be made of, for the same reason.
Terms are not counted: a VALUES block may be as long as it likes."""

_SUSPECT: Final = re.compile(
    f"SERVICE|(?<![A-Za-z_])(?:{'|'.join(sorted(UPDATES))})(?![A-Za-z0-9_])",
    re.IGNORECASE | re.ASCII)
_REMEMBERED: Final = 8192


class Token(NamedTuple):
    """One terminal of the SPARQL grammar; ``line`` and ``column`` count from 1."""

    kind: str
    text: str
    offset: int
    line: int
    column: int

    @property
    def keyword(self) -> str:
        """The token as a keyword in capitals, or nothing where it is something else."""
        return self.text.upper() if self.kind == "WORD" else ""


def tokens(query: str) -> Iterator[Token]:
    """Yield the terminals of a query without white space and comments (section 19.8).

    Escapes inside strings and IRIs are left as they are written. What is no terminal at all (an
    unknown character, a string without its end) has the kind ``BAD``, for the caller to point at.

    >>> [token.text for token in tokens("ASK { ?s a 'it''s' } # SERVICE")]
    ['ASK', '{', '?s', 'a', "'it'", "'s'", '}']
    """
    line, start = 1, 0
    for match in _scanner().finditer(query):
        kind, text, offset = str(match.lastgroup), match.group(), match.start()
        if kind == "NAME":
            for kind, part, shift in _names(text):
                yield Token(kind, part, offset + shift, line, offset + shift - start + 1)
        elif kind != "SPACE":
            yield Token(kind[:3] if kind == "BAD_CHARACTER" else kind, text,
                        offset, line, offset - start + 1)
        breaks = text.count("\n")
        if breaks:
            line += breaks
            start = offset + text.rindex("\n") + 1


def _names(run: str) -> Iterator[tuple[str, str, int]]:
    """Tell a prefixed name, a word, and words with dots between them (``true.OPTIONAL``) apart."""
    if ":" in run:
        yield ("PNAME_NS" if run.endswith(":") and run.index(":") == len(run) - 1 else "PNAME_LN",
               run, 0)
    elif _WORD.fullmatch(run):
        yield "WORD", run, 0
    else:
        for match in _scanner("NAME").finditer(run):
            yield str(match.lastgroup).removesuffix("_CHARACTER"), match.group(), match.start()


def form(query: str) -> str:
    """Return ``SELECT``, ``CONSTRUCT``, ``DESCRIBE`` or ``ASK``; nothing if it is no query.

    >>> form("PREFIX select: <http://example.org/> ASK {}")
    'ASK'
    """
    return next((token.keyword for token in tokens(query) if token.keyword in FORMS), "")


def names_graphs(query: str) -> list[tuple[bool, Token]]:
    """Return the graphs of the dataset clause as ``(is named, IRI token)`` (section 13.2).

    >>> [(named, token.text) for named, token in names_graphs("ASK FROM NAMED <urn:g> {}")]
    [(True, '<urn:g>')]
    """
    if "from" not in query.lower():
        return []
    found = list(tokens(query))
    clauses = []
    for index, token in enumerate(found):
        if token.text == "{":
            break
        if token.keyword == "FROM":
            named = found[index + 1].keyword == "NAMED" if index + 1 < len(found) else False
            clauses += [(named, graph) for graph in found[index + 1 + named:index + 2 + named]]
    return clauses


def declared_prefixes(query: str) -> dict[str, str]:
    """Return the prefixes that a query declares itself, with their IRIs.

    >>> declared_prefixes("PREFIX ex: <http://example.org/> ASK {}")
    {'ex': 'http://example.org/'}
    """
    found = list(tokens(query))
    return {name.text[:-1]: iri.text[1:-1]
            for word, name, iri in zip(found, found[1:], found[2:], strict=False)
            if word.keyword == "PREFIX" and name.kind == "PNAME_NS" and iri.kind == "IRIREF"}


def used_prefixes(found: Sequence[Token]) -> Iterator[tuple[str, Token]]:
    """Yield ``(prefix, token)`` for every prefixed name outside PREFIX declarations."""
    before = ""
    for token in found:
        if token.kind in ("PNAME_LN", "PNAME_NS") and before != "PREFIX":
            yield token.text.partition(":")[0], token
        before = token.keyword


def names(query: str, prefixes: Mapping[str, str]) -> Iterator[tuple[Token, str]]:
    """Yield the IRIs that a query names, in full or by prefix; its namespaces are none.

    >>> space = {"ex": "http://example.org/"}
    >>> query = "PREFIX ex: <http://example.org/> ASK { ex:a <urn:p> 'ex:b' }"
    >>> [name for _, name in names(query, space)]
    ['http://example.org/a', 'urn:p']
    """
    for token in tokens(query):
        name = ""
        if token.kind == "IRIREF":
            name = token.text[1:-1]
        elif token.kind == "PNAME_LN":
            prefix, _, local = token.text.partition(":")
            name = prefixes.get(prefix, "") + local.replace("\\", "")
        if name and name not in prefixes.values():
            yield token, name


_ABSOLUTE: Final = re.compile(r"<[A-Za-z][A-Za-z0-9+.-]*:")
_MAYBE_RELATIVE: Final = re.compile(r"<(?![A-Za-z][A-Za-z0-9+.-]*:)[^<>\"{}|^`\x00-\x20]*>")


def based(text: str, base: str) -> str:
    """Return a query or update with the base IRI of the service, if it needs one (section 4.1.1).

    >>> based("ASK { <x> a <urn:y> }", "http://example.org/sparql")
    'BASE <http://example.org/sparql> ASK { <x> a <urn:y> }'
    >>> based("BASE <http://example.com/> ASK { <x> a <urn:y> }", "http://example.org/sparql")
    'BASE <http://example.com/> ASK { <x> a <urn:y> }'
    """
    if not _MAYBE_RELATIVE.search(text):
        return text
    before = ""
    for token in tokens(text):
        if token.kind == "IRIREF":
            if not _ABSOLUTE.match(token.text):
                return f"BASE <{base}> {text}"
            if before == "BASE":
                return text
        before = token.keyword
    return text


def refuse_unsafe(query: str) -> None:
    r"""Raise :class:`Refused` for a query that would leave this machine or change the data.

    Escapes are decided on under both readings: the standard decodes ``\uXXXX`` before it looks for
    terminals (section 19.2), engines decode them inside strings only, and an attacker may use
    whichever hides the word.

    >>> refuse_unsafe("SELECT * { ?service ?load 'SERVICE' }")
    >>> refuse_unsafe("ASK { SERVICE <http://example.org/sparql> {} }")
    Traceback (most recent call last):
    iero.errors.Refused: SERVICE at line 1, column 7: ...
    """
    if len(query) <= _REMEMBERED:
        _refuse_once(query)
    else:
        _refuse(query)


def refuse_calls(update: str) -> None:
    """Raise :class:`Refused` for an update that would ask another endpoint; as `refuse_unsafe`.

    >>> refuse_calls("INSERT DATA { <urn:a> <urn:b> 'SERVICE' }")
    >>> refuse_calls("DELETE { ?s ?p 1 } WHERE { SERVICE <http://example.org/sparql> {} }")
    Traceback (most recent call last):
    iero.errors.Refused: SERVICE at line 1, column 28: ...
    """
    _refuse(update, updates=frozenset())


def _refuse(query: str, updates: frozenset[str] = UPDATES) -> None:
    decoded = _ESCAPE.sub(_character, query) if "\\" in query else query
    for text in {query, decoded}:
        found = _SUSPECT.search(text)  # no token without its letters: most queries stop here
        if found and (updates or "SERVICE" in text.upper()):
            _refuse_tokens(list(tokens(text)), text, updates)


_refuse_once: Final = lru_cache(maxsize=512)(_refuse)
"""The same few questions are asked again and again; what was refused is not remembered."""


def refuse_excess(query: str) -> None:
    """Raise :class:`BadQuery` for a query so deep or so long that it would endanger the process.

    >>> refuse_excess("ASK { " + "{" * 99 + "}" * 99 + "}")
    >>> refuse_excess("ASK { " + "{" * 100 + "}" * 100 + "}")
    Traceback (most recent call last):
    iero.errors.BadQuery: The brackets of the query nest deeper than 100 at line 1, column 106...
    """
    _refuse_size(query, MAX_PARTS)


def refuse_depth(update: str) -> None:
    """Raise :class:`BadQuery` for an update whose brackets nest too deep, however long it is."""
    _refuse_size(update, len(update))


def _refuse_size(query: str, most: int) -> None:
    if sum(map(query.count, ("{", "(", "[", "<<"))) <= MAX_NESTING and len(query) <= most:
        return
    depth = parts = 0
    rows = False
    for token in tokens(query):
        rows = token.keyword == "VALUES" or (rows and token.text != "}")
        parts += not rows and token.kind in ("WORD", "PUNCT", "SIGNED") and token.text != ","
        depth += (token.text in _OPENING) - (token.text in _CLOSING)
        if depth > MAX_NESTING:
            raise _excess(f"The brackets of the query nest deeper than {MAX_NESTING}", token)
        if parts > most:
            raise _excess(f"The query is made of more than {most} parts", token)


def _excess(what: str, token: Token) -> BadQuery:
    return BadQuery(f"{what} at line {token.line}, column {token.column}.",
                    hint="Split it into several queries, or list terms in a VALUES block.",
                    line=token.line, column=token.column, excerpt=token.text)


def _character(match: re.Match[str]) -> str:
    code = int(match[1] or match[2], 16)
    return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"


def _refuse_tokens(found: list[Token], text: str, updates: frozenset[str]) -> None:
    for token, after in zip(found, [*found[1:], None], strict=True):
        if token.kind == "BAD":
            raise BadQuery(f"{bad_token(token)} at line {token.line}, column {token.column}.",
                           line=token.line, column=token.column, excerpt=token.text[:60])
        if token.keyword in updates:
            raise Refused(
                f"{token.keyword} at line {token.line}, column {token.column}: this is an update, "
                "and only queries are answered here.",
                hint="Ask with SELECT, ASK, CONSTRUCT or DESCRIBE.",
                operation=token.keyword, line=token.line, column=token.column)
        if _calls_out(token, after):
            raise Refused(
                f"SERVICE at line {token.line}, column {token.column}: queries to other endpoints "
                "are not sent from here.",
                hint="Ask that endpoint directly and join the answers yourself.",
                operation="SERVICE", line=token.line, column=token.column)
    _refuse_ambiguous(found, text)


def bad_token(token: Token) -> str:
    """Say in words what is wrong with a token of kind ``BAD``."""
    if token.text[0] in "\"'":
        return "A string that is not closed"
    return f"The character {token.text!r}, which SPARQL does not know,"


def _refuse_ambiguous(found: list[Token], text: str) -> None:
    """Refuse where ``<`` may be "less than" to an engine and open an IRI by the standard.

    In ``(?a<'>')`` the longest match is the IRI ``<'>``; a parser that knows it is inside an
    expression reads a string instead, and what follows is hidden from one of the two readings.
    """
    depth, outer, before = 0, [], None
    for token in found:
        if depth and _is_ambiguous(token, before) and _SUSPECT.search(text, token.offset):
            raise Refused(
                f"{token.text} at line {token.line}, column {token.column} can be read as an IRI "
                "and as a comparison, so what follows cannot be checked.",
                hint="Put a space after the '<' of a comparison.",
                operation="SERVICE", line=token.line, column=token.column)
        if token.text == "{":
            outer.append(depth)
            depth = 0
        elif token.text == "}" and outer:
            depth = outer.pop()
        depth += (token.text == "(") - (token.text == ")")
        before = token


def _is_ambiguous(token: Token, before: Token | None) -> bool:
    """Say whether a token looks like an IRI, could be a comparison, and changes what follows."""
    return (token.kind == "IRIREF" and ("'" in token.text or "#" in token.text)
            and before is not None and (before.kind != "PUNCT" or before.text in (")", "]", "}")))


def _calls_out(token: Token, after: Token | None) -> bool:
    """Say whether an engine could take a token for SERVICE.

    Some parsers need no space behind a keyword and read ``trueSERVICESILENT<...>`` and
    ``SERVICEex:y {`` as federation. No query of the standard has a word with SERVICE in it, or a
    prefixed name before a group: so both are refused, whatever the engine.
    """
    if token.kind == "WORD":
        return "SERVICE" in token.keyword
    prefix = token.text.partition(":")[0].upper() if token.kind in ("PNAME_LN", "PNAME_NS") else ""
    return "SERVICE" in prefix and after is not None and after.text.startswith("{")


def bind(query: str, values: Mapping[str, Sequence[Term]]) -> str:
    """Replace the rows of the query's own ``VALUES ?name { ... }`` blocks with the given terms.

    The block in the text is the parameter's default, so a file with parameters is plain SPARQL.

    >>> from iero.terms import IRI
    >>> bind("ASK { VALUES ?x { iero:A } ?x a ?t }", {"x": [IRI("https://w3id.org/iero/B")]})
    'ASK { VALUES ?x { <https://w3id.org/iero/B> } ?x a ?t }'

    :raises BadParameter: for a name that has no such block.
    :raises BadQuery: if the block is not closed.
    """
    spans = _blocks(list(tokens(query)))
    for name in values:
        if name not in spans:
            known = ", ".join(sorted(spans)) or "none"
            raise BadParameter(f"The query has no parameter {name!r}.",
                               hint=f"Parameters: {known}.", parameter=name)
    places = [(*span, name) for name in values for span in spans[name]]
    for start, end, name in sorted(places, reverse=True):
        rows = " ".join(term.n3() for term in values[name])
        query = f"{query[:start]} {rows} {query[end:]}"
    return query


def defaults(query: str) -> dict[str, list[str]]:
    """Return what stands in the one-variable VALUES blocks of a query, by variable, as text.

    >>> defaults("ASK { VALUES ?x { iero:A iero:B } ?x a ?t }")
    {'x': ['iero:A', 'iero:B']}
    """
    found = list(tokens(query))
    return {name: [token.text for token in found if start <= token.offset < end]
            for name, spans in _blocks(found).items() for start, end in spans[:1]}


def _blocks(found: list[Token]) -> dict[str, list[tuple[int, int]]]:
    """Return the text spans between the braces of every one-variable VALUES block, by variable."""
    spans: dict[str, list[tuple[int, int]]] = {}
    for index, (word, name, brace) in enumerate(zip(found, found[1:], found[2:], strict=False)):
        if (word.keyword, name.kind, brace.text) == ("VALUES", "VAR", "{"):
            close = next((token for token in found[index + 3:] if token.text == "}"), None)
            if close is None:
                raise BadQuery(f"The VALUES block at line {word.line} is not closed.",
                               line=word.line, column=word.column, excerpt=word.text)
            spans.setdefault(name.text[1:], []).append((brace.offset + 1, close.offset))
    return spans
