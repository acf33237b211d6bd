"""How Kafka is, as a client sees it: brokers, replicas in sync, leaders, and how far each topic is."""

import asyncio
import logging
from collections.abc import Iterable
from typing import NamedTuple, Protocol

from aiokafka.errors import KafkaError

from projector.kafka import TOPICS, Source
from roomlog import metrics
from roomlog.topics import CHAT_DLQ

WATCHED = (*TOPICS, CHAT_DLQ)
_EVERY_S = 10.0
_NO_LEADER = -1

log = logging.getLogger(__name__)


class PartitionState(Protocol):
    """What Kafka's metadata say of a partition; replicas are numbers of brokers."""

    leader: int
    replicas: list[int]
    isr: list[int]


class Health(NamedTuple):
    """How a cluster is; of partitions, the numbers of those that are not well."""

    brokers: int
    under_replicated: int
    leaderless: int


def health(brokers: int, partitions: Iterable[PartitionState]) -> Health:
    """Return how a cluster is that has so many brokers, and these partitions."""
    known = list(partitions)
    return Health(
        brokers,
        sum(len(p.isr) < len(p.replicas) for p in known),
        sum(p.leader == _NO_LEADER for p in known),
    )


async def watch(source: Source) -> None:
    """Look at the cluster for ever; while it does not answer, no broker is known to be there."""
    while True:
        try:
            found, ends = await source.cluster(WATCHED)
            _show(health(*found))
            for place, end in ends.items():
                metrics.LOG_END.labels(place.topic, str(place.partition)).set(end)
        except (KafkaError, TimeoutError, OSError) as error:
            log.debug("Kafka does not tell how it is: %r", error)
            metrics.KAFKA_BROKERS.set(0)
        await asyncio.sleep(_EVERY_S)


def _show(found: Health) -> None:
    metrics.KAFKA_BROKERS.set(found.brokers)
    metrics.KAFKA_UNDER_REPLICATED.set(found.under_replicated)
    metrics.KAFKA_LEADERLESS.set(found.leaderless)
