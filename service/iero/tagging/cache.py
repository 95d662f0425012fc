"""Keeps the compiled lexicon of a graph, so that a process can tag soon after it starts.

A wheel carries the file for the graph that it ships. Any other lies in the user's cache folder
(``IERO_CACHE_DIR`` names another one). Both are named by a hash of everything that they were made
from, so that an outdated one is never read. A file that cannot be read or written is done without.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path

import orjson
import platformdirs

from iero import __version__, resources
from iero.tagging.lexicon import Lexicon

__all__ = ["cached", "digest", "keep"]


def digest(parts: Iterable[bytes]) -> str:
    """Return a short hash of some contents.

    >>> digest([b"a", b"b"]) == digest([b"ab"])
    False
    """
    made = hashlib.blake2b(digest_size=16)
    for part in parts:
        made.update(len(part).to_bytes(8, "big") + part)
    return made.hexdigest()


def cached(key: str, make: Callable[[], Lexicon]) -> Lexicon:
    """Return the lexicon that is kept under a key, or make it and keep it."""
    folder = Path(os.environ.get("IERO_CACHE_DIR") or platformdirs.user_cache_path("iero"))
    name = f"lexicon-{__version__}-{key}.json"
    for read in (partial(resources.package_text, f"tagging/data/{name}"),
                 (folder / name).read_bytes):
        with suppress(OSError, orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            return Lexicon.from_data(orjson.loads(read()))
    lexicon = make()
    keep(lexicon, key, folder)
    return lexicon


def keep(lexicon: Lexicon, key: str, folder: Path) -> Path:
    """Write a lexicon into a folder, if that is possible, and return the path of the file."""
    file = folder / f"lexicon-{__version__}-{key}.json"
    _keep(file, orjson.dumps(lexicon.to_data()))
    return file


def _keep(file: Path, data: bytes) -> None:
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        part.replace(file)
    except OSError:
        return
