"""What chat.reads folds to. Pure."""

from roomlog.readmodels.fold.rows import Rows
from roomlog.readmodels.tables import MARKERS, MUTES, NOTIFICATION_READS, OWN
from roomlog.reads import NotificationRead, ReadEvent, ReadMarked, RoomMuted, RoomUnmuted


class ReadFold:
    """Folds chat.reads, each partition in its order."""

    def __init__(self) -> None:
        self._rows: Rows = {table.name: {} for table in OWN}

    def take(self, event: ReadEvent) -> None:
        """Take the next record: the furthest marker counts, of equal ones the last; of all else the last."""
        place, at = (event.user_id, event.room_id), event.occurred_at
        match event.body:
            case ReadMarked(offset=offset):
                known = self._rows[MARKERS.name].get(place)
                if known is None or known[0] <= offset:
                    self._rows[MARKERS.name][place] = offset, at
            case NotificationRead(event_id=event_id):
                self._rows[NOTIFICATION_READS.name][event.user_id, event_id] = (at,)
            case RoomMuted(level=level, ends_at=ends_at):
                self._rows[MUTES.name][place] = level, ends_at, at
            case RoomUnmuted():
                self._rows[MUTES.name].pop(place, None)

    def rows(self) -> Rows:
        """Return the rows of the tables that are made of it."""
        return self._rows
