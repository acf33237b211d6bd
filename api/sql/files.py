# ruff: noqa: S608  # every part of a statement is a constant of this package
"""Files, and what they are attached to."""

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
