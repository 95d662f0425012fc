"""Changes as the service has them: atomic, valid, durable, isolated, within limits."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from iero.changes import EVERYTHING, Changes, Grants
from iero.directory import DataDirectory
from iero.errors import (
    BadDocument,
    BadQuery,
    DirectoryFailure,
    DiskFull,
    InvalidChange,
    LimitExceeded,
    NotFound,
    OntologyError,
    PreconditionFailed,
    Refused,
    ServiceFailure,
)
from iero.graph import KnowledgeGraph
from iero.pool import Limits, Pool
from iero.store import Store

from tests.changes.conftest import GRAPH, MINE, PREFIX

BOOK = PREFIX + f'INSERT DATA {{ GRAPH <{GRAPH}> {{ :emma a :Book ; :title "Emma" }} }}'
NAMELESS = PREFIX + f"INSERT DATA {{ GRAPH <{GRAPH}> {{ :nameless a :Book }} }}"
TEN = "{ 1 2 3 4 5 6 7 8 9 10 }"
HEAVY = PREFIX + (f"INSERT {{ GRAPH <{GRAPH}> {{ :x :y ?n }} }} WHERE {{ {{ "
                  "SELECT (COUNT(*) AS ?n) WHERE { "
                  + " ".join(f"VALUES ?v{i} {TEN}" for i in range(12)) + " } } }")


def content(changes: Changes) -> set[str]:
    """Return what is published, in the words of N-Quads."""
    return {str(quad) for quad in Store.current(changes.directory.path)._engine
            if "Default" not in type(quad.graph_name).__name__}


def leaves_no_trace(changes: Changes, change: Callable[[], object],
                    error: type[Exception]) -> Exception:
    version, before = changes.version, content(changes)
    with pytest.raises(error) as caught:
        change()
    assert (changes.version, content(changes)) == (version, before)
    return caught.value


def test_a_change_is_there_when_it_returns_and_its_outcome_says_what_it_did(guarded):
    version = guarded.version
    outcome = guarded.update(BOOK, grants=MINE)
    assert (outcome.inserted, outcome.deleted, outcome.created) == (2, 0, True)
    assert outcome.version == guarded.version != version
    assert len(content(guarded)) == 2
    assert guarded.directory.about().sizes == {GRAPH: 2}
    again = guarded.update(BOOK, grants=MINE)
    assert (again.inserted, again.version, dict(again.graphs)) == (0, outcome.version, {})


def test_a_change_that_breaks_the_shapes_brings_the_report_and_leaves_no_trace(guarded):
    error = leaves_no_trace(guarded, lambda: guarded.update(NAMELESS, grants=MINE), InvalidChange)
    [fault] = error.details["report"].results
    assert (fault.focus, fault.message) == ("https://example.org/nameless", "A book has one title.")
    [listed] = error.problem()["results"]
    assert listed["path"] == "<https://example.org/title>"
    guarded.update(BOOK, grants=MINE)  # the next one is not disturbed


def test_all_operations_of_a_request_count_or_none(guarded):
    text = f'{BOOK.replace("emma", "persuasion")} ; {NAMELESS.removeprefix(PREFIX)}'
    leaves_no_trace(guarded, lambda: guarded.update(text, grants=MINE), InvalidChange)
    mended = text + (f' ; INSERT DATA {{ GRAPH <{GRAPH}> {{ :nameless :title "-" }} }} ; '
                     f"DELETE WHERE {{ GRAPH <{GRAPH}> {{ :persuasion ?p ?o }} }} ; "
                     f"DELETE WHERE {{ GRAPH <{GRAPH}> {{ :nameless ?p ?o }} }}")
    assert guarded.update(mended, grants=MINE).graphs == {}


def test_a_warning_is_told_and_holds_nothing_back(guarded):
    outcome = guarded.update(
        PREFIX + f'INSERT DATA {{ GRAPH <{GRAPH}> {{ :emma :pages "many" }} }}', grants=MINE)
    assert [fault.message for fault in outcome.report.results] == ["Pages are counted."]
    guarded.update(PREFIX + f"DELETE WHERE {{ GRAPH <{GRAPH}> {{ :emma :pages ?n }} }}",
                   grants=MINE)


def test_a_rehearsal_counts_and_leaves_no_trace(guarded):
    version, before = guarded.version, content(guarded)
    outcome = guarded.update(BOOK.replace("emma", "sanditon"), grants=MINE, dry_run=True)
    assert (outcome.inserted, outcome.dry_run, outcome.version) == (2, True, version)
    assert (guarded.version, content(guarded)) == (version, before)
    leaves_no_trace(guarded, lambda: guarded.update(NAMELESS, grants=MINE, dry_run=True),
                    InvalidChange)


@pytest.mark.parametrize(("text", "error"), [
    (BOOK.replace("example.org/books", "example.com/books"), Refused),
    ("INSERT DATA { <x:a> <x:b> 1 }", Refused), ("LOAD <http://127.0.0.1:9/>", Refused),
    ("INSERT DATA { <x:a> ", BadQuery), ("DROP GRAPH <https://example.org/none>", NotFound),
])
def test_what_is_refused_leaves_no_trace(guarded, text, error):
    leaves_no_trace(guarded, lambda: guarded.update(BOOK.replace("emma", "a") + ";" + text.replace(
        PREFIX, ""), grants=MINE), error)


def test_without_grants_nothing_is_changed(guarded):
    leaves_no_trace(guarded, lambda: guarded.update(BOOK.replace("emma", "b"), grants=Grants()),
                    Refused)


def test_a_condition_on_the_version_is_looked_at_in_turn(guarded):
    version = guarded.version
    error = leaves_no_trace(guarded, lambda: guarded.update(
        BOOK.replace("emma", "c"), grants=MINE, if_version=["0-other"]), PreconditionFailed)
    assert error.details["version"] == version
    assert guarded.update(BOOK, grants=MINE, if_version=["0-other", version]).version == version


def test_graphs_are_put_posted_and_deleted(guarded):
    graph = "https://example.org/shelf"

    def put(data: bytes, **conditions: object):
        return guarded.put(graph, data, "turtle", grants=MINE, base=graph, **conditions)

    made = put(b"<a> <b> _:x . <a> <b> 1 .")
    assert (made.created, made.inserted) == (True, 2)
    replaced = put(b"<a> <b> 1, 2 .")
    assert (replaced.created, replaced.inserted, replaced.deleted) == (False, 1, 1)
    added = guarded.post(graph, b"<a> <b> 2, 3 .", "turtle", grants=MINE, base=graph)
    assert (added.inserted, added.deleted) == (1, 0)
    leaves_no_trace(guarded, lambda: put(b"", if_exists=False), PreconditionFailed)
    assert put(b"", if_exists=True).deleted == 3
    leaves_no_trace(guarded, lambda: put(b"<a> <b>"), BadDocument)
    assert guarded.delete(graph, grants=MINE).graphs[graph].dropped
    leaves_no_trace(guarded, lambda: guarded.delete(graph, grants=MINE), NotFound)
    leaves_no_trace(guarded, lambda: guarded.put("", b"", "turtle", grants=EVERYTHING), Refused)


@pytest.mark.parametrize(("limits", "reason"), [
    (Limits(seconds=1.0), "time"), (Limits(seconds=60, memory=80 << 20), "memory")])
def test_a_change_past_a_limit_is_ended_and_the_next_one_is_made(guarded, limits, reason):
    text = HEAVY if reason == "time" else PREFIX + (
        f"INSERT {{ GRAPH <{GRAPH}> {{ :x :y ?z }} }} WHERE {{ VALUES ?v0 {{ '0123456789' }} "
        + " ".join(f"BIND(CONCAT(?v{i}, ?v{i}) AS ?v{i + 1})" for i in range(30))
        + " BIND(STRLEN(?v30) AS ?z) }")
    before, guarded.limits = guarded.limits, limits
    try:
        started = time.monotonic()
        error = leaves_no_trace(guarded, lambda: guarded.update(text, grants=MINE), LimitExceeded)
        assert error.details["reason"] == reason
        assert time.monotonic() - started < 30
    finally:
        guarded.limits = before
    assert guarded.update(BOOK, grants=MINE).version == guarded.version


def test_a_client_may_lower_the_time(guarded):
    started = time.monotonic()
    leaves_no_trace(guarded, lambda: guarded.update(HEAVY, grants=MINE, timeout=0.3),
                    LimitExceeded)
    assert time.monotonic() - started < 20


def over_the_limit(changes: Changes) -> None:
    with pytest.raises(LimitExceeded):
        changes.update(HEAVY, grants=MINE)


def test_changes_wait_for_their_turn_and_not_for_ever(guarded):
    guarded.update(BOOK, grants=MINE)
    before, guarded.limits = guarded.limits, Limits(seconds=2.0, waiting=0.2)
    try:
        slow = threading.Thread(target=over_the_limit, args=(guarded,))
        slow.start()
        time.sleep(0.3)
        with pytest.raises(LimitExceeded) as caught:
            guarded.update(BOOK, grants=MINE)
        assert caught.value.details["reason"] == "busy"
        slow.join()
    finally:
        guarded.limits = before


def test_a_writer_that_dies_is_replaced(guarded):
    guarded.update(BOOK, grants=MINE)
    process = guarded._writer._process
    process.kill()
    process.wait()
    leaves_no_trace(guarded, lambda: guarded.update(BOOK.replace("emma", "d"), grants=MINE),
                    ServiceFailure)
    assert guarded.update(BOOK.replace("emma", "d"), grants=MINE).inserted == 2


def test_readers_see_whole_versions_and_always_the_newest(guarded):
    """While counts change together in one request, nobody ever sees them differ."""
    graph = "https://example.org/counts"
    guarded.put(graph, b"<x:a> <x:n> 0 . <x:b> <x:n> 0 .", "turtle", grants=MINE)
    pool = Pool(DataDirectory(guarded.directory.path), size=3)
    asked = f"SELECT ?s ?n {{ GRAPH <{graph}> {{ ?s <x:n> ?n }} }}"
    torn, done, seen = [], threading.Event(), set()

    def read() -> None:
        while not done.is_set():
            rows = [row["n"].value for row in pool.query(asked).rows()]
            seen.add(tuple(rows))
            if len(set(rows)) != 1 or len(rows) != 2:
                torn.append(rows)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        for number in range(1, 6):
            guarded.update(f"WITH <{graph}> DELETE {{ ?s <x:n> ?n }} "
                           f"INSERT {{ ?s <x:n> {number} }} WHERE {{ ?s <x:n> ?n }}", grants=MINE)
            assert {row["n"].value for row in pool.query(asked).rows()} == {number}
    finally:
        done.set()
        for reader in readers:
            reader.join()
        pool.close()
    assert torn == []
    assert len(seen) > 1


def test_old_versions_go_when_nobody_reads_them(guarded):
    for number in range(3):
        guarded.put("https://example.org/n", f"<x:a> <x:b> {number} .".encode(), "turtle",
                    grants=MINE)
    left = [each.name for each in (guarded.directory.path / "versions").iterdir()]
    assert left == [guarded.version]


def test_a_graph_over_a_directory_follows_its_names_and_its_version(guarded):
    pool = Pool(DataDirectory(guarded.directory.path), size=2)
    graph = KnowledgeGraph(pool)
    try:
        label = "PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> INSERT DATA { GRAPH " \
                f"<{GRAPH}> {{ <https://w3id.org/iero/Sulking> rdfs:label 'sulking'@en }} }}"
        guarded.update(label, grants=MINE)
        assert graph.revision == guarded.version
        assert graph.resolve("sulking") == "https://w3id.org/iero/Sulking"
        named = graph.names_version
        guarded.put("https://example.org/n", b"<x:a> <x:b> 'c' .", "turtle", grants=MINE)
        assert (graph.revision, graph.names_version) == (guarded.version, named)
        assert graph.sizes()["https://example.org/n"] == 1
        guarded.update(label.replace("INSERT", "DELETE"), grants=MINE)
        assert graph.names_version == guarded.version
        with pytest.raises(NotFound):
            graph.resolve("sulking")
    finally:
        pool.close()


def test_a_directory_in_use_is_not_opened_twice(guarded):
    with pytest.raises(DirectoryFailure, match=str(os.getpid())):
        Changes.open(guarded.directory.path, shapes=[])


def test_shapes_that_are_ill_formed_stop_the_service_before_it_starts(tmp_path):
    file = tmp_path / "shapes.ttl"
    file.write_text("@prefix sh: <http://www.w3.org/ns/shacl#> . "
                    "<x:S> a sh:NodeShape ; sh:targetClass <x:C> ; sh:minCount 'one' .")
    with pytest.raises(OntologyError):
        Changes.open(tmp_path / "data", shapes=[file], seed=[])
    DataDirectory.create(tmp_path / "data").lock()  # nobody holds it any more


def test_a_scratch_store_has_a_plain_default_graph_and_no_shapes():
    changes = Changes.scratch()
    path = changes.directory.path
    try:
        changes.update("INSERT DATA { <x:a> <x:b> 1 . GRAPH <x:g> { <x:c> <x:d> 2 } }",
                       grants=EVERYTHING)
        pool = Pool(DataDirectory(path), size=1)
        assert len(list(pool.query("SELECT * { ?s ?p ?o }").rows())) == 1
        pool.close()
        assert changes.delete("", grants=EVERYTHING).deleted == 1
    finally:
        changes.close()
    assert not path.exists()


# A disk that is full


@pytest.fixture
def small_disk(tmp_path: Path):
    """Mount a disk of few megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)],
                             capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("this system mounts no file systems for tests")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_told_and_nothing_is_lost(small_disk, shapes):
    changes = Changes.open(small_disk / "data", shapes=[shapes], seed=[])
    try:
        changes.update(BOOK, grants=MINE)
        error, acknowledged = None, [content(changes)]
        while error is None and len(acknowledged) < 200:
            value = os.urandom(30_000).hex()
            try:
                changes.put(f"https://example.org/{len(acknowledged)}",
                            f"<x:a> <x:b> '{value}' .".encode(), "turtle", grants=MINE)
                acknowledged.append(content(changes))
            except DiskFull as full:
                error = full
        assert len(acknowledged) > 3
        assert error is not None
        assert error.status == 507
        assert "no room" in error.message
        assert content(changes) == acknowledged[-1]
    finally:
        changes.close()
    again = Changes.open(small_disk / "data", shapes=[shapes])  # it opens
    try:
        assert content(again) == acknowledged[-1]
    finally:
        again.close()


def test_the_death_of_the_service_ends_the_writer(guarded):
    """The writer hears of it whatever it is at."""
    process = guarded._writer._process
    process.send_signal(signal.SIGTERM)  # which it leaves to the service
    time.sleep(0.2)
    assert process.poll() is None
    guarded._writer._control.close()
    process.wait(10)
    guarded._writer._control = None
    guarded._writer._process = None
    assert guarded.update(BOOK, grants=MINE).version == guarded.version
