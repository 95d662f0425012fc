"""Find the ontology, shapes and queries that ship with the package, however it is installed.

A wheel carries ``ontology/`` and ``queries/`` inside the package; a checkout (an editable install
or none at all) keeps them at the repository root. Nobody else asks where they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from iero.errors import NotFound


def home() -> Traversable:
    """Return the folder that holds ``ontology/`` and ``queries/``.

    >>> (home() / "ontology" / "iero.ttl").is_file()
    True
    """
    package = files("iero")
    return package if (package / "ontology").is_dir() else Path(str(package)).parents[1]


def locate(path: str) -> Traversable:
    """Return a shipped file or folder by its path below :func:`home`.

    :raises NotFound: if nothing is there.
    """
    found = home()
    for part in path.split("/"):
        found = found / part
    if not (found.is_file() or found.is_dir()):
        raise NotFound(f"IERO's own file {path!r} is missing from this installation.",
                       hint="Install the package again: pip install --force-reinstall iero")
    return found


def read(path: str) -> bytes:
    """Return the content of a shipped file.

    :raises NotFound: if it is missing.
    """
    return locate(path).read_bytes()


def package_text(path: str) -> str:
    """Return the text of a file that lies beside the modules of the package.

    >>> package_text("sparql.ebnf").startswith("#")
    True

    :param path: the path below ``iero/``.
    """
    return files("iero").joinpath(*path.split("/")).read_text(encoding="utf-8")


def walk(folder: str, suffix: str) -> Iterator[tuple[str, Traversable]]:
    """Yield ``(path below home, file)`` for every shipped file with a suffix, in path order.

    >>> [path for path, _ in walk("ontology/modules", ".ttl")][:1]
    ['ontology/modules/adaptations.ttl']
    """
    for entry in sorted(locate(folder).iterdir(), key=lambda item: item.name):
        path = f"{folder}/{entry.name}"
        if entry.is_dir():
            yield from walk(path, suffix)
        elif entry.name.endswith(suffix):
            yield path, entry
