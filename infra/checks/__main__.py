"""Runs the checks: `python -m infra.checks [NAME...]`, all of them without a name. Exit code 1: there are problems."""

import importlib
import pkgutil
import sys
import time
from types import ModuleType

from infra import checks
from infra.checks import ROOT, NotChecked


def names() -> list[str]:
    """Return the names of all checks."""
    found = pkgutil.iter_modules(checks.__path__)
    return sorted(m.name for m in found if not m.name.startswith("_"))


def main(asked: list[str]) -> int:
    """Run the named checks (all without a name), print what they found, and return the exit code."""
    known = names()
    if strangers := [name for name in asked if name not in known]:
        print(f"No check {', '.join(strangers)}; there are: {', '.join(known)}.", file=sys.stderr)
        return 2
    results = [_run(importlib.import_module(f"infra.checks.{name}")) for name in asked or known]
    return 0 if all(results) else 1


def _run(module: ModuleType) -> bool:
    """Run one check and print its result; False where there are problems."""
    title = (module.__doc__ or "").partition("\n")[0].rstrip(".")
    name = module.__name__.rpartition(".")[2]
    began = time.monotonic()
    try:
        problems: list[str] = module.check(ROOT)
    except NotChecked as reason:
        print(f"{name}: NOT CHECKED ({title}): {reason}")
        return True
    result = f"{len(problems)} problems" if problems else "ok"
    print(f"{name}: {result} ({title}; {time.monotonic() - began:.1f} s)")
    for problem in problems:
        print(f"  {problem}")
    return not problems


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
