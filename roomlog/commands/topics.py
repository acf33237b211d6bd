"""`roomlog topics`: the topics of `infra/topics.yaml` on a cluster."""

import typer
from rich.table import Table

from roomlog import topics
from roomlog.commands.cluster import Kafka, address_of, run
from roomlog.commands.options import guarded
from roomlog.commands.output import wide_console
from roomlog.settings import from_environment

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.command("apply")
def apply(kafka: Kafka = "") -> None:
    """Create the topics that are missing, bring the others' settings up to date, register the schemas."""
    from schemas.registry import register_all

    address = address_of(kafka)
    created = run(topics.apply(address), address)
    ids = guarded(lambda: register_all(from_environment().registry))
    typer.echo(f"Created: {', '.join(created)}." if created else "All topics are there.")
    typer.echo(f"Schemas: {', '.join(f'{s} is {i}' for s, i in ids.items())}.")


@app.command("list")
def list_(kafka: Kafka = "") -> None:
    """List the topics: as defined, and what the cluster has."""
    address = address_of(kafka)
    present = run(topics.present_partitions(address), address)
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for column in ("topic", "partitions", "key", "purpose", "on the cluster"):
        table.add_column(column)
    for t in topics.load():
        found = present.get(t.name)
        state = "missing" if found is None else "yes" if found == t.partitions else f"has {found}"
        table.add_row(t.name, str(t.partitions), t.key, t.purpose, state)
    wide_console().print(table)
