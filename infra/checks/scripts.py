"""Shell scripts can be read by the shell that they name."""

import subprocess
from pathlib import Path


def check(root: Path) -> list[str]:
    """Return what the shell says about the scripts in infra/."""
    scripts = sorted((root / "infra").rglob("*.sh"))
    return [problem for script in scripts for problem in _complaints(script)]


def _complaints(script: Path) -> list[str]:
    shell = script.read_text().partition("\n")[0].removeprefix("#!").split()
    done = subprocess.run([*shell, "-n", script], capture_output=True, text=True, check=False)
    return done.stderr.splitlines()
