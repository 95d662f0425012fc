"""A day in the life, in ten minutes: polite clients, writers, and a hostile query every second.

    python benchmarks/soak.py [--minutes 10] [--clients 16] [--timeout 8] [--json]

`iero serve` is started over a new data directory, which holds the shipped graph (or, with
--read-only, without one). Most clients ask the ready-made questions, terms, searches and SPARQL,
each on a connection of its own with a short pause; every eighth one also writes a few triples and
reads them back. Once a second somebody sends a query that no machine can answer. For each minute
the table shows the requests of the polite, their errors, the median and the 99th percentile of
their waiting, and the memory of all processes of the service. Below it stands whether the last
minute was worse than the second (the first warms up).
"""

from __future__ import annotations

import sys

sys.path[:] = sys.path[1:]  # drop this folder, where http.py would hide Python's http

import argparse
import http.client
import json
import os
import random
import re
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import quote, urlencode

ROOT = Path(__file__).parents[1]
CROSS = " . ".join(f"?s{i} ?p{i} ?o{i}" for i in range(6))
HOSTILE = (
    f"SELECT (COUNT(*) AS ?n) {{ {CROSS} }}",
    "SELECT * { ?a ?b ?c . ?d ?e ?f } ORDER BY ?c ?f",
    "SELECT (COUNT(*) AS ?n) { ?a (!<urn:x>)* ?b . ?b (!<urn:x>)* ?c }",
    f"CONSTRUCT {{ ?s0 ?p1 ?o2 }} {{ {CROSS} }}",
    "SELECT (GROUP_CONCAT(CONCAT(STR(?a), STR(?f))) AS ?x) { ?a ?b ?c . ?d ?e ?f }",
)
PAUSE = 0.02
FLAT = 1.5
"""How much the last minute may exceed the second and still be called flat."""


@dataclass
class Minute:
    """What the polite clients met in one minute."""

    waits: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    hostile: dict[str, int] = field(default_factory=dict)
    memory: int = 0
    processes: int = 0


@dataclass(frozen=True)
class Row:
    """A minute as the table shows it; times in milliseconds, memory in MB."""

    minute: int
    requests: int
    errors: int
    p50: float
    p99: float
    memory: int
    processes: int
    hostile: str


class Soak:
    """The load, and what is seen of it."""

    def __init__(self, address: str, pid: int, token: str, seconds: float) -> None:
        self.address, self.pid, self.token = address, pid, token
        self.began = time.monotonic()
        self.ends = self.began + seconds
        self.minutes = [Minute() for _ in range(max(1, round(seconds / 60)))]
        self.lock = threading.Lock()
        names = sorted(file.stem for file in (ROOT / "queries" / "questions").glob("*.rq"))
        self.paths = [*(f"/queries/{name}?format=json" for name in names), "/term/Venting",
                      "/term/ReassuranceSeeking.ttl", "/search?q=reassurance", "/health",
                      "/sparql?" + urlencode({"query": "SELECT * { ?s ?p ?o } LIMIT 50"})]

    def minute(self) -> Minute:
        """Return the minute that it is."""
        now = int((time.monotonic() - self.began) / 60)
        return self.minutes[min(now, len(self.minutes) - 1)]

    def ask(self, connection: http.client.HTTPConnection, method: str, path: str,
            body: str | None = None, kind: str = "") -> tuple[int, bytes]:
        """Make a request and return what came."""
        headers = {"Accept": "*/*"}
        if kind:
            headers |= {"Content-Type": kind, "Authorization": f"Bearer {self.token}"}
        connection.request(method, path, body=body, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()

    def polite(self, number: int) -> None:
        """Ask, and every so often write and read back, until the time is over."""
        chance = random.Random(number)
        writer = bool(self.token) and number % 8 == 0
        connection = http.client.HTTPConnection(self.address, timeout=30)
        count = 0
        while time.monotonic() < self.ends:
            count += 1
            began, error = time.monotonic(), ""
            try:
                error = self.write(connection, number, count) if writer and count % 10 == 0 \
                    else self.read(connection, chance.choice(self.paths))
            except (OSError, http.client.HTTPException) as failure:
                error = repr(failure)
                connection.close()
            with self.lock:
                self.minute().waits.append(time.monotonic() - began)
                if error:
                    self.minute().errors.append(error)
            time.sleep(PAUSE)
        connection.close()

    def read(self, connection: http.client.HTTPConnection, path: str) -> str:
        """Ask once; return what was wrong."""
        status, body = self.ask(connection, "GET", path)
        return "" if status == 200 and body else f"{status} {path} {body[:200]!r}"

    def write(self, connection: http.client.HTTPConnection, number: int, count: int) -> str:
        """Replace a graph and read it back; return what was wrong."""
        graph = f"/store?graph={quote(f'urn:soak:{number}')}"
        lines = "".join(f'<urn:s{i}> <urn:p> "{count}" .\n' for i in range(10))
        status, body = self.ask(connection, "PUT", graph, lines, "application/n-triples")
        if status not in (200, 201, 204):
            return f"{status} PUT {body[:200]!r}"
        status, body = self.ask(connection, "GET", graph + "&format=nt")
        whole = status == 200 and body.count(f'"{count}"'.encode()) == body.count(b"\n") == 10
        return "" if whole else f"{status} read back {body[:200]!r}"

    def hostile(self) -> None:
        """Send a hostile query every second, and wait for no answer before the next."""
        number = 0
        while time.monotonic() < self.ends:
            query = HOSTILE[number % len(HOSTILE)]
            threading.Thread(target=self._attack, args=(query,), daemon=True).start()
            number += 1
            time.sleep(1)

    def _attack(self, query: str) -> None:
        connection = http.client.HTTPConnection(self.address, timeout=120)
        try:
            status, body = self.ask(connection, "GET", "/sparql?" + urlencode({"query": query}))
            told = json.loads(body).get("reason", "") if status == 503 else ""
            outcome = f"{status} {told}".strip()
        except (OSError, http.client.HTTPException) as failure:
            outcome = type(failure).__name__
        with self.lock:
            seen = self.minute().hostile
            seen[outcome] = seen.get(outcome, 0) + 1
        connection.close()

    def watch(self) -> None:
        """Keep the highest memory of each minute."""
        from iero.server.processes import tree

        while time.monotonic() < self.ends:
            found = tree(self.pid)
            minute = self.minute()
            minute.memory = max(minute.memory, sum(process.memory for process in found))
            minute.processes = max(minute.processes, len(found))
            time.sleep(1)

    def run(self, clients: int) -> list[Row]:
        """Run the load and return a row for each minute."""
        work = [threading.Thread(target=self.polite, args=(number,)) for number in range(clients)]
        work += [threading.Thread(target=self.hostile), threading.Thread(target=self.watch)]
        for thread in work:
            thread.start()
        for thread in work:
            thread.join()
        return [self._row(number, minute) for number, minute in enumerate(self.minutes, 1)]

    def _row(self, number: int, minute: Minute) -> Row:
        waits = sorted(minute.waits) or [0.0]
        hostile = ", ".join(f"{count} × {outcome}" for outcome, count in minute.hostile.items())
        return Row(number, len(minute.waits), len(minute.errors),
                   round(waits[len(waits) // 2] * 1000, 1),
                   round(waits[len(waits) * 99 // 100] * 1000, 1), minute.memory >> 20,
                   minute.processes, hostile)


@contextmanager
def serving(writes: bool, timeout: float) -> Iterator[tuple[str, int, str]]:
    """Run the service; yield its address, its process, and a token to write with."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "service")}
    iero = [sys.executable, "-m", "iero"]
    with tempfile.TemporaryDirectory() as folder:
        token, more = "", []
        if writes:
            tokens = f"{folder}/tokens.toml"
            made = subprocess.run([*iero, "token", "new", "soak", "--graph", "urn:soak:*",
                                   "--tokens", tokens], check=True, capture_output=True, text=True,
                                  env=environment)
            token, more = made.stdout.strip(), ["--data", f"{folder}/data", "--tokens", tokens]
        command = [*iero, "serve", "--port", "0", "--timeout", str(timeout),
                   "--memory-limit", "300", *more]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True,
                                   env=environment)
        try:
            yield _address(process), process.pid, token
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def _address(process: subprocess.Popen[bytes]) -> str:
    """Return where a service can be reached, once it can; read on what it writes."""
    assert process.stderr is not None
    while line := process.stderr.readline().decode():
        if found := re.search(r"ready at http://([^/]+)/", line):
            threading.Thread(target=process.stderr.read, daemon=True).start()
            return found[1]
    sys.exit("The service did not start.")


def show(rows: list[Row], errors: list[str]) -> None:
    """Print the table and the verdict."""
    print("| minute | requests | errors | p50 ms | p99 ms | memory MB | processes | hostile |")
    print("|---:|---:|---:|---:|---:|---:|---:|---|")
    for row in rows:
        print("| " + " | ".join(f"{value:,}" if isinstance(value, int | float) else value
                                for value in asdict(row).values()) + " |")
    for error in errors[:5]:
        print(f"\nError: {error}")
    if len(rows) > 2:
        second, last = rows[1], rows[-1]
        for name in ("p99", "memory"):
            ratio = getattr(last, name) / max(getattr(second, name), 1)
            print(f"\n{name}: last minute {ratio:.2f} × the second: "
                  f"{'flat' if ratio <= FLAT else 'not flat'}")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--timeout", type=float, default=8, help="seconds that a query may take")
    parser.add_argument("--read-only", action="store_true", help="no writers")
    parser.add_argument("--json", action="store_true", help="rows as JSON")
    given = parser.parse_args()
    with serving(not given.read_only, given.timeout) as (address, pid, token):
        soak = Soak(address, pid, token, given.minutes * 60)
        rows = soak.run(given.clients)
    errors = [error for minute in soak.minutes for error in minute.errors]
    if given.json:
        print(json.dumps({"rows": [asdict(row) for row in rows], "errors": errors}))
    else:
        show(rows, errors)
    sys.exit(1 if errors else 0)


if __name__ == "__main__":
    main()
