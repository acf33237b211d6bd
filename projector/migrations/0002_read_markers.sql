-- How far each user has read each room: the largest of the markers in topic chat.reads.
CREATE TABLE read_markers (
    user_id   uuid   NOT NULL,
    room_id   uuid   NOT NULL,
    "offset"  bigint NOT NULL,                 -- in the room's partition of chat.events
    marked_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, room_id)
) WITH (fillfactor = 70);
