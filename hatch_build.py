"""Puts the compiled lexicon into the wheel, so that the first tag need not wait for it."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class LexiconHook(BuildHookInterface[Any]):
    """Compiles the lexicon of the release; a checkout keeps its own in the user's cache."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the file to a wheel that is not editable."""
        if version != "standard":
            return
        sys.path.insert(0, str(Path(self.root, "service")))
        from iero.tagging.tagger import write_lexicon

        file = write_lexicon(Path(mkdtemp()))
        build_data["force_include"][str(file)] = f"iero/tagging/data/{file.name}"
