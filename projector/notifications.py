"""Whom the messages of a batch are for: rows of `notifications`. Pure.

The same rule as `roomlog.notifications.concerned`, asked of memberships as they are at each message's place.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from projector.batch import Message
from projector.fold import Changes, MemberKey, Prior, is_member_at


class ToldOfMessage(NamedTuple):
    """Somebody is to be told of a message; the rest of the row is in the message's own."""

    user: str
    kind: str
    event: str
    room: str


def mentioned_members(
    messages: Mapping[bytes, Message], mentions: Mapping[bytes, list[str]]
) -> Iterator[MemberKey]:
    """Yield the memberships of which it must be known what they were."""
    for event, users in mentions.items():
        if (message := messages.get(event)) is not None:
            for user in users:
                yield message.room_id, user


def told_of_messages(
    messages: Mapping[bytes, Message],
    mentions: Mapping[bytes, list[str]],
    prior: Prior,
    changes: Changes,
) -> list[ToldOfMessage]:
    """Return who is told of which messages; these are the ones that take effect."""
    found: dict[tuple[bytes, str], str] = {}
    if direct := _direct_rooms(prior, changes):
        for event, message in messages.items():
            for user in direct.get(message.room_id, ()):
                found[event, user] = "direct"
    for event, users in mentions.items():
        for user in users:
            found[event, user] = "mention"
    return [
        ToldOfMessage(user, kind, event.hex(), messages[event].room_id)
        for (event, user), kind in found.items()
        if event in messages and _is_told(messages[event], user, prior, changes)
    ]


def _is_told(message: Message, user: str, prior: Prior, changes: Changes) -> bool:
    key = message.room_id, user
    return user != message.sender_id and is_member_at(changes, prior, key, message.offset)


def _direct_rooms(prior: Prior, changes: Changes) -> dict[str, Collection[str]]:
    """Return everybody who is or was a member of each direct room."""
    made = {room for room, (_, body) in changes.rooms.items() if body.kind == "direct"}
    rooms = prior.direct | made
    found: dict[str, set[str]] = {room: set() for room in rooms}
    if rooms:
        for room, user in (*prior.members, *changes.turns):
            if room in found:
                found[room].add(user)
    return dict(found)
