"""Say what is wrong with a query or an update that the engine has rejected.

The engine names a place near the fault and the symbols that its own machinery tried last, which
mislead ("expected OPTIONAL" for an undeclared prefix). So the query is read once more here, against
the grammar of the standard in ``sparql.ebnf``: the first token that cannot stand where it stands is
the fault. Nothing here decides whether a query is accepted; the engine does.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

from iero.errors import BadQuery
from iero.syntax import Token, bad_token, declared_prefixes, tokens, used_prefixes
from iero.vocabulary import PREFIXES

__all__ = ["Fault", "explain_syntax_error", "first_fault"]

_RULE: Final = re.compile(r"'[^']+'|\w+|[|()?*+]")
_MAX_NESTING: Final = 40
_NAMES: Final = {
    "VAR": "a variable", "IRIREF": "an IRI", "PNAME_LN": "a prefixed name", "STRING": "a string",
    "PNAME_NS": "a prefix with its colon", "INTEGER": "a number", "NUMBER": "a number",
    "SIGNED": "a number", "BLANK_NODE_LABEL": "a blank node", "LANGTAG": "a language tag",
}
_BEYOND: Final = frozenset(("<<", ">>", "{|", "|}", "~", "LATERAL", "VERSION"))


class Fault(NamedTuple):
    """The first token that cannot stand where it stands; ``None`` for the end of the query."""

    token: Token | None
    expected: frozenset[str]


def explain_syntax_error(query: str, line: int, column: int, message: str,
                         start: str = "Query") -> BadQuery:
    """Turn the engine's complaint into an error that names the fault and the remedy.

    :param line: where the engine gave up, and ``column``: used when nothing better is found.
    :param message: the engine's own words.
    :param start: what the text should have been: a ``Query`` or an ``Update``.

    >>> print(explain_syntax_error("ASK { ?s iero:hasTarget ?o }", 1, 10, ""))
    The prefix 'iero' at line 1, column 10 is not declared.
    Put this line before the query: PREFIX iero: <https://w3id.org/iero/>
    """
    found = list(tokens(query))
    return (_lexical_fault(query, found) or _prefix_fault(query, found)
            or _grammar_fault(query, found, start) or _relative_fault(query, found)
            or _other_fault(query, found, line, column, message))


def _error(query: str, what: str, token: Token, hint: str, **details: str) -> BadQuery:
    return _error_at(query, what, token.line, token.column, hint, len(token.text), **details)


def _error_at(query: str, what: str, line: int, column: int, hint: str, width: int = 1,
              **details: str) -> BadQuery:
    lines = query.split("\n")
    text = lines[line - 1].rstrip("\r") if line <= len(lines) else ""
    start = max(0, column - 60)
    shown = text[start:start + 100].replace("\t", " ")
    carets = "^" * max(1, min(width, len(text) - column + 1, 40))
    excerpt = f"{shown}\n{' ' * (column - 1 - start)}{carets}"
    return BadQuery(what, hint=hint, line=line, column=column, excerpt=excerpt, **details)


def _place(token: Token) -> str:
    return f"line {token.line}, column {token.column}"


def _lexical_fault(query: str, found: list[Token]) -> BadQuery | None:
    for token in found:
        if token.kind == "BAD":
            quotes = token.text[0] in "\"'"
            hint = "Close it with the quotes it was opened with." if quotes else "Remove it."
            what = bad_token(token)
            where = _place(token)
            verb = "begins at" if quotes else "stands at"
            return _error(query, f"{what} {verb} {where}.", token, hint)
    return None


def _prefix_fault(query: str, found: list[Token]) -> BadQuery | None:
    declared = declared_prefixes(query)
    for prefix, token in used_prefixes(found):
        if prefix not in declared:
            iri = PREFIXES.get(prefix, "")
            near = "" if iri else _nearest(prefix, [*declared, *PREFIXES], 0.7)
            hint = f"Put this line before the query: PREFIX {prefix}: <{iri or 'http://...'}>"
            if near:
                hint = f"Did you mean {near}:? Otherwise put this line before the query: " \
                       f"PREFIX {prefix}: <http://...>"
            return _error(query, f"The prefix {prefix!r} at {_place(token)} is not declared.",
                          token, hint, prefix=prefix)
    return None


def _grammar_fault(query: str, found: list[Token], start: str) -> BadQuery | None:
    fault = first_fault(found, start)
    if fault is None:
        return None
    expected = _readable(fault.expected)
    if fault.token is None:
        return _early_end(query, found, expected)
    text = fault.token.text
    hint = expected
    if fault.token.kind == "WORD":
        words = [symbol for symbol in fault.expected if symbol[:1].isalpha()]
        near = _nearest(text, words)
        hint = f"Did you mean {near}?" if near else expected
    return _error(query, f"{text!r} at {_place(fault.token)} cannot stand here.",
                  fault.token, hint)


def _early_end(query: str, found: list[Token], expected: str) -> BadQuery:
    if not found:
        return _error_at(query, "The query is empty.", 1, 1, "Write SELECT, ASK, CONSTRUCT or "
                         "DESCRIBE.")
    for mark in _unclosed(found):
        return _error(query, f"The {mark.text!r} at {_place(mark)} is not closed.", mark,
                      f"The query ends too early. {expected}".rstrip())
    last = found[-1]
    return _error(query, f"The query ends too early, after {last.text!r}.", last, expected)


def _unclosed(found: list[Token]) -> list[Token]:
    opened: list[Token] = []
    for token in found:
        if token.text in ("{", "(", "["):
            opened.append(token)
        elif token.text in ("}", ")", "]") and opened:
            opened.pop()
    return opened[-1:]


def _relative_fault(query: str, found: list[Token]) -> BadQuery | None:
    if any(token.keyword == "BASE" for token in found):
        return None
    for token in found:
        if token.kind == "IRIREF" and not re.match(r"<[A-Za-z][A-Za-z0-9+.-]*:", token.text):
            return _error(query, f"The IRI {token.text} at {_place(token)} is not absolute.", token,
                          "Write it whole, or put BASE <http://...> before the query.")
    return None


def _other_fault(
    query: str, found: list[Token], line: int, column: int, message: str
) -> BadQuery:
    """Report a fault of meaning: the tokens are in order, and still the engine says no."""
    sentence = re.search(r"(?<![\w'])[A-Z][a-z]+(?: [\w'?]+){2,}[^,]*|The SELECT[^,]*", message)
    if sentence:
        what = f"{sentence[0].strip().rstrip('.')} (near line {line}, column {column})."
    else:
        what = f"The query is not valid near line {line}, column {column}."
    hint = ("Check that every selected variable is grouped or aggregated, that AS and BIND give a "
            "new name, and that every row of VALUES has a value for each variable.")
    at = [token for token in found if (token.line, token.column) <= (line, column)]
    if at and line == at[-1].line:
        return _error_at(query, what, line, at[-1].column, hint, len(at[-1].text))
    return _error_at(query, what, line, column, hint)


def _nearest(word: str, choices: list[str], cutoff: float = 0.76) -> str:
    """Return the choice that a word was probably meant to be, or nothing.

    >>> _nearest("SELEC", ["ASK", "SELECT"])
    'SELECT'
    """
    by_case = {choice.upper(): choice for choice in choices}
    close = get_close_matches(word.upper(), by_case, n=1, cutoff=cutoff)
    return by_case[close[0]] if close else ""


def _readable(expected: frozenset[str]) -> str:
    """Write a set of symbols for people; a set too large to help is left out.

    >>> _readable(frozenset(("VAR", "'}'")))
    "Expected here: '}' or a variable."
    """
    names = sorted({_NAMES.get(symbol, symbol) for symbol in expected if symbol[:1] != "'"}
                   | {symbol for symbol in expected if symbol[:1] == "'"})
    if not names or len(names) > 9:
        return "Expected '}' or another pattern here." if "'}'" in expected else ""
    listed = ", ".join(names[:-1]) + " or " if len(names) > 1 else ""
    return f"Expected here: {listed}{names[-1]}."


def first_fault(found: list[Token], start: str = "Query") -> Fault | None:
    """Return the first token that the grammar does not allow, or ``None`` if all are in order.

    Queries with marks from beyond SPARQL 1.1, or nested too deep to be worth it, are passed over.

    >>> first_fault(list(tokens("SELECT ?x WHRE { ?x ?y ?z }"))).token.text
    'WHRE'

    :param start: the rule of the grammar that all of it should follow.
    """
    depth = deepest = 0
    for token in found:
        if token.text.upper() in _BEYOND:
            return None
        depth += (token.text in "{([") - (token.text in "})]")
        deepest = max(deepest, depth)
    if deepest > _MAX_NESTING:
        return None
    reader = _Reader(found)
    if len(found) in reader.match(_grammar()[start], 0):
        return None
    place = reader.furthest
    return Fault(found[place] if place < len(found) else None, frozenset(reader.expected))


class _Node(NamedTuple):
    """One construct of the grammar file: ``kind`` is all, any, maybe, many, rule or token."""

    kind: str
    parts: tuple[_Node, ...] = ()
    name: str = ""


class _Reader:
    """Follows every way through the grammar at once, and notes how far the best one came."""

    def __init__(self, found: list[Token]) -> None:
        self._symbols = [_symbols(token) for token in found]
        self.furthest = 0
        self.expected: set[str] = set()

    def match(self, node: _Node, start: int) -> set[int]:
        """Return every place at which a construct that starts at ``start`` can end."""
        if node.kind == "token":
            return self._token(node.name, start)
        if node.kind == "rule":
            return self.match(_grammar()[node.name], start)
        if node.kind == "any":
            return set().union(*(self.match(part, start) for part in node.parts))
        if node.kind == "maybe":
            return {start} | self.match(node.parts[0], start)
        if node.kind == "many":
            return self._many(node.parts[0], start)
        ends = {start}
        for part in node.parts:
            ends = set().union(*(self.match(part, end) for end in ends)) if ends else ends
        return ends

    def _many(self, part: _Node, start: int) -> set[int]:
        ends, edge = {start}, {start}
        while edge:
            edge = set().union(*(self.match(part, end) for end in edge)) - ends
            ends |= edge
        return ends

    def _token(self, name: str, start: int) -> set[int]:
        if start > self.furthest:
            self.furthest = start
            self.expected.clear()
        if start < len(self._symbols) and name in self._symbols[start]:
            return {start + 1}
        if start == self.furthest:
            self.expected.add(_shown(name))
        return set()


def _symbols(token: Token) -> tuple[str, ...]:
    quoted = f"'{token.text}'" if token.text == "a" else f"'{token.text.upper()}'"
    return (token.kind, quoted) if token.kind in ("WORD", "PUNCT") else (token.kind,)


def _shown(name: str) -> str:
    return name[1:-1] if name[:1] == "'" and name[1].isalpha() and len(name) > 3 else name


@cache
def _grammar() -> dict[str, _Node]:
    """Read ``sparql.ebnf`` into one node per rule."""
    rules = {}
    for line in files("iero").joinpath("sparql.ebnf").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            name, _, body = line.partition(" = ")
            rules[name] = _alternatives(_RULE.findall(body)[::-1])
    return rules


def _alternatives(symbols: list[str]) -> _Node:
    choices, current = [], list[_Node]()
    while symbols and symbols[-1] != ")":
        symbol = symbols.pop()
        if symbol == "|":
            choices.append(_Node("all", tuple(current)))
            current = []
        elif symbol in ("?", "*", "+"):
            part = current.pop()
            current += [part] if symbol == "+" else []
            current.append(_Node("maybe" if symbol == "?" else "many", (part,)))
        elif symbol == "(":
            current.append(_alternatives(symbols))
            symbols.pop()
        else:
            current.append(_leaf(symbol))
    choices.append(_Node("all", tuple(current)))
    return choices[0] if len(choices) == 1 else _Node("any", tuple(choices))


def _leaf(symbol: str) -> _Node:
    if symbol.startswith("'"):
        return _Node("token", name=symbol if symbol == "'a'" else symbol.upper())
    return _Node("token" if symbol.isupper() else "rule", name=symbol)
