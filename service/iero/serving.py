"""The command that serves the graph: ``iero serve``."""

from __future__ import annotations

from pathlib import Path

import click

from iero.errors import BadParameter, NotFound

__all__ = ["serve"]


@click.command(short_help="Serve pages, SPARQL and search over HTTP.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535),
              help="The port; 0 takes a free one.")
@click.option("--base-path", default="", metavar="PATH",
              help="The path below which a proxy serves it, such as /iero.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64),
              help="Server processes, each with a graph of its own.")
@click.option("--threads", default=32, show_default=True, type=click.IntRange(1, 256),
              help="Requests that a server process has in hand at a time.")
@click.option("--jobs", default=16, show_default=True, type=click.IntRange(1, 256),
              help="Queries that a server process evaluates at a time.")
@click.option("--timeout", default=30.0, show_default=True, metavar="SECONDS",
              type=click.FloatRange(0, min_open=True), help="The time that a query may take.")
@click.option("--memory-limit", default=1024, show_default=True, metavar="MB",
              type=click.IntRange(1), help="The memory that a query may use.")
@click.option("--cache", default=64, show_default=True, metavar="MB", type=click.IntRange(0),
              help="Answers kept at hand; 0 keeps none.")
@click.option("--proxies", default=0, show_default=True, type=click.IntRange(0, 10),
              help="Trusted proxies in front, whose X-Forwarded headers count.")
@click.option("--data", type=click.Path(path_type=Path), metavar="FILE",
              help="Serve this RDF file instead of the shipped graph.")
@click.option("--url", metavar="ENDPOINT", help="Stand in front of this SPARQL endpoint instead.")
def serve(host: str, port: int, base_path: str, workers: int, threads: int, jobs: int,
          timeout: float, memory_limit: int, cache: int, proxies: int, data: Path | None,
          url: str | None) -> None:
    """Serve the graph over HTTP: pages, SPARQL, search. Read-only; stop it with Ctrl-C.

    Each query runs in a process that is killed when it takes too long or too much memory; a client
    may ask for less time than --timeout, with ?timeout=SECONDS, never for more.

    \b
    Examples:
      iero serve
      iero serve --port 8080 --workers 2
      iero serve --host 0.0.0.0 --base-path /iero --proxies 1
    """
    from iero.pool import Limits
    from iero.server import serve as start

    if data is not None and url is not None:
        raise BadParameter("Give --data or --url, not both.")
    if data is not None and not data.is_file():
        raise NotFound(f"There is no file {str(data)!r}.", nearest=[])
    start(host, port, base_path=base_path, workers=workers, threads=threads, source=data,
          endpoint=url, trusted_proxies=proxies, jobs=jobs, cache=cache << 20,
          limits=Limits(seconds=timeout, memory=memory_limit << 20))
