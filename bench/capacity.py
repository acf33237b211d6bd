"""Take the figures of `roomlog plan` from results of the bench, so that nobody types them twice.

    python -m bench.capacity [bench/out/results.json]

Writes roomlog/capacity/measured.yaml; what stands in docs/capacity.md then is told by its test. Rows that
the results do not have leave their figures as they are.
"""

import argparse
import datetime
import json
import os
import sys
from pathlib import Path

from bench.__main__ import OUT
from roomlog.capacity import measured


def main() -> None:
    """Read results, write the figures, and say what is still not from a run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("results", nargs="?", type=Path, default=OUT / "results.json")
    options = parser.parse_args()
    try:
        results = dict(json.loads(options.results.read_text()))
        made = datetime.datetime.fromtimestamp(options.results.stat().st_mtime, datetime.UTC)
        cores = os.cpu_count() or 1
        machine = measured.Machine(cores, f"`make bench` on {cores} cores, {made:%Y-%m-%d}")
        new = measured.refreshed(measured.load(), results, machine)
    except (OSError, ValueError, TypeError) as error:
        sys.exit(f"{options.results}: {error}")
    measured.FILE.write_text(measured.as_yaml(new))
    left = [name for name, figure in new.each().items() if figure.provisional]
    print(f"Wrote {measured.FILE}.")
    if left:
        print(f"Still provisional: {', '.join(left)}.")


if __name__ == "__main__":
    main()
