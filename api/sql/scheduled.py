"""Messages that are to be sent later: one's own, and for the worker those whose time has come."""

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
