"""Moving partitions between the brokers of a cluster, with Kafka's own protocol."""

import asyncio
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code
from aiokafka.protocol.admin import (
    AlterPartitionReassignmentsRequest,
    ListPartitionReassignmentsRequest,
)

from roomlog import topics
from roomlog.brokers import client_options
from roomlog.stack.errors import StackError
from roomlog.stack.placement import Partition, Replicas, changes

_TIMEOUT_MS = 15_000
_AT_ONCE = 24
"""Partitions that move together: the brokers have the usual work beside it."""
_LOOK_S = 0.05
_PATIENCE_S = 600.0
"""For those that move together; a log that was kept for long takes its time."""


async def spread(bootstrap: str, brokers: Collection[int], copies: int) -> int:
    """Have exactly these brokers keep all partitions, and return how many of them changed.

    `copies` is how many there shall be of Kafka's own topics and of ours at most; of others there are as
    many as there were. What is read and written meanwhile goes on. Raises StackError where it takes too long,
    and KafkaError; what had moved until then stays where it is, and another call goes on from there.
    """
    admin = AIOKafkaAdminClient(**client_options(bootstrap), request_timeout_ms=_TIMEOUT_MS)
    try:
        await admin.start()
        found = await admin.describe_topics()
        moves = changes(_places(found), brokers, _copies(found, copies))
        for some in _groups(moves):
            await _begin(admin, some)
            async with asyncio.timeout(_PATIENCE_S):
                await _until_finished(admin)
    except TimeoutError:
        raise StackError(
            f"The brokers did not copy {_AT_ONCE} partitions within {_PATIENCE_S:.0f} s. They go on with "
            "these, and have not begun with others: change the number of brokers again later."
        ) from None
    finally:
        await admin.close()
    return len(moves)


def _places(found: list[dict[str, Any]]) -> dict[Partition, Replicas]:
    return {
        Partition(topic["topic"], p["partition"]): tuple(p["replicas"])
        for topic in found
        for p in topic["partitions"]
    }


def _copies(found: list[dict[str, Any]], copies: int) -> dict[str, int]:
    ours = {t.name: min(copies, t.replication) for t in topics.load()}
    return {
        topic["topic"]: copies
        if topic["is_internal"]
        else ours.get(topic["topic"], len(topic["partitions"][0]["replicas"]))
        for topic in found
    }


def _groups(moves: Mapping[Partition, Replicas]) -> Iterator[list[tuple[Partition, Replicas]]]:
    left = iter(moves.items())
    while some := list(islice(left, _AT_ONCE)):
        yield some


async def _begin(admin: Any, moves: list[tuple[Partition, Replicas]]) -> None:
    asked: list[Any] = [(p.topic, [(p.number, list(replicas), {})], {}) for p, replicas in moves]
    answer = await admin._send_to_controller(
        AlterPartitionReassignmentsRequest(_TIMEOUT_MS, asked, {})
    )
    codes = [answer.error_code, *(p[1] for _, parts, _ in answer.responses for p in parts)]
    for code in filter(None, codes):
        raise for_code(code)(f"reassignment of {moves[0][0].topic} and others")


async def _until_finished(admin: Any) -> None:
    while True:
        answer = await admin._send_to_controller(
            ListPartitionReassignmentsRequest(_TIMEOUT_MS, None, {})
        )
        if answer.error_code:
            raise for_code(answer.error_code)
        if not answer.topics:
            return
        await asyncio.sleep(_LOOK_S)
