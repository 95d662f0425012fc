"""The command `iero serve` as a process of its own, for tests over real HTTP."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SERVICE = str(Path(__file__).parents[2] / "service")
_READY = re.compile(r"ready at (http://\S+?)/? ")


@contextmanager
def running(
    *arguments: object, seconds: float = 60, cwd: Path | None = None
) -> Iterator[str]:
    """Run `iero serve` with these arguments at a free port; yield its address."""
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "iero", "serve", "--port", "0",
         *map(str, arguments)],
        stderr=subprocess.PIPE, text=True, start_new_session=True, cwd=cwd,
        env=os.environ | {"PYTHONPATH": SERVICE})
    assert process.stderr is not None
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    said = []
    try:
        for line in process.stderr:
            said.append(line)
            if found := _READY.search(line):
                break
        else:
            pytest.fail("".join(said))
        timer.cancel()
        rest = threading.Thread(target=process.stderr.read, daemon=True)  # so that it never blocks
        rest.start()
        yield found[1]
    finally:
        timer.cancel()
        if process.poll() is None:
            process.terminate()
            process.wait(20)
        process.stderr.close()
