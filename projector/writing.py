"""What the facts of a batch change, written into the read models in PostgreSQL."""

from collections.abc import Mapping
from typing import Any

import msgspec
import psycopg

from projector import rows, sql, texts
from projector.facts import Fact
from projector.fold import Changes, MemberKey
from projector.moderation import ModerationChanges, ReportBody
from projector.session import many
from roomlog.events import MessageFlagged, MessageReported, ReportResolved, SealedText, Text
from roomlog.relations import Pair, Relation
from roomlog.times import time_of


def write_changes(cursor: psycopg.Cursor, changes: Changes) -> None:
    """Write them all, in the order that the tables refer to each other."""
    if changes.erased:
        _erase(cursor, changes.erased)
    many(cursor, sql.INSERT_APPLIED, changes.applied)
    many(cursor, sql.INSERT_VOID, [(*place, event) for place, event in changes.void.items()])
    many(cursor, sql.INSERT_ROOMS, _room_rows(changes))
    settings = [(room, *changed) for room, changed in changes.settings.items()]
    many(cursor, sql.UPDATE_SETTINGS, settings)
    many(cursor, sql.DELETE_INVITES, changes.revoked)
    many(cursor, sql.INSERT_INVITES, _invite_rows(changes))
    many(cursor, sql.DELETE_HOOKS, changes.revoked_hooks)
    rotated = [(*key, token, time_of(at)) for key, (token, at) in changes.rotated.items()]
    many(cursor, sql.UPDATE_HOOKS, rotated)
    many(cursor, sql.INSERT_HOOKS, _hook_rows(changes))
    departures = [(*key, at, time_of(then)) for key, (at, then) in changes.departures.items()]
    many(cursor, sql.UPSERT_DEPARTURES, departures)
    gone = [key for key, member in changes.members.items() if member is None]
    many(cursor, sql.DELETE_MEMBERS, gone)
    members = _member_rows(changes)
    many(cursor, sql.UPDATE_MEMBERS, (row for key, row in members if key not in changes.joined))
    many(cursor, sql.INSERT_MEMBERS, (row for key, row in members if key in changes.joined))
    _write_texts(cursor, changes.texts)
    many(cursor, sql.DELETE_REACTIONS, changes.withdrawn)
    reactions = [(*key, time_of(at)) for key, at in changes.reactions.items()]
    many(cursor, sql.INSERT_REACTIONS, reactions)
    registered = [(user, name, time_of(at)) for user, (name, at) in changes.registered.items()]
    told = [(*t[:-1], time_of(t.at)) for t in changes.told]
    many(cursor, sql.INSERT_TOLD, told)
    many(cursor, sql.INSERT_USERS, registered)
    many(cursor, sql.UPDATE_USERS, changes.renamed.items())
    for schedule_id, new in changes.schedules.items():
        *who, text, reply_to, mentions, files, send_at, created_at, state, reason = new
        said = text, reply_to, mentions, files, time_of(send_at), time_of(created_at)
        cursor.execute(sql.UPSERT_SCHEDULED, [schedule_id, *who, *said, state, reason])
    many(cursor, sql.DELETE_FILES, changes.removed_files)
    many(cursor, sql.INSERT_FILES, _file_rows(changes))
    if changes.moderation.is_any:
        _write_moderation(cursor, changes.moderation)
    if changes.relations:
        _write_relations(cursor, changes.relations)


def _erase(cursor: psycopg.Cursor, erased: Mapping[str, int]) -> None:
    """Take away what is only these people's; what comes later finds them in `erased_users`."""
    cursor.execute(sql.WAIT_LONGER)
    cursor.execute(sql.LOCK_PERSONAL)
    many(cursor, sql.INSERT_ERASED, [(user, time_of(at)) for user, at in erased.items()])
    for statement in sql.DELETE_PERSONAL:
        cursor.execute(statement.encode(), [list(erased)])


def _write_moderation(cursor: psycopg.Cursor, changes: ModerationChanges) -> None:
    many(cursor, sql.DELETE_SLOW_POSTS, [(room,) for room in changes.slowed])
    posts = [(*key, time_of(at)) for key, at in changes.said.items()]
    many(cursor, sql.UPSERT_SLOW_POSTS, posts)
    mutes = [
        (*key, time_of(until), fact.sender_id, time_of(fact.at), reason)
        for key, found in changes.mutes.items()
        if found is not None
        for fact, until, reason in (found,)
    ]
    many(cursor, sql.DELETE_MEMBER_MUTES, changes.mutes)
    many(cursor, sql.INSERT_MEMBER_MUTES, mutes)
    bans = [
        (*key, fact.sender_id, time_of(fact.at), reason)
        for key, (fact, reason) in changes.bans.items()
    ]
    many(cursor, sql.DELETE_BANS, changes.unbanned)
    many(cursor, sql.INSERT_BANS, bans)
    filters = [
        (*key, action, fact.sender_id, time_of(fact.at))
        for key, found in changes.filters.items()
        if found is not None
        for fact, action in (found,)
    ]
    many(cursor, sql.DELETE_FILTERS, changes.filters)
    many(cursor, sql.INSERT_FILTERS, filters)
    for fact, body in changes.reports:  # in order: a report after a resolution is a new one
        _write_report(cursor, fact, body)
    many(cursor, sql.INSERT_AUDIT, map(_audit_row, changes.audit))


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
    many(cursor, sql.DELETE_FRIENDSHIPS, relations)
    many(cursor, sql.INSERT_FRIENDSHIPS, friendships)
    many(cursor, sql.DELETE_BLOCKS, relations)
    many(cursor, sql.INSERT_BLOCKS, blocks)


def _write_texts(cursor: psycopg.Cursor, changed: texts.Texts) -> None:
    many(cursor, sql.UPDATE_RESTORED, changed.restored)
    many(cursor, sql.INSERT_FIRST_TEXTS, changed.edits)
    edits = [
        (*key, edit.offset, edit.sender_id, time_of(edit.at), *_stored(edit.text))
        for key, some in changed.edits.items()
        for edit in some
    ]
    many(cursor, sql.INSERT_TEXTS, edits)
    newest = [(*k, *_stored(e[-1].text), time_of(e[-1].at)) for k, e in changed.edits.items()]
    many(cursor, sql.UPDATE_EDITED, newest)
    deleted = [(*key, time_of(fate.at), fate.by) for key, fate in changed.deletions.items()]
    many(cursor, sql.UPDATE_DELETED, deleted)
    many(cursor, sql.DELETE_PINS, changed.unpinned)
    pins = [(*key, p.offset, p.sender_id, time_of(p.at)) for key, p in changed.pins.items()]
    many(cursor, sql.INSERT_PINS, pins)


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
            *key,
            body.role,
            fact.sender_id,
            time_of(fact.at),
            time_of(body.expires_at),
        )
        for key, (fact, body) in changes.invites.items()
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


def _member_rows(changes: Changes) -> list[tuple[MemberKey, tuple[Any, ...]]]:
    return [
        (key, (*key, member.role, member.joined_offset, time_of(member.joined_at)))
        for key, member in changes.members.items()
        if member is not None
    ]


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
