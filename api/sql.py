# ruff: noqa: S105, S608  # no passwords here, and every part of a statement is a constant of this file
"""Every SQL statement of the API, by group; parameters are named."""

from typing import LiteralString

from roomlog.accounts import ERASED_NAME
from roomlog.projection import WANTED_CHANNEL

# Accounts and sessions.

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

# Users.

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

# Workspaces: rooms of that kind.

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

# Incoming hooks. Their bots are accounts that nobody signs in to, and that nobody finds by name.

ADD_BOT = """
INSERT INTO accounts (id, name, is_bot) VALUES (%(id)s, %(name)s, true) ON CONFLICT (id) DO NOTHING
"""
REMOVE_BOT = "DELETE FROM accounts WHERE id = %(id)s AND is_bot"
HOOKS = """
SELECT h.id, h.name, h.created_by, h.created_at, h.rotated_at, a.name AS created_by_name
FROM room_hooks h LEFT JOIN accounts a ON a.id = h.created_by
WHERE h.room_id = %(room_id)s ORDER BY h.created_at, h.id
"""
HOOK = "SELECT * FROM hook_of(%(token_hash)s)"

# Webhooks, of a room or of a workspace.

MANAGED_PLACE = """
SELECT r.id, r.kind, r.workspace_id, r.history, r.last_offset, r.partition, m.role, m.joined_offset,
       w.role AS standing
FROM rooms r LEFT JOIN members m ON m.room_id = r.id AND m.user_id = %(user_id)s
LEFT JOIN members w ON w.room_id = r.workspace_id AND w.user_id = %(user_id)s
WHERE r.id = %(room_id)s
"""
_WEBHOOK = """
SELECT w.id, w.room_id, w.url, w.types, w.bots, w.created_by, w.created_at, w.paused_at, w.paused_why,
       w.old_until, counted.waiting, counted.dead, counted.refilling, newest.attempted_at, newest.status,
       newest.error
FROM webhooks w CROSS JOIN LATERAL (
    SELECT (SELECT count(*) FROM (SELECT FROM webhook_deliveries d
                WHERE d.webhook_id = w.id AND d.state = 'waiting' LIMIT 1000) d) AS waiting,
           (SELECT count(*) FROM (SELECT FROM webhook_deliveries d
                WHERE d.webhook_id = w.id AND d.state = 'dead' LIMIT 1000) d) AS dead,
           EXISTS (SELECT FROM webhook_lanes l
                WHERE l.webhook_id = w.id AND l.refill IS NOT NULL) AS refilling
) counted LEFT JOIN LATERAL (
    SELECT d.attempted_at, d.status, d.error FROM webhook_deliveries d
    WHERE d.webhook_id = w.id AND d.attempted_at IS NOT NULL ORDER BY d.attempted_at DESC LIMIT 1
) newest ON true
"""
WEBHOOKS = f"{_WEBHOOK} WHERE w.room_id = %(room_id)s ORDER BY w.created_at, w.id"
WEBHOOK = f"{_WEBHOOK} WHERE w.id = %(webhook)s"
# What is to be sent begins where the read models are now, in every partition.
ADD_WEBHOOK = """
INSERT INTO webhooks (id, room_id, url, types, bots, secret, created_by, starts)
SELECT %(id)s::uuid, %(room_id)s::uuid, %(url)s, %(types)s::text[], %(bots)s, %(secret)s, %(user_id)s::uuid,
       (SELECT coalesce(jsonb_object_agg(partition, next), '{}') FROM projection_offsets
        WHERE topic = 'chat.events')
WHERE (SELECT count(*) FROM webhooks WHERE room_id = %(room_id)s) < %(most)s
RETURNING id
"""
CHANGE_WEBHOOK = """
UPDATE webhooks SET url = coalesce(%(url)s::text, url), types = coalesce(%(types)s::text[], types),
    bots = coalesce(%(bots)s::boolean, bots),
    paused_at = CASE %(paused)s::boolean WHEN true THEN coalesce(paused_at, now())
                     WHEN false THEN NULL ELSE paused_at END,
    paused_why = CASE WHEN %(paused)s::boolean IS false THEN NULL ELSE paused_why END,
    dead_in_row = CASE WHEN %(paused)s::boolean IS false THEN 0 ELSE dead_in_row END
WHERE id = %(webhook)s
"""
WAKE_LANES = """
UPDATE webhook_lanes SET next_at = now(), attempts = 0 WHERE webhook_id = %(webhook)s
"""
ROTATE_WEBHOOK = """
UPDATE webhooks SET old_secret = secret, old_until = now() + %(both)s, secret = %(secret)s
WHERE id = %(webhook)s RETURNING old_until
"""
DELETE_WEBHOOK = "DELETE FROM webhooks WHERE id = %(webhook)s"
DELETE_LANES = "DELETE FROM webhook_lanes WHERE webhook_id = %(webhook)s"
DELETE_DELIVERIES = "DELETE FROM webhook_deliveries WHERE webhook_id = %(webhook)s"
DELIVERIES = """
SELECT id, room_id, "offset", event_id, type, state, attempts, created_at, attempted_at, status, error
FROM webhook_deliveries
WHERE webhook_id = %(webhook)s AND (%(state)s::text IS NULL OR state = %(state)s)
  AND (%(before)s::timestamptz IS NULL OR (created_at, id) < (%(before)s, %(before_id)s::uuid))
ORDER BY created_at DESC, id DESC LIMIT %(limit)s
"""
DELIVERY_OF = """
SELECT FROM webhook_deliveries WHERE id = %(delivery)s AND webhook_id = %(webhook)s
"""
SEND_AGAIN = "SELECT webhook_again(%(delivery)s) AS found"
SEND_FROM = """
SELECT webhook_from(%(webhook)s, %(room_id)s, %(partition)s::smallint, %(offset)s)
"""

# As whom a session reads, from now on.
SET_READER = "SELECT set_config('roomlog.user_id', %s, false)"

# The same for one transaction, with all that `api.connections.OPTIONS` sets for a session.
AS_READER = """
SELECT set_config('role', 'roomlog_api', true), set_config('roomlog.user_id', %s, true),
       set_config('TimeZone', 'UTC', true), set_config('statement_timeout', '5000', true),
       set_config('idle_in_transaction_session_timeout', '15000', true)
"""

# Whether this is a session of our own: begun as we asked, by the process that we were told of.
IS_OWN_SESSION = "SELECT current_user = 'roomlog_api' AND pg_backend_pid() = %s AS is_own"

# What a server says of itself. What is inserted into the log, not what is written out of it already: rows of a
# transaction that does not wait for the disk can be seen before.
STANDING = """
SELECT system_identifier AS system, pg_is_in_recovery() AS replays,
       (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END
        - '0/0')::bigint AS position
FROM pg_control_system()
"""

# How far the read model is.

PROJECTED = """
SELECT next FROM projection_offsets WHERE topic = 'chat.events' AND partition = %(partition)s
"""


WANTED: LiteralString = f"NOTIFY {WANTED_CHANNEL}"
USERS_PROJECTED = """
SELECT next FROM projection_offsets WHERE topic = 'user.events' AND partition = %(partition)s
"""
INDEXED = """
SELECT next FROM search_offsets WHERE topic = 'chat.events' AND partition = %(partition)s
"""

# Rooms.

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

# Notifications: what their lists ask is in `roomlog.readmodels.notifications`.

COUNT_NOTIFICATIONS_READ = """
SELECT count(*) AS read FROM notification_reads
WHERE user_id = %(user_id)s AND event_id = ANY (%(events)s::uuid[])
"""
ROOM_NAMES = "SELECT id, name, kind FROM rooms WHERE id = ANY (%(ids)s::uuid[])"
MUTE = "SELECT level, ends_at FROM room_mutes WHERE user_id = %(user_id)s AND room_id = %(room_id)s"

# Messages: `page` is the wanted rows; what belongs to a message is looked up for those only.

_MESSAGE = """
m.event_id, m.room_id, m."offset", m.sender_id, m.sent_at, m.text, m.sealed, m.reply_to, m.mentions,
m.attachments, m.edited_at, m.deleted_at
"""


def _with_details(page: LiteralString) -> LiteralString:
    return f"""
WITH RECURSIVE page AS ({page}),
up AS (
    SELECT room_id, event_id AS start, event_id AS root, reply_to AS next, 0 AS depth FROM page
    UNION ALL
    SELECT up.room_id, up.start, m.event_id, m.reply_to, up.depth + 1
    FROM up JOIN messages m ON m.event_id = up.next AND m.room_id = up.room_id
    WHERE up.depth < 64
)
SELECT page.*, a.name AS sender_name, a.is_bot AS sender_is_bot,
       answers.count AS answers, answers.last AS last_answer, said.reactions, top.root
FROM page
JOIN (SELECT DISTINCT ON (start) start, root FROM up ORDER BY start, depth DESC) top
     ON top.start = page.event_id
LEFT JOIN accounts a ON a.id = page.sender_id
LEFT JOIN LATERAL (
    SELECT count(*) AS count, max(m."offset") AS last
    FROM messages m WHERE m.room_id = page.room_id AND m.reply_to = page.event_id
) answers ON true
LEFT JOIN LATERAL (
    SELECT json_agg(json_build_array(r.emoji, r.user_id) ORDER BY r.reacted_at, r.user_id) AS reactions
    FROM reactions r WHERE r.room_id = page.room_id AND r.event_id = page.event_id
) said ON true
ORDER BY page."offset"
"""


def _page(
    condition: LiteralString, order: LiteralString = "ASC", skip: LiteralString = ""
) -> LiteralString:
    return _with_details(
        f'SELECT {_MESSAGE} FROM messages m WHERE m.room_id = %(room_id)s AND m."offset" >= %(since)s {condition}'
        f' ORDER BY m."offset" {order} LIMIT %(limit)s {skip}'
    )


MESSAGES_BEFORE = _page('AND m."offset" < %(offset)s', "DESC")
MESSAGES_AFTER = _page('AND m."offset" > %(offset)s')
# From the last marked message before the page on.
MESSAGES_NUMBERED = _page(
    'AND m."offset" <= %(last)s AND m."offset" > coalesce('
    '(SELECT k."offset" FROM message_marks k WHERE k.room_id = %(room_id)s AND k.number = %(mark)s), -1)',
    "ASC",
    "OFFSET %(skip)s",
)
ONE_MESSAGE = _page("AND m.event_id = %(event_id)s")

OFFSET_AT = """
SELECT "offset" FROM messages
WHERE room_id = %(room_id)s AND sent_at >= %(at)s AND "offset" >= %(since)s
ORDER BY sent_at, "offset" LIMIT 1
"""

ROOM_OF_MESSAGE = "SELECT room_id FROM messages WHERE event_id = %(event_id)s LIMIT 1"

ROOT_OF_MESSAGE = """
WITH RECURSIVE up AS (
    SELECT event_id, reply_to, 0 AS depth FROM messages
    WHERE event_id = %(event_id)s AND room_id = %(room_id)s
    UNION ALL
    SELECT m.event_id, m.reply_to, up.depth + 1
    FROM up JOIN messages m ON m.event_id = up.reply_to AND m.room_id = %(room_id)s
    WHERE up.depth < 64
)
SELECT event_id FROM up ORDER BY depth DESC LIMIT 1
"""

# UNION (not ALL) ends the walk even if answers ever formed a circle.
_ANSWERS = """
m.room_id = %(room_id)s AND m."offset" >= %(since)s AND m.event_id IN (
    WITH RECURSIVE down AS (
        SELECT %(root)s::uuid AS event_id
        UNION
        SELECT m.event_id FROM down JOIN messages m
        ON m.room_id = %(room_id)s AND m.reply_to = down.event_id
    )
    SELECT event_id FROM down WHERE event_id <> %(root)s::uuid LIMIT 10000
)
"""

THREAD = _with_details(f"""
    SELECT {_MESSAGE} FROM messages m WHERE {_ANSWERS} AND m."offset" > %(offset)s
    ORDER BY m."offset" LIMIT %(limit)s
""")

# Those who answered, the first of them first.
THREAD_SUMMARY = f"""
WITH said AS (
    SELECT m.sender_id, count(*) AS count, min(m."offset") AS first, max(m."offset") AS last
    FROM messages m WHERE {_ANSWERS} GROUP BY m.sender_id
)
SELECT coalesce(sum(count), 0)::bigint AS count, max(last) AS last,
       coalesce((array_agg(sender_id ORDER BY first))[:%(most)s], '{{}}') AS participants
FROM said
"""

TEXTS = """
SELECT "offset", sender_id, written_at, text, sealed FROM message_texts
WHERE room_id = %(room_id)s AND event_id = %(event_id)s ORDER BY "offset"
"""

PINS = """
SELECT p.event_id, p."offset", p.pinned_by, p.pinned_at FROM pins p
WHERE p.room_id = %(room_id)s ORDER BY p."offset" DESC
"""
PINNED_MESSAGES = _with_details(f"""
    SELECT {_MESSAGE} FROM messages m
    WHERE m.room_id = %(room_id)s AND m."offset" >= %(since)s AND m.deleted_at IS NULL
      AND m.event_id = ANY (%(events)s::uuid[])
    ORDER BY m."offset" LIMIT %(limit)s
""")

# Messages that are to be sent later: one's own, and for the worker those whose time has come.

_SCHEDULED = """
SELECT id, room_id, message_id, text, reply_to, mentions, files, send_at, created_at, state, reason,
       (SELECT json_agg(json_build_object('file_id', f.id, 'name', f.name, 'media_type', f.media_type,
                            'size_bytes', f.size_bytes, 'width', f.width, 'height', f.height)
                        ORDER BY array_position(s.files, f.id))
        FROM files f WHERE f.id = ANY (s.files)) AS attachments
FROM scheduled_messages s WHERE user_id = %(user_id)s
"""
SCHEDULED = f"""
{_SCHEDULED} AND state IN ('waiting', 'sending', 'refused')
AND (%(room_id)s::uuid IS NULL OR room_id = %(room_id)s::uuid) ORDER BY send_at, id LIMIT 500
"""
ONE_SCHEDULED = f"{_SCHEDULED} AND id = %(id)s"
COUNT_WAITING = """
SELECT count(*) FROM scheduled_messages WHERE user_id = %(user_id)s AND state = 'waiting'
"""
LOCK_SCHEDULES = "SELECT pg_try_advisory_xact_lock(727003)"
DUE = "SELECT * FROM due_messages(%(limit)s)"
# Moderation: row-level security shows moderators theirs.

MODERATES = "SELECT FROM moderated_rooms() AS id WHERE id = %(room_id)s"

_AUDITED = """
SELECT a.room_id, a."offset", a.event_id, a.actor_id, a.type, a.details, a.happened_at FROM audit_log a
WHERE (a.room_id = %(room_id)s OR a.room_id IN (SELECT r.id FROM rooms r WHERE r.workspace_id = %(room_id)s))
  AND (a.type <> 'MessageDeleted' OR NOT EXISTS (
      SELECT FROM messages m WHERE m.room_id = a.room_id AND m.event_id = (a.details->>'target_id')::uuid
      AND m.sender_id = a.actor_id))
"""
AUDIT = f"""
{_AUDITED} AND (%(before)s::timestamptz IS NULL
    OR (a.happened_at, a.room_id, a."offset") < (%(before)s, %(before_room)s::uuid, %(before_offset)s))
ORDER BY a.happened_at DESC, a.room_id DESC, a."offset" DESC LIMIT %(limit)s
"""

# Messages that wait for a moderator, those that wait longest first.
REPORTS = """
SELECT r.room_id, r.event_id, min(r.reported_at) AS since, count(*) FILTER (WHERE NOT r.is_flag) AS reporters,
       json_agg(json_build_array(r.user_id, r.is_flag, r.reason, (extract(epoch FROM r.reported_at) * 1000)::bigint)
                ORDER BY r.reported_at) AS reports,
       m.sender_id, m."offset", m.text, m.sent_at, m.deleted_at
FROM message_reports r JOIN messages m ON m.room_id = r.room_id AND m.event_id = r.event_id
WHERE r.resolved_at IS NULL AND (%(room_id)s::uuid IS NULL OR r.room_id = %(room_id)s::uuid)
  AND (NOT %(picked)s OR (SELECT p.workspace_id FROM rooms p WHERE p.id = r.room_id)
       IS NOT DISTINCT FROM %(workspace_id)s::uuid)
GROUP BY r.room_id, r.event_id, m.room_id, m."offset" ORDER BY since, r.event_id LIMIT %(limit)s
"""
REPORTED = """
SELECT m.room_id, m.sender_id, m.deleted_at FROM messages m WHERE m.event_id = %(event_id)s
AND m.room_id IN (SELECT moderated_rooms()) LIMIT 1
"""
MEMBER_MUTES = """
SELECT user_id, until_at, muted_by AS by, muted_at AS since, reason FROM member_mutes
WHERE room_id = %(room_id)s AND until_at > now() ORDER BY muted_at DESC LIMIT 500
"""
BANS = """
SELECT user_id, banned_by AS by, banned_at AS since, reason FROM room_bans
WHERE room_id = %(room_id)s ORDER BY banned_at DESC LIMIT 500
"""
FILTERS = """
SELECT words, action, set_by AS by, set_at AS since FROM word_filters
WHERE room_id = %(room_id)s ORDER BY words
"""

# Files.

_FILE = (
    "f.id, f.owner_id, f.sha256, f.name, f.media_type, f.size_bytes, f.width, f.height, f.stored_at"
)

FILES_SIZE = "SELECT coalesce(sum(size_bytes), 0) AS used FROM files WHERE owner_id = %(user_id)s"
OWN_FILE = f"SELECT {_FILE} FROM files f WHERE f.id = %(id)s"

# What a message that one may read has; before it is attached to any, its owner reads it.
READABLE_FILE = f"""
SELECT {_FILE} FROM files f
WHERE f.id = %(id)s
  AND (file_is_shown(f.id) OR f.owner_id = %(user_id)s AND NOT file_is_attached(f.id))
"""
FILE_IS_ATTACHED = """
SELECT file_is_attached(%(id)s) AS is_attached, EXISTS (
    SELECT FROM scheduled_messages w WHERE w.files @> ARRAY[%(id)s::uuid] AND w.files <> '{}'
    AND w.state IN ('waiting', 'sending', 'refused')) AS is_scheduled
"""
COUNT_OWN_FILES = """
SELECT count(*) FROM files WHERE owner_id = %(user_id)s AND id = ANY (%(ids)s::uuid[])
"""

FILES_OF_ROOM = f"""
SELECT {_FILE}, m.event_id, m."offset", m.sender_id, m.sent_at, n.name AS sender_name
FROM attached_files a
JOIN messages m ON m.event_id = a.event_id AND m.room_id = a.room_id AND m.deleted_at IS NULL
JOIN files f ON f.id = a.file_id
LEFT JOIN accounts n ON n.id = m.sender_id
WHERE a.room_id = %(room_id)s AND (a."offset", a.file_id) < (%(offset)s, %(file_id)s::uuid)
ORDER BY a."offset" DESC, a.file_id DESC LIMIT %(limit)s
"""

# One process at a time removes what nobody needs.
LOCK_SWEEP = "SELECT pg_try_advisory_xact_lock(727020)"
FILES_TO_REMOVE = """
SELECT id, owner_id
FROM files_to_remove(%(after)s::uuid, %(slice)s, now() - %(unused)s, now() - %(deleted)s)
"""
UNUSED_CONTENTS = "SELECT unused_contents(%(contents)s) AS sha256"

# Search: the rooms that somebody is a member of, and how far the index has each.

SEARCHED_ROOMS = """
SELECT r.id, r.name, r.kind, r.language, r.message_count, r.partition, coalesce(p.next, 0) AS projected,
       coalesce(s.next, 0) AS indexed
FROM members m JOIN rooms r ON r.id = m.room_id
LEFT JOIN projection_offsets p ON p.topic = 'chat.events' AND p.partition = r.partition
LEFT JOIN search_offsets s ON s.topic = 'chat.events' AND s.partition = r.partition
WHERE m.user_id = %(user_id)s AND r.kind <> 'workspace'
  AND (NOT %(picked)s OR r.workspace_id IS NOT DISTINCT FROM %(workspace_id)s::uuid)
"""

USERS_CALLED = "SELECT id FROM users WHERE name ILIKE %(pattern)s LIMIT 50"

# What is looked for, of a message; its plan is made for the parameters, so what is not asked for costs nothing.
_WANTED = """
(%(words)s::tsquery IS NULL OR m.words @@ %(words)s::tsquery)
AND (%(senders)s::uuid[] IS NULL OR m.sender_id = ANY (%(senders)s::uuid[]))
AND m.sender_id <> ALL (%(not_senders)s::uuid[])
"""

_STARTS = """
unnest(%(rooms)s::uuid[], %(times)s::timestamptz[], %(offsets)s::bigint[])
AS start (room_id, sent_at, "offset")
"""

_RANK = "ts_rank_cd(m.words, %(words)s::tsquery)"

# The newest messages of each room from where to start: those that are wanted, and the last one of each.
SEARCH_NEWEST = f"""
SELECT m.room_id, m.sent_at, m."offset", m.nth, m.is_hit,
       CASE WHEN m.is_hit AND %(ranked)s THEN {_RANK} END AS rank
FROM {_STARTS} CROSS JOIN LATERAL (
    SELECT m.*, {_WANTED} AS is_hit, row_number() OVER (ORDER BY m.sent_at DESC, m."offset" DESC) AS nth
    FROM (
        SELECT * FROM message_search m
        WHERE m.room_id = start.room_id AND m.sent_at >= %(since)s
          AND (m.sent_at, m."offset") < (start.sent_at, start."offset")
        ORDER BY m.sent_at DESC, m."offset" DESC LIMIT %(each)s
    ) m
) m
WHERE m.is_hit OR m.nth = %(each)s
"""

# All that is wanted of rooms, by the index; where to start in each is looked at afterwards, because the planner
# cannot tell how little that leaves, and would read whole rooms instead.
SEARCH_INDEX = f"""
WITH wanted AS MATERIALIZED (
    SELECT m.room_id, m.sent_at, m."offset" FROM message_search m
    WHERE m.room_id = ANY (%(rooms)s::uuid[]) AND {_WANTED} AND m.sent_at >= %(since)s
), found AS (
    SELECT w.* FROM wanted w JOIN {_STARTS} ON start.room_id = w.room_id
    WHERE (w.sent_at, w."offset") < (start.sent_at, start."offset")
    ORDER BY w.sent_at DESC, w.room_id, w."offset" DESC LIMIT %(limit)s
)
SELECT found.*, CASE WHEN %(ranked)s THEN (
    SELECT {_RANK} FROM message_search m
    WHERE (m.room_id, m.sent_at, m."offset") = (found.room_id, found.sent_at, found."offset")
) END AS rank
FROM found
"""

MESSAGES_FOUND = _with_details(f"""
    SELECT {_MESSAGE} FROM unnest(%(rooms)s::uuid[], %(offsets)s::bigint[]) AS hit (room_id, "offset")
    JOIN messages m ON m.room_id = hit.room_id AND m."offset" = hit."offset"
    WHERE m.text IS NOT NULL
""")
