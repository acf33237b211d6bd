"""What is promised, and how fast the budgets burn."""

from infra.grafana.parts import Dashboard, Panel, Query, Row
from infra.prometheus.slo import SLOS, recorded

PAGE = Dashboard(
    "slo",
    "Roomlog: promises",
    "How fast the error budgets burn: 1 uses one up in 30 days, 14.4 in two days.",
    tuple(
        Row(
            slo.title,
            (
                Panel(
                    "Burn rate",
                    "short",
                    tuple(
                        Query(f'{recorded(window)}{{slo="{slo.name}"}} / {slo.budget:g}', window)
                        for window in ("5m", "1h", "6h")
                    ),
                    slo.promise,
                    6,
                ),
                Panel(
                    "Budget left of 30 days",
                    "percentunit",
                    (
                        Query(
                            f'1 - avg_over_time({recorded("1h")}{{slo="{slo.name}"}}[30d]) / {slo.budget:g}'
                        ),
                    ),
                    "At a steady load.",
                    is_number=True,
                ),
                Panel(
                    "Bad share of the last hour",
                    "percentunit",
                    (Query(f'{recorded("1h")}{{slo="{slo.name}"}}'),),
                    "",
                    slo.budget,
                    is_number=True,
                ),
            ),
        )
        for slo in SLOS
    ),
)
