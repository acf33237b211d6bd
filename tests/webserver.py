"""A web server that answers what a test wants, byte for byte, on the one loopback address that previews may use."""

import asyncio

HERE = "127.0.0.77"


class Server:
    """Answers by path, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.heads: list[str] = []
        self.pause_s = 0.0
        self.port = 0

    @classmethod
    async def running(cls) -> "Server":
        """Start one; it ends with the loop."""
        server = cls()
        server.listening = await asyncio.start_server(server._serve, HERE, 0)
        server.port = server.listening.sockets[0].getsockname()[1]
        return server

    def close(self) -> None:
        """Answer no more."""
        self.listening.close()

    listening: asyncio.Server

    def url(self, path: str, host: str = HERE) -> str:
        """Return the address of a path."""
        return f"http://{host}:{self.port}{path}"

    def page(self, path: str, body: bytes, kind: str = "text/html") -> str:
        """Answer a path with this; return its address."""
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        self.answers[path] = head.encode() + body
        return self.url(path)

    def redirect(self, path: str, location: str) -> str:
        """Answer a path with a redirect; return its address."""
        head = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
        self.answers[path] = head.encode()
        return self.url(path)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        path = head.split(" ")[1]
        self.asked.append(path)
        self.heads.append(head)
        try:
            await asyncio.sleep(self.pause_s)
            if path == "/endless":
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<title>long</title>"
                )
                while True:
                    writer.write(bytes(64 * 1024))
                    await writer.drain()
            if path == "/silent":
                await asyncio.sleep(60)
            writer.write(self.answers.get(path, b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"))
            await writer.drain()
        except ConnectionError:
            return
        finally:
            writer.close()
