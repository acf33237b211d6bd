"""What is sent each second at the peak, and stored each day."""

import msgspec

from roomlog.capacity.measured import Figures
from roomlog.capacity.servers import (
    CONSUMER_GROUPS,
    MIB,
    REPLICATION,
    Kafka,
    Postgres,
    longer,
    stored_bytes,
)
from roomlog.capacity.stages import GIB, IngestNodes
from roomlog.capacity.workload import Workload


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """MiB each second at the peak; `clients_*` crosses the border, everything else stays inside."""

    clients_in: float
    clients_out: float
    kafka_in: float
    kafka_out: float
    kafka_replication: float
    valkey_in: float
    valkey_out: float
    postgres_in: float
    postgres_replication: float

    @property
    def inside(self) -> float:
        """All that stays inside."""
        return (
            self.kafka_in
            + self.kafka_out
            + self.kafka_replication
            + self.valkey_in
            + self.valkey_out
            + self.postgres_in
            + self.postgres_replication
        )


class Storage(msgspec.Struct, frozen=True, kw_only=True):
    """GiB that each day adds.

    `log_zstd` is what the log would need at best with the topic's `compression.type=zstd`; nodes do not
    compress. `*_replicated` counts every copy: three of the log, primary and standby of the read models.
    """

    log: float
    log_zstd: float
    log_replicated: float
    log_zstd_replicated: float
    read_models: float
    read_models_replicated: float


def network(
    load: Workload, figures: Figures, kafka: Kafka, postgres: Postgres, nodes: IngestNodes
) -> Network:
    """Return the traffic; each frame counts as if it travelled alone, which is the most it can be."""
    rate, more = load.messages_per_s, longer(load, figures)
    packet = figures["packet_bytes"]
    plain = figures["frame_bytes"] + more
    packed = plain * figures["frame_deflated_bytes"] / figures["frame_bytes"]
    frame = plain + (packed - plain) * load.deflated + packet
    command = load.text_bytes + figures["command_overhead_bytes"] + packet
    out = load.deliveries_per_s * frame + rate * (figures["ack_bytes"] + packet)
    out += load.reads_per_s * figures["answer_bytes"]
    log = rate * kafka.event_bytes / MIB
    copies = nodes.nodes_per_message * log
    return Network(
        clients_in=rate * command / MIB,
        clients_out=out / MIB,
        kafka_in=log,
        kafka_out=log * CONSUMER_GROUPS,
        kafka_replication=log * (REPLICATION - 1),
        valkey_in=copies,
        valkey_out=copies,
        postgres_in=rate * (figures["record_bytes"] + more) / MIB,
        postgres_replication=postgres.wal_mib_s,
    )


def storage(load: Workload, figures: Figures, kafka: Kafka) -> Storage:
    """Return what a day adds, from the mean rate of messages."""
    log = load.messages_per_day * kafka.event_bytes / GIB
    ratio = figures["record_zstd_bytes"] / figures["record_bytes"]
    rows = load.messages_per_day * stored_bytes(load, figures) / GIB
    return Storage(
        log=log,
        log_zstd=log * ratio,
        log_replicated=log * REPLICATION,
        log_zstd_replicated=log * ratio * REPLICATION,
        read_models=rows,
        read_models_replicated=rows * 2,
    )
