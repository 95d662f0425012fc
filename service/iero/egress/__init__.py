"""Requests that leave this machine: whom they may reach, and what an answer may cost.

Every request of the service and of the command to somebody else goes through a :class:`Caller`,
which is told by an :class:`Allowed` whom it may ask. ``origins`` says which addresses those are,
``network`` connects to an address that was checked and to no other, ``caller`` sends requests,
follows redirects as far as they are allowed, and keeps to limits of time and size.
"""

from iero.egress.caller import Caller, Reply, fetch_rdf, too_much
from iero.egress.origins import Allowed, origin_of, special_use

__all__ = ["Allowed", "Caller", "Reply", "fetch_rdf", "origin_of", "special_use", "too_much"]
