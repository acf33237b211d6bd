"""People for tests: a signed-in connection each, on a node of the test's choice."""

import asyncio
import time
import uuid
from pathlib import Path
from typing import Any

from roomlog.client import Client
from roomlog.tokens import Signer


class Member:
    """A user with one connection; frames that were not asked for wait in `frames`."""

    def __init__(self, user_id: str, client: Client) -> None:
        self.user_id = user_id
        self.client = client
        self.frames: list[dict[str, Any]] = []

    @classmethod
    async def sign_in(
        cls, data: Path, urls: list[str], name: str = "someone", user: str = "", **more: Any
    ) -> "Member":
        """Connect a user (a new one by default) with a token signed by the stack's own key.

        `more` goes into the token, such as its `scope`.
        """
        user = user or str(uuid.uuid4())
        signer, session = Signer(data / "jwt.pem"), str(uuid.uuid4())
        token = signer.access_token(user, name, session, time.time(), **more)
        return cls(user, await Client.connect(urls, token))

    async def elsewhere(self, data: Path, urls: list[str]) -> "Member":
        """Return the same user with a second connection."""
        return await Member.sign_in(data, urls, user=self.user_id)

    async def request(self, command: dict[str, Any]) -> Any:
        """Send a command (under a fresh key where it has none) and return its ack."""
        return await asyncio.wait_for(self.client.request(command), 15)

    async def post(self, room: str, text: str, **more: Any) -> Any:
        """Post a message and return its ack."""
        return await self.request(
            {"op": "send", "room": room, "key": str(uuid.uuid4()), "text": text, **more}
        )

    async def next_frame(self, op: str, room: str, within_s: float = 10) -> dict[str, Any]:
        """Return the next frame of this kind for this room; others are kept in `frames`."""
        async with asyncio.timeout(within_s):
            async for frame in self.client:
                self.frames.append(frame)
                if frame.get("op") == op and frame.get("room") == room:
                    return frame
        raise AssertionError("the connection ended")

    async def next_notice(self, kind: str, room: str, within_s: float = 10) -> dict[str, Any]:
        """Return what the next notification of this kind about this room says."""
        async with asyncio.timeout(within_s):
            async for frame in self.client:
                self.frames.append(frame)
                told: dict[str, Any] = frame["d"] if frame["op"] == "notify" else {}
                if (told.get("kind"), told.get("room")) == (kind, room):
                    return told
        raise AssertionError("the connection ended")

    async def next_event(self, room: str) -> dict[str, Any]:
        """Return the room's next event frame."""
        return await self.next_frame("event", room)


async def create_room(owner: Member, *others: Member, kind: str = "private") -> str:
    """Make a room with these members and return its id."""
    ack = await owner.request(
        {
            "op": "create",
            "key": str(uuid.uuid4()),
            "name": f"room {uuid.uuid4().hex[:8]}",
            "kind": kind,
            "members": [o.user_id for o in others],
        }
    )
    return str(ack.room)
