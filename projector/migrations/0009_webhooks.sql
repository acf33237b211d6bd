-- Webhooks: events of a room (or of the public rooms of a workspace) are sent to addresses of other systems.

-- What is to be sent where. Not made from the log: a secret never enters it.
CREATE TABLE webhooks (
    id           uuid PRIMARY KEY,
    room_id      uuid   NOT NULL,                -- or a workspace's id
    url          text   NOT NULL,
    types        text[] NOT NULL DEFAULT '{}',   -- of events; none: every one
    bots         boolean NOT NULL DEFAULT false, -- also what bots post
    secret       text   NOT NULL,
    old_secret   text,                           -- signs too, while others learn of the new one
    old_until    timestamptz,
    starts       jsonb  NOT NULL,                -- partition -> offset of the first event that is sent
    created_by   uuid   NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    paused_at    timestamptz,                    -- NULL: it is sent
    paused_why   text,                           -- NULL where its owner paused it
    owner_told   boolean NOT NULL DEFAULT true,
    dead_in_row  integer NOT NULL DEFAULT 0      -- deliveries given up since the last one that was taken
);
CREATE INDEX webhooks_room ON webhooks (room_id);

-- What is sent of one room by one webhook, one after the other. Deliveries are a window on the log: the rows from
-- `refill` on are made of it once those before are gone.
CREATE TABLE webhook_lanes (
    webhook_id    uuid     NOT NULL,
    room_id       uuid     NOT NULL,
    partition     smallint NOT NULL,
    next_at       timestamptz NOT NULL,          -- when to try next; infinity: nothing waits
    attempts      integer  NOT NULL DEFAULT 0,   -- of the first delivery that waits
    claim         uuid,                          -- of who is sending
    claimed_until timestamptz NOT NULL DEFAULT '-infinity',
    refill        bigint,                        -- NULL: what is new becomes a row at once
    PRIMARY KEY (webhook_id, room_id)
) WITH (fillfactor = 50);
CREATE INDEX webhook_lanes_due ON webhook_lanes (webhook_id, next_at) WHERE next_at < 'infinity';
CREATE INDEX webhook_lanes_refill ON webhook_lanes (partition) WHERE refill IS NOT NULL;

CREATE TABLE webhook_deliveries (
    webhook_id   uuid   NOT NULL,
    room_id      uuid   NOT NULL,
    "offset"     bigint NOT NULL,
    id           uuid   NOT NULL,                -- derived: the same however often it is sent
    event_id     uuid   NOT NULL,
    type         text   NOT NULL,
    body         text,                           -- NULL once it was taken
    state        text   NOT NULL DEFAULT 'waiting', -- waiting, delivered, dead
    attempts     integer NOT NULL DEFAULT 0,
    created_at   timestamptz NOT NULL DEFAULT now(),
    attempted_at timestamptz,
    status       integer,                        -- of the last answer; NULL: there was none
    error        text,
    PRIMARY KEY (webhook_id, room_id, "offset")
);
CREATE UNIQUE INDEX webhook_deliveries_id ON webhook_deliveries (id);
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (webhook_id, room_id, "offset") WHERE state = 'waiting';
CREATE INDEX webhook_deliveries_dead ON webhook_deliveries (webhook_id) WHERE state = 'dead';
CREATE INDEX webhook_deliveries_attempted ON webhook_deliveries (webhook_id, attempted_at DESC)
    WHERE attempted_at IS NOT NULL;
CREATE INDEX webhook_deliveries_shown ON webhook_deliveries (webhook_id, created_at DESC, id);

-- How far each partition is looked through; the row is the fence between two workers.
CREATE TABLE webhook_offsets (
    topic     text     NOT NULL,
    partition smallint NOT NULL,
    next      bigint   NOT NULL,
    PRIMARY KEY (topic, partition)
) WITH (fillfactor = 50);

-- Sends a delivery that was given up once more; returns whether there was one.
CREATE FUNCTION webhook_again(delivery uuid) RETURNS boolean LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE found_ webhook_deliveries;
BEGIN
    UPDATE webhook_deliveries SET state = 'waiting', attempts = 0
    WHERE id = delivery AND state = 'dead' RETURNING * INTO found_;
    IF found_.id IS NULL THEN RETURN false; END IF;
    UPDATE webhook_lanes SET next_at = now(), attempts = 0
    WHERE webhook_id = found_.webhook_id AND room_id = found_.room_id;
    RETURN true;
END $$;

-- Sends all of a room from an offset on once more, in its order, and only then what is newer.
CREATE FUNCTION webhook_from(webhook uuid, room uuid, part smallint, since bigint) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO webhook_lanes AS l (webhook_id, room_id, partition, next_at, refill)
    VALUES (webhook, room, part, 'infinity', since)
    ON CONFLICT (webhook_id, room_id) DO UPDATE SET refill = least(coalesce(l.refill, since), since),
        attempts = 0, claim = NULL;
    DELETE FROM webhook_deliveries
    WHERE webhook_id = webhook AND room_id = room AND "offset" >= since AND state <> 'dead';
END $$;

GRANT INSERT, UPDATE, DELETE ON webhooks TO roomlog_api;
GRANT INSERT, UPDATE, DELETE ON webhook_lanes, webhook_deliveries TO roomlog_api;
REVOKE EXECUTE ON FUNCTION webhook_again, webhook_from FROM PUBLIC;
GRANT EXECUTE ON FUNCTION webhook_again, webhook_from TO roomlog_api;

ALTER TABLE webhooks ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON webhooks TO roomlog_api USING (room_id IN (SELECT own_rooms()));
ALTER TABLE webhook_lanes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON webhook_lanes TO roomlog_api USING (webhook_id IN (SELECT id FROM webhooks));
ALTER TABLE webhook_deliveries ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON webhook_deliveries TO roomlog_api USING (webhook_id IN (SELECT id FROM webhooks));
