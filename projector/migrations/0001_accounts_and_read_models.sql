-- Accounts and credentials live here first: a password never enters the log.
-- Everything below "Read models" is made from the log and can be thrown away and made again.

CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE TABLE accounts (
    id            uuid PRIMARY KEY,
    email         text COLLATE "C",            -- lower case; NULL for people that an import brought
    name          text NOT NULL,
    password_hash text,                        -- NULL: nobody can sign in
    created_at    timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX accounts_email ON accounts (email);

CREATE TABLE auth_sessions (
    id           uuid PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz NOT NULL DEFAULT now(),
    user_agent   text NOT NULL DEFAULT '',
    address      inet,
    revoked_at   timestamptz
);
CREATE INDEX auth_sessions_user ON auth_sessions (user_id);
CREATE INDEX auth_sessions_revoked ON auth_sessions (revoked_at) WHERE revoked_at IS NOT NULL;

CREATE TABLE refresh_tokens (
    token_hash bytea PRIMARY KEY,              -- SHA-256; the token itself is never stored
    session_id uuid NOT NULL REFERENCES auth_sessions (id) ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz                     -- a second use revokes the whole session
);
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);

-- Public facts of accounts on their way to topic user.events, written in the account's own transaction.
CREATE TABLE outbox (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id   uuid NOT NULL,
    user_id    uuid NOT NULL,
    type       text NOT NULL,                  -- UserRegistered, UserRenamed
    name       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Read models.

-- How far each partition is projected; the row is the fence between two projectors.
CREATE TABLE projection_offsets (
    topic     text     NOT NULL,
    partition smallint NOT NULL,
    next      bigint   NOT NULL,               -- offset of the first event that is not projected
    PRIMARY KEY (topic, partition)
) WITH (fillfactor = 50);

CREATE TABLE users (
    id         uuid PRIMARY KEY,
    name       text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX users_name ON users USING gin (name gin_trgm_ops);

CREATE TABLE rooms (
    id             uuid PRIMARY KEY,
    workspace_id   text     NOT NULL DEFAULT '',
    kind           text     NOT NULL,          -- public, private, direct
    name           text     NOT NULL,
    topic          text     NOT NULL DEFAULT '',
    created_by     uuid     NOT NULL,
    created_at     timestamptz NOT NULL,
    partition      smallint NOT NULL,
    created_offset bigint   NOT NULL,
    last_offset    bigint   NOT NULL,          -- of the room's last event of any type
    last_event_at  timestamptz NOT NULL,
    member_count   integer  NOT NULL DEFAULT 0,
    message_count  bigint   NOT NULL DEFAULT 0 -- messages posted, deleted ones included
) WITH (fillfactor = 70);
CREATE INDEX rooms_name ON rooms USING gin (name gin_trgm_ops);
CREATE INDEX rooms_listed ON rooms (kind, name, id);

CREATE TABLE members (
    room_id       uuid NOT NULL,
    user_id       uuid NOT NULL,
    role          text NOT NULL,               -- owner, moderator, member
    joined_offset bigint NOT NULL,
    joined_at     timestamptz NOT NULL,
    PRIMARY KEY (room_id, user_id)
);
CREATE INDEX members_user ON members (user_id, room_id);

CREATE TABLE messages (
    room_id     uuid   NOT NULL,
    "offset"    bigint NOT NULL,               -- in the room's partition: the order of the log
    event_id    uuid   NOT NULL,
    sender_id   uuid   NOT NULL,
    sent_at     timestamptz NOT NULL,
    text        text,                          -- NULL: sealed, or deleted
    sealed      jsonb,                         -- key_id, nonce, ciphertext (base64)
    reply_to    uuid,
    mentions    uuid[] NOT NULL DEFAULT '{}',
    attachments jsonb  NOT NULL DEFAULT '[]',
    edited_at   timestamptz,
    deleted_at  timestamptz,
    PRIMARY KEY (room_id, "offset"),
    UNIQUE (event_id, room_id)                 -- one effect per event, and the way from an id to its message
);
CREATE INDEX messages_replies ON messages (room_id, reply_to, "offset") WHERE reply_to IS NOT NULL;
CREATE INDEX messages_time ON messages (room_id, sent_at);

CREATE TABLE reactions (
    room_id    uuid NOT NULL,
    event_id   uuid NOT NULL,                  -- of the message
    emoji      text NOT NULL,
    user_id    uuid NOT NULL,
    reacted_at timestamptz NOT NULL,
    PRIMARY KEY (event_id, room_id, emoji, user_id)
);

-- Ids of the events that took effect, messages aside (their table knows its own): the log may hold an
-- event twice, and the second time it must not, say, bring a member back who has left since.
CREATE TABLE applied_events (
    event_id uuid PRIMARY KEY
);

-- When each user was last seen; who is here right now is in Valkey.
CREATE TABLE presence (
    user_id    uuid PRIMARY KEY,
    state      text NOT NULL,                  -- online, away, offline
    changed_at timestamptz NOT NULL
);
