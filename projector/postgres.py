"""The read models in PostgreSQL: one batch, one transaction, fenced by its offsets."""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

import psycopg

from projector import counters, rows, sql
from projector.batch import Batch, Message, Muted, Place
from projector.counters import LastDays
from projector.fold import Changes, Prior, fold
from projector.notifications import told_of_messages
from projector.prior import Kinds, read_prior
from projector.session import Session, arrays, many, move_offsets
from projector.writing import write_changes
from roomlog.times import time_of


class ReadModels(Session):
    """The session that a projector writes through."""

    OFFSETS = sql.PROJECTION

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        self._days, self._kinds = LastDays(), Kinds()

    def connect(self) -> None:
        """Open the session, closing an earlier one; raises Unavailable."""
        super().connect()
        self._days = LastDays()  # a crash may have taken back what the earlier one wrote last
        self._kinds = Kinds()  # it may be another database now

    def write(self, batch: Batch, starts: Mapping[Place, int]) -> None:
        """Write a batch and move its offsets from `starts` to `batch.ends`, all or nothing.

        Raises Fenced, Inapplicable or Unavailable; after each of them nothing was written, or, if the
        session broke at its end, all of it: the stored offsets tell.
        """
        with self._errors():
            try:
                self._write(batch, starts, check_repeats=False)
            except psycopg.errors.UniqueViolation:
                # Rare: an event that the log holds twice, far apart. Looking before would cost
                # each batch what this costs only here.
                self._write(batch, starts, check_repeats=True)

    def rehearse(self, batch: Batch) -> str | None:
        """Return why the only event of a batch would change nothing, None where it would; writes nothing.

        Raises Inapplicable or Unavailable.
        """
        is_message = bool(batch.messages)
        with self._errors():
            connection = self._session()
            with connection.transaction(force_rollback=True), connection.cursor() as cursor:
                prior = _prior(cursor, batch, self._kinds, check_repeats=True)
                changes, _ = _apply(cursor, batch, prior, self._days)
        if changes.void:
            return "its sender is no member of the room: it would have no effect"
        own = batch.markers or batch.mutes or batch.notification_reads
        if not (batch.messages if is_message else changes.applied or own):
            return "an event of this id took effect already"
        return None

    def _write(self, batch: Batch, starts: Mapping[Place, int], *, check_repeats: bool) -> None:
        connection = self._session()
        with connection.transaction(), connection.cursor() as cursor:
            _move_offsets(cursor, batch.ends, starts)
            prior = _prior(cursor, batch, self._kinds, check_repeats=check_repeats)
            _, days = _apply(cursor, batch, prior, self._days)
        self._days.note(days)


def _prior(cursor: psycopg.Cursor, batch: Batch, kinds: Kinds, *, check_repeats: bool) -> Prior:
    """Return what is there of all that a batch speaks of; messages that are there already are taken out of it."""
    if check_repeats:
        _drop_applied_messages(cursor, batch)
    if not (batch.messages or batch.facts or batch.user_facts):
        return Prior()
    return read_prior(cursor, batch, kinds, check_repeats=check_repeats)


def _apply(
    cursor: psycopg.Cursor, batch: Batch, prior: Prior, days: LastDays
) -> tuple[Changes, dict[counters.Sender, int]]:
    """Write the effects of a batch; return what its facts changed and what had no effect, and who wrote when."""
    fresh: Mapping[bytes, Message] = batch.messages
    if not prior.void.isdisjoint(fresh):
        fresh = {e: m for e, m in fresh.items() if e not in prior.void}
    changes = fold(batch.facts.values(), batch.user_facts.values(), prior, fresh)
    messages = _with_effect(cursor, fresh, changes)
    told = told_of_messages(messages, batch.mentions, prior, changes)
    _write_messages(cursor, messages.values())
    many(cursor, sql.INSERT_ATTACHED, batch.attached)
    write_changes(cursor, changes)
    many(cursor, sql.INSERT_TOLD_OF_MESSAGES, told)
    pushes = [(t.user, t.event) for t in told] + [(t.user, t.event) for t in changes.told]
    if many(cursor, sql.QUEUE_PUSHES, pushes):
        cursor.execute(sql.TELL_OF_PUSHES)
    effective = messages.values()
    posted = Counter([message.room_id for message in effective])
    _write_rooms(cursor, batch, effective, posted, changes)
    later = _write_counts(cursor, effective, posted, days)
    _write_own(cursor, batch)
    _write_presence(cursor, batch)
    return changes, later


def _move_offsets(
    cursor: psycopg.Cursor, ends: Mapping[Place, int], starts: Mapping[Place, int]
) -> None:
    move_offsets(cursor, sql.PROJECTION.move, ends, starts)


def _drop_applied_messages(cursor: psycopg.Cursor, batch: Batch) -> None:
    cursor.execute(sql.SELECT_APPLIED_MESSAGES, [[event.hex() for event in batch.messages]])
    for (event,) in cursor:
        batch.messages.pop(event.bytes, None)


def _with_effect(
    cursor: psycopg.Cursor, messages: Mapping[bytes, Message], changes: Changes
) -> Mapping[bytes, Message]:
    """Return the messages that count; repeats of earlier ones are taken off `changes.void`."""
    unsaid = changes.unsaid
    if not unsaid:
        return messages
    cursor.execute(sql.SELECT_APPLIED_MESSAGES, [[event.hex() for event in unsaid]])
    for (event,) in cursor:
        repeat = messages[event.bytes]
        del changes.void[repeat.room_id, repeat.offset]
    return {event: message for event, message in messages.items() if event not in unsaid}


def _write_messages(cursor: psycopg.Cursor, messages: Collection[Message]) -> None:
    if messages:
        with cursor.copy(sql.COPY_MESSAGES) as copy:
            packed = [message.row for message in messages]
            copy.write(b"".join((rows.HEADER, *packed, rows.TRAILER)))


def _write_rooms(
    cursor: psycopg.Cursor,
    batch: Batch,
    messages: Collection[Message],
    posted: Counter[str],
    changes: Changes,
) -> None:
    deleted = changes.texts.deleted_delta
    touched = [
        (
            room,
            touch.offset,
            time_of(touch.at),
            posted[room],
            deleted[room],
            changes.member_delta[room],
            changes.names.get(room),
            changes.topics.get(room),
            changes.languages.get(room),
        )
        for room, touch in batch.touched(changes.void).items()
    ]
    if touched:
        cursor.execute(sql.UPDATE_ROOMS, arrays(sql.UPDATE_ROOMS, touched))
        counts: dict[str, int] = dict(cursor.fetchall())
        if counts:
            many(cursor, sql.INSERT_MARKS, counters.marks(counts, messages))


def _write_counts(
    cursor: psycopg.Cursor, messages: Collection[Message], posted: Counter[str], days: LastDays
) -> dict[counters.Sender, int]:
    hours = [(*key, count) for key, count in counters.hours(messages, posted).items()]
    many(cursor, sql.UPSERT_STATS, hours)
    later = days.later(messages)
    many(cursor, sql.UPSERT_SENDERS, [(*key, day) for key, day in later.items()])
    return later


def _write_own(cursor: psycopg.Cursor, batch: Batch) -> None:
    # In order, so that two projectors lock the rows in the same one.
    markers = [(*key, m.offset, time_of(m.at)) for key, m in sorted(batch.markers.items())]
    many(cursor, sql.UPSERT_MARKERS, markers)
    reads = [(*key, time_of(at)) for key, at in sorted(batch.notification_reads.items())]
    many(cursor, sql.UPSERT_NOTIFICATION_READS, reads)
    mutes = sorted(batch.mutes.items())
    many(cursor, sql.DELETE_MUTES, [key for key, muted in mutes if muted is None])
    many(cursor, sql.UPSERT_MUTES, [_mute_row(*key, m) for key, m in mutes if m is not None])


def _write_presence(cursor: psycopg.Cursor, batch: Batch) -> None:
    states = [(user, state, time_of(at)) for user, (state, at) in batch.presence.items()]
    many(cursor, sql.UPSERT_PRESENCE, states)


def _mute_row(user: str, room: str, muted: Muted) -> tuple[Any, ...]:
    ends_at = None if muted.ends_at is None else time_of(muted.ends_at)
    return user, room, muted.level, ends_at, time_of(muted.at)
