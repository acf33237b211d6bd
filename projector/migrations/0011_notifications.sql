-- Who is to be told of what: the mentioned, the invited, the other of two. Made from the log like all read models;
-- rows of kinds that are about no room have neither room nor offset.
CREATE TABLE notifications (
    user_id     uuid NOT NULL,
    event_id    uuid NOT NULL,
    room_id     uuid,
    "offset"    bigint,                        -- in the room's partition of chat.events
    kind        text NOT NULL,                 -- mention, direct, invite
    sender_id   uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    UNIQUE NULLS NOT DISTINCT (user_id, event_id, room_id)
);
CREATE INDEX notifications_newest ON notifications (user_id, occurred_at, event_id);
CREATE INDEX notifications_room ON notifications (user_id, room_id, "offset");

-- Notifications that were read one by one; what stands before a room's read marker is read as well.
CREATE TABLE notification_reads (
    user_id  uuid NOT NULL,
    event_id uuid NOT NULL,
    read_at  timestamptz NOT NULL,
    PRIMARY KEY (user_id, event_id)
);

-- Rooms of which somebody wants to hear less; a mute that has ended stays, and counts for nothing.
CREATE TABLE room_mutes (
    user_id  uuid NOT NULL,
    room_id  uuid NOT NULL,
    level    text NOT NULL,                    -- what is still heard: mentions, nothing
    ends_at  timestamptz,                      -- NULL: until it is unmuted
    muted_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, room_id)
);

ALTER TABLE notifications ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON notifications FOR SELECT TO roomlog_api USING (
    user_id = request_user() AND (room_id IS NULL OR room_id IN (SELECT own_rooms())));
ALTER TABLE notification_reads ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON notification_reads FOR SELECT TO roomlog_api USING (user_id = request_user());
ALTER TABLE room_mutes ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON room_mutes FOR SELECT TO roomlog_api USING (user_id = request_user());

-- Open invites to workspaces that are for the address of the user's account. They do not say which workspace: an
-- address is nobody's until it was verified, and the link that came with the invite says it.
CREATE FUNCTION invites_to_me() RETURNS TABLE (id uuid, created_by uuid, created_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT i.id, i.created_by, i.created_at
    FROM accounts a JOIN invite_addresses v ON v.email = a.email
    JOIN workspace_invites i ON i.id = v.invite_id
    WHERE a.id = request_user() AND i.expires_at > now() AND NOT EXISTS (
        SELECT FROM members m WHERE m.room_id = i.workspace_id AND m.user_id = a.id)
$$;
CREATE INDEX invite_addresses_email ON invite_addresses (email);
REVOKE EXECUTE ON FUNCTION invites_to_me FROM PUBLIC;
GRANT EXECUTE ON FUNCTION invites_to_me TO roomlog_api;

-- Web push. Where a person wants to be told while they are away: browsers, which only they know of.
CREATE TABLE push_subscriptions (
    id         uuid PRIMARY KEY,
    user_id    uuid NOT NULL,
    session_id uuid NOT NULL,                  -- the sign-in; nothing is sent once it was ended
    endpoint   text NOT NULL UNIQUE,           -- whoever subscribed it last has it
    p256dh     text NOT NULL,                  -- the browser's public key
    auth       text NOT NULL,                  -- its secret
    user_agent text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX push_subscriptions_user ON push_subscriptions (user_id);
ALTER TABLE push_subscriptions ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON push_subscriptions FOR ALL TO roomlog_api
    USING (user_id = request_user()) WITH CHECK (user_id = request_user());
GRANT INSERT, UPDATE, DELETE ON push_subscriptions TO roomlog_api;

-- A browser is one person's at a time: who signs in there last.
CREATE FUNCTION release_push_endpoint(url text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    DELETE FROM push_subscriptions WHERE endpoint = url AND user_id <> request_user()
$$;
REVOKE EXECUTE ON FUNCTION release_push_endpoint FROM PUBLIC;
GRANT EXECUTE ON FUNCTION release_push_endpoint TO roomlog_api;

-- What `roomlog notifier` has still to send: the projector writes it with the notification. No foreign key: a browser that
-- is forgotten meanwhile must not stop the projector.
CREATE TABLE push_outbox (
    subscription_id uuid NOT NULL,
    event_id        uuid NOT NULL,
    user_id         uuid NOT NULL,
    queued_at       timestamptz NOT NULL DEFAULT now(),
    due_at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (subscription_id, event_id)
);
CREATE INDEX push_outbox_due ON push_outbox (due_at);

-- People who want a mail about what they have not read; `token` is the secret of the link that ends it.
CREATE TABLE mail_digests (
    user_id    uuid PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    token      uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
    wanted_at  timestamptz NOT NULL DEFAULT now(),
    sent_at    timestamptz                     -- the last one
);
ALTER TABLE mail_digests ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON mail_digests FOR ALL TO roomlog_api
    USING (user_id = request_user()) WITH CHECK (user_id = request_user());
GRANT INSERT, DELETE ON mail_digests TO roomlog_api;
REVOKE ALL ON push_outbox FROM roomlog_api;

CREATE FUNCTION end_mail_digest(secret uuid) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    WITH gone AS (DELETE FROM mail_digests WHERE token = secret RETURNING user_id)
    SELECT EXISTS (SELECT FROM gone)
$$;
REVOKE EXECUTE ON FUNCTION end_mail_digest FROM PUBLIC;
GRANT EXECUTE ON FUNCTION end_mail_digest TO roomlog_api;
