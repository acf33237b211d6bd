"""The SQL of the ingest nodes."""

LOAD_ROOM = """
    SELECT o.next,
           r.kind,
           r.name,
           r.last_offset,
           coalesce(
               (SELECT array_agg(m.user_id::text || ' ' || m.role) FROM members m WHERE m.room_id = r.id),
               '{}'
           )
      FROM projection_offsets o
      LEFT JOIN rooms r ON r.id = %(room)s
     WHERE o.topic = 'chat.events' AND o.partition = %(partition)s
"""
"""How far the room's partition is projected, and the room as it is there; nulls for no such room."""
