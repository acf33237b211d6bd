"""What is measured, what it must reach, what it aims for, and what others need for the same.

The others (Centrifugo 6.3 in memory, the same with Redis, socket.io 4.8 with Redis and batches into
PostgreSQL) were measured on a 2-core machine with one load generator; only Roomlog's acks are durable.
"""

from typing import NamedTuple


class Goal(NamedTuple):
    """One figure: `must` and `aims` are limits; `best` says on which side of them it has to be.

    A figure that is only told has no limits.
    """

    row: str
    figure: str
    unit: str
    best: str
    must: float | None = None
    aims: float | None = None
    peers: str = ""

    def verdict(self, value: float) -> str:
        """Return how a value compares: `aim`, `must` or `short`; `told` where there is no limit."""
        if self.must is None or self.aims is None:
            return "told"
        low = self.best == "low"
        if value <= self.aims if low else value >= self.aims:
            return "aim"
        return "must" if (value <= self.must if low else value >= self.must) else "short"


GOALS = [
    Goal("fanout-one", "cpu_us", "us CPU a delivery", "low", 12, 7, "16.4 / 16.7 / 18.9"),
    Goal("fanout-one", "first_us", "us CPU a delivery, just after the start", "low"),
    Goal("fanout-one", "p50_ms", "ms p50", "low", 10, 5, "10 / 11 / 9"),
    Goal("fanout-one", "p99_ms", "ms p99", "low", 25, 10, "25 / 21 / 24"),
    Goal("fanout-many", "cpu_us", "us CPU a delivery", "low", 22, 14, "19 / 28 / 38"),
    Goal("fanout-many", "first_us", "us CPU a delivery, just after the start", "low"),
    Goal("flood-one", "per_s", "deliveries/s", "high", 6e5, 1.2e6, "330-530k / 436-596k / 111k"),
    Goal("flood-many", "per_s", "deliveries/s", "high", 4e5, 1e6, "778k / 185k / 103k"),
    Goal("ingest-all", "per_s", "acked/s", "high", 15_000, 25_000, "70k (RAM) / 15k / 13k"),
    Goal("ingest-all", "cpu_us", "us CPU a message", "low", 90, 60, "20 / 88 / 98"),
    Goal("ingest-alone", "per_s", "acked/s", "high", 35_000, 55_000),
    Goal("ingest-alone", "cpu_us", "us CPU a message", "low", 35, 25),
    Goal("durable", "kept_percent", "% after kill -9 of all", "high", 100, 100, "0 / ? / ?"),
    Goal("idle", "kib", "KiB a connection", "low", 8, 5, "41 / 44 / 12"),
    Goal("across", "p50_ms", "ms p50", "low", 10, 5),
    Goal("across", "p99_ms", "ms p99", "low", 30, 10),
    Goal("across", "first_p99_ms", "ms p99, just after the start", "low"),
    Goal("extreme", "delivered_percent", "% of 250,000", "high", 100, 100),
    Goal("slow", "seconds_to_4008", "s until it is closed", "low", 10, 10),
    Goal("slow", "p99_ratio", "x p99 of the others", "low", 2, 1.2),
    Goal("streams", "per_core_s", "events/s of one core", "high", 50_000, 100_000),
    Goal("projector", "per_core_s", "events/s of one core", "high", 15_000, 30_000),
    Goal("projector", "copy_percent", "% of raw COPY, both of one core", "high", 40, 60),
    Goal("projector-steady", "cpu_us", "us CPU a message at 1,000/s", "low"),
    Goal("projector-steady", "row_ms", "ms p99 from ack to row, the same", "low"),
    Goal("sustained", "per_s", "messages/s to the end", "high", 6_000, 12_000),
    Goal("sustained", "p99_ms", "ms p99", "low"),
    Goal("sustained", "most_lag", "events the read models were behind at most", "low"),
    Goal("sustained", "grown_mb", "MB more of our services' memory, 2nd half", "low"),
    Goal("history", "p50_ms", "ms p50", "low"),
    Goal("history", "p99_ms", "ms p99", "low", 10, 3),
    Goal("history", "cpu_us", "us CPU a page", "low"),
    Goal("search", "p50_ms", "ms p50", "low"),
    Goal("search", "p99_ms", "ms p99", "low", 100, 30),
    Goal("search", "cpu_us", "us CPU a search", "low"),
    Goal("search", "index_us", "us CPU a message indexed, with PostgreSQL", "low"),
    Goal("search", "index_per_s", "messages/s indexed", "high"),
    Goal("replay", "per_core_s", "events/s of one core", "high", 100_000, 300_000),
    Goal("rebuild", "seconds", "s for 1,000,000 events", "low", 90, 40),
    Goal("rebuild", "blocked_ms", "ms without writes, for the swap", "low"),
    Goal("idle-50k", "kib", "KiB a connection", "low", 8, 5, "41 / 44 / 12"),
    Goal("idle-stack", "core_percent", "% of a core", "low", 5, 5),
    Goal("idle-stack", "first_percent", "% of a core just after the start", "low"),
    Goal("growth-rooms", "ratio", "x cost largest/smallest", "low", 1.5, 1.1),
    Goal("growth-members", "ratio", "x cost largest/smallest", "low", 1.5, 1.1),
    Goal("growth-members", "message_ratio", "x cost of a message, 50 / 2 members", "low"),
    Goal("growth-nodes", "ratio", "x cost largest/smallest", "low", 1.5, 1.1),
    Goal("growth-nodes", "many_ratio", "x cost, 20 rooms x 50", "low", 1.5, 1.1),
    Goal("growth-log", "ratio", "x cost largest/smallest", "low", 1.5, 1.1),
    Goal("start", "seconds", "s until all is ready", "low", 15, 8),
]
"""One line each, in the order in which they are printed."""


class Baseline(NamedTuple):
    """What another way costs, and the product's figure that it is compared with.

    A figure `stages.ingest` is the part of the ingest nodes.
    """

    row: str
    figure: str
    unit: str
    best: str
    product_row: str
    product_figure: str
    product: str

    def times_better(self, value: float, product: float) -> float:
        """Return how many times as good the product is."""
        return product / value if self.best == "high" else value / product


BASELINES = [
    Baseline(
        "base-faust",
        "per_core_s",
        "events/s of one core",
        "high",
        "streams",
        "per_core_s",
        "the worker, which publishes what follows as well",
    ),
    Baseline(
        "base-send",
        "send_us",
        "us CPU a message, client",
        "low",
        "base-send",
        "batch_us",
        "batches, as ingest fills them",
    ),
    *(
        Baseline(row, "cpu_us", "us CPU a delivery", "low", ours, figure, which)
        for row, ours in (
            ("base-uvicorn", "fanout-one"),
            ("base-picows", "fanout-one"),
            ("base-picows-many", "fanout-many"),
        )
        for figure, which in (
            ("stages.ingest", "the ingest node, which checks, stores and renders as well"),
            ("cpu_us", "all servers: Kafka, streams, PostgreSQL and the rest"),
        )
    ),
    Baseline(
        "projector",
        "copy_us",
        "us CPU an event, PostgreSQL and client",
        "low",
        "projector",
        "postgres_us",
        "what the projector has PostgreSQL do for an event",
    ),
]
"""In the order in which they are printed."""


class Series(NamedTuple):
    """A cost by size or rate: `figure` of a row is a number by size."""

    row: str
    figure: str
    size: str
    unit: str


SERIES = [
    Series("growth-rooms", "cpu_us", "rooms", "us CPU a message"),
    Series("growth-members", "message_us", "members, 400 messages/s", "us CPU a message"),
    Series("growth-members", "cpu_us", "members, 20,000 deliveries/s", "us CPU a delivery"),
    Series("growth-nodes", "one_room_us", "nodes, 1 room x 1,000", "us CPU a delivery"),
    Series("growth-nodes", "many_rooms_us", "nodes, 20 rooms x 50", "us CPU a delivery"),
    Series("growth-log", "open_us", "messages in the log", "us CPU a room taken up"),
    Series("growth-log", "resume_us", "messages in the log", "us CPU a resume"),
    Series("growth-log", "page_us", "messages in the log", "us CPU a page of history"),
    Series("growth-log", "streams_us", "messages in the log", "us CPU an event, streams"),
    Series("growth-log", "projector_us", "messages in the log", "us CPU an event, read models"),
    Series("growth-log", "export_us", "messages in the log", "us CPU an event, export"),
    Series("growth-log", "vacuum_us", "messages in the log", "us CPU an event, vacuum"),
    Series("projector-steady", "projector_us", "messages/s", "us CPU a message, projector"),
    Series("projector-steady", "postgres_us", "messages/s", "us CPU a message, PostgreSQL"),
    Series("projector-steady", "row_p50_ms", "messages/s", "ms p50 from ack to row"),
]
"""In the order in which they are printed and drawn."""

TITLES = {
    "fanout-one": "1 room x 1,000, 20,000 deliveries/s",
    "fanout-many": "20 rooms x 50, 20,000 deliveries/s",
    "flood-one": "1 room x 1,000, as fast as it goes",
    "flood-many": "20 rooms x 50, as fast as it goes",
    "ingest-all": "100 of 200 post to rooms of 2, window 32, everything running",
    "ingest-alone": "the same, streams and projector stopped",
    "durable": "acked just before kill -9 of every process, read back",
    "idle": "10,000 idle connections on one node",
    "across": "send to delivery across two nodes, 1,000 messages/s",
    "extreme": "5,000 messages to a room of 50",
    "slow": "one of 22 in a room stops reading, 700 kB/s",
    "streams": "a streams worker on a filled topic",
    "projector": "a projector on a filled topic",
    "projector-steady": "a projector, messages one by one into 170 rooms",
    "sizes": "bytes of an event in the log, on the wire and in Valkey",
    "history": "pages of 50 anywhere in a room of 1,000,000 messages",
    "search": "searches of 1,000,000 messages in many rooms, common words included",
    "told": "webhooks and web pushes to a receiver that answers at once",
    "replay": "export of 1,000,000 messages to Parquet, one process",
    "rebuild": "read models of 1,000,000 events made again beside the live ones, compared, swapped",
    "idle-stack": "the stack of `roomlog up`, nobody there",
    "start": "`roomlog up`, installed before",
    "idle-50k": "50,000 idle connections",
    "sustained": "sent, acked, delivered to 2, in PostgreSQL, readable",
    "growth-rooms": "rooms of two, 10 to 10,000, 1,000 messages/s",
    "growth-members": "members of a room, 50 to 10,000, 20,000 deliveries/s",
    "growth-nodes": "nodes, 1 to 4, 1 room x 1,000",
    "growth-log": "messages in the log, 10,000 and more; the worst of seven costs",
    "base-faust": "plain Faust, one event at a time, on a filled topic",
    "base-send": "aiokafka `send()` for each message",
    "base-picows": "picows, rooms in memory: 1 room x 1,000, 20,000 deliveries/s",
    "base-picows-many": "picows, rooms in memory: 20 rooms x 50, 20,000 deliveries/s",
    "base-uvicorn": "FastAPI on uvicorn, rooms in memory: the same",
}
