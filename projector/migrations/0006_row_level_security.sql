-- What the API reads, PostgreSQL narrows to what its user may see: the API acts as role `roomlog_api`, which is no
-- owner of anything, and names the user of each request in `roomlog.user_id`. A query that forgets a condition shows
-- nothing more. Projector, nodes and operators act as the owner of the tables, for whom no policy counts.

DO $$
BEGIN
    CREATE ROLE roomlog_api NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;  -- by another database of this server
END $$;
DO $$
BEGIN
    EXECUTE format('GRANT roomlog_api TO %I', current_user);
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO roomlog_api', current_schema());
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO roomlog_api', current_schema());
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT ON TABLES TO roomlog_api', current_schema());
END $$;
GRANT INSERT, UPDATE, DELETE ON accounts, auth_sessions, refresh_tokens, outbox, invite_addresses TO roomlog_api;
GRANT DELETE ON workspace_departures TO roomlog_api;
REVOKE ALL ON applied_events, void_events FROM roomlog_api;

-- Functions, so that the policies hold for whatever tables have these names: a rebuild replaces them.

CREATE FUNCTION request_user() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('roomlog.user_id', true), '')::uuid;

-- Rooms that the user is a member of, as these say.
CREATE FUNCTION joined_rooms() RETURNS SETOF uuid
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT room_id FROM members WHERE user_id = request_user()
$$;

-- Those that the user may see: not of a workspace that they are not in (any more).
CREATE FUNCTION own_rooms() RETURNS SETOF uuid
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT m.room_id FROM members m JOIN rooms r ON r.id = m.room_id
    WHERE m.user_id = request_user() AND (r.workspace_id IS NULL OR EXISTS (
        SELECT FROM members w WHERE w.room_id = r.workspace_id AND w.user_id = m.user_id))
$$;

-- Rooms that the user is a member of, and whose members read only what came since they joined.
CREATE FUNCTION scoped_rooms() RETURNS SETOF uuid
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT r.id FROM rooms r JOIN members m ON m.room_id = r.id AND m.user_id = request_user()
    WHERE r.history = 'joined'
$$;

-- Where a room begins for the user.
CREATE FUNCTION joined_at(room uuid) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT joined_offset FROM members WHERE room_id = room AND user_id = request_user()
$$;

-- Workspaces whose public rooms the user may find and join (`roomlog.workspaces.is_open_to`).
CREATE FUNCTION open_workspaces() RETURNS SETOF uuid
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT r.id FROM members m JOIN rooms r ON r.id = m.room_id AND r.kind = 'workspace'
    WHERE m.user_id = request_user() AND m.role <> 'guest'
$$;

-- Past the policies, for what is asked with a secret, or for nobody.

CREATE FUNCTION invite_of(wanted uuid)
RETURNS TABLE (workspace_id uuid, name text, slug text, role text, expires_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT r.id, r.name, r.slug, i.role, i.expires_at
    FROM workspace_invites i JOIN rooms r ON r.id = i.workspace_id WHERE i.id = wanted
$$;

-- How lively a room is, also for those who may see it and not read it: the API asks only for such.
CREATE FUNCTION room_activity(room uuid, OUT day bigint, OUT week bigint, OUT senders bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT count(*) FILTER (WHERE sent_at > now() - interval '1 day'), count(*), count(DISTINCT sender_id)
    FROM messages WHERE room_id = room AND sent_at > now() - interval '7 days'
$$;

CREATE FUNCTION rooms_to_leave(workspace uuid, who uuid) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT r.id FROM members m JOIN rooms r ON r.id = m.room_id
    WHERE m.user_id = who AND r.workspace_id = workspace AND r.id <> workspace AND NOT EXISTS (
        SELECT FROM members w WHERE w.room_id = workspace AND w.user_id = who)
$$;

REVOKE EXECUTE ON FUNCTION joined_rooms, own_rooms, scoped_rooms, joined_at, open_workspaces, invite_of,
    room_activity, rooms_to_leave FROM PUBLIC;
GRANT EXECUTE ON FUNCTION joined_rooms, own_rooms, scoped_rooms, joined_at, open_workspaces, invite_of,
    room_activity, rooms_to_leave TO roomlog_api;

ALTER TABLE rooms ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON rooms FOR SELECT TO roomlog_api USING (
    id IN (SELECT own_rooms())
    OR kind = 'public' AND (workspace_id IS NULL OR workspace_id IN (SELECT open_workspaces())));
ALTER TABLE members ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON members FOR SELECT TO roomlog_api USING (
    user_id = request_user() OR room_id IN (SELECT own_rooms()));
ALTER TABLE messages ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON messages FOR SELECT TO roomlog_api USING (
    room_id IN (SELECT joined_rooms())
    AND (room_id NOT IN (SELECT scoped_rooms()) OR "offset" >= joined_at(room_id)));
ALTER TABLE reactions ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON reactions FOR SELECT TO roomlog_api USING (room_id IN (SELECT joined_rooms()));
ALTER TABLE read_markers ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON read_markers FOR SELECT TO roomlog_api USING (user_id = request_user());
ALTER TABLE workspace_invites ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON workspace_invites FOR SELECT TO roomlog_api USING (workspace_id IN (SELECT own_rooms()));
