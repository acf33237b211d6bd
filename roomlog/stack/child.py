"""Starting a child process that cannot outlive its supervisor, as another user where that is needed."""

import asyncio
import contextlib
import ctypes
import os
import pwd
import signal
import stat
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from msgspec import Struct

_PR_SET_PDEATHSIG, _PR_SET_SECUREBITS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 1, 28, 47, 2
_SECBIT_NO_SETUID_FIXUP = 4
_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522
_libc = ctypes.CDLL(None, use_errno=True)


class Command(Struct, frozen=True):
    """A program to run: where its output goes, which signals end it, and as whom it runs.

    `death_signal` is what the kernel sends it when the supervisor dies without a word.
    """

    argv: list[str]
    env: dict[str, str]
    log: Path
    cwd: Path | None = None
    user: str = ""
    reaches: tuple[Path, ...] = ()
    """Directories that `user` works in; it is let in where the file modes would not."""
    niceness: int = 0
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 15.0
    death_signal: signal.Signals = signal.SIGKILL


async def start(command: Command) -> asyncio.subprocess.Process:
    """Start a child, its output appended to its log; raises OSError.

    To be called on the main thread: the kernel takes the end of the thread that forked for the
    supervisor's end.
    """
    with command.log.open("ab") as log:
        return await asyncio.create_subprocess_exec(
            *command.argv,
            env=command.env,
            cwd=command.cwd,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=_preparation(command),
        )


async def run_once(command: Command) -> int:
    """Run a program to its end and return its exit code; cancelled, it is killed. Raises OSError."""
    process = await start(command)
    try:
        return await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def end(process: asyncio.subprocess.Process, command: Command) -> None:
    """Make sure that a process is gone: asked first, killed when it takes too long."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(command.stop_signal)
    try:
        async with asyncio.timeout(command.stop_seconds):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def unprivileged_user() -> str:
    """Return whom servers that refuse root run as: nobody if we are root, else ourselves ("")."""
    return "nobody" if os.geteuid() == 0 else ""


def inherited_env(extra: Mapping[str, str]) -> dict[str, str]:
    """Return our environment with some variables added."""
    return {**os.environ, **extra}


def _preparation(command: Command) -> Callable[[], None]:
    """Return what the child does between fork and exec; only system calls, everything looked up before."""
    parent = os.getpid()
    account = pwd.getpwnam(command.user) if command.user else None
    override = (
        sys.platform == "linux"
        and account is not None
        and not _all_reachable(command.reaches, account.pw_uid)
    )

    def prepare() -> None:
        if command.niceness:
            os.nice(command.niceness)
        if account is not None:
            _become(account.pw_uid, account.pw_gid, override)
        die_with_parent(parent, command.death_signal)

    return prepare


def die_with_parent(parent: int, death_signal: signal.Signals = signal.SIGKILL) -> None:
    """Have the kernel send this process a signal when its parent (a pid) dies; Linux only."""
    if sys.platform == "linux":
        _libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)  # it died in between


def _all_reachable(paths: Iterable[Path], uid: int) -> bool:
    """Tell whether another user may pass through every directory above (and read the paths)."""
    parents = {parent for path in paths for parent in path.resolve().parents}
    return all(
        found.st_mode & stat.S_IXOTH or found.st_uid == uid for found in map(os.stat, parents)
    )


def _become(uid: int, gid: int, override: bool) -> None:
    """Give up root for good.

    With `override` one capability stays, CAP_DAC_OVERRIDE: a data directory or a cache below root's
    home (mode 0700) could not be entered otherwise.
    """
    if override:
        # Capabilities outlive the change of user, and access(2), by which PostgreSQL looks for
        # itself, counts them.
        _libc.prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if override:
        _keep_only(_CAP_DAC_OVERRIDE)


def _keep_only(capability: int) -> None:
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    bit = 1 << capability
    sets = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)  # effective, permitted, inheritable
    if _libc.capset(header, sets) != 0:
        raise OSError(ctypes.get_errno(), "capset")
    if _libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
