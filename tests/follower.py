"""A person on a raw socket who checks every frame against the model, and shows the rooms they follow."""

import asyncio
import json
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import Any

import httpx

from tests.model import Event, Room, show
from tests.wire import Wire, token_of

WITHIN_S = 15
Line = dict[str, Any]


@dataclass
class Seat:
    """A room that somebody follows: their place in the model's log, their cursor and what they see."""

    at: int
    cursor: str
    screen: dict[str, Any]
    resumed: int = 0
    """Events before this place came (or come) by resuming."""
    is_stale: bool = False
    """Whether events are missing that happened during an absence: a snapshot tells of them."""


class World:
    """The stack as a follower meets it: addresses, tokens and REST."""

    def __init__(self, stack: Any) -> None:
        status = stack.status()
        self.data, self.nodes = stack.data, status["ingest"]
        self.http = httpx.AsyncClient(base_url=status["api"], timeout=WITHIN_S)

    async def get(self, user: str, path: str, **params: Any) -> Any:
        """Return what REST answers."""
        headers = {"Authorization": f"Bearer {token_of(self.data, user)}"}
        got = await self.http.get(path, params=params, headers=headers)
        assert got.status_code == 200, (path, got.text)
        return got.json()

    async def snapshot(self, user: str, room: Room) -> dict[str, Any]:
        """Return a room as REST shows it to a member, no older than the model."""
        after, path = {"after_cursor": room.cursor}, f"/rooms/{room.id}"
        told = await self.get(user, path, **after)
        members = await self.get(user, f"{path}/members", **after)
        items, cursor = [], "1:-1"
        while True:
            page = await self.get(user, f"{path}/messages", after=cursor, limit=200, **after)
            items += page["items"]
            if not page["has_more"]:
                break
            cursor = page["items"][-1]["cursor"]
        return {
            "name": told["name"],
            "topic": told["topic"],
            "cursor": told["last_cursor"],
            "members": {m["user"]: m["role"] for m in members["items"]},
            "messages": {m["id"]: _message(m) for m in items},
        }


def _message(item: Line) -> dict[str, Any]:
    return {
        "sender": item["sender"],
        "text": item["text"],
        "reply_to": item["reply_to"],
        "edited": item["edited_at"] is not None,
        "deleted": item["deleted_at"] is not None,
        "reactions": {r["emoji"]: set(r["users"]) for r in item["reactions"]},
    }


def shown(room: Room) -> dict[str, Any]:
    """Return the model's room in the form of a snapshot."""
    told = {name: getattr(room, name) for name in ("name", "topic", "cursor")}
    messages = {i: {**m, "reactions": dict(m["reactions"])} for i, m in room.messages.items()}
    return {**told, "members": dict(room.members), "messages": messages}


class Follower:
    """A user with at most one connection."""

    def __init__(self, world: World, user: str) -> None:
        self.world, self.user = world, user
        self.node = 0
        self.wire: Wire | None = None
        self.seats: dict[str, Seat] = {}
        self._ids = 0
        self._events: defaultdict[str, deque[Line]] = defaultdict(deque)
        self._caught_up: defaultdict[str, list[str]] = defaultdict(list)

    async def connect(self, node: int) -> None:
        """Connect to a node."""
        self.node = node
        token = token_of(self.world.data, self.user)
        self.wire = await Wire.open(self.world.nodes[node], token)

    def disconnect(self) -> None:
        """Go offline; what was not read is lost."""
        if self.wire is not None:
            self.wire.close()
        self.wire = None
        self._events.clear()

    async def request(self, command: Line) -> Line:
        """Send a command and return its answer."""
        assert self.wire is not None
        self._ids += 1
        number = self._ids
        self.wire.send({**command, "id": number})
        while True:
            line = await self._next()
            if line.get("id") == number and line["op"] in ("ack", "error", "pong"):
                return line
            self._keep(line)

    async def _next(self) -> Line:
        assert self.wire is not None
        async with asyncio.timeout(WITHIN_S):
            return await self.wire.lines.get()

    def _keep(self, line: Line) -> None:
        if line["op"] == "event":
            self._events[line["room"]].append(line)
        elif line["op"] == "caught_up":
            self._caught_up[line["room"]].append(line["cursor"])
        else:
            assert line["op"] in ("hello", "presence", "notify"), line

    # Following.

    async def follow(self, room: Room) -> Line:
        """Follow a room from now on; where that is allowed, what was before comes from a snapshot."""
        answer = await self.request({"op": "sub", "room": room.id})
        if answer["op"] == "ack":
            assert answer["cursor"] == room.cursor
            screen = await self.world.snapshot(self.user, room)
            self.seats[room.id] = Seat(len(room.log), room.cursor, screen)
        return answer

    async def resume(self, rooms: dict[str, Room]) -> None:
        """Go on with every room where the last connection left it."""
        for room_id, seat in list(self.seats.items()):
            room = rooms[room_id]
            self._caught_up.pop(room_id, None)
            command = {"op": "sub", "room": room_id, "cursor": seat.cursor}
            answer = await self.request(command)
            if self.user not in room.members:
                hidden = "not_a_member" if room.kind == "public" else "no_such_room"
                assert answer["code"] == hidden
                del self.seats[room_id]
                continue
            assert (answer["op"], answer.get("cursor")) == ("ack", room.cursor)
            seat.resumed = len(room.log)
            await self.catch_up(room)
            while not self._caught_up[room_id]:
                self._keep(await self._next())
            assert self._caught_up[room_id] == [room.cursor]
            seat.cursor = room.cursor

    async def catch_up(self, room: Room) -> None:
        """Read and check the frames of all events that the model has of a followed room."""
        seat = self.seats[room.id]
        while seat.at < len(room.log):
            event, seat.at = room.log[seat.at], seat.at + 1
            if self.user not in event.seen_by:
                seat.is_stale = True
                continue
            await self._check(room, seat, event)
            if self._is_end_of(event):
                if seat.at > seat.resumed:
                    del self.seats[room.id]
                    return
                seat.is_stale = True
        if seat.is_stale:
            seat.screen, seat.is_stale = await self.world.snapshot(self.user, room), False

    async def _check(self, room: Room, seat: Seat, event: Event) -> None:
        frames = self._events[room.id]
        while not frames:
            self._keep(await self._next())
        frame = frames.popleft()
        told = (frame["cursor"], frame["id"], frame["type"], frame["sender"], frame["d"])
        wanted = (event.cursor, event.id, event.type, event.sender, event.d)
        assert told == wanted, (told, wanted)
        assert frame["prev"] == seat.cursor, frame
        seat.cursor = frame["cursor"]
        if not seat.is_stale:
            show(seat.screen, (event.type, event.d), event.id, event.sender)
            seat.screen["cursor"] = event.cursor

    def _is_end_of(self, event: Event) -> bool:
        return event.type in ("MemberLeft", "MemberRemoved") and event.d["user"] == self.user

    async def require_silence(self) -> None:
        """Check that nothing came that was not expected."""
        await self.request({"op": "ping"})
        left = {room: list(frames) for room, frames in self._events.items() if frames}
        assert not left, json.dumps(left)
