"""Records to what they change in the search index: only which messages and rooms, not how. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from projector.batch import Place
from projector.dead_letters import Record
from projector.id_columns import ids_at, spelled
from projector.posts import PAYS_FROM
from roomlog.ids import is_id
from schemas.codec import ChatEventCodec, PoisonRecord

_POSTED = "MessagePosted"
_CHANGED = ("MessageEdited", "MessageDeleted", "MessageRestored")
_LANGUAGE = "RoomLanguageChanged"


@dataclass(slots=True)
class Changed:
    """What some records tell of."""

    messages: dict[str, None] = field(default_factory=dict)
    """Ids of messages that are new, or different from before."""
    rooms: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Rooms that speak another language: their partition, and the offset since which they do."""
    ends: dict[Place, int] = field(default_factory=dict)
    """Where each partition goes on after these."""


def add_records(
    changed: Changed, records: Mapping[Place, Sequence[Record]], codec: ChatEventCodec
) -> None:
    """Add records of chat.events; what the projector refused changes nothing here."""
    changed.ends |= {place: some[-1].offset + 1 for place, some in records.items()}
    every = [record for some in records.values() for record in some]
    places, events = _plain_posts(every, codec)
    changed.messages |= dict.fromkeys(events)
    for place in sorted(set(range(len(every))).difference(places)):
        _add_record(changed, every[place], codec)


def _plain_posts(records: Sequence[Record], codec: ChatEventCodec) -> tuple[list[int], list[str]]:
    """Return which of many records are new messages, and their ids; of any that is odd in some way nothing."""
    if len(records) < PAYS_FROM:
        return [], []
    found = codec.columns.decode([record.value or b"" for record in records])
    posted = found.plain & (found.branch == codec.columns.branches.index(_POSTED))
    posted &= ids_at(found.data, found.texts["event_id"]).good
    places = np.flatnonzero(posted)
    return places.tolist(), spelled(found.data, found.texts["event_id"].at(places))


def _add_record(changed: Changed, record: Record, codec: ChatEventCodec) -> None:
    value = record.value or b""
    try:
        event, kind, _ = codec.glance(value)
        if kind in _CHANGED:
            event = codec.decode_fields(value)["body"][1]["target_id"]
        elif kind == _LANGUAGE:
            room = codec.decode_fields(value)["room_id"]
            if is_id(room):
                changed.rooms[room] = record.partition, record.offset
            return
        elif kind != _POSTED:
            return
        if is_id(event):
            changed.messages[event] = None
    except PoisonRecord:
        return
