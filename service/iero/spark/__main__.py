"""``python -m iero.spark``, and the file that ``spark-submit`` is given."""

from iero.spark.job import main

if __name__ == "__main__":
    raise SystemExit(main())
