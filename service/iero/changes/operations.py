"""A request of SPARQL Update taken apart into its operations, on its tokens.

Only the frame of an operation is read here: its keywords and where its braces open and close. What
is between them stays text for the engine, which reads it as SPARQL. Each operation carries the
declarations of the request up to it, so that it can be put to the engine alone. Standard: SPARQL
1.1 Update, section 3, and the grammar in section 19.8 of SPARQL 1.1 Query.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from iero.errors import BadQuery
from iero.syntax import Token, tokens

_FIRST: Final = frozenset(
    ("INSERT", "DELETE", "WITH", "LOAD", "CLEAR", "DROP", "CREATE", "ADD", "MOVE", "COPY"))
_LONGEST_PROLOGUE: Final = 1 << 16
_OPENING: Final = frozenset("{([")
_CLOSING: Final = frozenset("})]")


@dataclass(frozen=True)
class Operation:
    """One operation of a request.

    :ivar kind: ``INSERT DATA``, ``DELETE DATA``, ``DELETE WHERE``, ``MODIFY`` for templates with a
        pattern, or the keyword of an operation on whole graphs.
    :ivar prologue: the declarations that hold for it.
    :ivar text: the operation as it is written; with the prologue before it, a request of its own.
    :ivar offset: where the text begins in the request.
    :ivar delete: a template with its braces, nothing where there is none; so ``insert``.
    :ivar where: the pattern or, for DATA, the block of data, with its braces.
    :ivar graphs: graphs as they are written: an IRI, or DEFAULT, NAMED or ALL. The first is what is
        to be changed or read, the second, of ADD, MOVE and COPY, what is to be written to.
    :ivar given: the graph after WITH, as it is written.
    :ivar using: the graphs after USING, as they are written; ``using_named`` after USING NAMED.
    """

    kind: str
    prologue: str
    text: str
    offset: int
    delete: str = ""
    insert: str = ""
    where: str = ""
    graphs: tuple[str, ...] = ()
    silent: bool = False
    given: str = ""
    using: tuple[str, ...] = ()
    using_named: tuple[str, ...] = ()

    @property
    def request(self) -> str:
        """The operation as a request of its own."""
        return self.prologue + self.text

    @property
    def names_dataset(self) -> bool:
        """Whether it says itself where it reads."""
        return bool(self.given or self.using or self.using_named)


def operations(request: str) -> list[Operation]:
    """Take a request apart.

    >>> [(found.kind, found.where) for found in operations(
    ...     "PREFIX : <x:> INSERT DATA { :a :b ';' } ; DELETE WHERE { ?s :p ?o ; :q 1 }")]
    [('INSERT DATA', "{ :a :b ';' }"), ('DELETE WHERE', '{ ?s :p ?o ; :q 1 }')]

    :raises BadQuery: for what cannot be an operation; where that is, and what it begins with.
    """
    found: list[Operation] = []
    prologue = ""
    labels = set[str]()
    for start, end, part in _parts(request):
        begin = next((token.offset for token in part if token.keyword in _FIRST), end)
        if part and part[0].offset < begin:
            prologue += request[start:begin] + "\n"
        if len(prologue) > _LONGEST_PROLOGUE:
            raise BadQuery(f"The declarations are longer than {_LONGEST_PROLOGUE:,} characters.",
                           hint="Declare each prefix once.", line=part[0].line,
                           column=part[0].column, excerpt=part[0].text)
        rest = [token for token in part if token.offset >= begin]
        if rest:
            labels |= _fresh_labels(rest, labels)
            found.append(_Frame(request, rest, prologue, request[begin:end]).operation())
        else:
            _refuse_strangers(part)
    return found


def _parts(request: str) -> Iterator[tuple[int, int, list[Token]]]:
    """Yield where each operation starts and ends, and its tokens."""
    depth, start, part = 0, 0, list[Token]()
    for token in tokens(request):
        depth += (token.text in _OPENING) - (token.text in _CLOSING)
        if token.text == ";" and depth == 0:
            yield start, token.offset, part
            start, part = token.offset + 1, []
        else:
            part.append(token)
    yield start, len(request), part


def _refuse_strangers(part: Sequence[Token]) -> None:
    """Let a part without an operation hold declarations and nothing else."""
    for token in part:
        declares = token.keyword in ("PREFIX", "BASE", "VERSION")
        if not declares and token.kind not in ("PNAME_NS", "IRIREF", "STRING"):
            raise _unknown(token)


def _fresh_labels(part: Sequence[Token], known: set[str]) -> set[str]:
    """Return the labels of blank nodes, which no other operation may use (section 19.6)."""
    labels = {token.text for token in part if token.kind == "BLANK_NODE_LABEL"}
    for token in part:
        if token.text in known and token.kind == "BLANK_NODE_LABEL":
            raise BadQuery(
                f"The blank node {token.text} at line {token.line}, column {token.column} has been "
                "used in an earlier operation of the request.", line=token.line,
                column=token.column, excerpt=token.text,
                hint="Give it another label: a blank node belongs to one operation.")
    return labels


@dataclass
class _Frame:
    """Reads the frame of one operation."""

    request: str
    part: list[Token]
    prologue: str
    text: str
    position: int = field(default=0)

    def operation(self) -> Operation:
        first = self._next().keyword
        if first in ("INSERT", "DELETE") and self._peek() in ("DATA", "WHERE"):
            kind = f"{first} {self._next().keyword}"
            if kind != "INSERT WHERE":
                return self._made(kind, where=self._block(
                    variables=kind == "DELETE WHERE", blanks=kind == "INSERT DATA"))
            raise _unknown(self.part[1])
        if first in ("INSERT", "DELETE", "WITH"):
            self.position = 0
            return self._modify()
        return self._on_graphs(first)

    def _made(self, kind: str, **members: object) -> Operation:
        if self.position < len(self.part):
            raise _unknown(self.part[self.position])
        return Operation(kind, self.prologue, self.text, self.part[0].offset,
                         **members)  # type: ignore[arg-type]

    def _modify(self) -> Operation:
        members: dict[str, str] = {}
        using: dict[bool, list[str]] = {False: [], True: []}
        while self._peek() in ("WITH", "DELETE", "INSERT", "USING"):
            word = self._next().keyword
            if word == "WITH":
                members["given"] = self._next().text
            elif word == "USING":
                named = self._peek() == "NAMED"
                self.position += named
                using[named].append(self._next().text)
            else:
                members[word.lower()] = self._block(blanks=word == "INSERT")
        where = self._next()
        if where.keyword != "WHERE":
            raise _unknown(where)
        return self._made("MODIFY", where=self._block(), using=tuple(using[False]),
                          using_named=tuple(using[True]), **members)

    def _on_graphs(self, kind: str) -> Operation:
        graphs = []
        silent = self._peek() == "SILENT"
        self.position += silent
        while self.position < len(self.part):
            token = self._next()
            if token.keyword in ("GRAPH", "TO", "INTO"):
                continue
            graphs.append(token.keyword or token.text)
        wanted = 2 if kind in ("ADD", "MOVE", "COPY") else 1
        if len(graphs) != wanted and kind != "LOAD":
            raise _unknown(self.part[0])
        return self._made(kind, graphs=tuple(graphs), silent=silent)

    def _peek(self) -> str:
        return self.part[self.position].keyword if self.position < len(self.part) else ""

    def _next(self) -> Token:
        if self.position >= len(self.part):
            last = self.part[-1]
            raise BadQuery(f"The operation that begins with {self.part[0].text} breaks off at line "
                           f"{last.line}.", line=last.line, column=last.column, excerpt=last.text)
        self.position += 1
        return self.part[self.position - 1]

    def _block(self, *, variables: bool = True, blanks: bool = True) -> str:
        """Return the text from an opening brace to the one that closes it.

        :param variables: whether it may have variables; so ``blanks`` (section 3.1.1 to 3.1.3).
        """
        opening = self._next()
        depth, token = 1, opening
        if opening.text != "{":
            raise _unknown(opening)
        while depth:
            token = self._next()
            depth += (token.text == "{") - (token.text == "}")
            if not variables and token.kind == "VAR":
                raise _misplaced("variable", token, "Put terms there, or use INSERT ... WHERE.")
            if not blanks and (token.kind == "BLANK_NODE_LABEL" or token.text == "["):
                raise _misplaced("blank node", token,
                                 "It could stand for any node: use a variable with WHERE.")
        return self.request[opening.offset:token.offset + 1]


def _misplaced(what: str, token: Token, hint: str) -> BadQuery:
    return BadQuery(f"The {what} {token.text} at line {token.line}, column {token.column} cannot "
                    "stand in this block.", line=token.line, column=token.column,
                    excerpt=token.text, hint=hint)


def _unknown(token: Token) -> BadQuery:
    return BadQuery(
        f"{token.text[:60]} at line {token.line}, column {token.column} is not what an operation "
        "of SPARQL Update has there.",
        line=token.line, column=token.column, excerpt=token.text[:60],
        hint="An update consists of INSERT, DELETE, WITH, CLEAR, DROP, CREATE, ADD, MOVE or COPY "
             "operations with ; between them, and a space after each keyword.")
