"""What a partition of chat.events folds to. Pure."""

from collections import Counter
from collections.abc import Iterable

import msgspec

from roomlog import ids
from roomlog.events import ChatEvent, MessagePosted
from roomlog.moderation import AUDITED, UNSEEN
from roomlog.partitions import partition_of
from roomlog.readmodels.fold.room import Created, Room
from roomlog.readmodels.fold.rows import Rows
from roomlog.readmodels.fold.rules import RULES, audit, notify
from roomlog.readmodels.tables import (
    ATTACHED,
    DAY_MICROS,
    DELETED,
    EARLIEST_MICROS,
    HOOKS,
    HOUR_MICROS,
    INVITES,
    LATEST_MICROS,
    MARK_EVERY,
    MARKS,
    MEMBERS,
    MESSAGES,
    NOTIFICATIONS,
    OF_ROOMS,
    PINS,
    REACTIONS,
    ROOMS,
    SENDERS,
    STATS,
    TEXTS,
    VOID,
    Row,
)

_NEVER = EARLIEST_MICROS // DAY_MICROS


class ChatFold:
    """Folds one partition of chat.events."""

    def __init__(self, partition: int) -> None:
        self._partition = partition
        self._rooms: dict[str, Room] = {}
        self.applied: dict[str, int | None] = {}
        """Ids of the events that are no messages."""

    @property
    def rooms(self) -> Iterable[str]:
        """The rooms that the partition's events are in."""
        return self._rooms.keys()

    def take(self, event: ChatEvent, offset: int, is_refused: bool = False) -> None:
        """Take the next event; one that is refused counts as its room's newest, and has no effect."""
        if not EARLIEST_MICROS <= event.occurred_at <= LATEST_MICROS or not ids.is_id(
            event.room_id
        ):
            return
        if partition_of(event.room_id) != self._partition:
            return
        room = self._rooms.setdefault(event.room_id, Room())
        seen = (offset, event.occurred_at) if type(event.body) not in UNSEEN else room.last
        if is_refused or self._is_repeat(room, event):
            room.last = seen
            return
        if not isinstance(event.body, MessagePosted):
            self.applied[event.event_id] = offset
        if room.counts(event):
            room.last = seen
            notify(room, event, offset)
            RULES[type(event.body)](room, event, event.body, offset)
            if type(event.body) in AUDITED:
                audit(room, event, offset)
        else:
            room.void[event.event_id] = offset

    def _is_repeat(self, room: Room, event: ChatEvent) -> bool:
        if not isinstance(event.body, MessagePosted):
            return event.event_id in self.applied
        return event.event_id in room.messages or event.event_id in room.void

    def rows(self) -> Rows:
        """Return the rows of the tables that are about rooms."""
        found: Rows = {table.name: {} for table in OF_ROOMS}
        for room_id, room in self._rooms.items():
            if room.created is not None:
                found[ROOMS.name][room_id,] = _room_row(room, room.created, self._partition)
            for user, member in room.members.items():
                since = member.joined_offset, member.joined_at
                found[MEMBERS.name][room_id, user] = (member.role, *since)
            _add_messages(found, room_id, room)
            for (event_id, emoji, user), at in room.reactions.items():
                found[REACTIONS.name][room_id, event_id, emoji, user] = (at,)
            for event_id, pin in room.pins.items():
                found[PINS.name][room_id, event_id] = pin
            for (event_id, file), offset in room.attached.items():
                found[ATTACHED.name][room_id, event_id, file] = (offset,)
            for event_id, offset in room.void.items():
                found[VOID.name][room_id, offset] = (event_id,)
            for hook_id, hook in room.hooks.items():
                found[HOOKS.name][room_id, hook_id] = msgspec.structs.astuple(hook)
            for invite, (event, body) in room.invites.items():
                by = event.sender_id, event.occurred_at
                found[INVITES.name][room_id, invite] = (body.role, *by, body.expires_at)
            for (user, event_id), rest in room.notifications.items():
                found[NOTIFICATIONS.name][user, event_id, room_id] = rest
            for table, rows in room.moderation.items():
                found[table] |= {
                    (room_id, *(key if isinstance(key, tuple) else (key,))): row
                    for key, row in rows.items()
                }
        return found


def _add_messages(found: Rows, room_id: str, room: Room) -> None:
    """Add the messages of a room, and what is counted of them."""
    hours: Counter[int] = Counter()
    days: dict[str, int] = {}
    for number, (event_id, message) in enumerate(room.messages.items(), 1):
        found[MESSAGES.name][room_id, event_id] = message.row
        for offset, *written in message.texts:
            found[TEXTS.name][room_id, event_id, offset] = tuple(written)
        if message.kept is not None:
            found[DELETED.name][room_id, event_id] = message.kept
        hours[message.at // HOUR_MICROS] += 1
        days[message.sender] = max(message.at // DAY_MICROS, days.get(message.sender, _NEVER))
        if number % MARK_EVERY == 0 and room.created is not None:
            found[MARKS.name][room_id, number] = (message.offset,)
    for hour, count in hours.items():
        found[STATS.name][room_id, hour] = (count,)
    for user, day in days.items():
        found[SENDERS.name][room_id, user] = (day,)


def _room_row(room: Room, created: Created, partition: int) -> Row:
    event, body = created.event, created.body
    workspace = event.room_id if body.kind == "workspace" else body.workspace
    return (
        workspace or None,
        body.kind,
        created.name,
        created.topic,
        body.slug,
        event.sender_id,
        event.occurred_at,
        partition,
        created.offset,
        *room.last,
        len(room.members),
        len(room.messages),
        sum(message.deleted_at is not None for message in room.messages.values()),
        created.language,
        created.archived,
        created.read_only,
        created.history,
        created.link_previews,
        created.slow_mode_s,
    )
