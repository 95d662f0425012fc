"""SHACL: whether data conforms to shapes, what is wrong, and how far a shape looks.

Nobody else in the package sees the engine, pySHACL over rdflib.
"""

from iero.report import SEVERITIES, Fault, Report
from iero.shapes.reach import Chain, Step
from iero.shapes.validation import Shapes, validate

__all__ = ["SEVERITIES", "Chain", "Fault", "Report", "Shapes", "Step", "validate"]
