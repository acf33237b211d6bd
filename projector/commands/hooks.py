"""`roomlog hooks`: webhooks, what they could not deliver, and sending it once more."""

import sys
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import msgspec
import psycopg
import typer
from rich.table import Table

from projector.webhooks import sql
from roomlog.commands.options import AsJson, Data, guarded
from roomlog.commands.output import wide_console
from roomlog.cursors import BadCursor, Cursor, parse_cursor
from roomlog.ids import is_id
from roomlog.partitions import partition_of
from roomlog.sealing import CannotUnseal, Sealing
from roomlog.settings import Settings
from roomlog.target import find_target

app = typer.Typer(
    add_completion=False,
    help="Webhooks: what could not be delivered, and sending it once more.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

_WEBHOOKS = ("id", "room", "url", "paused", "reason", "waiting", "dead", "last_attempt")
_DEAD = ("id", "room", "cursor", "type", "attempts", "status", "error")
_SHOWN = 1_000
_T = TypeVar("_T")
Webhook = Annotated[str, typer.Argument(metavar="WEBHOOK", help="Its id.")]


class Mistaken(ValueError):
    """There is nothing of that name; the message says what to look at."""


@app.command("list")
def list_(data: Data = None, as_json: AsJson = False) -> None:
    """List the webhooks, with what waits and what was given up."""

    def work(connection: psycopg.Connection, _: Settings) -> list[tuple[Any, ...]]:
        return connection.execute(sql.LIST).fetchall()

    _print(_WEBHOOKS, _on_database(data, work), "There are no webhooks.", as_json)


@app.command()
def dead(webhook: Webhook, data: Data = None, as_json: AsJson = False) -> None:
    """List what was given up of a webhook, of the last 30 days."""

    def work(connection: psycopg.Connection, settings: Settings) -> list[tuple[Any, ...]]:
        found = connection.execute(sql.DEAD, [_id(webhook), _SHOWN]).fetchall()
        epoch = settings.epoch
        return [(id_, room, str(Cursor(epoch, at)), *rest) for id_, room, at, *rest in found]

    _print(_DEAD, _on_database(data, work), "Nothing of it was given up.", as_json)


@app.command()
def replay(
    webhook: Webhook,
    delivery: Annotated[str, typer.Option(metavar="ID", help="One that was given up.")] = "",
    all_: Annotated[bool, typer.Option("--all", help="All that were given up.")] = False,
    room: Annotated[str, typer.Option(metavar="ID", help="The room that --from is of.")] = "",
    from_: Annotated[
        str, typer.Option("--from", metavar="CURSOR", help="All of the room from there on.")
    ] = "",
    data: Data = None,
) -> None:
    """Send once more: what was given up, or all of a room from a cursor on, in its order."""
    if sum((bool(delivery), all_, bool(from_))) != 1 or bool(room) != bool(from_):
        raise typer.BadParameter("say --delivery ID, --all, or --room ID with --from CURSOR")

    def work(connection: psycopg.Connection, _: Settings) -> int:
        if from_:
            _send_from(connection, _id(webhook), _id(room), parse_cursor(from_).offset)
            return 0
        found = connection.execute(sql.DEAD, [_id(webhook), _SHOWN]).fetchall()
        meant = [row[0] for row in found if all_ or row[0] == delivery]
        if delivery and not meant:
            raise Mistaken(f"nothing with the id {delivery} was given up: see `roomlog hooks dead`")
        for one in meant:
            connection.execute(sql.AGAIN, [one])
        return len(meant)

    count = _on_database(data, work)
    print(f"All of room {room} from {from_} on." if from_ else f"{count} will be sent once more.")


@app.command()
def reseal(data: Data = None) -> None:
    """Encrypt all secrets with the first key of ROOMLOG_SECRET_KEYS; without keys, keep them as they are."""

    def work(connection: psycopg.Connection, settings: Settings) -> int:
        sealing = Sealing(settings.secret_keys)
        with connection.transaction():
            kept = connection.execute(sql.SECRETS).fetchall()
            for webhook, secret, old in kept:
                anew = sealing.seal(sealing.unseal(secret))
                older = None if old is None else sealing.seal(sealing.unseal(old))
                connection.execute(sql.RESEAL, [anew, older, webhook])
        return len(kept)

    print(f"{_on_database(data, work)} webhooks have their secrets as the settings say now.")


def _send_from(connection: psycopg.Connection, webhook: str, room: str, offset: int) -> None:
    if connection.execute(sql.HAS_ROOM, [room, webhook]).rowcount != 1:
        raise Mistaken(f"webhook {webhook} sends nothing of room {room}: see `roomlog hooks list`")
    connection.execute(sql.FROM, [webhook, room, partition_of(room), max(offset, 0)])


def _on_database(data: Any, work: Callable[[psycopg.Connection, Settings], _T]) -> _T:
    def connected() -> _T:
        settings = find_target(data).settings
        with psycopg.connect(settings.postgres, connect_timeout=5, autocommit=True) as connection:
            return work(connection, settings)

    return guarded(connected, (psycopg.Error, CannotUnseal), (Mistaken, BadCursor))


def _id(text: str) -> str:
    if not is_id(text):
        raise Mistaken(f"{text[:40]!r} is not an id")
    return text


def _print(
    names: tuple[str, ...], rows: list[tuple[Any, ...]], nothing: str, as_json: bool
) -> None:
    if as_json:
        shown = [dict(zip(names, row, strict=True)) for row in rows]
        sys.stdout.write(msgspec.json.encode(shown).decode() + "\n")
        return
    if not rows:
        print(nothing)
        return
    table = Table(*names, box=None, padding=(0, 2), header_style="dim")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    wide_console().print(table, markup=False)
