"""The projector, and what works behind it."""

from infra.grafana.parts import (
    Dashboard,
    Panel,
    Query,
    Row,
    lag,
    mean,
    pool,
    process,
    quantiles,
    rate,
)


def _follower(job: str, title: str, metric: str, *more: Panel) -> Row:
    return Row(title, (*lag(metric, job), *more))


PAGE = Dashboard(
    "projector",
    "Roomlog: read models",
    "The projector, and what works behind it: index, webhooks, notifier.",
    (
        Row(
            "Projector",
            (
                Panel(
                    "Events",
                    "ops",
                    (Query(rate("projector_events_total", "instance"), "{{instance}}"),),
                ),
                Panel("Events in a transaction", "short", (mean("projector_batch_events"),)),
                Panel(
                    "Duration of a transaction", "s", quantiles("projector_commit_seconds"), "", 1
                ),
                Panel("From the log into the tables", "s", quantiles("projection_seconds"), "", 5),
                *lag("projector_lag_events", "projector"),
                Panel(
                    "Dead letters",
                    "short",
                    (Query("sum by (reason) (increase(dead_letters_total[1h]))", "{{reason}}"),),
                    "In an hour.",
                    1,
                ),
                Panel(
                    "Batches given up",
                    "ops",
                    (
                        Query(rate("projector_fenced_total"), "projector"),
                        Query(rate("indexer_fenced_total"), "indexer"),
                        Query(rate("webhooks_fenced_total"), "webhooks"),
                    ),
                    "Another process owns the partition: some at rebalances.",
                ),
            ),
        ),
        _follower(
            "indexer",
            "Search index",
            "indexer_lag_events",
            Panel("Messages indexed", "ops", (Query(rate("indexer_messages_total")),)),
            Panel("Duration of a transaction", "s", quantiles("indexer_commit_seconds")),
        ),
        _follower(
            "webhooks",
            "Webhooks",
            "webhooks_lag_events",
            Panel(
                "Attempts", "ops", (Query(rate("webhook_attempts_total", "state"), "{{state}}"),)
            ),
            Panel("Duration of an attempt", "s", quantiles("webhook_attempt_seconds")),
            pool("webhooks"),
        ),
        process("projector"),
    ),
)
