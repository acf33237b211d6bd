"""The capacity model: a load and measured figures in, a plan out. Nothing here reads or writes anything.

Every part is rounded up on its own, carries the peak at `utilisation`, and has `spare` beside what the
peak needs. Not counted: typing, presence and read markers, load balancers, the schema registry (two
small processes), monitoring.
"""

import msgspec

from roomlog.capacity import servers, stages
from roomlog.capacity.limits import HotRoom, Warned, extrapolation, hot_rooms, warnings
from roomlog.capacity.measured import Measured
from roomlog.capacity.servers import Kafka, Postgres, Valkey
from roomlog.capacity.stages import IngestNodes, Processes
from roomlog.capacity.traffic import Network, Storage, network, storage
from roomlog.capacity.workload import Workload, checked


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a load needs. These are the keys of `roomlog plan --json`: they are only ever added to."""

    load: Workload
    extrapolated: float
    ingest: IngestNodes
    streams: Processes
    projector: Processes
    indexer: Processes
    webhooks: Processes
    notifier: Processes
    api: Processes
    kafka: Kafka
    postgres: Postgres
    valkey: Valkey
    network_mib_s: Network
    storage_gib_day: Storage
    hot_rooms: list[HotRoom]
    warnings: list[Warned]


def plan(load: Workload, measured: Measured) -> Plan:
    """Return what the load needs; raises BadPlan where the load makes no sense."""
    load, figures = checked(load), measured.figures
    nodes = stages.ingest(load, figures)
    workers = stages.streams(load, figures, nodes.nodes_per_message)
    projectors = stages.projectors(load, figures)
    indexers = stages.indexers(load, figures)
    count = servers.partitions(load, workers, projectors, indexers)
    kafka = servers.kafka(load, figures, nodes.count, count)
    postgres = servers.postgres(load, figures)
    valkey = servers.valkey(load, figures, nodes, workers)
    more = max(workers, projectors, indexers, key=lambda group: group.count)
    return Plan(
        load=load,
        extrapolated=extrapolation(load, figures, nodes),
        ingest=nodes,
        streams=workers,
        projector=projectors,
        indexer=indexers,
        webhooks=stages.webhooks(load, figures),
        notifier=stages.notifiers(load, figures),
        api=stages.api(load, figures),
        kafka=kafka,
        postgres=postgres,
        valkey=valkey,
        network_mib_s=network(load, figures, kafka, postgres, nodes),
        storage_gib_day=storage(load, figures, kafka),
        hot_rooms=hot_rooms(load, figures, nodes),
        warnings=warnings(load, measured, nodes, more, kafka, postgres, valkey),
    )
