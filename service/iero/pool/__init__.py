"""Queries in processes that can be killed, under limits of time, memory and size.

The engine cannot interrupt a query, so a thread that evaluates one is lost until it ends. A process
is not: past a limit it is killed, its memory is back at once, and another takes its place. ``Pool``
is a backend like :class:`iero.store.Store`; ``limits`` says what a query may cost, ``worker`` is
what runs in the processes, ``cache`` keeps answers that were given lately.
"""

from iero.pool.limits import Limits
from iero.pool.pool import Pool

__all__ = ["Limits", "Pool"]
