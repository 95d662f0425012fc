"""Mappings to other vocabularies, read from SSSOM/TSV (https://w3id.org/sssom/)."""

from __future__ import annotations

import csv
import re
from typing import Final

from iero.build.faults import Fault, refuse
from iero.rdf import Triple
from iero.vocabulary import PREFIXES

_CURIE_MAP_LINE: Final = re.compile(r"^#\s+([\w.-]+):\s*\"?([^\"\s]+)\"?\s*$")
_COLUMNS: Final = ("subject_id", "predicate_id", "object_id")


def read_mappings(data: bytes, name: str) -> list[Triple]:
    r"""Return ``subject predicate object`` of each row, expanded by the file's own prefixes.

    >>> table = b'#curie_map:\n#  x: "http://x/"\nsubject_id\tpredicate_id\tobject_id\n'
    >>> read_mappings(table + b'x:a\tskos:exactMatch\tx:b\n', "m.tsv")[0].line()
    '<http://x/a> <http://www.w3.org/2004/02/skos/core#exactMatch> <http://x/b> .'

    :raises OntologyError: for a missing column or an unknown prefix, with file and line.
    """
    lines = data.decode("utf-8").splitlines()
    head = next((n for n, line in enumerate(lines) if not line.startswith("#")), len(lines))
    prefixes = PREFIXES | _curie_map(lines[:head])
    rows = csv.DictReader(lines[head:], delimiter="\t")
    missing = [column for column in _COLUMNS if column not in (rows.fieldnames or ())]
    refuse(Fault(name, head + 1, column, "The table lacks this column.") for column in missing)
    triples, faults = [], []
    for number, row in enumerate(rows, start=head + 2):
        unknown = [row[c] for c in _COLUMNS if (row[c] or "").partition(":")[0] not in prefixes]
        faults += [Fault(name, number, str(text), "Its prefix is not in the curie_map.")
                   for text in unknown]
        if not unknown:
            triples.append(Triple(*(_expand(row[column], prefixes) for column in _COLUMNS)))
    refuse(faults)
    return triples


def _curie_map(header: list[str]) -> dict[str, str]:
    """Read the block below ``#curie_map:``; it ends at the first line that is not indented."""
    found, inside = {}, False
    for line in header:
        entry = _CURIE_MAP_LINE.match(line)
        if inside and entry:
            found[entry[1]] = entry[2]
        else:
            inside = line.replace(" ", "") == "#curie_map:"
    return found


def _expand(curie: str, prefixes: dict[str, str]) -> str:
    prefix, _, local = curie.partition(":")
    return f"<{prefixes[prefix]}{local}>"
