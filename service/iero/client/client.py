"""The client: one method for each thing that the service does."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote

import httpx

from iero import __version__
from iero.client.results import (
    Change,
    Found,
    GraphDocument,
    Question,
    Rows,
    TaggedRecord,
    Tags,
)
from iero.client.transport import ONCE, Courier, Patience, Transport
from iero.errors import IncompleteResult, NotFound, Refused, RemoteError
from iero.graph import Description, KnowledgeGraph
from iero.protocol import format_named
from iero.remote import Endpoint
from iero.results import Answer
from iero.search_strings import SearchString
from iero.tagging.annotation import Annotation
from iero.terms import IRI
from iero.vocabulary import IERO

__all__ = ["Client"]

_ANY: Final = "application/sparql-results+json, application/n-triples;q=0.9"
_BATCH: Final = 200
_LARGEST: Final = 700_000
"""Characters of a batch; a service takes requests of a megabyte unless it is told otherwise."""

Parameter = str | int
Record = Mapping[str, str]


class Client:
    """A service of IERO.

    :param url: its address, such as ``http://127.0.0.1:8000``, with the base path if it has one.
    :param token: what writing needs, sent as a bearer token.
    :param timeout: seconds to wait for the connection, and for each part of an answer.
    :param patience: how often and how long to try again.
    :param transport: what carries the requests: :class:`httpx.WSGITransport` asks an application in
        this process; HTTP by default.
    :raises BadParameter: if the address is none.
    """

    def __init__(
        self, url: str, *, token: str = "", timeout: float = 60.0,
        patience: Patience | None = None, transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        carrier = Transport(transport or httpx.HTTPTransport(), patience or Patience())
        self._endpoint = Endpoint(f"{self.url}/sparql", timeout, caller=Courier(carrier))
        self._graph = KnowledgeGraph(self._endpoint)
        headers = {"User-Agent": f"iero/{__version__}"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._http = httpx.Client(timeout=timeout, follow_redirects=True, transport=carrier,
                                  headers=headers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()
        self._endpoint.close()

    # -- SPARQL ------------------------------------------------------------------------------------

    def select(self, query: str, **params: Parameter) -> Rows:
        """Return the rows of a SELECT query; IERO's prefixes need no declaration.

        :param params: values for the ``VALUES ?name { ... }`` blocks of the query.
        :raises BadQuery: if it does not parse, or is of another form.
        :raises LimitExceeded: if it takes too long, or the answer is too large.
        :raises IncompleteResult: if the answer broke off.
        :raises RemoteError: if the service cannot be reached.
        """
        answer = self._graph.query(query, **params)
        if answer.kind != "bindings":
            self._graph.select(query, **params)  # says which method answers it
        return Rows(answer.rows(), answer.variables)

    def ask(self, query: str, **params: Parameter) -> bool:
        """Return the truth of an ASK query; errors are those of :meth:`select`."""
        return self._graph.ask(query, **params)

    def construct(self, query: str, **params: Parameter) -> str:
        """Return the graph of a CONSTRUCT or DESCRIBE query in Turtle.

        Errors are those of :meth:`select`.
        """
        return self._graph.construct(query, **params)

    # -- the catalogue -----------------------------------------------------------------------------

    def questions(self) -> list[Question]:
        """Return the questions that the service answers by name."""
        return [Question(each["name"], each["question"], each["summary"], tuple(each["tags"]),
                         each["parameters"]) for each in self._json("/queries")["queries"]]

    def run(self, name: str, **params: Parameter) -> Rows | bool | str:
        """Answer a question of the catalogue: rows, a truth value, or a graph in Turtle.

        :param params: names of terms, numbers or text.
        :raises NotFound: if there is no such question, or term.
        :raises BadParameter: if it has no such parameter.
        """
        response = self._request("GET", f"/queries/{quote(name, safe='')}", params=params,
                                 headers={"Accept": _ANY})
        answer = self._answer(response)
        if answer.kind == "boolean":
            return answer.truth
        if answer.kind == "bindings":
            return Rows(answer.rows(), answer.variables)
        written = io.BytesIO()
        answer.write(written, format_named("turtle", "graph"))
        return written.getvalue().decode()

    def _answer(self, response: httpx.Response) -> Answer:
        media_type = response.headers.get("Content-Type", "").partition(";")[0].strip()
        kind = "bindings" if "sparql-results" in media_type else "graph"
        try:
            return Answer.read(response.content, format_named(media_type, kind))
        except ValueError as error:
            raise IncompleteResult(f"{response.url} answered with a broken document: {error}.",
                                   url=str(response.url), hint="Ask again.") from error

    # -- terms -------------------------------------------------------------------------------------

    def term(self, name: str) -> Description:
        """Describe a term, given by local name, CURIE, IRI or label.

        :raises NotFound: if there is none; ``nearest`` has the closest names.
        """
        return self._graph.term(name)

    def search(self, text: str, limit: int = 20) -> list[Found]:
        """Return the terms, claims and works that fit a text, the best first."""
        found = self._json("/search", {"q": text, "limit": limit})
        return [Found(IRI(each["iri"]), each["label"], each["kind"], each["matched"], each["score"])
                for each in found["results"]]

    def search_string(self, concept: str, database: str = "pubmed", **options: Parameter
                      ) -> SearchString:
        """Return a search string for a bibliographic database.

        :param options: see :func:`iero.search_strings.search_string`.
        """
        given = {name: str(value).lower() for name, value in options.items()}
        found = self._json(f"/search-string/{quote(concept, safe='')}",
                           {"for": database, "format": "json", **given})
        return SearchString(IRI(found.pop("concept")), notes=tuple(found.pop("notes")), **found)

    def version(self) -> dict[str, str]:
        """Return the versions of the ontology, of the service and of its parts."""
        return dict(self._json("/version"))

    # -- literature --------------------------------------------------------------------------------

    def tag(self, text: str, *, section: str = "", **options: Any) -> Tags:
        """Return the mentions of IERO's concepts in a text.

        :param section: the part of a document that it is: title, background, methods, results or
            conclusions.
        :param options: see :class:`iero.tagging.Options`.
        :raises BadParameter: for an unknown option.
        :raises TooLarge: if the service takes no text of this size.
        """
        body = {"text": text, **({"section": section} if section else {}), **_listed(options)}
        found = self._posted(body)
        return Tags(Annotation.from_dict(each) for each in found["annotations"])

    def tag_records(self, records: Iterable[Record], **options: Any) -> Iterator[TaggedRecord]:
        """Tag any number of records, some hundred at a time, and yield them in order.

        :param records: mappings with ``id`` and the texts ``title``, ``abstract``, ``text``.
        :raises BadParameter: for an unknown option, or a record without a text.
        """
        for batch in _batches(records):
            found = self._posted({"records": batch, **_listed(options)})
            if len(found["records"]) != len(batch):
                came = len(found["records"])
                raise IncompleteResult(f"{len(batch)} records were sent and {came} came back.",
                                       url=f"{self.url}/tag")
            for each in found["records"]:
                fields: dict[str, Tags] = {name: Tags() for name in each["fields"]}
                for annotation in each["annotations"]:
                    fields[annotation["field"]].append(Annotation.from_dict(annotation))
                yield TaggedRecord(each["id"], fields)

    def _posted(self, body: dict[str, Any]) -> dict[str, Any]:
        response = self._request("POST", "/tag", json=body, headers={"Accept": "application/json"})
        return self._parsed(response)

    def push(self, annotations: bytes | str, batch: str, *, append: bool = False,
             media_type: str = "text/turtle") -> str:
        """Write annotations to the graph of their batch, and return the graph's IRI.

        The service validates them and takes all or none.

        :param annotations: Web Annotations in RDF, as ``iero tag`` writes them.
        :param batch: the name of the batch.
        :param append: add to what the graph holds, instead of replacing it.
        :raises InvalidChange: if they break the shapes; ``details["results"]`` says how.
        :raises Unauthorized: if the token is missing or no longer valid.
        :raises Refused: if the service takes no writes, or the token does not allow this one.
        """
        graph = f"{IERO}graph/literature/{quote(batch, safe='-._~')}"
        write = self.post_graph if append else self.put_graph
        write(graph, annotations, media_type=media_type)
        return graph

    # -- writing -----------------------------------------------------------------------------------
    # What these have in common: they need a token; the service carries all of a change out, or none
    # of it; dry_run rehearses it; if_match is the tag (of a graph as it was read, or of the version
    # as an update returned it) without which the change must not be made.

    def update(self, text: str, *, using_graphs: Sequence[str] = (),
               using_named_graphs: Sequence[str] = (), dry_run: bool = False, if_match: str = ""
               ) -> Change:
        """Carry out a request of SPARQL 1.1 Update; it declares its prefixes itself.

        :param using_graphs: what its patterns see as the default graph, and so
            ``using_named_graphs``; not beside USING or WITH.
        :raises BadQuery: if it does not parse.
        :raises InvalidChange: if afterwards the data would break the shapes.
        :raises PreconditionFailed: if the data have changed since ``if_match``.
        :raises Unauthorized: as :meth:`push`, and so
        :raises Refused: likewise.
        """
        params = [*(("using-graph-uri", graph) for graph in using_graphs),
                  *(("using-named-graph-uri", graph) for graph in using_named_graphs)]
        return self._written("POST", "/update", params, text, "application/sparql-update",
                             dry_run, if_match)

    def get_graph(self, graph: str = "") -> GraphDocument:
        """Return a graph in Turtle; without a name the default graph, the union of all.

        :raises NotFound: if there is none of that name.
        """
        response = self._request("GET", "/store", params=_named(graph),
                                 headers={"Accept": "text/turtle"})
        return GraphDocument(response.content.decode(), response.headers.get("ETag", ""))

    def put_graph(self, graph: str, data: bytes | str, *, media_type: str = "text/turtle",
                  dry_run: bool = False, if_match: str = "", new: bool = False) -> Change:
        """Make a graph, or replace what it holds; errors are those of :meth:`update`.

        :param graph: its IRI; nothing is the default graph of a scratch store.
        :param new: only if there is none of that name.
        :raises BadDocument: if the data do not parse.
        """
        return self._written("PUT", "/store", _named(graph), data, media_type, dry_run, if_match,
                             new=new)

    def post_graph(self, graph: str, data: bytes | str, *, media_type: str = "text/turtle",
                   dry_run: bool = False, if_match: str = "") -> Change:
        """Add to a graph, which is made if there is none; see :meth:`put_graph`."""
        return self._written("POST", "/store", _named(graph), data, media_type, dry_run, if_match)

    def delete_graph(self, graph: str, *, dry_run: bool = False, if_match: str = "") -> Change:
        """Remove a graph; errors are those of :meth:`update`.

        :raises NotFound: if there is none of that name.
        """
        return self._written("DELETE", "/store", _named(graph), None, "", dry_run, if_match)

    def _written(self, method: str, path: str, params: list[tuple[str, str]],
                 data: bytes | str | None, media_type: str, dry_run: bool, if_match: str, *,
                 new: bool = False) -> Change:
        headers = {"Accept": "application/json"}
        if data is not None:
            headers["Content-Type"] = media_type
        if if_match:
            headers["If-Match"] = if_match if if_match.startswith('"') else f'"{if_match}"'
        if new:
            headers["If-None-Match"] = "*"
        # A second time, these might meet what the first did, and fail for it.
        once = method != "PUT" or bool(if_match) or new
        try:
            response = self._request(
                method, path, params=[*params, *([("dry-run", "true")] if dry_run else [])],
                content=data.encode() if isinstance(data, str) else data, headers=headers,
                extensions={ONCE: True} if once else {})
        except (NotFound, Refused, RemoteError) as error:
            if "nearest" in error.details or \
                    error.details.get("remote_status") not in (404, 405, 501):
                raise
            raise Refused(f"{self.url} takes no writes: nothing can be written at {path}.",
                          hint="Start the service with a store to write to: iero serve --data DIR "
                               "--tokens FILE") from error
        return Change.of(self._parsed(response)) if response.content else Change()

    # -- requests ----------------------------------------------------------------------------------

    def _json(self, path: str, params: Mapping[str, Parameter] | None = None) -> dict[str, Any]:
        response = self._request("GET", path, params=params or {},
                                 headers={"Accept": "application/json"})
        return self._parsed(response)

    def _parsed(self, response: httpx.Response) -> dict[str, Any]:
        try:
            body = response.json()
        except ValueError as error:
            raise IncompleteResult(f"{response.url} answered with broken JSON: {error}.",
                                   url=str(response.url), hint="Ask again.") from error
        if not isinstance(body, dict):
            raise RemoteError(f"{response.url} answered with JSON that is no object.",
                              url=str(response.url), hint="Is this a service of IERO?")
        return body

    def _request(self, method: str, path: str, **request: Any) -> httpx.Response:
        url = self.url + path
        try:
            response = self._http.request(method, url, **request)
        except httpx.TimeoutException as error:
            raise RemoteError(f"{url} did not answer within its time limit.", url=url,
                              hint="Ask for less, or allow more time.") from error
        except httpx.HTTPError as error:
            raise RemoteError(f"{url} cannot be reached: {error}.", url=url,
                              hint="Check the address and the network.") from error
        if not response.is_success:
            raise RemoteError(f"{url} answered {response.status_code} {response.reason_phrase}.",
                              url=url, remote_status=response.status_code)
        return response


def _named(graph: str) -> list[tuple[str, str]]:
    """Return the parameters that name a graph (Graph Store HTTP Protocol, section 4.2)."""
    return [("graph", graph)] if graph else [("default", "")]


def _listed(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options that JSON can hold."""
    return {name: sorted(value) if isinstance(value, set | frozenset) else
            list(value) if isinstance(value, tuple) else value for name, value in options.items()}


def _batches(records: Iterable[Record]) -> Iterator[list[dict[str, str]]]:
    """Gather records into requests of a size that a service takes; a long record goes alone."""
    batch: list[dict[str, str]] = []
    size = 0
    for record in records:
        length = sum(map(len, record.values()))
        if batch and (len(batch) == _BATCH or size + length > _LARGEST):
            yield batch
            batch, size = [], 0
        batch.append(dict(record))
        size += length
    if batch:
        yield batch
