"""Moderation: row-level security shows moderators theirs."""

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
