"""Changes to the data: validated, atomic, durable, one at a time.

``Changes`` is what the service has; it checks, publishes and keeps time. The work is done by a
process that can be killed (``process``, ``writer``), on a working copy: a request is taken apart
(``operations``), turned into the quads that it deletes and inserts (``evaluation``, ``editor``),
held against what the client may do (``grants``) and against the shapes (``guard``).
"""

from iero.changes.changes import Changes
from iero.changes.grants import EVERYTHING, KINDS, Grant, Grants
from iero.changes.outcome import GraphChange, Outcome

__all__ = ["EVERYTHING", "KINDS", "Changes", "Grant", "Grants", "GraphChange", "Outcome"]
