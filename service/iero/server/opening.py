"""From settings to the application: the graph that they name, opened, with what guards it."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

import iero
from iero import resources
from iero.configuration import Configuration
from iero.directory import DataDirectory
from iero.errors import IeroError
from iero.graph import Backend, KnowledgeGraph
from iero.pool import Limits, Pool
from iero.server import telemetry
from iero.server.app import create_app
from iero.server.clients import Clients

if TYPE_CHECKING:
    from flask import Flask

    from iero.changes import Changes
    from iero.remote import Endpoint
    from iero.server.metrics import Metrics
    from iero.server.writing import Writing

__all__ = ["application", "open_changes"]

RELEASE: Final = "ontology/release/iero-kg.nq"


def application(configuration: Configuration) -> Flask:
    """Open the graph that the settings name, and make the application that serves it.

    :raises IeroError: if the graph cannot be opened.
    """
    changes, metrics = open_changes(configuration), _metrics(configuration)
    graph = _graph(configuration, changes, metrics)
    if configuration.directory:  # a second's work, during which others could keep it from its end
        _warm(graph)
    else:
        threading.Thread(target=_warm, args=(graph,), daemon=True).start()
    return create_app(
        graph, base_path=configuration.base_path.rstrip("/"),
        release=_release(configuration), shipped=_is_shipped(configuration),
        trusted_proxies=configuration.proxies, public_url=configuration.public_url,
        body_limit=configuration.body_limit << 20, answer_limit=_limits(configuration).answer,
        writing=_writing(configuration, changes) if changes else None,
        admitted=Clients(configuration.rate, configuration.burst, configuration.client_jobs),
        metrics=metrics, metrics_token=configuration.metrics_token,
    )


def _warm(graph: KnowledgeGraph) -> None:
    """Work out the names of things before somebody asks for one, and has to wait for it."""
    with suppress(IeroError):  # whoever asks then is told
        graph.suggest("")


def _is_shipped(configuration: Configuration) -> bool:
    return not (configuration.data or configuration.store or configuration.scratch)


def open_changes(configuration: Configuration) -> Changes | None:
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
