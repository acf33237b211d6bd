-- What people are to each other, from topic user.events (`roomlog.relations`).

-- Friends, and requests to be: one row for two people.
CREATE TABLE friendships (
    one_id      uuid NOT NULL,                 -- the smaller id of the two
    other_id    uuid NOT NULL,
    asked_by    uuid NOT NULL,
    asked_at    timestamptz NOT NULL,
    accepted_at timestamptz,                   -- NULL: it is a request
    PRIMARY KEY (one_id, other_id)
);
CREATE INDEX friendships_other ON friendships (other_id, one_id);

CREATE TABLE blocks (
    user_id    uuid NOT NULL,
    blocked_id uuid NOT NULL,
    blocked_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, blocked_id)
);
CREATE INDEX blocks_blocked ON blocks (blocked_id);

-- Nobody reads who has blocked them; these tell what follows from it.

-- Those of some people who have blocked the user.
CREATE FUNCTION blockers_among(people uuid[]) RETURNS SETOF uuid
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT user_id FROM blocks WHERE blocked_id = request_user() AND user_id = ANY (people)
$$;

-- Those of some people whose presence the user may see: who shares a room (a workspace is one too) or is a friend,
-- and has not blocked the user; and oneself.
CREATE FUNCTION present_to_me(people uuid[]) RETURNS SETOF uuid
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT person FROM unnest(people) AS person
    WHERE person = request_user() OR (
        NOT EXISTS (SELECT FROM blocks WHERE user_id = person AND blocked_id = request_user())
        AND (
            EXISTS (SELECT FROM friendships WHERE accepted_at IS NOT NULL
                AND (one_id, other_id) = (least(person, request_user()), greatest(person, request_user())))
            OR EXISTS (SELECT FROM members m WHERE m.user_id = person AND m.room_id IN (SELECT own_rooms()))
        )
    )
$$;

REVOKE EXECUTE ON FUNCTION blockers_among, present_to_me FROM PUBLIC;
GRANT EXECUTE ON FUNCTION blockers_among, present_to_me TO roomlog_api;

ALTER TABLE friendships ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON friendships FOR SELECT TO roomlog_api USING (request_user() IN (one_id, other_id));
ALTER TABLE blocks ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON blocks FOR SELECT TO roomlog_api USING (user_id = request_user());
ALTER TABLE presence ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON presence FOR SELECT TO roomlog_api USING (EXISTS (SELECT FROM present_to_me(ARRAY[user_id])));

-- Moderation, from the logs of rooms and workspaces (`roomlog.moderation`).

ALTER TABLE rooms ADD COLUMN slow_mode_s integer NOT NULL DEFAULT 0;      -- seconds between two messages of one member
CREATE INDEX rooms_slow ON rooms (id) WHERE slow_mode_s > 0;

-- When members of rooms in slow mode said something last, since it was set.
CREATE TABLE slow_mode_posts (
    room_id uuid NOT NULL,
    user_id uuid NOT NULL,
    said_at timestamptz NOT NULL,
    PRIMARY KEY (room_id, user_id)
);

CREATE TABLE member_mutes (
    room_id  uuid NOT NULL,                    -- or a workspace
    user_id  uuid NOT NULL,
    until_at timestamptz NOT NULL,             -- the last microsecond of the year 9999: no end
    muted_by uuid NOT NULL,
    muted_at timestamptz NOT NULL,
    reason   text NOT NULL,
    PRIMARY KEY (room_id, user_id)
);

CREATE TABLE room_bans (
    room_id   uuid NOT NULL,                   -- or a workspace
    user_id   uuid NOT NULL,
    banned_by uuid NOT NULL,
    banned_at timestamptz NOT NULL,
    reason    text NOT NULL,
    PRIMARY KEY (room_id, user_id)
);

CREATE TABLE word_filters (
    room_id uuid NOT NULL,                     -- or a workspace
    words   text NOT NULL,                     -- indexed forms, with a space between two
    action  text NOT NULL,                     -- refuse, mask, flag
    set_by  uuid NOT NULL,
    set_at  timestamptz NOT NULL,
    PRIMARY KEY (room_id, words)
);

-- What moderators are to look at: a row for each person who reported a message, and one for flagged words.
CREATE TABLE message_reports (
    room_id     uuid NOT NULL,
    event_id    uuid NOT NULL,                 -- of the message
    user_id     uuid NOT NULL,                 -- who reported it; the message's own author where words were flagged
    is_flag     boolean NOT NULL,
    reason      text NOT NULL,                 -- or the words
    reported_at timestamptz NOT NULL,
    resolved_by uuid,
    resolved_at timestamptz,
    outcome     text,                          -- dismissed, deleted, muted, removed, banned
    note        text,
    PRIMARY KEY (room_id, event_id, user_id)
);
CREATE INDEX message_reports_open ON message_reports (room_id, reported_at) WHERE resolved_at IS NULL;

-- What was done in rooms and workspaces besides talking, and where in the log that stands.
CREATE TABLE audit_log (
    room_id    uuid NOT NULL,                  -- or a workspace
    "offset"   bigint NOT NULL,
    event_id   uuid NOT NULL,
    actor_id   uuid NOT NULL,
    type       text NOT NULL,
    details    jsonb NOT NULL,
    happened_at timestamptz NOT NULL,
    PRIMARY KEY (room_id, "offset")
);
CREATE INDEX audit_log_time ON audit_log (room_id, happened_at);

-- Rooms that the user moderates: as an owner or moderator, or by their role in the workspace, which may be the room.
CREATE FUNCTION moderated_rooms() RETURNS SETOF uuid
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT m.room_id FROM members m JOIN rooms r ON r.id = m.room_id
    LEFT JOIN members w ON w.room_id = r.workspace_id AND w.user_id = m.user_id
    WHERE m.user_id = request_user() AND (r.workspace_id IS NULL OR w.user_id IS NOT NULL)
      AND (m.role IN ('owner', 'admin', 'moderator')
           OR r.kind NOT IN ('direct', 'group') AND w.role IN ('owner', 'admin', 'moderator'))
$$;
REVOKE EXECUTE ON FUNCTION moderated_rooms FROM PUBLIC;
GRANT EXECUTE ON FUNCTION moderated_rooms TO roomlog_api;

ALTER TABLE slow_mode_posts ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON slow_mode_posts FOR SELECT TO roomlog_api USING (user_id = request_user());
ALTER TABLE member_mutes ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON member_mutes FOR SELECT TO roomlog_api USING (
    user_id = request_user() OR room_id IN (SELECT moderated_rooms()));
ALTER TABLE room_bans ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON room_bans FOR SELECT TO roomlog_api USING (room_id IN (SELECT moderated_rooms()));
ALTER TABLE word_filters ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON word_filters FOR SELECT TO roomlog_api USING (room_id IN (SELECT moderated_rooms()));
ALTER TABLE message_reports ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON message_reports FOR SELECT TO roomlog_api USING (room_id IN (SELECT moderated_rooms()));
ALTER TABLE audit_log ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON audit_log FOR SELECT TO roomlog_api USING (room_id IN (SELECT moderated_rooms()));
