"""``python -m iero.spark``, and the file that ``spark-submit`` is given."""

from iero.spark.job import main

raise SystemExit(main())
