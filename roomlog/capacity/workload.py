"""The load that a plan is for, and the phases that have names."""

import math
from typing import Any

import msgspec

from roomlog.capacity.errors import BadPlan

MOST_USERS = 10_000_000_000
MOST_PER_S = 1e9
_DAY_S = 86_400


class Workload(msgspec.Struct, frozen=True):
    """What people do at the busiest time, and how the plan is to be made.

    `fanout` is how many followers, their sender included, get a message; the rates are those of the peak.
    """

    users: int
    messages_per_s: float
    online: float = 0.2
    """Share of the users who are connected at the peak."""
    fanout: float = 10.0
    text_bytes: float = 58.0
    """Of a message; the default is the mean of 215,159 messages of public IRC channels."""
    reads_per_minute: float = 2.0
    """REST requests of one who is connected: pages of history, lists, searches."""
    webhooks: float = 0.01
    """Webhooks sent for a message, in the mean."""
    pushes: float = 0.1
    """Web pushes sent for a message, in the mean: to who is written to or mentioned and away."""
    peak_to_mean: float = 3.4
    """The default is that of a day of those channels: its busiest hour by its mean hour, median of six."""
    deflated: float = 0.0
    """Share of the connections that negotiated permessage-deflate."""
    growth: float = 4.0
    """How much the load may grow within this epoch of the log."""
    partitions: int = 0
    """Of the log that exists already; 0: to be chosen."""
    days: float = 30.0
    """How long disks last before they are enlarged."""
    utilisation: float = 0.5
    """The share of a core, disk or network that is used at the peak."""
    spare: int = 1
    """How many processes or brokers of each kind may be away at the peak."""
    connections_per_node: int = 0
    """0: as many as were measured."""

    @property
    def connections(self) -> int:
        """Connections at the peak: one for each user who is online."""
        return max(1, math.ceil(self.users * self.online))

    @property
    def deliveries_per_s(self) -> float:
        """Event frames to followers."""
        return self.messages_per_s * self.fanout

    @property
    def reads_per_s(self) -> float:
        """Requests to the API."""
        return self.connections * self.reads_per_minute / 60

    @property
    def webhooks_per_s(self) -> float:
        """Webhooks to other systems."""
        return self.messages_per_s * self.webhooks

    @property
    def pushes_per_s(self) -> float:
        """Web pushes to browsers."""
        return self.messages_per_s * self.pushes

    @property
    def mean_messages_per_s(self) -> float:
        """Messages over the whole day: what storage follows from."""
        return self.messages_per_s / self.peak_to_mean

    @property
    def messages_per_day(self) -> float:
        """Messages that are stored each day."""
        return self.mean_messages_per_s * _DAY_S


_RANGES: dict[str, tuple[float, float, str]] = {
    "users": (1, MOST_USERS, "--users"),
    "messages_per_s": (0.001, MOST_PER_S, "--rate"),
    "online": (1e-6, 1, "--online"),
    "fanout": (1, MOST_PER_S, "--fanout"),
    "text_bytes": (0, 32_000, "--text"),
    "reads_per_minute": (0, 1_000, "--reads"),
    "webhooks": (0, 1_000, "--webhooks"),
    "pushes": (0, 1_000, "--pushes"),
    "peak_to_mean": (1, 1_000, "--peak"),
    "deflated": (0, 1, "--deflated"),
    "growth": (1, 1_000, "--growth"),
    "partitions": (0, 100_000, "--partitions"),
    "days": (1, 36_500, "--days"),
    "utilisation": (0.05, 0.95, "--utilisation"),
    "spare": (0, 100, "--spare"),
    "connections_per_node": (0, 1_000_000, "--connections-per-node"),
}


def checked(load: Workload) -> Workload:
    """Return the load; raises BadPlan where a value is out of its range, and names its option."""
    for name, (low, high, option) in _RANGES.items():
        value: Any = getattr(load, name)
        if not low <= value <= high:  # also what is no number
            raise BadPlan(f"{option} {value:g}: has to be from {low:,.10g} to {high:,.10g}")
    if load.fanout > max(load.connections, 1):
        raise BadPlan(
            f"--fanout {load.fanout:g}: more than the {load.connections:,} who are online "
            f"({load.users:,} users, --online {load.online:g})"
        )
    return load


PHASES: dict[str, Workload] = {
    "10k": Workload(10_000, 2_000),
    "50k": Workload(50_000, 10_000),
    "250k": Workload(250_000, 50_000),
    "1m": Workload(1_000_000, 200_000),
    "10m": Workload(10_000_000, 1_000_000),
}
"""Steps of growth by name, after their users; infra's variable files use the same names."""
