"""What a plan costs a month, with prices that the reader replaces. The file's prices are examples."""

import math
from pathlib import Path

import msgspec

from roomlog.capacity.errors import BadPlan
from roomlog.capacity.model import Plan
from roomlog.capacity.stages import Processes

FILE = Path(__file__).with_name("prices.yaml")
HOURS = 730
"""A month: 365 days of 24 hours, divided by 12."""
_SECONDS = HOURS * 3_600
_VALKEY_CORES = 2
"""One executes commands, the other does everything else."""


class Prices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Prices of one unit each; GiB are 2^30 bytes."""

    name: str
    currency: str
    core_hour: float
    memory_gib_hour: float
    disk_gib_month: float
    traffic_out_gib: float
    traffic_inside_gib: float


class Line(msgspec.Struct, frozen=True):
    """One line of the list: what, how much of it, and its price a month."""

    what: str
    quantity: str
    per_month: float


class Bill(msgspec.Struct, frozen=True):
    """The price of a plan; disks are those of `days` and grow with the log."""

    prices: str
    currency: str
    per_month: float
    lines: list[Line]


def load(path: Path = FILE) -> Prices:
    """Read prices; raises BadPlan, which names the file and what is wrong in it."""
    try:
        prices = msgspec.yaml.decode(path.read_bytes(), type=Prices)
    except (OSError, msgspec.DecodeError) as error:
        raise BadPlan(
            f"cannot read prices from {path}: {error}; `roomlog plan --print-prices` prints a file to edit"
        ) from error
    for name in Prices.__struct_fields__:
        value = getattr(prices, name)
        if isinstance(value, float) and not (math.isfinite(value) and value >= 0):
            raise BadPlan(f"{path}: {name} is {value:g}; a price is 0 or more")
    return prices


def bill(plan: Plan, prices: Prices) -> Bill:
    """Return what the plan costs a month, at its machines' full size and its mean traffic."""
    stages = [
        _line(name, group.count, 1, group.memory_gib_each, prices)
        for name, group in _stages(plan).items()
    ]
    lines = [*stages, *_servers(plan, prices), *_disks(plan, prices), *_traffic(plan, prices)]
    return Bill(prices.name, prices.currency, sum(line.per_month for line in lines), lines)


def _stages(plan: Plan) -> dict[str, Processes]:
    return {
        "ingest nodes": plan.ingest,
        "streams workers": plan.streams,
        "projectors": plan.projector,
        "indexers": plan.indexer,
        "webhooks": plan.webhooks,
        "notifiers": plan.notifier,
        "API": plan.api,
    }


def _line(what: str, count: int, cores: float, memory_gib: float, prices: Prices) -> Line:
    hourly = cores * prices.core_hour + memory_gib * prices.memory_gib_hour
    quantity = f"{count:,} x {cores:g} cores, {memory_gib:,.3g} GiB"
    return Line(what, quantity, count * hourly * HOURS)


def _servers(plan: Plan, prices: Prices) -> list[Line]:
    kafka, postgres, valkey = plan.kafka, plan.postgres, plan.valkey
    databases = postgres.primaries + postgres.standbys
    caches = valkey.primaries + valkey.replicas
    return [
        _line("Kafka", kafka.brokers, kafka.cores_each, kafka.memory_gib_each, prices),
        _line("PostgreSQL", databases, postgres.cores_each, postgres.memory_gib_each, prices),
        _line("Valkey", caches, _VALKEY_CORES, valkey.memory_gib_each, prices),
    ]


def _disks(plan: Plan, prices: Prices) -> list[Line]:
    postgres = plan.postgres
    sizes = {
        "Kafka's disks": plan.kafka.brokers * plan.kafka.disk_gib_each,
        "PostgreSQL's disks": (postgres.primaries + postgres.standbys) * postgres.disk_gib_each,
    }
    return [Line(w, f"{gib:,.0f} GiB", gib * prices.disk_gib_month) for w, gib in sizes.items()]


def _traffic(plan: Plan, prices: Prices) -> list[Line]:
    gib = _SECONDS / plan.load.peak_to_mean / 1024
    out, inside = plan.network_mib_s.clients_out * gib, plan.network_mib_s.inside * gib
    return [
        Line("traffic to clients", f"{out:,.0f} GiB", out * prices.traffic_out_gib),
        Line("traffic inside", f"{inside:,.0f} GiB", inside * prices.traffic_inside_gib),
    ]
