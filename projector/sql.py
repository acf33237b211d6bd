"""Every SQL statement of the projector, in the order in which a transaction uses them."""
# ruff: noqa: S608  # every part of a statement is a constant of this file

from typing import LiteralString, NamedTuple

from projector.rows import COLUMNS
from roomlog.readmodels.tables import MARK_EVERY

# Migrations. The key of the advisory lock is arbitrary, and nothing else uses it.
LOCK_MIGRATIONS = "SELECT pg_advisory_lock(7_201_124)"
UNLOCK_MIGRATIONS = "SELECT pg_advisory_unlock(7_201_124)"
CREATE_SCHEMA_MIGRATIONS = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    number     integer PRIMARY KEY,
    name       text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)"""
SELECT_MIGRATIONS = "SELECT number FROM schema_migrations"
INSERT_MIGRATION = "INSERT INTO schema_migrations (number, name) VALUES (%s, %s)"

# A session.
# The log is the truth: a commit that a crash of the server takes back takes its offsets with it, the
# fence notices, and the events are read again. So no commit waits for the disk.
PREPARE_SESSION = """
SELECT set_config('synchronous_commit', 'off', false), set_config('lock_timeout', '2s', false),
       set_config('statement_timeout', '120s', false),
       set_config('idle_in_transaction_session_timeout', '5s', false)"""
# A projector that was frozen inside a transaction keeps its fence rows locked. Whoever waits for its
# client that long inside one is frozen or cut off; ending its session is safe, since it starts over
# from the stored offsets. (`idle_in_transaction_session_timeout` does not reach a COPY that waits.)
END_FROZEN_SESSIONS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE application_name = %s AND datname = current_database() AND pid <> pg_backend_pid()
  AND wait_event = 'ClientRead' AND state IN ('active', 'idle in transaction')
  AND xact_start < clock_timestamp() - interval '2 seconds'"""


# Offsets: how far each partition is taken in, and the fence.
class Offsets(NamedTuple):
    """The statements on a table of offsets."""

    insert_missing: str
    select: str
    move: str


def _offsets(table: str) -> Offsets:
    return Offsets(
        insert_missing=f"""
INSERT INTO {table} (topic, partition, next)
SELECT topic, partition, 0 FROM unnest(%s::text[], %s::smallint[]) AS place (topic, partition)
ON CONFLICT DO NOTHING""",
        select=f"""
SELECT topic, partition, next FROM {table}
JOIN unnest(%s::text[], %s::smallint[]) AS place (topic, partition) USING (topic, partition)""",
        move=f"""
UPDATE {table} AS o SET next = b.next
FROM unnest(%s::text[], %s::smallint[], %s::bigint[], %s::bigint[])
     AS b (topic, partition, old, next)
WHERE o.topic = b.topic AND o.partition = b.partition AND o.next = b.old""",
    )


PROJECTION = _offsets("projection_offsets")
SEARCH = _offsets("search_offsets")
WEBHOOKS = _offsets("webhook_offsets")

# What the facts of a batch concern, as it is before.
SELECT_APPLIED = "SELECT event_id::text FROM applied_events WHERE event_id = ANY (%s::uuid[])"
SELECT_APPLIED_MESSAGES = "SELECT event_id FROM messages WHERE event_id = ANY (%s::uuid[])"
SELECT_VOID = "SELECT event_id FROM void_events WHERE room_id = ANY (%s::uuid[])"
# What moderators forbid in rooms: mutes and bans, and in slow mode who said something when.
SELECT_WATCHED = """
SELECT id::text, 'slow', NULL, slow_mode_s::bigint FROM rooms
WHERE id = ANY (%(rooms)s::uuid[]) AND slow_mode_s > 0
UNION ALL
SELECT room_id::text, 'said', user_id::text, (extract(epoch FROM said_at) * 1000000)::bigint
FROM slow_mode_posts WHERE room_id = ANY (%(rooms)s::uuid[])
UNION ALL
SELECT room_id::text, 'muted', user_id::text, (extract(epoch FROM until_at) * 1000000)::bigint
FROM member_mutes WHERE room_id = ANY (%(rooms)s::uuid[])
UNION ALL
SELECT room_id::text, 'banned', user_id::text, 0 FROM room_bans WHERE room_id = ANY (%(rooms)s::uuid[])"""
SELECT_ROOMS = "SELECT id::text FROM rooms WHERE id = ANY (%s::uuid[])"
SELECT_MESSAGES = """
SELECT m.room_id::text, m.event_id::text, m.deleted_at IS NOT NULL
FROM messages m JOIN unnest(%s::uuid[], %s::uuid[]) AS key (room_id, event_id)
    ON key.event_id = m.event_id AND key.room_id = m.room_id
LEFT JOIN deleted_messages d ON d.event_id = m.event_id AND d.room_id = m.room_id
WHERE m.deleted_at IS NULL OR d.event_id IS NOT NULL"""
SELECT_SCHEDULED = """
SELECT id::text, user_id::text, room_id::text, message_id::text, text, reply_to::text, mentions::text[], files::text[],
       (extract(epoch FROM send_at) * 1000000)::bigint, (extract(epoch FROM created_at) * 1000000)::bigint,
       state, reason
FROM scheduled_messages WHERE id = ANY (%s::uuid[])"""
SELECT_MEMBERS = """
SELECT room_id::text, user_id::text, role, joined_offset,
       (extract(epoch FROM joined_at) * 1000000)::bigint
FROM members JOIN unnest(%s::uuid[], %s::uuid[]) AS key (room_id, user_id) USING (room_id, user_id)"""
SELECT_FRIENDSHIPS = """
SELECT one_id::text, other_id::text, asked_by::text, (extract(epoch FROM asked_at) * 1000000)::bigint,
       (extract(epoch FROM accepted_at) * 1000000)::bigint
FROM friendships JOIN unnest(%s::uuid[], %s::uuid[]) AS two (one_id, other_id) USING (one_id, other_id)"""
SELECT_BLOCKS = """
SELECT user_id::text, blocked_id::text, (extract(epoch FROM blocked_at) * 1000000)::bigint
FROM blocks JOIN unnest(%s::uuid[], %s::uuid[]) AS two (one, other)
    ON (user_id, blocked_id) IN ((one, other), (other, one))"""

# Kinds never change, so each room is asked for once.
SELECT_KINDS = "SELECT id::text, kind FROM rooms WHERE id = ANY (%s::uuid[])"
SELECT_MEMBERS_OF = """
SELECT room_id::text, user_id::text, role, joined_offset,
       (extract(epoch FROM joined_at) * 1000000)::bigint
FROM members WHERE room_id = ANY (%s::uuid[])"""

# Effects.
COPY_MESSAGES = f"COPY messages ({COLUMNS}) FROM STDIN (FORMAT binary)"
INSERT_APPLIED = (
    'INSERT INTO applied_events (event_id, "offset") SELECT * FROM unnest(%s::uuid[], %s::bigint[])'
)
INSERT_VOID = """
INSERT INTO void_events (room_id, "offset", event_id)
SELECT * FROM unnest(%s::uuid[], %s::bigint[], %s::uuid[])"""
INSERT_ROOMS = """
INSERT INTO rooms (id, workspace_id, kind, name, topic, slug, created_by, created_at, partition,
                   created_offset, last_offset, last_event_at)
SELECT id, workspace, kind, name, topic, slug, by, at, partition, "offset", "offset", at
FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::uuid[],
            %s::timestamptz[], %s::smallint[], %s::bigint[])
     AS r (id, workspace, kind, name, topic, slug, by, at, partition, "offset")"""
UPDATE_SETTINGS = """
UPDATE rooms SET archived = coalesce(s.archived, rooms.archived),
    read_only = coalesce(s.read_only, rooms.read_only), history = coalesce(s.history, rooms.history),
    link_previews = coalesce(s.link_previews, rooms.link_previews),
    slow_mode_s = coalesce(s.slow_mode_s, rooms.slow_mode_s)
FROM unnest(%s::uuid[], %s::boolean[], %s::boolean[], %s::text[], %s::boolean[], %s::integer[])
     AS s (id, archived, read_only, history, link_previews, slow_mode_s)
WHERE rooms.id = s.id"""
DELETE_INVITES = """
DELETE FROM workspace_invites AS i USING unnest(%s::uuid[], %s::uuid[]) AS gone (workspace_id, id)
WHERE i.workspace_id = gone.workspace_id AND i.id = gone.id"""
INSERT_INVITES = """
INSERT INTO workspace_invites (workspace_id, id, role, created_by, created_at, expires_at)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::uuid[], %s::timestamptz[],
                     %s::timestamptz[]) ON CONFLICT DO NOTHING"""
DELETE_HOOKS = """
DELETE FROM room_hooks USING unnest(%s::uuid[], %s::uuid[]) AS gone (room_id, id)
WHERE room_hooks.room_id = gone.room_id AND room_hooks.id = gone.id"""
UPDATE_HOOKS = """
UPDATE room_hooks SET token_hash = r.token_hash, rotated_at = r.at
FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::timestamptz[]) AS r (room_id, id, token_hash, at)
WHERE room_hooks.room_id = r.room_id AND room_hooks.id = r.id"""
INSERT_HOOKS = """
INSERT INTO room_hooks (room_id, id, name, token_hash, created_by, created_at, rotated_at)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::uuid[], %s::timestamptz[],
                     %s::timestamptz[]) ON CONFLICT DO NOTHING"""
UPSERT_DEPARTURES = """
INSERT INTO workspace_departures (workspace_id, user_id, "offset", left_at)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::bigint[], %s::timestamptz[])
ON CONFLICT (workspace_id, user_id) DO UPDATE SET "offset" = excluded."offset",
    left_at = excluded.left_at"""
DELETE_MEMBERS = """
DELETE FROM members USING unnest(%s::uuid[], %s::uuid[]) AS gone (room_id, user_id)
WHERE members.room_id = gone.room_id AND members.user_id = gone.user_id"""
UPDATE_MEMBERS = """
UPDATE members SET role = now.role, joined_offset = now.joined_offset, joined_at = now.joined_at
FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::bigint[], %s::timestamptz[])
     AS now (room_id, user_id, role, joined_offset, joined_at)
WHERE members.room_id = now.room_id AND members.user_id = now.user_id"""
INSERT_MEMBERS = """
INSERT INTO members (room_id, user_id, role, joined_offset, joined_at)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::bigint[], %s::timestamptz[])"""
# Of rooms that nobody created, in a log that others wrote, there is nothing to update.
# Returns the rooms that got to a message which is marked, and how many they have now.
UPDATE_ROOMS = f"""
WITH moved AS (
UPDATE rooms SET last_offset = t."offset", last_event_at = t.at,
    message_count = message_count + t.messages, deleted_count = deleted_count + t.deleted,
    member_count = member_count + t.members,
    name = coalesce(t.name, rooms.name), topic = coalesce(t.topic, rooms.topic),
    language = coalesce(t.language, rooms.language)
FROM unnest(%s::uuid[], %s::bigint[], %s::timestamptz[], %s::bigint[], %s::bigint[], %s::integer[],
            %s::text[], %s::text[], %s::text[])
     AS t (id, "offset", at, messages, deleted, members, name, topic, language)
WHERE rooms.id = t.id RETURNING rooms.id, message_count, t.messages)
SELECT id::text, message_count FROM moved
WHERE message_count / {MARK_EVERY} > (message_count - messages) / {MARK_EVERY}"""
INSERT_MARKS = """
INSERT INTO message_marks (room_id, number, "offset")
SELECT * FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[])"""
UPSERT_STATS = """
INSERT INTO room_stats AS s (room_id, hour, messages)
SELECT * FROM unnest(%s::uuid[], %s::integer[], %s::integer[])
ON CONFLICT (room_id, hour) DO UPDATE SET messages = s.messages + excluded.messages"""
UPSERT_SENDERS = """
INSERT INTO room_senders AS s (room_id, user_id, last_day)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::integer[])
ON CONFLICT (room_id, user_id) DO UPDATE SET last_day = excluded.last_day
WHERE s.last_day < excluded.last_day"""
# What is done to messages, in this order: one may be restored, edited and deleted again in one batch.
UPDATE_RESTORED = """
WITH back AS (
    DELETE FROM deleted_messages AS d
    USING unnest(%s::uuid[], %s::uuid[]) AS key (room_id, event_id)
    WHERE d.room_id = key.room_id AND d.event_id = key.event_id RETURNING d.*)
UPDATE messages AS m SET text = back.text, sealed = back.sealed, mentions = back.mentions,
    attachments = back.attachments, deleted_at = NULL
FROM back WHERE m.event_id = back.event_id AND m.room_id = back.room_id"""
INSERT_FIRST_TEXTS = """
INSERT INTO message_texts (room_id, event_id, "offset", sender_id, written_at, text, sealed)
SELECT m.room_id, m.event_id, m."offset", m.sender_id, m.sent_at, m.text, m.sealed
FROM messages m JOIN unnest(%s::uuid[], %s::uuid[]) AS key (room_id, event_id)
    ON m.event_id = key.event_id AND m.room_id = key.room_id
WHERE m.edited_at IS NULL"""
INSERT_TEXTS = """
INSERT INTO message_texts (room_id, event_id, "offset", sender_id, written_at, text, sealed)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::bigint[], %s::uuid[], %s::timestamptz[], %s::text[],
                     %s::jsonb[])"""
UPDATE_EDITED = """
UPDATE messages SET text = e.text, sealed = e.sealed, edited_at = e.at
FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::jsonb[], %s::timestamptz[])
     AS e (room_id, event_id, text, sealed, at)
WHERE messages.event_id = e.event_id AND messages.room_id = e.room_id AND deleted_at IS NULL"""
UPDATE_DELETED = """
WITH gone AS (
    SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[], %s::uuid[])
    AS d (room_id, event_id, at, by)),
kept AS (
    INSERT INTO deleted_messages (room_id, event_id, deleted_by, text, sealed, mentions, attachments)
    SELECT m.room_id, m.event_id, gone.by, m.text, m.sealed, m.mentions, m.attachments
    FROM messages m JOIN gone ON m.event_id = gone.event_id AND m.room_id = gone.room_id)
UPDATE messages SET text = NULL, sealed = NULL, mentions = '{}', attachments = '[]',
    deleted_at = gone.at
FROM gone WHERE messages.event_id = gone.event_id AND messages.room_id = gone.room_id"""
DELETE_PINS = """
DELETE FROM pins AS p USING unnest(%s::uuid[], %s::uuid[]) AS gone (room_id, event_id)
WHERE p.room_id = gone.room_id AND p.event_id = gone.event_id"""
INSERT_PINS = """
INSERT INTO pins (room_id, event_id, "offset", pinned_by, pinned_at)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::bigint[], %s::uuid[], %s::timestamptz[])
ON CONFLICT DO NOTHING"""
DELETE_REACTIONS = """
DELETE FROM reactions AS r
USING unnest(%s::uuid[], %s::uuid[], %s::text[], %s::uuid[])
      AS gone (room_id, event_id, emoji, user_id)
WHERE r.event_id = gone.event_id AND r.room_id = gone.room_id AND r.emoji = gone.emoji
  AND r.user_id = gone.user_id"""
INSERT_REACTIONS = """
INSERT INTO reactions (room_id, event_id, emoji, user_id, reacted_at)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::uuid[], %s::timestamptz[])
ON CONFLICT DO NOTHING"""
INSERT_USERS = """
INSERT INTO users (id, name, created_at)
SELECT * FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[]) ON CONFLICT DO NOTHING"""
SELECT_ERASED = "SELECT id::text FROM erased_users WHERE id = ANY (%s::uuid[])"
UPDATE_USERS = """
UPDATE users SET name = n.name FROM unnest(%s::uuid[], %s::text[]) AS n (id, name)
WHERE users.id = n.id"""
# One by one: an array of arrays cannot hold the mentions of several.
UPSERT_SCHEDULED = """
INSERT INTO scheduled_messages (id, user_id, room_id, message_id, text, reply_to, mentions, files, send_at,
                                created_at, state, reason)
VALUES (%s, %s, %s, %s, %s, %s, %s::uuid[], %s::uuid[], %s, %s, %s, %s)
ON CONFLICT (id) DO UPDATE SET text = excluded.text, send_at = excluded.send_at, state = excluded.state,
    reason = excluded.reason"""
DELETE_FILES = """
DELETE FROM files USING unnest(%s::uuid[], %s::uuid[]) AS gone (id, owner_id)
WHERE files.id = gone.id AND files.owner_id = gone.owner_id"""
INSERT_FILES = """
INSERT INTO files (id, owner_id, sha256, name, media_type, size_bytes, width, height, stored_at)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::bigint[],
                     %s::integer[], %s::integer[], %s::timestamptz[]) ON CONFLICT DO NOTHING"""
# Of messages that took effect, at the place where they did.
INSERT_ATTACHED = """
INSERT INTO attached_files (room_id, event_id, file_id, "offset")
SELECT a.room_id, a.event_id, a.file_id, a."offset"
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::bigint[]) AS a (room_id, event_id, file_id, "offset")
JOIN messages m ON m.event_id = a.event_id AND m.room_id = a.room_id AND m."offset" = a."offset"
ON CONFLICT DO NOTHING"""
DELETE_SLOW_POSTS = "DELETE FROM slow_mode_posts WHERE room_id = ANY (%s::uuid[])"
UPSERT_SLOW_POSTS = """
INSERT INTO slow_mode_posts (room_id, user_id, said_at)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[])
ON CONFLICT (room_id, user_id) DO UPDATE SET said_at = excluded.said_at"""
DELETE_MEMBER_MUTES = """
DELETE FROM member_mutes AS m USING unnest(%s::uuid[], %s::uuid[]) AS gone (room_id, user_id)
WHERE m.room_id = gone.room_id AND m.user_id = gone.user_id"""
INSERT_MEMBER_MUTES = """
INSERT INTO member_mutes (room_id, user_id, until_at, muted_by, muted_at, reason)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[], %s::uuid[], %s::timestamptz[], %s::text[])"""
DELETE_BANS = """
DELETE FROM room_bans AS b USING unnest(%s::uuid[], %s::uuid[]) AS gone (room_id, user_id)
WHERE b.room_id = gone.room_id AND b.user_id = gone.user_id"""
INSERT_BANS = """
INSERT INTO room_bans (room_id, user_id, banned_by, banned_at, reason)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::timestamptz[], %s::text[])
ON CONFLICT DO NOTHING"""
DELETE_FILTERS = """
DELETE FROM word_filters AS f USING unnest(%s::uuid[], %s::text[]) AS gone (room_id, words)
WHERE f.room_id = gone.room_id AND f.words = gone.words"""
INSERT_FILTERS = """
INSERT INTO word_filters (room_id, words, action, set_by, set_at)
SELECT * FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::uuid[], %s::timestamptz[])"""
INSERT_REPORT = """
INSERT INTO message_reports (room_id, event_id, user_id, is_flag, reason, reported_at)
VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"""
RESOLVE_REPORTS = """
UPDATE message_reports SET resolved_by = %s, resolved_at = %s, outcome = %s, note = %s
WHERE room_id = %s AND event_id = %s AND resolved_at IS NULL"""
INSERT_AUDIT = """
INSERT INTO audit_log (room_id, "offset", event_id, actor_id, type, details, happened_at)
SELECT * FROM unnest(%s::uuid[], %s::bigint[], %s::uuid[], %s::uuid[], %s::text[], %s::jsonb[],
                     %s::timestamptz[])"""
DELETE_FRIENDSHIPS = """
DELETE FROM friendships AS f USING unnest(%s::uuid[], %s::uuid[]) AS two (one_id, other_id)
WHERE f.one_id = two.one_id AND f.other_id = two.other_id"""
INSERT_FRIENDSHIPS = """
INSERT INTO friendships (one_id, other_id, asked_by, asked_at, accepted_at)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::timestamptz[], %s::timestamptz[])
     AS f (one_id, other_id, asked_by, asked_at, accepted_at)
WHERE NOT EXISTS (SELECT FROM erased_users e WHERE e.id IN (f.one_id, f.other_id))"""
DELETE_BLOCKS = """
DELETE FROM blocks AS b USING unnest(%s::uuid[], %s::uuid[]) AS two (one, other)
WHERE (b.user_id, b.blocked_id) IN ((two.one, two.other), (two.other, two.one))"""
INSERT_BLOCKS = """
INSERT INTO blocks (user_id, blocked_id, blocked_at)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[]) AS b (user_id, blocked_id, blocked_at)
WHERE NOT EXISTS (SELECT FROM erased_users e WHERE e.id IN (b.user_id, b.blocked_id))"""
UPSERT_MARKERS = """
INSERT INTO read_markers AS m (user_id, room_id, "offset", marked_at)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::bigint[], %s::timestamptz[])
     AS n (user_id, room_id, "offset", marked_at)
WHERE NOT EXISTS (SELECT FROM erased_users e WHERE e.id = n.user_id)
ON CONFLICT (user_id, room_id) DO UPDATE SET "offset" = excluded."offset",
    marked_at = excluded.marked_at
WHERE (m."offset" <= excluded."offset")"""
INSERT_TOLD = """
INSERT INTO notifications (user_id, kind, event_id, room_id, "offset", sender_id, occurred_at)
SELECT * FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::uuid[], %s::bigint[], %s::uuid[],
                     %s::timestamptz[])
     AS t (user_id, kind, event_id, room_id, "offset", sender_id, occurred_at)
WHERE NOT EXISTS (
    SELECT FROM erased_users e WHERE e.id = t.user_id OR e.id = t.sender_id AND t.room_id IS NULL)
ON CONFLICT DO NOTHING"""
INSERT_TOLD_OF_MESSAGES = """
INSERT INTO notifications (user_id, kind, event_id, room_id, "offset", sender_id, occurred_at)
SELECT t.user_id, t.kind, m.event_id, m.room_id, m."offset", m.sender_id, m.sent_at
FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::uuid[]) AS t (user_id, kind, event_id, room_id)
JOIN messages m ON m.event_id = t.event_id AND m.room_id = t.room_id
WHERE NOT EXISTS (SELECT FROM erased_users e WHERE e.id = t.user_id)
ON CONFLICT DO NOTHING"""
# For browsers of people who are away: `roomlog notifier` sends what is still unread then. Nobody is told of
# what is old, as when an empty database fills by itself.
QUEUE_PUSHES = """
INSERT INTO push_outbox (subscription_id, event_id, user_id)
SELECT s.id, n.event_id, n.user_id
FROM unnest(%s::uuid[], %s::uuid[]) AS told (user_id, event_id)
JOIN push_subscriptions s ON s.user_id = told.user_id
JOIN notifications n ON n.user_id = told.user_id AND n.event_id = told.event_id
WHERE n.occurred_at > now() - interval '1 day'
ON CONFLICT DO NOTHING"""
PUSHES_CHANNEL: LiteralString = "pushes_queued"
TELL_OF_PUSHES = f"NOTIFY {PUSHES_CHANNEL}"
UPSERT_NOTIFICATION_READS = """
INSERT INTO notification_reads (user_id, event_id, read_at)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[]) AS n (user_id, event_id, read_at)
WHERE NOT EXISTS (SELECT FROM erased_users e WHERE e.id = n.user_id)
ON CONFLICT (user_id, event_id) DO UPDATE SET read_at = excluded.read_at"""
UPSERT_MUTES = """
INSERT INTO room_mutes (user_id, room_id, level, ends_at, muted_at)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::timestamptz[], %s::timestamptz[])
     AS n (user_id, room_id, level, ends_at, muted_at)
WHERE NOT EXISTS (SELECT FROM erased_users e WHERE e.id = n.user_id)
ON CONFLICT (user_id, room_id) DO UPDATE SET level = excluded.level, ends_at = excluded.ends_at,
    muted_at = excluded.muted_at"""
DELETE_MUTES = """
DELETE FROM room_mutes AS m USING unnest(%s::uuid[], %s::uuid[]) AS gone (user_id, room_id)
WHERE m.user_id = gone.user_id AND m.room_id = gone.room_id"""
UPSERT_PRESENCE = """
INSERT INTO presence (user_id, state, changed_at)
SELECT * FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[])
ON CONFLICT (user_id) DO UPDATE SET state = excluded.state, changed_at = excluded.changed_at"""

# An account that ended. What other projectors are about to write for it, of other partitions, either is there once
# they let go of these tables, and goes, or looks for the row that comes first here.
INSERT_ERASED = """
INSERT INTO erased_users (id, erased_at)
SELECT * FROM unnest(%s::uuid[], %s::timestamptz[]) ON CONFLICT DO NOTHING"""
WAIT_LONGER = "SELECT set_config('lock_timeout', '30s', true)"
LOCK_PERSONAL = """
LOCK TABLE notifications, friendships, blocks, read_markers, notification_reads, room_mutes
IN SHARE ROW EXCLUSIVE MODE"""
DELETE_PERSONAL = (
    "DELETE FROM users WHERE id = ANY (%s::uuid[])",
    "DELETE FROM scheduled_messages WHERE user_id = ANY (%s::uuid[])",
    "DELETE FROM files WHERE owner_id = ANY (%s::uuid[])",
    "DELETE FROM notifications WHERE user_id = ANY (%s::uuid[])",
    "DELETE FROM notifications WHERE sender_id = ANY (%s::uuid[]) AND room_id IS NULL",
    "DELETE FROM friendships WHERE one_id = ANY (%s::uuid[])",
    "DELETE FROM friendships WHERE other_id = ANY (%s::uuid[])",
    "DELETE FROM blocks WHERE user_id = ANY (%s::uuid[])",
    "DELETE FROM blocks WHERE blocked_id = ANY (%s::uuid[])",
    "DELETE FROM read_markers WHERE user_id = ANY (%s::uuid[])",
    "DELETE FROM notification_reads WHERE user_id = ANY (%s::uuid[])",
    "DELETE FROM room_mutes WHERE user_id = ANY (%s::uuid[])",
    "DELETE FROM push_outbox WHERE user_id = ANY (%s::uuid[])",
)

# The search index: what changed, as it is now; then what is indexed of it.
_SAID = """
m.room_id::text, m."offset", m.sender_id::text, m.sent_at, m.text, m.attachments,
coalesce(r.language, 'simple')"""
SELECT_CHANGED = f"""
SELECT {_SAID} FROM messages m LEFT JOIN rooms r ON r.id = m.room_id
WHERE m.event_id = ANY (%s::uuid[])"""
UPSERT_INDEXED = """
INSERT INTO message_search AS s (room_id, sent_at, "offset", sender_id, words)
SELECT room_id, sent_at, "offset", sender_id, words::tsvector
FROM unnest(%s::uuid[], %s::timestamptz[], %s::bigint[], %s::uuid[], %s::text[])
     AS said (room_id, sent_at, "offset", sender_id, words)
ON CONFLICT (room_id, sent_at, "offset") DO UPDATE SET words = excluded.words
WHERE s.words <> excluded.words"""
DELETE_INDEXED = """
DELETE FROM message_search AS s
USING unnest(%s::uuid[], %s::timestamptz[], %s::bigint[]) AS gone (room_id, sent_at, "offset")
WHERE (s.room_id, s.sent_at, s."offset") = (gone.room_id, gone.sent_at, gone."offset")"""
MERGE_WORDS = "SELECT gin_clean_pending_list('message_search_words')"

# Rooms whose messages are indexed anew, in another language.
UPSERT_REINDEX = """
INSERT INTO search_reindex (room_id, partition, next, until)
SELECT room_id, partition, -1, until
FROM unnest(%s::uuid[], %s::smallint[], %s::bigint[]) AS stale (room_id, partition, until)
ON CONFLICT (room_id) DO UPDATE SET next = -1, until = excluded.until"""
SELECT_REINDEX = "SELECT room_id::text, partition FROM search_reindex LIMIT 1"
LOCK_SEARCH_OFFSET = """
SELECT next FROM search_offsets WHERE topic = 'chat.events' AND partition = %s FOR UPDATE"""
SELECT_STALE = f"""
SELECT {_SAID} FROM search_reindex s
JOIN messages m ON m.room_id = s.room_id AND m."offset" > s.next AND m."offset" < s.until
LEFT JOIN rooms r ON r.id = m.room_id
WHERE s.room_id = %s ORDER BY m."offset" LIMIT %s"""
MOVE_REINDEX = "UPDATE search_reindex SET next = %s WHERE room_id = %s"
DELETE_REINDEX = "DELETE FROM search_reindex WHERE room_id = %s"
