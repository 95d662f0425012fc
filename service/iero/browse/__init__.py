"""What pages read from the graph: the hierarchy, claims, comparisons, maps of evidence, history.

Each reader asks the graph one or two queries of ``queries/service/``, all of them SPARQL 1.1, and
returns plain values; nothing here knows of HTTP or HTML.
"""
