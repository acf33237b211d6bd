-- Counters of rooms, so that nothing is counted when somebody asks; former texts, texts of deleted messages, pins,
-- and messages that are to be sent later. What can be made of the tables that are there, is made below; former texts
-- and those of messages that were deleted before only `roomlog rebuild` brings.

ALTER TABLE rooms ADD COLUMN deleted_count bigint NOT NULL DEFAULT 0;  -- of message_count, those that are deleted now

-- Every 1,000th message of each room: where pages are counted from, and how many messages stand before a place.
CREATE TABLE message_marks (
    room_id  uuid   NOT NULL,
    number   bigint NOT NULL,                  -- from 1, deleted ones included
    "offset" bigint NOT NULL,
    PRIMARY KEY (room_id, number),
    UNIQUE (room_id, "offset")
);

-- How much was said in each room, by the hour.
CREATE TABLE room_stats (
    room_id  uuid    NOT NULL,
    hour     integer NOT NULL,                 -- since 1970
    messages integer NOT NULL,
    PRIMARY KEY (room_id, hour)
) WITH (fillfactor = 70);

-- Who wrote in each room, and on which day last.
CREATE TABLE room_senders (
    room_id  uuid    NOT NULL,
    user_id  uuid    NOT NULL,
    last_day integer NOT NULL,                 -- since 1970
    PRIMARY KEY (room_id, user_id)
);
CREATE INDEX room_senders_day ON room_senders (room_id, last_day);

-- Every text that an edited message had, the one that it has among them.
CREATE TABLE message_texts (
    room_id    uuid   NOT NULL,
    event_id   uuid   NOT NULL,                -- of the message
    "offset"   bigint NOT NULL,                -- of the event that gave it this text
    sender_id  uuid   NOT NULL,
    written_at timestamptz NOT NULL,
    text       text,
    sealed     jsonb,
    PRIMARY KEY (room_id, event_id, "offset")
);

-- What deleted messages said, for when they are restored. The API cannot read it.
CREATE TABLE deleted_messages (
    room_id     uuid   NOT NULL,
    event_id    uuid   NOT NULL,
    deleted_by  uuid   NOT NULL,
    text        text,
    sealed      jsonb,
    mentions    uuid[] NOT NULL,
    attachments jsonb  NOT NULL,
    PRIMARY KEY (room_id, event_id)
);

CREATE TABLE pins (
    room_id   uuid   NOT NULL,
    event_id  uuid   NOT NULL,                 -- of the message
    "offset"  bigint NOT NULL,                 -- of the event that pinned it
    pinned_by uuid   NOT NULL,
    pinned_at timestamptz NOT NULL,
    PRIMARY KEY (room_id, event_id)
);

-- Messages that are, or were, to be sent later.
CREATE TABLE scheduled_messages (
    id         uuid   PRIMARY KEY,
    user_id    uuid   NOT NULL,
    room_id    uuid   NOT NULL,
    message_id uuid   NOT NULL,                -- that the message will have
    text       text   NOT NULL,
    reply_to   uuid,
    mentions   uuid[] NOT NULL,
    send_at    timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    state      text   NOT NULL,                -- waiting, sending, sent, refused, cancelled
    reason     text   NOT NULL                 -- of a refused one
);
CREATE INDEX scheduled_messages_user ON scheduled_messages (user_id, send_at);
CREATE INDEX scheduled_messages_due ON scheduled_messages (send_at) WHERE state IN ('waiting', 'sending');

-- What is there already.

INSERT INTO message_marks (room_id, number, "offset")
SELECT room_id, number, "offset" FROM (
    SELECT m.room_id, m."offset", row_number() OVER (PARTITION BY m.room_id ORDER BY m."offset") AS number
    FROM messages m JOIN rooms r ON r.id = m.room_id
) numbered WHERE number % 1000 = 0;

INSERT INTO room_stats (room_id, hour, messages)
SELECT room_id, floor(extract(epoch FROM sent_at) / 3600), count(*) FROM messages GROUP BY 1, 2;

INSERT INTO room_senders (room_id, user_id, last_day)
SELECT room_id, sender_id, floor(extract(epoch FROM max(sent_at)) / 86400) FROM messages GROUP BY 1, 2;

UPDATE rooms SET deleted_count = gone.count
FROM (SELECT room_id, count(*) FROM messages WHERE deleted_at IS NOT NULL GROUP BY 1) gone
WHERE rooms.id = gone.room_id;

-- Who reads what. As in 0006: functions, for a rebuild replaces the tables.

REVOKE ALL ON room_stats, room_senders, deleted_messages FROM roomlog_api;

-- How lively a room is, also for those who may see it and not read it: the API asks only for such. Messages since
-- the beginning of the hour a day and a week ago; people of the last seven days (UTC), today included.
CREATE OR REPLACE FUNCTION room_activity(room uuid, OUT day bigint, OUT week bigint, OUT senders bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT coalesce(sum(s.messages) FILTER (WHERE s.hour >= now_.hour - 24), 0), coalesce(sum(s.messages), 0),
           (SELECT count(*) FROM room_senders p WHERE p.room_id = room AND p.last_day > now_.hour / 24 - 7)
    FROM (SELECT floor(extract(epoch FROM now()) / 3600)::integer AS hour) now_
    LEFT JOIN room_stats s ON s.room_id = room AND s.hour >= now_.hour - 7 * 24
    GROUP BY now_.hour
$$;

-- How many messages of a room its reader may not read, because they joined later: at most 1,000 are looked at.
CREATE FUNCTION messages_before_joining(room uuid) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT coalesce(k.number, 0) + (
        SELECT count(*) FROM messages m
        WHERE m.room_id = room AND m."offset" > coalesce(k."offset", -1) AND m."offset" < u.joined_offset)
    FROM members u JOIN rooms r ON r.id = u.room_id AND r.history = 'joined'
    LEFT JOIN LATERAL (
        SELECT number, "offset" FROM message_marks
        WHERE room_id = room AND "offset" < u.joined_offset ORDER BY "offset" DESC LIMIT 1
    ) k ON true
    WHERE u.room_id = room AND u.user_id = request_user()
$$;

-- Whether a message is there for the reader: former texts are for nobody else.
CREATE FUNCTION may_read_message(room uuid, message uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT EXISTS (
        SELECT FROM messages m JOIN rooms r ON r.id = m.room_id
        JOIN members u ON u.room_id = m.room_id AND u.user_id = request_user()
        WHERE m.room_id = room AND m.event_id = message AND m.deleted_at IS NULL
          AND (r.history <> 'joined' OR m."offset" >= u.joined_offset))
$$;

-- Messages whose time has come, of whomever: for the worker that sends them.
CREATE FUNCTION due_messages(at_most integer)
RETURNS TABLE (id uuid, user_id uuid, room_id uuid, text text, reply_to uuid, mentions uuid[], state text,
               is_sent boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT s.id, s.user_id, s.room_id, s.text, s.reply_to, s.mentions, s.state,
           EXISTS (SELECT FROM messages m WHERE m.event_id = s.message_id AND m.room_id = s.room_id)
    FROM scheduled_messages s WHERE s.state IN ('waiting', 'sending') AND s.send_at <= now()
    ORDER BY s.send_at, s.id LIMIT at_most
$$;

REVOKE EXECUTE ON FUNCTION messages_before_joining, may_read_message, due_messages FROM PUBLIC;
GRANT EXECUTE ON FUNCTION messages_before_joining, may_read_message, due_messages TO roomlog_api;

ALTER TABLE message_marks ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON message_marks FOR SELECT TO roomlog_api USING (room_id IN (SELECT joined_rooms()));
ALTER TABLE message_texts ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON message_texts FOR SELECT TO roomlog_api USING (may_read_message(room_id, event_id));
ALTER TABLE pins ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON pins FOR SELECT TO roomlog_api USING (room_id IN (SELECT joined_rooms()));
ALTER TABLE scheduled_messages ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON scheduled_messages FOR SELECT TO roomlog_api USING (user_id = request_user());
