"""The topics: their names, what `infra/topics.yaml` says of them, and how a cluster is brought there."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from roomlog.brokers import client_options

CHAT_EVENTS = "chat.events"
CHAT_SIGNALS = "chat.signals"
CHAT_READS = "chat.reads"
USER_EVENTS = "user.events"
CHAT_DLQ = "chat.dlq"

STREAMS_GROUP = "roomlog-streams"
PROJECTOR_GROUP = "roomlog-projector"
"""Consumer groups: their members share the partitions."""

FILE = Path(__file__).parent.parent / "infra" / "topics.yaml"
_TIMEOUT_MS = 15_000


class TopicError(RuntimeError):
    """The cluster refused, or holds a topic that no longer fits its definition."""


class Topic(msgspec.Struct, frozen=True):
    """One topic as `infra/topics.yaml` defines it."""

    name: str
    purpose: str
    key: str
    partitions: int
    replication: int
    config: dict[str, str]

    def replicas_on(self, brokers: int) -> int:
        """Return how many copies a cluster of this many brokers keeps."""
        return max(1, min(self.replication, brokers))

    def config_on(self, brokers: int) -> dict[str, str]:
        """Return the settings on a cluster of this many brokers."""
        insync = max(1, self.replicas_on(brokers) - 1)
        return {**self.config, "min.insync.replicas": str(insync)}


class _File(msgspec.Struct, frozen=True):
    topics: list[Topic]


def load(path: Path = FILE) -> list[Topic]:
    """Read the definitions; raises TopicError where the file is not understood."""
    try:
        return msgspec.yaml.decode(path.read_bytes(), type=_File).topics
    except (OSError, msgspec.DecodeError) as error:
        raise TopicError(f"cannot read {path}: {error}") from error


async def apply(
    bootstrap: str, topics: Iterable[Topic] | None = None, brokers: int = 0
) -> list[str]:
    """Create the topics that are missing on the cluster, and return their names.

    Copies and in-sync copies follow from how many brokers the cluster has, or will have (`brokers`).

    Settings of topics that exist are brought to their definition. Raises TopicError where one has
    another number of partitions: that would give every cursor another meaning.
    """
    from aiokafka.admin import AIOKafkaAdminClient

    wanted = list(load() if topics is None else topics)
    admin = AIOKafkaAdminClient(**client_options(bootstrap), request_timeout_ms=_TIMEOUT_MS)
    await admin.start()
    try:
        brokers = brokers or len((await admin.describe_cluster())["brokers"])
        present = {t: len(ps) for t, ps in await _partitions(admin)}
        _refuse_other_partition_counts(wanted, present)
        missing = [t for t in wanted if t.name not in present]
        await _create(admin, missing, brokers)
        await _configure(admin, [t for t in wanted if t.name in present], brokers)
    finally:
        await admin.close()
    return [t.name for t in missing]


async def present_partitions(bootstrap: str) -> dict[str, int]:
    """Return the topics that a cluster holds, each with its number of partitions."""
    from aiokafka.admin import AIOKafkaAdminClient

    admin = AIOKafkaAdminClient(**client_options(bootstrap), request_timeout_ms=_TIMEOUT_MS)
    await admin.start()
    try:
        return {t: len(ps) for t, ps in await _partitions(admin)}
    finally:
        await admin.close()


async def _partitions(admin: Any) -> list[tuple[str, list[Any]]]:
    return [(t["topic"], t["partitions"]) for t in await admin.describe_topics()]


def _refuse_other_partition_counts(wanted: list[Topic], present: dict[str, int]) -> None:
    for topic in wanted:
        found = present.get(topic.name, topic.partitions)
        if found != topic.partitions:
            raise TopicError(
                f"topic {topic.name} has {found} partitions, {FILE.name} says {topic.partitions}; "
                "the number never changes under a running epoch: undo the change in the file, "
                "or start a new log"
            )


async def _create(admin: Any, topics: list[Topic], brokers: int) -> None:
    if not topics:
        return
    from aiokafka.admin import NewTopic

    answer = await admin.create_topics(
        [
            NewTopic(
                name=t.name,
                num_partitions=t.partitions,
                replication_factor=t.replicas_on(brokers),
                topic_configs=t.config_on(brokers),
            )
            for t in topics
        ],
        timeout_ms=_TIMEOUT_MS,
    )
    _check((name, code, rest[0] if rest else "") for name, code, *rest in answer.topic_errors)


async def _configure(admin: Any, topics: list[Topic], brokers: int) -> None:
    from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

    if not topics:
        return
    resources = [
        ConfigResource(ConfigResourceType.TOPIC, t.name, t.config_on(brokers)) for t in topics
    ]
    for answer in await admin.alter_configs(resources):
        _check((name, code, text) for code, text, _kind, name in answer.resources)


def _check(results: Iterable[tuple[str, int, str | None]]) -> None:
    from aiokafka.errors import TopicAlreadyExistsError, for_code

    for name, code, text in results:
        error = for_code(code)
        # Another process may have created it at the same moment: that is what was wanted.
        if code and error is not TopicAlreadyExistsError:
            raise TopicError(f"Kafka refused topic {name}: {error.__name__} {text or ''}".strip())
