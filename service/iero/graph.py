"""The knowledge graph: one object that answers questions, wherever the data are.

>>> from iero import KnowledgeGraph
>>> graph = KnowledgeGraph.open()
>>> graph.term("EmotionalContagion").label
'emotional contagion'
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol
from uuid import uuid4

from iero import resources
from iero.description import Description
from iero.directory import About
from iero.errors import BadParameter, BadQuery, LimitExceeded, NotFound
from iero.naming import Named, Names, split_name
from iero.protocol import Format, QueryRequest, format_named
from iero.queries import Catalogue, Parameter, Query
from iero.results import Answer, Sink
from iero.store import Store
from iero.syntax import bind, declared_prefixes, form, names
from iero.terms import IRI, Literal, Row, Term
from iero.vocabulary import PREFIXES, compress, expand, is_own

if TYPE_CHECKING:
    from iero.search import Hit, Index

__all__ = ["Description", "KnowledgeGraph", "Named", "service_query"]

MOST_NAMES: Final = 1_000_000
"""Names and definitions that are kept at hand; the shipped graph has some fifteen thousand."""
RELEASE: Final = "ontology/release/iero-kg.nq"

Value = str | int | Term
"""What a parameter may be given as: a name of a term, a term, or a number."""


class Backend(Protocol):
    """What the graph needs of a store: one in this process, in a pool of others, or elsewhere."""

    def query(
        self, text: str, default_graphs: Iterable[str] = (), named_graphs: Iterable[str] = (),
        *, prefixes: dict[str, str] | None = None, timeout: float | None = None,
    ) -> Answer:
        """Answer a SPARQL query."""

    def about(self) -> About:
        """Return what is known of the data as they are now."""


class KnowledgeGraph:
    """Terms, claims and their sources, asked by name or by SPARQL.

    Made by :meth:`open`. All queries are read-only; none leaves the machine, unless the graph
    itself is a remote one.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._vocabulary = _Vocabulary(self, "")

    @classmethod
    def open(cls, source: str | Path | None = None, *, url: str | None = None) -> KnowledgeGraph:
        """Open the shipped release, an RDF file, a data directory, or a SPARQL endpoint.

        :param source: a file with the suffix .nq .trig .ttl .nt .rdf .owl or .jsonld, or a data
            directory, of which the version that is current now is opened.
        :param url: the address of a SPARQL 1.1 endpoint.
        :raises NotFound: if the release has not been built, or there is no such file.
        :raises OntologyError: if the file does not parse.
        """
        if url is not None:
            if source is not None:
                raise BadParameter("Give a file or a URL, not both.")
            from iero.remote import Endpoint

            return cls(Endpoint(url))
        if source is not None:
            path = Path(source)
            return cls(Store.current(path) if path.is_dir() else Store.open([path]))
        if not (release := resources.home().joinpath(*RELEASE.split("/"))).is_file():
            raise NotFound("The knowledge graph has not been built in this checkout.",
                           hint="Build it: iero build", nearest=[])
        return cls(Store.open([release]))

    # -- SPARQL ------------------------------------------------------------------------------------

    def answer(self, request: QueryRequest) -> Answer:
        """Answer a request of the SPARQL protocol; no prefix is declared beforehand.

        :raises BadQuery: if it does not parse.
        :raises Refused: if it would change data or call another endpoint.
        """
        return self._backend.query(request.query, request.default_graphs, request.named_graphs,
                                   timeout=request.timeout)

    def query(self, query: str, **params: Value | list[Value]) -> Answer:
        """Answer a catalogue question by name, or SPARQL text with IERO's prefixes declared.

        :param params: values for the ``VALUES ?name { ... }`` blocks of the query.
        """
        text = self.catalogue[query].text if _is_name(query) else query
        values = {name: self._terms_of(given) for name, given in params.items()}
        return self._backend.query(bind(text, values) if values else text, prefixes=PREFIXES)

    def select(self, query: str, **params: Value | list[Value]) -> list[Row]:
        """Return the rows of a SELECT query.

        >>> graph = KnowledgeGraph.open()
        >>> graph.select("SELECT ?label { iero:EmotionalContagion rdfs:label ?label }")
        [{'label': 'emotional contagion'}]

        :raises BadQuery: if the query is of another form.
        """
        return list(self._of_kind("bindings", query, params).rows())

    def ask(self, query: str, **params: Value | list[Value]) -> bool:
        """Return the truth of an ASK query.

        :raises BadQuery: if the query is of another form.
        """
        return self._of_kind("boolean", query, params).truth

    def construct(self, query: str, **params: Value | list[Value]) -> str:
        """Return the graph of a CONSTRUCT or DESCRIBE query in Turtle.

        :raises BadQuery: if the query is of another form.
        """
        written = io.BytesIO()
        self._of_kind("graph", query, params).write(written, format_named("turtle", "graph"))
        return written.getvalue().decode()

    def _of_kind(self, kind: str, query: str, params: Mapping[str, Value | list[Value]]) -> Answer:
        answer = self.query(query, **params)
        if answer.kind != kind:
            method = {"bindings": "select", "boolean": "ask", "graph": "construct"}
            text = self.catalogue[query].text if _is_name(query) else query
            raise BadQuery(f"{method[kind]}() does not answer a {form(text)} query.",
                           hint=f"Use {method[answer.kind]}().", line=1, column=1, excerpt="")
        return answer

    def _terms_of(self, given: Value | list[Value]) -> list[Term]:
        values = given if isinstance(given, list) else [given]
        return [self._term_of(value) for value in values]

    def _term_of(self, value: Value) -> Term:
        if isinstance(value, IRI | Literal):
            return value
        if isinstance(value, int):
            return Literal(str(value), datatype=PREFIXES["xsd"] + "integer")
        return self.resolve(value)

    # -- the catalogue -----------------------------------------------------------------------------

    @cached_property
    def catalogue(self) -> Catalogue:
        """The competency questions."""
        return Catalogue.open()

    def run(self, name: str, params: Mapping[str, list[str]] | None = None) -> Answer:
        """Answer a question of the catalogue, its parameters given as text.

        :raises NotFound: for an unknown question, or a term that is not in the graph.
        :raises BadParameter: for a parameter that is unknown, doubled or of the wrong type.
        """
        return self._backend.query(self.bound(name, params))

    def bound(self, name: str, params: Mapping[str, list[str]] | None = None) -> str:
        """Return the SPARQL that :meth:`run` asks: the question with its parameters in place.

        :raises NotFound: as :meth:`run`, and so
        :raises BadParameter: likewise.
        """
        question = self.catalogue[name]
        values = {key: [self._parameter(question, key, given)]
                  for key, given in (params or {}).items()}
        return bind(question.text, values) if values else question.text

    def members(self, kind: str) -> list[Named]:
        """Return the subclasses and the members of a class, by label."""
        rows = self._service("members", kind=self.resolve(kind)).rows()
        return [Named(row["member"], row["label"]) for row in rows]

    def _parameter(self, question: Query, name: str, given: list[str]) -> Term:
        if name not in question.parameters:
            known = ", ".join(question.parameters) or "none"
            raise BadParameter(f"{question.name} has no parameter {name!r}.",
                               hint=f"Parameters: {known}.", parameter=name)
        if len(given) != 1:
            raise BadParameter(f"The parameter {name!r} is given {len(given)} times.",
                               hint="Give it once.", parameter=name)
        return self._typed(question.parameters[name], given[0])

    def _typed(self, parameter: Parameter, text: str) -> Term:
        if parameter.type == "iri":
            return self.resolve(text)
        if parameter.type == "string":
            return Literal(text)
        if not re.fullmatch(r"[+-]?[0-9]+", text, re.ASCII):
            raise BadParameter(f"The parameter {parameter.name!r} is {text!r}, not a whole number.",
                               parameter=parameter.name)
        return Literal(text, datatype=PREFIXES["xsd"] + "integer")

    # -- terms -------------------------------------------------------------------------------------

    def resolve(self, name: str) -> IRI:
        """Return the IRI of a term by local name, CURIE, IRI, or label.

        :raises NotFound: if the graph says nothing of it; ``nearest`` has the closest names.
        """
        iri = self._names.find(name)
        if iri is None and (candidate := _as_iri(name)) is not None:
            # Things without a label are not among the names, and still can be asked about.
            found = self._backend.query(bind("ASK { VALUES ?s { <urn:x> } ?s ?p ?o }",
                                             {"s": [candidate]}))
            iri = candidate if found.truth else None
        if iri is not None:
            return iri
        near = self.nearest(name)
        hint = f"Did you mean {', '.join(near)}?" if near else "iero search finds terms by words."
        raise NotFound(f"There is no term {name!r}.", hint=hint, nearest=near)

    def term(self, name: str) -> Description:
        """Describe a term, given by local name, CURIE, IRI or label.

        >>> KnowledgeGraph.open().term("EmotionalContagion").label
        'emotional contagion'

        :raises NotFound: if there is none; ``nearest`` has the closest names.
        """
        iri = self.resolve(name)
        rows = self._service("term", term=iri).rows()
        return Description.read(iri, rows)

    def profile(self, iri: IRI) -> Description:
        """Describe a term without what stands below it and what is claimed of it.

        That may be any number of things, which pages read page by page.
        """
        rows = self._service("profile", term=iri).rows()
        return Description.read(iri, rows)

    def describe(self, iri: str) -> Answer:
        """Return what is stated of a term and its class expressions, and the claims about it."""
        answer = self._service("describe", term=IRI(iri))
        answer.first = f"<{iri}>"
        return answer

    def named(self, iri: str) -> Named:
        """Return an IRI with its label; the IRI's last part, spelt out, where it has none.

        >>> KnowledgeGraph.open().named("https://w3id.org/iero/IERQ").label
        'Interpersonal Emotion Regulation Questionnaire'
        """
        return Named(iri, self._names.label(iri))

    def has_label(self, iri: str) -> bool:
        """Say whether a thing has a label."""
        return bool(self._names.label(iri))

    def definition(self, iri: str) -> str:
        """Return the definition of a thing; nothing for one that has none."""
        return self._names.definition(iri)

    def spoken(self, iri: str) -> str:
        """Return the label of a thing, or its CURIE where the label is another thing's too.

        :meth:`resolve` takes either back.
        """
        return self._names.spoken(iri)

    def terms(self) -> list[Named]:
        """Return everything that IERO defines, claims apart, by label."""
        return self._names.own()

    def lexicon(self) -> list[tuple[str, str, str]]:
        """Return term, property and value of every name, and of every link between two terms."""
        rows = self._service("lexicon").rows()
        return sorted((str(row["term"]), str(row["property"]), str(row["value"])) for row in rows)

    def nearest(self, name: str, n: int = 5) -> list[str]:
        """Return the names of terms most like a given one."""
        return self._names.nearest(name, n)

    def unknown_terms(self, query: str) -> dict[str, list[str]]:
        """Return the names of IERO in a query that nothing has, each with the nearest that exist.

        Such a query is sound and finds nothing; whoever shows "no rows" should say why.

        >>> graph = KnowledgeGraph.open()
        >>> graph.unknown_terms("ASK { iero:Ventng rdfs:subClassOf iero:EmotionRegulation }")
        {'iero:Ventng': ['Venting']}
        """
        used = names(query, PREFIXES | declared_prefixes(query))
        return {compress(name): self.nearest(name) for _, name in used
                if is_own(name) and self._names.find(name) is None}

    def search(self, text: str, limit: int = 20) -> list[Hit]:
        """Return the terms, claims and works that fit a text, the best first."""
        return self._known.index.search(text, limit)

    def suggest(self, text: str, limit: int = 10) -> list[Hit]:
        """Return what may be meant by the beginning of a name."""
        return self._known.index.suggest(text, limit)

    @property
    def _known(self) -> _Vocabulary:
        """What follows from the names of things, as these are now."""
        since = self.names_version
        if self._vocabulary.since != since:
            self._vocabulary = _Vocabulary(self, since)
        return self._vocabulary

    @property
    def _names(self) -> Names:
        return self._known.names

    # -- about the graph ---------------------------------------------------------------------------

    @property
    def version(self) -> str:
        """The version of the ontology that is loaded; empty if it does not say."""
        return self._known.version

    @property
    def revision(self) -> str:
        """What names the state of the data; empty where they do not change, or nobody knows."""
        return self._backend.about().version

    @property
    def names_version(self) -> str:
        """The revision since which nothing has got, lost or changed a name."""
        return self._backend.about().names

    def check(self) -> None:
        """Have the store answer something that nobody has asked before.

        :raises IeroError: if it cannot.
        """
        bool(self._backend.query(f'ASK {{ VALUES ?asked {{ "{uuid4()}" }} }}').truth)

    def sizes(self) -> dict[str, int]:
        """Return the number of triples of each named graph."""
        counted = self._backend.about().sizes
        if counted is not None:
            return dict(counted)
        return {str(row["graph"]): int(row["triples"])
                for row in self._service("graph-sizes").rows()}

    def limits(self) -> dict[str, float]:
        """Return what one query may cost; nothing where the store keeps no limits."""
        kept = getattr(self._backend, "limits", None)
        return {"seconds of a query": kept.seconds, "bytes of memory of a query": kept.memory,
                "seconds of waiting for a worker": kept.waiting} if kept else {}

    def export(self, output: Sink, fmt: Format, *, graph: str = "") -> None:
        """Write all data, or one named graph, to a sink.

        :raises NotFound: if there is no such graph.
        :raises BadParameter: if this is a remote graph.
        """
        if not isinstance(self._backend, Store):
            raise BadParameter("A remote graph is not exported from here.",
                               hint="Ask the endpoint for a dump, or use CONSTRUCT.")
        if graph and graph not in self.sizes():
            near = [split_name(name) for name in self.sizes()]
            raise NotFound(f"There is no graph <{graph}>.",
                           hint=f"There are {', '.join(near)}.", nearest=near)
        self._backend.dump(output, fmt, graph=graph)

    def look_up(
        self, name: str, *, limit: int = 0, offset: int = 0, **values: Term | Sequence[Term],
    ) -> list[Row]:
        """Return the rows of one of the queries that ship for the service's own use.

        :param name: the file's name below ``queries/service/``, without its suffix.
        :param limit: how many rows are wanted at most; 0 wants all.
        :param values: for each ``VALUES ?name { ... }`` of the query its term, or its terms.
        """
        given = {key: [value] if isinstance(value, str) else list(value)
                 for key, value in values.items()}
        if not all(given.values()):  # nothing to ask about
            return []
        return list(self._backend.query(service_query(name, given, limit, offset)).rows())

    def _service(self, name: str, **values: Term) -> Answer:
        return self._backend.query(service_query(name, {key: [each] for key, each
                                                        in values.items()}))


def service_query(
    name: str, values: Mapping[str, list[Term]] | None = None, limit: int = 0, offset: int = 0,
) -> str:
    """Return a query that ships for the service's own use, with its parameters in place."""
    text = resources.read(f"queries/service/{name}.rq").decode()
    bound = bind(text, values) if values else text
    return bound + (f"LIMIT {limit} OFFSET {offset}\n" if limit else "")


class _Vocabulary:
    """What is worked out from the names of things once, and again when they have changed."""

    def __init__(self, graph: KnowledgeGraph, since: str) -> None:
        self._graph = graph
        self.since = since

    @cached_property
    def names(self) -> Names:
        """Everything by its names."""
        return Names(_bounded(self._graph._service("names").rows()))

    @cached_property
    def index(self) -> Index:
        """The full text of names and definitions."""
        from iero.search import Entry, Index

        return Index(Entry(*fields) for fields in self.names.entries())

    @cached_property
    def version(self) -> str:
        """The version of the ontology."""
        found = [row["version"] for row in self._graph._service("version").rows()]
        return str(found[0]) if found else ""


def _bounded(rows: Iterable[Row]) -> Iterator[Row]:
    for number, row in enumerate(rows):
        if number == MOST_NAMES:
            raise LimitExceeded(f"The data hold more than {MOST_NAMES:,} names and definitions, "
                                "which is more than are kept at hand for search.", reason="size",
                                limit=MOST_NAMES, hint="Serve fewer graphs.")
        yield row


def _is_name(query: str) -> bool:
    return re.fullmatch(r"[\w.-]+", query) is not None


def _as_iri(name: str) -> IRI | None:
    try:
        return IRI(expand(name))
    except BadParameter:
        return None
