"""What dashboards are made of: rows, panels and queries, and those that several have."""

from typing import Literal, NamedTuple

Unit = Literal["short", "s", "ops", "reqps", "percentunit", "bytes", "Bps", "cores"]
RATE = "$__rate_interval"
"""Grafana puts in a window that holds four scrapes at least."""


class Query(NamedTuple):
    """A query, and how its series are called (Grafana's form: `{{label}}`)."""

    expr: str
    legend: str = ""


class Panel(NamedTuple):
    """One picture. `about` says what to see in it; `alarm` is where it turns red."""

    title: str
    unit: Unit
    queries: tuple[Query, ...]
    about: str = ""
    alarm: float | None = None
    is_number: bool = False


class Row(NamedTuple):
    """Panels that belong together."""

    title: str
    panels: tuple[Panel, ...]


class Dashboard(NamedTuple):
    """One page; `name` is its file and its address."""

    name: str
    title: str
    about: str
    rows: tuple[Row, ...]


def rate(counter: str, by: str = "", where: str = "") -> str:
    """Return the query for what a counter gains a second, summed over all but the labels `by`."""
    grouped = f" by ({by})" if by else ""
    return f"sum{grouped} (rate({counter}{where}[{RATE}]))"


def quantiles(histogram: str, *, by: str = "", where: str = "") -> tuple[Query, ...]:
    """Return the queries for the median and the 99th percentile of a histogram."""
    grouped = f"le, {by}" if by else "le"
    name = f" {{{{{by}}}}}" if by else ""
    buckets = f"sum by ({grouped}) (rate({histogram}_bucket{where}[{RATE}]))"
    return tuple(
        Query(f"histogram_quantile({q}, {buckets})", f"p{int(q * 100)}{name}") for q in (0.5, 0.99)
    )


def mean(histogram: str, by: str = "instance") -> Query:
    """Return the query for the mean of a histogram."""
    return Query(
        f"{rate(histogram + '_sum', by)} / {rate(histogram + '_count', by)}", f"{{{{{by}}}}}"
    )


def process(job: str) -> Row:
    """Return the row about the processes of a job."""
    where = f'{{job="{job}"}}'
    cpu = Query(f"rate(process_cpu_seconds_total{where}[{RATE}])", "{{instance}}")
    return Row(
        "Processes",
        (
            Panel("Processor", "cores", (cpu,), "One process uses one core at most.", 0.9),
            Panel(
                "Memory", "bytes", (Query(f"process_resident_memory_bytes{where}", "{{instance}}"),)
            ),
            Panel("Open files", "short", (Query(f"process_open_fds{where}", "{{instance}}"),)),
            Panel(
                "Dependencies",
                "short",
                (Query(f"dependency_up{where}", "{{instance}} {{dependency}}"),),
                "1: it answers, 0: it does not.",
            ),
        ),
    )


def lag(metric: str, job: str) -> tuple[Panel, Panel]:
    """Return the panels about how far the consumers of a job are behind."""
    return (
        Panel(
            "Lag",
            "short",
            (Query(f'sum by (topic) ({metric}{{job="{job}"}})', "{{topic}}"),),
            "Records in the log that were not taken in yet.",
            10_000,
        ),
        Panel(
            "Lag by partition, the ten greatest",
            "short",
            (Query(f'topk(10, {metric}{{job="{job}"}})', "{{topic}} {{partition}}"),),
            "One partition alone: a room that writes much, or a consumer that is stuck.",
        ),
    )


def pool(job: str) -> Panel:
    """Return the panel about the connections of a job to PostgreSQL."""
    return Panel(
        "Connections to PostgreSQL",
        "short",
        (
            Query(
                f'sum by (server, state) (database_connections{{job="{job}"}})',
                "{{server}} {{state}}",
            ),
            Query(f'sum by (server) (database_waiting{{job="{job}"}})', "{{server}} waiting"),
        ),
    )
