"""`roomlog access`: who may do what in Kafka."""

import os
import secrets
from pathlib import Path
from typing import Annotated

import typer

from roomlog import access
from roomlog.brokers import parse
from roomlog.commands.cluster import Kafka, address_of, run

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Who may do what in Kafka: each service is a user of its own (infra/access.yaml).",
    pretty_exceptions_enable=False,
)


@app.command("apply")
def apply(kafka: Kafka = "") -> None:
    """Grant what infra/access.yaml says, and take away what its users have beyond it."""
    address = address_of(kafka)
    done = run(access.apply(address), address)
    for right in done.missing:
        typer.echo(f"granted: {right}")
    for entry in done.surplus:
        typer.echo(f"taken away: {entry}")
    if done == access.Difference([], []):
        typer.echo("The cluster allows exactly what the list says.")


@app.command("check")
def check(kafka: Kafka = "") -> None:
    """Compare the cluster with infra/access.yaml; the exit code is 1 if they differ."""
    address = address_of(kafka)
    found = run(access.difference(address), address)
    for right in found.missing:
        typer.echo(f"missing: {right}")
    for entry in found.surplus:
        typer.echo(f"surplus: {entry}")
    if found != access.Difference([], []):
        raise typer.Exit(1)
    typer.echo("The cluster allows exactly what the list says.")


@app.command("password")
def password(
    user: Annotated[str, typer.Argument(help="A user of infra/access.yaml, or any other.")],
    kafka: Kafka = "",
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write the user's address to this file, which only its owner may read, for "
            "ROOMLOG_KAFKA_FILE.  [default: print it]",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Make a user, or give one another password: a new one by chance, or that in ROOMLOG_PASSWORD.

    Tells the address with which the user signs in (ROOMLOG_KAFKA). Whoever is connected stays connected.
    """
    address = address_of(kafka)
    chosen = os.environ.get("ROOMLOG_PASSWORD") or secrets.token_urlsafe(24)
    theirs = parse(address)._replace(user=user, password=chosen, mechanism="SCRAM-SHA-512")
    run(access.set_password(address, user, chosen), address)
    if out is None:
        typer.echo(theirs.address())
        return
    _write_secret(out, theirs.address() + "\n")
    typer.echo(f"{user} signs in with the address in {out} (ROOMLOG_KAFKA_FILE={out})")


def _write_secret(path: Path, text: str) -> None:
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)
