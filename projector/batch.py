"""Records to a batch: what one transaction will write, decoded and checked event by event. Pure.

Messages, nearly all of the log, go straight to COPY rows. Everything else becomes a fact, whose effect
depends on what the read models hold (`projector.fold`).
"""

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from projector.dead_letters import Record, dead_letter
from projector.facts import NO_FACTS, Fact, PlainFacts, body_of, plain_facts, storable
from projector.posts import NO_POSTS, PAYS_FROM, Posts, plain_posts
from projector.rows import (
    Unstorable,
    cached_uuid_bytes,
    message_row,
    require_id,
    require_text,
    require_time,
    uuid_bytes,
)
from roomlog.accounts import USER_TYPES
from roomlog.ids import is_id
from roomlog.letters import DeadLetter, Kind
from roomlog.moderation import UNSEEN
from roomlog.partitions import partition_of
from schemas.codec import ChatEventCodec, PoisonRecord

Decode = Callable[[bytes], Mapping[str, Any]]
"""A codec's `decode_fields`; raises PoisonRecord."""

_POSTED = "roomlog.MessagePosted"
_SESSIONS = "roomlog.SessionsChanged"
_MARKED, _MUTED = "roomlog.ReadMarked", "roomlog.RoomMuted"
_NOTIFICATION_READ = "roomlog.NotificationRead"
_NAMESPACE = len("roomlog.")
_UNSEEN = frozenset(f"roomlog.{kind.__name__}" for kind in UNSEEN)


class Place(NamedTuple):
    """A partition of a topic."""

    topic: str
    partition: int


class UserFact(NamedTuple):
    """An event of an account; `at` in microseconds since 1970."""

    event_id: str
    user_id: str
    at: int
    body: Struct


class Message(NamedTuple):
    """A new message: its place, its COPY row, who sent it, and when (microseconds since 1970)."""

    room_id: str
    offset: int
    row: bytes
    sender_id: str
    at: int


_new_message = partial(tuple.__new__, Message)
"""Makes a message of what its fields are; without a call of Python code, as there are thousands at once."""


class Touch(NamedTuple):
    """Where and when an event of a room is; `at` in microseconds since 1970."""

    offset: int
    at: int


class Muted(NamedTuple):
    """How a user has muted a room; times in microseconds since 1970."""

    level: str
    ends_at: int | None
    at: int


class Marker(NamedTuple):
    """How far a user has read a room; `at` in microseconds since 1970."""

    offset: int
    at: int


@dataclass(slots=True)
class Batch:
    """What was read, in log order within each room; the first of two events with one id stays."""

    messages: dict[bytes, Message] = field(default_factory=dict)
    """Event id (16 bytes) -> message."""
    facts: dict[str, Fact] = field(default_factory=dict)
    user_facts: dict[str, UserFact] = field(default_factory=dict)
    attached: list[tuple[str, str, str, int]] = field(default_factory=list)
    """Room, event id, file and offset, for each file of each message."""
    touches: list[tuple[str, int, int]] = field(default_factory=list)
    """Room, offset and time (microseconds since 1970) of each event, in log order within each room."""
    touches_of_facts: list[tuple[str, int, int]] = field(default_factory=list)
    """The same of those that were decoded many at once and are not messages."""
    markers: dict[tuple[str, str], Marker] = field(default_factory=dict)
    """User and room -> the furthest marker."""
    mentions: dict[bytes, list[str]] = field(default_factory=dict)
    """Event id of a message -> whom it mentions, if anybody."""
    mutes: dict[tuple[str, str], Muted | None] = field(default_factory=dict)
    """User and room -> the newest mute; None: not any more."""
    notification_reads: dict[tuple[str, str], int] = field(default_factory=dict)
    """User and event -> when they read the notification of it, in microseconds since 1970."""
    presence: dict[str, tuple[str, int]] = field(default_factory=dict)
    """User -> newest state, and since when."""
    dead: list[DeadLetter] = field(default_factory=list)
    ends: dict[Place, int] = field(default_factory=dict)
    """Where each partition goes on after this batch."""
    events: int = 0
    """Records of all topics but chat.signals, dead ones included."""

    def touched(self, void: Collection[tuple[str, int]] = ()) -> dict[str, Touch]:
        """Return each room's newest event; `void` are those that do not count, as room and offset."""
        found: dict[str, Touch] = {}
        for touches in (self.touches, self.touches_of_facts):
            newest = {touch[0]: touch for touch in touches}
            if void and any((room, offset) in void for room, offset, _ in newest.values()):
                newest = {t[0]: t for t in touches if (t[0], t[1]) not in void}
            for room, offset, at in newest.values():
                if room not in found or found[room].offset < offset:
                    found[room] = Touch(offset, at)
        return found


def add_chat_events(
    batch: Batch,
    records: Sequence[Record],
    codec: ChatEventCodec,
    now_ms: int,
    refused: Mapping[tuple[str, int, int], str] | None = None,
) -> None:
    """Add records of chat.events, those of each partition in its order.

    `refused` holds the places (topic, partition, offset) of events that PostgreSQL would not take, with
    the reason: like those that are found here, they become dead letters. One that could be decoded
    still counts as its room's newest event, because nodes deliver it.
    """
    refused = refused or {}
    posts, facts = _plain(records, codec, refused)
    one_by_one = sorted(set(range(len(records))).difference(posts.places, facts.places))
    said = done = 0
    for place in one_by_one:
        said = _add_posts(batch, posts, said, bisect_left(posts.places, place, said))
        done = _add_facts(batch, facts, done, bisect_left(facts.places, place, done))
        _add_chat_event(batch, records[place], codec.decode_fields, now_ms, refused)
    _add_posts(batch, posts, said, len(posts.places))
    _add_facts(batch, facts, done, len(facts.places))
    batch.events += len(records)


def _plain(
    records: Sequence[Record], codec: ChatEventCodec, refused: Mapping[tuple[str, int, int], str]
) -> tuple[Posts, PlainFacts]:
    # Those that were refused are told one by one.
    if len(records) < PAYS_FROM or refused:
        return NO_POSTS, NO_FACTS
    partitions, offsets = [r.partition for r in records], [r.offset for r in records]
    found = codec.columns.decode([r.value or b"" for r in records])
    posts = plain_posts(codec.columns, found, partitions, offsets)
    return posts, plain_facts(codec.columns, found, partitions, offsets)


def _add_posts(batch: Batch, posts: Posts, start: int, stop: int) -> int:
    """Add some of many posts; return where to go on."""
    if start < stop:
        part = slice(start, stop)
        rooms, offsets, times = posts.rooms[part], posts.offsets[part], posts.times[part]
        batch.touches += zip(rooms, offsets, times, strict=True)
        columns = zip(rooms, offsets, posts.rows[part], posts.senders[part], times, strict=True)
        messages = map(_new_message, columns)
        for event, message in zip(posts.events[part], messages, strict=True):
            batch.messages.setdefault(event, message)
    return stop


def _add_facts(batch: Batch, facts: PlainFacts, start: int, stop: int) -> int:
    """Add some of many facts; return where to go on."""
    for fact in facts.facts[start:stop]:
        if type(fact.body) not in UNSEEN:
            batch.touches_of_facts.append((fact.room_id, fact.offset, fact.at))
        batch.facts.setdefault(fact.event_id, fact)
    return stop


def _add_chat_event(
    batch: Batch,
    record: Record,
    decode: Decode,
    now_ms: int,
    refused: Mapping[tuple[str, int, int], str],
) -> None:
    try:
        fields = decode(record.value or b"")
        room, offset = fields["room_id"], record.offset
        at = require_time(fields["occurred_at"])
        room_bytes = cached_uuid_bytes(room)
        if partition_of(room) != record.partition:
            _bury(batch, record, "misplaced", f"room {room} is in another partition", now_ms)
            return
        name, body = fields["body"]
        if name not in _UNSEEN:
            batch.touches.append((room, offset, at))
        if refused and (place := (record.topic, record.partition, offset)) in refused:
            _bury(batch, record, "inapplicable", refused[place], now_ms)
            return
        if name != _POSTED:
            _add_fact(batch, fields, name, body, record)
            return
        event = uuid_bytes(fields["event_id"])
        if event not in batch.messages:
            sender = fields["sender_id"]
            row = message_row(room_bytes, offset, event, cached_uuid_bytes(sender), at, body)
            batch.messages[event] = Message(room, offset, row, sender, at)
            if body["attachments"]:
                files = {file["file_id"] for file in body["attachments"]}
                batch.attached += [(room, event.hex(), f, offset) for f in files if is_id(f)]
            if body["mentions"]:
                batch.mentions[event] = [user for user in body["mentions"] if is_id(user)]
    except PoisonRecord as error:
        _bury(batch, record, "undecodable", str(error), now_ms)
    except (Unstorable, msgspec.ValidationError) as error:
        _bury(batch, record, "inapplicable", str(error), now_ms)


def add_user_events(
    batch: Batch,
    records: Iterable[Record],
    decode: Decode,
    now_ms: int,
    refused: Mapping[tuple[str, int, int], str] | None = None,
) -> None:
    """Add records of one partition of user.events; `refused` as for `add_chat_events`."""
    _add_each(batch, records, decode, now_ms, refused, _add_user_fact)


def add_reads(
    batch: Batch,
    records: Sequence[Record],
    decode: Decode,
    now_ms: int,
    refused: Mapping[tuple[str, int, int], str] | None = None,
) -> None:
    """Add records of one partition of chat.reads; `refused` as for `add_chat_events`.

    Records without a value are passed over: they let compaction forget what stood under their keys.
    """
    kept = [record for record in records if record.value]
    batch.events += len(records) - len(kept)
    _add_each(batch, kept, decode, now_ms, refused, _add_own)


def _add_each(
    batch: Batch,
    records: Iterable[Record],
    decode: Decode,
    now_ms: int,
    refused: Mapping[tuple[str, int, int], str] | None,
    add: Callable[[Batch, Mapping[str, Any]], None],
) -> None:
    for record in records:
        batch.events += 1
        try:
            fields = decode(record.value or b"")
            place = (record.topic, record.partition, record.offset)
            if refused and place in refused:
                raise Unstorable(refused[place])
            add(batch, fields)
        except PoisonRecord as error:
            _bury(batch, record, "undecodable", str(error), now_ms)
        except (Unstorable, msgspec.ValidationError) as error:
            _bury(batch, record, "inapplicable", str(error), now_ms)


def _add_user_fact(batch: Batch, fields: Mapping[str, Any]) -> None:
    name, body = fields["body"]
    fact = UserFact(
        require_id(fields["event_id"]),
        require_id(fields["user_id"]),
        require_time(fields["occurred_at"]),
        storable(msgspec.convert(body, USER_TYPES[name[_NAMESPACE:]])),
    )
    batch.user_facts.setdefault(fact.event_id, fact)


def _add_own(batch: Batch, fields: Mapping[str, Any]) -> None:
    name, body = fields["body"]
    user, at = require_id(fields["user_id"]), require_time(fields["occurred_at"])
    if name == _NOTIFICATION_READ:
        batch.notification_reads[user, require_id(body["event_id"])] = at
        return
    key = user, require_id(fields["room_id"])
    if name == _MARKED:
        new = Marker(body["offset"], at)
        if new.offset >= batch.markers.get(key, new).offset:
            batch.markers[key] = new
    elif name == _MUTED:
        ends_at = None if body["ends_at"] is None else require_time(body["ends_at"])
        batch.mutes[key] = Muted(require_text(body["level"]), ends_at, at)
    else:
        batch.mutes[key] = None


def add_signals(batch: Batch, records: Iterable[Record], decode: Decode) -> int:
    """Add what records of chat.signals say of users' sessions; return how many were unreadable.

    Signals are hints of an hour, never history: a bad one is skipped.
    """
    bad = 0
    for record in records:
        try:
            fields = decode(record.value or b"")
            name, body = fields["body"]
            if name == _SESSIONS:
                state = require_text(body["state"])
                batch.presence[require_id(body["user_id"])] = (
                    state,
                    require_time(fields["occurred_at"]),
                )
        except (PoisonRecord, Unstorable):
            bad += 1
    return bad


def _add_fact(
    batch: Batch, fields: Mapping[str, Any], name: str, body: dict[str, Any], record: Record
) -> None:
    fact = Fact(
        require_id(fields["event_id"]),
        fields["room_id"],
        fields["workspace_id"] and require_id(fields["workspace_id"]),
        require_id(fields["sender_id"]),
        fields["occurred_at"],
        record.partition,
        record.offset,
        body_of(name[_NAMESPACE:], body),
    )
    batch.facts.setdefault(fact.event_id, fact)


def _bury(batch: Batch, record: Record, kind: Kind, reason: str, now_ms: int) -> None:
    batch.dead.append(dead_letter(record, kind, reason, now_ms))
