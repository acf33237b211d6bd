"""Take the figures of `roomlog plan` from results of the bench, so that nobody types them twice.

    python -m bench.capacity [bench/out/results.json]
    python -m bench.capacity --page      after a change of the model

The first writes roomlog/capacity/measured.yaml; rows that the results do not have leave their figures as they
are. Both bring the tables of docs/capacity.md up to date.
"""

import argparse
import datetime
import json
import os
import re
import subprocess
import sys
from pathlib import Path

from roomlog.capacity import measured

RESULTS = Path(__file__).parent / "out" / "results.json"
PAGE = Path(__file__).parents[1] / "docs" / "capacity.md"
_TABLES = re.compile(r"(<!-- roomlog (plan [^>]*) -->\n).*?(<!-- end -->)", re.DOTALL)


def page(text: str) -> str:
    """Return the page with what the commands in its comments print now."""

    def printed(found: re.Match[str]) -> str:
        command = [sys.executable, "-m", "roomlog.cli", *found[2].split()]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return f"{found[1]}\n{told}\n{found[3]}"

    return _TABLES.sub(printed, text)


def refresh(path: Path) -> list[str]:
    """Write the figures that are in results, and return the names of those still provisional.

    Raises OSError, ValueError or TypeError where the file is not there or holds something else.
    """
    results = dict(json.loads(path.read_text()))
    made = datetime.datetime.fromtimestamp(path.stat().st_mtime, datetime.UTC)
    cores = os.cpu_count() or 1
    machine = measured.Machine(cores, f"`python -m bench` on {cores} cores, {made:%Y-%m-%d}")
    new = measured.refreshed(measured.load(), results, machine)
    measured.FILE.write_text(measured.as_yaml(new))
    return [name for name, figure in new.each().items() if figure.provisional]


def main() -> None:
    """Write figures and page, and say what is still not from a run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("results", nargs="?", type=Path, default=RESULTS)
    parser.add_argument("--page", action="store_true", help="only the tables of the page")
    options = parser.parse_args()
    if not options.page:
        try:
            left = refresh(options.results)
        except (OSError, ValueError, TypeError) as error:
            sys.exit(f"{options.results}: {error}")
        print(f"Wrote {measured.FILE.name}. Still provisional: {', '.join(left) or 'nothing'}.")
    PAGE.write_text(page(PAGE.read_text()))
    print(f"Wrote {PAGE.name}.")


if __name__ == "__main__":
    main()
