"""Commands to a running supervisor: one JSON line over loopback, let in by a word from the state file."""

import asyncio
import hmac
import json
import secrets
import socket
from collections.abc import Awaitable, Callable

from roomlog.stack.errors import StackError
from roomlog.stack.ports import HOST
from roomlog.stack.spec import kind_of
from roomlog.stack.state import Control

_TIMEOUT_S = 60.0
_LONG_TIMEOUT_S = 1_800.0
"""Of a broker that comes or goes: its partitions are copied."""
Handle = Callable[[str, str], Awaitable[None]]
"""Carries out (command, service); raises StackError."""


async def serve(handle: Handle) -> tuple[asyncio.Server, Control]:
    """Take commands from now on; return the server and where it is."""
    token = secrets.token_urlsafe(16)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            outcome = await _carry_out(await reader.readline(), token, handle)
            writer.write(json.dumps(outcome).encode() + b"\n")
            await writer.drain()
        finally:
            writer.close()

    server = await asyncio.start_server(answer, HOST, 0)
    return server, Control(server.sockets[0].getsockname()[1], token)


def send(control: Control, command: str, service: str) -> None:
    """Have a supervisor do something to a service, and wait for it; raises StackError.

    Commands: `stop`, `start`, `restart`; `add` one that was not there before, `remove` it again.
    """
    moves = command in {"add", "remove"} and kind_of(service) == "kafka"
    timeout = _LONG_TIMEOUT_S if moves else _TIMEOUT_S
    request = {"token": control.token, "command": command, "service": service}
    try:
        with socket.create_connection((HOST, control.port), timeout) as connection:
            connection.sendall(json.dumps(request).encode() + b"\n")
            answer = json.loads(connection.makefile().readline() or "{}")
    except OSError as error:
        raise StackError(f"The supervisor does not answer: {error}") from error
    if not answer.get("ok"):
        raise StackError(answer.get("error", "The supervisor went away."))


async def _carry_out(line: bytes, token: str, handle: Handle) -> dict[str, object]:
    try:
        request = json.loads(line)
        if not hmac.compare_digest(str(request["token"]), token):
            return {"ok": False, "error": "not allowed"}
        await handle(str(request["command"]), str(request["service"]))
    except (ValueError, KeyError, TypeError) as error:
        return {"ok": False, "error": f"bad request: {error}"}
    except StackError as error:
        return {"ok": False, "error": str(error)}
    return {"ok": True}
