"""Drives a program that wraps a client library, in whatever language: JSON lines over its pipes.

A line to the program is a list of requests, which it begins in one turn of its event loop:
`{"n":1,"do":WHAT,...}`, answered in any order by `{"n":1,"done":{...}}` or `{"n":1,"failed":CODE}`.

| do | fields | does |
|---|---|---|
| `connect` | `nodes`, `api`, `token`, `later?` | start the client; `later` is the token for when the first expired |
| `command` | `command` | carry it out under its key; `done` has `event`, `cursor`, `room` |
| `follow` / `unfollow` | `room`, `cursor?` | subscribe, unsubscribe |
| `typing` / `presence` / `renew` | `room` / `state` / `token` | as the libraries call it |

Everything else that it writes is what the client handed on: the protocol's frames, and `online` with `node`
after each connect, `refused` with `room` and `code`, `ended` when the client does not come back.
"""

import asyncio
import itertools
import json
import os
import uuid
from collections.abc import Callable
from typing import Any, Self

Json = dict[str, Any]


class Failed(Exception):
    """The client failed the command, with this code."""


class Driver:
    """A running program; `frames` is everything that its client handed on."""

    def __init__(self, argv: list[str], api: str) -> None:
        self._argv, self._api = argv, api
        self.frames: list[Json] = []
        self._changed = asyncio.Event()
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Json]] = {}
        self._process: asyncio.subprocess.Process
        self._reading: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            *self._argv, stdin=pipe, stdout=pipe, limit=2**26
        )
        self._reading = asyncio.get_running_loop().create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._reading

    @property
    def pid(self) -> int:
        return self._process.pid

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            told = json.loads(line)
            if "n" not in told:
                self.frames.append(told)
            elif "failed" in told:
                self._waiting.pop(told["n"]).set_exception(Failed(told["failed"]))
            else:
                self._waiting.pop(told["n"]).set_result(told["done"])
            self._changed.set()

    def begin(self, *requests: Json) -> list[asyncio.Future[Json]]:
        """Ask for something, all in one turn of the program."""
        assert self._process.stdin is not None
        answers, numbered = [], []
        for request in requests:
            number = next(self._numbers)
            answers.append(asyncio.get_running_loop().create_future())
            self._waiting[number] = answers[-1]
            numbered.append({"n": number, **request})
        self._process.stdin.write(json.dumps(numbered).encode() + b"\n")
        return answers

    async def do(self, what: str, **fields: Any) -> Json:
        """Ask for one thing and return what came of it; raises Failed."""
        return await asyncio.wait_for(self.begin({"do": what, **fields})[0], 60)

    async def connect(self, urls: list[str], token: str, **more: Any) -> None:
        """Connect to one of these nodes."""
        nodes = [{"name": url, "url": url} for url in urls]
        await self.do("connect", nodes=nodes, api=self._api, token=token, **more)

    async def command(self, op: str, **fields: Any) -> Json:
        """Carry out a command, under a fresh key where none is given."""
        command = {"op": op, **fields}
        if op != "read":
            command.setdefault("key", str(uuid.uuid4()))
        return await self.do("command", command=command)

    async def until(self, enough: Callable[[list[Json]], Any], within_s: float = 30) -> Any:
        """Wait until the frames so far are enough, and return what `enough` then says."""
        try:
            async with asyncio.timeout(within_s):
                while not (found := enough(self.frames)):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            told = [f if len(str(f)) < 300 else str(f)[:300] for f in self.frames[-20:]]
            raise AssertionError(f"it did not come; the last frames are {told}") from None
        return found

    async def frame(self, op: str, within_s: float = 30, **fields: Any) -> Json:
        """Wait for a frame with these fields."""
        wanted = {"op": op, **fields}

        def first(frames: list[Json]) -> Json | None:
            return next((f for f in frames if wanted.items() <= f.items()), None)

        return await self.until(first, within_s)

    def events(self, room: str) -> list[Json]:
        """The room's events so far."""
        return [f for f in self.frames if f["op"] == "event" and f["room"] == room]

    def texts(self, room: str) -> list[str]:
        """The messages of the room so far."""
        return [e["d"]["text"] for e in self.events(room) if e["type"] == "MessagePosted"]

    def connects(self) -> int:
        """How often a node was reached."""
        return sum(frame["op"] == "online" for frame in self.frames)

    def signal(self, number: int) -> None:
        """Send the program a signal."""
        os.kill(self.pid, number)
