"""``/docs``: the documents of the package as pages; ``/status``: what runs, within which limits."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, Response, current_app, jsonify, render_template, request, url_for
from markdown_it import MarkdownIt
from markdown_it.token import Token

from iero import resources
from iero.errors import NotFound
from iero.server import about, answers
from iero.server.context import Context
from iero.server.negotiation import HTML, MEDIA_TYPES, choose, one, pairs, require_json, wants_page
from iero.server.openapi import document

if TYPE_CHECKING:
    from markdown_it.renderer import RendererHTML

FIRST: Final = ("site", "model-for-psychologists", "model-for-ontologists", "model", "tagging",
                "client", "operating", "security", "performance", "evaluation", "coverage",
                "decisions")
"""The order in which documents are offered; others come after them, by name."""

METHODS: Final = ("get", "put", "post", "delete")

APART: Final = {"changelog": "CHANGELOG.md", "contributing": "CONTRIBUTING.md",
                "licence": "LICENSE", "licence-of-the-ontology": "ontology/LICENSE"}
"""Documents that lie elsewhere, by their names here."""


@dataclass(frozen=True)
class Document:
    """A document as a page.

    :ivar contents: ``(anchor, heading)`` of its parts.
    """

    name: str
    title: str
    summary: str
    body: str
    contents: list[tuple[str, str]]


class Documents:
    """The views of the documents."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def index(self) -> Response:
        """List the documents."""
        listed = [read(name) for name in names() if not name.startswith("releases/")]
        body = render_template("docs.html", documents=listed,
                               releases=[name for name in names() if name.startswith("releases/")])
        return answers.revalidated(Response(body, mimetype="text/html"), self.context, HTML)

    def document(self, name: str) -> Response:
        """Show a document, or its source to who wants no page; send a picture as it is."""
        if name.endswith(".svg") and name.removesuffix(".svg") in _pictures():
            return Response(resources.read(f"docs/{name}"), mimetype="image/svg+xml")
        source = path_of(name.removesuffix(".md"))
        wanted = "markdown" if name.endswith(".md") else one(pairs(request.query_string), "format")
        if choose(wanted, ("markdown", HTML)) == "markdown":
            return Response(resources.read(source), content_type="text/markdown; charset=utf-8")
        body = render_template("document.html", document=read(name), names=names())
        return answers.revalidated(Response(body, mimetype="text/html"), self.context, HTML)

    def api(self) -> Response:
        """Show the interface for programs as a page."""
        described = document()
        operations = [(path, method, _resolved(operation, described))
                      for path, item in described["paths"].items()
                      for method, operation in item.items() if method in METHODS]
        groups = [(tag, [each for each in operations if tag["name"] in each[2]["tags"]])
                  for tag in described["tags"]]
        body = render_template("api.html", described=described, groups=groups)
        return Response(body, mimetype="text/html")

    def status(self) -> Response:
        """Say what runs here, since when, within which limits, and whether the graph answers."""
        wanted = one(pairs(request.query_string), "format")
        started = perf_counter()
        sizes = self.context.graph.sizes()
        found = {"answers": bool(sizes), "seconds": round(perf_counter() - started, 3)}
        limits = {
            "bytes of a request": current_app.config["MAX_CONTENT_LENGTH"],
            "bytes of an answer": self.context.answer_limit,
            "records to tag at a time": self.context.record_limit,
            **self.context.graph.limits(),
        }
        said = {"versions": about.versions(self.context), "graph": found, "triples": sizes,
                "limits": limits}
        if not wants_page(wanted):
            require_json(wanted, also=HTML)
            response = jsonify(said)
        else:
            response = Response(render_template("status.html", **said), mimetype=MEDIA_TYPES[HTML])
        response.headers["Cache-Control"] = "no-store"
        return response


def _resolved(operation: dict[str, Any], described: dict[str, Any]) -> dict[str, Any]:
    """Return an operation with its shared parameters and responses in place."""
    components = described["components"]

    def whole(kind: str, each: dict[str, Any]) -> dict[str, Any]:
        return components[kind][each["$ref"].rpartition("/")[2]] if "$ref" in each else each

    return operation | {
        "parameters": [whole("parameters", each) for each in operation.get("parameters", [])],
        "responses": {status: whole("responses", each)
                      for status, each in operation["responses"].items()}}


@cache
def names() -> tuple[str, ...]:
    """Return the names of the documents that this installation has, in order."""
    found = [path.removeprefix("docs/").removesuffix(".md")
             for path, _ in resources.walk("docs", ".md") if "screenshots" not in path]
    ordered = sorted(found, key=lambda name: (name.startswith("releases/"), FIRST.index(name)
                                              if name in FIRST else len(FIRST), name))
    return (*ordered, *APART)


@cache
def _pictures() -> frozenset[str]:
    return frozenset(path.removeprefix("docs/").removesuffix(".svg")
                     for path, _ in resources.walk("docs", ".svg"))


def path_of(name: str) -> str:
    """Return the path of a document.

    :raises NotFound: if there is none of that name.
    """
    if name not in names():
        raise NotFound(f"There is no document {name!r}.", nearest=[],
                       hint="The documents are listed at /docs.")
    return APART.get(name, f"docs/{name}.md")


def read(name: str) -> Document:
    """Read and render a document.

    :raises NotFound: if there is none of that name.
    """
    path = path_of(name)
    text = resources.read(path).decode()
    if not path.endswith(".md"):  # a licence is laid out with spaces
        title = text.strip().splitlines()[0].strip()
        return Document(name, title, "", render_template("_plain.html", text=text), [])
    parser = _parser()
    tokens = parser.parse(text)
    contents = list(_anchored(tokens))
    _relinked(tokens, path)
    title, summary = _plain(_first(tokens, "h1")) or name, _plain(_first(tokens, "p"))
    body = parser.renderer.render(tokens, parser.options, {})
    return Document(name, title, re.split(r"(?<=[.:])\s", summary)[0].rstrip(":"), body, contents)


def _first(tokens: Sequence[Token], tag: str) -> Token | None:
    """Return what stands in the first element with a tag."""
    return next((after for token, after in pairwise(tokens)
                 if token.tag == tag and token.nesting == 1), None)


def _plain(token: Token | None) -> str:
    """Return the text of an element, without marks."""
    parts = token.children or [] if token else []
    return " ".join("".join(part.content or " " * (part.type == "softbreak")
                            for part in parts).split())


@cache
def _parser() -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": False}).enable("table")
    made.add_render_rule("table_open", _table_open)
    made.add_render_rule("table_close", _table_close)
    made.add_render_rule("fence", _fence)
    return made


def _table_open(*_: Any) -> str:
    return '<div class="wide" tabindex="0"><table>\n'


def _table_close(*_: Any) -> str:
    return "</table></div>\n"


def _fence(renderer: RendererHTML, tokens: Sequence[Token], place: int, *rest: Any) -> str:
    """Write a block of code that can be scrolled by keyboard."""
    written = str(type(renderer).fence(renderer, tokens, place, *rest))
    return written.replace("<pre>", '<pre tabindex="0">', 1)


def _anchored(tokens: Sequence[Token]) -> Iterator[tuple[str, str]]:
    """Give the headings anchors as code forges do, and yield those of the parts."""
    seen: MutableMapping[str, int] = {}
    for token, after in pairwise(tokens):
        if token.type == "heading_open":
            text = re.sub(r"[`*]", "", after.content)
            slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            count = seen[slug] = seen.get(slug, -1) + 1
            anchor = f"{slug}-{count}" if count else slug
            token.attrSet("id", anchor)
            if token.tag == "h2":
                yield anchor, text


def _relinked(tokens: Sequence[Token], path: str) -> None:
    """Let links between documents lead to their pages; what has no page here loses its link."""
    for token in tokens:
        for child in token.children or []:
            name = {"link_open": "href", "image": "src"}.get(child.type)
            target = str(child.attrGet(name) or "") if name else ""
            if name and not re.match(r"[a-z]+:|#|/", target):
                child.attrSet(name, _address(path, target))


def _address(path: str, target: str) -> str:
    """Return where a link of a document leads to.

    The address of a file that has no page is the top of the page itself.
    """
    file, _, anchor = target.partition("#")
    whole = posixpath.normpath(posixpath.join(posixpath.dirname(path), file))
    apart = {there: name for name, there in APART.items()}
    name = apart.get(whole, whole.removeprefix("docs/").removesuffix(".md"))
    if name not in names() and not (whole.endswith(".svg") and name[:-4] in _pictures()):
        return "#"
    return url_for("docs.document", name=name, _anchor=anchor or None)


def blueprint(context: Context) -> Blueprint:
    """Return the routes of the documents."""
    views = Documents(context)
    made = Blueprint("docs", __name__)
    made.add_url_rule("/docs", view_func=views.index)
    made.add_url_rule("/docs/api", view_func=views.api)
    made.add_url_rule("/docs/<path:name>", view_func=views.document)
    made.add_url_rule("/status", view_func=views.status)
    return made
