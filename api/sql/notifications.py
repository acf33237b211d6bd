"""Notifications: what their lists ask is in `roomlog.readmodels.notifications`."""

COUNT_NOTIFICATIONS_READ = """
SELECT count(*) AS read FROM notification_reads
WHERE user_id = %(user_id)s AND event_id = ANY (%(events)s::uuid[])
"""
ROOM_NAMES = "SELECT id, name, kind FROM rooms WHERE id = ANY (%(ids)s::uuid[])"
MUTE = "SELECT level, ends_at FROM room_mutes WHERE user_id = %(user_id)s AND room_id = %(room_id)s"
