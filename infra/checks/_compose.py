"""The compose file as `docker compose` understands it, by the library that it is made of (compose-go)."""

import json
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from infra.checks import NotChecked

FILE = Path("infra") / "docker-compose.kafka.yml"
_PROGRAM = Path(__file__).parent / "composespec"
_BUILD_S, _LOAD_S = 300, 30


class BadCompose(ValueError):
    """The library refuses the file; the message is its own."""


@cache
def project(file: Path) -> dict[str, Any]:
    """Return a compose file with every merge, default and variable in place; raises BadCompose, NotChecked.

    Variables have their defaults: the caller's environment plays no part.
    """
    if shutil.which("go") is None:
        raise NotChecked("there is no Go, which builds the compose specification's library")
    with tempfile.TemporaryDirectory() as directory:
        program = Path(directory) / "composespec"
        build = ["go", "build", "-mod=readonly", "-o", str(program), "."]
        built = subprocess.run(
            build, cwd=_PROGRAM, capture_output=True, text=True, timeout=_BUILD_S, check=False
        )
        if built.returncode != 0:
            raise NotChecked(f"the program that loads it cannot be built: {built.stderr.strip()}")
        environ = {"PATH": os.defpath, "HOME": directory}
        loaded = subprocess.run(
            [program, file],
            env=environ,
            capture_output=True,
            text=True,
            timeout=_LOAD_S,
            check=False,
        )
    if loaded.returncode != 0:
        raise BadCompose(loaded.stderr.strip())
    found: dict[str, Any] = json.loads(loaded.stdout)
    return found
