"""How many Kafka brokers, partitions, PostgreSQL and Valkey servers, and how large."""

import math

import msgspec

from roomlog.capacity.measured import Figures
from roomlog.capacity.stages import GIB, US, IngestNodes, Processes, smallest
from roomlog.capacity.workload import Workload

REPLICATION = 3
MIN_INSYNC = 2
CONSUMER_GROUPS = 4
"""Streams, projectors, indexers and, where there is a webhook, its senders read all of the log."""
FEWEST_PARTITIONS = 24
OTHER_PARTITIONS = 12
"""user.events and chat.dlq; chat.signals and chat.reads have as many as chat.events."""
BATCH_HEADER_BYTES = 61
"""Of a record batch in Kafka's message format v2."""
FULL_BATCH = 100
"""Records a batch with which `record_bytes` was measured."""
DISK_FULL = 0.7
MIB = 1 << 20
TABLE_LIMIT_GIB = 32 * 1024
"""PostgreSQL: 2^32 - 2 blocks of 8 KiB a table."""
INDEX_MEMORY = 0.5
"""The share of PostgreSQL's memory that one index may count on."""
_GIB_PER_CORE = 4


class Kafka(msgspec.Struct, frozen=True, kw_only=True):
    """The brokers; `batch_events` is how many events of one node and partition travel together."""

    brokers: int
    for_load: int
    limited_by: str
    partitions: int
    replication: int = REPLICATION
    min_insync: int = MIN_INSYNC
    load_cores: float
    cores_each: int
    memory_gib_each: float
    disk_gib_each: float
    batch_events: float
    event_bytes: float


class Postgres(msgspec.Struct, frozen=True, kw_only=True):
    """The database. More than one primary cannot be had today: `primaries` says what is missing.

    `days_to_table_limit` and `days_in_memory` tell when the messages outgrow a table, and when the index
    on random event ids outgrows the memory, at the load of the plan.
    """

    primaries: int
    standbys: int
    load_cores: float
    cores_each: int
    memory_gib_each: float
    disk_gib_each: float
    wal_mib_s: float
    days_to_table_limit: float
    days_in_memory: float


class Valkey(msgspec.Struct, frozen=True, kw_only=True):
    """Valkey. More than one primary cannot be had today: `primaries` says what is missing."""

    primaries: int
    replicas: int
    load_cores: float
    memory_gib_each: float
    keys: float
    publishes_per_s: float


def partitions(load: Workload, *consumers: Processes) -> int:
    """Return how many partitions the log should have; fixed for its epoch.

    The smallest of 24, 48, 96, ... with four or more for each consumer, so that no consumer has much more
    than its share, and one or more still when the load has grown by `growth`.
    """
    if load.partitions:
        return load.partitions
    wanted = max(4.0, load.growth) * max(c.count for c in consumers)
    doublings = max(0, math.ceil(math.log2(wanted / FEWEST_PARTITIONS)))
    return FEWEST_PARTITIONS << doublings


def kafka(load: Workload, figures: Figures, nodes: int, count: int) -> Kafka:
    """Return the brokers for `count` partitions that so many nodes write to.

    A node sends what came in for a partition while its last batch was under way (`lane_ms`): the more
    nodes and partitions, the smaller the batches. Between a batch of its own for each message
    (`kafka_lone_us`) and full ones (`kafka_us`) the cost of a batch is shared by those in it.
    """
    batch = max(1.0, load.messages_per_s * figures["lane_ms"] / 1e3 / (nodes * count))
    lone = max(figures["kafka_lone_us"] - figures["kafka_us"], 0.0)
    leader = load.messages_per_s * (figures["kafka_us"] + lone / batch) * US
    cores = leader * (1 + (REPLICATION - 1) * figures["kafka_follower_share"])
    bytes_each = event_bytes(load, figures, batch)
    written = load.messages_per_s * bytes_each / MIB * REPLICATION
    sent = load.messages_per_s * bytes_each / MIB * (CONSUMER_GROUPS + REPLICATION - 1)
    replicas = (3 * count + OTHER_PARTITIONS) * REPLICATION
    by = {
        "cpu": cores / (figures["broker_cores"] * load.utilisation),
        "disk": written / (figures["broker_disk_mib_s"] * load.utilisation),
        "network": max(written, sent) / (figures["broker_network_mib_s"] * load.utilisation),
        "replicas": replicas / figures["broker_replicas"],
    }
    needed = max(1, math.ceil(max(by.values())))
    brokers = max(REPLICATION, needed + load.spare)
    kept = load.messages_per_day * bytes_each * load.days * REPLICATION
    return Kafka(
        brokers=brokers,
        for_load=needed,
        limited_by=max(by, key=lambda k: by[k]) if needed + load.spare > REPLICATION else "copies",
        partitions=count,
        load_cores=cores,
        cores_each=int(figures["broker_cores"]),
        memory_gib_each=figures["broker_memory_gib"],
        disk_gib_each=kept / GIB / brokers / DISK_FULL,
        batch_events=batch,
        event_bytes=bytes_each,
    )


def event_bytes(load: Workload, figures: Figures, batch: float) -> float:
    """Return an event's bytes in the log: smaller batches have more headers."""
    headers = BATCH_HEADER_BYTES * (1 / min(batch, FULL_BATCH) - 1 / FULL_BATCH)
    return figures["record_bytes"] + longer(load, figures) + headers


def longer(load: Workload, figures: Figures) -> float:
    """Return how much longer texts are than those that sizes were measured with, in bytes."""
    return load.text_bytes - figures["text_bytes"]


def stored_bytes(load: Workload, figures: Figures) -> float:
    """Return a message's bytes in PostgreSQL, read models and search index."""
    return figures["row_bytes"] + figures["search_bytes"] + longer(load, figures)


def postgres(load: Workload, figures: Figures) -> Postgres:
    """Return the database server that the projectors write to and the API reads from, and a standby."""
    each = figures["postgres_us"] + figures["index_postgres_us"]
    each += load.webhooks * figures["webhook_postgres_us"]
    each += load.pushes * figures["push_postgres_us"]
    writes = load.messages_per_s * each * US
    reads = load.reads_per_s * figures["postgres_read_us"] * US
    cores = (writes + reads) / load.utilisation
    wal = load.messages_per_s * (figures["wal_bytes"] + longer(load, figures)) / MIB
    most = figures["postgres_cores_most"]
    primaries = max(1, math.ceil(max(cores / most, wal / figures["postgres_wal_mib_s_most"])))
    size = 2 ** smallest(lambda n: 2**n >= min(cores / primaries, most))
    memory = max(8.0, size * _GIB_PER_CORE)
    rows = load.messages_per_day * (figures["row_bytes"] + longer(load, figures)) / GIB
    daily = load.messages_per_day * stored_bytes(load, figures) / GIB
    index = load.messages_per_day * figures["index_bytes"] / GIB
    return Postgres(
        primaries=primaries,
        standbys=primaries,
        load_cores=writes + reads,
        cores_each=size,
        memory_gib_each=memory,
        disk_gib_each=daily * load.days / primaries / DISK_FULL,
        wal_mib_s=wal,
        days_to_table_limit=TABLE_LIMIT_GIB * primaries / rows,
        days_in_memory=memory * primaries * INDEX_MEMORY / index,
    )


def valkey(load: Workload, figures: Figures, nodes: IngestNodes, workers: Processes) -> Valkey:
    """Return the Valkey servers: one core executes commands; a key of each message stays for 24 hours.

    A worker publishes once a node and turn, so there are never more publishes than workers x nodes x turns.
    """
    copies = load.messages_per_s * nodes.nodes_per_message
    turns = workers.count * nodes.count * figures["turns_per_s"]
    published = min(copies, turns)
    alone = max((figures["valkey_lone_us"] - figures["valkey_us"]) / 2, 0.0)
    cores = (load.messages_per_s * figures["valkey_us"] + published * alone) * US
    memory = 1.0 + load.messages_per_day * figures["key_bytes"] / GIB
    by_memory = memory / figures["valkey_memory_gib_most"]
    primaries = max(1, math.ceil(max(cores / load.utilisation, by_memory)))
    return Valkey(
        primaries=primaries,
        replicas=primaries,
        load_cores=cores,
        memory_gib_each=memory / primaries,
        keys=load.messages_per_day,
        publishes_per_s=published,
    )
