"""Draws the picture that others show beside a link to a page: ``python docs/preview.py``.

Needs Chromium (``--chromium`` says where) and Playwright. The drawing is ``docs/preview.svg``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
TARGET = HERE.parent / "service/iero/server/static/preview.png"


def main() -> None:
    """Write the picture, 1200 by 630, as the Open Graph protocol's readers expect it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--chromium", default="/usr/bin/chromium", help="path of the browser")
    chosen = options.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chosen.chromium,
                                             args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1200, "height": 630})
        page.goto((HERE / "preview.svg").as_uri())
        page.screenshot(path=TARGET)
        browser.close()


if __name__ == "__main__":
    main()
