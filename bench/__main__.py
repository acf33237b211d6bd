"""Measure everything that docs say is fast, and print it as tables: `make bench`.

    python -m bench [ROW or GROUP...] [--runs 3] [--seconds 10] [--compare OLD.json] [--out bench/out]
    python -m bench --markdown

Groups are `usual` (where nothing is named), `growth`, `baselines` and `all`. Each row runs on a stack of
its own with private ports. Use a machine that does nothing else meanwhile; processor time is what to trust
on one that does. Results of other rows, measured before into the same directory, are kept.
"""

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import psutil
from rich.console import Console

from bench import report
from bench.generator import NoCompiler, build
from bench.harness import Bench, Figures
from bench.plots import draw
from bench.rows import GROUPS, ROWS, chosen

OUT = Path(__file__).parent / "out"


def main() -> None:
    """Run the rows that are named, or write the results into the documentation."""
    parser = _parser()
    options = parser.parse_args()
    path = options.out / "results.json"
    if options.markdown:
        _document(path)
        return
    try:
        rows = chosen(options.rows or ["usual"])
    except KeyError as error:
        parser.error(f"no row {error}; there are: {', '.join([*ROWS, *GROUPS])}")
    options.out.mkdir(parents=True, exist_ok=True)
    earlier = json.loads(options.compare.read_text()) if options.compare else {}
    kept = json.loads(path.read_text()) if path.exists() else {}
    try:
        results = _measure(rows, options, path, kept)
    except NoCompiler as error:
        sys.exit(str(error))
    console = Console(width=None if sys.stdout.isatty() else 170)
    for table in report.tables(results, earlier):
        console.print(table)
    draw({**kept, **results}, options.out)
    console.print(f"Results and plots are in {options.out}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    add = parser.add_argument
    add("rows", nargs="*", metavar="ROW", help=", ".join([*ROWS, *GROUPS]))
    add("--runs", type=int, default=3, help="runs of each; medians are printed")
    add("--seconds", type=float, help="of each load (10; of `sustained` 600)")
    add("--rate", type=float, default=6_300, help="of `sustained`, messages a second")
    add(
        "--log-events", type=int, default=1_000_000, help="messages of `growth-log`, up to 10000000"
    )
    add("--compare", type=Path, help="results of an earlier run")
    add("--out", type=Path, default=OUT, help="directory for results.json and plots")
    add("--markdown", action="store_true", help=f"write the results into {report.DOCS.name}")
    return parser


def _document(path: Path) -> None:
    if not path.exists():
        sys.exit(f"there are no results in {path}; measure first")
    results = json.loads(path.read_text())
    report.DOCS.write_text(report.write_into(report.DOCS.read_text(), results))


def _measure(
    rows: list[str], options: argparse.Namespace, path: Path, kept: dict[str, Figures]
) -> dict[str, Figures]:
    results: dict[str, Figures] = {}
    with tempfile.TemporaryDirectory(prefix="roomlog-bench-") as scratch:
        bench = Bench(
            Path(scratch),
            build(Path(scratch)),
            options.seconds or 10.0,
            options.seconds or 600.0,
            options.rate,
            options.log_events,
        )
        for row in rows:
            found = []
            for run in range(options.runs):
                print(f"{row}, run {run + 1} of {options.runs}", file=sys.stderr, flush=True)
                found.append(ROWS[row](bench))
            results[row] = {**medians(found), "measured": _circumstances()}
            path.write_text(json.dumps({**kept, **results}, indent=1) + "\n")
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


def _circumstances() -> dict[str, str]:
    """Return when, at which commit and on what machine it is now."""
    command = ["git", "describe", "--always", "--dirty"]
    told = subprocess.run(
        command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False
    )
    memory = psutil.virtual_memory().total / 2**30
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": told.stdout.strip() or "an unknown commit",
        "machine": f"{psutil.cpu_count()} cores ({_processor()}), {memory:.0f} GiB, Linux "
        f"{platform.release().split('-')[0]}"
        if sys.platform == "linux"
        else platform.platform(),
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


if __name__ == "__main__":
    main()
