"""``kill -9`` at random moments under writes: what was acknowledged is there, what was refused not.

A client writes numbered facts and notes each answer, while the process that prepares changes, or
the whole service, is killed again and again. What is on the disk afterwards must hold every fact
that was acknowledged, none that was refused, and the one whose answer never came either whole or
not at all.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from iero.changes import Changes
from iero.directory import DataDirectory
from iero.errors import DirectoryFailure, Refused, ServiceFailure
from iero.store import Store

from tests.changes.conftest import MINE

GRAPH = "https://example.org/facts"
SEED = 20261129
WRITER_KILLS, SERVICE_KILLS = 150, 50
ANSWERS = (0, 0, 1, 1, 2)
"""How many answers a process may give before it is killed somewhere in the next one."""
CLIENT = """
import sys
from pathlib import Path
from tests.changes.test_kills import Ledger, opened, write

changes = opened(Path(sys.argv[1]))
print("ready", flush=True)
number = int(sys.argv[2])
while True:
    print("asks", number, flush=True)
    print(write(changes, number), number, flush=True)
    number += 1
"""
ROOT = Path(__file__).parents[2]


def opened(folder: Path) -> Changes:
    return Changes.open(folder, shapes=[], seed=[])


def write(changes: Changes, number: int) -> str:
    """Write a fact of four triples; every third request goes on to what is not granted."""
    text = (f"PREFIX : <https://example.org/> INSERT DATA {{ GRAPH <{GRAPH}> {{ "
            f":b{number} a :Book ; :title '{number}' ; :n {number}, -{number}1 }} }}")
    if number % 3 == 2:
        text += " ; INSERT DATA { GRAPH <https://example.com/not-mine> { <x:a> <x:b> 1 } }"
    try:
        changes.update(text, grants=MINE)
    except Refused:
        return "refused"
    except (ServiceFailure, DirectoryFailure):  # so it must not be there
        return "failed"
    return "acknowledged"


def facts(folder: Path) -> dict[int, int]:
    """Return which numbered facts are there, and how many of the three or four triples of each."""
    found: dict[int, int] = {}
    for quad in Store.current(folder)._engine.quads_for_pattern(None, None, None, None):
        if "Default" not in type(quad.graph_name).__name__:
            number = int(quad.subject.value.rpartition("/b")[2])
            found[number] = found.get(number, 0) + 1
    return found


class Ledger:
    """What was answered to whom."""

    def __init__(self) -> None:
        self.acknowledged, self.refused, self.open = set[int](), set[int](), set[int]()
        self.next = self.answers = 0
        self.pace, self._asked = 0.1, 0.0

    def note(self, line: str) -> None:
        word, _, number = line.strip().partition(" ")
        if word == "asks":
            self.next, self._asked = int(number) + 1, time.monotonic()
            self.open.add(int(number))
        elif word in ("acknowledged", "refused", "failed") and number:
            self.open.discard(int(number))
            self.answers += 1
            if word == "acknowledged":
                self.pace = time.monotonic() - self._asked
            (self.acknowledged if word == "acknowledged" else self.refused).add(int(number))

    def check(self, folder: Path) -> None:
        there = facts(folder)
        assert self.acknowledged <= set(there), "an acknowledged change is lost"
        assert not self.refused & set(there), "a refused change is there"
        assert set(there) <= self.acknowledged | self.open
        assert set(there.values()) <= {4}, "half a change is there"
        for number in self.open & set(there):  # decided now, once for all
            self.acknowledged.add(number)
        self.refused |= self.open - set(there)
        self.open.clear()


@pytest.mark.kills
def test_a_writer_that_is_killed_loses_nothing_that_was_acknowledged(tmp_path):
    chance, ledger, folder = random.Random(SEED), Ledger(), tmp_path / "data"
    changes, done = opened(folder), threading.Event()

    def client() -> None:
        while not done.is_set():
            number = ledger.next
            ledger.note(f"asks {number}")
            ledger.note(f"{write(changes, number)} {number}")

    thread = threading.Thread(target=client)
    thread.start()
    killed = set[int]()
    while len(killed) < WRITER_KILLS and thread.is_alive():
        until = ledger.answers + chance.choice(ANSWERS)
        while ledger.answers < until and thread.is_alive():
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 1.2 * ledger.pace))
        process = changes._writer._process
        if process is not None and process.pid not in killed:
            process.send_signal(signal.SIGKILL)
            killed.add(process.pid)
    done.set()
    thread.join()
    changes.close()
    ledger.check(folder)
    assert len(killed) == WRITER_KILLS
    assert len(ledger.acknowledged) > 20
    assert len(ledger.refused) > 20


@pytest.mark.kills
def test_a_service_that_is_killed_loses_nothing_that_was_acknowledged(tmp_path):
    chance, ledger, folder = random.Random(SEED), Ledger(), tmp_path / "data"
    for _ in range(SERVICE_KILLS):
        service = subprocess.Popen(
            [sys.executable, "-c", CLIENT, folder, str(ledger.next)], stdout=subprocess.PIPE,
            text=True, cwd=ROOT, env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'service'}"})
        assert service.stdout is not None
        until = ledger.answers + chance.choice(ANSWERS)
        while ledger.answers < until:  # without any it dies while it starts
            ledger.note(service.stdout.readline())
        time.sleep(chance.uniform(0, 1.2 * ledger.pace))
        service.kill()
        for line in service.stdout:
            ledger.note(line)
        service.stdout.close()
        service.wait()
        if DataDirectory.exists(folder):
            ledger.check(folder)
    opened(folder).close()
    assert len(ledger.acknowledged) > 20
    assert len(ledger.refused) > 10
