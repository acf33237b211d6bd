"""What the image has is enough: every command is there, with the image's files and packages alone."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from infra.checks.dockerfile import FILE
from infra.image import packages
from roomlog.cli import COMMANDS

_STAGE = re.compile(r"^FROM \S+ AS service\n(.*?)^FROM ", re.MULTILINE | re.DOTALL)
_COPY = re.compile(r"^COPY (?!--from)(.+)$", re.MULTILINE)
_NOT_THERE = frozenset({"up", "down", "status", "logs", "check"})
"""Commands of the stack on this machine, whose servers the image does not have."""
_MORE = ("infra.bucket", "infra.make_secrets", "infra.healthcheck")
_SECONDS = 120

_PROGRAM = """
import importlib, importlib.metadata, re, sys

allowed, modules = set(sys.argv[1].split()), sys.argv[2].split()
owners = importlib.metadata.packages_distributions()


class Absent:
    def find_spec(self, name, path=None, target=None):
        of = {re.sub(r"[-_.]+", "-", d).lower() for d in owners.get(name.partition(".")[0], ())}
        if of and not of & allowed:
            raise ModuleNotFoundError(f"{name} ({', '.join(sorted(of))}) is not in the image")


sys.meta_path.insert(0, Absent())
for module in modules:
    try:
        importlib.import_module(module)
    except Exception as error:
        print(f"{module}: {type(error).__name__}: {error}")
import roomlog.topics
roomlog.topics.load()
"""


def check(root: Path) -> list[str]:
    """Return which modules cannot be imported from the image's files with the image's packages."""
    modules = {c.target.partition(":")[0] for name, c in COMMANDS.items() if name not in _NOT_THERE}
    with tempfile.TemporaryDirectory() as directory:
        copy_sources((root / FILE).read_text(), root, Path(directory))
        return importing([*sorted(modules), *_MORE], {*packages(), "roomlog"}, Path(directory))


def copy_sources(dockerfile: str, root: Path, to: Path) -> None:
    """Copy what the stage `service` copies from the repository."""
    stage = _STAGE.search(dockerfile + "\nFROM ")
    for words in _COPY.findall(stage[1] if stage else ""):
        *sources, target = words.split()
        for source in sources:
            if (root / source).is_dir():
                ignore = shutil.ignore_patterns("__pycache__")
                shutil.copytree(root / source, to / target, ignore=ignore, dirs_exist_ok=True)
            else:
                (to / target).mkdir(parents=True, exist_ok=True)
                shutil.copy(root / source, to / target)


def importing(modules: list[str], allowed: set[str], directory: Path) -> list[str]:
    """Import modules from a directory with these packages alone; return what went wrong."""
    command = [sys.executable, "-c", _PROGRAM, " ".join(allowed), " ".join(modules)]
    environ = {**os.environ, "PYTHONPATH": str(directory), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command,
        cwd=directory,
        env=environ,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    return done.stdout.splitlines() + (done.stderr.splitlines()[-1:] if done.returncode else [])
