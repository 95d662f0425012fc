"""Spark: real executors in processes of their own, one of them killed, and the library's own tags.

It needs Java 17 or 21; there is one Spark for all tests, with two executors.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from iero import Tagger
from iero.errors import BadParameter, NotFound
from iero.rdf import parse
from iero.tagging.documents import Document, DocumentTagger

pytestmark = [
    pytest.mark.spark,
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning",
                               "ignore::FutureWarning", "ignore::UserWarning",
                               "ignore::pytest.PytestUnraisableExceptionWarning"),
]
TEXTS = [
    "Excessive reassurance seeking (ERS) predicted panic disorder; ERS was measured twice.",
    "Emotional contagion, naïve venting and 😀 co-rumination in dyads.",
    "METHODS: Preventing relapse. Participants showed no anxiety disorder.",
    "Nothing of the kind.", "", None,
]
ROWS = [(number, f"Mood contagion {number}", TEXTS[number % len(TEXTS)]) for number in range(600)]


@pytest.fixture(scope="module")
def session():
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    assert shutil.which("java") or os.environ.get("JAVA_HOME"), "Spark needs Java 17 or 21"
    made = (SparkSession.builder.master("local-cluster[2,1,1024]").appName("iero tests")
            .config("spark.ui.enabled", "false").config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.executor.memory", "512m").config("spark.sql.shuffle.partitions", "4")
            .config("spark.sql.execution.arrow.maxRecordsPerBatch", "20").getOrCreate())
    made.sparkContext.setLogLevel("ERROR")
    yield made
    made.stop()
    del os.environ["PYSPARK_PYTHON"]


@pytest.fixture(scope="module")
def records(session):
    return session.createDataFrame(ROWS, "id bigint, title string, abstract string").repartition(8)


def as_json(annotations):
    return None if annotations is None else json.dumps(
        [each.asDict(recursive=True) for each in annotations], ensure_ascii=False)


def by_library(text, **options):
    return None if text is None else json.dumps(
        [each.to_dict() for each in Tagger.open(**options).tag(text)], ensure_ascii=False)


def test_the_tags_are_those_of_the_library_byte_for_byte(records):
    from iero.spark import annotations_of, tag

    rows = tag(records, "abstract").collect()
    assert len(rows) == len(ROWS)
    wanted = {text: by_library(text) for text in TEXTS}
    assert {(row.id, as_json(row.annotations)) for row in rows} == {
        (number, wanted[text]) for number, _, text in ROWS}
    assert any(row.annotations for row in rows)
    assert all(annotations_of(row.annotations) == Tagger.open().tag(row.abstract or "")
               for row in rows[:12])


def test_several_columns_are_one_document(records):
    from iero.spark import tag

    rows = tag(records.limit(12), ["title", "abstract"], output_col="found").collect()
    whole = DocumentTagger(Tagger.open())
    for row in rows:
        fields = {"title": row.title} | ({"abstract": row.abstract} if row.abstract else {})
        assert as_json(row.found) == json.dumps(
            [{"field": each.field, **each.annotation.to_dict()}
             for each in whole.tag(Document("", fields)).mentions], ensure_ascii=False)
        assert row.found[0].field == "title"


def test_options_a_section_and_a_tagger_of_ones_own(records):
    from iero.spark import tag

    one = records.where("abstract LIKE 'Excessive%'").limit(1)
    [row] = tag(one, "abstract", concepts=("PanicDisorder",), section="results").collect()
    [found] = row.annotations
    assert (found.quote, found.section) == ("panic disorder", "results")
    own = Tagger.open(concepts=("PanicDisorder",), expand_class_hierarchy=True)
    [row] = tag(one, "abstract", tagger=own).collect()
    assert row.annotations[0].broader == list(own.tag(row.abstract)[0].broader)


def test_the_column_has_its_type_also_where_nothing_was_tagged(session):
    from iero.spark import schema, tag

    empty = session.createDataFrame([], "text string")
    tagged = tag(empty, "text")
    assert tagged.schema["annotations"].dataType == schema()
    assert tagged.collect() == []


@pytest.mark.parametrize(("call", "error"), [
    (lambda tag, df: tag(df, "summary"), BadParameter),
    (lambda tag, df: tag(df, "id"), BadParameter),
    (lambda tag, df: tag(df, []), BadParameter),
    (lambda tag, df: tag(df, "abstract", output_col="title"), BadParameter),
    (lambda tag, df: tag(df, "abstract", section="coda"), BadParameter),
    (lambda tag, df: tag(df, ["title", "abstract"], section="title"), BadParameter),
    (lambda tag, df: tag(df, "abstract", longest=True), BadParameter),
    (lambda tag, df: tag(df, "abstract", concepts=("Ventng",)), NotFound),
    (lambda tag, df: tag(df, "abstract", tagger=Tagger.open(), min_score=0.5), BadParameter),
])
def test_a_mistake_is_told_before_the_job_starts(records, call, error):
    from iero.spark import tag

    with pytest.raises(error):
        call(tag, records)


def executors(session):
    """Return the process ids of the executors of this application."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().decode().split("\0") \
                if entry.name.isdigit() else []
        except OSError:
            continue
        if any(word.endswith("CoarseGrainedExecutorBackend") for word in words) \
                and session.sparkContext.applicationId in words:
            found.append(int(entry.name))
    return found


def test_an_executor_that_is_killed_during_the_job_costs_nothing(session, records, tmp_path):
    from iero.spark import tag

    before, killed = executors(session), []
    assert len(before) == 2

    def kill():
        tracker = session.sparkContext.statusTracker()
        for _ in range(600):
            stages = map(tracker.getStageInfo, tracker.getActiveStageIds())
            if any(stage and stage.numCompletedTasks >= 2
                   and stage.numCompletedTasks < stage.numTasks - 4 for stage in stages):
                os.kill(before[0], signal.SIGKILL)
                killed.append(before[0])
                return
            time.sleep(0.05)

    def slowly(batches):
        for batch in batches:
            time.sleep(0.25)
            yield batch

    slow = records.repartition(16).mapInArrow(slowly, records.schema)
    thread = threading.Thread(target=kill)
    thread.start()
    tag(slow, "abstract").write.parquet(str(tmp_path / "out"))
    thread.join()
    assert killed, "the job was over before an executor could be killed"
    assert killed[0] not in executors(session)
    rows = session.read.parquet(str(tmp_path / "out")).collect()
    wanted = {text: by_library(text) for text in TEXTS}
    assert sorted((row.id, str(as_json(row.annotations))) for row in rows) == sorted(
        (number, str(wanted[text])) for number, _, text in ROWS)


def test_the_job_writes_parquet_and_the_annotations_of_the_command(session, records, tmp_path):
    from iero.spark.job import run

    source, target = str(tmp_path / "in"), str(tmp_path / "out")
    records.limit(60).withColumnRenamed("id", "pmid").write.parquet(source)
    run(session, source, target, ["title", "abstract"], batch="b", id_col="pmid")
    rows = session.read.parquet(f"{target}/records").collect()
    assert len(rows) == 60
    lines = [line for part in Path(target, "nquads").glob("part-*")
             for line in part.read_text(encoding="utf-8").splitlines()]
    assert len(lines) == len(set(lines))
    graph = " <https://w3id.org/iero/graph/literature/b> ."
    assert all(line.endswith(graph) for line in lines)
    plain = "\n".join(line.removesuffix(graph) + " ." for line in lines)
    triples = list(parse(plain, "ntriples", name="out"))
    kinds = [triple.object for triple in triples if triple.predicate.endswith("#type>")]
    assert kinds.count("<http://www.w3.org/ns/oa#Annotation>") == sum(
        len(row.annotations) for row in rows)
    assert kinds.count("<http://www.w3.org/ns/prov#Activity>") == 1
    with pytest.raises(BadParameter):
        run(session, source, target, ["title"], batch="b", id_col="doi")


def test_spark_submit_runs_the_job(session, records, tmp_path):
    submit = shutil.which("spark-submit", path=str(Path(sys.executable).parent))
    assert submit, "pyspark brings spark-submit"
    source, target = str(tmp_path / "in"), tmp_path / "out"
    records.limit(30).write.parquet(source)
    where = subprocess.run([sys.executable, "-m", "iero.spark", "--where"], check=True, text=True,
                           capture_output=True).stdout.strip()
    folders = os.pathsep.join(filter(None, [str(Path(where).parents[2]),
                                            os.environ.get("PYTHONPATH", "")]))
    clean = {name: value for name, value in os.environ.items()
             if not name.startswith(("SPARK_", "PYSPARK_"))}
    command = [submit, "--master", "local[2]", "--conf", "spark.ui.enabled=false",
               "--conf", "spark.driver.bindAddress=127.0.0.1", where]

    def submitted(*arguments):
        return subprocess.run(
            [*command, *arguments], text=True, capture_output=True, check=False, timeout=900,
            env=clean | {"PYTHONPATH": folders, "PYSPARK_PYTHON": sys.executable,
                         "SPARK_LOCAL_IP": "127.0.0.1"})

    done = submitted(source, str(target), "--text", "title", "--text", "abstract", "--id", "id")
    assert done.returncode == 0, done.stderr[-2000:]
    rows = session.read.parquet(str(target / "records")).collect()
    whole = DocumentTagger(Tagger.open())
    assert len(rows) == 30
    for row in rows:
        fields = {"title": row.title} | ({"abstract": row.abstract} if row.abstract else {})
        assert as_json(row.annotations) == json.dumps(
            [{"field": each.field, **each.annotation.to_dict()}
             for each in whole.tag(Document("", fields)).mentions], ensure_ascii=False)
    lines = [line for part in (target / "nquads").glob("part-*")
             for line in part.read_text(encoding="utf-8").splitlines()]
    assert sum("www.w3.org/ns/oa#Annotation>" in line for line in lines) == sum(
        len(row.annotations) for row in rows)
    wrong = submitted(source, str(target / "again"), "--text", "summary")
    assert wrong.returncode == 2
    assert "summary" in wrong.stdout + wrong.stderr  # spark-submit joins the two


def test_the_job_says_where_it_is_and_how_it_is_used():
    for arguments, said in ((["--where"], "iero/spark/__main__.py"), (["--help"], "OUT/")):
        done = subprocess.run([sys.executable, "-m", "iero.spark", *arguments], text=True,
                              capture_output=True, check=True)
        assert said in done.stdout or arguments == ["--help"]
