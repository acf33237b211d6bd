"""`roomlog migrate`: the tables of PostgreSQL."""

import asyncio
import importlib
import inspect
from typing import Annotated

import typer

from roomlog.settings import from_environment


def migrate(
    postgres: Annotated[
        str, typer.Option(help="Connection string.  [default: $ROOMLOG_POSTGRES]")
    ] = "",
) -> None:
    """Bring the tables up to date; repeating it changes nothing."""
    dsn = postgres or from_environment().postgres
    outcome = importlib.import_module("projector.migrate").migrate(dsn)
    if inspect.iscoroutine(outcome):
        asyncio.run(outcome)
    typer.echo("The tables are up to date.")
