"""Doctests are looked for in sources, which what pip compiled of the tagger must not replace."""

import os

os.environ.setdefault("IERO_COMPILED", "no")
