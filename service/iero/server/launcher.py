"""The service on granian, a WSGI server whose network side is native code.

Granian watches over server processes. Each has a pool of processes of its own, in which queries are
evaluated and can be killed; neither the watching process nor the servers load the graph.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from dataclasses import replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

import iero
from iero import resources
from iero.configuration import Configuration
from iero.directory import DataDirectory
from iero.errors import BadParameter, IeroError
from iero.graph import Backend, KnowledgeGraph
from iero.pool import Limits, Pool
from iero.server import logs, telemetry
from iero.server.app import create_app
from iero.server.clients import Clients

if TYPE_CHECKING:
    from flask import Flask

    from iero.changes import Changes
    from iero.remote import Endpoint
    from iero.server.metrics import Metrics
    from iero.server.writing import Writing

STOP_SECONDS: Final = 5
"""How long running requests may take to finish when the service is stopped."""

HEADERS: Final = 1 << 16
"""Bytes that the line and the headers of a request may have."""

RELEASE: Final = "ontology/release/iero-kg.nq"


def serve(configuration: Configuration | None = None, /, **settings: Any) -> None:
    """Serve a graph over HTTP until SIGINT or SIGTERM.

    :param configuration: all settings.
    :param settings: single ones, if they are not given together.
    :raises BadParameter: if the address is taken, or a setting makes no sense.
    :raises SystemExit: if a worker fails.
    """
    asked = configuration or Configuration(**settings)
    host, port = _address(asked.host, asked.port)
    settled = replace(asked, host=host, port=port)
    with TemporaryDirectory(prefix="iero-metrics-") as folder:
        if asked.metrics_port or asked.metrics_token:
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder  # before the library is loaded
        _watch(settled)


class _Watcher(MPServer):
    """Granian's watching process, which answers for the metrics too."""

    metrics_port = 0

    def startup(self, *arguments: Any) -> None:
        """Start the servers, and then what needs a thread: they are forked."""
        super().startup(*arguments)  # type: ignore[no-untyped-call]
        if self.metrics_port:
            from iero.server import metrics

            metrics.listen(self.metrics_port, os.getpid())


def _watch(settled: Configuration) -> None:
    server = _Watcher(
        "iero", address=settled.host, port=settled.port, interface=Interfaces.WSGI,
        workers=settled.workers, blocking_threads=settled.threads, websockets=False,
        http=HTTPModes.http1,
        log_level=LogLevels.error, workers_kill_timeout=STOP_SECONDS,
        http1_settings=HTTP1Settings(
            header_read_timeout=round(settled.header_timeout * 1000), max_buffer_size=HEADERS),
    )
    server.metrics_port = settled.metrics_port
    server.serve(target_loader=partial(_load, settled), wrap_loader=False)


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


def _load(configuration: Configuration) -> Flask:
    """Make the application, in a worker process."""
    for number in (signal.SIGINT, signal.SIGTERM):  # the watcher's handlers are of no use here
        signal.signal(number, signal.SIG_DFL)
    logs.configure(configuration.log_format, configuration.log_level)
    started = time.monotonic()
    try:
        app = application(configuration)
    except IeroError as error:
        sys.stderr.write(f"iero: {error}\n")
        raise SystemExit(error.exit_code) from error
    seconds = time.monotonic() - started
    threading.Thread(target=_announce, args=(configuration, seconds), daemon=True).start()
    return app


def application(configuration: Configuration) -> Flask:
    """Open the graph that the settings name, and make the application that serves it.

    :raises IeroError: if the graph cannot be opened.
    """
    changes, metrics = _changes(configuration), _metrics(configuration)
    return create_app(
        _graph(configuration, changes, metrics), base_path=configuration.base_path.rstrip("/"),
        release=_release(configuration), shipped=_is_shipped(configuration),
        trusted_proxies=configuration.proxies, public_url=configuration.public_url,
        body_limit=configuration.body_limit << 20, answer_limit=_limits(configuration).answer,
        writing=_writing(configuration, changes) if changes else None,
        admitted=Clients(configuration.rate, configuration.burst, configuration.client_jobs),
        metrics=metrics, metrics_token=configuration.metrics_token,
    )


def _is_shipped(configuration: Configuration) -> bool:
    return not (configuration.data or configuration.store or configuration.scratch)


def _changes(configuration: Configuration) -> Changes | None:
    """Take hold of the data that can be changed, if they can."""
    if not configuration.writable:
        return None
    from iero.changes import Changes

    limits = replace(_limits(configuration), seconds=configuration.write_timeout)
    if configuration.directory is None:
        changes = Changes.scratch(limits=limits)
    else:
        changes = Changes.open(configuration.directory, shapes=configuration.shapes or None,
                               limits=limits)
    if configuration.allow_service or configuration.allow_private:
        changes.fetch = partial(_fetch, configuration)
    return changes


def _fetch(configuration: Configuration, url: str) -> tuple[bytes, str]:
    """Fetch a document from an origin that is allowed."""
    from iero.egress import Allowed, fetch_rdf

    allowed = Allowed.of(configuration.allow_service, configuration.allow_private)
    data, found = fetch_rdf(url, allowed, seconds=configuration.write_timeout,
                            size=configuration.upload_limit << 20)
    return data, found.name


def _writing(configuration: Configuration, changes: Changes) -> Writing:
    from iero.server.writing import Writing
    from iero.tokens import TokenFile

    tokens = TokenFile(configuration.tokens) if configuration.tokens else None
    if tokens:
        tokens.tokens()
        if warning := tokens.exposure():
            sys.stderr.write(f"iero: {warning}\n")
    return Writing(changes, tokens, scratch=configuration.scratch,
                   upload_limit=configuration.upload_limit << 20)


def _metrics(configuration: Configuration) -> Metrics | None:
    if not (configuration.metrics_port or configuration.metrics_token):
        return None
    from iero.server.metrics import Metrics

    return Metrics(os.getppid())


def _observe(event: str, seconds: float, metrics: Metrics | None) -> None:
    """Tell the request and the metrics what happens to a query."""
    phase = {"waited": "wait", "ran": "query"}.get(event)
    if phase:
        telemetry.took(phase, seconds)
    if metrics is not None:
        metrics.observe(event, seconds)


def _limits(configuration: Configuration) -> Limits:
    return Limits(seconds=configuration.timeout, memory=configuration.memory_limit << 20,
                  waiting=configuration.waiting)


def _graph(
    configuration: Configuration, changes: Changes | None, metrics: Metrics | None
) -> KnowledgeGraph:
    limits = _limits(configuration)
    backend: Backend
    if configuration.store:
        backend = _store(configuration.store, configuration)
    else:
        pool = Pool(_source(configuration, changes), limits, configuration.jobs,
                    configuration.cache << 20)
        pool.observe = partial(_observe, metrics=metrics)
        backend = pool
    graph = KnowledgeGraph(_federated(backend, configuration))
    if configuration.store:
        graph.terms()  # a store that cuts off even these is of no use, and should say so now
    return graph


def _source(configuration: Configuration, changes: Changes | None) -> list[Path] | DataDirectory:
    if changes:
        return changes.directory
    if configuration.directory:
        return DataDirectory(configuration.directory)
    return [configuration.data or Path(str(resources.locate(RELEASE)))]


def _federated(backend: Backend, configuration: Configuration) -> Backend:
    """Let queries ask other endpoints, where some are allowed."""
    if not (configuration.allow_service or configuration.allow_private):
        return backend
    from iero.egress import Allowed
    from iero.federation import Federation

    allowed = Allowed.of(configuration.allow_service, configuration.allow_private)
    return Federation(backend, allowed, configuration.timeout)


def _store(url: str, configuration: Configuration) -> Endpoint:
    """Connect to a remote store, and say on standard error what of it is served."""
    from iero.remote import Endpoint, credentials, find_graphs

    limits = _limits(configuration)
    authorization = credentials(configuration.store_user, configuration.store_password,
                                configuration.store_token)
    endpoint = Endpoint(url, limits.seconds, size=limits.answer, connections=configuration.jobs,
                        waiting=limits.waiting, authorization=authorization)
    endpoint.graphs, said = find_graphs(endpoint, configuration.store_graph)
    sys.stderr.write(f"IERO serves the store at {url}. {said}\n")
    if endpoint.cuts_silently:
        sys.stderr.write("This is Virtuoso, whose property paths lose rows in some queries: "
                         "see docs/stores.md, Where stores deviate.\n")
    return endpoint


def _release(configuration: Configuration) -> str:
    """Identify the data and the code by version and content; a remote graph may change any time.

    The data of a directory have a version of their own, which comes beside this one.
    """
    if configuration.store:
        return ""
    if configuration.directory or configuration.scratch:
        return iero.__version__
    data = configuration.data.read_bytes() if configuration.data else resources.read(RELEASE)
    return f"{iero.__version__}-{sha256(data).hexdigest()[:16]}"


def _announce(configuration: Configuration, seconds: float) -> None:
    """Say on standard error that the service is ready, once it accepts connections."""
    host, port = configuration.host, configuration.port
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    while True:
        try:
            socket.create_connection((reachable, port), timeout=1).close()
        except OSError:
            time.sleep(0.005)
        else:
            break
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    address = f"http://{authority}{configuration.base_path.rstrip('/')}/"
    sys.stderr.write(f"IERO {iero.__version__} is ready at {address} (loaded in {seconds:.2f} s)\n")
    sys.stderr.flush()
