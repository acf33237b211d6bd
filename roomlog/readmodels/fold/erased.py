"""What goes with the people who deleted their accounts. Pure."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from roomlog.readmodels.fold.rows import Rows
from roomlog.readmodels.tables import (
    BLOCKS,
    FILES,
    FRIENDSHIPS,
    MARKERS,
    MUTES,
    NOTIFICATION_READS,
    NOTIFICATIONS,
    SCHEDULED,
    USERS,
    Key,
    Row,
)

_PERSONAL: Mapping[str, Callable[[Key, Row], tuple[Any, ...]]] = {
    USERS.name: lambda key, row: key,
    SCHEDULED.name: lambda key, row: (row[0],),
    FILES.name: lambda key, row: (row[0],),
    FRIENDSHIPS.name: lambda key, row: key,
    BLOCKS.name: lambda key, row: key,
    MARKERS.name: lambda key, row: (key[0],),
    NOTIFICATION_READS.name: lambda key, row: (key[0],),
    MUTES.name: lambda key, row: (key[0],),
    NOTIFICATIONS.name: lambda key, row: (key[0], row[2] if key[2] is None else None),
}
"""Table whose rows are somebody's alone -> whose a row is."""


def without_erased(rows: Rows, erased: Collection[str]) -> Rows:
    """Return rows without what is only these people's, who deleted their accounts: whatever came first in the log."""
    if not erased:
        return rows
    return {
        name: found
        if (whose := _PERSONAL.get(name)) is None
        else {k: row for k, row in found.items() if not any(p in erased for p in whose(k, row))}
        for name, found in rows.items()
    }
