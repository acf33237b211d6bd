"""A web server with the pages that a test wants, on the one loopback address that previews may use."""

import asyncio
from typing import Self

from tests.receiver import Receiver, Request, hang, status

HERE = "127.0.0.77"


async def endless(_: Request, writer: asyncio.StreamWriter) -> None:
    """Answer for as long as somebody reads."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<title>long</title>")
    while True:
        writer.write(bytes(64 * 1024))
        await writer.drain()


class Server(Receiver):
    """Answers by path, anything else with 404."""

    def __init__(self) -> None:
        super().__init__(HERE, otherwise=status(404))
        self.answers |= {"/endless": endless, "/silent": hang}
        self.pause_s = 0.0

    @classmethod
    async def running(cls) -> Self:
        """Start one; it ends with the loop."""
        return await cls().__aenter__()

    @property
    def asked(self) -> list[str]:
        """The paths that it was asked for."""
        return [request.path for request in self.requests]

    def page(self, path: str, body: bytes, kind: str = "text/html") -> str:
        """Answer a path with this, after `pause_s`; return its address."""
        answer = status(200, f"Content-Type: {kind}", body=body)

        async def later(request: Request, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(self.pause_s)
            await answer(request, writer)

        self.answers[path] = later
        return self.url(path)

    def redirect(self, path: str, location: str) -> str:
        """Answer a path with a redirect; return its address."""
        self.answers[path] = status(302, f"Location: {location}")
        return self.url(path)
