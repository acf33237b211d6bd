"""An HTTP server on this machine that takes what comes, and answers as badly as a test wants."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, Self


class Request(NamedTuple):
    """One request; header names in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> Any:
        """What was delivered."""
        return json.loads(self.body)


Answer = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


def status(code: int, *headers: str, body: bytes = b"") -> Answer:
    """Return what answers with a status."""
    head = "\r\n".join([f"HTTP/1.1 {code} X", *headers, f"Content-Length: {len(body)}"])

    async def answer(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(head.encode() + b"\r\n\r\n" + body)

    return answer


def raw(answer: bytes) -> Answer:
    """Return what answers with these bytes."""

    async def write(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)

    return write


taken = raw(b"HTTP/1.1 204 No Content\r\n\r\n")
"""An answer that takes a delivery."""


async def hang(_: Request, writer: asyncio.StreamWriter) -> None:
    """Never answer."""
    await asyncio.sleep(3_600)


class Receiver:
    """Answers as `answers` says for a path, else by `otherwise`; what came is in `requests`."""

    def __init__(self, host: str = "127.0.0.1", otherwise: Answer = taken) -> None:
        self.host, self.requests, self.answers = host, list[Request](), dict[str, Answer]()
        self._otherwise = otherwise
        self._came = asyncio.Condition()
        self._tasks: set[asyncio.Task[Any] | None] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, self.host, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Take and answer nothing more."""
        self._server.close()
        for task in self._tasks:
            if task is not None:
                task.cancel()

    def url(self, path: str, host: str = "") -> str:
        """Return the address of a path, by a host that leads here."""
        return f"http://{host or self.host}:{self.port}{path}"

    def at(self, path: str) -> list[Request]:
        """Return what came to a path."""
        return [request for request in self.requests if request.path == path]

    async def until(self, condition: Callable[[], object], within_s: float = 20) -> None:
        """Return once a condition holds, which is looked at whenever something came."""
        async with asyncio.timeout(within_s), self._came:
            await self._came.wait_for(condition)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._tasks.add(task)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            pairs = (line.split(": ", 1) for line in head[1:] if line)
            headers = {name.lower(): value for name, value in pairs}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            request = Request(head[0].split(" ")[1], headers, body)
            async with self._came:
                self.requests.append(request)
                self._came.notify_all()
            await self.answers.get(request.path, self._otherwise)(request, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()
