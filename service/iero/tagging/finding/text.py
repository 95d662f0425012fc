r"""Fold a text to plain ASCII without losing where each character came from.

Forms and texts are folded alike, so that they meet: letters lose their accents, ligatures fall
apart, every hyphen, dash, quotation mark and space becomes one space, tags and soft hyphens vanish,
entities are read, words that a line break cut are joined. A text that needs none of this, which is
the rule, costs a table look-up per character in C; the others keep a list of their few edits.

>>> folded = fold("The &lt;i&gt;co-regu-\nlation&lt;/i&gt; of a\u00a0dyad")
>>> folded.low
b' the co regulation of a dyad  '
>>> start = folded.low.index(b"co regulation")
>>> folded.place(start, start + len("co regulation"))
(13, 28)
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from html import unescape
from string import ascii_letters, digits
from typing import Final

from iero.tagging.finding.matcher import Matcher

__all__ = ["Folded", "fold", "fold_form"]

UNKNOWN: Final = "\x7f"
"""Stands for a letter that has no likeness in ASCII: part of a word, but of no form."""

EDGE: Final = 47
"""Every byte of a folded text below it stands at the edge of words; those of words lie above."""

_WORD: Final = frozenset(ascii_letters + digits + UNKNOWN)
COLON: Final = "-"
"""Stands for a colon, which tells a heading."""

_MARKS: Final = {":": COLON} | dict.fromkeys(".!?;", ".")
_KEPT: Final = bytes(code if chr(code) in _WORD else ord(_MARKS.get(chr(code), " "))
                     for code in range(256))
_LETTERS: Final = {"ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O",
                   "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "þ": "th", "ı": "i"}
_TAG: Final = (r"/?[A-Za-z][\w:.-]*(?:\s+[\w:.-]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'"
               r"|&quot;[^\"<>&]*&quot;))*\s*/?")
_MARKUP: Final = re.compile(rf"<{_TAG}>|<!--.*?-->|&(?:amp;)?lt;{_TAG}&(?:amp;)?gt;"
                            r"|&(?:amp;)?(?:\#\d{1,7}|\#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]\w{1,31});",
                            re.ASCII | re.DOTALL)
_LIKENESS: Final = "iero.likeness"
_NON_ASCII: Final = re.compile(r"[^\x00-\x7f]")
_LETTERS_APART: Final = re.compile(r"[^\x00-\x7f]+")
_BEFORE: Final = frozenset(" -")
_AFTER: Final = frozenset(" \n")
_BLANKS: Final = Matcher(["  "], whole_words=False, engine="ahocorasick_rs")
"""Finds two spaces in a fraction of Python's time; for a single pattern this engine is quickest."""
_BLANK: Final = re.compile(r"\s\s+")
_BROKEN: Final = re.compile(  # the hyphen first, which is looked for quicker than a letter
    r"[-\u00ad](?<=[^\W\d_].)[ \t]*\r?\n\s*(?=[a-z])")
_BLOCKS: Final = re.compile(
    r"/?(?:\w+:)?(?:p|br|sup|div|li|ul|ol|td|tr|th|table|title|sec|label|h\d"
    r"|abstracttext|abstract|disp-formula)\b", re.IGNORECASE)


class Folded:
    """A folded text and the way back.

    :ivar source: the given text.
    :ivar kept: its folded form in ASCII with the case kept: a space before it and two after it, a
        full stop for every mark that ends a clause, :data:`COLON` for a colon, a space for all else
        that is no letter or digit.
    :ivar low: ``kept`` in lower case.
    :ivar broken: whether a line break may have cut a word, or a hyphenated word, in two.
    """

    __slots__ = ("_ends", "_marks", "_starts", "broken", "kept", "low", "source")

    def __init__(self, source: str, plain: str) -> None:
        self.source = source
        data = f" {plain}  ".encode("ascii")
        self.kept = data.translate(_KEPT)
        self.low = self.kept.lower()  # five times as quick as another table
        self.broken = False
        self._marks: Sequence[int] = ()

    @property
    def is_moved(self) -> bool:
        """Whether places differ by more than the one space before the text."""
        return bool(self._marks)

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Return the place in the source of a span of the folded text, which must not be empty."""
        if not self._marks:
            return start - 1, end - 1
        at = bisect_right(self._marks, start - 1) - 1
        first = self._starts[at] + (start - 1 - self._marks[at] if self._ends[at] < 0 else 0)
        at = bisect_right(self._marks, end - 2) - 1
        last = self._ends[at]
        return first, last if last >= 0 else self._starts[at] + end - 1 - self._marks[at]

    def opens(self, end: int) -> bool:
        """Say whether a parenthesis opens after a place in the folded text."""
        at = self.place(end - 1, end)[1] if self._marks else end - 1
        return self.source[at:at + 3].lstrip()[:1] in ("(", "[")

    def is_slashed(self, start: int) -> bool:
        """Say whether a slash stands right before a place in the folded text."""
        at = self.place(start, start + 1)[0] if self._marks else start - 1
        return self.source[max(0, at - 2):at].rstrip()[-1:] == "/"

    def is_bracketed(self, start: int, end: int) -> bool:
        """Say whether a bracket stands between two places in the folded text."""
        first, last = self.place(start, end)
        return any(mark in self.source[first:last] for mark in "()[]")

    def follow(self, marks: Sequence[int], starts: list[int], ends: list[int]) -> Folded:
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
    plain = text if text.isascii() else _singles(text)
    if plain.isascii() and not (_is_laid_out(plain) or _has_markup(plain)):
        return Folded(text, plain)
    return _edited(text, plain, join)


def _is_laid_out(text: str) -> bool:
    """Say whether there are runs of blanks or broken lines, looking at the ends of lines only."""
    if "\t" in text or "\r" in text or _BLANKS.find(text.encode("utf-8", "surrogatepass")):
        return True
    at = text.find("\n")
    while at >= 0:
        if text[at - 1:at] in _BEFORE or text[at + 1:at + 2] in _AFTER:
            return True
        at = text.find("\n", at + 1)
    return False


def _has_markup(text: str) -> bool:
    return ("<" in text or "&" in text) and next(_markup_in(text), None) is not None


def _markup_in(text: str) -> Iterator[re.Match[str]]:
    """Yield tags and entities, looking only where one can begin."""
    for mark in "<&":
        at = text.find(mark)
        while at >= 0:
            found = _MARKUP.match(text, at)
            if found:
                yield found
            at = text.find(mark, found.end() if found else at + 1)


def fold_form(form: str) -> str:
    """Return the folded form of a name, as it is looked for.

    >>> fold_form("obsessive–compulsive disorder"), fold_form("Marroquín's model")
    ('obsessive compulsive disorder', 'marroquin s model')
    """
    return fold(form).low.decode().strip(" .-")


def _edited(text: str, plain: str, join: bool) -> Folded:
    pieces: list[str] = []
    marks, starts, ends = [], [], []
    done = length = 0
    edits = sorted(_edits(plain, join), key=lambda edit: (edit[0], -edit[1]))
    for start, end, new in [*edits, (len(plain), len(plain), "")]:
        if start < done < end:  # what another edit left of it
            start, new = done, "".join(map(_ascii, plain[done:end]))
        if start < done or plain[start:end] == new != "":
            continue
        for piece, first, last in ((plain[done:start], done, -1), (new, start, end)):
            if piece or last >= 0:
                pieces.append(piece)
                marks.append(length)
                starts.append(first)
                ends.append(last)
                length += len(piece)
        done = end
    folded = Folded(text, "".join(pieces)).follow(marks, starts, ends)
    folded.broken = any(plain[start] == "-" for start, _, _ in edits if start < len(plain))
    return folded


def _edits(plain: str, join: bool) -> Iterator[tuple[int, int, str]]:
    """Yield where the text has to change, and what to: start, end and new text."""
    if "\n" in plain:
        for found in _BROKEN.finditer(plain):
            yield *found.span(), "-" if found[0][0] == "-" and not join else ""
    for found in _BLANK.finditer(plain) if _is_laid_out(plain) else ():
        yield *found.span(), "  " if found[0].count("\n") > 1 else " "
    for found in _markup_in(plain):
        yield *found.span(), _markup(found[0])
    if not plain.isascii():
        for found in _LETTERS_APART.finditer(plain):
            # An accent that stands alone belongs to the letter before it.
            start = found.start() - bool(found.start() and unicodedata.combining(found[0][0]))
            yield start, found.end(), "".join(map(_ascii, plain[start:found.end()]))


def _markup(found: str) -> str:
    tag = found.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")
    if tag.startswith("<") and len(tag) > 1:
        return " " if _BLOCKS.match(tag, 1) else ""
    return "".join(map(_ascii, unescape(found.replace("&amp;", "&"))))


def _singles(text: str) -> str:
    """Replace every character that has one likeness in ASCII, at the speed of the codec."""
    try:
        return text.encode("ascii", _LIKENESS).decode("ascii")
    except UnicodeEncodeError:
        return _NON_ASCII.sub(lambda found: _single(found[0]), text)


def _likeness(error: UnicodeError) -> tuple[str, int]:
    """Tell the codec what stands for characters outside of ASCII, or give up on the text."""
    assert isinstance(error, UnicodeEncodeError)  # noqa: S101 - nothing is decoded with it
    new = "".join(map(_single, error.object[error.start:error.end]))
    if not new.isascii():
        raise error
    return new, error.end


def _single(character: str) -> str:
    new = _ascii(character)
    return new if len(new) == 1 else character


codecs.register_error(_LIKENESS, _likeness)


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
