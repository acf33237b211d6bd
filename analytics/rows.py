"""The rows of an export: their columns, and the careful way from one record to one row.

`schemas.columns` is the fast way; it leaves to this one whatever is not plain.
"""

from typing import Any, NamedTuple

import msgspec
import pyarrow as pa

from roomlog.events import ChatEvent, MessageEdited, MessagePosted
from roomlog.protocol.event_frames import event_details

SCHEMA = pa.schema(
    [
        pa.field("partition", pa.int32(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("room_id", pa.string(), nullable=False),
        pa.field("sender_id", pa.string(), nullable=False),
        pa.field("type", pa.string(), nullable=False),
        pa.field("ts", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("key", pa.string(), nullable=False),
        pa.field("body", pa.string(), nullable=False),
        pa.field("text", pa.string()),
        pa.field("reply_to", pa.string()),
    ]
)
"""`body` is JSON, in the form in which clients see the event's `d`; `text` and `reply_to` are taken out of it."""

_encode = msgspec.json.Encoder().encode


class Row(NamedTuple):
    """One event, in the order of SCHEMA; `ts` is microseconds since 1970, `body` is JSON."""

    partition: int
    offset: int
    event_id: str
    room_id: str
    sender_id: str
    type: str
    ts: int
    key: str
    body: str
    text: str | None
    reply_to: str | None


def row_of(event: ChatEvent, partition: int, offset: int) -> Row:
    """Return the row of one event."""
    body = event.body
    text = body.text if isinstance(body, MessagePosted | MessageEdited) else None
    return Row(
        partition,
        offset,
        event.event_id,
        event.room_id,
        event.sender_id,
        event.type,
        event.occurred_at,
        event.key,
        _encode(event_details(event)).decode(),
        text if isinstance(text, str) else None,
        body.reply_to if isinstance(body, MessagePosted) else None,
    )


def rows_of(batch: Any) -> list[Row]:
    """Return a RecordBatch of SCHEMA as rows."""
    columns = [batch.column(n) for n in SCHEMA.names]
    columns[Row._fields.index("ts")] = batch.column("ts").cast(pa.int64())
    return list(map(Row, *(c.to_pylist() for c in columns)))


def batch_of(rows: list[Row]) -> Any:
    """Return rows as a pyarrow.RecordBatch of SCHEMA."""
    columns = list(zip(*rows, strict=True)) or [()] * len(SCHEMA)
    arrays = [pa.array(c, f.type) for c, f in zip(columns, SCHEMA, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)
