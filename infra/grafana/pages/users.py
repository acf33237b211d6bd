"""What users see of it."""

from infra.grafana.parts import RATE, Dashboard, Panel, Query, Row, pool, quantiles, rate
from infra.prometheus.slo import recorded

_FAILED = '{status=~"5.."}'

PAGE = Dashboard(
    "users",
    "Roomlog: what users see",
    "Is it there, is it fast, and who is turned away.",
    (
        Row(
            "Now",
            (
                Panel(
                    "Connections",
                    "short",
                    (Query("sum(ws_connections_active)"),),
                    is_number=True,
                ),
                Panel(
                    "Messages a second",
                    "ops",
                    (Query(rate("ws_commands_total", where='{op="PostMessage"}')),),
                    is_number=True,
                ),
                Panel(
                    "Deliveries a second",
                    "ops",
                    (Query(rate("ws_events_emitted_total")),),
                    is_number=True,
                ),
                Panel(
                    "Acks within a second (1 h)",
                    "percentunit",
                    (Query(f'1 - {recorded("1h")}{{slo="acks"}}'),),
                    is_number=True,
                ),
            ),
        ),
        Row(
            "Chat",
            (
                Panel("From command to ack", "s", quantiles("ack_seconds"), "Stored by then.", 1),
                Panel("From event to socket", "s", quantiles("delivery_seconds"), "", 1),
                Panel(
                    "Commands refused",
                    "ops",
                    (
                        Query(
                            f"{rate('ws_errors_total', 'code')} > 0 or sum(ws_errors_total) * 0",
                            "{{code}}",
                        ),
                    ),
                    "`unavailable` is ours; the others are what clients did.",
                ),
                Panel(
                    "Refused by a rate limit",
                    "ops",
                    (Query(rate("ws_events_rate_limited_total", "instance"), "{{instance}}"),),
                ),
                Panel(
                    "Connections closed by nodes",
                    "ops",
                    (Query(rate("ws_closed_total", "code"), "{{code}}"),),
                    "4001 at a deploy; 4008 a client that reads too slowly; 4012 one that is gone.",
                ),
                Panel(
                    "Commands",
                    "ops",
                    (Query(rate("ws_commands_total", "op"), "{{op}}"),),
                ),
            ),
        ),
        Row(
            "API",
            (
                Panel(
                    "Requests",
                    "reqps",
                    (Query(rate("http_requests_total", "status"), "{{status}}"),),
                ),
                Panel(
                    "Answered with 5xx",
                    "percentunit",
                    (
                        Query(
                            f"({rate('http_requests_total', where=_FAILED)} or vector(0))"
                            f" / {rate('http_requests_total')}"
                        ),
                    ),
                    "",
                    0.01,
                ),
                Panel("Time to answer", "s", quantiles("http_seconds"), "", 1),
                Panel(
                    "Slowest routes (p99)",
                    "s",
                    (
                        Query(
                            "topk(5, histogram_quantile(0.99, sum by (le, route) "
                            f"(rate(http_seconds_bucket[{RATE}]))))",
                            "{{route}}",
                        ),
                    ),
                ),
            ),
        ),
        Row(
            "PostgreSQL, for the API",
            (
                Panel(
                    "Circuit breaker",
                    "short",
                    (
                        Query(
                            "max by (instance, server) (database_breaker_state)",
                            "{{instance}} {{server}}",
                        ),
                    ),
                    "0: requests reach the server, 1: it is being probed, 2: they are refused at once.",
                    2,
                ),
                pool("api"),
                Panel(
                    "Reads",
                    "ops",
                    (Query(rate("database_reads_total", "server"), "{{server}}"),),
                    "Those of the replica are not the primary's.",
                ),
                Panel(
                    "Refused at once, or not by the replica",
                    "ops",
                    (
                        Query(
                            f"{rate('database_refused_total', 'reason')} or vector(0)",
                            "refused: {{reason}}",
                        ),
                        Query(
                            f"{rate('replica_passed_over_total', 'reason')} or vector(0)",
                            "passed over: {{reason}}",
                        ),
                    ),
                ),
                Panel(
                    "The replica is behind by",
                    "s",
                    (Query('max by (instance) (replica_lag_seconds{job="api"})', "{{instance}}"),),
                    "",
                    2,
                ),
            ),
        ),
        Row(
            "Those who are away",
            (
                Panel(
                    "Pushes",
                    "ops",
                    (Query(rate("notifier_pushes_total", "outcome"), "{{outcome}}"),),
                ),
                Panel("From event to push", "s", quantiles("notifier_seconds")),
                Panel(
                    "Mails", "ops", (Query(rate("notifier_mails_total", "outcome"), "{{outcome}}"),)
                ),
                Panel(
                    "Webhooks",
                    "ops",
                    (Query(rate("webhook_attempts_total", "state"), "{{state}}"),),
                ),
            ),
        ),
    ),
)
