"""Time in which the process could not run is no time that somebody else took."""

import asyncio
import time

import pytest

from ingest.patience import patience

LIMIT_S = 0.1


async def test_what_was_answered_while_the_loop_was_held_up_is_no_timeout():
    server, client = await connected()
    reader, writer = client
    async with patience(LIMIT_S):
        server.write(b"pong\n")
        await server.drain()
        time.sleep(2 * LIMIT_S)  # noqa: ASYNC251  # that is what holds a loop up
        assert await reader.readline() == b"pong\n"
    writer.close()
    server.close()


async def test_what_is_never_answered_is_one():
    server, client = await connected()
    reader, writer = client
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        async with patience(LIMIT_S):
            await reader.readline()
    assert time.monotonic() - started >= LIMIT_S
    writer.close()
    server.close()


async def test_nothing_is_left_behind():
    async with patience(LIMIT_S):
        pass
    await asyncio.sleep(2 * LIMIT_S)


async def connected():
    """Return the server's writer, and the reader and writer of its only client."""
    accepted = asyncio.get_running_loop().create_future()
    server = await asyncio.start_server(
        lambda _, writer: accepted.set_result(writer), "127.0.0.1", 0
    )
    client = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer = await accepted
    server.close()
    return writer, client
