"""Post, kill -9 every process of the stack at once, start it again, and read back what was acked.

The log and the read models both have to have it. The machine's memory survives: power loss is another
matter, and is not measured.
"""

import asyncio
import contextlib
import os
import uuid
from pathlib import Path
from typing import Any

import psutil
import psycopg
from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.generator import Plan
from roomlog.brokers import client_options
from roomlog.client import Client
from roomlog.partitions import PARTITIONS
from roomlog.stack import Stack
from roomlog.topics import CHAT_EVENTS
from schemas.registry import Registry

_PEOPLE, _MESSAGES, _TOGETHER = 20, 2_000, 16
_ENOUGH = _PEOPLE * _MESSAGES // 2


def kept_percent(data: Path, settled: Any) -> float:
    """Return the share of what was acked that log and read models still have, in percent.

    `settled` waits until a stack's read models have all of its log.
    """
    os.environ["ROOMLOG_RATE_LIMITS"] = "off"
    acked: set[str] = set()
    stack = Stack(data=str(data), web=False).start()
    asyncio.run(_post_until_killed(stack, acked))
    stack.wait()
    with Stack(data=str(data), web=False) as again:
        asyncio.run(settled(again))
        logged = asyncio.run(_in_the_log(again))
        with psycopg.connect(again.status()["postgres"]) as database:
            rows = {str(event) for (event,) in database.execute("SELECT event_id FROM messages")}
    return 100 * len(acked & logged & rows) / len(acked)


async def _post_until_killed(stack: Stack, acked: set[str]) -> None:
    status = stack.status()
    plan = Plan(stack.data, status["ingest"])
    people = [str(uuid.uuid4()) for _ in range(_PEOPLE)]
    room = await plan.room(people)
    posting = [asyncio.create_task(_post(plan, status, user, room, acked)) for user in people]
    while len(acked) < _ENOUGH:
        await asyncio.sleep(0.005)
    _kill_all(stack)
    for task in posting:
        task.cancel()
    await asyncio.gather(*posting, return_exceptions=True)


async def _post(plan: Plan, status: Any, user: str, room: str, acked: set[str]) -> None:
    client = await Client.connect(status["ingest"], plan.token(user))
    window = asyncio.Semaphore(_TOGETHER)

    async def one() -> None:
        async with window:
            key = str(uuid.uuid4())
            ack = await client.request({"op": "send", "room": room, "key": key, "text": "kept?"})
            acked.add(str(ack.event))

    try:
        await asyncio.gather(*(one() for _ in range(_MESSAGES)))
    finally:
        await client.close()


def _kill_all(stack: Stack) -> None:
    supervisor = psutil.Process(stack.running().pid)
    for process in [supervisor, *supervisor.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


async def _in_the_log(stack: Stack) -> set[str]:
    status = stack.status()
    codec = Registry(status["registry"]).codecs().chat_events
    consumer = AIOKafkaConsumer(**client_options(status["kafka"]), auto_offset_reset="earliest")
    places = [TopicPartition(CHAT_EVENTS, p) for p in range(PARTITIONS)]
    await consumer.start()
    try:
        consumer.assign(places)
        left = sum((await consumer.end_offsets(places)).values())
        found = set()
        while left:
            for records in (await consumer.getmany(timeout_ms=1_000)).values():
                found |= {codec.glance(record.value or b"")[0] for record in records}
                left -= len(records)
        return found
    finally:
        await consumer.stop()
