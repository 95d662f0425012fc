"""Keeps the compiled lexicon of a graph, so that a process can tag soon after it starts.

The file lies in the user's cache folder (``IERO_CACHE`` names another one) under a hash of
everything that it was made from. A file that cannot be read or written is done without.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import orjson
import platformdirs

from iero import __version__
from iero.tagging.lexicon import Lexicon

__all__ = ["cached", "digest"]


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
    folder = Path(os.environ.get("IERO_CACHE") or platformdirs.user_cache_path("iero"))
    file = folder / f"lexicon-{__version__}-{key}.json"
    try:
        return Lexicon.from_data(orjson.loads(file.read_bytes()))
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        lexicon = make()
    _keep(file, orjson.dumps(lexicon.to_data()))
    return lexicon


def _keep(file: Path, data: bytes) -> None:
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        part.replace(file)
    except OSError:
        return
