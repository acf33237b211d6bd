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
        owner = await Client.connect(self._nodes, self.token(people[0]))
        try:
            made = await owner.request(
                {
                    "op": "create",
                    "key": str(uuid.uuid4()),
                    "name": name,
                    "kind": "private",
                    "members": people[1:_MOST_AT_ONCE],
                }
            )
            room = str(made.room)
            rest = people[_MOST_AT_ONCE:]
            for at in range(0, len(rest), _SLICE):
                await asyncio.gather(
                    *(owner.request(_invite(room, user)) for user in rest[at : at + _SLICE])
                )
            return room
        finally:
            await owner.close()

    def write(self, path: Path) -> Path:
        """Write the plan to a file."""
        path.write_text("\n".join(self._lines) + "\n")
        return path


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
