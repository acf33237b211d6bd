"""What is promised to users, and the rules that warn when it is being broken: makes `slo.yaml`.

Two windows each, so that a warning comes soon and ends soon: "The Site Reliability Workbook", chapter 5,
"Multiwindow, Multi-Burn-Rate Alerts". A budget is what may go wrong in 30 days.
"""

from pathlib import Path
from typing import Any, NamedTuple

import yaml

FILE = Path(__file__).parent / "slo.yaml"
RUNBOOKS = "docs/runbooks"
WINDOWS = ("5m", "30m", "1h", "6h")
_HEAD = "# Made by `python -m infra.prometheus`; change infra/prometheus/slo.py instead.\n"


class Slo(NamedTuple):
    """One promise. `bad` and `all` are queries in which WINDOW stands for a window of time."""

    name: str
    title: str
    promise: str
    objective: float
    bad: str
    all: str
    runbook: str

    @property
    def budget(self) -> float:
        """The share that may be bad."""
        return round(1 - self.objective, 6)

    def ratio(self, window: str) -> str:
        """Return the query for the share that was bad within a window; without any use, no data."""
        bad, whole = (query.replace("WINDOW", window) for query in (self.bad, self.all))
        return f"(({bad}) or vector(0)) / (({whole}) > 0)"


class Burn(NamedTuple):
    """How fast a budget may burn: `factor` times as fast as it lasts 30 days, within both windows."""

    name: str
    factor: float
    long: str
    short: str
    severity: str
    told: str


def _slower_than(histogram: str, bound: str) -> tuple[str, str]:
    """Return the queries for what took longer than a bound of the histogram, and for all of it."""
    whole = f"sum(rate({histogram}_count[WINDOW]))"
    return f'{whole} - sum(rate({histogram}_bucket{{le="{bound}"}}[WINDOW]))', whole


SLOS = (
    Slo(
        "writes",
        "Commands that the log takes",
        "99.9 % of commands are not answered with `unavailable`",
        0.999,
        'sum(rate(ws_errors_total{code="unavailable"}[WINDOW]))',
        "sum(rate(ws_commands_total[WINDOW]))",
        "writes-refused",
    ),
    Slo(
        "acks",
        "Acks within a second",
        "99.9 % of acks come within 1 s of their command",
        0.999,
        *_slower_than("ack_seconds", "1.0"),
        "slow-acks",
    ),
    Slo(
        "deliveries",
        "Deliveries within a second",
        "99.9 % of events are on the sockets of those who follow the room within 1 s",
        0.999,
        *_slower_than("delivery_seconds", "1.0"),
        "slow-deliveries",
    ),
    Slo(
        "requests",
        "Answered API requests",
        "99.9 % of requests to the API are not answered with 5xx",
        0.999,
        'sum(rate(http_requests_total{status=~"5.."}[WINDOW]))',
        "sum(rate(http_requests_total[WINDOW]))",
        "failing-requests",
    ),
    Slo(
        "projection",
        "Read models within five seconds",
        "99 % of batches are in PostgreSQL within 5 s of their first event",
        0.99,
        *_slower_than("projection_seconds", "5.0"),
        "late-read-models",
    ),
)
BURNS = (
    Burn("Fast", 14.4, "1h", "5m", "page", "used up in two days"),
    Burn("Slow", 6, "6h", "30m", "ticket", "used up in five days"),
)


def recorded(window: str) -> str:
    """Return the name of the series that records the bad shares of a window."""
    return f"slo:bad:ratio_{window}"


def rules() -> dict[str, Any]:
    """Return the rules as Prometheus reads them."""
    records = [
        {"record": recorded(window), "labels": {"slo": slo.name}, "expr": slo.ratio(window)}
        for slo in SLOS
        for window in WINDOWS
    ]
    alerts = [_alert(slo, burn) for slo in SLOS for burn in BURNS]
    return {"groups": [{"name": "slo", "rules": records}, {"name": "slo-burn", "rules": alerts}]}


def _alert(slo: Slo, burn: Burn) -> dict[str, Any]:
    most = round(burn.factor * slo.budget, 6)
    sides = (f'{recorded(w)}{{slo="{slo.name}"}} > {most:g}' for w in (burn.long, burn.short))
    told = f"{slo.promise}; at this rate a month's budget is {burn.told}"
    return {
        "alert": f"{slo.name.capitalize()}BudgetBurns{burn.name}",
        "expr": "\nand\n".join(sides),
        "labels": {"severity": burn.severity, "slo": slo.name},
        "annotations": {
            "summary": f"{slo.title}: {{{{ $value | humanizePercentage }}}} are not",
            "description": told,
            "runbook_url": f"{RUNBOOKS}/{slo.runbook}.md",
        },
    }


def text() -> str:
    """Return what `slo.yaml` holds."""
    return _HEAD + yaml.safe_dump(rules(), sort_keys=False, width=110)
