# ruff: noqa: S608  # every part of a statement is a constant of this file
"""What is unread, by room and person: asked of the tables, and counted from what the log folds to.

It is nowhere stored, so that nothing can drift: each count follows from messages, memberships, markers and
notifications as they are. Parameters of the statement are named.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import LiteralString, NamedTuple

from roomlog.readmodels.fold.rows import Rows
from roomlog.readmodels.tables import (
    BLOCKS,
    MARKERS,
    MEMBERS,
    MESSAGES,
    NOTIFICATIONS,
    ROOMS,
    Key,
    Row,
    Table,
)

COUNTED_TO = 1_000
"""Messages of a room, and mentions in it, that are counted at most."""

COUNTS = Table("unread", ("user", "room"), ("unread", "mentions", "first_unread"))
"""What is counted, in the form in which rows are compared; no table has it."""

# One's rooms: since which offset one is a member, how far one has read (the projected marker, or the one from
# Valkey if that is further), and how the room is muted right now.
OWN_ROOMS: LiteralString = """
own AS (
    SELECT m.room_id, m.joined_offset, x.level, x.ends_at,
           greatest(coalesce(f."offset", -1), coalesce(k."offset", -1)) AS read_up_to,
           greatest(f."offset", k."offset") AS marker
    FROM members m
    LEFT JOIN read_markers k ON k.user_id = m.user_id AND k.room_id = m.room_id
    LEFT JOIN unnest(%(rooms)s::uuid[], %(offsets)s::bigint[]) AS f (room_id, "offset")
        ON f.room_id = m.room_id
    LEFT JOIN room_mutes x ON x.user_id = m.user_id AND x.room_id = m.room_id
        AND (x.ends_at IS NULL OR x.ends_at > now())
    WHERE m.user_id = %(user_id)s
)
"""

# Whom one has blocked: what they do is asked for as if it were not there, as long as the block stands. Written to be
# read once a statement, whatever it is compared with.
BLOCKED: LiteralString = "(SELECT blocked_id FROM blocks WHERE user_id = %(user_id)s)"

# What came since one's marker in each room. Rooms where nothing did cost one look at their own row.
UNREAD: LiteralString = f"""
WITH {OWN_ROOMS}, looked_at AS (
    SELECT own.*, r.last_offset, greatest(own.read_up_to, own.joined_offset) AS since
    FROM own JOIN rooms r ON r.id = own.room_id WHERE r.kind <> 'workspace'
)
SELECT o.room_id, o.marker AS read_up_to, o.level, o.ends_at, o.last_offset,
       new.unread, named.mentions, new.first_unread
FROM looked_at o CROSS JOIN LATERAL (
    SELECT count(*) AS unread, min("offset") AS first_unread FROM (
        SELECT "offset" FROM messages
        WHERE messages.room_id = o.room_id AND "offset" > o.since AND o.last_offset > o.since
          AND sender_id <> %(user_id)s AND sender_id NOT IN {BLOCKED} AND deleted_at IS NULL
        ORDER BY "offset" LIMIT %(most)s
    ) counted
) new CROSS JOIN LATERAL (
    SELECT count(*) AS mentions FROM (
        SELECT FROM notifications n
        JOIN messages m ON m.event_id = n.event_id AND m.room_id = n.room_id AND m.deleted_at IS NULL
        WHERE n.user_id = %(user_id)s AND n.room_id = o.room_id AND n."offset" > o.since
          AND o.last_offset > o.since AND n.kind = 'mention' AND n.sender_id NOT IN {BLOCKED} LIMIT %(most)s
    ) counted
) named
ORDER BY o.room_id
"""


class _Said(NamedTuple):
    """The messages of a room that were not deleted: offsets in order, all of them and by sender."""

    all: list[int]
    of: dict[str, list[int]]


def recount(rows: Rows) -> dict[Key, Row]:
    """Return what `UNREAD` should find of the rooms that rows are of, for each member: the rows of COUNTS."""
    blocked: defaultdict[str, set[str]] = defaultdict(set)
    for user, other in rows[BLOCKS.name]:
        blocked[user].add(other)
    said, mentions = _said(rows), _mentions(rows, blocked)
    found = {}
    for (room, user), (_, joined_offset, _) in rows[MEMBERS.name].items():
        created = rows[ROOMS.name].get((room,))
        if created is None or created[ROOMS.columns.index("kind")] == "workspace":
            continue
        marker = rows[MARKERS.name].get((user, room))
        since = max(joined_offset, -1 if marker is None else marker[0])
        of_room = said.get(room, _Said([], {}))
        left_out = {user, *blocked.get(user, ())}
        found[user, room] = _count(of_room, left_out, since, mentions[user, room])
    return found


def _count(
    said: _Said, left_out: Collection[str], since: int, mentions: list[int]
) -> tuple[int, int, int | None]:
    out = sorted(offset for user in left_out for offset in said.of.get(user, ()))
    at, out_at = bisect_right(said.all, since), bisect_right(out, since)
    unread = (len(said.all) - at) - (len(out) - out_at)
    while out_at < len(out) and said.all[at] == out[out_at]:
        at, out_at = at + 1, out_at + 1
    named = sum(offset > since for offset in mentions)
    first = said.all[at] if unread else None
    return min(unread, COUNTED_TO + 1), min(named, COUNTED_TO + 1), first


def _said(rows: Rows) -> dict[str, _Said]:
    offset_at, sender_at = MESSAGES.columns.index("offset"), MESSAGES.columns.index("sender_id")
    deleted_at = MESSAGES.columns.index("deleted_at")
    found: dict[str, _Said] = {}
    for (room, _), row in rows[MESSAGES.name].items():
        if row[deleted_at] is None:
            said = found.setdefault(room, _Said([], {}))
            said.all.append(row[offset_at])
            said.of.setdefault(row[sender_at], []).append(row[offset_at])
    for said in found.values():
        for offsets in (said.all, *said.of.values()):
            offsets.sort()
    return found


def _mentions(rows: Rows, blocked: Mapping[str, set[str]]) -> defaultdict[Key, list[int]]:
    """Return user and room -> the offsets of messages that mention them and were not deleted; none of the blocked."""
    deleted_at = MESSAGES.columns.index("deleted_at")
    found: defaultdict[Key, list[int]] = defaultdict(list)
    for (user, event, room), (offset, kind, sender, _) in rows[NOTIFICATIONS.name].items():
        message = rows[MESSAGES.name].get((room, event))
        if sender in blocked.get(user, ()):
            continue
        if kind == "mention" and message is not None and message[deleted_at] is None:
            found[user, room].append(offset)
    return found
