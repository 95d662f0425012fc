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
        return url_for("terms.term", name=iri.removeprefix(IERO))
    return iri if iri.startswith(("https://", "http://")) else ""


def absolute(endpoint: str, **values: Any) -> str:
    """Return an absolute URL as the client that asks would write it.

    :raises BadParameter: if the client does not say which host it asks, or what it says is none.
    """
    if not request.host:
        raise BadParameter("The Host header names no host.", hint="Write it like kg.example:8000.")
    return request.host_url.rstrip("/") + url_for(endpoint, **values)
