-- Full-text search. The index is a table of its own, which `roomlog indexer` fills behind the projector: from an
-- empty one it takes in the whole log, and meanwhile nothing waits for it.
CREATE EXTENSION IF NOT EXISTS btree_gin;

ALTER TABLE rooms ADD COLUMN language text NOT NULL DEFAULT 'simple';

-- Messages that have a text. A room and a sender are keys of the index too: one that asks for a common word and
-- a rare sender reads neither's list as a whole.
CREATE TABLE message_search (
    room_id   uuid        NOT NULL,
    sent_at   timestamptz NOT NULL,
    "offset"  bigint      NOT NULL,
    sender_id uuid        NOT NULL,
    words     tsvector    NOT NULL,            -- `roomlog.search.lexemes`
    PRIMARY KEY (room_id, sent_at, "offset")   -- the order in which hits are shown
) WITH (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);
-- Whoever searches reads what is pending in it from one end to the other: little.
CREATE INDEX message_search_words ON message_search USING gin (room_id, sender_id, words)
    WITH (gin_pending_list_limit = 512);

-- How far each partition is indexed; the row is the fence between two indexers.
CREATE TABLE search_offsets (
    topic     text     NOT NULL,
    partition smallint NOT NULL,
    next      bigint   NOT NULL,               -- offset of the first event that is not indexed
    PRIMARY KEY (topic, partition)
) WITH (fillfactor = 50);

-- Rooms whose messages before `until` are to be indexed anew, in another language, from `next` on.
CREATE TABLE search_reindex (
    room_id   uuid PRIMARY KEY,
    partition smallint NOT NULL,
    next      bigint   NOT NULL,
    until     bigint   NOT NULL
);
