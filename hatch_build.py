"""Compiles the lexicon on installation, so that the first tag need not wait for it."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class LexiconHook(BuildHookInterface[Any]):
    """Puts the lexicon of the release into the wheel, that of a checkout into the user's cache."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the file to a wheel; fill the cache for an editable one."""
        sys.path.insert(0, str(Path(self.root, "service")))
        from iero.tagging.tagger import Tagger, write_lexicon

        if version != "standard":
            Tagger.open()
            return
        file = write_lexicon(Path(mkdtemp()))
        build_data["force_include"][str(file)] = f"iero/tagging/data/{file.name}"
