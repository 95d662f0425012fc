"""``/metrics``: what the service does, for Prometheus (text format 0.0.4).

Several server processes count into files of one folder, so that whoever is asked answers for all.
Nobody can read this by accident: the route needs a token, and the port of its own listens at
loopback only.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    start_http_server,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from iero.errors import BadParameter, Unauthorized
from iero.server.processes import tree

if TYPE_CHECKING:
    from iero.graph import KnowledgeGraph

FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
"""The variable by which the library knows the folder; set it before this module is loaded."""

_SECONDS: Final = (.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The counts of one service.

    :param root: the process that was started, of whose children memory is told.
    """

    def __init__(self, root: int) -> None:
        self._root = root
        self._own = CollectorRegistry()
        registry = self._own
        self.requests = Counter("iero_http_requests", "Requests answered.",
                                ["route", "method", "status"], registry=registry)
        self.seconds = Histogram(
            "iero_http_request_duration_seconds", "From the request to the end of its answer.",
            ["route", "method"], buckets=_SECONDS, registry=registry)
        self.limits = Counter("iero_limits_reached", "Requests that ended at a limit.", ["reason"],
                              registry=registry)
        self.in_flight = Gauge("iero_queries_in_flight", "Queries that are being evaluated.",
                               multiprocess_mode="livesum", registry=registry)
        self.queries = Histogram("iero_query_duration_seconds", "Time that queries had a worker.",
                                 buckets=_SECONDS, registry=registry)
        self.waits = Histogram("iero_query_wait_seconds", "Time that queries waited for a worker.",
                               buckets=_SECONDS, registry=registry)
        self.cache = Counter("iero_answer_cache", "Looks for an answer at hand.", ["outcome"],
                             registry=registry)
        self.triples = Gauge("iero_graph_triples", "Triples of each named graph.", ["graph"],
                             multiprocess_mode="mostrecent", registry=registry)
        self.build = Gauge("iero_build_info", "Versions of what answers; always 1.",
                           ["iero", "ontology", "release", "pyoxigraph", "python"],
                           multiprocess_mode="max", registry=registry)

    def answered(self, route: str, method: str, status: int, seconds: float, reason: str) -> None:
        """Count a request.

        :param route: as it is declared, such as ``/term/<path:name>``; never what a client wrote.
        :param reason: the limit at which it ended, if it did.
        """
        method = method if method in _METHODS else "other"
        self.requests.labels(route or "none", method, str(status)).inc()
        self.seconds.labels(route or "none", method).observe(seconds)
        if reason:
            self.limits.labels(reason).inc()

    def observe(self, event: str, seconds: float) -> None:
        """Count what a pool of workers reports; see :class:`iero.pool.Pool`."""
        if event == "waited":
            self.waits.observe(seconds)
            self.in_flight.inc()
        elif event == "ran":
            self.queries.observe(seconds)
            self.in_flight.dec()
        else:
            self.cache.labels(event).inc()

    def describe(self, graph: KnowledgeGraph, versions: dict[str, str]) -> None:
        """Say what is served, by which versions."""
        self.build.labels(**versions).set(1)
        for name, size in graph.sizes().items():
            self.triples.labels(name).set(size)

    def expose(self) -> bytes:
        """Return all in the text format of Prometheus."""
        return generate_latest(everything(self._root, self._own))


_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")


def everything(root: int, own: CollectorRegistry | None = None) -> CollectorRegistry:
    """Return what is to be shown: the counts of all processes, and the memory below a root.

    :param own: the counts of this process, where it is the only one.
    """
    shown = CollectorRegistry()
    if folder := os.environ.get(FOLDER):
        MultiProcessCollector(shown, folder)  # type: ignore[no-untyped-call]
    elif own is not None:
        shown.register(own)
    shown.register(_Memory(root))
    return shown


class _Memory(Collector):
    """Memory and number of processes, looked up when somebody asks."""

    def __init__(self, root: int) -> None:
        self._root = root

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Yield the two gauges."""
        found = tree(self._root)
        roles = dict.fromkeys(process.role for process in found)
        memory = GaugeMetricFamily("iero_memory_bytes", "Memory of the processes by what they do.",
                                   labels=["role"])
        count = GaugeMetricFamily("iero_processes", "Processes by what they do.", labels=["role"])
        for role in roles:
            own = [process.memory for process in found if process.role == role]
            memory.add_metric([role], sum(own))
            count.add_metric([role], len(own))
        return memory, count


def listen(port: int, root: int) -> None:
    """Answer ``/metrics`` at a port of its own, at loopback, in a thread.

    :raises BadParameter: if the port is taken.
    """
    try:
        start_http_server(port, "127.0.0.1", everything(root))
    except OSError as error:
        raise BadParameter(f"Cannot listen at 127.0.0.1, port {port}: {error}.",
                           hint="Choose another --metrics-port.") from error


class _View:
    """The view of ``/metrics``."""

    def __init__(self, metrics: Metrics, token: str, describe: Callable[[], None]) -> None:
        self._metrics, self._token, self._describe = metrics, token, describe

    def metrics(self) -> Response:
        """Show the metrics to whoever has the token."""
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        same = hmac.compare_digest(given.strip().encode("utf-8", "replace"), self._token.encode())
        if scheme.lower() != "bearer" or not same:
            raise Unauthorized("The metrics are not public.",
                               hint="Send Authorization: Bearer and the metrics-token.")
        self._describe()
        response = Response(self._metrics.expose(), content_type=CONTENT_TYPE_LATEST)
        response.headers["Cache-Control"] = "no-store"
        return response


def blueprint(metrics: Metrics, token: str, describe: Callable[[], None]) -> Blueprint:
    """Return the route of the metrics.

    :param token: what opens it.
    :param describe: called before, to bring up to date what is not counted as it happens.
    """
    made = Blueprint("metrics", __name__)
    made.add_url_rule("/metrics", view_func=_View(metrics, token, describe).metrics)
    return made
