# ruff: noqa: S105, S608  # no passwords here, and every part of a statement is a constant of this package
"""Accounts and sessions: how they begin, are renewed and end, and the outbox of their facts."""

from roomlog.accounts import ERASED_NAME

ADD_ACCOUNT = """
INSERT INTO accounts (id, email, name, password_hash)
VALUES (%(id)s, %(email)s, %(name)s, %(password_hash)s)
ON CONFLICT (email) DO NOTHING
RETURNING id
"""

# Accounts that end. The row stays as the sender of what was said, with nothing else of the person.

PASSWORD = "SELECT password_hash FROM accounts WHERE id = %(id)s AND deleted_at IS NULL"
CLOSE_ACCOUNT = f"""
UPDATE accounts SET email = NULL, password_hash = NULL, name = '{ERASED_NAME}', deleted_at = now()
WHERE id = %(user_id)s AND deleted_at IS NULL RETURNING id
"""
FORGET_TOKENS = """
DELETE FROM refresh_tokens t USING auth_sessions s WHERE s.id = t.session_id AND s.user_id = %(user_id)s
"""
FORGET_DEVICES = """
UPDATE auth_sessions SET revoked_at = coalesce(revoked_at, now()), user_agent = '', address = NULL
WHERE user_id = %(user_id)s RETURNING id
"""
FORGET_SUBSCRIPTIONS = "DELETE FROM push_subscriptions WHERE user_id = %(user_id)s"
FORGET_MAILS = "DELETE FROM mail_digests WHERE user_id = %(user_id)s"
FORGET_ADDRESS = """
DELETE FROM invite_addresses v USING accounts a WHERE a.id = %(user_id)s AND v.email = a.email
"""
FORGET_PRESENCE = "DELETE FROM presence WHERE user_id = %(user_id)s"
# Keys of topic chat.reads, as `roomlog.reads` makes them.
ADD_ERASURE = """
INSERT INTO account_erasures (user_id, read_keys) SELECT %(user_id)s::uuid, coalesce(array_agg(key), '{}') FROM (
    SELECT user_id || ':' || room_id AS key FROM read_markers WHERE user_id = %(user_id)s
    UNION ALL SELECT user_id || ':' || room_id || ':mute' FROM room_mutes WHERE user_id = %(user_id)s
    UNION ALL SELECT user_id || ':' || event_id || ':read' FROM notification_reads WHERE user_id = %(user_id)s
) keys
"""
# One process at a time goes on with what is not done yet.
LOCK_ERASURES = "SELECT pg_try_advisory_xact_lock(727004)"
ERASURES = """
SELECT user_id, read_keys, erased_at < now() - %(settled)s AS is_settled
FROM account_erasures ORDER BY erased_at LIMIT %(limit)s
"""
ERASED_KEYS = "UPDATE account_erasures SET read_keys = '{}' WHERE user_id = %(user_id)s"
END_ERASURE = "DELETE FROM account_erasures WHERE user_id = %(user_id)s"
# Workspaces first: their rooms are left after them.
OWN_MEMBERSHIPS = """
SELECT m.room_id AS id FROM members m LEFT JOIN rooms r ON r.id = m.room_id
WHERE m.user_id = %(user_id)s ORDER BY r.kind = 'workspace' DESC, m.room_id
"""
# Rooms and workspaces of others that would be left without an owner.
LAST_OWNED = """
SELECT r.id, r.name, r.kind FROM members m JOIN rooms r ON r.id = m.room_id
WHERE m.user_id = %(user_id)s AND m.role = 'owner' AND r.kind <> 'direct'
  AND EXISTS (SELECT FROM members o WHERE o.room_id = m.room_id AND o.user_id <> m.user_id AND o.role <> 'bot')
  AND NOT EXISTS (SELECT FROM members o WHERE o.room_id = m.room_id AND o.user_id <> m.user_id AND o.role = 'owner')
ORDER BY r.kind = 'workspace' DESC, r.name, r.id LIMIT %(limit)s
"""
FORGET_ENDED_SESSIONS = """
DELETE FROM auth_sessions s USING accounts a
WHERE a.id = s.user_id AND a.deleted_at IS NOT NULL AND s.revoked_at < now() - interval '1 hour'
"""

# Accounts that stand for people of other systems; repeating it adds nothing and announces nothing.
ADD_BRIDGED_ACCOUNTS = """
WITH added AS (
    INSERT INTO accounts (id, name)
    SELECT * FROM unnest(%(ids)s::uuid[], %(names)s::text[])
    ON CONFLICT (id) DO NOTHING
    RETURNING id, name
)
INSERT INTO outbox (event_id, user_id, type, name)
SELECT gen_random_uuid(), id, 'UserRegistered', name FROM added
"""

ADD_OUTBOX = """
INSERT INTO outbox (event_id, user_id, type, name)
VALUES (%(event_id)s, %(user_id)s, %(type)s, %(name)s)
"""

OUTBOX_CHANNEL = "roomlog_outbox"
NOTIFY_OUTBOX = f"NOTIFY {OUTBOX_CHANNEL}"
LISTEN_OUTBOX = f"LISTEN {OUTBOX_CHANNEL}"

# One relay at a time over all API processes: two would publish one account's facts out of order.
LOCK_OUTBOX = "SELECT pg_try_advisory_xact_lock(727001)"

TAKE_OUTBOX = """
SELECT id, event_id, user_id, type, name, created_at
FROM outbox ORDER BY id LIMIT %(limit)s
FOR UPDATE SKIP LOCKED
"""

DELETE_OUTBOX = "DELETE FROM outbox WHERE id = ANY(%(ids)s::bigint[])"

ACCOUNT_BY_EMAIL = "SELECT id, email, name, password_hash FROM accounts WHERE email = %(email)s"
ACCOUNT_BY_ID = "SELECT id, email, name FROM accounts WHERE id = %(id)s AND deleted_at IS NULL"
SET_PASSWORD_HASH = "UPDATE accounts SET password_hash = %(password_hash)s WHERE id = %(id)s"
RENAME_ACCOUNT = """
UPDATE accounts SET name = %(name)s WHERE id = %(id)s AND deleted_at IS NULL RETURNING id, email, name
"""

ADD_SESSION = """
INSERT INTO auth_sessions (id, user_id, user_agent, address)
VALUES (%(id)s, %(user_id)s, %(user_agent)s, %(address)s)
"""

ADD_REFRESH_TOKEN = """
INSERT INTO refresh_tokens (token_hash, session_id, expires_at)
VALUES (%(token_hash)s, %(session_id)s, now() + %(ttl)s)
"""

# Hits at most once for each token, however many requests bring it at the same time.
USE_REFRESH_TOKEN = """
UPDATE refresh_tokens t SET used_at = now()
FROM auth_sessions s JOIN accounts a ON a.id = s.user_id
WHERE t.token_hash = %(token_hash)s AND t.used_at IS NULL AND t.expires_at > now()
  AND s.id = t.session_id AND s.revoked_at IS NULL
RETURNING s.id AS session_id, a.id, a.email, a.name
"""

TOUCH_SESSION = """
UPDATE auth_sessions SET last_used_at = now() WHERE id = %(session_id)s
"""

# A token that was used before: whoever brings it, or whoever used it, is not the owner.
SESSION_OF_USED_TOKEN = """
SELECT session_id FROM refresh_tokens WHERE token_hash = %(token_hash)s AND used_at IS NOT NULL
"""

SESSION_OF_TOKEN = "SELECT session_id FROM refresh_tokens WHERE token_hash = %(token_hash)s"

REVOKE_SESSION = """
UPDATE auth_sessions SET revoked_at = now()
WHERE id = %(session_id)s AND revoked_at IS NULL
RETURNING id
"""

REVOKE_OWN_SESSION = """
UPDATE auth_sessions SET revoked_at = now()
WHERE id = %(session_id)s AND user_id = %(user_id)s AND revoked_at IS NULL
RETURNING id
"""

REVOKE_ALL_SESSIONS = """
UPDATE auth_sessions SET revoked_at = now()
WHERE user_id = %(user_id)s AND revoked_at IS NULL
RETURNING id
"""

# As long as an access token of such a session may still be good.
REVOKED_SESSIONS = """
SELECT id FROM auth_sessions WHERE revoked_at > now() - interval '1 hour'
"""

SESSIONS = """
SELECT id, created_at, last_used_at, user_agent, host(address) AS address
FROM auth_sessions
WHERE user_id = %(user_id)s AND revoked_at IS NULL
ORDER BY last_used_at DESC LIMIT 200
"""

FORGET_EXPIRED_TOKENS = "DELETE FROM refresh_tokens WHERE expires_at < now()"
