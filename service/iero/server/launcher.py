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
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

import iero
from iero.configuration import Configuration
from iero.errors import BadParameter, IeroError
from iero.server import logs
from iero.server.opening import application

if TYPE_CHECKING:
    from flask import Flask


STOP_SECONDS: Final = 5
"""How long running requests may take to finish when the service is stopped."""

HEADERS: Final = 1 << 16
"""Bytes that the line and the headers of a request may have."""


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
