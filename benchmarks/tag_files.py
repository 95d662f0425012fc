"""Tag a large generated file by `iero tag`: rate, memory, and what a second process brings.

    python benchmarks/tag_files.py [--megabytes 1024] [--jobs 1 2] [--folder DIR] [--small 16]

The file is JSON Lines: abstracts put together from invented sentences, of which about every sixth
mentions concepts, always the same for the same size. It is tagged to JSON Lines by a process of
its own for each number of jobs. Memory is the most that the process and its workers have held
resident, added up, sampled ten times a second, in each fifth of the run and at all; a small file
(`--small`, in megabytes) is tagged first to compare: the memory must not grow with the file, nor
with time. All outputs of one file must be the same, byte for byte. The last lines say how many
times as fast more jobs are.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parents[1]
PARTS = (
    "We recruited {n} adults who lived with a partner.",
    "Participants kept a diary for {n} days and rated their mood every evening.",
    "Interpersonal emotion regulation (IER) was measured with the Interpersonal Emotion Regulation "
    "Questionnaire (IERQ).",
    "Excessive reassurance seeking predicted later depressive symptoms (β = .{n}, p < .05).",
    "Emotional contagion was weaker in the control group.",
    "There was no effect of expressive suppression on social support.",
    "Data were analyzed with multilevel models in which days were nested in persons.",
    "The sample was recruited by advertisements in {n} local newspapers.",
    "Co-rumination among friends was associated with generalized anxiety disorder.",
    "Attrition was {n} percent, and missing values were imputed.",
    "The findings should be replicated in larger and more diverse samples.",
    "A follow-up took place after {n} weeks.",
    "Limitations include the short time span and the reliance on a single informant.",
    "All procedures had been approved by the ethics committee of the university.",
)

WEIGHTS = [
    6 if "{n}" in part[:-12] or part.startswith(("Data", "The", "Lim", "All")) else 1
    for part in PARTS
]


@dataclass
class Row:
    """What one run has shown."""

    megabytes: float
    jobs: int
    seconds: float
    rate: float
    memory: float
    course: list[float]
    records: int
    digest: str


def generate(file: Path, megabytes: int) -> None:
    """Write a file of that size."""
    dice = random.Random(20261124)
    with file.open("wb") as out:
        number = 0
        while out.tell() < megabytes * 1_000_000:
            number += 1
            sentences = dice.choices(PARTS, WEIGHTS, k=dice.randint(8, 14))
            abstract = " ".join(each.format(n=dice.randint(10, 99)) for each in sentences)
            data = {
                "id": f"g{number}",
                "title": dice.choice(PARTS).format(n=number % 90),
                "abstract": abstract,
                "year": 1990 + number % 36,
            }
            out.write(json.dumps(data, ensure_ascii=False).encode() + b"\n")


def family(pid: int) -> Iterator[int]:
    """Yield a process and all that it has started."""
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        for child in children:
            yield from family(int(child))


def resident(pid: int) -> int:
    """Return the bytes that a process and its workers hold."""
    total = 0
    for each in family(pid):
        try:
            total += int(Path(f"/proc/{each}/statm").read_text().split()[1])
        except (OSError, IndexError):
            continue
    return total * os.sysconf("SC_PAGE_SIZE")


def measure(file: Path, jobs: int) -> Row:
    """Tag a file and watch."""
    output = file.with_name(f"{file.stem}-{jobs}.out.jsonl")
    command = [
        sys.executable,
        "-m",
        "iero",
        "tag",
        str(file),
        "-o",
        str(output),
        "--jobs",
        str(jobs),
    ]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "service")}
    start, held = time.perf_counter(), list[int]()
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            held.append(resident(process.pid))
            time.sleep(0.1)
        seconds = time.perf_counter() - start
        said = process.stderr.read() if process.stderr else ""
    if process.returncode:
        raise SystemExit(said)
    records = int(said.split("Tagged ")[1].split(" record")[0].replace(",", ""))
    with output.open("rb") as made:
        digest = hashlib.file_digest(made, "blake2b").hexdigest()[:16]
    output.unlink()
    size = file.stat().st_size / 1e6
    return Row(size, jobs, seconds, size / seconds, max(held) / 1e6, course(held), records, digest)


def course(held: list[int]) -> list[float]:
    """Return the most memory in each fifth of a run, in MB."""
    bounds = [len(held) * part // 5 for part in range(6)]
    return [max(held[first:last] or held) / 1e6
            for first, last in pairwise(bounds)]


def show(rows: list[Row]) -> None:
    """Print a table in Markdown."""
    print("| file | jobs | seconds | MB/s | records/s | memory, MB | in each fifth of the run |")
    print("|---:|---:|---:|---:|---:|---:|---|")
    for row in rows:
        print(
            f"| {row.megabytes:,.0f} MB | {row.jobs} | {row.seconds:.1f} | {row.rate:.1f} | "
            f"{row.records / row.seconds:,.0f} | {row.memory:.0f} | "
            f"{', '.join(f'{each:.0f}' for each in row.course)} |"
        )
    for row in rows:
        one = next(each for each in rows if each.megabytes == row.megabytes)
        if row.jobs != one.jobs:
            print(f"{row.megabytes:,.0f} MB: {row.jobs} jobs are {one.seconds / row.seconds:.2f} "
                  f"times as fast as {one.jobs}.")


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--megabytes", type=int, default=1024)
    parser.add_argument("--small", type=int, default=16)
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        rows = []
        for megabytes in (asked.small, asked.megabytes):
            file = Path(folder, f"{megabytes}.jsonl")
            generate(file, megabytes)
            rows += [measure(file, jobs) for jobs in asked.jobs]
            digests = {row.digest for row in rows[-len(asked.jobs) :]}
            if len(digests) > 1:
                raise SystemExit("the outputs differ")
            file.unlink()
    if asked.json:
        print(json.dumps([asdict(row) for row in rows]))
    else:
        show(rows)


if __name__ == "__main__":
    main()
