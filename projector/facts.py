"""Facts: events of rooms that are not new messages, checked one by one, or many plain ones at once. Pure.

Taken at once are those of the current schema that have nothing but texts, joins and departures above all. Whatever
might be wrong in any way is left out, for the codec to judge. `projector.posts` does the same for messages.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
import numpy as np
from msgspec import Struct

from projector.id_columns import IdColumn, as_texts, ids_at, spelled
from projector.rows import Unstorable, require_id, require_text, require_time
from roomlog.events import (
    BODY_TYPES,
    InviteCreated,
    MemberMuted,
    MessageEdited,
    RoomCreated,
    SealedText,
)
from roomlog.partitions import partition_of
from roomlog.readmodels.tables import EARLIEST_MICROS, LATEST_MICROS
from roomlog.schedules import MessageScheduled, ScheduleChanged
from schemas.columns import ColumnDecoder, Decoded, Ints

_IDS = ("event_id", "room_id", "sender_id")
_HIDDEN = ("key", "node", "via", "trace")
"""What no read model has: it only has to be UTF-8."""
_ID_FIELDS = (
    "user_id",
    "target_id",
    "invite_id",
    "schedule_id",
    "room_id",
    "hook_id",
    "file_id",
    "other_id",
)
_KNOWN_BODIES = 16_384


class Fact(NamedTuple):
    """An event of a room that is not a new message; `at` in microseconds since 1970."""

    event_id: str
    room_id: str
    workspace_id: str
    sender_id: str
    at: int
    partition: int
    offset: int
    body: Struct


class PlainFacts(NamedTuple):
    """Facts side by side, in the order of their records."""

    places: list[int]
    """Which of the records each is."""
    facts: list[Fact]


NO_FACTS = PlainFacts([], [])


def body_of(kind: str, fields: dict[str, Any]) -> Struct:
    """Return the body of a fact, given the name of its type and its fields as a codec reads them.

    Raises msgspec.ValidationError or Unstorable.
    """
    text = fields.get("text")
    if isinstance(text, tuple):  # the codec's form of a union's record branch
        return storable(MessageEdited(require_id(fields["target_id"]), SealedText(**text[1])))
    return storable(msgspec.convert(fields, BODY_TYPES[kind]))


def storable(body: Struct) -> Struct:
    """Return the body; raises Unstorable where a text or an id in it cannot be stored."""
    for name in body.__struct_fields__:
        value = getattr(body, name)
        if name in _ID_FIELDS:
            require_id(value)
        elif type(value) is str:
            require_text(value)
    if isinstance(body, RoomCreated):
        for member in body.members:
            require_id(member.user_id)
        if body.workspace:
            require_id(body.workspace)
    if isinstance(body, InviteCreated):
        require_time(body.expires_at)
    if isinstance(body, MessageScheduled):
        for other in (*body.mentions, *body.attachments, *filter(None, [body.reply_to])):
            require_id(other)
    if isinstance(body, MessageScheduled | ScheduleChanged) and body.send_at is not None:
        require_time(body.send_at)
    if isinstance(body, MemberMuted) and body.until is not None:
        require_time(body.until)
    return body


def plain_facts(
    decoder: ColumnDecoder, found: Decoded, partitions: Sequence[int], offsets: Sequence[int]
) -> PlainFacts:
    """Return the plain facts among decoded records, given where these stand in the log."""
    facts: dict[int, Fact] = {}
    for branch, (places, fields) in found.bodies.items():
        if not decoder.are_texts[branch]:
            continue
        good, ids = _plain(found, places)
        at = places[good]
        envelopes = zip(
            spelled(found.data, found.texts["event_id"].at(at)),
            as_texts(ids["room_id"].value[good]),
            _workspaces(found, at),
            as_texts(ids["sender_id"].value[good]),
            found.numbers["occurred_at"][at].tolist(),
            strict=True,
        )
        pieces = zip(*(found.pieces(spans.at(good)) for spans in fields.values()), strict=True)
        kind, names = decoder.branches[branch], tuple(fields)
        for place, envelope, values in zip(at.tolist(), envelopes, pieces, strict=True):
            body, partition = _known_body(kind, names, values), partitions[place]
            if body is not None and partition_of(envelope[1]) == partition:
                facts[place] = Fact(*envelope, partition, offsets[place], body)
    order = sorted(facts)
    return PlainFacts(order, [facts[place] for place in order])


def _plain(found: Decoded, places: Ints) -> tuple[Ints, dict[str, IdColumn]]:
    """Return which of these records have times and ids that need no closer look, and their ids."""
    times, workspaces = found.numbers["occurred_at"][places], found.texts["workspace_id"].at(places)
    plain = found.plain[places] & (times >= EARLIEST_MICROS) & (times <= LATEST_MICROS)
    plain &= (workspaces.size == 0) | ids_at(found.data, workspaces).good
    ids = {name: ids_at(found.data, found.texts[name].at(places)) for name in _IDS}
    for each in ids.values():
        plain &= each.good
    for name in _HIDDEN:
        plain &= found.are_ascii(found.texts[name].at(places))
    return np.flatnonzero(plain), ids


def _workspaces(found: Decoded, at: Ints) -> list[str]:
    spans = found.texts["workspace_id"].at(at)
    if not spans.size.any():
        return [""] * len(at)
    return [piece.decode() for piece in found.pieces(spans)]


@lru_cache(maxsize=_KNOWN_BODIES)
def _known_body(kind: str, names: tuple[str, ...], values: tuple[bytes, ...]) -> Struct | None:
    """Return the body, None where it is for the codec to judge; the same people come and go again and again."""
    try:
        texts = [value.decode() for value in values]
        return body_of(kind, dict(zip(names, texts, strict=True)))
    except (UnicodeDecodeError, Unstorable, msgspec.ValidationError):
        return None
