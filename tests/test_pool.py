"""Queries in processes: the same answers as in one, and limits that hold whatever a query does."""

from __future__ import annotations

import io
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from iero.errors import BadParameter, BadQuery, LimitExceeded, NotFound, Refused, ServiceFailure
from iero.graph import KnowledgeGraph
from iero.pool import Limits, Pool
from iero.pool.worker import BATCH
from iero.protocol import format_named
from iero.resources import home
from iero.store import Store
from iero.syntax import form

RELEASE = Path(str(home())) / "ontology" / "release" / "iero-kg.nq"
SECONDS = 1.0
MEMORY = 150 << 20
PRODUCT = "?a ?b ?c . ?d ?e ?f . ?g ?h ?i"
HOSTILE = {
    "cartesian product": (f"SELECT (COUNT(*) AS ?n) {{ {PRODUCT} }}", {"time"}),
    "unbounded order": (f"SELECT * {{ {PRODUCT} }} ORDER BY ?c ?f ?i", {"time", "memory"}),
    "grouping": (f"SELECT ?a ?e ?i (COUNT(*) AS ?n) {{ {PRODUCT} }} GROUP BY ?a ?e ?i",
                 {"time", "memory"}),
    "distinct": (f"SELECT DISTINCT ?a ?f ?i {{ {PRODUCT} }}", {"time", "memory", "size"}),
    "deep path": ("SELECT (COUNT(*) AS ?n) { ?a (!<urn:x>)* ?b . ?b (!<urn:y>)* ?c . "
                  "?c (!<urn:z>)* ?d }", {"time", "memory"}),
    "regular expressions": (
        "SELECT (COUNT(*) AS ?n) { ?s ?p ?a . ?t ?q ?b . "
        "FILTER(REGEX(CONCAT(STR(?a), STR(?b)), '^(([a-z])+.)+[A-Z]([a-z])+$', 'i')) }", {"time"}),
    "huge graph": (f"CONSTRUCT {{ ?a ?e ?i }} WHERE {{ {PRODUCT} }}", {"time", "memory", "size"}),
    "long strings": ("SELECT * { ?s ?p ?o . " + "".join(
        f"BIND(CONCAT({f'?v{i - 1}' if i else 'STR(?o)'}, {f'?v{i - 1}' if i else 'STR(?o)'}) "
        f"AS ?v{i}) " for i in range(40)) + "}", {"time", "memory", "size"}),
}


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    limits = Limits(seconds=SECONDS, memory=MEMORY, answer=50 << 20, waiting=1)
    made = Pool([RELEASE], limits, size=4, cache=0)
    yield made
    made.close()


@pytest.fixture(scope="module")
def patient() -> Iterator[Pool]:
    """A pool for answers that are not about limits, however busy the machine is."""
    made = Pool([RELEASE], Limits(seconds=60), size=2, cache=0)
    yield made
    made.close()


def written(answer: object, fmt: str, kind: str) -> bytes:
    out = io.BytesIO()
    answer.write(out, format_named(fmt, kind))  # type: ignore[attr-defined]
    return out.getvalue()


def fails(pool: Pool, query: str, **options: float) -> LimitExceeded:
    kind = "graph" if form(query) == "CONSTRUCT" else "bindings"
    with pytest.raises(LimitExceeded) as caught:
        written(pool.query(query, **options), "nt" if kind == "graph" else "csv", kind)
    return caught.value


# The same answers


@pytest.mark.parametrize(("query", "kind", "formats"), [
    ("SELECT ?s ?o { ?s rdfs:label ?o } ORDER BY ?s", "bindings", ["json", "xml", "csv", "tsv"]),
    ("ASK { iero:Venting a owl:Class }", "boolean", ["json", "xml"]),
    ("CONSTRUCT { ?s rdfs:label ?o } WHERE { ?s rdfs:label ?o }", "graph", ["ntriples", "turtle"]),
    ("DESCRIBE iero:ReadInSource", "graph", ["ntriples"]),
])
def test_a_pool_answers_as_a_store_does(patient, query, kind, formats):
    from iero.vocabulary import PREFIXES

    store = Store.open([RELEASE])
    for fmt in formats:
        there = patient.query(query, prefixes=PREFIXES)
        assert there.kind == kind
        here = written(store.query(query, prefixes=PREFIXES), fmt, kind)
        assert sorted(written(there, fmt, kind).splitlines()) == sorted(here.splitlines())


def test_rows_come_as_terms_in_batches_and_in_order(patient):
    query = "SELECT ?s ?o { ?s <http://www.w3.org/2000/01/rdf-schema#label> ?o } ORDER BY ?s"
    rows = list(patient.query(query).rows())
    assert len(rows) > 2 * BATCH
    assert rows == list(Store.open([RELEASE]).query(query).rows())
    assert patient.query(query).variables == ["s", "o"]


def test_a_reader_that_has_seen_enough_frees_the_worker(patient):
    for _ in range(20):
        rows = patient.query("SELECT * { ?a ?b ?c . ?d ?e ?f }").rows()
        assert next(rows)
        rows.close()
    assert patient.query("ASK {}").truth


def test_an_empty_answer_is_an_answer(patient):
    answer = patient.query("SELECT ?s { ?s <urn:none> ?o }")
    assert answer.variables == ["s"]
    assert list(answer.rows()) == []


def test_a_graph_object_works_over_a_pool(patient):
    graph = KnowledgeGraph(patient)
    assert graph.term("EmotionalContagion").label == "emotional contagion"
    assert graph.ask("ASK { iero:GuiltInduction rdfs:subClassOf iero:AffectWorseningRegulation }")
    assert len(graph.sizes()) >= 4


def test_mistakes_of_the_user_cost_no_worker(pool):
    pool.query("ASK {}").truth  # noqa: B018 - makes a worker
    before = {worker.pid for worker in pool._idle}
    with pytest.raises(BadQuery, match="line 1"):
        pool.query("SELECT * { ?s ?p ").rows().__next__()
    with pytest.raises(Refused, match="SERVICE"):
        next(pool.query("SELECT * { SERVICE <http://127.0.0.1/> { ?s ?p ?o } }").rows())
    with pytest.raises(BadQuery):
        pool.query("nonsense")
    assert {worker.pid for worker in pool._idle} == before


def test_a_large_answer_comes_whole(patient):
    query = "SELECT * { ?a rdfs:label ?b . ?c a owl:Class } LIMIT 100000"
    from iero.vocabulary import PREFIXES

    body = written(patient.query(query, prefixes=PREFIXES), "csv", "bindings")
    assert len(body) > 5 << 20
    assert body.count(b"\r\n") == 100_001


# Answers at hand


def test_an_answer_given_lately_needs_no_worker():
    pool = Pool([RELEASE], size=1)
    try:
        query = "SELECT * { ?s ?p ?o } LIMIT 5"
        first = written(pool.query(query), "csv", "bindings")
        [worker] = pool._idle
        os.kill(worker.pid, signal.SIGSTOP)  # nobody can evaluate anything now
        assert written(pool.query(query), "csv", "bindings") == first
        os.kill(worker.pid, signal.SIGCONT)
        assert written(pool.query(query), "json", "bindings") != first
        graphs = ["https://w3id.org/iero/graph/mappings"]
        assert written(pool.query(query, graphs), "csv", "bindings") != first
    finally:
        pool.close()


def test_a_pool_may_keep_nothing():
    pool = Pool([RELEASE], Limits(waiting=0.1), size=1, cache=0)
    try:
        query = "SELECT * { ?s ?p ?o } LIMIT 5"
        written(pool.query(query), "csv", "bindings")
        with pool.lease(pool.limits):  # the only worker is away
            assert fails(pool, query).details["reason"] == "busy"
    finally:
        pool.close()


# Limits


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_query_ends_at_a_limit_and_its_memory_is_back_within_a_second(pool, name):
    query, reasons = HOSTILE[name]
    started = time.monotonic()
    error = fails(pool, query)
    assert error.details["reason"] in reasons
    assert error.status == 503
    assert time.monotonic() - started < SECONDS + 1
    assert children_memory(pool) < len(pool._idle) * (MEMORY // 2) + MEMORY


def children_memory(pool: Pool) -> int:
    """Return the bytes that the living workers have grown by."""
    return sum(worker.memory() for worker in pool._idle)


def test_others_are_served_while_hostile_queries_run(pool):
    query = HOSTILE["cartesian product"][0]
    threads = [threading.Thread(target=fails, args=(pool, query)) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    slowest = 0.0
    while any(thread.is_alive() for thread in threads):
        started = time.monotonic()
        assert pool.query("ASK {}").truth
        slowest = max(slowest, time.monotonic() - started)
    assert slowest < SECONDS


def test_a_query_gives_way_for_what_it_works_and_not_for_what_it_waits():
    """A quick query that is kept from the processor must not be put behind the slow ones too."""
    pool = Pool([RELEASE], Limits(seconds=120), size=1)
    try:
        assert pool.query("ASK {}").truth
        [worker] = pool._idle
        os.kill(worker.pid, signal.SIGSTOP)
        waiting = threading.Thread(target=lambda: written(pool.query("ASK {}"), "json", "boolean"))
        waiting.start()
        time.sleep(1.5)
        os.kill(worker.pid, signal.SIGCONT)
        waiting.join()
        assert (worker.niceness, pool._idle) == (0, [worker])
        working = threading.Thread(target=fails, args=(pool, HOSTILE["cartesian product"][0]))
        working.start()
        while working.is_alive() and worker.niceness < 19:  # soon, if nothing else is at work
            time.sleep(0.01)
        assert worker.niceness == 19
        os.kill(worker.pid, signal.SIGKILL)
        working.join()
    finally:
        pool.close()


def test_a_client_may_lower_the_time_and_not_raise_it(pool):
    query = HOSTILE["cartesian product"][0]
    started = time.monotonic()
    assert fails(pool, query, timeout=0.2).details["limit"] == 0.2
    assert time.monotonic() - started < SECONDS
    assert fails(pool, query, timeout=99).details["limit"] == SECONDS


def test_rows_that_were_read_are_kept_at_hand_unless_they_are_many():
    pool = Pool([RELEASE], size=1)
    try:
        few, many = "SELECT ?s { ?s ?p ?o } LIMIT 999", "SELECT ?s { ?s ?p ?o } LIMIT 1001"
        seen = []
        pool.observe = lambda event, _: seen.append(event)
        for query, events in ((few, ["miss", "hit"]), (many, ["miss", "miss"])):
            seen.clear()
            first, again = (list(pool.query(query).rows()) for _ in range(2))
            assert first == again
            assert [each for each in seen if each in ("hit", "miss")] == events
        assert pool.query(few).variables == ["s"]
        assert pool.query("ASK { ?s ?p ?o }").truth is pool.query("ASK { ?s ?p ?o }").truth is True
        assert pool.query("ASK { ?s <x:none> ?o }").truth is False
        assert [*pool.query("SELECT ?s { ?s <x:none> ?o }").rows()] == []
        assert [*pool.query("SELECT ?s { ?s <x:none> ?o }").rows()] == []
    finally:
        pool.close()


def test_when_all_workers_are_busy_the_next_is_told_to_come_again():
    pool = Pool([RELEASE], Limits(seconds=2, waiting=0.2), size=1)
    try:
        thread = threading.Thread(target=fails, args=(pool, HOSTILE["cartesian product"][0]))
        thread.start()
        time.sleep(0.3)
        error = fails(pool, "SELECT * {}")
        assert error.details["reason"] == "busy"
        assert error.details["retry_after"] >= 1
        thread.join()
        assert pool.query("ASK {}").truth
    finally:
        pool.close()


def slay(worker: Any, number: signal.Signals) -> None:
    """Kill a worker and wait until its connection breaks: until then it may answer once more."""
    os.kill(worker.pid, number)
    assert worker.connection.poll(60)


def test_a_worker_that_dies_is_a_clean_error_and_is_replaced(patient):
    assert patient.query("ASK {}").truth
    slay(patient._idle[-1], signal.SIGSEGV)
    with pytest.raises(ServiceFailure, match="-11"):
        patient.query("ASK {}").truth  # noqa: B018
    assert patient.query("ASK {}").truth


def test_a_worker_that_dies_when_the_reader_has_seen_enough_troubles_nobody():
    one = Pool([RELEASE], Limits(seconds=60), size=1, cache=0)
    try:
        assert one.query("ASK {}").truth
        worker = one._idle[-1]
        rows = one.query("SELECT * { ?s ?p ?o }").rows()
        assert next(rows)
        slay(worker, signal.SIGKILL)
        rows.close()
        assert one.query("ASK {}").truth
        assert one._idle[-1] is not worker
    finally:
        one.close()


def test_closing_ends_every_process():
    pool = Pool([RELEASE], size=2)
    assert pool.query("ASK {}").truth
    pids = [pool._holder.process.pid, *(worker.pid for worker in pool._idle)]
    pool.close()
    deadline = time.monotonic() + 5
    while any(Path(f"/proc/{pid}").exists() for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []


def test_a_holder_that_is_killed_takes_no_query_along(pool):
    other = Pool([RELEASE], size=2, cache=0)
    try:
        assert other.query("ASK {}").truth
        worker = other._idle[-1]
        other._holder.process.kill()
        other._holder.process.wait()
        assert other.query("ASK {}").truth  # by the worker that lives on
        slay(worker, signal.SIGKILL)
        with pytest.raises(ServiceFailure):
            other.query("ASK {}").truth  # noqa: B018
        assert other.query("ASK {}").truth  # a new holder has loaded the graph
    finally:
        other.close()


def test_a_file_that_cannot_be_loaded_is_told_as_by_a_store(tmp_path):
    with pytest.raises(NotFound, match=r"none\.nq"):
        Pool([tmp_path / "none.nq"])


@pytest.mark.parametrize("name", ["seconds", "memory", "answer", "waiting"])
def test_a_limit_is_above_0(name):
    with pytest.raises(BadParameter, match=name):
        Limits(**{name: 0})
