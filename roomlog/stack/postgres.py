"""PostgreSQL: one server with a generated password, reachable on loopback only."""

import os
import secrets
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path

from roomlog.stack import child
from roomlog.stack.errors import StackError, start_failure
from roomlog.stack.layout import Layout
from roomlog.stack.ports import HOST

ROLE = "roomlog"
DATABASE = "roomlog"
REGISTRY_DATABASE = "registry"

_CONNECT_SECONDS = 5
_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",  # a path of any length and owner would have to fit
    "shared_buffers": "128MB",
    "max_connections": "100",
    # Accounts exist here first, so a commit must outlive a kill. The projector, whose rows can be
    # made again from the log, may switch it off for its own transactions.
    "synchronous_commit": "on",
    "max_wal_size": "1GB",
    "jit": "off",  # short queries: compiling costs more than it gains
    "log_checkpoints": "off",
}


def dsn(password: str, port: int, database: str = DATABASE) -> str:
    """Return the connection string of a database."""
    return f"postgresql://{ROLE}:{password}@{HOST}:{port}/{database}"


async def prepare(layout: Layout, home: Path) -> str:
    """Create the cluster where there is none, and return the password; raises StackError, OSError."""
    if not (layout.of("postgres") / "PG_VERSION").exists():
        await _initialise(layout, home)
    return layout.postgres_password.read_text().strip()


def command(
    layout: Layout, home: Path, port: int, more: Mapping[str, str] | None = None
) -> child.Command:
    """Return how the server is run; SIGINT is its fast shutdown, SIGQUIT the immediate one.

    `more` are settings that come on top, and may contradict.
    """
    settings = {**_SETTINGS, "port": str(port), **(more or {})}
    flags = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    return child.Command(
        argv=[str(home / "bin" / "postgres"), "-D", str(layout.of("postgres")), *flags],
        env=child.inherited_env({}),
        log=layout.log("postgres"),
        user=child.unprivileged_user(),
        reaches=(home / "bin" / "postgres", layout.of("postgres")),
        stop_signal=signal.SIGINT,
        stop_seconds=30,
        death_signal=signal.SIGQUIT,
    )


async def create_database(server: str, name: str) -> None:
    """Create a database on the server that a connection string names, unless it is there.

    Raises StackError where that is not possible.
    """
    import psycopg
    from psycopg.sql import SQL, Identifier

    try:
        connection = await psycopg.AsyncConnection.connect(
            server, autocommit=True, connect_timeout=_CONNECT_SECONDS
        )
        async with connection:
            found = await connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if await found.fetchone() is None:
                await connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
    except psycopg.Error as error:
        raise StackError(
            f"Cannot create the database {name!r}: {str(error).strip()}. Where PostgreSQL is not "
            "ours (ROOMLOG_POSTGRES), create it by hand, or name a schema registry that exists in "
            "ROOMLOG_REGISTRY."
        ) from error


async def _initialise(layout: Layout, home: Path) -> None:
    """Run initdb into a draft directory, so that a half-made cluster is never taken for one."""
    draft = layout.of("postgres.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    password = secrets.token_urlsafe(24)
    password_file = draft.with_suffix(".password")
    _write_secret(password_file, password)
    if user := child.unprivileged_user():
        shutil.chown(draft, user)
        shutil.chown(password_file, user)
    try:
        await _initdb(layout, home, draft, password_file)
    finally:
        password_file.unlink()
    _write_secret(layout.postgres_password, password)
    draft.rename(layout.of("postgres"))


async def _initdb(layout: Layout, home: Path, draft: Path, password_file: Path) -> None:
    program = home / "bin" / "initdb"
    argv = [str(program), "-D", str(draft), "-U", ROLE, "--auth=scram-sha-256", "--no-sync"]
    # The same order of texts on every machine, whatever locales it has.
    locale = ["-E", "UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    initdb = child.Command(
        argv=[*argv, *locale, f"--pwfile={password_file}"],
        env=child.inherited_env({}),
        log=layout.log("postgres"),
        user=child.unprivileged_user(),
        reaches=(program, draft),
    )
    if await child.run_once(initdb) != 0:
        raise start_failure("postgres", layout.log("postgres"), draft, is_server=True)


def _write_secret(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
