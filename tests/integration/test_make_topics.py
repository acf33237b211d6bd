"""The topics of a cluster that does not answer at once, or not at all."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from roomlog.stack.brokers import make_topics
from roomlog.stack.errors import StackError


@asynccontextmanager
async def in_front_of(address, hangs_up):
    """Lend the address of something that hangs up on so many, and leads everybody else to the broker."""
    host, port = address.rsplit(":", 1)
    left = hangs_up

    async def serve(reader, writer):
        nonlocal left
        left -= 1
        if left < 0:
            from_broker, to_broker = await asyncio.open_connection(host, int(port))
            await asyncio.gather(pipe(reader, to_broker), pipe(from_broker, writer))
        writer.close()

    async def pipe(reader, writer):
        while some := await reader.read(65_536):
            writer.write(some)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield "{}:{}".format(*server.sockets[0].getsockname())
    assert left < 0


async def test_a_broker_that_hangs_up_at_first_is_asked_again(stack):
    async with in_front_of(stack.status()["kafka"], hangs_up=2) as address:
        await make_topics(address)


async def test_who_waits_in_vain_is_told_where_nobody_is():
    with pytest.raises(StackError, match=r"127\.0\.0\.1:9 .*ROOMLOG_KAFKA"):
        await make_topics("127.0.0.1:9", patience_s=0.3)
