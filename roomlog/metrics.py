"""Every metric that Roomlog exports: name, type and meaning in one closed list."""

from prometheus_client import Counter, Gauge, Histogram

_LATENCY_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_SIZE_BUCKETS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)

# Ingest nodes.
WS_CONNECTIONS_ACTIVE = Gauge("ws_connections_active", "Open WebSocket connections")
WS_COMMANDS = Counter("ws_commands_total", "Commands received, by op", ["op"])
WS_EVENTS_EMITTED = Counter("ws_events_emitted_total", "Event frames written to sockets")
WS_EVENTS_RATE_LIMITED = Counter("ws_events_rate_limited_total", "Commands refused by a rate limit")
WS_ERRORS = Counter("ws_errors_total", "Commands refused, by error code", ["code"])
WS_CLOSED = Counter("ws_closed_total", "Connections closed by the node, by close code", ["code"])
ACK_SECONDS = Histogram(
    "ack_seconds", "Command received to ack written", buckets=_LATENCY_BUCKETS_S
)
DELIVERY_SECONDS = Histogram(
    "delivery_seconds", "Event occurred to frame written", buckets=_LATENCY_BUCKETS_S
)
PRODUCE_BATCH_EVENTS = Histogram(
    "produce_batch_events", "Events in a produced batch", buckets=_SIZE_BUCKETS
)
PRODUCER_REBUILDS = Counter("producer_rebuilds_total", "Producers replaced after a fatal error")
GAPS_REPAIRED = Counter("gaps_repaired_total", "Ranges that a node read from the log itself")
KEYS_REPEATED = Counter(
    "keys_repeated_total", "Commands answered from an earlier event of the same key"
)
KEYS_UNCHECKED = Counter(
    "keys_unchecked_total", "Commands whose key could not be checked (fail open)"
)

# Streams.
STREAMS_EVENTS = Counter("streams_events_total", "Events examined")
STREAMS_DELIVERIES = Counter("streams_deliveries_total", "Event records published to nodes")
STREAMS_SIGNALS = Counter("streams_signals_total", "Signals taken in")
STREAMS_SIGNALS_SKIPPED = Counter("streams_signals_skipped_total", "Signals that made no sense")
STREAMS_UNPUBLISHED = Counter(
    "streams_unpublished_total", "Frames given up because Valkey did not take them"
)
STREAMS_BATCH_EVENTS = Histogram("streams_batch_events", "Events in a batch", buckets=_SIZE_BUCKETS)
STREAMS_NODES_SWEPT = Counter(
    "streams_nodes_swept_total", "Nodes removed because their lease was gone"
)
STREAMS_ASSIGNMENTS = Counter("streams_assignments_total", "Partition assignments received")

# Projector.
PROJECTOR_EVENTS = Counter("projector_events_total", "Events projected")
PROJECTOR_BATCH_EVENTS = Histogram(
    "projector_batch_events", "Events in a transaction", buckets=_SIZE_BUCKETS
)
PROJECTOR_COMMIT_SECONDS = Histogram(
    "projector_commit_seconds", "Duration of a projection transaction", buckets=_LATENCY_BUCKETS_S
)
PROJECTOR_LAG = Gauge("projector_lag_events", "Events not yet projected", ["topic", "partition"])
PROJECTOR_FENCED = Counter(
    "projector_fenced_total", "Batches given up because another projector owns the partition"
)
DEAD_LETTERS = Counter("dead_letters_total", "Records written to chat.dlq, by reason", ["reason"])

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
    "just written, not seen yet, no replica of the primary",
    ["reason"],
)
OUTBOX_PUBLISHED = Counter("outbox_published_total", "Account facts published to user.events")
LIMITS_UNCHECKED = Counter(
    "limits_unchecked_total", "Attempts whose rate limit could not be checked (fail open)"
)
