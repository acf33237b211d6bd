"""What new messages count for: which of a room are marked, how many an hour, who wrote on which day last. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from projector.batch import Message
from roomlog.readmodels.tables import DAY_MICROS, HOUR_MICROS, MARK_EVERY

Mark = tuple[str, int, int]
"""Room, number of the message in it (from 1), and its offset."""
Sender = tuple[str, str]
"""Room and user."""
_KNOWN = 50_000


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


def hours(messages: Iterable[Message]) -> Counter[tuple[str, int]]:
    """Return how many messages each room has of each hour (since 1970)."""
    return Counter([(message.room_id, message.at // HOUR_MICROS) for message in messages])


class LastDays:
    """The day on which each person wrote in each room last, as far as this session has written it.

    So of a day's messages only a person's first costs more than a look-up.
    """

    def __init__(self) -> None:
        self._days: dict[Sender, int] = {}

    def later(self, messages: Collection[Message]) -> dict[Sender, int]:
        """Return the days (since 1970) that are later than what is known."""
        days, found = self._days, dict[Sender, int]()
        for message in messages:
            key, day = (message.room_id, message.sender_id), message.at // DAY_MICROS
            known = found.get(key, days.get(key))
            if known is None or known < day:
                found[key] = day
        return found

    def note(self, written: Mapping[Sender, int]) -> None:
        """These days are in the read model now."""
        if len(self._days) + len(written) > _KNOWN:
            self._days = {}
        self._days |= written
