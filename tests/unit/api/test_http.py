"""Connections that never send a whole request are closed; others are served meanwhile."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from api.http import BoundedHttp, http_behind
from roomlog.proxies import Proxies


class Hasty(BoundedHttp):
    request_s = 0.3


async def echo(request: Request) -> Response:
    return PlainTextResponse(await request.body())


async def peer(request: Request) -> Response:
    assert request.client is not None
    return PlainTextResponse(request.client.host)


@pytest.fixture
def protocol() -> type[BoundedHttp]:
    return Hasty


@pytest.fixture
async def port(protocol: type[BoundedHttp]) -> AsyncIterator[int]:
    app = Starlette(routes=[Route("/", echo, methods=["POST"]), Route("/peer", peer)])
    config = uvicorn.Config(app, port=0, http=protocol, ws="none", log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await serving


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"POST / HTTP/1.1\r\nHost:",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab",
    ],
)
async def test_unfinished_requests_are_hung_up_on(port: int, sent: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    async with asyncio.timeout(5):
        assert b"200" not in await reader.read()
    writer.close()


async def test_whole_requests_are_served_one_after_another(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with asyncio.timeout(5):
        for _ in range(3):
            writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab")
            assert (await reader.readuntil(b"\r\n\r\nab")).startswith(b"HTTP/1.1 200")
    writer.close()


@pytest.mark.parametrize("protocol", [http_behind(Proxies("", "127.0.0.0/8"))])
async def test_a_balancers_connection_is_from_whom_its_header_names(port: int) -> None:
    asked = b"GET /peer HTTP/1.1\r\nHost: x\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with asyncio.timeout(5):
        header = b"PROXY TCP4 198.51.100.7 10.0.0.1 40000 80\r\n"
        writer.write(header[:9])
        await writer.drain()
        for part in (
            header[9:] + asked,
            asked,
        ):  # the header is the connection's, not the request's
            writer.write(part)
            assert (await reader.readuntil(b"\r\n\r\n198.51.100.7")).startswith(b"HTTP/1.1 200")
    writer.close()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with asyncio.timeout(5):
        writer.write(asked)
        assert b"begins with a PROXY header" in await reader.read()
    writer.close()
