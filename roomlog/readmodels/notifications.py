# ruff: noqa: S608  # every part of a statement is a constant of this file
"""The SQL of one person's notifications; parameters are named. To be asked as role `roomlog_api` for that person.

What is unread is nowhere stored: it follows, each time, from the notification, the read marker, the
membership and what was read one by one, so there is nothing that could drift away from these. Nor is what
blocks hide: it is there again without the block.
"""

from typing import LiteralString

from roomlog.readmodels.unread import BLOCKED, OWN_ROOMS

_NOTICE = 'n.event_id, n.kind, n.room_id, n."offset", n.sender_id, n.occurred_at'
_IS_SAID = "n.kind IN ('mention', 'direct')"

# A request to be friends is unread only while it waits for an answer.
_IS_OPEN = """
(n.kind <> 'friend_request' OR (n.sender_id, n.occurred_at) IN (
    SELECT asked_by, asked_at FROM friendships
    WHERE %(user_id)s IN (one_id, other_id) AND accepted_at IS NULL))
"""

# Of a message that was deleted, or that one may not read, nothing is told, nor of what the blocked do. OFFSET 0: each
# message is looked up by its id; left to itself the planner reads all there are.
_ABOUT = f"""
LEFT JOIN LATERAL (
    SELECT m.event_id, m.deleted_at, m.text FROM messages m
    WHERE m.event_id = n.event_id AND m.room_id = n.room_id OFFSET 0
) m ON true
LEFT JOIN notification_reads s ON s.user_id = n.user_id AND s.event_id = n.event_id
WHERE NOT ({_IS_SAID} AND (m.event_id IS NULL OR m.deleted_at IS NOT NULL))
  AND n.sender_id NOT IN {BLOCKED}
"""
_PLACE = """
AND (NOT %(paged)s OR (n.occurred_at, n.event_id) <
     (%(at)s::timestamptz, %(event)s::uuid))
"""
_NEWEST = "ORDER BY n.occurred_at DESC, n.event_id DESC LIMIT %(limit)s"

# Invites to workspaces are for an address, which the log does not have: they are no rows of `notifications`.
_INVITES = f"""
SELECT i.id AS event_id, 'workspace_invite' AS kind, NULL::uuid AS room_id, NULL::bigint AS "offset",
       i.created_by AS sender_id, i.created_at AS occurred_at, NULL::text AS text,
       s.event_id IS NULL AS is_unread, NULL::text AS level
FROM invites_to_me() i
LEFT JOIN notification_reads s ON s.user_id = %(user_id)s AND s.event_id = i.id
WHERE i.created_by NOT IN {BLOCKED}
"""

NOTIFICATIONS: LiteralString = f"""
WITH {OWN_ROOMS}
SELECT n.* FROM (
    (SELECT {_NOTICE}, left(m.text, %(chars)s) AS text,
            s.event_id IS NULL AND CASE WHEN n.room_id IS NULL THEN {_IS_OPEN}
            ELSE n."offset" >= own.joined_offset AND n."offset" > own.read_up_to END AS is_unread
     FROM notifications n LEFT JOIN own ON own.room_id = n.room_id
     {_ABOUT} AND n.user_id = %(user_id)s {_PLACE} {_NEWEST})
    UNION ALL
    (SELECT event_id, kind, room_id, "offset", sender_id, occurred_at, text, is_unread
     FROM ({_INVITES}) n WHERE true {_PLACE})
) n {_NEWEST}
"""

# Only what came after one's markers is looked at, room by room.
_UNREAD = f"""
SELECT {_NOTICE}, left(m.text, %(chars)s) AS text, true AS is_unread, n.level FROM (
    SELECT n.*, own.level FROM own CROSS JOIN LATERAL (
        SELECT * FROM notifications n WHERE n.user_id = %(user_id)s AND n.room_id = own.room_id
          AND n."offset" > own.read_up_to AND n."offset" >= own.joined_offset
    ) n
    UNION ALL
    SELECT n.*, NULL FROM notifications n WHERE n.user_id = %(user_id)s AND n.room_id IS NULL AND {_IS_OPEN}
) n {_ABOUT} AND s.event_id IS NULL
UNION ALL
SELECT * FROM ({_INVITES}) i WHERE is_unread
"""
UNREAD_NOTIFICATIONS: LiteralString = (
    f"WITH {OWN_ROOMS} SELECT * FROM ({_UNREAD}) n WHERE true {_PLACE} {_NEWEST}"
)

# Muted rooms count as they are heard (`roomlog.mutes.is_heard`).
_IS_HEARD = f"(n.level IS NULL OR NOT {_IS_SAID} OR n.level = 'mentions' AND n.kind = 'mention')"
HEARD_NOTIFICATIONS: LiteralString = f"""
WITH {OWN_ROOMS} SELECT * FROM ({_UNREAD}) n WHERE {_IS_HEARD} {_PLACE} {_NEWEST}
"""
COUNT_UNREAD: LiteralString = f"""
WITH {OWN_ROOMS} SELECT count(*) AS unread FROM (
    SELECT FROM ({_UNREAD}) n
    WHERE {_IS_HEARD} LIMIT %(most)s
) counted
"""
UNREAD_UP_TO: LiteralString = f"""
WITH {OWN_ROOMS} SELECT n.event_id FROM ({_UNREAD}) n
WHERE (n.occurred_at, n.event_id) <= (%(at)s::timestamptz, %(event)s::uuid)
ORDER BY n.occurred_at DESC, n.event_id DESC LIMIT %(limit)s
"""
COUNT_READ = """
SELECT count(*) AS read FROM notification_reads WHERE user_id = %(user_id)s AND event_id = ANY (%(events)s::uuid[])
"""
