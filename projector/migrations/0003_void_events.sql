-- Events that stand in the log and have no effect, because their sender was no member at their place any
-- more (`roomlog.rooms.takes_effect`): ingest nodes leave them out of what a client missed.
CREATE TABLE void_events (
    room_id  uuid   NOT NULL,
    "offset" bigint NOT NULL,
    event_id uuid   NOT NULL,                  -- the log may hold it once more: it has no effect there either
    PRIMARY KEY (room_id, "offset")
);
