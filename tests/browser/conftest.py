"""A real Chromium before the real service.

Every page that a test opens is watched: an error in its console, a script that fails or a request
to another host fails the test, whatever else it looks at.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium")
BUNDLE = ROOT / "service/iero/server/static/bundle/site.js"
AXE = ROOT / "service/web/node_modules/axe-core/axe.min.js"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-sync", "--disable-background-networking", "--disable-component-update"]
READY = re.compile(r"ready at (http://\S+?)/? ")
BASE = "/a/b"
PREFIXES = ("PREFIX iero: <https://w3id.org/iero/> "
            "PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>\n")


def _missing() -> str:
    """Say what keeps these tests from running here; nothing where all is there."""
    if CHROMIUM is None:
        return "Chromium is not installed (Debian: chromium)"
    if not BUNDLE.is_file() or not AXE.is_file():
        return "the script is not bundled: pip install -e '.[dev]' with npm at hand"
    return ""


collect_ignore_glob = ["test_*.py"] if _missing() else []


def pytest_report_header() -> str | None:
    """Say at the head of the run why there are no browser tests in it."""
    return f"no browser tests: {_missing()}" if _missing() else None


def path_to(query: str, **choices: str) -> str:
    """Return the path of the answer to a query; it begins in the second line of what is asked."""
    return "/sparql?" + urlencode({"query": PREFIXES + query, **choices})


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes ``main_page`` for each of the main pages."""
    if "main_page" in metafunc.fixturenames:
        listed = yaml.safe_load(Path(__file__).with_name("pages.yaml").read_text(encoding="utf-8"))
        metafunc.parametrize("main_page", [each if isinstance(each, str) else path_to(**each)
                                           for each in listed.values()], ids=list(listed))


@pytest.fixture(scope="session")
def asking() -> Callable[..., str]:
    """A function that gives the path of the answer to a query; see :func:`path_to`."""
    return path_to


@contextmanager
def serving(*options: str) -> Iterator[str]:
    """Run ``iero serve`` with options on a free port; yield its address."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "service")}
    process = subprocess.Popen([sys.executable, "-m", "iero", "serve", "--port", "0", *options],
                               stderr=subprocess.PIPE, text=True, env=environment,
                               start_new_session=True)
    assert process.stderr is not None
    try:
        lines = []
        for line in process.stderr:
            lines.append(line)
            if found := READY.search(line):
                yield found[1]
                break
        else:
            pytest.fail("".join(lines))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(15)
        process.stderr.close()


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """The shipped graph below a base path."""
    with serving("--base-path", BASE) as address:
        yield address


@pytest.fixture(scope="session")
def hostile() -> Iterator[str]:
    """A graph whose labels do their worst."""
    with serving("--data", str(ROOT / "tests/server/hostile.trig")) as address:
        yield address


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Watch:
    """What has gone wrong in the pages of a test."""

    def __init__(self, page: Any, host: str) -> None:
        self.wrong: list[str] = []
        self._host = host
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.wrong.append(f"script: {error}"))
        page.on("request", self._request)

    def _console(self, message: Any) -> None:
        # That the service has refused a request is part of some tests and no fault of the page.
        if message.type in ("error", "warning") and "server responded with a status of 4" \
                not in message.text:
            self.wrong.append(f"console: {message.text}")

    def _request(self, request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https") and parts.netloc != self._host:
            self.wrong.append(f"request to another host: {request.url}")


@pytest.fixture
def opened(chromium: Any, site: str) -> Iterator[Callable[..., Any]]:
    """A function that opens a path of the site in a new window, and watches it.

    Its options: ``width``, ``dark``, ``script``, ``address`` of another service.
    """
    contexts, watches = [], []

    def make(path: str, *, width: int = 1280, dark: bool = False, script: bool = True,
             address: str = "") -> Any:
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, java_script_enabled=script,
            color_scheme="dark" if dark else "light", reduced_motion="reduce")
        context.set_default_timeout(15_000)
        page = context.new_page()
        contexts.append(context)
        watches.append(Watch(page, urlsplit(address or site).netloc))
        page.goto((address or site) + path)
        page.wait_for_load_state("load")
        return page

    yield make
    for context in contexts:
        context.close()
    assert [wrong for watch in watches for wrong in watch.wrong] == []


@pytest.fixture(scope="session")
def violations() -> Callable[[Any], list[str]]:
    """A function that lists what axe-core has against a page, by WCAG 2.2 A and AA and its own."""
    source = AXE.read_text(encoding="utf-8")

    def look(page: Any) -> list[str]:
        page.evaluate(source)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations'], "
                              "rules: {'target-size': {enabled: true}}})")
        return [f"{each['id']}: {node['target']} {node['failureSummary']}"
                for each in found["violations"] for node in each["nodes"]]

    return look
