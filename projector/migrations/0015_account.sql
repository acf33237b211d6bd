-- Accounts that end by their person's own act, files of messages that are sent later, and what secrets of webhooks
-- are encrypted with.

ALTER TABLE accounts ADD COLUMN deleted_at timestamptz;      -- the row stays, so that what they said has a sender
-- What is still to be done for an account that has ended: leave its rooms, and take its records out of chat.reads.
CREATE TABLE account_erasures (
    user_id   uuid PRIMARY KEY,
    read_keys text[] NOT NULL,                 -- keys of records, until these have been replaced by nothing
    erased_at timestamptz NOT NULL DEFAULT now()
);
GRANT INSERT, UPDATE, DELETE ON account_erasures TO roomlog_api;

-- Who deleted their account, from topic user.events. What comes of other partitions later on must not bring back a
-- row that is only theirs.
CREATE TABLE erased_users (
    id        uuid PRIMARY KEY,
    erased_at timestamptz NOT NULL
);
ALTER TABLE erased_users ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON erased_users FOR SELECT TO roomlog_api USING (id = request_user());

-- When somebody was seen last is of nobody's interest once they are gone.
GRANT DELETE ON presence TO roomlog_api;
CREATE POLICY forgotten ON presence FOR DELETE TO roomlog_api USING (user_id = request_user());

-- Messages that are sent later may have files, which nobody tidies away until then.
ALTER TABLE scheduled_messages ADD COLUMN files uuid[] NOT NULL DEFAULT '{}';
DROP FUNCTION due_messages(integer);
CREATE FUNCTION due_messages(at_most integer)
RETURNS TABLE (id uuid, user_id uuid, room_id uuid, text text, reply_to uuid, mentions uuid[], files uuid[],
               state text, is_sent boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT s.id, s.user_id, s.room_id, s.text, s.reply_to, s.mentions, s.files, s.state,
           EXISTS (SELECT FROM messages m WHERE m.event_id = s.message_id AND m.room_id = s.room_id)
    FROM scheduled_messages s WHERE s.state IN ('waiting', 'sending') AND s.send_at <= now()
    ORDER BY s.send_at, s.id LIMIT at_most
$$;
REVOKE EXECUTE ON FUNCTION due_messages FROM PUBLIC;
GRANT EXECUTE ON FUNCTION due_messages TO roomlog_api;

CREATE INDEX scheduled_messages_files ON scheduled_messages USING gin (files)
    WHERE files <> '{}' AND state IN ('waiting', 'sending', 'refused');
CREATE OR REPLACE FUNCTION files_to_remove(
    after uuid, most integer, unused_since timestamptz, deleted_since timestamptz)
RETURNS TABLE (id uuid, owner_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    WITH slice AS (SELECT f.id, f.owner_id, f.stored_at FROM files f WHERE f.id > after ORDER BY f.id LIMIT most)
    SELECT s.id, s.owner_id FROM slice s
    WHERE NOT EXISTS (SELECT FROM accounts o WHERE o.id = s.owner_id AND o.deleted_at IS NULL)
       OR s.stored_at < unused_since AND NOT EXISTS (
           SELECT FROM attached_files a JOIN messages m ON m.event_id = a.event_id AND m.room_id = a.room_id
           WHERE a.file_id = s.id AND (m.deleted_at IS NULL OR m.deleted_at > deleted_since))
          AND NOT EXISTS (
           SELECT FROM scheduled_messages w WHERE w.files @> ARRAY[s.id] AND w.files <> '{}'
             AND w.state IN ('waiting', 'sending', 'refused'))
    UNION ALL
    (SELECT s.id, NULL FROM slice s ORDER BY s.id DESC LIMIT 1)
$$;
