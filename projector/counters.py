"""What new messages count for: which of a room are marked, how many an hour, who wrote on which day last. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

import numpy as np

from projector.batch import Message
from roomlog.readmodels.tables import DAY_MICROS, EARLIEST_MICROS, HOUR_MICROS, MARK_EVERY

Mark = tuple[str, int, int]
"""Room, number of the message in it (from 1), and its offset."""
Sender = tuple[str, str]
"""Room and user."""
_KNOWN = 50_000
_NEVER = EARLIEST_MICROS - 1


def marks(counts: Mapping[str, int], messages: Iterable[Message]) -> list[Mark]:
    """Return the marks of rooms, given how many messages each has with the last of these."""
    places: dict[str, list[int]] = {room: [] for room in counts}
    for message in messages:
        if message.room_id in places:
            places[message.room_id].append(message.offset)
    found: list[Mark] = []
    for room, offsets in places.items():
        before = counts[room] - len(offsets)
        first = (before // MARK_EVERY + 1) * MARK_EVERY
        numbers = range(first, counts[room] + 1, MARK_EVERY)
        found += [(room, number, offsets[number - before - 1]) for number in numbers]
    return found


def hours(messages: Collection[Message], posted: Mapping[str, int]) -> dict[tuple[str, int], int]:
    """Return how many messages each room has of each hour (since 1970); `posted` is how many it has of all.

    Mostly all of a batch are of one hour, so that the look at each message's time is all that it costs.
    """
    times = [at for _, _, _, _, at in messages]
    if not times:
        return {}
    hour = min(times) // HOUR_MICROS
    if hour == max(times) // HOUR_MICROS:
        return {(room, hour): count for room, count in posted.items()}
    rooms = [room for room, _, _, _, _ in messages]
    return Counter(zip(rooms, (np.array(times) // HOUR_MICROS).tolist(), strict=True))


class LastDays:
    """The day on which each person wrote in each room last, as far as this session has written it.

    So of a day's messages only a person's first costs more than a look-up.
    """

    def __init__(self) -> None:
        self._days: dict[Sender, int] = {}

    def later(self, messages: Collection[Message]) -> dict[Sender, int]:
        """Return the days (since 1970) that are later than what is known."""
        newest: dict[Sender, int] = {}
        for room, _, _, sender, at in messages:
            key = room, sender
            if at > newest.get(key, _NEVER):
                newest[key] = at
        found = ((key, at // DAY_MICROS) for key, at in newest.items())
        return {key: day for key, day in found if self._days.get(key, _NEVER) < day}

    def note(self, written: Mapping[Sender, int]) -> None:
        """These days are in the read model now."""
        if len(self._days) + len(written) > _KNOWN:
            self._days = {}
        self._days |= written
