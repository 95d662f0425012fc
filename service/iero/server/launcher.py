"""The service on granian, a WSGI server whose network side is native code.

Granian watches over server processes. Each has a pool of processes of its own, in which queries are
evaluated and can be killed; neither the watching process nor the servers load the graph.
"""

from __future__ import annotations

import signal
import socket
import sys
import threading
import time
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

import iero
from iero import resources
from iero.errors import BadParameter, IeroError
from iero.graph import KnowledgeGraph
from iero.pool import Limits, Pool
from iero.server.app import create_app

if TYPE_CHECKING:
    from flask import Flask

STOP_SECONDS: Final = 5
"""How long running requests may take to finish when the service is stopped."""

THREADS: Final = 32
"""Requests that one server process has in hand at a time; most of them wait for their query."""

RELEASE: Final = "ontology/release/iero-kg.nq"


@dataclass(frozen=True)
class Options:
    """What a worker needs to know; it travels to another process, so it is plain data."""

    host: str
    port: int
    base_path: str
    source: str | None
    endpoint: str | None
    trusted_proxies: int
    body_limit: int
    limits: Limits
    jobs: int
    cache: int

    @property
    def url(self) -> str:
        """The address of the service."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}{self.base_path}/"


def serve(
    host: str = "127.0.0.1", port: int = 8000, *, base_path: str = "", workers: int = 1,
    threads: int = THREADS, source: str | Path | None = None, endpoint: str | None = None,
    trusted_proxies: int = 0, body_limit: int = 1 << 20, limits: Limits | None = None,
    jobs: int = 16, cache: int = 64 << 20,
) -> None:
    """Serve a graph over HTTP until SIGINT or SIGTERM.

    :param port: 0 takes a free one; the line on standard error says which.
    :param workers: server processes, each with a graph of its own.
    :param threads: requests that a server process has in hand at a time.
    :param source: an RDF file; without one, the release that ships with the package.
    :param endpoint: the URL of a SPARQL endpoint to stand in front of, instead of a file.
    :param limits: what one query may cost.
    :param jobs: queries that a server process evaluates at a time, each in a process of its own.
    :param cache: bytes of answers that a server process keeps at hand.
    :raises BadParameter: if the address is taken, or an option makes no sense.
    :raises SystemExit: if a worker fails.
    """
    host, port = _address(host, port)
    options = Options(
        host, port, base_path.rstrip("/"), None if source is None else str(Path(source).resolve()),
        endpoint, trusted_proxies, body_limit, limits or Limits(), jobs, cache,
    )
    server = Server(
        "iero", address=host, port=port, interface=Interfaces.WSGI, workers=workers,
        blocking_threads=threads, websockets=False, log_level=LogLevels.error,
        workers_kill_timeout=STOP_SECONDS,
    )
    server.serve(target_loader=partial(_load, options), wrap_loader=False)


def _address(host: str, port: int) -> tuple[str, int]:
    """Return the numeric address and the port to listen at, after a look whether they are free.

    Granian shares its port with whoever else listens there and does the same (SO_REUSEPORT), so two
    services on one port would each get half of the requests without a word.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        family, _, _, _, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
        with socket.create_server(address[:2], family=family) as trial:
            return str(address[0]), int(trial.getsockname()[1])
    except (OSError, OverflowError) as error:
        raise BadParameter(f"Cannot listen at {host}, port {port}: {error}.",
                           hint="Choose another --port or --host.") from error


def _load(options: Options) -> Flask:
    """Make the application, in a worker process."""
    for number in (signal.SIGINT, signal.SIGTERM):  # the watcher's handlers are of no use here
        signal.signal(number, signal.SIG_DFL)
    started = time.monotonic()
    try:
        app = application(options)
    except IeroError as error:
        sys.stderr.write(f"iero: {error}\n")
        raise SystemExit(error.exit_code) from error
    seconds = time.monotonic() - started
    threading.Thread(target=_announce, args=(options, seconds), daemon=True).start()
    return app


def application(options: Options) -> Flask:
    """Open the graph that the options name, and make the application that serves it.

    :raises IeroError: if the graph cannot be opened.
    """
    return create_app(
        _graph(options), base_path=options.base_path, release=_release(options),
        shipped=options.source is None and options.endpoint is None,
        trusted_proxies=options.trusted_proxies, body_limit=options.body_limit,
        answer_limit=options.limits.answer,
    )


def _graph(options: Options) -> KnowledgeGraph:
    if options.endpoint:
        return KnowledgeGraph.open(url=options.endpoint)
    file = Path(options.source) if options.source else resources.locate(RELEASE)
    return KnowledgeGraph(Pool([Path(str(file))], options.limits, options.jobs, options.cache))


def _release(options: Options) -> str:
    """Identify the data and the code by version and content; a remote graph may change any time."""
    if options.endpoint:
        return ""
    data = Path(options.source).read_bytes() if options.source else resources.read(RELEASE)
    return f"{iero.__version__}-{sha256(data).hexdigest()[:16]}"


def _announce(options: Options, seconds: float) -> None:
    """Say on standard error that the service is ready, once it accepts connections."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(options.host, options.host)  # noqa: S104
    while True:
        try:
            socket.create_connection((reachable, options.port), timeout=1).close()
        except OSError:
            time.sleep(0.005)
        else:
            break
    ready = f"IERO {iero.__version__} is ready at {options.url} (loaded in {seconds:.2f} s)\n"
    sys.stderr.write(ready)
    sys.stderr.flush()
