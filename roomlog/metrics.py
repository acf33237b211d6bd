"""Every metric that Roomlog exports: name, type and meaning in one closed list.

docs/observability.md has the same list; a test compares them. What is counted for each command, event or delivery is
a `Tally` or a `Spread`, added to once a batch or a turn of the event loop.
"""

from collections.abc import Iterable

from prometheus_client import Counter, Gauge, Histogram

from roomlog.tallies import Spread, Tally

_LATENCY_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_SIZE_BUCKETS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)

# Every service, as far as it has such a thing.
DEPENDENCY_UP = Gauge(
    "dependency_up", "1 while a server that the service needs answers, else 0", ["dependency"]
)
CONSUMER_PARTITIONS = Gauge(
    "consumer_partitions", "Partitions that the consumer group has given to this process"
)
CONSUMER_NEXT = Gauge(
    "consumer_next_offset", "Offset of the record that is taken in next", ["topic", "partition"]
)
CONSUMER_REBALANCES = Counter(
    "consumer_rebalances_total", "Times that the consumer group gave out its partitions anew"
)
TRACED = Tally("traced_total", "Spans that were recorded, of the messages chosen for tracing")

# Ingest nodes.
WS_CONNECTIONS_ACTIVE = Gauge("ws_connections_active", "Open WebSocket connections")
WS_COMMANDS = Counter("ws_commands_total", "Commands received, by op", ["op"])
WS_EVENTS_EMITTED = Tally("ws_events_emitted_total", "Event frames written to sockets")
WS_EVENTS_RATE_LIMITED = Tally("ws_events_rate_limited_total", "Commands refused by a rate limit")
WS_ERRORS = Counter("ws_errors_total", "Commands refused, by error code", ["code"])
WS_CLOSED = Counter("ws_closed_total", "Connections closed by the node, by close code", ["code"])
ACK_SECONDS = Spread(
    "ack_seconds",
    "Command received to ack written; acks of one batch count as its first",
    _LATENCY_BUCKETS_S,
)
DELIVERY_SECONDS = Spread(
    "delivery_seconds",
    "Event occurred to frame written; of one turn of the event loop, its last event",
    _LATENCY_BUCKETS_S,
)
DELIVERY_LAG = Gauge(
    "delivery_lag_events",
    "Events that the log has and the node has not, where somebody here follows a room",
    ["partition"],
)
PRODUCE_BATCH_EVENTS = Spread("produce_batch_events", "Events in a produced batch", _SIZE_BUCKETS)
PRODUCE_SECONDS = Spread(
    "produce_seconds",
    "A request of batches to Kafka, until they are stored in all replicas",
    _LATENCY_BUCKETS_S,
)
PRODUCE_PENDING_BYTES = Gauge(
    "produce_pending_bytes", "Bytes of events that the log does not have yet"
)
PRODUCER_REBUILDS = Counter("producer_rebuilds_total", "Producers replaced after a fatal error")
ROOMS_LOADED = Gauge("rooms_loaded", "Rooms that the node holds in memory")
GAPS_REPAIRED = Tally("gaps_repaired_total", "Ranges that a node read from the log itself")
KEYS_REPEATED = Counter(
    "keys_repeated_total", "Commands answered from an earlier event of the same key"
)
KEYS_UNCHECKED = Counter(
    "keys_unchecked_total", "Commands whose key could not be checked (fail open)"
)

# Streams.
STREAMS_EVENTS = Tally("streams_events_total", "Events examined")
STREAMS_DELIVERIES = Tally("streams_deliveries_total", "Event records published to nodes")
STREAMS_SIGNALS = Tally("streams_signals_total", "Signals taken in")
STREAMS_SIGNALS_SKIPPED = Counter("streams_signals_skipped_total", "Signals that made no sense")
STREAMS_UNPUBLISHED = Counter(
    "streams_unpublished_total", "Frames given up because Valkey did not take them"
)
STREAMS_BATCH_EVENTS = Spread("streams_batch_events", "Events in a batch", _SIZE_BUCKETS)
STREAMS_PUBLISH_SECONDS = Spread(
    "streams_publish_seconds", "Publishing what one turn brought to Valkey", _LATENCY_BUCKETS_S
)
STREAMS_LAG = Gauge("streams_lag_events", "Records not yet examined", ["topic", "partition"])
STREAMS_NODES_SWEPT = Counter(
    "streams_nodes_swept_total", "Nodes removed because their lease was gone"
)
STREAMS_ASSIGNMENTS = Counter("streams_assignments_total", "Partition assignments received")
STREAMS_RECOVERY_SECONDS = Spread(
    "streams_table_recovery_seconds",
    "Partition assigned to its tables begun: positions known, presence taken over, nodes asked",
    _LATENCY_BUCKETS_S,
)
STREAMS_UNSETTLED = Gauge(
    "streams_unsettled_partitions", "Partitions whose nodes have not all answered yet"
)

# Projector.
PROJECTOR_EVENTS = Counter("projector_events_total", "Events projected")
PROJECTOR_BATCH_EVENTS = Histogram(
    "projector_batch_events", "Events in a transaction", buckets=_SIZE_BUCKETS
)
PROJECTOR_COMMIT_SECONDS = Histogram(
    "projector_commit_seconds", "Duration of a projection transaction", buckets=_LATENCY_BUCKETS_S
)
PROJECTION_SECONDS = Histogram(
    "projection_seconds",
    "Appended to the log to committed in PostgreSQL; of one batch, its first record",
    buckets=(*_LATENCY_BUCKETS_S, 30, 60, 300),
)
PROJECTOR_LAG = Gauge("projector_lag_events", "Events not yet projected", ["topic", "partition"])
PROJECTOR_FENCED = Counter(
    "projector_fenced_total", "Batches given up because another projector owns the partition"
)
DEAD_LETTERS = Counter("dead_letters_total", "Records written to chat.dlq, by reason", ["reason"])
LOG_END = Gauge(
    "log_end_offset", "Offset of the next record, as the projector sees it", ["topic", "partition"]
)
KAFKA_BROKERS = Gauge(
    "kafka_brokers", "Brokers of the cluster that answer, as the projector sees it"
)
KAFKA_UNDER_REPLICATED = Gauge(
    "kafka_under_replicated_partitions", "Partitions with fewer replicas in sync than they have"
)
KAFKA_LEADERLESS = Gauge("kafka_leaderless_partitions", "Partitions that nobody can write to")

# Indexer.
INDEXER_MESSAGES = Counter("indexer_messages_total", "Messages indexed, repeated ones included")
INDEXER_COMMIT_SECONDS = Histogram(
    "indexer_commit_seconds", "Duration of an indexing transaction", buckets=_LATENCY_BUCKETS_S
)
INDEXER_LAG = Gauge("indexer_lag_events", "Events not yet indexed", ["topic", "partition"])
INDEXER_FENCED = Counter(
    "indexer_fenced_total", "Batches given up because another indexer owns the partition"
)

# Webhooks.
WEBHOOK_ATTEMPTS = Counter(
    "webhook_attempts_total",
    "Attempts to deliver, by what became of the delivery: delivered, waiting (for a retry), dead",
    ["state"],
)
WEBHOOK_SECONDS = Histogram(
    "webhook_attempt_seconds", "Duration of an attempt to deliver", buckets=_LATENCY_BUCKETS_S
)
WEBHOOKS_LAG = Gauge(
    "webhooks_lag_events", "Events not yet looked through for webhooks", ["topic", "partition"]
)
WEBHOOKS_FENCED = Counter(
    "webhooks_fenced_total", "Batches given up because another worker owns the partition"
)

# Notifier.
NOTIFIER_PUSHES = Counter(
    "notifier_pushes_total",
    "What became of pushes: sent, dropped, later, gone, refused",
    ["outcome"],
)
NOTIFIER_SECONDS = Histogram(
    "notifier_seconds",
    "Event occurred to push taken by the push service",
    buckets=(0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 3600),
)
NOTIFIER_MAILS = Counter("notifier_mails_total", "Digests, by outcome: sent, refused", ["outcome"])

# API.
HTTP_REQUESTS = Counter("http_requests_total", "Requests, by route and status", ["route", "status"])
HTTP_SECONDS = Histogram("http_seconds", "Request duration", ["route"], buckets=_LATENCY_BUCKETS_S)
DATABASE_BREAKER = Gauge(
    "database_breaker_state",
    "Whether requests reach PostgreSQL: 0 yes, 1 it is being probed, 2 no",
    ["server"],
)
DATABASE_CONNECTIONS = Gauge(
    "database_connections", "Connections of the pool, by state: used, free", ["server", "state"]
)
DATABASE_WAITING = Gauge("database_waiting", "Requests that wait for a connection", ["server"])
DATABASE_REFUSED = Counter(
    "database_refused_total",
    "Statements refused at once, by reason: away, busy",
    ["server", "reason"],
)
DATABASE_READS = Counter("database_reads_total", "Statements that return rows", ["server"])
REPLICA_LAG = Gauge("replica_lag_seconds", "How old what the replica shows is")
REPLICA_PASSED_OVER = Counter(
    "replica_passed_over_total",
    "Requests that went to the primary instead of the replica: away, lagging, behind (its cursor), failed, "
    "just written, not seen yet, not there, no replica of the primary",
    ["reason"],
)
OUTBOX_PUBLISHED = Counter("outbox_published_total", "Account facts published to user.events")
LIMITS_UNCHECKED = Counter(
    "limits_unchecked_total", "Attempts whose rate limit could not be checked (fail open)"
)


def begin_at_zero(counter: Counter, values: Iterable[str]) -> None:
    """Show a counter of one label from its start on: of a series that begins at 1, no increase is seen."""
    for value in values:
        counter.labels(value)
