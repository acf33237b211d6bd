"""The read models in PostgreSQL: one batch, one transaction, fenced by its offsets."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

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
from roomlog.events import SealedText

APPLICATION = "roomlog-projector"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# A server that vanished without a word is noticed after ten seconds, not after the kernel's two hours.
_NETWORK = {
    "connect_timeout": 5,
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 4,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}
# Classes of SQLSTATE (first two characters) that speak of the event, not of the server: data exception,
# constraint violation, program limit exceeded.
_INAPPLICABLE = ("22", "23", "54")
# Those that pass: connection, resources, conflict between transactions, lock timeout, shutdown.
_PASSING = ("08", "25", "40", "53", "55", "57")
# Unknown table, column, schema.
_NOT_MIGRATED = ("42P01", "42703", "3F000")


class Fenced(Exception):
    """Another projector has moved these partitions on: what this one holds of them is stale."""


class Inapplicable(Exception):
    """PostgreSQL refuses what a batch says; the message is its reason."""


class Unavailable(Exception):
    """PostgreSQL is away or busy: nothing was written, the same may be tried again later."""


class WrongSchema(RuntimeError):
    """The database lacks what this code writes to."""


class ReadModels:
    """One session. Blocking, for a thread of its own; after Unavailable, `connect` starts anew."""

    def __init__(self, dsn: str) -> None:
        self._dsn = make_conninfo(dsn, application_name=APPLICATION, **_NETWORK)
        self._connection: psycopg.Connection | None = None

    def connect(self) -> None:
        """Open the session, closing an earlier one; raises Unavailable."""
        self.close()
        try:
            self._connection = psycopg.connect(self._dsn, autocommit=True)
            self._connection.execute(sql.PREPARE_SESSION)
        except psycopg.OperationalError as error:
            raise Unavailable(_one_line(error)) from error

    def close(self) -> None:
        """Close the session."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def offsets(self, places: Iterable[Place]) -> dict[Place, int]:
        """Return how far each partition is projected (0 for new ones); raises Unavailable."""
        columns = _columns(places, 2)
        try:
            connection = self._session()
            connection.execute(sql.INSERT_MISSING_OFFSETS, columns)
            found = connection.execute(sql.SELECT_OFFSETS, columns)
            return {Place(topic, partition): next_ for topic, partition, next_ in found}
        except psycopg.Error as error:
            raise self._translated(error) from error

    def write(self, batch: Batch, starts: Mapping[Place, int]) -> None:
        """Write a batch and move its offsets from `starts` to `batch.ends`, all or nothing.

        Raises Fenced, Inapplicable or Unavailable; after each of them nothing was written, or, if the
        session broke at its end, all of it: the stored offsets tell.
        """
        try:
            try:
                self._write(batch, starts, check_messages=False)
            except psycopg.errors.UniqueViolation:
                # Rare: an event that the log holds twice, far apart. Looking before every COPY
                # would cost each batch what this costs only here.
                self._write(batch, starts, check_messages=True)
        except psycopg.errors.LockNotAvailable as error:
            self._end_frozen_sessions()
            raise Unavailable(_one_line(error)) from error
        except psycopg.Error as error:
            raise self._translated(error) from error

    def _session(self) -> psycopg.Connection:
        if self._connection is None:
            raise Unavailable("no session")
        return self._connection

    def _write(self, batch: Batch, starts: Mapping[Place, int], *, check_messages: bool) -> None:
        connection = self._session()
        with connection.transaction(), connection.cursor() as cursor:
            _move_offsets(cursor, batch.ends, starts)
            if check_messages:
                _drop_applied_messages(cursor, batch)
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

    def _end_frozen_sessions(self) -> None:
        try:
            self._session().execute(sql.END_FROZEN_SESSIONS, [APPLICATION])
        except psycopg.Error as error:
            raise self._translated(error) from error

    def _translated(self, error: psycopg.Error) -> Exception:
        state = _state_of(error)
        if state.startswith(_INAPPLICABLE):
            return Inapplicable(_one_line(error))
        if state.startswith(_PASSING):
            return Unavailable(_one_line(error))
        if state in _NOT_MIGRATED:
            return WrongSchema(f"{_one_line(error)}; run `roomlog migrate` on this database")
        return error


def _move_offsets(
    cursor: psycopg.Cursor, ends: Mapping[Place, int], starts: Mapping[Place, int]
) -> None:
    # In order, so that two projectors lock the rows in the same one.
    moves = [(*place, starts[place], end) for place, end in sorted(ends.items())]
    cursor.execute(sql.MOVE_OFFSETS, _columns(moves, 4))
    if cursor.rowcount != len(moves):
        raise Fenced(f"{len(moves) - cursor.rowcount} of {len(moves)} partitions moved on")


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
        for room, user, *member in cursor.execute(sql.SELECT_MEMBERS, _columns(keys, 2)):
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
    _many(cursor, sql.INSERT_ROOMS, _room_rows(changes), 9)
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
        )
        for room, touch in batch.touched(changes.void).items()
    ]
    _many(cursor, sql.UPDATE_ROOMS, touched, 7)


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
            fact.workspace_id,
            body.kind,
            body.name,
            body.topic,
            fact.sender_id,
            _time(fact.at),
            fact.partition,
            fact.offset,
        )
        for room, (fact, body) in changes.rooms.items()
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
    columns = _columns(items, width)
    if columns[0]:
        cursor.execute(statement, columns)


def _columns(items: Iterable[Sequence[Any]], width: int) -> list[list[Any]]:
    columns = [list(column) for column in zip(*items, strict=True)]
    return columns or [[] for _ in range(width)]


def _time(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def _state_of(error: psycopg.Error) -> str:
    """Return the SQLSTATE; what the driver itself finds gets that of its kind."""
    if error.sqlstate:
        return error.sqlstate
    if isinstance(error, psycopg.DataError):  # a value that it cannot send
        return "22000"
    broken = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return "08000" if broken else ""


def _one_line(error: psycopg.Error) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
