"""Which graphs of a store are served: those of IERO, or those that the operator names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from iero import resources
from iero.errors import NotFound, Refused, TooLarge
from iero.remote.endpoint import Endpoint
from iero.results import Answer

MOST: Final = 500
"""Graphs that can be named with each query."""


def find_graphs(endpoint: Endpoint, wanted: Sequence[str] = ()) -> tuple[tuple[str, ...], str]:
    """Find out which graphs to name with each query, and say why.

    A store's default graph may be the union of all its graphs, or empty; beside IERO's graphs it
    may hold others, such as its own settings. Only where the default graph is the union and there
    are no others is none named: then a graph that is added later is asked too.

    A store that does not keep to the graphs that a query names is marked as such.

    :param wanted: graphs that the operator names; they are taken as they are.
    :return: the graphs, and a sentence for the operator.
    :raises NotFound: if there is nothing to serve.
    :raises TooLarge: if there are too many graphs to name.
    :raises Refused: if graphs are to be named, and the store does not keep to them.
    """
    endpoint.ignores_datasets = False  # so that it is asked
    endpoint.ignores_datasets = _ask(endpoint, "store-ignores-datasets").truth
    graphs, said = _graphs(endpoint, wanted)
    if endpoint.ignores_datasets and graphs:
        raise Refused(f"The store at {endpoint.url} answers from all its graphs, whatever graphs a "
                      "query names, and holds others than those to be served.", operation="FROM",
                      hint="Start Oxigraph without --union-default-graph.")
    return graphs, said + (" It does not keep to FROM: queries with FROM are refused."
                           if endpoint.ignores_datasets else "")


def _graphs(endpoint: Endpoint, wanted: Sequence[str]) -> tuple[tuple[str, ...], str]:
    if wanted:
        return tuple(wanted), f"It is asked about the {len(wanted)} graphs that were named."
    ours = tuple(str(row["graph"]) for row in _ask(endpoint, "store-graphs").rows())
    if not ours and not _ask(endpoint, "store-anything").truth:
        raise NotFound(f"The store at {endpoint.url} holds nothing.", nearest=[],
                       hint="Load ontology/release/iero-kg.nq into it, see docs/stores.md.")
    if not ours:
        return (), ("It holds no graph of IERO; its default graph is asked. "
                    "--store-graph names others.")
    if not _ask(endpoint, "store-without-union").truth \
            and not _ask(endpoint, "store-other-graphs").truth:
        return (), f"Its default graph is the union of its {len(ours)} graphs."
    if len(ours) > MOST:
        raise TooLarge(f"The store holds {len(ours):,} graphs of IERO, and beside them others, or "
                       "its default graph is not their union.", limit=MOST,
                       hint="Serve the union: a store of its own, with the union of all graphs "
                            "as its default graph.")
    return ours, f"It is asked about its {len(ours)} graphs of IERO, which each query names."


def _ask(endpoint: Endpoint, name: str) -> Answer:
    return endpoint.query(resources.read(f"queries/service/{name}.rq").decode())
