"""The catalogue of questions: one SPARQL query per file, described by its own first lines.

The lines that begin with ``#+`` are YAML (the decorators of grlc); the rest is plain SPARQL that
any editor opens and any engine runs. A parameter is a ``VALUES ?name { ... }`` block of the query;
what stands in it is the default.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final, Literal, get_args

from iero import resources
from iero.errors import BadParameter, NotFound, OntologyError
from iero.syntax import bind

__all__ = ["SAMPLES", "Catalogue", "Parameter", "Query", "parse"]

Type = Literal["iri", "string", "integer"]
_KEYS: Final = ("summary", "question", "tags", "parameters", "statements", "sample")
SAMPLES: Final = "queries/samples"
"""The folder of the data that questions about literature are tried on."""


@dataclass(frozen=True)
class Parameter:
    """A place in a query that the asker may fill.

    :ivar kinds: the class, as a CURIE, whose members or subclasses make sense here; may be empty.
    """

    name: str
    type: Type = "iri"
    summary: str = ""
    kinds: str = ""


@dataclass(frozen=True)
class Query:
    """One question of the catalogue.

    :ivar statements: which statements of the requirements it answers.
    :ivar text: the whole file, header included: SPARQL as it stands.
    :ivar sample: file in :data:`SAMPLES` with data of the kind that the question asks about, for
        questions to which the ontology alone has no answer.
    """

    name: str
    summary: str
    question: str
    text: str
    tags: tuple[str, ...] = ()
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    statements: tuple[str, ...] = ()
    sample: str = ""


class Catalogue:
    """The questions of a folder, by name.

    >>> catalogue = Catalogue.open()
    >>> "what-is-emotional-labor" in catalogue
    True
    """

    def __init__(self, queries: Mapping[str, Query]) -> None:
        self._queries = dict(sorted(queries.items()))

    @classmethod
    def open(cls, folder: str = "queries/questions") -> Catalogue:
        """Read every ``.rq`` file of a shipped folder.

        :raises OntologyError: if a header is wrong; ``file`` and ``reason`` say where and why.
        """
        found = [parse(path, file.read_text(encoding="utf-8"))
                 for path, file in resources.walk(folder, ".rq")]
        return cls({query.name: query for query in found})

    def names(self) -> list[str]:
        """Return the names, sorted."""
        return list(self._queries)

    def nearest(self, name: str, n: int = 5) -> list[str]:
        """Return the names most like a given one; parts of names count too.

        >>> "what-is-emotional-labor" in Catalogue.open().nearest("emotional labor")
        True
        """
        words = name.lower().replace("_", "-").replace(" ", "-")
        holding = [each for each in self._queries if words and words in each]
        close = get_close_matches(words, self._queries, n=n, cutoff=0.5)
        return list(dict.fromkeys(holding + close))[:n]

    def __getitem__(self, name: str) -> Query:
        if name in self._queries:
            return self._queries[name]
        near = self.nearest(name)
        hint = f"Did you mean {', '.join(near)}?" if near else "iero query lists all of them."
        raise NotFound(f"There is no question {name!r}.", hint=hint, nearest=near)

    def __contains__(self, name: object) -> bool:
        return name in self._queries

    def __iter__(self) -> Iterator[Query]:
        return iter(self._queries.values())

    def __len__(self) -> int:
        return len(self._queries)


def parse(path: str, text: str) -> Query:
    r"""Read one query file.

    >>> parse("ask.rq", "#+ summary: Anything\n#+ question: Is there anything?\nASK {}").summary
    'Anything'

    :raises OntologyError: if its header is missing or malformed.
    """
    header = _header(path, text)
    for key in ("summary", "question"):
        if not isinstance(header.get(key), str) or not header[key].strip():
            raise _wrong(path, f"the header has no {key}")
    for key in ("tags", "statements"):
        if not isinstance(header.get(key, []), list):
            raise _wrong(path, f"{key} must be a list like [a, b]")
    if not isinstance(header.get("sample", ""), str):
        raise _wrong(path, "sample must be the name of a file")
    parameters = _parameters(path, header.get("parameters") or {}, text)
    name = path.rpartition("/")[2].removesuffix(".rq")
    return Query(name, header["summary"], header["question"], text,
                 tuple(str(tag) for tag in header.get("tags", [])), parameters,
                 tuple(str(statement) for statement in header.get("statements", [])),
                 header.get("sample", ""))


def _header(path: str, text: str) -> dict[str, Any]:
    lines = []
    for line in text.splitlines():
        if not line.startswith("#+"):
            break
        lines.append(line[3:] if line.startswith("#+ ") else line[2:])
    import yaml  # only the catalogue needs it, and starting up takes none

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        header = yaml.load("\n".join(lines), Loader=loader)  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        raise _wrong(path, "the header is not YAML: " + " ".join(str(error).split())) from error
    if not isinstance(header, dict):
        raise _wrong(path, "it does not begin with a header of '#+ key: value' lines")
    for key in header:
        if key not in _KEYS:
            raise _wrong(path, f"the header has an unknown key {key!r}; known: {', '.join(_KEYS)}")
    return header


def _parameters(path: str, declared: object, text: str) -> dict[str, Parameter]:
    if not isinstance(declared, dict):
        raise _wrong(path, "parameters must be 'name: {type: iri, summary: ...}'")
    made = {}
    for name, spec in declared.items():
        if not isinstance(spec, dict) or set(spec) - {"type", "summary", "kinds"}:
            raise _wrong(path, f"the parameter {name!r} may have type, summary and kinds only")
        if spec.get("type") not in get_args(Type):
            raise _wrong(path, f"the type of {name!r} is not one of {', '.join(get_args(Type))}")
        made[str(name)] = Parameter(str(name), spec["type"], str(spec.get("summary", "")),
                                    str(spec.get("kinds", "")))
    try:
        bind(text, {name: [] for name in made})
    except BadParameter as error:
        raise _wrong(path, f"{error.message} {error.hint}") from error
    return made


def _wrong(path: str, reason: str) -> OntologyError:
    return OntologyError(f"{path}: {reason}.", file=path, reason=reason)
