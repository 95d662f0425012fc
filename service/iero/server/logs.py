"""How the log looks: a line per event on standard error, to read or as JSON.

Nothing that a client sends can begin a line of its own or move the cursor of a terminal: values are
written with all that is not plain printable ASCII escaped.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any, Final

from iero.server import telemetry

FORMATS: Final = ("text", "json")
LEVELS: Final = ("debug", "info", "warning", "error")

_PLAIN: Final = re.compile(r"[!#-~]+")  # printable ASCII without space and quotation mark


def configure(form: str, level: str) -> None:
    """Let what the service reports go to standard error.

    :param form: ``text`` or ``json``.
    :param level: the least important events to report, by a name of :data:`LEVELS`.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    logger = logging.getLogger("iero")
    logger.handlers = [handler]
    logger.setLevel(level.upper())
    logger.propagate = False


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    facts: dict[str, Any] = dict(getattr(record, "facts", {}))
    if "request" not in facts and (identifier := telemetry.identifier()):
        facts = {"request": identifier, **facts}
    return facts


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


class JsonFormatter(logging.Formatter):
    """One JSON object a line, in ASCII."""

    def format(self, record: logging.LogRecord) -> str:
        """Write an event."""
        event: dict[str, Any] = {"time": _time(record), "level": record.levelname.lower(),
                                 "event": record.getMessage(), **_facts(record)}
        if record.exc_info:
            event["trace"] = self.formatException(record.exc_info)
        return json.dumps(event, default=str)


class TextFormatter(logging.Formatter):
    """Time, level, event, then ``name=value``; a trace of calls is set in below its line."""

    def format(self, record: logging.LogRecord) -> str:
        """Write an event."""
        facts = " ".join(f"{name}={_escaped(value)}" for name, value in _facts(record).items())
        message = json.dumps(record.getMessage())[1:-1]
        line = f"{_time(record)} {record.levelname.lower()} {message} {facts}".rstrip()
        if record.exc_info:
            trace = self.formatException(record.exc_info).splitlines()
            line += "".join(f"\n    {json.dumps(each)[1:-1]}" for each in trace)
        return line


def _escaped(value: object) -> str:
    r"""Return a value that takes one place in one line.

    >>> _escaped("/term/Venting"), _escaped("/a b\n2026 forged")
    ('/term/Venting', '"/a b\\n2026 forged"')
    """
    text = str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text)
