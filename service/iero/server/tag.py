"""``/tag``: texts and records in, annotations out.

The names of the parameters are those of the NCBO Annotator where they mean the same. A lone text is
answered by its annotations, a batch or a file by a list of records. As RDF, annotations are W3C Web
Annotations; browsers get a form, and the text with its mentions marked.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, Response, jsonify, render_template, request

from iero.errors import BadParameter, IeroError
from iero.server.context import Context
from iero.server.errors import respond
from iero.server.negotiation import HTML, MEDIA_TYPES, choose, flag, one, pairs, wants_page
from iero.server.records import OPTIONS, Order, read_order, told
from iero.server.tag_files import FILES, send_file
from iero.server.tag_page import kinds, summary
from iero.tagging import Options, Tagger
from iero.tagging.documents.lines import JsonLines
from iero.tagging.documents.tagged import DocumentTagger, Mention, Tagged
from iero.tagging.documents.webannotation import AnnotationWriter
from iero.tagging.lexicon import compile_lexicon

if TYPE_CHECKING:
    from iero.graph import KnowledgeGraph

FORMATS: Final = ("json", "jsonld", "turtle", "nquads", HTML)
_SUFFIX: Final = {"jsonld": ".jsonld", "turtle": ".ttl", "nquads": ".nq"}
KEPT: Final = 8
"""How many taggers with different options are kept at hand."""


class Taggers:
    """Taggers of one graph by their options, made when they are first asked for.

    Those of names that have changed since are let go.

    :param tagger: one that is at hand.
    :param shipped: whether the graph is the one that ships, whose lexicon is kept in a cache.
    """

    def __init__(self, graph: KnowledgeGraph, tagger: Tagger | None, *, shipped: bool) -> None:
        self._graph, self._shipped = graph, shipped
        self._made: OrderedDict[Options, Tagger] = OrderedDict()
        self._make: Callable[[Options], Tagger] | None = None
        self._since = graph.names_version
        self._lock = Lock()
        if tagger is not None:
            self._made[tagger.options] = tagger

    def get(self, options: dict[str, Any]) -> Tagger:
        """Return the tagger with these options.

        :raises BadParameter: for a wrong value.
        :raises NotFound: for an unknown concept.
        """
        asked = Options.of(**options)
        since = self._graph.names_version
        with self._lock:
            if since != self._since:
                self._made.clear()
                self._make, self._since = None, since
            if asked not in self._made:
                self._made[asked] = self._maker()(asked)
                while len(self._made) > KEPT:
                    self._made.popitem(last=False)
            self._made.move_to_end(asked)
            return self._made[asked]

    def _maker(self) -> Callable[[Options], Tagger]:
        if self._make is None:
            self._make = _opened if self._shipped else partial(
                Tagger, compile_lexicon(self._graph.lexicon(), self._graph.version))
        return self._make


def _opened(options: Options) -> Tagger:
    return Tagger.open(**{name: getattr(options, name) for name in OPTIONS})


class Tagging:
    """The view of ``/tag``."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.taggers = Taggers(context.graph, context.tagger, shipped=context.shipped)

    def tag(self) -> Response:
        """Tag what the request brings; for a browser that brings nothing, show the form."""
        given = pairs(request.query_string)
        if request.method != "POST" and not given and wants_page(None):
            return self._page()
        try:
            order = read_order(self.context.record_limit)
            wanted = _wanted(one(order.given, "format"))
            tagger, tagged = self._tagged(order, report=wanted == "report")
            return self._send(order, tagger, tagged, wanted)
        except IeroError as error:
            return respond(error.problem(), "tag.html", **self._form())

    def _send(self, order: Order, tagger: Tagger, tagged: list[Tagged], wanted: str) -> Response:
        if wanted == HTML:
            return self._page(order, tagger, tagged)
        if wanted == "json":
            return jsonify(_json(order, tagger, tagged))
        if order.rejected and not flag(order.given, "skip_broken", default=False):
            raise BadParameter(f"{len(order.rejected)} records of the file cannot be read, which "
                               f"{wanted} has no place to say.",
                               hint="Mend them, ask for JSON, or leave them out: skip_broken=true.",
                               rejected=[told(each) for each in order.rejected])
        batch = one(order.given, "batch") or ""
        if wanted in FILES:
            return send_file(order, tagger, wanted, batch)
        writer = AnnotationWriter(wanted, batch or _name(order), tagger.version,
                                  tagger.ontology_version)
        written = b"".join((writer.header(), *(writer.write(each, JsonLines()) for each in tagged),
                            writer.footer()))
        response = Response(written, content_type=MEDIA_TYPES[wanted]
                            + ("; charset=utf-8" if wanted == "turtle" else ""))
        response.headers.set("Content-Disposition", "attachment", filename=f"tags{_SUFFIX[wanted]}")
        return response

    def _tagged(self, order: Order, *, report: bool) -> tuple[Tagger, list[Tagged]]:
        tagger = self.taggers.get(order.options | ({"expand_class_hierarchy": True} if report
                                                   else {}))
        if order.single:
            [document] = order.documents
            found = tagger.tag(document.fields["text"], order.section or None)
            return tagger, [Tagged(document, [Mention("text", each) for each in found])]
        whole = DocumentTagger(tagger)
        return tagger, [whole.tag(document) for document in order.documents]

    def _page(self, order: Order | None = None, tagger: Tagger | None = None,
              tagged: Sequence[Tagged] = ()) -> Response:
        shown = summary(tagged, order.rejected, tagger, self.context.graph) \
            if order and tagger else None
        text = order.documents[0].fields["text"] if order and order.single else ""
        body = render_template("tag.html", **self._form(), shown=shown, text=text,
                               options=order.options if order else {})
        return Response(body, mimetype="text/html")

    def _form(self) -> dict[str, Any]:
        return {"files": FILES, "kinds": kinds(self.context.graph),
                "record_limit": self.context.record_limit}


def _wanted(name: str | None) -> str:
    """Return the representation that is asked for; files have to be named."""
    return name if name in FILES else choose(name, FORMATS)


def _json(order: Order, tagger: Tagger, tagged: list[Tagged]) -> dict[str, Any]:
    versions = {"ontology_version": tagger.ontology_version, "tagger_version": tagger.version}
    if order.single:
        found = [mention.annotation.to_dict() for mention in tagged[0].mentions]
        return {"annotations": found} | versions
    records = [{"id": each.document.id, "fields": list(each.document.fields), "annotations": [
        {"field": mention.field, **mention.annotation.to_dict()} for mention in each.mentions]}
        for each in tagged]
    rejected = [told(each) for each in order.rejected]
    return {"records": records} | ({"rejected": rejected} if rejected else {}) | versions


def _name(order: Order) -> str:
    """Name a batch by what is in it, so that the same request gives the same graph."""
    made = hashlib.blake2b(digest_size=8)
    for document in order.documents:
        for part in (document.id, *document.fields.values()):
            made.update(part.encode("utf-8", "surrogatepass") + b"\0")
    return made.hexdigest()


def blueprint(context: Context) -> Blueprint:
    """Return the route of the tagger."""
    made = Blueprint("tag", __name__)
    made.add_url_rule("/tag", view_func=Tagging(context).tag, methods=["GET", "POST"])
    return made
