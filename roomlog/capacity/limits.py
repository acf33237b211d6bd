"""What no number of processes changes, and where a plan leaves what was measured or what is built."""

import msgspec

from roomlog.capacity.measured import Figures, Measured
from roomlog.capacity.servers import Kafka, Postgres, Valkey
from roomlog.capacity.stages import US, IngestNodes, Processes, copy_us, event_us, nodes_touched
from roomlog.capacity.workload import Workload

HOT_ROOMS = (100, 1_000, 10_000, 100_000)
_SOON_DAYS = 365
_FULL_MEMORY_DAYS = 30


class Warned(msgspec.Struct, frozen=True):
    """Something to know about a plan. `code` is stable; `not_built` says that the design stops here."""

    code: str
    text: str
    not_built: bool = False


class HotRoom(msgspec.Struct, frozen=True):
    """How many messages a second one room takes with so many followers, and what limits it."""

    followers: int
    messages_per_s: float
    limited_by: str


def hot_rooms(load: Workload, figures: Figures, nodes: IngestNodes) -> list[HotRoom]:
    """Return the limits of a single room, had it its nodes and its worker for itself.

    A room lives in one partition, so one worker (one core) hands it out, and its rate does not grow
    with workers; each node writes to the followers that it has, evenly spread over all nodes.
    """
    return [_hot_room(load, figures, nodes.count, f) for f in HOT_ROOMS]


def _hot_room(load: Workload, figures: Figures, nodes: int, followers: int) -> HotRoom:
    touched = nodes_touched(nodes, followers)
    by_worker = event_us(figures, touched)
    by_node = copy_us(figures) + (followers / touched - 1) * figures["delivery_us"]
    slowest, by = max((by_worker, "its streams worker"), (by_node, "ingest nodes"))
    return HotRoom(followers, load.utilisation / (slowest * US), by)


def extrapolation(load: Workload, figures: Figures, nodes: IngestNodes) -> float:
    """Return how many times what was measured the load is, 1 where nothing exceeds it."""
    return max(
        1.0,
        load.messages_per_s / figures["acked_per_s"],
        load.deliveries_per_s / figures["delivered_per_s"],
        nodes.connections_each / figures["connections_per_node"],
    )


def warnings(
    load: Workload,
    measured: Measured,
    nodes: IngestNodes,
    consumers: Processes,
    kafka: Kafka,
    postgres: Postgres,
    valkey: Valkey,
) -> list[Warned]:
    """Return what to know about a plan; `consumers` is the largest group of those that read the log."""
    return [
        *_about_figures(load, measured, nodes),
        *_about_partitions(load, consumers, kafka),
        *_about_postgres(postgres),
        *_about_valkey(valkey),
    ]


def _about_figures(load: Workload, measured: Measured, nodes: IngestNodes) -> list[Warned]:
    found = []
    if measured.is_provisional:
        text = "some figures are provisional: not from a run of the bench (docs/capacity.md)"
        found.append(Warned("provisional", text))
    factor = extrapolation(load, measured.figures, nodes)
    if factor > 1:
        text = (
            f"extrapolated x{factor:,.3g} from one machine of {measured.machine.cores} cores "
            f"({measured.figures['acked_per_s']:,.0f} messages/s, "
            f"{measured.figures['delivered_per_s']:,.0f} deliveries/s, "
            f"{measured.figures['connections_per_node']:,.0f} connections): nobody has run this"
        )
        found.append(Warned("extrapolated", text))
    return found


def _about_partitions(load: Workload, consumers: Processes, kafka: Kafka) -> list[Warned]:
    if not load.partitions:
        return []
    if kafka.partitions < consumers.count:
        text = (
            f"{kafka.partitions} partitions are fewer than {consumers.count} consumers: those without "
            "one do nothing. The number never changes under a running epoch; a new epoch is a new log"
        )
        return [Warned("partitions_too_few", text, not_built=True)]
    if kafka.partitions < 4 * consumers.count:
        text = (
            f"{kafka.partitions} partitions for {consumers.count} consumers: fewer than four each, so "
            "some have a good deal more than their share"
        )
        return [Warned("partitions_uneven", text)]
    return []


def _about_postgres(postgres: Postgres) -> list[Warned]:
    found = []
    if postgres.primaries > 1:
        text = (
            f"{postgres.primaries} PostgreSQL primaries would be needed, and Roomlog writes to one: read "
            "models by room over several databases are not built. The plan counts them as if they were"
        )
        found.append(Warned("postgres_primaries", text, not_built=True))
    if postgres.days_to_table_limit < _SOON_DAYS:
        text = (
            f"the messages reach PostgreSQL's limit of 32 TiB a table after {postgres.days_to_table_limit:,.0f} "
            "days or somewhat later: the table is not partitioned, and nothing leaves the read models"
        )
        found.append(Warned("postgres_table", text, not_built=True))
    if postgres.days_in_memory < _FULL_MEMORY_DAYS:
        text = (
            f"after {postgres.days_in_memory:,.1f} days the index on event ids exceeds half of PostgreSQL's "
            f"{postgres.memory_gib_each:,.0f} GiB; from then on inserts read the disk, which was not measured"
        )
        found.append(Warned("postgres_memory", text))
    return found


def _about_valkey(valkey: Valkey) -> list[Warned]:
    if valkey.primaries == 1:
        return []
    text = (
        f"{valkey.primaries} Valkey servers would be needed ({valkey.keys:,.0f} idempotency keys of 24 "
        f"hours, {valkey.publishes_per_s:,.0f} publishes/s), and Roomlog uses one: keys and channels "
        "over a cluster are not built. The plan counts them as if they were"
    )
    return [Warned("valkey_primaries", text, not_built=True)]
