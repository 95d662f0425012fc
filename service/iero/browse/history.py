"""When terms came and changed, from the release notes that ship with the package."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from iero import resources
from iero.vocabulary import expand

__all__ = ["Event", "History", "Release", "read"]

NOTES: Final = "docs/releases"
CHANGELOG: Final = "CHANGELOG.md"
_TITLE: Final = re.compile(r"# (\S+) to (\S+)")
_SECTION: Final = re.compile(r"## (Terms|Claims|Works) (added|changed|deprecated|removed)")
_ITEM: Final = re.compile(r"\* `([^`]+)` (.*)")
_DATED: Final = re.compile(r"^## \[([^\]]+)\] - (\d{4}-\d{2}-\d{2})$", re.MULTILINE)


@dataclass(frozen=True)
class Event:
    """What a release did to a thing: ``added``, ``changed``, ``deprecated`` or ``removed``."""

    iri: str
    label: str
    group: str
    action: str
    release: str


@dataclass(frozen=True)
class Release:
    """A release, and what it did."""

    version: str
    day: date
    events: list[Event] = field(default_factory=list)

    def count(self, group: str, action: str) -> int:
        """Return how many things of a group it added, changed and so on."""
        return sum((event.group, event.action) == (group, action) for event in self.events)


class History:
    """The releases, newest first.

    >>> history = History.open()
    >>> [event.release for event in history.of("https://w3id.org/iero/Venting")][-1]
    '0.1.0'
    """

    def __init__(self, releases: list[Release]) -> None:
        self.releases = sorted(releases, key=lambda release: release.day, reverse=True)
        self._of: dict[str, list[Event]] = {}
        for release in self.releases:
            for event in release.events:
                self._of.setdefault(event.iri, []).append(event)

    @classmethod
    def open(cls) -> History:
        """Read the release notes.

        :raises NotFound: if they are missing from the installation.
        """
        changelog = resources.read(CHANGELOG).decode()
        days = {version: date.fromisoformat(day) for version, day in _DATED.findall(changelog)}
        notes = [read(file.read_text(encoding="utf-8"), days)
                 for _, file in resources.walk(NOTES, ".md")]
        return cls(notes)

    def of(self, iri: str) -> list[Event]:
        """Return what happened to a thing, the newest first."""
        return self._of.get(iri, [])

    def events(self) -> list[tuple[Release, Event]]:
        """Return all that happened, the newest release first and what is new first in each."""
        order = ("added", "deprecated", "removed", "changed")
        return [(release, event) for release in self.releases
                for event in sorted(release.events, key=lambda event: (
                    event.group != "term", order.index(event.action)))]


def read(notes: str, days: dict[str, date]) -> Release:
    r"""Read the release notes that ``iero diff --format markdown`` writes.

    >>> made = read("# 1 to 2\n\n## Terms added\n\n* `iero:Venting` venting\n",
    ...             {"2": date(2026, 11, 25)})
    >>> made.version, made.events[0].label, made.events[0].action
    ('2', 'venting', 'added')
    """
    lines = notes.splitlines()
    title = _TITLE.match(lines[0])
    version = title[2] if title else ""
    release = Release(version, days[version])
    group = action = ""
    for line in lines:
        if line.startswith("## "):
            section = _SECTION.match(line)
            group, action = (section[1].lower()[:-1], section[2]) if section else ("", "")
        elif group and (item := _ITEM.match(line)):
            release.events.append(Event(expand(item[1]), item[2], group, action, version))
    return release
