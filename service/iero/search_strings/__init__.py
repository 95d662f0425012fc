"""Boolean search strings for bibliographic databases, built from the names of a concept.

>>> from iero import KnowledgeGraph
>>> from iero.search_strings import search_string
>>> made = search_string(KnowledgeGraph.open(), "PanicDisorder", "pubmed", narrower=False,
...                      abbreviations=False)
>>> print(made.text)
("panic disorder*"[tiab] OR "Panic Disorder"[mh:noexp])

:mod:`~iero.search_strings.names` gathers the names of a concept and of what is narrower, in every
spelling and number; :mod:`~iero.search_strings.dialects` writes them as one database reads them;
:mod:`~iero.search_strings.compose` joins both and says what a reader should know.
"""

from __future__ import annotations

from iero.search_strings.compose import SearchString, search_string
from iero.search_strings.dialects import DATABASES

__all__ = ["DATABASES", "SearchString", "search_string"]
