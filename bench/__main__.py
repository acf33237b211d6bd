"""Measure everything that docs say is fast, and print one table: `make bench`.

    python -m bench [ROW...] [--runs 3] [--seconds 10] [--compare OLD.json] [--out bench/out]

Each row runs on a stack of its own with private ports. Use a machine that does nothing else meanwhile;
processor time is what to trust on one that does.
"""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.generator import NoCompiler, build
from bench.goals import GOALS, TITLES
from bench.plots import draw
from bench.rows import ROWS, Bench, Figures

OUT = Path(__file__).parent / "out"
_MARKS = {"aim": "[green]✓ aim[/]", "must": "[yellow]✓ must[/]", "short": "[red]✗ short[/]"}


def main() -> None:
    """Run the rows that are named, all by default."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("rows", nargs="*", metavar="ROW", help=", ".join(ROWS))
    parser.add_argument("--runs", type=int, default=3, help="runs of each; medians are printed")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each load")
    parser.add_argument("--compare", type=Path, help="results of an earlier run")
    parser.add_argument(
        "--out", type=Path, default=OUT, help="directory for results.json and plots"
    )
    options = parser.parse_args()
    if unknown := set(options.rows) - ROWS.keys():
        parser.error(f"no row {unknown.pop()}; there are: {', '.join(ROWS)}")
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        results = _measure(options.rows or list(ROWS), options.runs, options.seconds)
    except NoCompiler as error:
        sys.exit(str(error))
    path = options.out / "results.json"
    earlier = json.loads(options.compare.read_text()) if options.compare else {}
    path.write_text(json.dumps(results, indent=1) + "\n")
    console = Console(width=None if sys.stdout.isatty() else 170)
    console.print(_table(results, earlier))
    draw(results, options.out)
    console.print(f"Results and plots are in {options.out}")


def _measure(rows: list[str], runs: int, seconds: float) -> dict[str, Figures]:
    results = {}
    with tempfile.TemporaryDirectory(prefix="roomlog-bench-") as scratch:
        bench = Bench(Path(scratch), build(Path(scratch)), seconds)
        for row in rows:
            found = []
            for run in range(runs):
                print(f"{row}, run {run + 1} of {runs}", file=sys.stderr, flush=True)
                found.append(ROWS[row](bench))
            results[row] = medians(found)
    return results


def medians(runs: list[Figures]) -> Figures:
    """Return the median of each figure over the runs, and all of them as `runs`."""
    found: Figures = {}
    for name, value in runs[0].items():
        if isinstance(value, dict):
            found[name] = {k: statistics.median(r[name].get(k, 0) for r in runs) for k in value}
        else:
            found[name] = statistics.median(r[name] for r in runs)
    return {**found, "runs": runs}


def _table(results: dict[str, Figures], earlier: dict[str, Figures]) -> Table:
    table = Table(title="Medians; CPU is of all server processes", title_justify="left")
    columns = ("load", "figure", "Roomlog", "", "must", "aims", "Centrifugo, +Redis, socket.io")
    for column in (*columns, "dearest stage", *(("before",) if earlier else ())):
        table.add_column(
            column, justify="right" if column in ("Roomlog", "must", "aims") else "left"
        )
    for goal in GOALS:
        if goal.row not in results:
            continue
        figures = results[goal.row]
        value = figures[goal.figure]
        stages = figures.get("stages", {}) if goal.figure == "cpu_us" else {}
        dearest = max(stages, key=lambda k: stages[k]) if stages else ""
        cells = [
            TITLES[goal.row],
            goal.unit,
            f"{value:,.10g}",
            _MARKS[goal.verdict(value)],
            f"{goal.must:,.10g}",
            f"{goal.aims:,.10g}",
            goal.peers,
            f"{dearest} {stages[dearest]:.1f}" if dearest else "",
        ]
        before = earlier.get(goal.row, {}).get(goal.figure)
        if earlier:
            cells.append(f"{before:,.10g} (x {value / before:.2f})" if before else "")
        table.add_row(*cells)
    return table


if __name__ == "__main__":
    main()
