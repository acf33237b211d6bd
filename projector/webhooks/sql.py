"""Every SQL statement of the sender of webhooks."""

# Looking through the log: which webhooks there are, and what of a batch is sent.
WEBHOOKS = """
SELECT id::text, room_id::text, types, bots, paused_at IS NOT NULL, starts FROM webhooks"""
HAS_WEBHOOKS = "SELECT FROM webhooks LIMIT 1"
SKIP = """
UPDATE webhook_offsets AS o SET next = p.next
FROM projection_offsets p JOIN unnest(%s::text[], %s::smallint[]) AS place (topic, partition)
    USING (topic, partition)
WHERE o.topic = p.topic AND o.partition = p.partition AND p.next > o.next
  AND NOT EXISTS (SELECT FROM webhooks)"""
# The public rooms of workspaces that webhooks are of, among those of a batch.
SCOPES = """
SELECT id::text, workspace_id::text FROM rooms
WHERE id = ANY (%s::uuid[]) AND kind = 'public' AND workspace_id = ANY (%s::uuid[])"""
# What took effect, and whether it is a bot's: of messages their row tells, of everything else that it was applied
# and is not void (decision 8). What was deleted since is not sent (again).
EFFECTIVE = """
SELECT e."offset", EXISTS (SELECT FROM accounts a WHERE a.id = e.sender_id AND a.is_bot)
FROM unnest(%s::uuid[], %s::bigint[], %s::uuid[], %s::uuid[], %s::boolean[], %s::uuid[])
     AS e (room_id, "offset", event_id, sender_id, is_message, target_id)
WHERE CASE WHEN is_message THEN EXISTS (
        SELECT FROM messages m WHERE m.room_id = e.room_id AND m."offset" = e."offset"
          AND m.event_id = e.event_id AND m.deleted_at IS NULL)
    ELSE EXISTS (SELECT FROM applied_events a WHERE a.event_id = e.event_id)
      AND NOT EXISTS (
        SELECT FROM void_events v WHERE v.room_id = e.room_id AND v."offset" = e."offset")
      AND NOT EXISTS (
        SELECT FROM messages m WHERE m.event_id = e.target_id AND m.room_id = e.room_id
          AND m.deleted_at IS NOT NULL)
    END"""
# The row stays locked until the end of the transaction, so nobody refills it meanwhile.
UPSERT_LANES = """
INSERT INTO webhook_lanes AS l (webhook_id, room_id, partition, next_at, refill)
SELECT webhook_id, room_id, partition, now(), refill
FROM unnest(%s::uuid[], %s::uuid[], %s::smallint[], %s::bigint[])
     AS n (webhook_id, room_id, partition, refill)
ON CONFLICT (webhook_id, room_id) DO UPDATE SET refill = coalesce(l.refill, excluded.refill),
    next_at = CASE WHEN l.next_at = 'infinity' THEN now() ELSE l.next_at END
RETURNING webhook_id::text, room_id::text, refill IS NOT NULL, (
    SELECT count(*) FROM (SELECT FROM webhook_deliveries d WHERE d.webhook_id = l.webhook_id
        AND d.room_id = l.room_id AND d.state = 'waiting' LIMIT %s) waiting)"""
REFILL_FROM = """
UPDATE webhook_lanes AS l SET refill = n.refill
FROM unnest(%s::uuid[], %s::uuid[], %s::bigint[]) AS n (webhook_id, room_id, refill)
WHERE l.webhook_id = n.webhook_id AND l.room_id = n.room_id"""
# An event that the log has twice is sent once: of its first place.
INSERT_DELIVERIES = """
INSERT INTO webhook_deliveries AS d (webhook_id, room_id, "offset", id, event_id, type, body)
SELECT DISTINCT ON (id) * FROM unnest(%s::uuid[], %s::uuid[], %s::bigint[], %s::uuid[], %s::uuid[],
    %s::text[], %s::text[]) AS n (webhook_id, room_id, "offset", id, event_id, type, body)
WHERE NOT EXISTS (SELECT FROM webhook_deliveries o WHERE o.id = n.id AND o."offset" <> n."offset")
ORDER BY id, "offset"
ON CONFLICT (webhook_id, room_id, "offset") DO UPDATE SET state = 'waiting', attempts = 0,
    body = excluded.body, created_at = now()"""

# Refilling: lanes whose rows are to be made of the log from an offset on.
REFILLS = """
SELECT l.webhook_id::text, l.room_id::text, l.partition, l.refill, o.next
FROM webhook_lanes l JOIN webhooks w ON w.id = l.webhook_id
JOIN webhook_offsets o ON o.topic = 'chat.events' AND o.partition = l.partition
WHERE l.refill IS NOT NULL AND w.paused_at IS NULL AND (
    SELECT count(*) FROM (SELECT FROM webhook_deliveries d WHERE d.webhook_id = l.webhook_id
        AND d.room_id = l.room_id AND d.state = 'waiting' LIMIT %s) waiting) < %s
ORDER BY o.next - l.refill LIMIT %s"""
LOCK_OFFSET = """
SELECT next FROM webhook_offsets WHERE topic = 'chat.events' AND partition = %s FOR UPDATE"""
LOCK_REFILL = """
SELECT refill FROM webhook_lanes WHERE webhook_id = %s AND room_id = %s FOR UPDATE"""
MOVE_REFILL = """
UPDATE webhook_lanes SET refill = %s,
    next_at = CASE WHEN next_at = 'infinity' THEN now() ELSE next_at END
WHERE webhook_id = %s AND room_id = %s"""

# Sending: a claim on lanes, some of each webhook that is not busy.
CLAIM = """
WITH due AS MATERIALIZED (
    SELECT l.webhook_id, l.room_id FROM webhooks w CROSS JOIN LATERAL (
        SELECT webhook_id, room_id FROM webhook_lanes l
        WHERE l.webhook_id = w.id AND l.next_at <= now() AND l.next_at < 'infinity'
          AND (l.claim IS NULL OR l.claimed_until < now())
        ORDER BY l.next_at LIMIT %(each)s FOR UPDATE SKIP LOCKED
    ) l
    WHERE w.paused_at IS NULL AND w.id <> ALL (%(busy)s::uuid[]) LIMIT %(limit)s
)
UPDATE webhook_lanes l SET claim = %(claim)s, claimed_until = now() + %(lease)s * interval '1 second'
FROM due WHERE l.webhook_id = due.webhook_id AND l.room_id = due.room_id
RETURNING l.webhook_id::text, l.room_id::text"""
# The first delivery that waits, and how it is sent; the claim is good for one more attempt.
NEXT = """
WITH kept AS (
    UPDATE webhook_lanes SET claimed_until = now() + %(lease)s * interval '1 second'
    WHERE webhook_id = %(webhook)s AND room_id = %(room)s AND claim = %(claim)s
    RETURNING attempts
)
SELECT d.id::text, d."offset", d.event_id::text, d.type, d.body, kept.attempts, w.url, w.secret,
       w.old_secret, w.old_until, now()
FROM kept JOIN webhooks w ON w.id = %(webhook)s AND w.paused_at IS NULL
JOIN LATERAL (
    SELECT * FROM webhook_deliveries d
    WHERE d.webhook_id = %(webhook)s AND d.room_id = %(room)s AND d.state = 'waiting'
    ORDER BY d."offset" LIMIT 1
) d ON true"""
# Only whose claim still holds says what became of an attempt.
_MINE = "webhook_id = %(webhook)s AND room_id = %(room)s AND claim = %(claim)s"
LOCK_LANE = f"SELECT FROM webhook_lanes WHERE {_MINE} FOR UPDATE"  # constants
RELEASE = f"""
UPDATE webhook_lanes SET claim = NULL, claimed_until = '-infinity', next_at = CASE WHEN EXISTS (
    SELECT FROM webhook_deliveries d WHERE d.webhook_id = %(webhook)s AND d.room_id = %(room)s
      AND d.state = 'waiting') THEN now() + %(wait)s * interval '1 second' ELSE 'infinity' END
WHERE {_MINE}"""  # noqa: S608
SET_ATTEMPTS = f"UPDATE webhook_lanes SET attempts = %(attempts)s WHERE {_MINE}"  # noqa: S608
NOTE_ATTEMPT = """
UPDATE webhook_deliveries SET state = %(state)s, attempts = attempts + 1, attempted_at = now(),
    status = %(status)s, error = %(error)s,
    body = CASE WHEN %(state)s = 'delivered' THEN NULL ELSE body END
WHERE webhook_id = %(webhook)s AND room_id = %(room)s AND "offset" = %(offset)s AND state = 'waiting'"""
NOTE_TAKEN = "UPDATE webhooks SET dead_in_row = 0 WHERE id = %(webhook)s AND dead_in_row > 0"
# Paused at once where the receiver is gone, else after several in a row.
NOTE_DEAD = """
UPDATE webhooks SET dead_in_row = dead_in_row + 1,
    paused_at = CASE WHEN dead_in_row + 1 >= %(most)s OR %(gone)s THEN now() END,
    paused_why = CASE WHEN dead_in_row + 1 >= %(most)s OR %(gone)s THEN %(error)s END,
    owner_told = NOT (dead_in_row + 1 >= %(most)s OR %(gone)s)
WHERE id = %(webhook)s AND paused_at IS NULL RETURNING paused_at IS NOT NULL"""
GIVE_UP_CLAIMS = """
UPDATE webhook_lanes SET claim = NULL, claimed_until = '-infinity' WHERE claim = %s"""

# Owners who are to be told that a webhook was paused: as of its newest delivery.
UNTOLD = """
SELECT w.id::text, w.room_id::text, w.created_by::text, w.url, w.paused_why, w.paused_at::text,
       (SELECT r.last_offset FROM rooms r WHERE r.id = w.room_id)
FROM webhooks w WHERE NOT w.owner_told LIMIT 100"""
TOLD = "UPDATE webhooks SET owner_told = true WHERE id = %s"

# What is old, or of a webhook that is gone.
PRUNE = """
DELETE FROM webhook_deliveries WHERE ctid = ANY (ARRAY (
    SELECT ctid FROM webhook_deliveries d WHERE d.state <> 'waiting' AND d.created_at < now() - %s
       OR NOT EXISTS (SELECT FROM webhooks w WHERE w.id = d.webhook_id)
    LIMIT 5000))"""
PRUNE_LANES = """
DELETE FROM webhook_lanes l WHERE NOT EXISTS (SELECT FROM webhooks w WHERE w.id = l.webhook_id)"""

# For operators.
LIST = """
SELECT w.id::text, w.room_id::text, w.url, w.paused_at IS NOT NULL, w.paused_why,
       count(d.id) FILTER (WHERE d.state = 'waiting'), count(d.id) FILTER (WHERE d.state = 'dead'),
       max(d.attempted_at)
FROM webhooks w LEFT JOIN webhook_deliveries d ON d.webhook_id = w.id
GROUP BY w.id ORDER BY w.created_at"""
DEAD = """
SELECT id::text, room_id::text, "offset", type, attempts, status, error FROM webhook_deliveries
WHERE webhook_id = %s AND state = 'dead' ORDER BY room_id, "offset" LIMIT %s"""
AGAIN = "SELECT webhook_again(%s)"
FROM = "SELECT webhook_from(%s, %s, %s::smallint, %s)"
HAS_ROOM = """
SELECT FROM webhooks w JOIN rooms r ON r.id = %s AND w.room_id IN (r.id, r.workspace_id)
WHERE w.id = %s"""

# Sealing anew, while nobody changes them.
SECRETS = "SELECT id::text, secret, old_secret FROM webhooks ORDER BY id FOR UPDATE"
RESEAL = "UPDATE webhooks SET secret = %s, old_secret = %s WHERE id = %s"
