"""A streaming replica of a running PostgreSQL, from the same binaries, which have no pg_basebackup."""

import asyncio
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psutil
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from roomlog.stack import artifacts, child, postgres
from roomlog.stack.layout import Layout, cache_dir
from roomlog.stack.ports import Ports

SLOT = "test_standby"
_NOT_COPIED = {"pg_wal", "pg_replslot", "pg_notify", "pg_subtrans", "pg_stat_tmp"}


class Standby:
    """A server that can be stopped in every way, and made a primary of its own."""

    def __init__(self, primary: str, layout: Layout, port: int) -> None:
        self.dsn = make_conninfo(primary, port=port)
        self._home = artifacts.installed("postgres", cache_dir())
        assert self._home is not None
        self._command = postgres.command(layout, self._home, port)
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Return when it can be asked."""
        self._process = await child.start(self._command)
        async with asyncio.timeout(30):
            while True:
                with suppress(psycopg.OperationalError):
                    return self.ask("SELECT")
                assert self._process.returncode is None, self._command.log.read_text()[-2000:]
                await asyncio.sleep(0.02)

    async def stop(self) -> None:
        """End it in good order, frozen or not."""
        if self._process is not None:
            self.thaw()
            await child.end(self._process, self._command)

    async def kill(self) -> None:
        """End it and all that it started without a word."""
        assert self._process is not None
        self._signal(signal.SIGKILL)
        await self._process.wait()

    def freeze(self) -> None:
        """Stop it and all that it started where they are: its sockets stay open, and nobody answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    async def promote(self) -> None:
        """Make it a primary. Waited for outside the statement, which what is still to be replayed may cancel."""
        self.ask("SELECT pg_promote(wait => false)")
        async with asyncio.timeout(30):
            while True:
                with suppress(psycopg.OperationalError, psycopg.errors.DivisionByZero):
                    # It divides by zero until then.
                    return self.ask("SELECT 1 / (NOT pg_is_in_recovery())::int")
                await asyncio.sleep(0.02)

    def ask(self, query: str) -> None:
        """Carry out a statement, such as `SELECT pg_wal_replay_pause()`; raises psycopg.Error."""
        with psycopg.connect(self.dsn, autocommit=True, connect_timeout=2) as connection:
            connection.execute(query.encode())

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        with suppress(psutil.NoSuchProcess):
            server = psutil.Process(self._process.pid)
            for process in (server, *server.children()):
                with suppress(psutil.NoSuchProcess):
                    process.send_signal(number)


@asynccontextmanager
async def standby(primary: str, directory: Path) -> AsyncIterator[Standby]:
    """Copy a running server, and have the copy follow it."""
    layout = Layout(directory)
    layout.make()
    reserved = Ports(cache_dir() / "ports.lock", defaults=False)
    with psycopg.connect(primary, autocommit=True) as connection:
        connection.execute("SELECT pg_create_physical_replication_slot(%s, true)", [SLOT])
        copy = Standby(primary, layout, reserved.choose("postgres"))
        try:
            await asyncio.to_thread(_back_up, connection, layout.of("postgres"), primary)
            await copy.start()
            yield copy
        finally:
            await copy.stop()
            reserved.close()
            async with asyncio.timeout(10):
                while not _drop_slot(connection):
                    await asyncio.sleep(0.05)


def _back_up(connection: psycopg.Connection, target: Path, primary: str) -> None:
    connection.execute("SELECT pg_backup_start(%s, true)", [SLOT])
    (source,) = connection.execute("SHOW data_directory").fetchone() or ("",)
    shutil.copytree(source, target, ignore=_not_copied, copy_function=_copied)
    (label,) = connection.execute("SELECT labelfile FROM pg_backup_stop(false)").fetchone() or ("",)
    for name in _NOT_COPIED:
        (target / name).mkdir(exist_ok=True)
    (target / "backup_label").write_text(label)
    (target / "standby.signal").touch()
    server = {
        k: v
        for k, v in conninfo_to_dict(primary).items()
        if k in ("host", "port", "user", "password")
    }
    with (target / "postgresql.auto.conf").open("a") as settings:
        settings.write(f"primary_conninfo = '{make_conninfo(**server)}'\n")
        settings.write(f"primary_slot_name = '{SLOT}'\n")
    if user := child.unprivileged_user():
        subprocess.run(["chown", "-R", user, target], check=True)


def _not_copied(directory: str, names: list[str]) -> set[str]:
    if Path(directory).name in _NOT_COPIED:
        return set(names)
    return {"postmaster.pid", "postmaster.opts"} & set(names)


def _copied(source: str, target: str) -> None:
    with suppress(FileNotFoundError):  # what goes meanwhile, the log tells of
        shutil.copy2(source, target)


def _drop_slot(connection: psycopg.Connection) -> bool:
    try:
        connection.execute("SELECT pg_drop_replication_slot(%s)", [SLOT])
    except psycopg.errors.ObjectInUse:
        return False
    return True
