"""What a request says: its parameters, its body, and which representation it asks for.

A page goes only to clients that name ``text/html`` and prefer it to every data format, as browsers
do. Everybody else gets data: ``curl`` (``*/*``), scripts, and Protégé, which lists dozens of types.
Standard: RFC 9110, section 12.5.1; the ``format`` parameter or a suffix of the path wins.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl

from flask import g, request
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from iero.errors import BadParameter, NotAcceptable, TooLarge
from iero.protocol import FORMATS, Format, negotiate

HTML: Final = "html"
BLOCK: Final = 1 << 16
DRAINED: Final = 1 << 24
"""How much of a body that is too large is read and thrown away."""
JSON_TYPE: Final = "application/json"
MEDIA_TYPES: Final = {"text": "text/plain", "json": JSON_TYPE, HTML: "text/html",
                      "jsonld": "application/ld+json", "turtle": "text/turtle",
                      "nquads": "application/n-quads", "markdown": "text/markdown",
                      "csv": "text/csv", "svg": "image/svg+xml"}
"""The names of representations under ``?format=``, for what is no answer of the graph."""
_JAVA: Final = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"
"""What Java (and so Protégé, at its second try) sends for want of an opinion; it wants no page."""

Pairs = list[tuple[str, str]]


def pairs(encoded: bytes) -> Pairs:
    """Decode a query string or form (``application/x-www-form-urlencoded``), once and strictly.

    :raises BadParameter: if it is not UTF-8.
    """
    try:
        return parse_qsl(encoded.decode(), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError as error:
        raise BadParameter("The parameters are not UTF-8.",
                           hint="Percent-encode the UTF-8 bytes of each value.") from error


def one(params: Pairs, name: str) -> str | None:
    """Return the value of a parameter that may be given once, or None.

    :raises BadParameter: if it is given twice.
    """
    values = [value for key, value in params if key == name]
    if len(values) > 1:
        raise BadParameter(f"The parameter {name!r} is given {len(values)} times.",
                           hint="Give it once.", parameter=name)
    return values[0] if values else None


def required(params: Pairs, name: str) -> str:
    """Return the value of a parameter that must be given, once.

    :raises BadParameter: if it is missing, empty, or given twice.
    """
    if value := (one(params, name) or "").strip():
        return value
    raise BadParameter(f"The parameter {name!r} is missing.", parameter=name,
                       hint=f"Add ?{name}= to the address.")


def page_number(params: Pairs) -> int:
    """Return which page of a list is asked for, counted from 1.

    :raises BadParameter: if it is no whole number from 1.
    """
    given = one(params, "page")
    if given is None:
        return 1
    if not (given.isascii() and given.isdigit() and 1 <= int(given[:6]) <= 99_999):
        raise BadParameter(f"The parameter 'page' is {given!r}.", parameter="page",
                           hint="Give a whole number from 1.")
    return int(given)


def read_body() -> bytes:
    """Return the whole body of the request.

    Werkzeug cuts a body without a length off at the limit, and granian lets one that breaks off
    look complete; neither may pass for what the client sent.

    :raises TooLarge: if it is above the limit.
    :raises BadParameter: if it broke off.
    """
    g.body_read = True
    length, limit = request.content_length, request.max_content_length
    if limit is not None and length is not None and length > limit:
        raise _drained(too_large(limit))
    body = request.get_data(cache=False)
    if limit is not None and length is None and len(body) >= limit:
        raise _drained(too_large(limit))
    if length is not None and len(body) < length:
        raise BadParameter(f"The body broke off after {len(body):,} of {length:,} bytes.",
                           hint="Send it again.")
    return body


def read_form() -> Pairs:
    """Return the fields of a form with files; these are in ``request.files``."""
    g.body_read = True
    return [*request.form.items(multi=True)]


def _drained(error: TooLarge) -> TooLarge:
    """Read the rest of a body, within reason: a client that is still sending hears nothing."""
    rest = request.environ["wsgi.input"]
    for _ in range(DRAINED // BLOCK):
        if not rest.read(BLOCK):
            break
    return error


def too_large(limit: int) -> TooLarge:
    """Return the error for a request body above the limit."""
    return TooLarge(f"The request has more than {limit:,} bytes.", limit=limit,
                    hint="Split it, or start the service with a higher limit.")


def accept() -> str | None:
    """Return the Accept header, or None where the client has no opinion."""
    header = request.headers.get("Accept", "").strip()
    return None if header in ("", _JAVA) else header


def prefers_html(header: str | None) -> bool:
    """Say whether a client names HTML and prefers it to all data.

    >>> prefers_html("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
    True
    >>> prefers_html("*/*"), prefers_html("text/turtle, text/html;q=0.3")
    (False, False)
    """
    accepted = _qualities(header)
    html = accepted.get("text/html", 0.0)
    data = max((accepted.get(media_type, 0.0) for media_type in _data_types()), default=0.0)
    return html > data and html >= accepted.get("*/*", 0.0)


def _qualities(header: str | None) -> dict[str, float]:
    pairs_ = parse_accept_header(header or "", MIMEAccept)
    return {media_type.partition(";")[0].lower(): quality for media_type, quality in pairs_}


def _data_types() -> set[str]:
    return {JSON_TYPE, *(row.media_type for row in FORMATS)}


def data_format(kind: str, wanted: str | None) -> Format:
    """Return the format for an answer of a kind, where no page is on offer."""
    return negotiate(accept(), wanted, kind)


def wants_page(wanted: str | None) -> bool:
    """Say whether a request to a resource that has a page should get the page."""
    return wanted == HTML if wanted else prefers_html(accept())


def json_or_page(wanted: str | None) -> bool:
    """Say whether to send the page of a resource that has a page and JSON, and nothing else.

    :raises NotAcceptable: if the client takes neither.
    """
    if wants_page(wanted):
        return True
    require_json(wanted, also=HTML)
    return False


def require_json(wanted: str | None, *, also: str = "") -> None:
    """Make sure that the client takes JSON.

    :raises NotAcceptable: otherwise.
    """
    header = accept()
    taken = parse_accept_header(header or "*/*", MIMEAccept)
    if wanted != "json" if wanted else not taken.quality(JSON_TYPE):
        available = [JSON_TYPE, *(["text/html"] if also else [])]
        asked = f"format={wanted}" if wanted else f"Accept: {header}"
        raise NotAcceptable(f"Nothing here fits {asked!r}.", available=available,
                            hint="Available: " + ", ".join(available) + ".")


def choose(wanted: str | None, offers: tuple[str, ...]) -> str:
    """Return which of some representations a request asks for; the first where it has no opinion.

    :param offers: their names under ``?format=``, the preferred one first.
    :raises NotAcceptable: if none fits.
    """
    if wanted and wanted in offers:
        return wanted
    header = accept()
    if not wanted:
        if HTML in offers and prefers_html(header):
            return HTML
        data = [offer for offer in offers if offer != HTML]
        taken = parse_accept_header(header or "*/*", MIMEAccept)
        best = max(data, key=lambda offer: taken.quality(MEDIA_TYPES[offer]))
        if taken.quality(MEDIA_TYPES[best]):
            return best
    asked = f"format={wanted}" if wanted else f"Accept: {header}"
    available = [MEDIA_TYPES[offer] for offer in offers]
    raise NotAcceptable(f"Nothing here fits {asked!r}.", available=available,
                        hint="Available: " + ", ".join(available) + ".")


def number(name: str, text: str) -> int:
    """Return a parameter that is a whole number.

    :raises BadParameter: if it is none.
    """
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise BadParameter(f"The parameter {name!r} is {text!r}, not a whole number.",
                           parameter=name)
    return int(text)


def flag(params: Pairs, name: str, default: bool) -> bool:
    """Return a parameter that is true or false.

    :raises BadParameter: if it is neither, or given twice.
    """
    text = (one(params, name) or "").lower()
    if text in ("true", "1", "false", "0", ""):
        return text in ("true", "1") if text else default
    raise BadParameter(f"The parameter {name!r} is {text!r}, not true or false.", parameter=name)


def grouped(params: Pairs) -> dict[str, list[str]]:
    """Return the values of each parameter, in order.

    >>> grouped([("a", "1"), ("b", "2"), ("a", "3")])
    {'a': ['1', '3'], 'b': ['2']}
    """
    found: dict[str, list[str]] = {}
    for name, value in params:
        found.setdefault(name, []).append(value)
    return found
