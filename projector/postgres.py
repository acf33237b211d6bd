"""The read models in PostgreSQL: one batch, one transaction, fenced by its offsets."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from projector import rows, sql
from projector.batch import Batch, Message, Place
from projector.fold import (
    Changes,
    Member,
    Prior,
    concerned_members,
    concerned_messages,
    created_rooms,
    fold,
)
from projector.session import Session, columns, move_offsets
from roomlog.events import SealedText

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ReadModels(Session):
    """The session that a projector writes through."""

    OFFSETS = sql.PROJECTION

    def write(self, batch: Batch, starts: Mapping[Place, int]) -> None:
        """Write a batch and move its offsets from `starts` to `batch.ends`, all or nothing.

        Raises Fenced, Inapplicable or Unavailable; after each of them nothing was written, or, if the
        session broke at its end, all of it: the stored offsets tell.
        """
        with self._errors():
            try:
                self._write(batch, starts, check_messages=False)
            except psycopg.errors.UniqueViolation:
                # Rare: an event that the log holds twice, far apart. Looking before every COPY
                # would cost each batch what this costs only here.
                self._write(batch, starts, check_messages=True)

    def rehearse(self, batch: Batch) -> str | None:
        """Return why the only event of a batch would change nothing, None where it would; writes nothing.

        Raises Inapplicable or Unavailable.
        """
        is_message = bool(batch.messages)
        with self._errors():
            connection = self._session()
            with connection.transaction(force_rollback=True), connection.cursor() as cursor:
                _drop_applied_messages(cursor, batch)
                changes = _apply(cursor, batch)
        if changes.void:
            return "its sender is no member of the room: it would have no effect"
        if not (batch.messages if is_message else changes.applied or batch.markers):
            return "an event of this id took effect already"
        return None

    def _write(self, batch: Batch, starts: Mapping[Place, int], *, check_messages: bool) -> None:
        connection = self._session()
        with connection.transaction(), connection.cursor() as cursor:
            _move_offsets(cursor, batch.ends, starts)
            if check_messages:
                _drop_applied_messages(cursor, batch)
            _apply(cursor, batch)


def _apply(cursor: psycopg.Cursor, batch: Batch) -> Changes:
    """Write the effects of a batch; return what its facts changed, and what had no effect."""
    changes = Changes()
    messages: Collection[Message] = ()
    if batch.messages or batch.facts or batch.user_facts:
        prior = _read_prior(cursor, batch)
        fresh = {e: m for e, m in batch.messages.items() if e not in prior.void}
        users = batch.user_facts.values()
        changes = fold(batch.facts.values(), users, prior, fresh)
        messages = _with_effect(cursor, fresh, changes)
    _write_messages(cursor, messages)
    _write_changes(cursor, changes)
    _write_rooms(cursor, batch, messages, changes)
    _write_markers(cursor, batch)
    _write_presence(cursor, batch)
    return changes


def _move_offsets(
    cursor: psycopg.Cursor, ends: Mapping[Place, int], starts: Mapping[Place, int]
) -> None:
    move_offsets(cursor, sql.PROJECTION.move, ends, starts)


def _drop_applied_messages(cursor: psycopg.Cursor, batch: Batch) -> None:
    cursor.execute(sql.SELECT_APPLIED_MESSAGES, [[event.hex() for event in batch.messages]])
    for (event,) in cursor:
        batch.messages.pop(event.bytes, None)


def _read_prior(cursor: psycopg.Cursor, batch: Batch) -> Prior:
    prior = Prior()
    facts = batch.facts.values()
    if ids := [*batch.facts, *batch.user_facts]:
        cursor.execute(sql.SELECT_APPLIED, [ids])
        prior.applied.update(event for (event,) in cursor)
    if created := created_rooms(facts):
        prior.rooms.update(room for (room,) in cursor.execute(sql.SELECT_ROOMS, [created]))
    if keys := concerned_members(facts, batch.messages.values()):
        for room, user, *member in cursor.execute(sql.SELECT_MEMBERS, columns(keys, 2)):
            prior.members[room, user] = Member(*member)
    if rooms := list({message.room_id for message in batch.messages.values()}):
        prior.void.update(event.bytes for (event,) in cursor.execute(sql.SELECT_VOID, [rooms]))
    for target in concerned_messages(facts):
        if message := batch.messages.get(bytes.fromhex(target.replace("-", ""))):
            prior.posted[target] = message.offset
    return prior


def _with_effect(
    cursor: psycopg.Cursor, messages: Mapping[bytes, Message], changes: Changes
) -> Collection[Message]:
    """Return the messages that count; repeats of earlier ones are taken off `changes.void`."""
    if not changes.void:
        return messages.values()
    void = {e.hex(): m for e, m in messages.items() if (m.room_id, m.offset) in changes.void}
    cursor.execute(sql.SELECT_APPLIED_MESSAGES, [list(void)])
    for (event,) in cursor:
        repeat = void[event.hex]
        del changes.void[repeat.room_id, repeat.offset]
    return [message for event, message in messages.items() if event.hex() not in void]


def _write_messages(cursor: psycopg.Cursor, messages: Collection[Message]) -> None:
    if messages:
        with cursor.copy(sql.COPY_MESSAGES) as copy:
            packed = [message.row for message in messages]
            copy.write(b"".join((rows.HEADER, *packed, rows.TRAILER)))


def _write_changes(cursor: psycopg.Cursor, changes: Changes) -> None:
    _many(cursor, sql.INSERT_APPLIED, [(event,) for event in changes.applied], 1)
    _many(cursor, sql.INSERT_VOID, [(*place, event) for place, event in changes.void.items()], 3)
    _many(cursor, sql.INSERT_ROOMS, _room_rows(changes), 10)
    settings = [(room, *changed) for room, changed in changes.settings.items()]
    _many(cursor, sql.UPDATE_SETTINGS, settings, 4)
    _many(cursor, sql.DELETE_INVITES, [(invite,) for invite in changes.revoked], 1)
    _many(cursor, sql.INSERT_INVITES, _invite_rows(changes), 6)
    departures = [(*key, at, _time(then)) for key, (at, then) in changes.departures.items()]
    _many(cursor, sql.UPSERT_DEPARTURES, departures, 4)
    gone = [key for key, member in changes.members.items() if member is None]
    _many(cursor, sql.DELETE_MEMBERS, gone, 2)
    _many(cursor, sql.UPSERT_MEMBERS, _member_rows(changes), 5)
    _many(cursor, sql.UPDATE_EDITED, _edit_rows(changes), 5)
    _many(cursor, sql.UPDATE_DELETED, [(*k, _time(at)) for k, at in changes.deletions.items()], 3)
    _many(cursor, sql.DELETE_REACTIONS, changes.withdrawn, 4)
    reactions = [(*key, _time(at)) for key, at in changes.reactions.items()]
    _many(cursor, sql.INSERT_REACTIONS, reactions, 5)
    registered = [(user, name, _time(at)) for user, (name, at) in changes.registered.items()]
    _many(cursor, sql.INSERT_USERS, registered, 3)
    _many(cursor, sql.UPDATE_USERS, changes.renamed.items(), 2)


def _write_rooms(
    cursor: psycopg.Cursor, batch: Batch, messages: Collection[Message], changes: Changes
) -> None:
    posted = Counter([message.room_id for message in messages])
    touched = [
        (
            room,
            touch.offset,
            _time(touch.at),
            posted[room],
            changes.member_delta[room],
            changes.names.get(room),
            changes.topics.get(room),
            changes.languages.get(room),
        )
        for room, touch in batch.touched(changes.void).items()
    ]
    _many(cursor, sql.UPDATE_ROOMS, touched, 8)


def _write_markers(cursor: psycopg.Cursor, batch: Batch) -> None:
    # In order, so that two projectors lock the rows in the same one.
    markers = [(*key, m.offset, _time(m.at)) for key, m in sorted(batch.markers.items())]
    _many(cursor, sql.UPSERT_MARKERS, markers, 4)


def _write_presence(cursor: psycopg.Cursor, batch: Batch) -> None:
    states = [(user, state, _time(at)) for user, (state, at) in batch.presence.items()]
    _many(cursor, sql.UPSERT_PRESENCE, states, 3)


def _room_rows(changes: Changes) -> list[tuple[Any, ...]]:
    return [
        (
            room,
            (room if body.kind == "workspace" else body.workspace) or None,
            body.kind,
            body.name,
            body.topic,
            body.slug,
            fact.sender_id,
            _time(fact.at),
            fact.partition,
            fact.offset,
        )
        for room, (fact, body) in changes.rooms.items()
    ]


def _invite_rows(changes: Changes) -> list[tuple[Any, ...]]:
    return [
        (
            invite,
            fact.room_id,
            body.role,
            fact.sender_id,
            _time(fact.at),
            _time(body.expires_at),
        )
        for invite, (fact, body) in changes.invites.items()
    ]


def _member_rows(changes: Changes) -> list[tuple[Any, ...]]:
    return [
        (*key, member.role, member.joined_offset, _time(member.joined_at))
        for key, member in changes.members.items()
        if member is not None
    ]


def _edit_rows(changes: Changes) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    for key, (text, at) in changes.edits.items():
        if isinstance(text, SealedText):
            sealed = rows.sealed_json(text.key_id, text.nonce, text.ciphertext).decode()
            found.append((*key, None, sealed, _time(at)))
        else:
            found.append((*key, text, None, _time(at)))
    return found


def _many(
    cursor: psycopg.Cursor, statement: str, items: Iterable[Sequence[Any]], width: int
) -> None:
    """Run a statement that takes one array a column, unless there is nothing to do."""
    found = columns(items, width)
    if found[0]:
        cursor.execute(statement, found)


def _time(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)
