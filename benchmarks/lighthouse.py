"""Lighthouse's marks for the main pages, from the running service, as a table.

    python benchmarks/lighthouse.py [--runs 3] [--page NAME=PATH ...]

Starts `iero serve` on the shipped graph and measures home, a term, a search and the ask page in
Chromium as Lighthouse simulates a slow phone; the figure is the median of the runs. Lighthouse
comes from npm into a folder that is deleted afterwards; Chromium (Debian: `chromium`) and npm have
to be there. The exit code is 1 if a mark for performance or accessibility is below 95.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

LIGHTHOUSE = "lighthouse@12"  # the last one for Node.js 20
PAGES = {"home": "/", "term": "/term/ReassuranceSeeking", "search": "/search?q=reassurance",
         "ask": "/sparql"}
MARKS = ("performance", "accessibility", "best-practices", "seo")
WANTED = ("performance", "accessibility")
LEAST = 95
FLAGS = ("--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
         "--disable-background-networking --disable-component-update")
READY = re.compile(r"ready at (http://\S+?)/? ")


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


def measured(command: list[str], address: str, chromium: str) -> dict[str, float]:
    """Return the marks of one run, and the milliseconds to the largest part of the page."""
    made = subprocess.run(
        [*command, address, "--quiet", "--output=json", f"--chrome-flags={FLAGS}",
         f"--only-categories={','.join(MARKS)}"], capture_output=True, text=True,
        timeout=300, env=os.environ | {"CHROME_PATH": chromium})
    if made.returncode:
        sys.exit(f"Lighthouse could not measure {address}:\n{made.stderr or made.stdout[-2000:]}")
    report = json.loads(made.stdout)
    found = {name: 100 * report["categories"][name]["score"] for name in MARKS}
    audits = report["audits"]
    return found | {"largest part (ms)": audits["largest-contentful-paint"]["numericValue"],
                    "blocked (ms)": audits["total-blocking-time"]["numericValue"],
                    "bytes": audits["total-byte-weight"]["numericValue"]}


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--page", action="append", default=[], metavar="NAME=PATH")
    options = parser.parse_args()
    chromium, npm, node = (shutil.which(name) for name in ("chromium", "npm", "node"))
    if not (chromium and npm and node):
        sys.exit("Chromium, npm and Node.js have to be installed.")
    pages = dict(each.split("=", 1) for each in options.page) or PAGES
    rows: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder, serving() as address:
        subprocess.run([npm, "install", "--silent", "--prefix", folder, LIGHTHOUSE], check=True)
        command = [node, str(Path(folder, "node_modules/lighthouse/cli/index.js"))]
        for name, path in pages.items():
            runs = [measured(command, address + path, chromium) for _ in range(options.runs)]
            rows[name] = {each: median(run[each] for run in runs) for each in runs[0]}
    names = list(next(iter(rows.values())))
    print("| page |", " | ".join(names), "|\n|---|" + "---:|" * len(names))
    for page, row in rows.items():
        print(f"| {page} |", " | ".join(f"{row[name]:,.0f}" for name in names), "|")
    low = [page for page, row in rows.items() if any(row[name] < LEAST for name in WANTED)]
    sys.exit(f"below {LEAST}: {', '.join(low)}" if low else 0)


if __name__ == "__main__":
    main()
