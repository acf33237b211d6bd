"""Kafka, as its clients see it."""

from infra.grafana.parts import RATE, Dashboard, Panel, Query, Row, quantiles

PAGE = Dashboard(
    "kafka",
    "Roomlog: Kafka",
    "As its clients see it: brokers, replicas, how fast the log grows, who is behind, and the disks.",
    (
        Row(
            "Cluster",
            (
                Panel("Brokers", "short", (Query("max(kafka_brokers)"),), is_number=True),
                Panel(
                    "Under-replicated partitions",
                    "short",
                    (Query("max(kafka_under_replicated_partitions)"),),
                    "",
                    1,
                    is_number=True,
                ),
                Panel(
                    "Partitions without a leader",
                    "short",
                    (Query("max(kafka_leaderless_partitions)"),),
                    "",
                    1,
                    is_number=True,
                ),
                Panel(
                    "Records in the log",
                    "short",
                    (Query('sum(max by (partition) (log_end_offset{topic="chat.events"}))'),),
                    "Of chat.events.",
                    is_number=True,
                ),
            ),
        ),
        Row(
            "Log",
            (
                Panel(
                    "Growth",
                    "ops",
                    (Query("sum by (topic) (deriv(log_end_offset[5m]))", "{{topic}}"),),
                    "Records a second, by topic.",
                ),
                Panel(
                    "Fullest partitions of chat.events",
                    "ops",
                    (
                        Query(
                            'topk(5, deriv(log_end_offset{topic="chat.events"}[5m]))',
                            "{{partition}}",
                        ),
                    ),
                ),
                Panel("Writing a batch", "s", quantiles("produce_seconds"), "", 0.5),
                Panel(
                    "Records in chat.dlq",
                    "short",
                    (Query('sum(max by (partition) (log_end_offset{topic="chat.dlq"}))'),),
                    "Letters, and what was decided about them.",
                ),
            ),
        ),
        Row(
            "Consumers",
            (
                Panel(
                    "Lag",
                    "short",
                    tuple(
                        Query(f"sum({job}_lag_events)", job)
                        for job in ("streams", "projector", "indexer", "webhooks")
                    ),
                    "",
                    10_000,
                ),
                Panel(
                    "Rebalances",
                    "short",
                    (Query("sum by (job) (increase(consumer_rebalances_total[5m]))", "{{job}}"),),
                    "In five minutes.",
                ),
                Panel(
                    "Partitions", "short", (Query("sum by (job) (consumer_partitions)", "{{job}}"),)
                ),
            ),
        ),
        Row(
            "Disks",
            (
                Panel(
                    "Free",
                    "percentunit",
                    (
                        Query(
                            'node_filesystem_avail_bytes{fstype!~"tmpfs|overlay|squashfs"}'
                            " / node_filesystem_size_bytes",
                            "{{instance}} {{mountpoint}}",
                        ),
                    ),
                ),
                Panel(
                    "Written",
                    "Bps",
                    (
                        Query(
                            f"sum by (instance, device) (rate(node_disk_written_bytes_total[{RATE}]))",
                            "{{instance}} {{device}}",
                        ),
                    ),
                ),
            ),
        ),
    ),
)
