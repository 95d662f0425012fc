"""A WSGI application where the world sees it: below a base path, at a public address."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from iero.errors import BadParameter

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class Mounted:
    """An application whose links carry a base path.

    A proxy may or may not strip the base path before it passes a request on: both are understood.

    :param app: the application.
    :param base_path: such as ``/iero``.
    :raises BadParameter: if the path does not begin with a slash, or has empty parts or a query.
    """

    def __init__(self, app: WSGIApplication, base_path: str) -> None:
        parts = base_path.split("/")[1:]
        if base_path[:1] != "/" or not all(parts) or any(mark in base_path for mark in "?# "):
            raise BadParameter(f"{base_path!r} is not a base path.", hint="Write it like /iero.")
        self.app = app
        self.base_path = base_path

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve a request, with the base path moved from the path to the script name."""
        path = environ.get("PATH_INFO", "")
        if path == self.base_path or path.startswith(self.base_path + "/"):
            path = path[len(self.base_path):] or "/"
        moved = {"SCRIPT_NAME": environ.get("SCRIPT_NAME", "") + self.base_path, "PATH_INFO": path}
        return self.app(environ | moved, start_response)


class Published:
    """An application whose links begin with a public address, whatever ``Host`` says.

    :param app: the application.
    :param url: scheme and host, such as ``https://kg.example``.
    :raises BadParameter: if it is more or less than that.
    """

    def __init__(self, app: WSGIApplication, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or url.rstrip("/") != \
                f"{parts.scheme}://{parts.netloc}" or "@" in url or not parts.hostname:
            raise BadParameter(f"{url!r} is not the public address of a service.",
                               hint="Write it like https://kg.example; a path is --base-path.")
        self.app = app
        self._moved = {"wsgi.url_scheme": parts.scheme, "HTTP_HOST": parts.netloc}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve a request as one to the public address."""
        return self.app(environ | self._moved, start_response)
