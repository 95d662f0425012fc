"""Any SPARQL 1.1 store by its URL: the same questions, the same answers, over HTTP.

:class:`Endpoint` asks a store and hands on whole answers only; ``dialect`` knows where stores leave
the standard, so that a cut or misspelt answer is an error or is mended, never passed on;
``dataset`` finds out which graphs of a store are meant.
"""

from iero.remote.dataset import find_graphs
from iero.remote.endpoint import Endpoint, Sender, credentials

__all__ = ["Endpoint", "Sender", "credentials", "find_graphs"]
