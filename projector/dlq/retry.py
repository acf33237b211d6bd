"""A dead letter's record once more through the log, so that it takes effect exactly once, or not at all.

Before the record is written, a decision `retrying` says from which offset on it may be found; afterwards
`retried` says where it is. Whoever is killed in between leaves the first, and the next one looks in the log.
"""

import base64
import time
from types import TracebackType
from typing import NamedTuple, Self

import psycopg
from aiokafka import AIOKafkaProducer

from projector.batch import Batch
from projector.decode import add_records
from projector.postgres import ReadModels
from projector.rebuild.load import Raw
from projector.session import Inapplicable
from roomlog.brokers import client_options
from roomlog.kafka import Log, Range
from roomlog.letters import Action, Decision, Letter, encode
from roomlog.partitions import partition_of
from roomlog.reads import record_key
from roomlog.topics import CHAT_DLQ, CHAT_EVENTS, CHAT_READS, USER_EVENTS
from schemas.codec import PoisonRecord
from schemas.registry import Codecs

# One who decides at a time. The key is arbitrary, and nothing else uses it.
_LOCK = "SELECT pg_try_advisory_lock(7_201_127)"
_MAX_LETTER_BYTES = 2 * 1024 * 1024


class Busy(RuntimeError):
    """Somebody else is deciding about letters just now."""


class Refused(Exception):
    """A letter cannot be retried; the message is the reason."""


class _Rehearsal(ReadModels):
    APPLICATION = "roomlog-dlq"


class _Target(NamedTuple):
    topic: str
    partition: int
    key: bytes


class Desk:
    """Where letters are decided about; an async context manager, one of them at a time.

    Raises Busy, KafkaError, LogUnavailable or psycopg.Error.
    """

    def __init__(self, brokers: str, postgres: str, codecs: Codecs, by: str) -> None:
        self._brokers, self._codecs, self._by = brokers, codecs, by
        self._postgres = postgres
        self._models = _Rehearsal(postgres)

    async def __aenter__(self) -> Self:
        self._lock = psycopg.connect(
            self._postgres,
            application_name=_Rehearsal.APPLICATION,
            autocommit=True,
            connect_timeout=10,
        )
        row = self._lock.execute(_LOCK).fetchone()
        if row is None or not row[0]:
            self._lock.close()
            raise Busy("somebody else is retrying or dropping dead letters: wait until that ends")
        self._models.connect()
        # Not idempotent: one refused batch would spoil such a producer for good, and what is stored
        # twice counts once, by its event id.
        self._producer = AIOKafkaProducer(
            **client_options(self._brokers), acks="all", max_request_size=_MAX_LETTER_BYTES
        )
        await self._producer.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._producer.stop()
        self._models.close()
        self._lock.close()

    async def drop(self, one: Letter, note: str) -> None:
        """Decide that the record never takes effect; raises Refused where something was decided already."""
        _require_open(one)
        if one.state == "retrying" and (found := await self._written(one)) is not None:
            await self._decide(one, "retried", *found)
            raise Refused(_told_retried(*found))
        await self._decide(one, "dropped", note=note)

    async def retry(self, one: Letter) -> tuple[int, int]:
        """Write the record again; return partition and offset. Raises Refused."""
        _require_open(one)
        found = await self._written(one) if one.state == "retrying" else None
        if found is None:
            target = self._target(one)
            self._rehearse(one, target)
            await self._announce(one, target)
            found = target.partition, await self._write(one, target)
        await self._decide(one, "retried", *found)
        return found

    def _target(self, one: Letter) -> _Target:
        """Return where the record belongs, by what it says; raises Refused."""
        letter = one.letter
        try:
            match letter.topic:
                case t if t == CHAT_EVENTS:
                    room = self._codecs.chat_events.decode(letter.value).room_id
                    return _Target(t, partition_of(room), room.encode())
                case t if t == USER_EVENTS:
                    key = self._codecs.user_events.decode(letter.value).key
                    return _Target(t, letter.partition, key.encode())
                case t if t == CHAT_READS:
                    read = self._codecs.chat_reads.decode(letter.value)
                    key = record_key(read.user_id, read.room_id)
                    return _Target(t, letter.partition, key.encode())
        except PoisonRecord as error:
            raise Refused(f"it still cannot be decoded: {error}") from error
        raise Refused(f"records of {letter.topic} are not written again")

    def _rehearse(self, one: Letter, target: _Target) -> None:
        """Raise Refused where the record would have no effect, as far as the read models know."""
        batch = Batch()
        end = 2**62  # behind everything: it would be the newest
        record = Raw(target.topic, target.partition, end, one.letter.value)
        add_records(batch, self._codecs, target.topic, [record], 0)
        if batch.dead:
            raise Refused(f"it still cannot be applied: {batch.dead[0].reason}")
        try:
            obstacle = self._models.rehearse(batch)
        except Inapplicable as error:
            raise Refused(f"PostgreSQL would still refuse it: {error}") from error
        if obstacle is not None:
            raise Refused(obstacle)

    async def _announce(self, one: Letter, target: _Target) -> None:
        if one.state != "retrying":
            async with Log(self._brokers, target.topic) as log:
                ((_, end),) = (await log.bounds([target.partition])).values()
            await self._decide(one, "retrying", target.partition, end)

    async def _write(self, one: Letter, target: _Target) -> int:
        headers = [(name, base64.b64decode(value)) for name, value in one.letter.headers]
        stored = await self._producer.send_and_wait(
            target.topic,
            one.letter.value,
            key=target.key,
            partition=target.partition,
            headers=headers,
        )
        return int(stored.offset)

    async def _written(self, one: Letter) -> tuple[int, int] | None:
        """Return where somebody who was retrying has written the record, if they came that far."""
        begun = one.decisions[-1]
        if begun.to_partition is None or begun.to_offset is None:
            return None
        async with Log(self._brokers, one.letter.topic) as log:
            ((_, end),) = (await log.bounds([begun.to_partition])).values()
            async for chunk in log.read(Range(begun.to_partition, begun.to_offset, end)):
                for offset, value in zip(chunk.offsets, chunk.values, strict=True):
                    if value == one.letter.value:
                        return begun.to_partition, offset
        return None

    async def _decide(
        self,
        one: Letter,
        action: Action,
        to_partition: int | None = None,
        to_offset: int | None = None,
        note: str = "",
    ) -> None:
        at = time.time_ns() // 1_000_000
        place = one.letter.place
        decision = Decision(*place, action, at, self._by, note, to_partition, to_offset)
        await self._producer.send_and_wait(CHAT_DLQ, encode(decision), key=one.letter.key)
        one.decisions.append(decision)


def _require_open(one: Letter) -> None:
    if one.state == "dropped":
        raise Refused(f"it was dropped by {one.decisions[-1].by}")
    if one.state == "retried":
        last = one.decisions[-1]
        raise Refused(_told_retried(last.to_partition, last.to_offset))


def _told_retried(partition: int | None, offset: int | None) -> str:
    return f"it was retried already, and is at partition {partition}, offset {offset}"
