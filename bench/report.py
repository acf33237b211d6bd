"""The results as tables: for the terminal, and for docs/benchmarks.md between its two markers."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rich.table import Table

from bench.goals import BASELINES, GOALS, SERIES, TITLES, Baseline, Goal, Series
from roomlog.commands import output

DOCS = Path(__file__).parent.parent / "docs" / "benchmarks.md"
BEGIN, END = "<!-- results: written by `python -m bench --markdown` -->", "<!-- end of results -->"
_MARKS = {
    "told": "",
    "aim": "[green]✓ aim[/]",
    "must": "[yellow]✓ must[/]",
    "short": "[red]✗ short[/]",
}
_WORDS = {
    "told": "",
    "aim": "reaches the aim",
    "must": "reaches what it must",
    "short": "**falls short**",
}
_NUMBERS = ("value", "must", "aims", "product", "x")
Results = dict[str, dict[str, Any]]


class Line(NamedTuple):
    """A goal beside what was measured."""

    goal: Goal
    value: float
    verdict: str
    dearest: str
    before: float | None


def lines(results: Results, earlier: Results) -> list[Line]:
    """Return the goals whose rows were measured."""
    found = []
    for goal in GOALS:
        value = figure(results, goal.row, goal.figure)
        if value is None:
            continue
        stages = results[goal.row].get("stages", {}) if goal.figure == "cpu_us" else {}
        dearest = max(stages, key=lambda k: stages[k]) if stages else ""
        told = f"{dearest} {stages[dearest]:.1f}" if dearest else ""
        before = figure(earlier, goal.row, goal.figure)
        found.append(Line(goal, value, goal.verdict(value), told, before))
    return found


def compared(results: Results) -> list[tuple[Baseline, float, float]]:
    """Return the baselines of which both sides were measured, with both figures."""
    found = []
    for baseline in BASELINES:
        value = figure(results, baseline.row, baseline.figure)
        product = figure(results, baseline.product_row, baseline.product_figure)
        if value is not None and product is not None:
            found.append((baseline, value, product))
    return found


def figure(results: Results, row: str, name: str) -> float | None:
    """Return a figure, `stages.ingest` meaning a part of one; None where it was not measured."""
    found: Any = results.get(row)
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def grown(results: Mapping[str, Any]) -> list[tuple[Series, dict[str, float]]]:
    """Return the series that were measured, each with its costs by size."""
    found = ((s, results.get(s.row, {}).get(s.figure)) for s in SERIES)
    return [(series, costs) for series, costs in found if isinstance(costs, dict)]


def number(value: float | None) -> str:
    """Write a number as people read it; nothing where there is none."""
    return "" if value is None else f"{value:,.10g}"


# For the terminal.


def tables(results: Results, earlier: Results) -> Iterable[Table]:
    """Return the tables of what was measured: goals, baselines, growth."""
    found = lines(results, earlier)
    if found:
        yield _goals(found, bool(earlier))
    if some := compared(results):
        table = _table("Other ways", "baseline", "figure", "value", "product", "x", "compared with")
        for b, value, product in some:
            times = f"{b.times_better(value, product):.2f}"
            cells = (_way(b), b.unit, number(value), number(product), times, b.product)
            table.add_row(*cells)
        yield table
    if some_grown := grown(results):
        table = _table("Growth", "row", "size", "cost", "at each size")
        for series, costs in some_grown:
            told = "   ".join(f"{int(k):,}: {number(v)}" for k, v in costs.items())
            table.add_row(series.row, series.size, series.unit, told)
        yield table


def _way(baseline: Baseline) -> str:
    other = baseline.row.startswith("base-")
    return TITLES[baseline.row] if other else "raw COPY of the rows that the projector writes"


def _goals(found: list[Line], compares: bool) -> Table:
    columns = ["load", "figure", "value", "", "must", "aims", "Centrifugo, +Redis, socket.io"]
    columns += ["dearest stage", *(["before"] if compares else [])]
    table = _table("Medians; CPU is of all server processes", *columns)
    for goal, value, verdict, dearest, before in found:
        must, aims = number(goal.must), number(goal.aims)
        told = f"{number(before)} (x {value / before:.2f})" if before else ""
        cells = [TITLES[goal.row], goal.unit, number(value), _MARKS[verdict], must, aims]
        table.add_row(*cells, goal.peers, dearest, *([told] if compares else []))
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, justify="right" if column in _NUMBERS else "left")
    return table


# For the documentation.


def markdown(results: Results) -> str:
    """Return the results as Markdown."""
    parts = [_measured(results)]
    if found := lines(results, {}):
        head = ("row", "load", "figure", "Roomlog", "must", "aims", "", "peers")
        rows = [
            (
                f"`{g.row}`",
                TITLES[g.row],
                g.unit,
                number(value),
                number(g.must),
                number(g.aims),
                _WORDS[verdict],
                g.peers,
            )
            for g, value, verdict, _, _ in found
        ]
        parts += [
            "Peers: Centrifugo in memory / Centrifugo with Redis / socket.io.",
            output.markdown(head, rows),
        ]
    if some := compared(results):
        head = ("row", "baseline", "figure", "baseline's", "Roomlog's", "times as good", "which is")
        rows = [
            (
                f"`{b.row}`",
                _way(b),
                b.unit,
                number(value),
                number(product),
                f"{b.times_better(value, product):.2f}",
                b.product,
            )
            for b, value, product in some
        ]
        parts += ["### Other ways", output.markdown(head, rows)]
    if some_grown := grown(results):
        rows = [
            (
                f"`{s.row}`",
                s.size,
                s.unit,
                ", ".join(f"{int(k):,}: {number(v)}" for k, v in costs.items()),
            )
            for s, costs in some_grown
        ]
        parts += ["### Growth", output.markdown(("row", "size", "cost", "at each size"), rows)]
    return "\n\n".join(parts)


def _measured(results: Results) -> str:
    """Return when, on what and at which commits the results were measured."""
    told = [f["measured"] for f in results.values() if "measured" in f]
    if not told:
        return "Nothing was measured yet."
    days = sorted({t["at"][:10] for t in told})
    commits = sorted({t["commit"] for t in told})
    machines = sorted({t["machine"] for t in told})
    return (
        f"Measured {' to '.join(dict.fromkeys((days[0], days[-1])))} at {', '.join(commits)} "
        f"on {'; '.join(machines)}."
    )


def write_into(document: str, results: Results) -> str:
    """Return a document with the results between its markers; raises ValueError where it has none."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the document has no place for results: {BEGIN} ... {END}")
    return f"{before}{BEGIN}\n\n{markdown(results)}\n\n{END}{after}"
