"""Fan-out: which node gets which records of chat.events. Pure; nothing here decodes Avro.

The room is the record's key; the event id, wanted only to drop a repeated event, is the first field
after the wire format's header.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

from roomlog.deliveries import Range
from schemas.wire import HEADER_BYTES, ID_BYTES, event_id
from streams.tables import Partition, Record

_ID_LENGTH_ZIGZAG = ID_BYTES << 1
_SHORTEST = HEADER_BYTES + 1 + ID_BYTES


class RawRecord(Protocol):
    """What fan-out reads of a record of the log."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


def examine(partition: Partition, records: Sequence[RawRecord]) -> int:
    """Take in a run of records in log order, and return how many are now pending for nodes.

    Records that were examined before are passed over (a consumer goes back after a rebalance), as are
    repeated events and records that cannot be events: without key or too short. A record counts once
    for each node. Where the run does not begin at the next offset, ranges begin anew. Records with
    headers, which name users to be told, are added to `partition.naming`.
    """
    first, last = records[0].offset, records[-1].offset
    start = partition.examined
    if start is None or first > start:
        partition.restart_at(first)
        start = first
    rooms, pending, seen = partition.rooms, partition.pending, partition.recent.seen
    count = 0
    for record in records:
        key, value = record.key, record.value
        if record.offset < start or not key or not value or len(value) < _SHORTEST:
            continue
        quick = value[HEADER_BYTES] == _ID_LENGTH_ZIGZAG
        if seen(value[HEADER_BYTES + 1 : _SHORTEST] if quick else event_id(value)):
            continue
        if record.headers:
            partition.naming.append(record)
        if (room := rooms.get(key)) is not None:
            item = (record.offset, room.id, value)
            for node in room.nodes:
                pending.setdefault(node, []).append(item)
                count += 1
    partition.examined = max(start, last + 1)
    return count


def take(partition: Partition) -> Iterable[tuple[str, Range]]:
    """Return, and forget, what is pending: one range for each node that has records in it."""
    if not partition.pending:
        return ()
    pending, partition.pending = partition.pending, {}
    return [(node, _range(partition, node, records)) for node, records in pending.items()]


def progress(partition: Partition) -> Iterable[tuple[str, Range]]:
    """Return empty ranges for the nodes that were not told yet how far the worker is.

    To be called after `take`: what is pending must go first.
    """
    stop = partition.examined
    if stop is None:
        return ()
    behind = [node for node, sent in partition.sent_to.items() if sent < stop]
    return [(node, _range(partition, node, [])) for node in behind]


def _range(partition: Partition, node: str, records: list[Record]) -> Range:
    stop = partition.examined or 0
    start = partition.sent_to.get(node, stop)
    partition.sent_to[node] = stop
    return Range(partition.number, start, stop, records)
