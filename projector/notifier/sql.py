"""The SQL of the notifier."""

# Whoever claims has them for a while; then another may, so that no death loses one.
CLAIM = """
WITH due AS (
    SELECT subscription_id, event_id FROM push_outbox WHERE due_at <= now()
    ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE push_outbox o SET due_at = now() + %s FROM due
    WHERE o.subscription_id = due.subscription_id AND o.event_id = due.event_id
    RETURNING o.*
)
SELECT c.subscription_id::text, c.event_id::text, c.user_id::text, now() - c.queued_at,
       s.endpoint, s.p256dh, s.auth, n.kind, n.room_id::text, n."offset", n.occurred_at, left(m.text, %s),
       coalesce(r.name, ''), coalesce(u.name, ''), x.level, (extract(epoch FROM x.ends_at) * 1000000)::bigint,
       d.event_id IS NULL AND a.revoked_at IS NULL AND b.user_id IS NULL
       AND (n.kind <> 'friend_request' OR coalesce(f.asked_at = n.occurred_at AND f.accepted_at IS NULL, false))
       AND (n.kind NOT IN ('mention', 'direct') OR m.event_id IS NOT NULL AND m.deleted_at IS NULL)
       AND (n.room_id IS NULL OR
            coalesce(n."offset" >= me.joined_offset AND n."offset" > coalesce(k."offset", -1), false)
            AND (r.workspace_id IS NULL OR w.user_id IS NOT NULL)) AS is_unread
FROM claimed c JOIN push_subscriptions s ON s.id = c.subscription_id
JOIN notifications n ON n.user_id = c.user_id AND n.event_id = c.event_id
LEFT JOIN rooms r ON r.id = n.room_id
LEFT JOIN users u ON u.id = n.sender_id
LEFT JOIN messages m ON m.event_id = n.event_id AND m.room_id = n.room_id
LEFT JOIN members me ON me.user_id = n.user_id AND me.room_id = n.room_id
LEFT JOIN members w ON w.user_id = n.user_id AND w.room_id = r.workspace_id
LEFT JOIN read_markers k ON k.user_id = n.user_id AND k.room_id = n.room_id
LEFT JOIN notification_reads d ON d.user_id = n.user_id AND d.event_id = n.event_id
LEFT JOIN room_mutes x ON x.user_id = n.user_id AND x.room_id = n.room_id
LEFT JOIN blocks b ON b.user_id = n.user_id AND b.blocked_id = n.sender_id
LEFT JOIN friendships f ON n.kind = 'friend_request' AND f.one_id = least(n.user_id, n.sender_id)
    AND f.other_id = greatest(n.user_id, n.sender_id)
LEFT JOIN auth_sessions a ON a.id = s.session_id"""
DONE = "DELETE FROM push_outbox WHERE subscription_id = %s AND event_id = %s"
LATER = "UPDATE push_outbox SET due_at = now() + %s WHERE subscription_id = %s AND event_id = %s"
UNSUBSCRIBE = "DELETE FROM push_subscriptions WHERE id = %s"
# Old, or for a browser that was forgotten.
DROP_STALE = """
DELETE FROM push_outbox o WHERE queued_at < now() - %s
    OR NOT EXISTS (SELECT FROM push_subscriptions s WHERE s.id = o.subscription_id)"""

# Mails. Whether there is anything unread is asked afterwards; here it only has to be likely.
CLAIM_DIGESTS = """
WITH due AS (
    SELECT d.user_id, d.sent_at, a.email, a.name
    FROM mail_digests d JOIN accounts a ON a.id = d.user_id AND a.email IS NOT NULL
    WHERE coalesce(d.sent_at, d.wanted_at) <= now() - %(every)s AND EXISTS (
        SELECT FROM notifications n
        WHERE n.user_id = d.user_id AND n.occurred_at > coalesce(d.sent_at, d.wanted_at))
    LIMIT %(most)s FOR UPDATE OF d SKIP LOCKED
)
UPDATE mail_digests d SET sent_at = now() FROM due WHERE d.user_id = due.user_id
RETURNING d.user_id::text, d.token::text, coalesce(due.sent_at, d.wanted_at), due.sent_at, due.email, due.name"""
RELEASE_DIGEST = "UPDATE mail_digests SET sent_at = %s WHERE user_id = %s"
AS_READER = (
    "SELECT set_config('role', 'roomlog_api', true), set_config('roomlog.user_id', %s, true)"
)
NAMES = "SELECT id, name FROM accounts WHERE id = ANY (%s)"
ROOM_NAMES = "SELECT id, name FROM rooms WHERE id = ANY (%s)"
