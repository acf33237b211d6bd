"""Streams workers."""

from infra.grafana.parts import Dashboard, Panel, Query, Row, lag, mean, process, quantiles, rate

PAGE = Dashboard(
    "streams",
    "Roomlog: streams",
    "The workers that tell nodes what concerns them, and who is where.",
    (
        Row(
            "Work",
            (
                Panel(
                    "Events examined",
                    "ops",
                    (Query(rate("streams_events_total", "instance"), "{{instance}}"),),
                ),
                Panel(
                    "Records for nodes",
                    "ops",
                    (Query(rate("streams_deliveries_total", "instance"), "{{instance}}"),),
                ),
                Panel(
                    "Signals",
                    "ops",
                    (Query(rate("streams_signals_total", "instance"), "{{instance}}"),),
                ),
                Panel("Events in a batch", "short", (mean("streams_batch_events"),)),
                *lag("streams_lag_events", "streams"),
            ),
        ),
        Row(
            "To nodes",
            (
                Panel("Publishing to Valkey", "s", quantiles("streams_publish_seconds"), "", 0.1),
                Panel(
                    "Given up or skipped",
                    "ops",
                    (
                        Query(rate("streams_unpublished_total"), "frames not taken by Valkey"),
                        Query(rate("streams_signals_skipped_total"), "signals that made no sense"),
                    ),
                ),
                Panel(
                    "Nodes removed",
                    "ops",
                    (Query(rate("streams_nodes_swept_total"), "lease has run out"),),
                ),
            ),
        ),
        Row(
            "Partitions and tables",
            (
                Panel(
                    "Partitions",
                    "short",
                    (Query('consumer_partitions{job="streams"}', "{{instance}}"),),
                ),
                Panel(
                    "Rebalances",
                    "short",
                    (
                        Query(
                            'increase(consumer_rebalances_total{job="streams"}[5m])', "{{instance}}"
                        ),
                    ),
                    "In five minutes.",
                ),
                Panel(
                    "Recovery of tables",
                    "s",
                    (
                        Query(
                            "histogram_quantile(0.99, sum by (le) "
                            "(streams_table_recovery_seconds_bucket))",
                            "p99 since the workers started",
                        ),
                    ),
                ),
                Panel(
                    "Partitions whose nodes have not all answered",
                    "short",
                    (Query("streams_unsettled_partitions", "{{instance}}"),),
                ),
            ),
        ),
        process("streams"),
    ),
)
