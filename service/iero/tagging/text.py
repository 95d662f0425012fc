"""Fold a text to plain ASCII without losing where each character came from.

Forms and texts are folded alike, so that they meet: letters lose their accents, ligatures fall apart,
every hyphen, dash, quotation mark and space becomes one space, tags and soft hyphens vanish, entities are
read, words that a line break cut are joined. A text that needs none of this, which is the rule, costs a
table look-up per character in C; the others keep a list of their few edits.

>>> folded = fold("The &lt;i&gt;co-regu-\\nlation&lt;/i&gt; of a\\u00a0dyad")
>>> folded.low
' the co regulation of a dyad '
>>> start = folded.low.index("co regulation")
>>> folded.place(start, start + len("co regulation"))
(13, 28)
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from functools import lru_cache
from html import unescape
from typing import Final

__all__ = ["Folded", "fold", "fold_form"]

UNKNOWN: Final = "\x01"
"""Stands for a letter that has no likeness in ASCII: part of a word, but of no form."""

_WORD: Final = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" + UNKNOWN)
_TABLE: Final = {code: "." if chr(code) in ".!?;" else " "
                 for code in range(128) if chr(code) not in _WORD}
_LETTERS: Final = {"ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O",
                   "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "þ": "th", "ı": "i"}
_TROUBLE: Final = ("  ", "\n\n", "\n ", " \n", "-\n", "\t", "\r")
_TAG: Final = (r"/?[A-Za-z][\w:.-]*(?:\s+[\w:.-]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'"
               r"|&quot;[^\"<>&]*&quot;))*\s*/?")
_MARKUP: Final = re.compile(rf"<{_TAG}>|<!--.*?-->|&(?:amp;)?lt;{_TAG}&(?:amp;)?gt;"
                            r"|&(?:amp;)?(?:\#\d{1,7}|\#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]\w{1,31});",
                            re.ASCII | re.DOTALL)
_MARK: Final = r"[^\x00-\x7f]"
_NON_ASCII: Final = re.compile(_MARK)
_EDIT: Final = re.compile(
    rf"(?P<markup>{_MARKUP.pattern})|(?P<broken>(?<=[^\W\d_])[-\u00ad][ \t]*\r?\n\s*(?=[a-z]))"
    rf"|(?P<blank>\s\s+)|(?P<letters>\w?{_MARK}+)", re.DOTALL)
_BLOCKS: Final = re.compile(r"/?(?:\w+:)?(?:p|br|div|li|ul|ol|td|tr|th|table|title|sec|label|h\d"
                            r"|abstracttext|abstract|disp-formula)\b", re.IGNORECASE)


class Folded:
    """A folded text and the way back.

    :ivar source: the given text.
    :ivar kept: its folded form with the case kept; a space stands at each end, a full stop for
        every mark that ends a clause, a space for all else that is no letter or digit.
    :ivar low: ``kept`` in lower case.
    :ivar broken: whether a line break may have cut a word, or a hyphenated word, in two.
    """

    __slots__ = ("_ends", "_marks", "_starts", "broken", "kept", "low", "source")

    def __init__(self, source: str, plain: str) -> None:
        self.source = source
        self.kept = f" {plain.translate(_TABLE)} "
        self.low = self.kept.lower()
        self.broken = False
        self._marks: list[int] = []

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Return the place in the source of a span of the folded text, which must not be empty."""
        if not self._marks:
            return start - 1, end - 1
        at = bisect_right(self._marks, start - 1) - 1
        first = self._starts[at] + (start - 1 - self._marks[at] if self._ends[at] < 0 else 0)
        at = bisect_right(self._marks, end - 2) - 1
        last = self._ends[at]
        return first, last if last >= 0 else self._starts[at] + end - 1 - self._marks[at]

    def follow(self, marks: list[int], starts: list[int], ends: list[int]) -> Folded:
        """Take over where the pieces of the folded text came from.

        :param marks: where each piece begins in the folded text.
        :param starts: where it begins in the source.
        :param ends: where it ends in the source if it was edited; -1 if it stands as it was.
        """
        self._marks, self._starts, self._ends = marks, starts, ends
        return self


def fold(text: str, *, join: bool = True) -> Folded:
    """Fold a text.

    :param join: take a hyphen at the end of a line as a cut within a word; otherwise as the hyphen
        of a hyphenated word.
    """
    plain = text if text.isascii() else _NON_ASCII.sub(_single, text)
    if not plain.isascii() or any(trouble in plain for trouble in _TROUBLE) or (
            ("<" in plain or "&" in plain) and _MARKUP.search(plain)):
        return _edited(text, plain, join)
    return Folded(text, plain)


def fold_form(form: str) -> str:
    """Return the folded form of a name, as it is looked for.

    >>> fold_form("obsessive–compulsive disorder"), fold_form("Marroquín's model")
    ('obsessive compulsive disorder', 'marroquin s model')
    """
    return fold(form).low.strip(" .")


def _edited(text: str, plain: str, join: bool) -> Folded:
    pieces: list[str] = []
    marks, starts, ends = [], [], []
    done = length = 0
    broken = False

    def add(piece: str, start: int, end: int) -> None:
        nonlocal length
        pieces.append(piece)
        marks.append(length)
        starts.append(start)
        ends.append(end)
        length += len(piece)

    for edit in _EDIT.finditer(plain):
        new = _edit(edit, join)
        if new == edit[0]:
            continue
        broken = broken or edit.lastgroup == "broken"
        if edit.start() > done:
            add(plain[done:edit.start()], done, -1)
        add(new, *edit.span())
        done = edit.end()
    add(plain[done:], done, -1)
    folded = Folded(text, "".join(pieces)).follow(marks, starts, ends)
    folded.broken = broken
    return folded


def _edit(edit: re.Match[str], join: bool) -> str:
    found = edit[0]
    if edit.lastgroup == "broken":
        return "-" if found[0] == "-" and not join else ""
    if edit.lastgroup == "blank":
        return "  " if found.count("\n") > 1 else " "
    if edit.lastgroup == "markup":
        return _markup(found)
    return "".join(map(_ascii, found))


def _markup(found: str) -> str:
    tag = found.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")
    if tag.startswith("<") and len(tag) > 1:
        return " " if _BLOCKS.match(tag, 1) else ""
    return "".join(map(_ascii, unescape(found.replace("&amp;", "&"))))


def _single(found: re.Match[str]) -> str:
    new = _ascii(found[0])
    return new if len(new) == 1 else found[0]


@lru_cache(maxsize=4096)
def _ascii(character: str) -> str:
    """Return what a character is taken for; nothing for those that cannot be seen."""
    kind = unicodedata.category(character)
    if character.isascii():
        return character
    if kind == "Pd" or character in "\u2212\u02d7":
        return "-"
    if kind in ("Zs", "Zl", "Zp") or character == "\x85":
        return " "
    if kind in ("Cf", "Mn", "Me", "Mc"):
        return ""
    if kind[0] == "L" or kind == "Nd":
        return _letters(character)
    return "'" if character in "‘’‛′" else " "


def _letters(character: str) -> str:
    if character in _LETTERS:
        return _LETTERS[character]
    if character.isdigit():
        return str(unicodedata.digit(character))
    if character in "ʼʹʻ׳":
        return "'"
    apart = unicodedata.normalize("NFKD", character)
    base = "".join(each for each in apart if not unicodedata.combining(each))
    return base if base.isascii() and base.isalnum() else UNKNOWN
