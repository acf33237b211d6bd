"""`roomlog topics`: the topics of `infra/topics.yaml` on a cluster."""

import asyncio
from collections.abc import Coroutine
from typing import Annotated, Any, TypeVar

import typer
from aiokafka.errors import KafkaError
from rich.table import Table

from roomlog import topics
from roomlog.commands.output import wide_console
from roomlog.settings import from_environment

_T = TypeVar("_T")

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Kafka = Annotated[
    str, typer.Option(help="Bootstrap servers.  [default: $ROOMLOG_KAFKA]", show_default=False)
]


@app.command("apply")
def apply(kafka: Kafka = "") -> None:
    """Create the topics that are missing, bring the others' settings up to date, register the schemas."""
    from schemas.registry import register_all

    settings = from_environment()
    created = _run(topics.apply(kafka or settings.kafka))
    ids = register_all(settings.registry)
    typer.echo(f"Created: {', '.join(created)}." if created else "All topics are there.")
    typer.echo(f"Schemas: {', '.join(f'{s} is {i}' for s, i in ids.items())}.")


@app.command("list")
def list_(kafka: Kafka = "") -> None:
    """List the topics: as defined, and what the cluster has."""
    present = _run(topics.present_partitions(kafka or from_environment().kafka))
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for column in ("topic", "partitions", "key", "purpose", "on the cluster"):
        table.add_column(column)
    for t in topics.load():
        found = present.get(t.name)
        state = "missing" if found is None else "yes" if found == t.partitions else f"has {found}"
        table.add_row(t.name, str(t.partitions), t.key, t.purpose, state)
    wide_console().print(table)


def _run(work: Coroutine[Any, Any, _T]) -> _T:
    """Run it; what the cluster has against it is said in one line."""
    try:
        return asyncio.run(work)
    except (topics.TopicError, KafkaError) as error:
        typer.echo(f"{error}. Is Kafka running? (`roomlog status`, ROOMLOG_KAFKA)", err=True)
        raise typer.Exit(1) from error
