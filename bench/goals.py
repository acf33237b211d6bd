"""What is measured, what it must reach, what it aims for, and what others need for the same.

The others (Centrifugo 6.3 in memory, the same with Redis, socket.io 4.8 with Redis and batches into
PostgreSQL) were measured on a 2-core machine with one load generator; only Roomlog's acks are durable.
"""

from typing import NamedTuple


class Goal(NamedTuple):
    """One figure: `must` and `aims` are limits; `best` says on which side of them it has to be."""

    row: str
    figure: str
    unit: str
    best: str
    must: float
    aims: float
    peers: str = ""

    def verdict(self, value: float) -> str:
        """Return how a value compares: `aim`, `must` or `short`."""
        low = self.best == "low"
        if value <= self.aims if low else value >= self.aims:
            return "aim"
        return "must" if (value <= self.must if low else value >= self.must) else "short"


GOALS = [
    Goal("fanout-one", "cpu_us", "us CPU a delivery", "low", 12, 7, "16.4 / 16.7 / 18.9"),
    Goal("fanout-one", "p50_ms", "ms p50", "low", 10, 5, "10 / 11 / 9"),
    Goal("fanout-one", "p99_ms", "ms p99", "low", 25, 10, "25 / 21 / 24"),
    Goal("fanout-many", "cpu_us", "us CPU a delivery", "low", 22, 14, "19 / 28 / 38"),
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
    Goal("extreme", "delivered_percent", "% of 250,000", "high", 100, 100),
    Goal("slow", "seconds_to_4008", "s until it is closed", "low", 10, 10),
    Goal("slow", "p99_ratio", "x p99 of the others", "low", 2, 1.2),
    Goal("streams", "per_core_s", "events/s of one core", "high", 50_000, 100_000),
    Goal("projector", "per_core_s", "events/s of one core", "high", 15_000, 30_000),
    Goal("projector", "copy_percent", "% of raw COPY", "high", 40, 60),
    Goal("start", "seconds", "s until all is ready", "low", 15, 8),
]
"""One line each, in the order in which they are printed."""

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
    "start": "`roomlog up`, installed before",
}
