-- Incoming hooks of rooms: other systems post through them, as a bot that is a member of the room.
ALTER TABLE accounts ADD COLUMN is_bot boolean NOT NULL DEFAULT false;    -- the id is the hook's

CREATE TABLE room_hooks (
    room_id    uuid NOT NULL,
    id         uuid NOT NULL,                  -- the user id of its bot, too
    name       text NOT NULL,
    token_hash text COLLATE "C" NOT NULL,      -- SHA-256, in hex; the token itself is shown once
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    rotated_at timestamptz,
    PRIMARY KEY (room_id, id)
);
CREATE INDEX room_hooks_token ON room_hooks (token_hash);

-- Past the policies: whoever has the token may know where it leads, and nobody else asks.
CREATE FUNCTION hook_of(wanted text)
RETURNS TABLE (room_id uuid, id uuid, name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT h.room_id, h.id, h.name FROM room_hooks h WHERE h.token_hash = wanted LIMIT 1
$$;
REVOKE EXECUTE ON FUNCTION hook_of FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hook_of TO roomlog_api;

ALTER TABLE room_hooks ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON room_hooks FOR SELECT TO roomlog_api USING (room_id IN (SELECT own_rooms()));
