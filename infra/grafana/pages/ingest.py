"""Ingest nodes."""

from infra.grafana.parts import Dashboard, Panel, Query, Row, mean, pool, process, quantiles, rate

PAGE = Dashboard(
    "ingest",
    "Roomlog: ingest nodes",
    "Sockets, the way into the log, and the way out to sockets.",
    (
        Row(
            "Sockets",
            (
                Panel("Connections", "short", (Query("ws_connections_active", "{{instance}}"),)),
                Panel(
                    "Commands",
                    "ops",
                    (Query(rate("ws_commands_total", "instance"), "{{instance}}"),),
                ),
                Panel(
                    "Event frames",
                    "ops",
                    (Query(rate("ws_events_emitted_total", "instance"), "{{instance}}"),),
                ),
                Panel("Rooms in memory", "short", (Query("rooms_loaded", "{{instance}}"),)),
            ),
        ),
        Row(
            "Into the log",
            (
                Panel("From command to ack", "s", quantiles("ack_seconds", by="instance"), "", 1),
                Panel("Kafka's part of it", "s", quantiles("produce_seconds"), "", 0.5),
                Panel("Events in a batch", "short", (mean("produce_batch_events"),)),
                Panel(
                    "Not in the log yet",
                    "bytes",
                    (Query("produce_pending_bytes", "{{instance}}"),),
                    "Beyond 32 MiB commands are refused as `unavailable`.",
                    16 * 1024 * 1024,
                ),
                Panel(
                    "Producers replaced",
                    "ops",
                    (Query(rate("producer_rebuilds_total", "instance"), "{{instance}}"),),
                ),
                Panel(
                    "Repeated commands",
                    "ops",
                    (
                        Query(rate("keys_repeated_total"), "answered from the log"),
                        Query(rate("keys_unchecked_total"), "could not be checked"),
                    ),
                ),
            ),
        ),
        Row(
            "Out to sockets",
            (
                Panel(
                    "From event to socket", "s", quantiles("delivery_seconds", by="instance"), "", 1
                ),
                Panel(
                    "Behind the log",
                    "short",
                    (Query("max by (instance) (delivery_lag_events)", "{{instance}}"),),
                    "Of the partitions in which somebody here follows a room.",
                ),
                Panel(
                    "Ranges read from the log",
                    "ops",
                    (Query(rate("gaps_repaired_total", "instance"), "{{instance}}"),),
                    "Some at every deploy of streams workers; all the time: the fast path loses.",
                ),
                pool("ingest"),
            ),
        ),
        process("ingest"),
    ),
)
