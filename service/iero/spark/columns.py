"""Annotations as a column: its type for Spark and for Arrow, and the way back to objects.

The fields are those of :meth:`iero.tagging.Annotation.to_dict`, in their order, so that a row
turned into JSON is what the library gives.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, Final

import pyarrow as pa
from pyspark.sql import types as sql

from iero.tagging import Annotation, Reading

__all__ = ["annotations_of", "arrow_type", "schema"]

_KINDS: Final = {"str": "str", "float": "float", "bool": "bool", "tuple[str, ...]": "list"}
_PLACE: Final = {"start": "int", "end": "int", "quote": "str"}
_SQL: Final[Mapping[str, sql.DataType]] = {
    "int": sql.LongType(), "str": sql.StringType(), "float": sql.DoubleType(),
    "bool": sql.BooleanType(), "list": sql.ArrayType(sql.StringType(), containsNull=False)}
_ARROW: Final[Mapping[str, Any]] = {
    "int": pa.int64(), "str": pa.string(), "float": pa.float64(), "bool": pa.bool_(),
    "list": pa.list_(pa.field("element", pa.string(), nullable=False))}


def _kinds(*, field: bool) -> dict[str, str]:
    """Return the names of an annotation's fields with the kind of each, in order."""
    read = {each.name: _KINDS[str(each.type)] for each in fields(Reading)}
    return ({"field": "str"} if field else {}) | _PLACE | read


def schema(*, field: bool = False) -> sql.ArrayType:
    """Return the type of a column of annotations.

    :param field: whether each annotation names the column in which it counts its places.
    """
    members = [sql.StructField(name, _SQL[kind], nullable=False)
               for name, kind in _kinds(field=field).items()]
    return sql.ArrayType(sql.StructType(members), containsNull=False)


def arrow_type(*, field: bool) -> pa.DataType:
    """Return the same type for Arrow."""
    members = [pa.field(name, _ARROW[kind], nullable=False)
               for name, kind in _kinds(field=field).items()]
    return pa.list_(pa.field("element", pa.struct(members), nullable=False))


def annotations_of(value: Iterable[Any] | None) -> list[Annotation]:
    """Return the annotations of one row: from Spark's rows, or from dictionaries of Arrow.

    :param value: a cell of the column; None where there was no text.
    """
    cells = (each.asDict() if isinstance(each, sql.Row) else each for each in value or ())
    return [Annotation.from_dict(cell) for cell in cells]
