"""Build the release of the ontology: merge, check, reason, materialise, write.

``build(source, target)`` writes a release; ``check_release(source, target)`` says how the one on
disk differs from what the sources give. From the ground up: ``owl`` (vocabulary), ``faults``,
``mappings``, ``sources``; ``profile`` and ``claims`` (checks), ``reasoner``, ``relations``,
``entailments``, ``diagnose``; ``void``, ``release``; ``pipeline`` ties them together. Java is
needed here and nowhere else in the package.
"""

from iero.build.pipeline import BuildReport, build, check_release
from iero.build.profile import find_faults
from iero.build.release import Difference
from iero.build.sources import Module, Sources, load_sources

__all__ = [
    "BuildReport",
    "Difference",
    "Module",
    "Sources",
    "build",
    "check_release",
    "find_faults",
    "load_sources",
]
