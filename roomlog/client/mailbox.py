"""Frames that wait for a program to take them, and a bound on how many do."""

import asyncio
from collections import deque

from roomlog.client.replies import Frame

MOST_OF_A_ROOM = 1_000
MOST_OF_ALL = 10_000
"""Frames that may wait; with half as many, a room that was put aside goes on."""
_KEPT = frozenset({"event", "reset", "error"})
"""What is never dropped of a room: events are as many as the bound at most, the others one a room."""


class Load:
    """How many frames wait, of each room and of all."""

    def __init__(self) -> None:
        self._rooms: dict[str, int] = {}
        self.all = 0

    def add(self, frame: Frame) -> None:
        """A frame waits."""
        self.all += 1
        if (room := frame.get("room")) is not None:
            self._rooms[room] = self._rooms.get(room, 0) + 1

    def remove(self, frame: Frame) -> None:
        """A frame was taken."""
        self.all -= 1
        if (room := frame.get("room")) is not None:
            self._rooms[room] -= 1
            if not self._rooms[room]:
                del self._rooms[room]

    def is_full(self, room: str) -> bool:
        """Whether a room has to be put aside."""
        return self.all >= MOST_OF_ALL or self._rooms.get(room, 0) >= MOST_OF_A_ROOM

    def is_light(self, room: str) -> bool:
        """Whether a room that was put aside can go on."""
        few = self._rooms.get(room, 0) <= MOST_OF_A_ROOM // 2
        return few and self.all <= MOST_OF_ALL // 2

    def has_place(self, frame: Frame) -> bool:
        """Whether a frame is to be kept; with too many waiting, what is ephemeral is not."""
        of_a_room = frame.get("room") is not None and frame["op"] in _KEPT
        return of_a_room or self.all < MOST_OF_ALL


class Mailbox:
    """A queue of frames with one reader."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._frames: deque[Frame] = deque()
        self._changed = asyncio.Event()
        self._closed = False

    def put(self, frame: Frame) -> None:
        """Add a frame."""
        self._load.add(frame)
        self._frames.append(frame)
        self._changed.set()

    def close(self) -> None:
        """Nothing will be added; what waits can still be taken."""
        self._closed = True
        self._changed.set()

    def clear(self) -> None:
        """Throw away what waits."""
        while self._frames:
            self._load.remove(self._frames.popleft())

    async def take(self) -> Frame | None:
        """Return the next frame as soon as there is one, or None where none can come any more."""
        while not self._frames:
            if self._closed:
                return None
            self._changed.clear()
            await self._changed.wait()
        frame = self._frames.popleft()
        self._load.remove(frame)
        return frame
