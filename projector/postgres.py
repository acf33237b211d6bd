"""The read models in PostgreSQL: one batch, one transaction, fenced by its offsets."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec
import psycopg

from projector import counters, rows, schedules, sql, texts
from projector.batch import Batch, Fact, Message, Muted, Place
from projector.counters import LastDays
from projector.fold import (
    Changes,
    Member,
    Prior,
    concerned_members,
    concerned_pairs,
    created_rooms,
    fold,
)
from projector.moderation import ModerationChanges, ReportBody, Watched
from projector.notifications import ToldOfMessage, mentioned_members, told_of_messages
from projector.schedules import Schedule
from projector.session import Session, columns, move_offsets
from roomlog.events import MessageFlagged, MessageReported, ReportResolved, SealedText, Text
from roomlog.relations import NOTHING, Pair, Relation, pair
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
                changes, _ = _apply(cursor, batch, self._days, self._kinds)
        if changes.void:
            return "its sender is no member of the room: it would have no effect"
        own = batch.markers or batch.mutes or batch.notification_reads
        if not (batch.messages if is_message else changes.applied or own):
            return "an event of this id took effect already"
        return None

    def _write(self, batch: Batch, starts: Mapping[Place, int], *, check_messages: bool) -> None:
        connection = self._session()
        with connection.transaction(), connection.cursor() as cursor:
            _move_offsets(cursor, batch.ends, starts)
            if check_messages:
                _drop_applied_messages(cursor, batch)
            _, days = _apply(cursor, batch, self._days, self._kinds)
        self._days.note(days)


class Kinds:
    """Which rooms are known not to be direct, so that hardly any has to be asked for."""

    _MOST = 200_000

    def __init__(self) -> None:
        self._others: set[str] = set()

    def direct(self, cursor: psycopg.Cursor, rooms: Iterable[str]) -> list[str]:
        """Return those of the rooms that are direct."""
        unknown = [room for room in rooms if room not in self._others]
        if not unknown:
            return []
        found: dict[str, str] = dict(cursor.execute(sql.SELECT_KINDS, [unknown]).fetchall())
        if len(self._others) > self._MOST:
            self._others.clear()
        self._others.update(room for room, kind in found.items() if kind != "direct")
        return [room for room, kind in found.items() if kind == "direct"]


def _apply(
    cursor: psycopg.Cursor, batch: Batch, days: LastDays, kinds: Kinds
) -> tuple[Changes, dict[counters.Sender, int]]:
    """Write the effects of a batch; return what its facts changed and what had no effect, and who wrote when."""
    changes = Changes()
    messages: Mapping[bytes, Message] = {}
    told: list[ToldOfMessage] = []
    if batch.messages or batch.facts or batch.user_facts:
        prior = _read_prior(cursor, batch, kinds)
        fresh = {e: m for e, m in batch.messages.items() if e not in prior.void}
        users = batch.user_facts.values()
        changes = fold(batch.facts.values(), users, prior, fresh)
        messages = _with_effect(cursor, fresh, changes)
        told = told_of_messages(messages, batch.mentions, prior, changes)
    _write_messages(cursor, messages.values())
    _many(cursor, sql.INSERT_ATTACHED, batch.attached, 4)
    _write_changes(cursor, changes)
    _many(cursor, sql.INSERT_TOLD_OF_MESSAGES, told, 4)
    pushes = [(t.user, t.event) for t in told] + [(t.user, t.event) for t in changes.told]
    if _many(cursor, sql.QUEUE_PUSHES, pushes, 2):
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


def _read_prior(cursor: psycopg.Cursor, batch: Batch, kinds: Kinds) -> Prior:
    prior = Prior()
    facts = batch.facts.values()
    if ids := [*batch.facts, *batch.user_facts]:
        cursor.execute(sql.SELECT_APPLIED, [ids])
        prior.applied.update(event for (event,) in cursor)
    if created := created_rooms(facts):
        prior.rooms.update(room for (room,) in cursor.execute(sql.SELECT_ROOMS, [created]))
    keys = {
        *concerned_members(facts, batch.messages.values()),
        *mentioned_members(batch.messages, batch.mentions),
    }
    if keys:
        for room, user, *member in cursor.execute(sql.SELECT_MEMBERS, columns(keys, 2)):
            prior.members[room, user] = Member(*member)
    if rooms := list({message.room_id for message in batch.messages.values()}):
        prior.void.update(event.bytes for (event,) in cursor.execute(sql.SELECT_VOID, [rooms]))
        if direct := kinds.direct(cursor, rooms):
            prior.direct.update(direct)
            for room, user, *member in cursor.execute(sql.SELECT_MEMBERS_OF, [direct]):
                prior.members[room, user] = Member(*member)
    if touched := texts.concerned(facts):
        prior.messages = _read_messages(cursor, batch, touched)
    if scheduled := schedules.concerned(batch.user_facts.values()):
        cursor.execute(sql.SELECT_SCHEDULED, [scheduled])
        prior.schedules = {id_: Schedule(*row) for id_, *row in cursor}
    if watched := {*rooms, *(fact.room_id for fact in facts)}:
        prior.watched = _read_watched(cursor, watched)
    if pairs := concerned_pairs(batch.user_facts.values()):
        prior.relations = _read_relations(cursor, pairs)
    return prior


def _read_messages(
    cursor: psycopg.Cursor, batch: Batch, keys: Collection[texts.MessageKey]
) -> texts.Known:
    cursor.execute(sql.SELECT_MESSAGES, columns(keys, 2))
    known = texts.Known(deleted={(room, event): deleted for room, event, deleted in cursor})
    for room, target in keys:
        message = batch.messages.get(bytes.fromhex(target.replace("-", "")))
        if message is not None and message.room_id == room:
            known.posted[room, target] = message.offset
    return known


def _read_watched(cursor: psycopg.Cursor, rooms: Collection[str]) -> dict[str, Watched]:
    found: dict[str, Watched] = {}
    for room, kind, user, value in cursor.execute(sql.SELECT_WATCHED, {"rooms": list(rooms)}):
        found.setdefault(room, Watched()).know(kind, user, value)
    return found


def _read_relations(cursor: psycopg.Cursor, pairs: Collection[Pair]) -> dict[Pair, Relation]:
    found: dict[Pair, Relation] = {}
    for one, other, *asked in cursor.execute(sql.SELECT_FRIENDSHIPS, columns(pairs, 2)):
        found[one, other] = Relation(*asked)
    for blocker, blocked, since in cursor.execute(sql.SELECT_BLOCKS, columns(pairs, 2)):
        two = pair(blocker, blocked)
        before = found.get(two, NOTHING)
        found[two] = before._replace(blocked_at={**before.blocked_at, blocker: since})
    return found


def _with_effect(
    cursor: psycopg.Cursor, messages: Mapping[bytes, Message], changes: Changes
) -> Mapping[bytes, Message]:
    """Return the messages that count; repeats of earlier ones are taken off `changes.void`."""
    if not changes.void:
        return messages
    void = {e.hex(): m for e, m in messages.items() if (m.room_id, m.offset) in changes.void}
    cursor.execute(sql.SELECT_APPLIED_MESSAGES, [list(void)])
    for (event,) in cursor:
        repeat = void[event.hex]
        del changes.void[repeat.room_id, repeat.offset]
    return {event: message for event, message in messages.items() if event.hex() not in void}


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
    _many(cursor, sql.UPDATE_SETTINGS, settings, 6)
    _many(cursor, sql.DELETE_INVITES, [(invite,) for invite in changes.revoked], 1)
    _many(cursor, sql.INSERT_INVITES, _invite_rows(changes), 6)
    _many(cursor, sql.DELETE_HOOKS, changes.revoked_hooks, 2)
    rotated = [(*key, token, time_of(at)) for key, (token, at) in changes.rotated.items()]
    _many(cursor, sql.UPDATE_HOOKS, rotated, 4)
    _many(cursor, sql.INSERT_HOOKS, _hook_rows(changes), 7)
    departures = [(*key, at, time_of(then)) for key, (at, then) in changes.departures.items()]
    _many(cursor, sql.UPSERT_DEPARTURES, departures, 4)
    gone = [key for key, member in changes.members.items() if member is None]
    _many(cursor, sql.DELETE_MEMBERS, gone, 2)
    _many(cursor, sql.UPSERT_MEMBERS, _member_rows(changes), 5)
    _write_texts(cursor, changes.texts)
    _many(cursor, sql.DELETE_REACTIONS, changes.withdrawn, 4)
    reactions = [(*key, time_of(at)) for key, at in changes.reactions.items()]
    _many(cursor, sql.INSERT_REACTIONS, reactions, 5)
    registered = [(user, name, time_of(at)) for user, (name, at) in changes.registered.items()]
    told = [(*t[:-1], time_of(t.at)) for t in changes.told]
    _many(cursor, sql.INSERT_TOLD, told, 7)
    _many(cursor, sql.INSERT_USERS, registered, 3)
    _many(cursor, sql.UPDATE_USERS, changes.renamed.items(), 2)
    for schedule_id, new in changes.schedules.items():
        *who, text, reply_to, mentions, send_at, created_at, state, reason = new
        said = text, reply_to, mentions, time_of(send_at), time_of(created_at)
        cursor.execute(sql.UPSERT_SCHEDULED, [schedule_id, *who, *said, state, reason])
    _many(cursor, sql.DELETE_FILES, changes.removed_files, 2)
    _many(cursor, sql.INSERT_FILES, _file_rows(changes), 9)
    if changes.moderation.is_any:
        _write_moderation(cursor, changes.moderation)
    if changes.relations:
        _write_relations(cursor, changes.relations)


def _write_moderation(cursor: psycopg.Cursor, changes: ModerationChanges) -> None:
    _many(cursor, sql.DELETE_SLOW_POSTS, [(room,) for room in changes.slowed], 1)
    posts = [(*key, time_of(at)) for key, at in changes.said.items()]
    _many(cursor, sql.UPSERT_SLOW_POSTS, posts, 3)
    mutes = [
        (*key, time_of(until), fact.sender_id, time_of(fact.at), reason)
        for key, found in changes.mutes.items()
        if found is not None
        for fact, until, reason in (found,)
    ]
    _many(cursor, sql.DELETE_MEMBER_MUTES, changes.mutes, 2)
    _many(cursor, sql.INSERT_MEMBER_MUTES, mutes, 6)
    bans = [
        (*key, fact.sender_id, time_of(fact.at), reason)
        for key, (fact, reason) in changes.bans.items()
    ]
    _many(cursor, sql.DELETE_BANS, changes.unbanned, 2)
    _many(cursor, sql.INSERT_BANS, bans, 5)
    filters = [
        (*key, action, fact.sender_id, time_of(fact.at))
        for key, found in changes.filters.items()
        if found is not None
        for fact, action in (found,)
    ]
    _many(cursor, sql.DELETE_FILTERS, changes.filters, 2)
    _many(cursor, sql.INSERT_FILTERS, filters, 5)
    for fact, body in changes.reports:  # in order: a report after a resolution is a new one
        _write_report(cursor, fact, body)
    _many(cursor, sql.INSERT_AUDIT, map(_audit_row, changes.audit), 7)


def _audit_row(fact: Fact) -> tuple[Any, ...]:
    kind, details = type(fact.body).__name__, msgspec.json.encode(fact.body).decode()
    place = (fact.room_id, fact.offset)
    return (*place, fact.event_id, fact.sender_id, kind, details, time_of(fact.at))


def _write_report(cursor: psycopg.Cursor, fact: Fact, body: ReportBody) -> None:
    place, by, at = (fact.room_id, body.target_id), fact.sender_id, time_of(fact.at)
    match body:
        case MessageReported(reason=reason):
            cursor.execute(sql.INSERT_REPORT, [*place, by, False, reason, at])
        case MessageFlagged(words=words):
            cursor.execute(sql.INSERT_REPORT, [*place, by, True, words, at])
        case ReportResolved(outcome=outcome, note=note):
            cursor.execute(sql.RESOLVE_REPORTS, [by, at, outcome, note, *place])


def _write_relations(cursor: psycopg.Cursor, relations: Mapping[Pair, Relation]) -> None:
    friendships = [
        (*two, by, time_of(at), None if accepted is None else time_of(accepted))
        for two, relation in relations.items()
        if relation.asked is not None
        for by, at, accepted in (relation.asked,)
    ]
    blocks = [
        (blocker, other if blocker == one else one, time_of(since))
        for (one, other), relation in relations.items()
        for blocker, since in relation.blocked_at.items()
    ]
    _many(cursor, sql.DELETE_FRIENDSHIPS, relations, 2)
    _many(cursor, sql.INSERT_FRIENDSHIPS, friendships, 5)
    _many(cursor, sql.DELETE_BLOCKS, relations, 2)
    _many(cursor, sql.INSERT_BLOCKS, blocks, 3)


def _write_texts(cursor: psycopg.Cursor, changed: texts.Texts) -> None:
    _many(cursor, sql.UPDATE_RESTORED, changed.restored, 2)
    _many(cursor, sql.INSERT_FIRST_TEXTS, changed.edits, 2)
    edits = [
        (*key, edit.offset, edit.sender_id, time_of(edit.at), *_stored(edit.text))
        for key, some in changed.edits.items()
        for edit in some
    ]
    _many(cursor, sql.INSERT_TEXTS, edits, 7)
    newest = [(*k, *_stored(e[-1].text), time_of(e[-1].at)) for k, e in changed.edits.items()]
    _many(cursor, sql.UPDATE_EDITED, newest, 5)
    deleted = [(*key, time_of(fate.at), fate.by) for key, fate in changed.deletions.items()]
    _many(cursor, sql.UPDATE_DELETED, deleted, 4)
    _many(cursor, sql.DELETE_PINS, changed.unpinned, 2)
    pins = [(*key, p.offset, p.sender_id, time_of(p.at)) for key, p in changed.pins.items()]
    _many(cursor, sql.INSERT_PINS, pins, 5)


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
        cursor.execute(sql.UPDATE_ROOMS, columns(touched, 9))
        counts: dict[str, int] = dict(cursor.fetchall())
        if counts:
            _many(cursor, sql.INSERT_MARKS, counters.marks(counts, messages), 3)


def _write_counts(
    cursor: psycopg.Cursor, messages: Collection[Message], posted: Counter[str], days: LastDays
) -> dict[counters.Sender, int]:
    hours = [(*key, count) for key, count in counters.hours(messages, posted).items()]
    _many(cursor, sql.UPSERT_STATS, hours, 3)
    later = days.later(messages)
    _many(cursor, sql.UPSERT_SENDERS, [(*key, day) for key, day in later.items()], 3)
    return later


def _write_own(cursor: psycopg.Cursor, batch: Batch) -> None:
    # In order, so that two projectors lock the rows in the same one.
    markers = [(*key, m.offset, time_of(m.at)) for key, m in sorted(batch.markers.items())]
    _many(cursor, sql.UPSERT_MARKERS, markers, 4)
    reads = [(*key, time_of(at)) for key, at in sorted(batch.notification_reads.items())]
    _many(cursor, sql.UPSERT_NOTIFICATION_READS, reads, 3)
    mutes = sorted(batch.mutes.items())
    _many(cursor, sql.DELETE_MUTES, [key for key, muted in mutes if muted is None], 2)
    _many(cursor, sql.UPSERT_MUTES, [_mute_row(*key, m) for key, m in mutes if m is not None], 5)


def _write_presence(cursor: psycopg.Cursor, batch: Batch) -> None:
    states = [(user, state, time_of(at)) for user, (state, at) in batch.presence.items()]
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
            time_of(fact.at),
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
            time_of(fact.at),
            time_of(body.expires_at),
        )
        for invite, (fact, body) in changes.invites.items()
    ]


def _hook_rows(changes: Changes) -> list[tuple[Any, ...]]:
    return [
        (
            *key,
            hook.name,
            hook.token_hash,
            hook.created_by,
            time_of(hook.created_at),
            None if hook.rotated_at is None else time_of(hook.rotated_at),
        )
        for key, hook in changes.hooks.items()
    ]


def _member_rows(changes: Changes) -> list[tuple[Any, ...]]:
    return [
        (*key, member.role, member.joined_offset, time_of(member.joined_at))
        for key, member in changes.members.items()
        if member is not None
    ]


def _mute_row(user: str, room: str, muted: Muted) -> tuple[Any, ...]:
    ends_at = None if muted.ends_at is None else time_of(muted.ends_at)
    return user, room, muted.level, ends_at, time_of(muted.at)


def _stored(text: Text) -> tuple[str | None, str | None]:
    """Return the plain and the sealed text, one of them None."""
    if isinstance(text, SealedText):
        return None, rows.sealed_json(text.key_id, text.nonce, text.ciphertext).decode()
    return text, None


def _file_rows(changes: Changes) -> list[tuple[Any, ...]]:
    return [
        (
            file,
            fact.user_id,
            body.sha256,
            body.name,
            body.media_type,
            body.size_bytes,
            body.width,
            body.height,
            time_of(fact.at),
        )
        for file, (fact, body) in changes.files.items()
    ]


def _many(
    cursor: psycopg.Cursor, statement: str, items: Iterable[Sequence[Any]], width: int
) -> int:
    """Run a statement that takes one array a column, unless there is nothing to do; return how many rows it changed."""
    found = columns(items, width)
    if not found[0]:
        return 0
    return cursor.execute(statement, found).rowcount
