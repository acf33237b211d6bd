"""The SQL of the ingest nodes."""

LOAD_ROOM = """
    SELECT o.next,
           r.kind,
           r.name,
           r.last_offset,
           coalesce(
               (SELECT array_agg(m.user_id::text || ' ' || m.role || ' ' || m.joined_offset)
                  FROM members m WHERE m.room_id = r.id),
               '{}'
           ),
           coalesce((SELECT array_agg(v."offset") FROM void_events v WHERE v.room_id = r.id), '{}'),
           coalesce(r.workspace_id::text, ''),
           r.archived,
           r.read_only,
           r.history,
           r.link_previews,
           coalesce((SELECT array_agg(p.event_id::text) FROM pins p WHERE p.room_id = r.id), '{}'),
           CASE WHEN r.kind = 'workspace' THEN coalesce(
               (SELECT json_agg(json_build_array(
                           i.id, i.role, (extract(epoch FROM i.expires_at) * 1000000)::bigint))
                  FROM workspace_invites i WHERE i.workspace_id = r.id),
               '[]'
           ) END,
           r.slow_mode_s,
           CASE WHEN r.slow_mode_s > 0 THEN
               (SELECT json_object_agg(s.user_id, (extract(epoch FROM s.said_at) * 1000000)::bigint)
                  FROM slow_mode_posts s WHERE s.room_id = r.id)
           END,
           (SELECT json_object_agg(t.user_id, (extract(epoch FROM t.until_at) * 1000000)::bigint)
              FROM member_mutes t WHERE t.room_id = r.id),
           (SELECT array_agg(b.user_id::text) FROM room_bans b WHERE b.room_id = r.id),
           (SELECT json_object_agg(f.words, f.action) FROM word_filters f WHERE f.room_id = r.id)
      FROM projection_offsets o
      LEFT JOIN rooms r ON r.id = %(room)s
     WHERE o.topic = 'chat.events' AND o.partition = %(partition)s
"""
"""How far the room's partition is projected, and the room as it is there; nulls for no such room."""

LOAD_PEOPLE = """
    SELECT coalesce((SELECT json_object_agg(o.partition, o.next) FROM projection_offsets o
                      WHERE o.topic = 'user.events'), '{}'),
           coalesce((SELECT array_agg(b.user_id::text || ' ' || b.blocked_id) FROM blocks b), '{}'),
           coalesce((SELECT array_agg(e.id::text) FROM erased_users e), '{}')
"""
"""How far each partition of user.events is projected, who has blocked whom as of there, and whose
accounts are gone."""

LOAD_MESSAGES = """
    SELECT o.next,
           coalesce(
               (SELECT json_agg(json_build_array(
                           m.room_id, m.event_id,
                           CASE WHEN m.deleted_at IS NULL OR d.event_id IS NOT NULL THEN m.sender_id END,
                           d.deleted_by))
                  FROM messages m
                  JOIN unnest(%(rooms)s::uuid[], %(events)s::uuid[]) AS w (room_id, event_id)
                    ON m.event_id = w.event_id AND m.room_id = w.room_id
                  LEFT JOIN deleted_messages d ON d.event_id = m.event_id AND d.room_id = m.room_id),
               '[]'
           )
      FROM projection_offsets o
     WHERE o.topic = 'chat.events' AND o.partition = %(partition)s
"""
"""How far the partition is projected, and messages as they are there: room, id, author, who deleted it."""

LOAD_FILES = """
    SELECT id::text, name, media_type, size_bytes, width, height
      FROM files
     WHERE id = ANY (%(files)s::uuid[]) AND owner_id = %(owner)s
"""
"""Those of the wanted files that are the owner's, in the form of `roomlog.events.Attachment`."""
LOAD_MUTES = """
    SELECT room_id::text, level, (extract(epoch FROM ends_at) * 1000000)::bigint
      FROM room_mutes WHERE user_id = %(user)s
"""
"""The rooms that a user has muted: level, and until when in microseconds since 1970."""

LOAD_EVENTS = """
    SELECT event_id::text, "offset" FROM messages WHERE event_id = ANY (%(events)s::uuid[])
    UNION ALL
    SELECT event_id::text, "offset" FROM applied_events WHERE event_id = ANY (%(events)s::uuid[])
"""
"""Those of the wanted events that took effect, with their offsets (not noted for old ones that are no messages)."""
