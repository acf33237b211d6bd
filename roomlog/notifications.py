"""Who is told of an event beside those who follow its room: the mentioned, the invited, the other of two.

The node that writes an event knows the room, so it names them in the record's header NOTIFY; the streams
turn that into one signal for each, so that a death on the way delays a notification and loses none. Pure.
"""

from collections.abc import Iterable, Iterator, Sequence

from roomlog.events import ChatEvent, MemberInvited, MessagePosted, RoomCreated
from roomlog.rooms import Room
from roomlog.signals import NotificationKind, UserNotified

NOTIFY = "notify"
"""Header of a record of chat.events: the ids of users, one after the other."""
TEXT_CHARS = 140
_ID_LENGTH = 36

Headers = list[tuple[str, bytes]]
NO_HEADERS: Headers = []
"""A list, because aiokafka takes nothing else."""


def concerned(room: Room, sender: str, body: object) -> list[str]:
    """Return the members of a room, as it was before the event, that the event is for; not its sender."""
    match body:
        case MessagePosted(mentions=mentions):
            if room.kind != "direct" and not mentions:
                return []
            meant = room.members if room.kind == "direct" else mentions
            found = [user for user in dict.fromkeys(meant) if user in room.members]
        case MemberInvited(user_id=user):
            found = [user]
        case RoomCreated(members=members):
            found = [member.user_id for member in members]
        case _:
            return []
    return [user for user in found if user != sender]


def headers(users: Iterable[str]) -> Headers:
    """Return the headers of a record that these users are to be told of."""
    joined = "".join(users).encode()
    return [(NOTIFY, joined)] if joined else NO_HEADERS


def named(found: Sequence[tuple[str, bytes]]) -> list[str]:
    """Return the users that a record's headers name."""
    joined = next((value for name, value in found if name == NOTIFY), b"").decode("ascii", "ignore")
    return [joined[at : at + _ID_LENGTH] for at in range(0, len(joined), _ID_LENGTH)]


def notifications(event: ChatEvent, offset: int, users: Iterable[str]) -> Iterator[UserNotified]:
    """Return what each of the users is told of an event at this offset."""
    text = _beginning(event)
    for user in users:
        yield UserNotified(
            user,
            _kind(event, user),
            event.room_id,
            offset,
            event.event_id,
            event.sender_id,
            event.occurred_at,
            text,
        )


def _kind(event: ChatEvent, user: str) -> NotificationKind:
    if not isinstance(event.body, MessagePosted):
        return "invite"
    return "mention" if user in event.body.mentions else "direct"


def _beginning(event: ChatEvent) -> str | None:
    body = event.body
    if isinstance(body, MessagePosted) and isinstance(body.text, str):
        return body.text[:TEXT_CHARS]
    return None
