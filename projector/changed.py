"""Records to what they change in the search index: only which messages and rooms, not how. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from projector.batch import Place
from projector.dead_letters import Record
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
    changed: Changed, place: Place, records: Iterable[Record], codec: ChatEventCodec
) -> None:
    """Add records of one partition of chat.events; what the projector refused changes nothing here."""
    for record in records:
        changed.ends[place] = record.offset + 1
        value = record.value or b""
        try:
            event, kind, _ = codec.glance(value)
            if kind in _CHANGED:
                event = codec.decode_fields(value)["body"][1]["target_id"]
            elif kind == _LANGUAGE:
                room = codec.decode_fields(value)["room_id"]
                if is_id(room):
                    changed.rooms[room] = place.partition, record.offset
                continue
            elif kind != _POSTED:
                continue
            if is_id(event):
                changed.messages[event] = None
        except PoisonRecord:
            continue
