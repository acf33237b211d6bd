# ruff: noqa: S608  # every part of a statement is a constant of this package
"""People: names, friends, blocks, and who is there."""

NAMES = "SELECT id, name, is_bot FROM accounts WHERE id = ANY(%(ids)s::uuid[])"

SEARCH_USERS = """
SELECT id, name FROM users
WHERE name ILIKE %(pattern)s
ORDER BY name ILIKE %(prefix)s DESC, name, id
LIMIT %(limit)s
"""

LIST_USERS = "SELECT id, name FROM users ORDER BY name, id LIMIT %(limit)s"

LAST_SEEN = """
SELECT user_id, changed_at FROM presence WHERE user_id = ANY(%(ids)s::uuid[])
"""

# Friends and blocks.

_FRIENDSHIP = """
friendships f ON (f.one_id, f.other_id) = (least(a.id, %(user_id)s::uuid), greatest(a.id, %(user_id)s::uuid))
"""

RELATION = f"""
SELECT a.id, a.name, f.asked_by, f.asked_at, f.accepted_at, b.blocked_at,
       EXISTS (SELECT FROM blockers_among(ARRAY[a.id])) AS blocks_me
FROM accounts a LEFT JOIN {_FRIENDSHIP}
LEFT JOIN blocks b ON b.user_id = %(user_id)s AND b.blocked_id = a.id
WHERE a.id = %(other_id)s AND a.deleted_at IS NULL
"""

FRIENDS = f"""
SELECT a.id, a.name, f.asked_by, f.asked_at, f.accepted_at
FROM (
    SELECT other_id AS id FROM friendships WHERE one_id = %(user_id)s
    UNION ALL SELECT one_id FROM friendships WHERE other_id = %(user_id)s
) who JOIN accounts a ON a.id = who.id JOIN {_FRIENDSHIP}
ORDER BY f.accepted_at IS NULL, coalesce(f.accepted_at, f.asked_at) DESC, a.id LIMIT %(limit)s
"""

COUNT_FRIENDS = """
SELECT count(*) FILTER (WHERE accepted_at IS NOT NULL) AS friends,
       count(*) FILTER (WHERE accepted_at IS NULL AND asked_by = %(user_id)s) AS requests
FROM friendships WHERE one_id = %(user_id)s OR other_id = %(user_id)s
"""

BLOCKED = """
SELECT a.id, a.name, b.blocked_at FROM blocks b JOIN accounts a ON a.id = b.blocked_id
WHERE b.user_id = %(user_id)s ORDER BY b.blocked_at DESC, a.id LIMIT %(limit)s
"""
COUNT_BLOCKED = "SELECT count(*) FROM blocks WHERE user_id = %(user_id)s"

BLOCKERS = "SELECT blockers_among(%(ids)s::uuid[]) AS id"
PRESENT = "SELECT present_to_me(%(ids)s::uuid[]) AS id"

# The same among the members of one workspace.

SEARCH_COLLEAGUES = """
SELECT u.id, u.name FROM members m JOIN users u ON u.id = m.user_id
WHERE m.room_id = %(workspace_id)s AND (%(pattern)s::text IS NULL OR u.name ILIKE %(pattern)s)
ORDER BY %(prefix)s::text IS NOT NULL AND u.name ILIKE %(prefix)s DESC, u.name, u.id
LIMIT %(limit)s
"""
