"""Tagging on Apache Spark: a DataFrame in, a DataFrame with annotations out.

::

    from iero.spark import tag
    tagged = tag(spark.read.parquet("abstracts.parquet"), "abstract", min_score=0.6)
    tagged.selectExpr("id", "inline(annotations)").groupBy("concept").count().show()

Every executor process makes the tagger once, from the lexicon that the driver sends: all use the
same one, whatever is installed beside them. A task that is lost with its executor is done again by
another, with the same result. Spark needs Java 17 or 21; :mod:`~iero.spark.job` is the job for
``spark-submit``.
"""

from __future__ import annotations

from iero.spark.columns import annotations_of, schema
from iero.spark.tagging import tag

__all__ = ["annotations_of", "schema", "tag"]
