"""Workspaces, invites to them, and who has left them."""

_WORKSPACE = (
    "SELECT r.id, r.name, r.slug, r.member_count AS members, r.created_at, r.last_offset, m.role"
)

WORKSPACES = f"""
{_WORKSPACE} FROM members m JOIN rooms r ON r.id = m.room_id
WHERE m.user_id = %(user_id)s AND r.kind = 'workspace'
ORDER BY r.name, r.id
"""

WORKSPACE = f"""
{_WORKSPACE} FROM members m JOIN rooms r ON r.id = m.room_id
WHERE m.user_id = %(user_id)s AND r.kind = 'workspace' AND r.id = %(workspace_id)s
"""

INVITES = """
SELECT i.id, i.role, i.created_by, i.created_at, i.expires_at, a.email
FROM workspace_invites i
LEFT JOIN invite_addresses a ON a.workspace_id = i.workspace_id AND a.invite_id = i.id
WHERE i.workspace_id = %(workspace_id)s AND i.expires_at > now()
ORDER BY i.created_at DESC, i.id
"""

INVITE = "SELECT * FROM invite_of(%(workspace_id)s, %(invite_id)s)"

ADD_ADDRESS = """
INSERT INTO invite_addresses (handle, workspace_id, invite_id, email, other_half)
VALUES (%(handle)s, %(workspace_id)s, %(invite_id)s, %(email)s, %(other_half)s)
"""
# Who is told of an invite: the account with its address, unless that is in the workspace already.
INVITED = """
SELECT a.id FROM accounts a WHERE a.email = %(email)s AND NOT EXISTS (
    SELECT FROM members m WHERE m.room_id = %(workspace_id)s AND m.user_id = a.id)
"""
ADDRESS = "SELECT email, other_half FROM invite_addresses WHERE handle = %(handle)s"

# One process at a time takes people out of the rooms of the workspaces that they left.
LOCK_DEPARTURES = "SELECT pg_try_advisory_xact_lock(727002)"
DEPARTURES = """
SELECT workspace_id, user_id, "offset", left_at < now() - %(settled)s AS is_settled
FROM workspace_departures ORDER BY left_at LIMIT %(limit)s
"""
ROOMS_TO_LEAVE = "SELECT rooms_to_leave(%(workspace_id)s, %(user_id)s) AS id"
END_DEPARTURE = """
DELETE FROM workspace_departures
WHERE workspace_id = %(workspace_id)s AND user_id = %(user_id)s AND "offset" = %(offset)s
"""
