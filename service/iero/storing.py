"""The commands of a data directory: ``iero load``, ``dump``, ``update``, ``backup`` and more."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

import click

from iero.errors import BadParameter

if TYPE_CHECKING:
    from iero.changes.guard import Guard
    from iero.terminal import Screen

__all__ = ["backup", "dump", "load", "restore", "update"]

_RELEASE: Final = "ontology/release/iero-kg.nq"
_PATIENCE: Final = 24 * 3600.0
"""Seconds that a change may take that nobody else waits for."""
_DIRECTORY: Final = click.Path(path_type=Path, file_okay=False)
_FILE: Final = click.Path(path_type=Path, dir_okay=False)


def _guarded(command: Callable[..., Any]) -> Callable[..., Any]:
    check = click.option("--validate/--no-validate", default=True, show_default=True,
                         help="Hold what changes against the shapes.")
    shapes = click.option("--shapes", type=_FILE, multiple=True, metavar="FILE",
                          help="Use these shapes instead of those of IERO; may be repeated.")
    return check(shapes(command))


@click.command(short_help="Load RDF files into a data directory.")
@click.argument("directory", type=_DIRECTORY)
@click.argument("files", nargs=-1, type=_FILE)
@click.option("-g", "--graph", default="", metavar="IRI",
              help="The named graph for files of triples; files of quads name theirs.")
@click.option("--replace", is_flag=True,
              help="Remove first what the graphs hold that the files have data for.")
@click.option("--release", is_flag=True,
              help="Load the release that ships with this IERO, in the place of an earlier one.")
@_guarded
def load(directory: Path, files: tuple[Path, ...], graph: str, replace: bool, release: bool,
         validate: bool, shapes: tuple[Path, ...]) -> None:
    """Load FILES into the data directory DIRECTORY, all of them or nothing.

    The suffix tells the format: .ttl .nt .nq .trig .rdf .owl .jsonld, each also with .gz behind it.
    Where there is no directory one is made, with the graph of IERO in it. No service may write to
    it meanwhile; one that serves it --read-only shows the new data as soon as they are complete.

    \b
    Examples:
      iero load data annotations.trig
      iero load data batch-7.nt.gz --graph https://w3id.org/iero/graph/literature/batch-7
      iero load data --release
    """
    from iero.resources import locate
    from iero.terminal import Screen

    seed = Path(str(locate(_RELEASE)))
    if not files and not release:
        raise BadParameter("There is nothing to load.", hint="Name files, or give --release.")
    screen = Screen()
    guard = _guard(shapes) if validate else None
    if release:  # which iero check has looked at
        _load(screen, directory, [seed], "", None, replace=True)
    if files:
        _load(screen, directory, list(files), _iri(graph), guard, replace=replace)


def _load(screen: Screen, directory: Path, files: list[Path], graph: str, guard: Guard | None,
          *, replace: bool) -> None:
    from iero.changes.loading import Loading, graphs_of
    from iero.resources import locate

    loading = Loading(directory, guard, [Path(str(locate(_RELEASE)))])
    try:
        if replace:
            loading.clear({name for file in files for name in graphs_of(file, graph)})
        for file in files:
            with screen.bar(f"Loading {file.name}", "triples") as tell:
                loading.load(file, graph, tell)
        with screen.bar("Validating", "triples") as tell:
            report = loading.check(lambda done, total: tell(done, total, done))
        made = loading.publish()
    finally:
        loading.close()
    if report.results:
        click.echo(report.text(), err=True, nl=False)
    size = sum((made.sizes or {}).values())
    click.echo(f"{directory} holds {size:,} triples now (version {made.version}).", err=True)


@click.command(short_help="Write a data directory to a file.")
@click.argument("directory", type=_DIRECTORY)
@click.option("-o", "--output", type=_FILE, metavar="FILE",
              help="Write to this file, whose suffix tells the format; .gz behind it compresses.")
@click.option("-f", "--format", "wanted", metavar="FORMAT",
              help="nq (the default), trig, jsonld; of a single graph also nt, turtle or rdf.")
@click.option("-g", "--graph", default="", metavar="IRI", help="Only this graph.")
def dump(directory: Path, output: Path | None, wanted: str | None, graph: str) -> None:
    """Write what the data directory DIRECTORY holds now, while whoever may write to it.

    \b
    Examples:
      iero dump data -o everything.nq.gz
      iero dump data --graph https://w3id.org/iero/graph/claims --format turtle
    """
    from iero.graph import KnowledgeGraph
    from iero.protocol import format_named
    from iero.store import data_format
    from iero.terminal import Screen

    if wanted or output is None:
        fmt = format_named(wanted or "nq", "graph")
    else:
        fmt = data_format(output.name.removesuffix(".gz"))
    if not graph and "dataset" not in fmt.kinds:
        raise BadParameter(f"{fmt.name} holds a single graph.", parameter="format",
                           hint="Choose one with --graph, or another format: nq, trig, jsonld.")
    data = KnowledgeGraph.open(directory)
    if output is None:
        data.export(cast(BinaryIO, sys.stdout.buffer), fmt, graph=_iri(graph))
        return
    with Screen().working(f"Writing {output}"), _written(output) as file:
        data.export(file, fmt, graph=_iri(graph))
    click.echo(f"Wrote {output} ({output.stat().st_size:,} bytes).", err=True)


@click.command(short_help="Change a data directory by SPARQL Update.")
@click.argument("directory", type=_DIRECTORY)
@click.argument("request")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@_guarded
def update(directory: Path, request: str, dry_run: bool, validate: bool,
           shapes: tuple[Path, ...]) -> None:
    """Carry out REQUEST in the data directory DIRECTORY, all of it or nothing.

    REQUEST is SPARQL Update, a file of it, or - for standard input. A service that writes to the
    directory is asked over HTTP instead (POST /update).

    \b
    Examples:
      iero update data 'DROP GRAPH <https://w3id.org/iero/graph/literature/batch-7>' --dry-run
      iero update data corrections.ru
    """
    from iero.changes import EVERYTHING, Changes
    from iero.directory import DataDirectory
    from iero.pool import Limits
    from iero.terminal import Screen

    DataDirectory(directory)
    changes = Changes.open(directory, shapes=None if validate and not shapes else
                           list(shapes) if validate else [],
                           limits=Limits(seconds=_PATIENCE, memory=1 << 40), largest=sys.maxsize)
    try:
        outcome = changes.update(_text(request), grants=EVERYTHING, dry_run=dry_run)
    finally:
        changes.close()
    if outcome.report.results:
        click.echo(outcome.report.text(), err=True, nl=False)
    Screen().changed({graph: (change.inserted, change.deleted, change.created, change.dropped)
                      for graph, change in outcome.graphs.items()})
    what = "Nothing was changed: a rehearsal" if dry_run else f"Version {outcome.version}"
    click.echo(f"{what}.", err=True)


@click.command(short_help="Copy a data directory, also while it is served.")
@click.argument("directory", type=_DIRECTORY)
@click.argument("target", type=_DIRECTORY)
def backup(directory: Path, target: Path) -> None:
    """Copy what the data directory DIRECTORY holds now to the new folder TARGET.

    The backup is a data directory too: it can be served, dumped and restored.

    \b
    Examples:
      iero backup data /backups/iero-2026-11-29
    """
    from iero.changes.copies import back_up
    from iero.terminal import Screen

    with Screen().bar("Copying", "bytes") as tell:
        made = back_up(directory, target, lambda done, total: tell(done, total, done))
    click.echo(f"{target} holds {_size(made.sizes):,} triples.", err=True)


@click.command(short_help="Put a backup into a data directory.")
@click.argument("source", metavar="BACKUP", type=_DIRECTORY)
@click.argument("directory", type=_DIRECTORY)
@click.option("--replace", is_flag=True, help="Let the data go that the directory holds.")
def restore(source: Path, directory: Path, replace: bool) -> None:
    """Make the data of BACKUP those of the data directory DIRECTORY.

    \b
    Examples:
      iero restore /backups/iero-2026-11-29 data
      iero restore /backups/iero-2026-11-29 data --replace
    """
    from iero.changes.copies import restore as put_back
    from iero.terminal import Screen

    with Screen().bar("Copying", "bytes") as tell:
        made = put_back(source, directory, replace_data=replace,
                        progress=lambda done, total: tell(done, total, done))
    click.echo(f"{directory} holds {_size(made.sizes):,} triples.", err=True)


def _size(sizes: Mapping[str, int] | None) -> int:
    return sum((sizes or {}).values())


def _iri(graph: str) -> str:
    from iero.vocabulary import expand

    return expand(graph) if graph else ""


def _guard(shapes: tuple[Path, ...]) -> Guard:
    from iero.changes.guard import Guard
    from iero.resources import walk
    from iero.shapes import Shapes

    own = [Path(str(file)) for _, file in walk("ontology/shapes", ".ttl")]
    return Guard(Shapes.open(shapes or own, trusted=not shapes))


def _text(request: str) -> str:
    """Return the text of a request, which is given itself, as a file or on standard input."""
    if request != "-" and ("{" in request or not Path(request).is_file()):
        return request
    try:
        data = sys.stdin.buffer.read() if request == "-" else Path(request).read_bytes()
        return data.decode()
    except UnicodeDecodeError as error:
        raise BadParameter(f"{request!r} is not UTF-8 (byte {error.start + 1}).") from error
    except OSError as error:
        raise BadParameter(f"{request!r} cannot be read: {error.strerror}.") from error


@contextmanager
def _written(output: Path) -> Iterator[BinaryIO]:
    """Open a file that appears whole or not at all, compressed if its name says so."""
    from iero.directory import disk

    part = output.with_name(output.name + ".part")
    try:
        with disk(output), part.open("wb") as raw:
            if output.name.endswith(".gz"):
                with gzip.GzipFile(output.name.removesuffix(".gz"), "wb", fileobj=raw) as file:
                    yield cast(BinaryIO, file)
            else:
                yield cast(BinaryIO, raw)
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)
