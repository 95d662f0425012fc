"""``tag``: a column of annotations beside one or more columns of text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyspark.sql import types as sql

from iero.errors import BadParameter
from iero.spark.columns import arrow_type, schema
from iero.tagging import Tagger
from iero.tagging.documents import Document, DocumentTagger

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = ["tag"]

Batches = Iterable[pa.RecordBatch]


def tag(df: DataFrame, text_col: str | Sequence[str], *, output_col: str = "annotations",
        tagger: Tagger | None = None, section: str = "", **options: Any) -> DataFrame:
    """Return a DataFrame with a column of annotations more.

    :param text_col: the column with the text. Several columns (``["title", "abstract"]``) are read
        as one document, so that what the first defines holds for the rest; each annotation then
        has the name of its column as ``field``.
    :param output_col: the name of the new column, of the type :func:`iero.spark.schema`; it is null
        where there is no text.
    :param tagger: a tagger of your own; by default one of the shipped graph with the options.
    :param section: the part of a document that a single column is, such as ``results``.
    :param options: see :class:`iero.tagging.Options`.
    :raises BadParameter: if a column is missing, no text, or there already, or for a wrong option.
    """
    several = not isinstance(text_col, str)
    columns = [text_col] if isinstance(text_col, str) else list(text_col)
    _check(df, columns, output_col, section)
    if tagger is not None and options:
        raise BadParameter("Give a tagger or options, not both.", parameter=min(options))
    made = tagger or Tagger.open(**options)
    if section:
        made.tag("", section)  # an unknown section is told here, not by every executor
    # The tagger pickles as its lexicon and options; a process of an executor makes it when it first
    # asks for the value, and keeps it for its later tasks.
    held = df.sparkSession.sparkContext.broadcast(made)
    whole = sql.StructType([*df.schema.fields, sql.StructField(output_col, schema(field=several))])

    def tagged(batches: Batches) -> Iterator[pa.RecordBatch]:
        one = _document(held.value, columns) if several else _text(held.value, columns[0], section)
        return _with_column(batches, columns, output_col, one, field=several)

    return df.mapInArrow(tagged, whole)


def _check(df: DataFrame, columns: list[str], output_col: str, section: str) -> None:
    names = {each.name: each.dataType for each in df.schema.fields}
    if not columns or (section and len(columns) > 1):
        raise BadParameter("Name the columns with the texts; a section is for one alone.",
                           parameter="text_col")
    for column in columns:
        if column not in names:
            raise BadParameter(f"There is no column {column!r}.", parameter="text_col",
                               hint="Columns: " + ", ".join(names) + ".")
        if not isinstance(names[column], sql.StringType):
            kind = names[column].simpleString()
            raise BadParameter(f"The column {column!r} holds {kind}, not text.",
                               parameter="text_col")
    if output_col in names:
        raise BadParameter(f"There is a column {output_col!r} already.", parameter="output_col",
                           hint="Name another one with output_col.")


Row = dict[str, Any]
"""The texts of a row by column, or an annotation by field."""


def _text(tagger: Tagger, column: str, section: str) -> Callable[[Row], list[Row] | None]:
    def one(row: Row) -> list[Row] | None:
        text = row[column]
        return None if text is None else [
            each.to_dict() for each in tagger.tag(text, section or None)]

    return one


def _document(tagger: Tagger, columns: list[str]) -> Callable[[Row], list[Row] | None]:
    whole = DocumentTagger(tagger)

    def one(row: Row) -> list[Row] | None:
        fields = {name: row[name] for name in columns if row[name]}
        if not fields:
            return None
        return [{"field": mention.field, **mention.annotation.to_dict()}
                for mention in whole.tag(Document("", fields)).mentions]

    return one


def _with_column(batches: Batches, columns: list[str], name: str,
                 one: Callable[[Row], list[Row] | None], *, field: bool
                 ) -> Iterator[pa.RecordBatch]:
    kind = arrow_type(field=field)
    for batch in batches:
        rows = batch.select(columns).to_pylist()
        made = pa.array([one(row) for row in rows], type=kind)
        yield pa.RecordBatch.from_arrays([*batch.columns, made],
                                         names=[*batch.schema.names, name])
