"""``/store``: whole graphs read and written (SPARQL 1.1 Graph Store HTTP Protocol).

A graph is named by ``?graph=IRI`` or ``?default``, or by the URL itself: ``/store/people`` is the
graph whose IRI is that URL. Without a graph, a request is about the store: what it holds is
described, and what is posted to it becomes a new graph.
"""

from __future__ import annotations

from functools import partial
from typing import Final
from uuid import uuid4

from flask import Blueprint, Response, request

from iero import resources
from iero.errors import BadDocument, BadParameter, NotFound
from iero.protocol import QueryRequest, bind, target_graph
from iero.rdf import merge
from iero.server import answers, description, links
from iero.server.context import Context
from iero.server.negotiation import JSON_TYPE, data_format, one, pairs
from iero.server.uploads import documents, read_upload
from iero.server.writing import Act, Writing, is_rehearsal, read_only
from iero.terms import IRI

METHODS: Final = ("GET", "PUT", "POST", "DELETE")


class GraphStore:
    """The views of ``/store`` and of what lies below it."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def store(self) -> Response:
        """Read or write the graph that the parameters name, or the store."""
        return self._serve(target_graph(pairs(request.query_string)))

    def direct(self, name: str) -> Response:
        """Read or write the graph whose IRI is the URL of the request."""
        url = links.absolute("graph_store.direct", name=name)
        return self._serve(target_graph(pairs(request.query_string), url))

    def _serve(self, graph: str | None) -> Response:
        if request.method in ("GET", "HEAD"):
            wanted = one(pairs(request.query_string), "format")
            return self._describe(wanted) if graph is None else self._read(graph, wanted)
        if self.context.writing is None:
            raise read_only()
        return self._write(graph, self.context.writing)

    # -- reading -----------------------------------------------------------------------------------

    def _describe(self, wanted: str | None) -> Response:
        return description.send(description.of(self.context), wanted)

    def _read(self, graph: str, wanted: str | None) -> Response:
        """Return the content of a graph; the default graph always exists."""
        chosen = data_format("graph", wanted)
        writing = self.context.writing
        # The tag is taken before the data: should they change meanwhile, it is too old, never new.
        version = writing.tag(graph) if writing else self.context.state
        if graph and not self._exists(graph):
            raise NotFound(f"There is no graph <{graph}>.", nearest=[],
                           hint=f"The graphs are listed at {links.absolute('graph_store.store')}.")
        named = (graph,) if graph else ()
        answer = self.context.graph.answer(QueryRequest(_query("content"), named))
        response = answers.send(answer, chosen, self.context)
        if version:
            response.set_etag(f"{version};{chosen.name}")
            response.headers["Cache-Control"] = "no-cache"
            response.make_conditional(request)  # changes the response itself
        return response

    def _exists(self, graph: str) -> bool:
        question = bind(_query("exists"), {"graph": [IRI(graph)]})
        return self.context.graph.answer(QueryRequest(question)).truth

    # -- writing -----------------------------------------------------------------------------------

    def _write(self, graph: str | None, writing: Writing) -> Response:
        if request.method == "POST" and request.content_length == 0:
            writing.admit()
            return Response(status=204)  # nothing to merge (section 5.5)
        if graph is None and request.method != "POST":
            raise BadParameter(f"{request.method} does not say which graph it is about.",
                               parameter="graph", hint="Add ?graph=IRI, or ?default.")
        made = ""
        if graph is None:
            graph = made = links.absolute("graph_store.direct", name=uuid4().hex)
        prepare = {"PUT": self._put, "POST": self._post, "DELETE": self._delete}[request.method]
        read = partial(prepare, graph, writing)
        response = writing.carry_out(request.method.lower(), graph, read)
        if made and response.status_code == 201:
            response.headers["Location"] = made
        return _quiet(response) if request.method == "PUT" and not _wants_answer() else response

    def _put(self, graph: str, writing: Writing) -> Act:
        data, fmt = _document(graph, writing)
        return lambda conditions: writing.changes.put(
            graph, data, fmt, base=_base(graph), if_exists=_must_exist(), **conditions)

    def _post(self, graph: str, writing: Writing) -> Act:
        data, fmt = _document(graph, writing)
        return lambda conditions: writing.changes.post(
            graph, data, fmt, base=_base(graph), if_exists=_must_exist(), **conditions)

    def _delete(self, graph: str, writing: Writing) -> Act:
        return lambda conditions: writing.changes.delete(graph, **conditions)


def _document(graph: str, writing: Writing) -> tuple[bytes, str]:
    """Return what is sent as one document: several files of a form are merged."""
    found = documents(read_upload(writing.upload_limit))
    if len(found) == 1:
        return found[0][0], found[0][1].name
    try:
        merged = merge([(data, fmt.name) for data, fmt in found], base=_base(graph))
    except SyntaxError as error:
        raise BadDocument(f"A file of the form does not parse: {error.msg}", line=error.lineno,
                          hint="Mend it, or send the files one by one.") from error
    return merged, "ntriples"


def _base(graph: str) -> str:
    """Return the IRI against which relative ones of a document are resolved."""
    return graph or links.absolute("graph_store.store")


def _must_exist() -> bool | None:
    """Say whether the request wants the graph to exist, or not to; None if it does not care."""
    if request.if_none_match.star_tag:
        return False
    return True if request.if_match.star_tag else None


def _wants_answer() -> bool:
    """Say whether the client of a PUT wants to hear what it did, or would do.

    ``Accept: */*`` is no such wish: clients of the standard know 204 for a graph that is replaced.
    """
    named = {media_type.lower() for media_type in request.accept_mimetypes.values()}
    return JSON_TYPE in named or is_rehearsal(pairs(request.query_string))


def _quiet(response: Response) -> Response:
    """Take the body from an answer of 200, whose header says what was done."""
    if response.status_code == 200:
        response.status_code = 204
        response.set_data(b"")
        del response.headers["Content-Type"], response.headers["Content-Length"]
    return response


def _query(name: str) -> str:
    return resources.read(f"queries/service/graph-{name}.rq").decode()


def blueprint(context: Context) -> Blueprint:
    """Return the routes of the graph store."""
    views = GraphStore(context)
    made = Blueprint("graph_store", __name__)
    made.add_url_rule("/store", view_func=views.store, methods=METHODS)
    made.add_url_rule("/store/<path:name>", view_func=views.direct, methods=METHODS)
    return made
