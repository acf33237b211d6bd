"""Rows as folding gives them, and those of `applied_events`. Pure."""

from collections.abc import Mapping

from roomlog.readmodels.tables import APPLIED, Key, Row

Rows = dict[str, dict[Key, Row]]
"""Table -> its rows by key, in the form of `Table.values`."""


def applied_rows(applied: Mapping[str, int | None]) -> Rows:
    """Return the rows of `applied_events`: event id -> its offset, None where it is of no room."""
    return {APPLIED.name: {(event_id,): (offset,) for event_id, offset in applied.items()}}
