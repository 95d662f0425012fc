"""The commands that say who may write to a service: ``iero token new``, ``list`` and ``revoke``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

__all__ = ["token"]

_DAYS: Final = 90


def _file(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "-o", "--tokens", "file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
        default=Path("tokens.toml"), show_default=True, envvar="IERO_TOKENS",
        help="The file of tokens, which iero serve --tokens is given.")(command)


@click.group(short_help="Make, list and revoke tokens for writing to a service.")
def token() -> None:
    """Make, list and revoke the tokens with which clients may write to a service.

    The file holds hashes of the tokens, not the tokens. A running service sees each change at once.

    \b
    Examples:
      iero token new pipeline --graph 'graph:literature/*'
      iero token list
      iero token revoke pipeline
    """


@token.command(short_help="Make a token, and show it once.")
@click.argument("name")
@click.option("-g", "--graph", "graphs", multiple=True, required=True, metavar="IRI",
              help="A graph that may be written, or the beginning of its IRI and *; may be "
                   "repeated.")
@click.option("--may", default="insert,delete", show_default=True, metavar="KINDS",
              help="What it may do there: insert, delete, load, with commas between them.")
@click.option("--days", default=_DAYS, show_default=True, type=click.IntRange(0, 36_500),
              help="How long it holds; 0 is for ever.")
@_file
def new(name: str, graphs: tuple[str, ...], may: str, days: int, file: Path) -> None:
    """Make a token called NAME. It goes to standard output, now and never again.

    A * does not open the graphs that ship with IERO; their IRIs must be spelt out.

    \b
    Examples:
      iero token new pipeline --graph 'graph:literature/*' --may insert --days 30
      iero token new curator -g graph:claims -g 'https://example.org/*' -o /etc/iero/tokens.toml
    """
    from iero.tokens import TokenFile

    tokens = TokenFile(file)
    secret = tokens.add(name, graphs, [kind.strip() for kind in may.split(",")], days)
    click.echo(secret)
    click.echo(f"Wrote {file}. Keep the token now: it cannot be shown again.\n"
               f"Serve with it: iero serve --data DIR --tokens {file}", err=True)


@token.command("list", short_help="List the tokens of a file.")
@_file
def list_(file: Path) -> None:
    """List tokens: what each may do, where, and until when.

    \b
    Examples:
      iero token list
      iero token list --tokens /etc/iero/tokens.toml
    """
    from iero.terminal import Screen
    from iero.tokens import TokenFile

    tokens = TokenFile(file)
    Screen().tokens(tokens.tokens().values())
    if warning := tokens.exposure():
        click.echo(f"iero: {warning}", err=True)


@token.command(short_help="Take a token back.")
@click.argument("name")
@_file
def revoke(name: str, file: Path) -> None:
    """Take the token NAME back: from now on it is refused.

    \b
    Examples:
      iero token revoke pipeline
    """
    from iero.tokens import TokenFile

    TokenFile(file).revoke(name)
    click.echo(f"The token {name!r} is revoked.", err=True)
