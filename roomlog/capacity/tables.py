"""The tables of `roomlog plan`, as plain cells: the same for the terminal and for docs/capacity.md."""

from collections.abc import Callable, Mapping

import msgspec

from roomlog.capacity.limits import HOT_ROOMS
from roomlog.capacity.measured import ASSUMED, Measured
from roomlog.capacity.model import Plan
from roomlog.capacity.prices import Bill
from roomlog.capacity.stages import UNEVEN, US, event_us, message_us


class Table(msgspec.Struct, frozen=True):
    """A table: `rows` of as many cells as there are `columns`."""

    title: str
    columns: list[str]
    rows: list[list[str]]


Show = Callable[[Plan, Bill], str]


def _number(value: float) -> str:
    """Return a number with three digits that count; whole from 100 on."""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


def _beyond(count: int) -> str:
    return f"{count:,}" + (" (not built)" if count > 1 else "")


_PLAN: dict[str, Show] = {
    "users": lambda p, _: f"{p.load.users:,}",
    "messages/s at the peak": lambda p, _: _number(p.load.messages_per_s),
    "connections": lambda p, _: f"{p.load.connections:,}",
    "deliveries/s": lambda p, _: _number(p.load.deliveries_per_s),
    "ingest nodes": lambda p, _: f"{p.ingest.count:,}",
    "nodes that a message goes to": lambda p, _: _number(p.ingest.nodes_per_message),
    "streams workers": lambda p, _: f"{p.streams.count:,}",
    "projectors": lambda p, _: f"{p.projector.count:,}",
    "indexers": lambda p, _: f"{p.indexer.count:,}",
    "senders of webhooks": lambda p, _: f"{p.webhooks.count:,}",
    "notifiers": lambda p, _: f"{p.notifier.count:,}",
    "API processes": lambda p, _: f"{p.api.count:,}",
    "Kafka brokers": lambda p, _: f"{p.kafka.brokers:,}",
    "partitions": lambda p, _: f"{p.kafka.partitions:,}",
    "PostgreSQL primaries": lambda p, _: _beyond(p.postgres.primaries),
    "PostgreSQL standbys": lambda p, _: f"{p.postgres.standbys:,}",
    "cores, memory of each": lambda p, _: (
        f"{p.postgres.cores_each}, {p.postgres.memory_gib_each:,.0f} GiB"
    ),
    "Valkey primaries": lambda p, _: _beyond(p.valkey.primaries),
    "Valkey replicas": lambda p, _: f"{p.valkey.replicas:,}",
    "memory of each, GiB": lambda p, _: _number(p.valkey.memory_gib_each),
    "log, GiB a day": lambda p, _: _number(p.storage_gib_day.log),
    "log with zstd at best": lambda p, _: _number(p.storage_gib_day.log_zstd),
    "log, all three copies": lambda p, _: _number(p.storage_gib_day.log_replicated),
    "read models, GiB a day": lambda p, _: _number(p.storage_gib_day.read_models),
    "read models with standby": lambda p, _: _number(p.storage_gib_day.read_models_replicated),
    "from clients, MiB/s": lambda p, _: _number(p.network_mib_s.clients_in),
    "to clients, MiB/s": lambda p, _: _number(p.network_mib_s.clients_out),
    "Kafka in, MiB/s": lambda p, _: _number(p.network_mib_s.kafka_in),
    "Kafka out, MiB/s": lambda p, _: _number(p.network_mib_s.kafka_out),
    "Kafka replication, MiB/s": lambda p, _: _number(p.network_mib_s.kafka_replication),
    "all inside, MiB/s": lambda p, _: _number(p.network_mib_s.inside),
    "event ids outgrow memory, days": lambda p, _: _number(p.postgres.days_in_memory),
    "table limit of 32 TiB, days": lambda p, _: _number(p.postgres.days_to_table_limit),
    "example price a month": lambda p, b: f"{b.currency} {_number(b.per_month)}",
    "beyond what was measured": lambda p, _: (
        f"x{p.extrapolated:,.3g}" if p.extrapolated > 1 else "no"
    ),
}
"""Row -> what stands in it; a new one is one more line."""


def plans(found: Mapping[str, tuple[Plan, Bill]]) -> Table:
    """Return one column a plan."""
    rows = [[name, *(show(p, b) for p, b in found.values())] for name, show in _PLAN.items()]
    return Table("What it takes", ["", *found], rows)


def hot_rooms(found: Mapping[str, tuple[Plan, Bill]]) -> Table:
    """Return how many messages a second a single room takes, one column a plan."""
    rows = [
        [f"{f:,} followers", *(_number(p.hot_rooms[at].messages_per_s) for p, _ in found.values())]
        for at, f in enumerate(HOT_ROOMS)
    ]
    return Table("One room: messages/s at most", ["", *found], rows)


def bill(found: Bill) -> Table:
    """Return the price list."""
    rows = [[line.what, line.quantity, _number(line.per_month)] for line in found.lines]
    rows.append(["together", "", _number(found.per_month)])
    title = f"Price a month, {found.currency} ({found.prices})"
    return Table(title, ["what", "quantity", found.currency], rows)


def figures(measured: Measured) -> Table:
    """Return every figure that the model rests on."""
    rows = [
        [
            f"`{name}`",
            f"{figure.value:,.10g}",
            figure.unit,
            figure.source if figure.source == ASSUMED else f"`{figure.source}`",
            figure.means + (" (provisional)" if figure.provisional else ""),
        ]
        for name, figure in measured.each().items()
    ]
    return Table("Figures", ["figure", "value", "unit", "from", "what it is"], rows)


def carries(measured: Measured, utilisation: float, fanout: float) -> Table:
    """Return what one process of each kind carries at a utilisation, and the command that measures it."""
    f = measured.figures
    core = utilisation / US
    node = message_us(f, 1, fanout)
    worker = event_us(f, 1) * UNEVEN
    broker = core * f["broker_cores"] / (1 + 2 * f["kafka_follower_share"])
    rows: list[tuple[str, str, float, str]] = [
        ("ingest node", "connections", f["connections_per_node"], "idle"),
        (
            "ingest node",
            f"messages/s to {fanout:g} followers, all on it",
            core / node,
            "ingest-alone across fanout-one",
        ),
        ("ingest node", "deliveries/s to a large room", core / f["delivery_us"], "fanout-one"),
        ("streams worker", "events/s, each for one node", core / worker, "streams"),
        ("projector", "events/s", core / (f["projector_us"] * UNEVEN), "projector"),
        ("indexer", "messages/s", core / (f["indexer_us"] * UNEVEN), "search"),
        ("sender of webhooks", "webhooks/s", core / f["webhook_us"], "told"),
        ("notifier", "pushes/s", core / f["push_us"], "told"),
        ("PostgreSQL", "events/s of one core", core / f["postgres_us"], "projector"),
        (
            "PostgreSQL",
            "messages/s of one core, indexed as well",
            core / (f["postgres_us"] + f["index_postgres_us"]),
            "projector search",
        ),
        ("Kafka broker", "messages/s in full batches", broker / f["kafka_us"], "ingest-all"),
        ("Kafka broker", "messages/s, each on its own", broker / f["kafka_lone_us"], "across"),
        ("Valkey", "messages/s of one node", core / f["valkey_us"], "ingest-all"),
    ]
    cells = [
        [what, of, _number(value), f"`python -m bench {row}`"] for what, of, value, row in rows
    ]
    title = f"What one carries at {utilisation:.0%} of a core (a broker: of {f['broker_cores']:g})"
    return Table(title, ["one", "carries", "at most", "measured by"], cells)
