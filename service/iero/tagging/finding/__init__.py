"""From a text to its mentions: the inner loop of the tagger, as sources or compiled from them.

:mod:`~iero.tagging.finding.text` folds the text, :mod:`~iero.tagging.finding.matcher` searches it,
:mod:`~iero.tagging.finding.finder` leads through the rules, and
:mod:`~iero.tagging.finding.reader` tells what was found.

Where there is a C compiler, an installation compiles these modules with mypyc and keeps them beside
the package, as ``iero_compiled``. They are taken for the sources only as long as they were made of
just these sources, so that whoever changes a line sees it work; :data:`COMPILED` says whether they
are. ``IERO_COMPILED=no`` in the environment leaves them alone.

No slice of bytes in here may end before it starts: Python makes that an empty one, mypyc an error.
"""

from __future__ import annotations

import os
from hashlib import blake2b
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec
from pathlib import Path
from typing import Final

__all__ = ["COMPILED", "STAMP", "fingerprint"]

STAMP: Final = "SOURCES"


def fingerprint() -> str:
    """Return a hash of the sources of the tagger and of what they are compiled for."""
    here = Path(__file__).parent
    made = blake2b(EXTENSION_SUFFIXES[0].encode(), digest_size=16)
    for file in sorted([*here.glob("*.py"), *here.parent.glob("*.py")]):
        made.update(f"{file.name}\0".encode() + file.read_bytes() + b"\0")
    return made.hexdigest()


def _compiled() -> str | None:
    """Return the folder of the modules that were compiled from these sources."""
    spec = None if os.environ.get("IERO_COMPILED") == "no" else find_spec("iero_compiled")
    for folder in (spec and spec.submodule_search_locations) or ():
        stamp = Path(folder, STAMP)
        if stamp.is_file() and stamp.read_text() == fingerprint():
            return folder
    return None


_FOLDER: Final = _compiled()
COMPILED: Final = _FOLDER is not None
if _FOLDER is not None:
    __path__.insert(0, _FOLDER)
