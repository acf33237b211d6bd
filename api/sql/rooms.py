# ruff: noqa: S608  # every part of a statement is a constant of this package
"""Rooms, their members and statistics."""

_ROOM = """
r.id, r.name, r.kind, r.topic, r.language, r.member_count AS members, r.last_offset, r.created_at, r.created_by,
r.message_count, r.deleted_count, r.last_event_at, r.workspace_id, r.archived, r.read_only, r.history,
r.link_previews, r.slow_mode_s,
(SELECT t.until_at FROM member_mutes t WHERE t.room_id = r.id AND t.user_id = %(user_id)s AND t.until_at > now())
    AS muted_until
"""

# `standing`: the user's role in the workspace of the room.
ROOM = f"""
SELECT {_ROOM}, m.role, m.joined_offset, w.role AS standing
FROM rooms r LEFT JOIN members m ON m.room_id = r.id AND m.user_id = %(user_id)s
LEFT JOIN members w ON w.room_id = r.workspace_id AND w.user_id = %(user_id)s
WHERE r.id = %(room_id)s AND r.kind <> 'workspace'
"""

_LISTED = """
AND (NOT %(picked)s OR r.workspace_id IS NOT DISTINCT FROM %(workspace_id)s::uuid)
AND r.archived = %(archived)s
AND (%(pattern)s::text IS NULL OR r.name ILIKE %(pattern)s)
AND (%(after_name)s::text IS NULL OR (r.name, r.id) > (%(after_name)s, %(after_id)s::uuid))
ORDER BY r.name, r.id LIMIT %(limit)s
"""

# OFFSET 0: each room is looked up by its id, instead of all rooms being read to keep some.
_OWN_ROOMS = f"""
SELECT {_ROOM}, m.role
FROM members m CROSS JOIN LATERAL (SELECT * FROM rooms WHERE rooms.id = m.room_id OFFSET 0) r
WHERE m.user_id = %(user_id)s AND r.kind <> 'workspace'
"""

OWN_ROOMS = _OWN_ROOMS + _LISTED

VISIBLE_ROOMS = f"""
SELECT * FROM (
    (SELECT {_ROOM}, (SELECT m.role FROM members m WHERE m.room_id = r.id AND m.user_id = %(user_id)s) AS role
     FROM rooms r WHERE r.kind = 'public' AND (r.workspace_id IS NULL OR r.workspace_id IN (
         SELECT w.room_id FROM members w WHERE w.user_id = %(user_id)s AND w.role <> 'guest')) {_LISTED})
    UNION ALL
    ({_OWN_ROOMS} AND (r.kind <> 'public' OR r.workspace_id IN (
        SELECT w.room_id FROM members w WHERE w.user_id = %(user_id)s AND w.role = 'guest')) {_LISTED})
) listed
ORDER BY name, id LIMIT %(limit)s
"""

MEMBERS = """
SELECT m.user_id, m.role, m.joined_at, a.name, a.is_bot
FROM members m LEFT JOIN accounts a ON a.id = m.user_id
WHERE m.room_id = %(room_id)s AND (%(after)s::uuid IS NULL OR m.user_id > %(after)s::uuid)
ORDER BY m.user_id LIMIT %(limit)s
"""

ROOM_STATS = "SELECT * FROM room_activity(%(room_id)s)"
UNREADABLE = "SELECT messages_before_joining(%(room_id)s) AS count"
