"""The phases of growth as Terraform's variable files: `python -m infra.phases` writes them from `roomlog plan`.

They are committed, so that a change of a figure in roomlog/capacity/measured.yaml shows as a change of what would be
built; a check compares both.
"""

import math
from pathlib import Path
from typing import Any

import msgspec

from roomlog.capacity import measured
from roomlog.capacity.model import plan
from roomlog.capacity.workload import PHASES

ROOT = Path(__file__).parent.parent
NAMES = ("10k", "50k", "250k", "1m")
_WANTED: dict[str, tuple[str, ...]] = {
    "ingest": ("count", "for_load", "memory_gib_each", "connections_each"),
    "streams": ("count", "for_load", "memory_gib_each"),
    "projector": ("count", "for_load", "memory_gib_each"),
    "api": ("count", "for_load", "memory_gib_each"),
    "kafka": ("brokers", "partitions", "cores_each", "memory_gib_each", "disk_gib_each"),
    "postgres": ("primaries", "standbys", "cores_each", "memory_gib_each", "disk_gib_each"),
    "valkey": ("primaries", "replicas", "memory_gib_each"),
}


def directory(root: Path = ROOT) -> Path:
    """Return where the files are."""
    return root / "infra" / "terraform" / "phases"


def variables(name: str) -> str:
    """Return the variable file of a phase: what `roomlog plan --phases --json` says, as far as Terraform asks."""
    made = msgspec.to_builtins(plan(PHASES[name], measured.load()))
    load = PHASES[name]
    lines = [
        f"# {load.users:,} users, {load.messages_per_s:,.0f} messages a second at the peak.",
        "# Written by `python -m infra.phases` from `roomlog plan --phases`: change the figures there, not here.",
        "phase = {",
        f'  name           = "{name}"',
        f"  connections    = {load.connections}",
        f"  messages_per_s = {load.messages_per_s:.0f}",
    ]
    for part, wanted in _WANTED.items():
        width = max(map(len, wanted))
        lines += ["", f"  {part} = {{"]
        lines += [f"    {key:{width}} = {_number(made[part][key])}" for key in wanted]
        lines += ["  }"]
    return "\n".join([*lines, "}", ""])


def _number(value: Any) -> str:
    """Return a number as it is written: rounded up to two digits behind the point."""
    return f"{math.ceil(round(value * 100, 6)) / 100:.10g}"


def main() -> None:
    """Write the files."""
    directory().mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        (directory() / f"{name}.tfvars").write_text(variables(name))


if __name__ == "__main__":
    main()
