"""Incoming hooks and webhooks."""

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
