"""The job for ``spark-submit``: Parquet in, Parquet and N-Quads out.

::

    python -m iero.spark IN OUT --text title --text abstract --id pmid
    spark-submit --master spark://host:7077 $(python -m iero.spark --where) IN OUT ...

``OUT/records`` holds the records of ``IN`` with a column ``annotations``, ``OUT/nquads`` the W3C
Web Annotations, in parts. Every executor needs ``iero`` installed, or given by ``--py-files``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql import types as sql

from iero.errors import BadParameter, IeroError
from iero.spark.columns import annotations_of
from iero.spark.tagging import tag
from iero.tagging import Tagger
from iero.tagging.documents import Document, Mention, Tagged
from iero.tagging.documents.lines import JsonLines
from iero.tagging.documents.webannotation import AnnotationWriter

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = ["main", "nquads", "run"]

_LINE = sql.StructType([sql.StructField("value", sql.StringType(), nullable=False)])


def nquads(tagged: DataFrame, texts: Sequence[str], tagger: Tagger, *, batch: str,
           id_col: str = "", iri_col: str = "") -> DataFrame:
    """Return the Web Annotations of tagged records as lines of N-Quads, in a column ``value``.

    :param tagged: what :func:`iero.spark.tag` returned for these columns, as a list.
    :param id_col: the column by which records are named; by default, their texts name them.
    :param iri_col: the column with their IRIs, if there is one.
    """
    writer = AnnotationWriter("nquads", batch, tagger.version, tagger.ontology_version)
    columns = [*texts, *filter(None, (id_col, iri_col)), "annotations"]

    def lines(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for each in batches:
            made = [line for row in each.to_pylist() for line in
                    _written(writer, _tagged(row, texts, id_col, iri_col))]
            yield pa.RecordBatch.from_arrays([pa.array(made, type=pa.string())], names=["value"])

    session = tagged.sparkSession
    head = session.createDataFrame([(line,) for line in writer.header().decode().splitlines()],
                                   _LINE).coalesce(1)
    return head.unionAll(tagged.select(*dict.fromkeys(columns)).mapInArrow(lines, _LINE))


def _tagged(row: dict[str, Any], texts: Sequence[str], id_col: str, iri_col: str) -> Tagged:
    fields = {name: row[name] for name in texts if row[name]}
    found = row["annotations"] or []
    mentions = [Mention(cell["field"], annotation)
                for cell, annotation in zip(found, annotations_of(found), strict=True)]
    name = str(row[id_col]) if id_col and row[id_col] is not None else _digest(fields)
    return Tagged(Document(name, fields, iri=str(row[iri_col] or "") if iri_col else ""), mentions)


def _digest(fields: dict[str, str]) -> str:
    from iero.tagging.cache import digest

    return digest(part.encode("utf-8", "replace") for part in fields.values())


def _written(writer: AnnotationWriter, tagged: Tagged) -> list[str]:
    return writer.write(tagged, JsonLines()).decode().splitlines()


def run(session: SparkSession, source: str, target: str, texts: Sequence[str], *, batch: str,
        id_col: str = "", iri_col: str = "", **options: Any) -> None:
    """Tag the Parquet files of a path; write Parquet and N-Quads below another.

    The annotations are made once: the N-Quads are written from the Parquet.

    :raises BadParameter: if a column is missing, or an option is wrong.
    """
    records = session.read.parquet(source)
    for column in filter(None, (id_col, iri_col)):
        if column not in records.columns:
            raise BadParameter(f"There is no column {column!r}.",
                               hint="Columns: " + ", ".join(records.columns) + ".")
    tagger = Tagger.open(**options)
    tag(records, list(texts), tagger=tagger).write.parquet(f"{target}/records")
    done = session.read.parquet(f"{target}/records")
    nquads(done, texts, tagger, batch=batch, id_col=id_col, iri_col=iri_col).write.text(
        f"{target}/nquads")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the job and return its exit code."""
    if (arguments or sys.argv[1:])[:1] == ["--where"]:
        sys.stdout.write(str(Path(__file__).with_name("__main__.py")) + "\n")
        return 0
    given = _parser().parse_args(arguments)
    session = SparkSession.builder.appName("iero tag").getOrCreate()
    try:
        run(session, given.source, given.target, given.text or ["text"], id_col=given.id,
            iri_col=given.iri, batch=given.batch or given.target.rstrip("/").rpartition("/")[2],
            concepts=tuple(given.concept), min_score=given.min_score)
    except IeroError as error:
        sys.stderr.write(f"iero: {error}\n")
        return error.exit_code
    finally:
        session.stop()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m iero.spark", description="Tag Parquet with concepts of IERO on Spark.",
        epilog="Example: python -m iero.spark in.parquet out --text title --text abstract --id id")
    parser.add_argument("source", metavar="IN", help="Parquet: a file, a folder or a URL")
    parser.add_argument("target", metavar="OUT", help="where records and nquads are written")
    parser.add_argument("--text", action="append", metavar="COLUMN",
                        help="a column to tag; may be repeated (default: text)")
    parser.add_argument("--id", default="", metavar="COLUMN", help="the column that names a record")
    parser.add_argument("--iri", default="", metavar="COLUMN", help="the column with its IRI")
    parser.add_argument("--batch", default="", metavar="NAME",
                        help="the named graph of the annotations, graph:literature/NAME "
                             "(default: the name of OUT)")
    parser.add_argument("--concept", action="append", default=[], metavar="CONCEPT",
                        help="tag only this one and what is narrower; may be repeated")
    parser.add_argument("--min-score", type=float, default=0.0, metavar="SCORE",
                        help="leave out mentions that are less sure, from 0 to 1")
    return parser
