"""The chat itself: what is entered becomes commands, what comes becomes lines."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import httpx

from roomlog import ids
from roomlog.chat.account import Account
from roomlog.chat.terminal import Terminal
from roomlog.chat.words import HELP, Ink, happened, printable, said
from roomlog.client import Client, ConnectionEnded, Frame
from roomlog.errors import Refused

_HISTORY = 20
_TYPING_EVERY_S = 3.0
_TYPING_SHOWN_S = 5.0
_PATIENCE_S = 10.0
_SETTLE_S = 10.0


class Chat:
    """One person in one room at a time."""

    def __init__(self, account: Account, client: Client, terminal: Terminal) -> None:
        self._account, self._client, self._terminal = account, client, terminal
        self._ink = Ink(terminal.colours)
        self._loop = asyncio.get_running_loop()
        self._room = self._room_name = self._node = ""
        self._present: dict[str, str] = {}
        self._typed_at = 0.0
        self._typing: dict[str, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._unseen: set[str] = set()
        """Keys of what was said here and is not shown yet."""
        self._shown = asyncio.Event()
        self._ending = False

    async def run(self, room: str) -> None:
        """Chat until the input ends or somebody quits; raises ConnectionEnded."""
        self._terminal.open(self._on_key)
        reading = self._loop.create_task(self._read_frames())
        try:
            await self._guard(self._join(room) if room else self._list_rooms())
            async for line in self._terminal.lines():
                await self._enter(line.strip())
                if self._ending or reading.done():
                    break
            await self._settle()
        finally:
            reading.cancel()
            self._terminal.close()
        if reading.done() and not reading.cancelled():
            reading.result()

    # What is entered.

    async def _enter(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        match word:
            case "":
                pass
            case "/quit" | "/exit":
                self._ending = True
            case "/help":
                self._tell(HELP)
            case "/who":
                await self._guard(self._who())
            case "/rooms":
                await self._guard(self._list_rooms(rest.strip()))
            case "/join" if rest.strip():
                await self._guard(self._join(rest.strip()))
            case "/leave":
                await self._guard(self._leave())
            case _ if line.startswith("/") and not line.startswith(("//", "/me ")):
                self._tell(f"no command {word}; {HELP}")
            case _:
                self._say(line.removeprefix("/") if line.startswith("//") else line)

    def _say(self, text: str) -> None:
        if not self._room:
            self._tell("join a room first: /join NAME")
            return
        command = {"op": "send", "room": self._room, "key": ids.new_id(), "text": text}
        self._unseen.add(command["key"])
        self._spawn(self._guard(self._send(command)))

    async def _send(self, command: Frame) -> None:
        try:
            await self._client.perform(command, _PATIENCE_S)
        except Refused:
            self._mark_shown(command["key"])
            raise

    def _mark_shown(self, key: str) -> None:
        self._unseen.discard(key)
        self._shown.set()

    async def _join(self, name: str) -> None:
        room, shown, cursor = await self._find_or_make(name)
        if self._room and self._room != room:
            await self._client.unsubscribe(self._room)
        self._room, self._room_name, self._present = room, shown, {}
        history = await self._account.history(room, cursor, _HISTORY)
        self._tell(f"{shown}: {len(history['items'])} newest messages; /help for help")
        for item in history["items"]:
            name = await self._account.name_of(item["sender"])
            self._terminal.show(said(self._ink, item["ts"], name, item))
        await self._client.subscribe(room, history["cursor"])

    async def _find_or_make(self, name: str) -> tuple[str, str, str]:
        """Return id, name and a cursor of a room that one is then a member of."""
        rooms = await self._account.rooms("" if ids.is_id(name) else name)
        for room in rooms:
            if name.casefold() in (room["name"].casefold(), room["id"]):
                ack = await self._client.request(
                    {"op": "join", "room": room["id"], "key": ids.new_id()}
                )
                return room["id"], room["name"], ack.cursor or ""
        ack = await self._client.request(
            {"op": "create", "key": ids.new_id(), "name": name, "kind": "public"}
        )
        return ack.room or "", name, ack.cursor or ""

    async def _leave(self) -> None:
        if self._room:
            await self._client.request({"op": "leave", "room": self._room, "key": ids.new_id()})
            await self._client.unsubscribe(self._room)
            self._tell(f"you left {self._room_name}")
            self._room = ""

    async def _who(self) -> None:
        state = self._present or (await self._account.present(self._room) if self._room else {})
        names = [
            f"{await self._account.name_of(u)}{'' if s == 'online' else f' ({s})'}"
            for u, s in state.items()
        ]
        self._tell(f"here: {', '.join(sorted(names)) or 'nobody'}")

    async def _list_rooms(self, part: str = "") -> None:
        rooms = await self._account.rooms(part)
        for room in rooms:
            mark = "*" if room["is_member"] else " "
            self._tell(f"{mark} {printable(room['name'])}  ({room['members']} members)")
        if not rooms:
            self._tell("no rooms; /join NAME makes one")

    def _on_key(self) -> None:
        now = self._loop.time()
        if self._room and now - self._typed_at > _TYPING_EVERY_S:
            self._typed_at = now
            self._client.typing(self._room)

    # What comes.

    async def _read_frames(self) -> None:
        async for frame in self._client:
            match frame["op"]:
                case "hello":
                    self._greet(frame["node"])
                case "event" if frame["room"] == self._room:
                    await self._on_event(frame)
                case "typing" if frame["room"] == self._room:
                    await self._on_typing(frame["user"])
                case "presence" if frame["room"] == self._room:
                    await self._on_presence(frame)
                case "reset" if frame["room"] == self._room:
                    await self._guard(self._join(self._room))
                case "error":
                    self._tell(f"error: {frame.get('message')}")
        raise ConnectionEnded("the connection has ended; start again")

    def _greet(self, node: str) -> None:
        self._tell(f"connected to {node}" + (f" (was {self._node})" if self._node else ""))
        self._node = node

    async def _on_event(self, frame: Frame) -> None:
        name = await self._account.name_of(frame["sender"])
        self._typing.pop(frame["sender"], None)
        self._show_typing([])
        details = frame["d"]
        if frame["type"] == "MessagePosted":
            self._terminal.show(said(self._ink, frame["ts"], name, details))
            self._mark_shown(frame["key"])
            return
        whom = await self._account.name_of(details.get("user", frame["sender"]))
        self._tell(happened(frame["type"], name, whom, details))

    async def _on_typing(self, user: str) -> None:
        if user == self._account.user:
            return
        now = self._loop.time()
        fresh = now - self._typing.get(user, -_TYPING_SHOWN_S) >= _TYPING_SHOWN_S
        self._typing[user] = now
        if fresh:
            self._show_typing([await self._account.name_of(user)])
            self._loop.call_later(_TYPING_SHOWN_S, self._show_typing, [])

    def _show_typing(self, names: list[str]) -> None:
        self._terminal.status(printable(f"{', '.join(names)} types…") if names else "")

    async def _on_presence(self, frame: Frame) -> None:
        if (state := frame.get("state")) is not None:
            self._present = dict(state)
            return
        diff: dict[str, list[str]] = frame["diff"]
        for user in diff.get("left", ()):
            self._present.pop(user, None)
            self._tell(f"{await self._account.name_of(user)} is gone")
        for state, told in (("away", "is away"), ("online", "is here")):
            for user in diff.get("joined" if state == "online" else state, ()):
                self._present[user] = state
                if user != self._account.user:
                    self._tell(f"{await self._account.name_of(user)} {told}")

    # Both.

    def _tell(self, text: str) -> None:
        for line in text.splitlines():
            self._terminal.show(self._ink.dim(f"* {line}"))

    async def _guard(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it; what is refused is told, and the chat goes on."""
        try:
            await work
        except Refused as refused:
            self._tell(f"{refused.code}: {refused.message}")
        except httpx.HTTPError as error:
            self._tell(f"the API does not answer as it should: {error}")

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _settle(self) -> None:
        """Wait, not for ever, until what was said is stored and shown."""
        try:
            async with asyncio.timeout(_SETTLE_S):
                while self._unseen:
                    self._shown.clear()
                    await self._shown.wait()
        except TimeoutError:
            self._tell("the last messages may not have arrived")
