"""``/scripts/<name>``: the pages' script, bundled when the package was built, packed once for all.

An installation that was built without npm has none, and its pages ask for none.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from flask import Blueprint, Response, request, url_for
from werkzeug.exceptions import NotFound

FOLDER: Final = "static/bundle"
TYPE: Final = "text/javascript; charset=utf-8"
FOREVER: Final = "public, max-age=31536000, immutable"
"""For addresses that change with their content: the digest in a part's name, or behind ``?v=``."""


class Scripts:
    """The view of ``/scripts/<name>``.

    :param folder: the files of the bundle, each ``.js`` with its ``.js.gz``; may be missing.
    """

    def __init__(self, folder: Traversable | None = None) -> None:
        folder = folder or files("iero.server").joinpath(*FOLDER.split("/"))
        found = list(folder.iterdir()) if folder.is_dir() else []
        self._files = {file.name: file for file in found if ".js" in file.name}
        self._versions = {name: sha256(file.read_bytes()).hexdigest()[:12]
                          for name, file in self._files.items() if name.endswith(".js")}

    def address(self, page: str) -> str:
        """Return the address of a page's script; nothing where this installation has none."""
        name = f"{page}.js"
        version = self._versions.get(name)
        return url_for("scripts.script", name=name, v=version) if version else ""

    def script(self, name: str) -> Response:
        """Return a script, compressed for whom that suits."""
        if name not in self._versions:
            raise NotFound
        packed = request.accept_encodings.quality("gzip") > 0 and f"{name}.gz" in self._files
        response = Response(self._files[f"{name}.gz" if packed else name].read_bytes(),
                            content_type=TYPE)
        if packed:
            response.content_encoding = "gzip"
        response.vary.add("Accept-Encoding")
        lasting = name.startswith("part-") or request.args.get("v") == self._versions[name]
        response.headers["Cache-Control"] = FOREVER if lasting else "no-cache"
        return response


def blueprint() -> tuple[Blueprint, Callable[[str], str]]:
    """Return the route of the scripts, and the function that gives a page its address."""
    views = Scripts()
    made = Blueprint("scripts", __name__)
    made.add_url_rule("/scripts/<name>", view_func=views.script)
    return made, partial(Scripts.address, views)
