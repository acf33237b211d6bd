-- Events that stand in the log and have no effect, because their sender was no member at their place any
-- more (`roomlog.rooms.takes_effect`): ingest nodes leave them out of what a client missed.
CREATE TABLE void_events (
    room_id  uuid   NOT NULL,
    "offset" bigint NOT NULL,
    PRIMARY KEY (room_id, "offset")
);
