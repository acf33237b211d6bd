"""`roomlog migrate`: the tables of PostgreSQL."""

import asyncio
import importlib
import inspect
from collections.abc import Callable
from typing import Annotated

import psycopg
import typer

from roomlog import preflight
from roomlog.commands.options import guarded
from roomlog.settings import from_environment


def migrate(
    postgres: Annotated[
        str, typer.Option(help="Connection string.  [default: $ROOMLOG_POSTGRES]")
    ] = "",
) -> None:
    """Bring the tables up to date; repeating it changes nothing."""
    dsn = postgres or from_environment().postgres
    module = importlib.import_module("projector.migrate")
    failures = (module.MigrationError, preflight.Refused, psycopg.Error)
    guarded(lambda: _migrate(dsn, module.migrate), failures)
    typer.echo("The tables are up to date.")


def _migrate(dsn: str, migrate: Callable[[str], object]) -> None:
    if told := asyncio.run(preflight.postgres_refusal(dsn)):
        raise preflight.Refused(told)
    outcome = migrate(dsn)
    if inspect.iscoroutine(outcome):
        asyncio.run(outcome)
