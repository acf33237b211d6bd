"""Running the command line as a person would: a process, its output, its exit code."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def roomlog(
    *args: Any, check: bool = True, timeout_s: float = 180, **more: Any
) -> subprocess.CompletedProcess[str]:
    """Run `roomlog ARGS`; a failure that was not expected shows what it said."""
    done = subprocess.run(
        argv(*args), cwd=ROOT, capture_output=True, text=True, timeout=timeout_s, **more
    )
    if check and done.returncode:
        raise AssertionError(f"roomlog {args}: exit code {done.returncode}\n{done.stderr}")
    return done


def roomlog_json(*args: Any, timeout_s: float = 180) -> Any:
    """Run `roomlog ARGS --json` and return what it printed."""
    return json.loads(roomlog(*args, "--json", timeout_s=timeout_s).stdout)


def argv(*args: Any) -> list[str]:
    """Return the command line of `roomlog ARGS`."""
    return [sys.executable, "-m", "roomlog.cli", *map(os.fspath, map(_text, args))]


def _text(arg: Any) -> Any:
    return arg if isinstance(arg, os.PathLike) else str(arg)
