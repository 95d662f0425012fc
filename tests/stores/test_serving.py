"""`iero serve --store` as a process of its own, and the steps that docs/stores.md shows."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
import yaml

from tests.server.processes import running as serving
from tests.stores.conftest import (
    FILL,
    INI,
    filled_oxigraph,
    free_port,
    oxigraph_program,
    running,
)

pytestmark = pytest.mark.stores
ROOT = Path(__file__).parents[2]
PATIENT = ("--timeout", 120)
"""For machines that are busy with other tests."""
PAGE = (ROOT / "docs" / "stores.md").read_text(encoding="utf-8")


def section(title):
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def blocks(title, language):
    return re.findall(rf"```{language}\n(.*?)```", section(title), re.DOTALL)


def test_a_store_is_served_by_the_command(store):
    with (serving("--store", store.url, *PATIENT) as address,
          httpx.Client(base_url=address, timeout=60) as client):
        table = client.get("/queries/what-is-emotional-labor", headers={"Accept": "text/csv"})
        assert table.status_code == 200
        assert "emotional labor" in table.text
        assert client.get("/term/Venting.ttl").text.count("iero:Venting") >= 1
        assert client.get("/search?q=reasurance").json()["results"][0]["label"].startswith("rea")
        wrong = client.get("/sparql", params={"query": "SELECT * {"})
        assert wrong.status_code == 400
        assert wrong.json()["line"] == 1


def test_a_store_that_goes_and_comes_back_is_told_and_found_again(tmp_path):
    command, url = filled_oxigraph(tmp_path, "--union-default-graph")
    with ExitStack() as store:
        store.enter_context(running(command, url))
        with (serving("--store", url, *PATIENT) as address,
              httpx.Client(base_url=address, timeout=60) as client):
            assert client.get("/term/Venting").status_code == 200
            store.close()
            started = time.monotonic()
            away = client.get("/term/Venting")
            assert time.monotonic() - started < 10
            assert away.status_code == 502
            assert away.headers["content-type"] == "application/problem+json"
            assert url in away.json()["detail"]
            with running(command, url):
                assert client.get("/term/Venting").status_code == 200


@pytest.mark.parametrize(("address", "words"), [
    ("http://127.0.0.1:{port}/sparql", "cannot be reached"),
    ("ftp://127.0.0.1/", "no address of the web"),
    ("http://reader:s3cret@127.0.0.1/", "user name or a password"),
])
def test_a_store_that_is_not_there_ends_the_command_with_a_message(address, words):
    made = subprocess.run(
        [sys.executable, "-m", "iero", "serve", "--port", "0", "--store",
         address.format(port=free_port())], capture_output=True, text=True, timeout=60, check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT / "service")})
    assert made.returncode != 0
    assert words in made.stderr
    assert "Traceback" not in made.stderr
    assert "s3cret" not in made.stderr


def test_the_steps_for_oxigraph_work(tmp_path):
    """As they are written, but for the ports and the name of the folder."""
    port = free_port()
    [block] = blocks("Oxigraph", "console")
    load, serve, iero = (
        shlex.split(line[2:].replace("your-store", str(tmp_path / "s")).replace("7878", str(port)))
        for line in block.splitlines())
    assert (load[0], serve[0], iero[:2]) == ("oxigraph", "oxigraph", ["iero", "serve"])
    subprocess.run([oxigraph_program(), *load[1:]], check=True, capture_output=True, cwd=ROOT)
    with (running([oxigraph_program(), *serve[1:]], iero[-1]),
          serving(*iero[2:], *PATIENT) as address):
        count = httpx.get(f"{address}/health", timeout=60).json()["triples"]
        assert count > 50_000


def test_the_steps_for_virtuoso_are_those_that_the_tests_take():
    [settings] = blocks("Virtuoso", "ini")
    [statements] = blocks("Virtuoso", "sql")
    taken = (INI + FILL).replace("{folder}", "/your-folder")
    lines = [line for line in (settings + statements).splitlines() if line]
    assert len(lines) == 8
    assert [line for line in lines if line not in taken] == []


def test_the_page_names_every_deviation_and_no_other():
    deviations = yaml.safe_load((Path(__file__).parent / "deviations.yaml").read_text("utf-8"))
    listed = dict(re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", section("Where stores deviate"),
                             re.MULTILINE))
    reasons = deviations["virtuoso"]["reasons"]
    assert listed == {name: reasons[reason]
                      for name, reason in deviations["virtuoso"]["questions"].items()}
    assert deviations["oxigraph"]["questions"] == {}
