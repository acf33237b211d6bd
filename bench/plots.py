"""Pictures of the results: processor time by stage, latencies, and how costs grow."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from bench.goals import TITLES, Series
from bench.report import grown

KINDS = (
    "ingest",
    "streams",
    "projector",
    "indexer",
    "webhooks",
    "notifier",
    "api",
    "kafka",
    "postgres",
    "valkey",
    "registry",
)
_COLOURS = dict(zip(KINDS, plt.colormaps["tab20"].colors, strict=False))
_A_DELIVERY = ("fanout-one", "fanout-many", "flood-one", "flood-many")


def draw(results: Mapping[str, Any], directory: Path) -> None:
    """Write the plots that the results allow into a directory."""
    stages = {row: f["stages"] for row, f in results.items() if f.get("stages")}
    if stages:
        _stages(stages, directory / "cpu_by_stage.png")
    latencies = {row: f["latency"] for row, f in results.items() if f.get("latency")}
    if latencies:
        _latencies(latencies, directory / "latency.png")
    if some := grown(results):
        _growth(some, directory / "growth.png")


def _stages(rows: Mapping[str, Mapping[str, float]], path: Path) -> None:
    """Two panels, since a message costs several times what a delivery does."""
    panels = {
        "a delivery": {r: s for r, s in rows.items() if r in _A_DELIVERY},
        "a message": {r: s for r, s in rows.items() if r not in _A_DELIVERY},
    }
    shown = {unit: some for unit, some in panels.items() if some}
    figure, all_axes = plt.subplots(
        len(shown),
        figsize=(11, 1.6 + 0.6 * len(rows) + 0.6 * len(shown)),
        height_ratios=[len(some) + 1 for some in shown.values()],
        squeeze=False,
        layout="constrained",
    )
    for axes, (unit, some) in zip(all_axes[:, 0], shown.items(), strict=True):
        _bars(axes, some)
        axes.set_xlabel(f"us of processor time {unit}, all servers")
    handles = [plt.Rectangle((0, 0), 1, 1, color=_COLOURS[kind]) for kind in KINDS]
    figure.legend(handles, KINDS, loc="outside upper center", ncols=len(KINDS), frameon=False)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _bars(axes: Any, rows: Mapping[str, Mapping[str, float]]) -> None:
    names = [TITLES[row] for row in rows]
    left = [0.0] * len(rows)
    for kind in KINDS:
        widths = [stages.get(kind, 0.0) for stages in rows.values()]
        axes.barh(names, widths, left=left, color=_COLOURS[kind])
        left = [a + b for a, b in zip(left, widths, strict=True)]
    for place, total in enumerate(left):
        axes.text(total, place, f" {total:.1f}", va="center")
    axes.margins(x=0.08)
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)


def _latencies(rows: Mapping[str, Mapping[str, float]], path: Path) -> None:
    """Percentiles on a scale that gives the same room to each nine."""
    figure, axes = plt.subplots(figsize=(11, 7), layout="constrained")
    for row, latency in rows.items():
        places = [float(share) / 100 for share in latency]
        axes.plot(places, list(latency.values()), marker=".", label=f"{row}: {TITLES[row]}")
    shares = (1, 5, 10, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.99)
    axes.set_xscale("logit")
    axes.set_yscale("log")
    axes.set(xlabel="percentile", ylabel="ms from send to delivery")
    axes.minorticks_off()
    axes.set_xticks([s / 100 for s in shares], [f"{s:g}" for s in shares])
    axes.set_yticks(*_milliseconds(rows))
    axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=2, fontsize="small", frameon=False)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _milliseconds(rows: Mapping[str, Mapping[str, float]]) -> tuple[list[float], list[str]]:
    """Return 1, 2, 5, 10, 20, ... around all latencies, and how they are written."""
    all_ms = [ms for latency in rows.values() for ms in latency.values()]
    every = [digit * 10.0**power for power in range(-3, 6) for digit in (1, 2, 5)]
    ticks = [t for t in every if min(all_ms) / 2 <= t <= max(all_ms) * 2]
    return ticks, [f"{t:g}" for t in ticks]


def _growth(shown: list[tuple[Series, dict[str, float]]], path: Path) -> None:
    """One panel a series, from zero, so that flat looks flat."""
    columns = min(3, len(shown))
    lines = -(-len(shown) // columns)
    figure, grid = plt.subplots(
        lines, columns, figsize=(4.2 * columns, 3.2 * lines), squeeze=False, layout="constrained"
    )
    for axes, (series, costs) in zip(grid.flat, shown, strict=False):
        sizes = [float(size) for size in costs]
        axes.plot(sizes, list(costs.values()), marker="o")
        axes.set_xscale("log")
        axes.set_xticks(sizes, [f"{size:,.0f}" for size in sizes], rotation=20)
        axes.minorticks_off()
        axes.set_ylim(0, max(costs.values()) * 1.25)
        axes.set_title(f"{series.row}: {series.unit}", fontsize="medium")
        axes.set_xlabel(series.size)
        axes.grid(alpha=0.3)
    for axes in list(grid.flat)[len(shown) :]:
        axes.set_visible(False)
    figure.savefig(path, dpi=120)
    plt.close(figure)
