-- Files. Their bytes are in the file store, under their SHA-256; who stored what is in topic user.events.
CREATE TABLE files (
    id         uuid PRIMARY KEY,
    owner_id   uuid    NOT NULL,
    sha256     text    COLLATE "C" NOT NULL,
    name       text    NOT NULL,
    media_type text    NOT NULL,               -- by its content
    size_bytes bigint  NOT NULL,
    width      integer NOT NULL,               -- of an image, as it is shown; 0: it is none
    height     integer NOT NULL,
    stored_at  timestamptz NOT NULL
);
CREATE INDEX files_owner ON files (owner_id);
CREATE INDEX files_content ON files (sha256);

-- Which messages have which files. Unlike `messages.attachments` it keeps those of deleted messages: so a file that
-- was attached once is known from one that never was.
CREATE TABLE attached_files (
    room_id  uuid   NOT NULL,
    event_id uuid   NOT NULL,
    file_id  uuid   NOT NULL,
    "offset" bigint NOT NULL,                  -- of the message
    PRIMARY KEY (room_id, event_id, file_id)
);
CREATE INDEX attached_files_file ON attached_files (file_id);
CREATE INDEX attached_files_place ON attached_files (room_id, "offset");

-- What was attached before there were files.
UPDATE messages SET attachments = (
    SELECT jsonb_agg('{"width": 0, "height": 0}'::jsonb || file) FROM jsonb_array_elements(attachments) AS file)
WHERE attachments <> '[]';
INSERT INTO attached_files (room_id, event_id, file_id, "offset")
SELECT m.room_id, m.event_id, (file ->> 'file_id')::uuid, m."offset"
FROM messages m CROSS JOIN LATERAL jsonb_array_elements(m.attachments) AS file
WHERE m.attachments <> '[]'
  AND file ->> 'file_id' ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
ON CONFLICT DO NOTHING;

-- Whether what links lead to is shown under the messages of a room.
ALTER TABLE rooms ADD COLUMN link_previews boolean NOT NULL DEFAULT true;

-- Whether the user may read a file because a message that they may read has it.
CREATE FUNCTION file_is_shown(file uuid) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT EXISTS (
        SELECT FROM attached_files a JOIN messages m ON m.event_id = a.event_id AND m.room_id = a.room_id
        WHERE a.file_id = file AND m.deleted_at IS NULL AND a.room_id IN (SELECT own_rooms())
          AND (a.room_id NOT IN (SELECT scoped_rooms()) OR a."offset" >= joined_at(a.room_id)))
$$;
CREATE FUNCTION file_is_attached(file uuid) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT EXISTS (SELECT FROM attached_files a WHERE a.file_id = file)
$$;

-- Past the policies, for whoever tidies up, of the files after one in the order of their ids: those that no message
-- needs any more and those of accounts that are gone; and, without an owner, the last one that was looked at.
CREATE FUNCTION files_to_remove(after uuid, most integer, unused_since timestamptz, deleted_since timestamptz)
RETURNS TABLE (id uuid, owner_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    WITH slice AS (SELECT f.id, f.owner_id, f.stored_at FROM files f WHERE f.id > after ORDER BY f.id LIMIT most)
    SELECT s.id, s.owner_id FROM slice s
    WHERE NOT EXISTS (SELECT FROM accounts o WHERE o.id = s.owner_id)
       OR s.stored_at < unused_since AND NOT EXISTS (
           SELECT FROM attached_files a JOIN messages m ON m.event_id = a.event_id AND m.room_id = a.room_id
           WHERE a.file_id = s.id AND (m.deleted_at IS NULL OR m.deleted_at > deleted_since))
    UNION ALL
    (SELECT s.id, NULL FROM slice s ORDER BY s.id DESC LIMIT 1)
$$;
CREATE FUNCTION unused_contents(contents text[]) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT c FROM unnest(contents) AS c WHERE NOT EXISTS (SELECT FROM files f WHERE f.sha256 = c)
$$;

REVOKE EXECUTE ON FUNCTION file_is_shown, file_is_attached, files_to_remove, unused_contents FROM PUBLIC;
GRANT EXECUTE ON FUNCTION file_is_shown, file_is_attached, files_to_remove, unused_contents TO roomlog_api;

ALTER TABLE files ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON files FOR SELECT TO roomlog_api USING (owner_id = request_user() OR file_is_shown(id));
ALTER TABLE attached_files ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON attached_files FOR SELECT TO roomlog_api USING (
    room_id IN (SELECT own_rooms())
    AND (room_id NOT IN (SELECT scoped_rooms()) OR "offset" >= joined_at(room_id)));
