"""Criteria that several scenarios share. Pure."""

from collections.abc import Mapping

from loadtest.evidence import Findings
from loadtest.verdict import Criterion, at_least, at_most


def complete(found: Findings, counts: Mapping[str, int]) -> list[Criterion]:
    """Everything that was sent was acked, and reached every subscriber once and in order."""
    sent = counts.get("sent", 0)
    return [
        at_least("messages acked", found.acked, max(sent, 1)),
        at_least("delivered", found.delivered, max(found.expected, 1)),
        at_most("lost", found.lost, 0),
        at_most("delivered twice", found.duplicates, 0),
        at_most("out of order", found.gaps, 0),
    ]
