"""How each database writes phrases, truncation, fields, proximity and operators.

What is said here stands in the vendors' own help:

* PubMed: https://pubmed.ncbi.nlm.nih.gov/help/ (search field tags after the term; double quotes for
  a phrase; ``*`` after at least four characters, at the end of a phrase; operators in capitals) and
  https://www.nlm.nih.gov/pubs/techbull/nd22/nd22_pubmed_proximity_search_available.html
  (``"search terms"[field:~N]``: at most N words between, in any order, without truncation).
* Ovid: https://site.ovid.com/site/help/documentation/osp/en/Content/syntax.htm (``term.xy,yz.``
  searches fields by their short codes; ``adj`` finds words side by side and in order, ``adjN`` in
  any order with at most N - 1 words between; ``*`` or ``$`` for unlimited truncation; quotation
  marks around a phrase that holds a function word or an operator).
* MEDLINE's subject headings (MeSH): in PubMed ``"Panic Disorder"[mh]`` finds the heading and all
  narrower ones, ``[mh:noexp]`` itself alone; in Ovid it is ``exp Panic Disorder/`` and
  ``Panic Disorder/`` (the same pages of help). PsycInfo and Embase have other headings.
* Scopus: https://schema.elsevier.com/dtds/document/bkapi/search/SCOPUSSearchTips.htm and
  https://blog.scopus.com/posts/6-simple-search-tips-lessons-learned-from-the-scopus-webinar
  (double quotes find a loose phrase, with plurals; hyphens count as spaces; American finds British;
  ``W/n`` for at most n words between).
* Web of Science: https://webofscience.help.clarivate.com/Content/search-rules.htm (``TS=`` is
  title, abstract and keywords; quotation marks turn lemmatisation off, so that plurals and other
  spellings must be asked for; ``*`` after at least three characters; ``NEAR/x`` for at most x words
  between; 49 operators in a query).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from iero.errors import BadParameter

__all__ = ["DATABASES", "Dialect", "named"]


@dataclass(frozen=True)
class Dialect:
    """What tells the search language of one database from another.

    :ivar title: its name, for people.
    :ivar before, after: what stands around the whole string.
    :ivar least: characters that must stand before ``*``; 0 where plurals and spellings are found
        without.
    :ivar proximity: the operator between words with at most {n} others between, in any order; {m}
        is one more. One that begins with a bracket is the field of a phrase instead.
    :ivar field: what stands after each term.
    :ivar joint: the operator between the words of a phrase without function words; or none.
    :ivar either, both: the operators.
    :ivar most: operators that a query may have; 0 for no limit that is documented.
    :ivar heading: how MEDLINE's subject headings are written, with all that are narrower;
        ``heading_alone`` without; empty where there are others.
    """

    name: str
    title: str
    before: str
    after: str
    least: int
    proximity: str
    field: str = ""
    joint: str = ""
    either: str = "OR"
    both: str = "AND"
    most: int = 0
    heading: str = ""
    heading_alone: str = ""

    def headed(self, heading: str, *, narrower: bool) -> str:
        """Write a subject heading of MEDLINE.

        >>> named("medline").headed("Panic Disorder", narrower=True)
        'exp Panic Disorder/'

        :param narrower: whether to find narrower headings too.
        """
        return (self.heading if narrower else self.heading_alone).format(heading)

    def word(self, word: str) -> str:
        """Write a single word."""
        return word + self.field

    def phrase(self, words: Sequence[str], *, literal: bool) -> str:
        """Write words that stand side by side, in this order; the last may end in ``*``.

        :param literal: whether there are function words among them.
        """
        if self.joint and not literal:
            return f"({f' {self.joint} '.join(words)})"
        return f'"{" ".join(words)}"{self.field}'

    def near(self, words: Sequence[str], distance: int) -> str:
        """Write words that stand near one another, in any order."""
        operator = self.proximity.format(n=distance, m=distance + 1)
        if operator.startswith("["):
            return f'"{" ".join(words)}"{operator}'
        return f"({f' {operator} '.join(words)})"

    def may_cut(self, words: Sequence[str], *, literal: bool, near: bool) -> bool:
        """Say whether the last word of a phrase may end in ``*``."""
        as_field = near and self.proximity.startswith("[")
        as_text = literal and bool(self.joint)
        return 0 < self.least <= len(words[-1]) and not as_field and not as_text

    def with_context(self, clauses: Sequence[str], words: Iterable[str]) -> str:
        """Write doubtful names of which one must stand beside one of some words."""
        joint = f" {self.either} "
        names = clauses[0] if len(clauses) == 1 else f"({joint.join(clauses)})"
        return f"({names} {self.both} ({joint.join(self.word(word + '*') for word in words)}))"


_ALL: Final = (
    Dialect("pubmed", "PubMed", "(", ")", 4, "[tiab:~{n}]", "[tiab]",
            heading='"{}"[mh]', heading_alone='"{}"[mh:noexp]'),
    Dialect("medline", "Ovid MEDLINE", "(", ").ti,ab.", 3, "adj{m}", joint="adj", either="or",
            both="and", heading="exp {}/", heading_alone="{}/"),
    Dialect("ovid", "Ovid (APA PsycInfo, Embase)", "(", ").ti,ab.", 3, "adj{m}", joint="adj",
            either="or", both="and"),
    Dialect("scopus", "Scopus", "TITLE-ABS-KEY(", ")", 0, "W/{n}"),
    Dialect("wos", "Web of Science", "TS=(", ")", 3, "NEAR/{n}", most=49),
)
DATABASES: Final = {dialect.name: dialect.title for dialect in _ALL}
"""The databases by the name under which they are asked for, with their names for people."""

_ALIASES: Final = {"psycinfo": "ovid", "embase": "ovid",
                   "web-of-science": "wos", "webofscience": "wos"}


def named(name: str) -> Dialect:
    """Return the dialect of a database.

    >>> named("PsycInfo").name
    'ovid'

    :raises BadParameter: if there is none of that name.
    """
    wanted = name.strip().lower()
    for dialect in _ALL:
        if dialect.name == _ALIASES.get(wanted, wanted):
            return dialect
    raise BadParameter(f"There are no search strings for {name!r}.", parameter="for",
                       hint="Databases: " + ", ".join([*DATABASES, *_ALIASES]) + ".")
