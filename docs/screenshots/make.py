"""Takes the pictures of the main pages from the running service.

Usage::

    python docs/screenshots/make.py [FOLDER]

Starts the service on the shipped graph, opens each page in Chromium as somebody would find it, and
writes one small PNG each. Look at them: that is what they are for.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from PIL import Image
from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-sync", "--disable-background-networking", "--disable-component-update"]
READY = re.compile(r"ready at (http://\S+?)/? ")
COLOURS = 128
"""In a palette of its own each picture stays below 150 kB, and nobody sees a difference."""

QUERY = """PREFIX iero: <https://w3id.org/iero/>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>

SELECT ?disorder (COUNT(DISTINCT ?claim) AS ?claims)
WHERE {
  ?claim a iero:Claim ; iero:hasObject ?disorder .
  ?disorder rdfs:subClassOf iero:MentalDisorder .
}
GROUP BY ?disorder
ORDER BY DESC(?claims)
LIMIT 12"""
TEXT = (
    "Excessive reassurance seeking and relationship quality in depression\n\n"
    "We measured reassurance seeking with the Interpersonal Emotion Regulation Questionnaire "
    "(IERQ) in 120 patients with panic disorder treated with cognitive behavioral therapy. "
    "Emotional contagion was not assessed, and no co-rumination was found. Venting to a partner "
    "predicted depressive symptoms.")


def tagged(page: Page) -> None:
    """Tag a text."""
    page.get_by_label("Text").fill(TEXT)
    page.get_by_role("button", name="Tag", exact=True).click()
    page.locator("#result a.mark").first.wait_for()
    page.locator("#result").evaluate("(node) => scrollTo(0, node.offsetTop - 160)")


def opened(page: Page) -> None:
    """Open a branch of the tree."""
    page.locator("a[data-branch]").first.click()
    page.locator("a[data-branch][aria-expanded=true]").wait_for()


def as_it_is(page: Page) -> None:
    """Do nothing first."""
    del page


PICTURES: dict[str, tuple[str, Callable[[Page], None], int, bool]] = {
    "home": ("/", as_it_is, 1280, False),
    "browse": ("/browse", opened, 1280, False),
    "term": ("/term/ReassuranceSeeking", as_it_is, 1280, False),
    "instrument": ("/term/IERQ", as_it_is, 1280, True),
    "compare": ("/compare", as_it_is, 1280, False),
    "evidence": ("/evidence", as_it_is, 1280, False),
    "search": ("/search?q=reassurance", as_it_is, 390, False),
    "question": ("/queries/strategies-that-maintain-a-disorder", as_it_is, 1280, False),
    "ask": (f"/sparql?view=chart&query={quote(QUERY)}", as_it_is, 1280, True),
    "tag": ("/tag", tagged, 1280, False),
}
"""For each picture the page, what is done there first, the width, and whether it is dark."""


@contextmanager
def serving() -> Iterator[str]:
    """Run the service; yield its address."""
    process = subprocess.Popen([sys.executable, "-m", "iero", "serve", "--port", "0"],
                               stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if found := READY.search(line):
                yield found[1]
                break
    finally:
        process.terminate()
        process.wait(15)


def main() -> None:
    """Take all pictures."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    chromium = shutil.which("chromium")
    with serving() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for name, (path, prepare, width, dark) in PICTURES.items():
            page = browser.new_page(viewport={"width": width, "height": 900},
                                    color_scheme="dark" if dark else "light",
                                    reduced_motion="reduce")
            page.goto(address + path)
            prepare(page)
            page.wait_for_load_state("networkidle")
            picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            picture.quantize(COLOURS, dither=Image.Dither.NONE).save(folder / f"{name}.png",
                                                                     optimize=True)
            page.close()
            size = (folder / f"{name}.png").stat().st_size
            print(f"{name}.png  {size / 1000:.0f} kB  {path[:60]}")
        browser.close()


if __name__ == "__main__":
    main()
