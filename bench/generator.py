"""The compiled load generator: building it, planning who connects, and running it."""

import asyncio
import json
import shutil
import subprocess
import time
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from roomlog.client import Client
from roomlog.tokens import Signer

SOURCE = Path(__file__).parent / "load" / "load.c"
_MOST_AT_ONCE = 400
_SLICE = 200
_OWNERS = 8
_TOKEN_S = 36_000


class NoCompiler(RuntimeError):
    """There is no C compiler."""


def build(directory: Path) -> Path:
    """Compile the generator into a directory and return the program; raises NoCompiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise NoCompiler("the load generator is written in C: install gcc or clang")
    program = directory / "load"
    subprocess.run(
        [compiler, "-O2", "-Wall", "-Wextra", "-o", str(program), str(SOURCE)], check=True
    )
    return program


class Plan:
    """Who connects where, follows what and posts where.

    `stack` needs `status()` and `data`, the directory with its signing key.
    """

    def __init__(self, data: Path, nodes: list[str]) -> None:
        self._signer = Signer(data / "jwt.pem")
        self._nodes = nodes
        self._lines: list[str] = []
        self._connections = 0

    def token(self, user: str) -> str:
        """Return a token for a user, good for the whole measurement."""
        return self._signer.access_token(
            user, user[:4], str(uuid.uuid4()), time.time(), ttl_s=_TOKEN_S
        )

    def connect(self, user: str, node: int = 0) -> int:
        """Add a connection of a user to one of the nodes; return its number."""
        address = urlsplit(self._nodes[node % len(self._nodes)])
        self._lines.append(f"C {address.hostname} {address.port} {self.token(user)}")
        self._connections += 1
        return self._connections - 1

    def follow(self, connection: int, room: str) -> None:
        """Let a connection follow a room."""
        self._lines.append(f"S {connection} {room}")

    def post(self, connection: int, room: str) -> None:
        """Let a connection post to a room."""
        self._lines.append(f"P {connection} {room}")

    async def room(self, people: list[str], name: str = "bench") -> str:
        """Make a room with these members, the first its owner, and return its id."""
        return (await self.rooms([people], name))[0]

    async def rooms(self, rooms: list[list[str]], name: str = "bench") -> list[str]:
        """Make a room for each list of members, the first of each its owner; return their ids.

        One connection an owner, a few owners at a time, and on each all commands one after the other.
        """
        owned: dict[str, list[int]] = {}
        for place, people in enumerate(rooms):
            owned.setdefault(people[0], []).append(place)
        made: dict[int, str] = {}
        turn = asyncio.Semaphore(_OWNERS)

        async def make(owner: str, places: list[int]) -> None:
            async with turn, await Client.connect(self._nodes, self.token(owner)) as client:
                for at in range(0, len(places), _SLICE):
                    some = places[at : at + _SLICE]
                    creates = [client.request(_create(name, rooms[p])) for p in some]
                    acks = await asyncio.gather(*creates)
                    made.update({p: str(a.room) for p, a in zip(some, acks, strict=True)})
                for place in places:
                    await _invite_rest(client, made[place], rooms[place][_MOST_AT_ONCE:])

        await asyncio.gather(*(make(owner, places) for owner, places in owned.items()))
        return [made[place] for place in range(len(rooms))]

    def write(self, path: Path) -> Path:
        """Write the plan to a file."""
        path.write_text("\n".join(self._lines) + "\n")
        return path


def _create(name: str, people: list[str]) -> dict[str, Any]:
    return {
        "op": "create",
        "key": str(uuid.uuid4()),
        "name": name,
        "kind": "private",
        "members": people[1:_MOST_AT_ONCE],
    }


async def _invite_rest(client: Client, room: str, people: list[str]) -> None:
    for at in range(0, len(people), _SLICE):
        some = people[at : at + _SLICE]
        await asyncio.gather(*(client.request(_invite(room, user)) for user in some))


def _invite(room: str, user: str) -> dict[str, Any]:
    return {"op": "invite", "room": room, "key": str(uuid.uuid4()), "user": user}


class Load:
    """A running generator, connected and ready to send."""

    def __init__(self, program: Path, plan: Path, *arguments: object) -> None:
        self._process = subprocess.Popen(
            [str(program), str(plan), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "ready\n":
            raise SystemExit("the load generator could not connect; see above")

    def go(self) -> dict[str, Any]:
        """Send, wait until all has arrived, and return what was counted."""
        told, _ = self._process.communicate("\n")
        if self._process.returncode:
            raise SystemExit("the load generator failed; see above")
        found: dict[str, Any] = json.loads(told)
        return found

    def end(self) -> None:
        """Disconnect without sending."""
        self._process.communicate("\n")
