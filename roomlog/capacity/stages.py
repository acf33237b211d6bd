"""How many processes of each stage: one process is one core, and is used to `utilisation` at the peak."""

import math
from collections.abc import Callable

import msgspec

from roomlog.capacity.measured import Figures
from roomlog.capacity.workload import Workload

GIB = 1 << 30
US = 1e-6
UNEVEN = 1.25
"""The busiest consumer's load by the mean: with four partitions or more each, nobody has above 5/4."""


class Processes(msgspec.Struct, frozen=True, kw_only=True):
    """`count` processes: `for_load` carry the peak, `spare` may be away.

    `load_cores` is the processor time they need together, `limited_by` what `for_load` follows from.
    """

    count: int
    for_load: int
    spare: int
    load_cores: float
    memory_gib_each: float
    limited_by: str = "cpu"


class IngestNodes(Processes, frozen=True, kw_only=True):
    """`nodes_per_message` is how many nodes have followers of a room, and so get each of its messages."""

    connections_each: int
    nodes_per_message: float


def nodes_touched(nodes: float, fanout: float) -> float:
    """Return on how many of the nodes `fanout` followers sit, who were spread at random.

    n (1 - (1 - 1/n)^f): the mean number of boxes that are not empty (occupancy problem). Nothing brings
    the members of a room to the same node.
    """
    if nodes <= 1:
        return 1.0
    return nodes * -math.expm1(fanout * math.log1p(-1 / nodes))


def copy_us(figures: Figures) -> float:
    """Return what a message costs each node that has followers of it, the first of these included.

    `across` is a command, and a copy on each of two nodes, all of them alone; `ingest-alone` the command.
    Taken at a low rate, where nothing is coalesced: a busy node needs less. Never less than a delivery.
    """
    rest = figures["ingest_across_us"] - figures["ingest_command_us"]
    return max(rest / 2, figures["delivery_us"])


def ingest(load: Workload, figures: Figures) -> IngestNodes:
    """Return the nodes: enough for their processor time, and for their connections."""
    most = load.connections_per_node or int(figures["connections_per_node"])
    by_connections = math.ceil(load.connections / most)

    def cores(nodes: int) -> float:
        return ingest_cores(load, figures, nodes)

    by_cpu = smallest(lambda n: cores(n + load.spare) <= n * load.utilisation)
    needed = max(by_cpu, by_connections)
    count = needed + load.spare
    each = math.ceil(load.connections / needed)
    memory = figures["process_mib"] * 1024**2 + each * figures["connection_kib"] * 1024
    return IngestNodes(
        count=count,
        for_load=needed,
        spare=load.spare,
        load_cores=cores(count),
        memory_gib_each=memory / GIB,
        limited_by="cpu" if by_cpu >= by_connections else "connections",
        connections_each=each,
        nodes_per_message=nodes_touched(count, load.fanout),
    )


def ingest_cores(load: Workload, figures: Figures, nodes: int) -> float:
    """Return the processor time of all nodes: commands, copies to nodes, and further deliveries."""
    each = message_us(figures, nodes_touched(nodes, load.fanout), load.fanout)
    return load.messages_per_s * each * US


def message_us(figures: Figures, nodes: float, fanout: float) -> float:
    """Return what a message costs all nodes together whose followers are on so many of them."""
    further = (fanout - nodes) * figures["delivery_us"]
    return figures["ingest_command_us"] + nodes * copy_us(figures) + further


def streams(load: Workload, figures: Figures, nodes_per_message: float) -> Processes:
    """Return the workers."""
    each = event_us(figures, nodes_per_message)
    return _consumers(load, figures, load.messages_per_s * each * US)


def event_us(figures: Figures, nodes: float) -> float:
    """Return what an event costs a worker: examined once, and handed to each node that has followers.

    Both are taken to cost the same. The bench hands out half of the events that it examines, so one
    and a half such steps are one of its events.
    """
    return (1 + nodes) * figures["streams_us"] / 1.5


def projectors(load: Workload, figures: Figures) -> Processes:
    """Return the projectors."""
    return _consumers(load, figures, load.messages_per_s * figures["projector_us"] * US)


def indexers(load: Workload, figures: Figures) -> Processes:
    """Return the indexers, which read the log behind the projectors."""
    return _consumers(load, figures, load.messages_per_s * figures["indexer_us"] * US)


def webhooks(load: Workload, figures: Figures) -> Processes:
    """Return the senders of webhooks; any of them sends those of any room, one room's one after the other."""
    return _alike(load, figures, load.webhooks_per_s * figures["webhook_us"] * US)


def notifiers(load: Workload, figures: Figures) -> Processes:
    """Return the notifiers, any of which sends any push."""
    return _alike(load, figures, load.pushes_per_s * figures["push_us"] * US)


def _alike(load: Workload, figures: Figures, cores: float) -> Processes:
    return _processes(load, figures, max(1, math.ceil(cores / load.utilisation)), cores)


def _consumers(load: Workload, figures: Figures, cores: float) -> Processes:
    needed = max(1, math.ceil(cores * UNEVEN / load.utilisation))
    return _processes(load, figures, needed, cores)


def api(load: Workload, figures: Figures) -> Processes:
    """Return the processes of the API, which serve reads; writes over REST are the nodes' work."""
    return _alike(load, figures, load.reads_per_s * figures["api_us"] * US)


def _processes(load: Workload, figures: Figures, needed: int, cores: float) -> Processes:
    return Processes(
        count=needed + load.spare,
        for_load=needed,
        spare=load.spare,
        load_cores=cores,
        memory_gib_each=figures["process_mib"] / 1024,
    )


def smallest(enough: Callable[[int], bool]) -> int:
    """Return the smallest number from 1 on that is enough, given that all larger ones are, too."""
    high = 1
    while not enough(high):
        high *= 2
    low = high // 2 + 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return high
