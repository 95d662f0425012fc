"""The command that writes search strings: ``iero search-string``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

__all__ = ["search_string"]


@click.command("search-string", short_help="Write a search string for PubMed, Ovid, Scopus or WoS.")
@click.argument("concept")
@click.option("--for", "database", default="pubmed", show_default=True, metavar="DATABASE",
              help="pubmed, medline (of Ovid), ovid (also psycinfo), scopus or wos.")
@click.option("--width", default=80, show_default=True, type=click.IntRange(0),
              help="Wrap lines at so many characters; 0 writes one line.")
@click.option("--near", type=click.IntRange(0, 100), metavar="N",
              help="Let at most N words stand between those of a name, in any order.")
@click.option("--narrower/--no-narrower", default=True, show_default=True,
              help="Search for narrower concepts too.")
@click.option("--related/--no-related", default=True, show_default=True,
              help="Use related synonyms.")
@click.option("--abbreviations/--no-abbreviations", default=True, show_default=True,
              help="Use abbreviations.")
@click.option("--doubtful/--no-doubtful", default=True, show_default=True,
              help="Use ambiguous abbreviations and ordinary words, beside words of the concept.")
@click.option("--wordings", is_flag=True, help='Add wordings such as "regulation of emotion".')
@click.option("--headings/--no-headings", default=True, show_default=True,
              help="Add the MeSH headings of PubMed and MEDLINE that mean the same.")
@click.option("--data", type=click.Path(path_type=Path), metavar="FILE",
              help="Use the names in this RDF file instead of the shipped graph.")
def search_string(concept: str, database: str, width: int, data: Path | None, **options: Any
                  ) -> None:
    """Write a Boolean search string for a bibliographic database, from the names of a concept.

    What a reader should know (ambiguous names, names left out, limits) goes to standard error.

    \b
    Examples:
      iero search-string InterpersonalEmotionRegulation --for pubmed
      iero search-string "reassurance seeking" --for psycinfo --near 2
      iero search-string SocialAnxietyDisorder --for wos --width 0 | xclip
    """
    from iero.graph import KnowledgeGraph
    from iero.search_strings import search_string as write

    made = write(KnowledgeGraph.open(data), concept, database, width=width or None, **options)
    click.echo(made.text)
    for note in made.notes:
        click.echo(f"Note: {note}", err=True)
