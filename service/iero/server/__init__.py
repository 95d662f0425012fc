"""The HTTP service: SPARQL, term pages, the questions, search.

::

    app          the factory: blueprints, limits, headers, base path
    |-- about    home page, /health, /version, /.well-known/void
    |-- sparql   SPARQL 1.1 Protocol, service description, query page
    |-- update   SPARQL 1.1 Update
    |-- graph_store  SPARQL 1.1 Graph Store HTTP Protocol
    |-- queries  the catalogue of questions, and running them
    |-- terms    term pages and documents, the ontology document
    |-- search   full text
    |-- tag      mentions in texts, records and uploaded files
    |-- search_strings  search strings for bibliographic databases
    `-- openapi  /openapi.json, put together from a file for each blueprint
    writing      what all writes have in common: tokens, conditions, answers
    audit        the log of writes
    uploads      bodies that are to be written
    records      what a request to the tagger brings
    answers      an Answer becomes a complete response, or an error
    negotiation  what a request says: parameters, body, wanted representation
    links        every URL that the service writes
    description  the service and its data set in RDF
    preview      what a page shows of an answer
    mounted      the base path and the public address
    errors       every failure becomes one body, for programs or for people
    telemetry    identifier, times and log line of each request; logs: how the log looks
    compression  long answers packed
    clients      how much each client may ask
    metrics      /metrics for Prometheus; processes: those of the service
    opening      the app that the settings ask for
    launcher     the same app on granian
"""

from iero.server.app import create_app
from iero.server.launcher import serve

__all__ = ["create_app", "serve"]
