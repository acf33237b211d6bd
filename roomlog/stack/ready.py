"""Asking a server whether it really serves: each probe returns, or raises NotReady."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection

from roomlog.stack.ports import HOST

Probe = Callable[[], Awaitable[None]]
_TIMEOUT_S = 3.0
_EVERY_S = 0.05


class NotReady(Exception):
    """It does not serve yet; the text says why."""


async def until_ready(probe: Probe) -> None:
    """Ask until the answer is yes; whoever waits sets the time limit and watches the process."""
    while True:
        with contextlib.suppress(NotReady, TimeoutError):
            async with asyncio.timeout(_TIMEOUT_S):
                return await probe()
        await asyncio.sleep(_EVERY_S)


def http_probe(port: int, path: str) -> Probe:
    """Return a probe that wants status 200 of a path."""

    async def probe() -> None:
        request = f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nConnection: close\r\n\r\n"
        answer = await _exchange(port, request.encode())
        status = answer.split(b" ", 2)[1:2]
        if status != [b"200"]:
            raise NotReady(answer[:200].decode(errors="replace"))

    return probe


def valkey_probe(port: int) -> Probe:
    """Return a probe that wants PONG."""

    async def probe() -> None:
        answer = await _exchange(port, b"PING\r\n")
        if not answer.startswith(b"+PONG"):
            raise NotReady(answer[:200].decode(errors="replace"))

    return probe


def postgres_probe(dsn: str) -> Probe:
    """Return a probe that wants the answer to a query."""

    async def probe() -> None:
        import psycopg

        try:
            connection = await psycopg.AsyncConnection.connect(dsn, connect_timeout=2)
            async with connection:
                await connection.execute("SELECT 1")
        except psycopg.Error as error:
            raise NotReady(str(error)) from error

    return probe


def kafka_probe(bootstrap: str, port: int, others: Collection[int] = ()) -> Probe:
    """Return a probe that wants the cluster's metadata, with this broker in it, and those on other ports."""
    wanted = {port, *others}

    async def probe() -> None:
        await _exchange(port, b"")  # cheaper than the client's own way to find nobody there
        from aiokafka.client import AIOKafkaClient
        from aiokafka.errors import KafkaError

        from roomlog.brokers import client_options

        client = AIOKafkaClient(**client_options(bootstrap), request_timeout_ms=2_000)
        try:
            await client.bootstrap()
            if missing := wanted - {broker.port for broker in client.cluster.brokers()}:
                raise NotReady(f"not in the metadata: {missing}")
        except KafkaError as error:
            raise NotReady(str(error)) from error
        finally:
            await client.close()

    return probe


async def _exchange(port: int, request: bytes) -> bytes:
    """Send a request and return the first part of the answer (without one: only connect)."""
    try:
        reader, writer = await asyncio.open_connection(HOST, port)
        try:
            writer.write(request)
            return await reader.read(4096) if request else b""
        finally:
            writer.close()
    except OSError as error:
        raise NotReady(str(error)) from error
