"""Whole runs: processes, interruptions, broken records, and the command."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from iero import Tagger, cli
from iero.errors import BadParameter, NotFound
from iero.tagging.job import Job, run
from iero.tagging.output import Progress

from tests.tagging.documents.conftest import FIXTURES, Iero, lines, records, tagged

ROOT = Path(cli.__file__).parents[1]


# -- several processes, interruptions --------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "nq"])
def test_several_processes_write_what_one_writes(
    suffix: str, tmp_path: Path, tagger: Tagger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1750000000")
    source = records(tmp_path, 1500)
    one = tagged(tmp_path, tagger, source, "one." + suffix, batch="b").read_bytes()
    assert tagged(tmp_path, tagger, source, "two." + suffix, batch="b", jobs=2).read_bytes() == one


class Stop(BaseException):
    """Ends a run from within."""


def records_in(file):
    """Return the rows of a workbook."""
    book = openpyxl.load_workbook(file, read_only=True)
    try:
        return list(book["records"].values)
    finally:
        book.close()


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.jsonl.gz", "a.xlsx"])
@pytest.mark.parametrize("after", [1, 3])
def test_an_interrupted_run_goes_on_where_it_was(
    name: str, after: int, tmp_path: Path, tagger: Tagger
) -> None:
    count = 1600 if name.endswith("xlsx") else 4000
    source = records(tmp_path, count)
    with source.open("ab") as file:
        file.write(b'{"broken"\n' * 3)
    seen = 0

    def stop(_: Progress) -> None:
        nonlocal seen
        seen += 1
        if seen == after:
            raise Stop

    job = Job((str(source),), str(tmp_path / name))
    with pytest.raises(Stop):
        run(job, tagger, stop)
    assert not (tmp_path / name).exists()
    with pytest.raises(BadParameter, match="interrupted run"):
        run(job, tagger)
    part = tmp_path / (name + ".part")
    with part.open("ab") as file:
        file.write(b"half a rec")  # written, but not yet noted, when the process was killed
    done = run(Job((str(source),), str(tmp_path / name), resume=True), tagger)
    assert (done.records, done.rejected) == (count, 3)
    assert len(lines(tmp_path / (name + ".rejects.jsonl"))) == 3
    whole = tagged(tmp_path, tagger, source, "whole-" + name)
    if name.endswith("xlsx"):
        assert records_in(whole) == records_in(tmp_path / name)
    else:
        assert whole.read_bytes() == (tmp_path / name).read_bytes()


def test_another_run_is_not_resumed(tmp_path: Path, tagger: Tagger) -> None:
    source = records(tmp_path, 2000)

    def stop(_: Progress) -> None:
        raise Stop

    job = Job((str(source),), str(tmp_path / "a.jsonl"), resume=True)
    with pytest.raises(Stop):
        run(job, tagger, stop)
    records(tmp_path, 1999)
    with pytest.raises(BadParameter, match="another one: inputs"):
        run(job, tagger)


def alive(group: int) -> list[str]:
    """Return the processes of a group, but for those that have ended and wait to be noticed."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue
        name, _, rest = text.rpartition(") ")
        state, _, own, *_ = rest.split()
        if int(own) == group and state != "Z":
            found.append(name)
    return found


@pytest.mark.parametrize(
    ("sign", "jobs"), [(signal.SIGKILL, 2), (signal.SIGINT, 1), (signal.SIGINT, 2)]
)
def test_a_killed_process_leaves_a_run_to_resume_and_no_other_process(
    sign: signal.Signals, jobs: int, tmp_path: Path
) -> None:
    source = records(tmp_path, 40_000)
    command = [
        sys.executable,
        "-m",
        "iero",
        "tag",
        str(source),
        "-o",
        str(tmp_path / "a.jsonl"),
        "--jobs",
        str(jobs),
        "--resume",
    ]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, start_new_session=True,
        # a shell without job control starts what runs in the background deaf to SIGINT
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    note = tmp_path / "a.jsonl.part.json"
    deadline = time.monotonic() + 60
    while not (note.exists() and json.loads(note.read_bytes())["state"]["records"]):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(sign)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == (130 if sign == signal.SIGINT else -signal.SIGKILL)
    assert b"Traceback" not in errors
    while left := alive(process.pid):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Tagged 40,000 records" in done.stderr
    names = [record["id"] for record in lines(tmp_path / "a.jsonl")]
    assert names == [f"r{number}" for number in range(40_000)]


# -- what does not go together ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inputs", "output", "options", "message"),
    [
        (["zotero.ris", "zotero.bib"], "a.ris", {}, "several formats"),
        (["efetch.xml", "efetch.xml"], "a.xml", {}, "do not make one"),
        (["note.txt"], "a.ris", {}, "no place for tags"),
        (["zotero.ris"], "-", {"format": "xlsx"}, "cannot take xlsx"),
        (["zotero.ris"], "-", {"resume": True}, "cannot be resumed"),
        (["zotero.ris"], "absent/a.csv", {}, "no folder"),
        (["zotero.ris"], "a.xlsx.gz", {}, "not compressed"),
        (["zotero.ris"], "a.doc", {}, "does not tell"),
    ],
)
def test_what_does_not_go_together_is_an_error_before_anything_is_written(
    inputs: list[str],
    output: str,
    options: dict[str, Any],
    message: str,
    tmp_path: Path,
    tagger: Tagger,
) -> None:
    target = output if output == "-" else str(tmp_path / output)
    with pytest.raises(BadParameter, match=message):
        run(Job(tuple(str(FIXTURES / name) for name in inputs), target, **options), tagger)
    assert list(tmp_path.iterdir()) == []


def test_the_input_is_never_overwritten(tmp_path: Path, tagger: Tagger) -> None:
    source = records(tmp_path, 2)
    with pytest.raises(BadParameter, match="overwrite its input"):
        run(Job((str(source),), str(source)), tagger)
    with pytest.raises(NotFound):
        run(Job((str(tmp_path / "absent.ris"),), str(tmp_path / "a.ris")), tagger)


# -- the command -----------------------------------------------------------------------------------


def test_the_command_reports_broken_records_and_goes_on(tmp_path: Path, iero: Iero) -> None:
    source = tmp_path / "in.ris"
    source.write_bytes(
        b"TY  - JOUR\nTI  - Venting\nTY  - JOUR\nTI  - Na\xefve mood contagion\nER  - \n"
    )
    code, out, err = iero("tag", source, "-o", tmp_path / "out.ris")
    assert (code, out) == (1, "")
    assert "Tagged 1 record: 1 mention" in err
    assert "1 record read as cp1252." in err
    assert f"{source}, record 1, line 1: it is not ended by an ER line" in err
    [aside] = lines(tmp_path / "out.ris.rejects.jsonl")
    assert aside == {
        "file": str(source),
        "record": 1,
        "line": 1,
        "raw": "TY  - JOUR\nTI  - Venting\n",
        "reason": "it is not ended by an ER line",
    }


def test_standard_output_and_options(tmp_path: Path, iero: Iero) -> None:
    code, out, _ = iero(
        "tag", FIXTURES / "efetch.xml", "-o", "-", "-f", "csv", "-c", "MentalDisorder"
    )
    assert code == 0
    assert {row["label"] for row in csv.DictReader(io.StringIO(out))} == {"panic disorder"}
    code, _, err = iero("tag", FIXTURES / "efetch.xml", "-o", tmp_path / "a.csv", "-c", "Pnic")
    assert (code, "no concept 'Pnic'" in err) == (2, True)


def test_the_progress_bar_shows_in_a_terminal(tmp_path: Path) -> None:
    import pty

    source = records(tmp_path, 20_000)
    child, terminal = pty.fork()
    if not child:
        os.execve(
            sys.executable,
            [sys.executable, "-m", "iero", "tag", str(source), "-o", str(tmp_path / "a.jsonl")],
            os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "120"},
        )
    shown = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            break
        shown += piece
    os.waitpid(child, 0)
    os.close(terminal)
    assert b"MB/s" in shown
    assert b"records" in shown
    assert b"left" in shown
