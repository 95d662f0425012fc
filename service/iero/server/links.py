"""Every URL that the service writes comes from Flask's ``url_for``, which knows the base path."""

from __future__ import annotations

from typing import Any

from flask import request, url_for

from iero.errors import BadParameter
from iero.vocabulary import IERO, ONTOLOGY, is_own


def page(iri: str) -> str:
    """Return where to read about a resource: this service's page, else the resource's own address.

    What is neither one of our names nor a web address (``urn:``, ``javascript:``) has no link.
    """
    if iri == ONTOLOGY:
        return url_for("terms.ontology")
    if is_own(iri):
        return term(iri)
    return iri if iri.startswith(("https://", "http://")) else ""


def term(iri: str, suffix: str = "") -> str:
    """Return this service's page about anything, or its RDF with a suffix such as ``ttl``."""
    if is_own(iri):
        name = iri.removeprefix(IERO)
        return url_for("terms.term", name=f"{name}.{suffix}" if suffix else name)
    return url_for("terms.work", iri=iri, format=suffix or None)


def site(path: str) -> str:
    """Return an address of this service in full, as the client that asks would write it.

    :raises BadParameter: if the client does not say which host it asks, or what it says is none.
    """
    if not request.host:
        raise BadParameter("The Host header names no host.", hint="Write it like kg.example:8000.")
    return request.host_url.rstrip("/") + path


def absolute(endpoint: str, **values: Any) -> str:
    """Return the address of an endpoint in full, as the client that asks would write it.

    :raises BadParameter: if the client does not say which host it asks, or what it says is none.
    """
    return site(url_for(endpoint, **values))
