"""A service of IERO as one object: the same questions as on the spot, over HTTP.

::

    with iero.Client("http://127.0.0.1:8000") as client:
        client.ask("ASK { iero:Venting rdfs:subClassOf iero:EmotionRegulation }")
        client.run("strategies-that-maintain-a-disorder", disorder="PanicDisorder").to_pandas()
        client.tag("Excessive reassurance seeking predicted depression.")

:mod:`~iero.client.client` is the object; :mod:`~iero.client.transport` sends each request, tries
again where that makes sense, makes sure that the answer is whole, and raises what the service
names; :mod:`~iero.client.results` is what comes back.
"""

from __future__ import annotations

from iero.client.client import Client
from iero.client.results import (
    Change,
    Found,
    GraphDocument,
    Question,
    Rows,
    TaggedRecord,
    Tags,
)
from iero.client.transport import Patience

__all__ = ["Change", "Client", "Found", "GraphDocument", "Patience", "Question", "Rows",
           "TaggedRecord", "Tags"]
