"""Whether a push that is due is sent, waits or is dropped. Pure."""

from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from projector.notifier.wording import title
from roomlog.mutes import Mute, MuteLevel, is_heard
from roomlog.push import PushMessage

Decision = Literal["send", "wait", "drop"]

LOOK_AGAIN = timedelta(seconds=30)
"""After this long somebody who was there is looked for again: they may just have lost their connection."""
GONE_BY = timedelta(minutes=2)
"""Who is there for this long without reading it was told in the page."""
KEPT = timedelta(days=1)
"""What could not be sent for this long is dropped; a push service is asked to keep it no longer, too."""


class Due(NamedTuple):
    """A notification for one browser, as things are now."""

    subscription: str
    event: str
    user: str
    age: timedelta
    endpoint: str
    p256dh: str
    auth: str
    kind: str
    room: str | None
    offset: int | None
    occurred_at: datetime
    text: str | None
    room_name: str
    sender: str
    level: MuteLevel | None
    ends_at: int | None
    is_unread: bool
    """As the read models say; not of a session that was ended, nor of somebody whom the user has blocked."""


def decide(due: Due, is_there: bool, marker: int | None, now: int) -> Decision:
    """Return what becomes of it.

    `is_there` says whether the person has a page open, `marker` how far they have read the room by the
    newest marker, `now` is in microseconds since 1970.
    """
    mute = None if due.level is None else Mute(due.level, due.ends_at)
    is_read = not due.is_unread or (
        marker is not None and due.offset is not None and marker >= due.offset
    )
    if is_read or due.age > KEPT or not is_heard(mute, due.kind, now):
        return "drop"
    if is_there:
        return "wait" if due.age < GONE_BY else "drop"
    return "send"


def message(due: Due) -> PushMessage:
    """Return what the browser is told."""
    at = due.occurred_at.isoformat()
    tag = f"{due.kind}:{due.event}"
    called = title(due.kind, due.sender, due.room_name)
    return PushMessage(due.kind, tag, due.event, due.room or "", called, due.text or "", at)
