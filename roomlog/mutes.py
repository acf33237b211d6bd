"""Muted rooms: what somebody still hears of them. Pure.

A mute is a person's own: it is no event of the room, which everybody there would see, but a record of
topic `chat.reads` (decision 18).
"""

from typing import Literal

from msgspec import Struct

MuteLevel = Literal["mentions", "nothing"]
"""What is still heard of a room that is muted."""


class Mute(Struct, frozen=True):
    """How a room is muted; `ends_at` in microseconds since 1970, None: until it is unmuted."""

    level: MuteLevel
    ends_at: int | None = None

    def holds(self, now: int) -> bool:
        """Tell whether it (still) counts; `now` in microseconds since 1970."""
        return self.ends_at is None or self.ends_at > now


def is_heard(mute: Mute | None, kind: str, now: int) -> bool:
    """Tell whether somebody is told of a notification of this kind in a room that they muted so.

    Only what is said in a room can be muted; an invitation never is.
    """
    if mute is None or kind not in ("mention", "direct") or not mute.holds(now):
        return True
    return mute.level == "mentions" and kind == "mention"
