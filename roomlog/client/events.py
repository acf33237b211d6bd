"""The events of one room, as an iterator."""

from types import TracebackType
from typing import TYPE_CHECKING, Self

from roomlog.client.mailbox import Mailbox
from roomlog.client.replies import Frame
from roomlog.errors import ErrorCode, Refused

if TYPE_CHECKING:
    from roomlog.client.client import Client


class RoomReset(Exception):
    """The log cannot be resumed from the cursor that this room was followed from.

    Fetch a snapshot over REST (`GET /api/v1/rooms/ROOM/messages`) and follow the room from its cursor.
    `reason` is `gap_too_large` (away for too long) or `epoch_changed` (another log).
    """

    def __init__(self, room: str, reason: str) -> None:
        super().__init__(f"room {room} cannot be resumed ({reason}): fetch a snapshot, then follow")
        self.room = room
        self.reason = reason


class RoomEvents:
    """Follows a room while its `async with` lasts; iterate it for the events, in the order of the log.

    Iterating raises RoomReset, Refused where the room cannot be followed any more, and ConnectionEnded
    where the nodes do not want the client any more; it stops when the client is closed.
    """

    def __init__(self, client: "Client", mailbox: Mailbox, room: str, cursor: str | None) -> None:
        self._client, self._mailbox, self._room, self._cursor = client, mailbox, room, cursor

    async def __aenter__(self) -> Self:
        self._client.divert(self._room, self._mailbox)
        try:
            await self._client.subscribe(self._room, self._cursor)
        except BaseException:
            self._client.divert(self._room, None)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._client.divert(self._room, None)
        self._mailbox.clear()
        self._client.leave_off(self._room)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Frame:
        frame = await self._client.take(self._mailbox)
        if frame is None:
            self._client.raise_if_refused()
            raise StopAsyncIteration
        if frame["op"] == "reset":
            raise RoomReset(self._room, frame["reason"])
        if frame["op"] == "error":
            raise Refused(ErrorCode(frame["code"]), frame["message"])
        return frame
