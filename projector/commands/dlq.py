"""`roomlog dlq`: dead letters, and what to do about them."""

import asyncio
import getpass
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, NamedTuple

import msgspec
import psycopg
import typer
from aiokafka.errors import KafkaError
from rich.table import Table

from projector.dlq.choose import BadPlace, Filter, chosen, named, write_place
from projector.dlq.retry import Busy, Desk, Refused
from projector.dlq.show import HEAD, as_json, decoded, lines, row
from projector.session import Unavailable
from roomlog.commands.options import AsJson, Data, guarded
from roomlog.commands.output import wide_console
from roomlog.letters import Letter, Letters, read
from roomlog.settings import Settings
from roomlog.target import find_target
from roomlog.times import BadTime, parse_time
from schemas.registry import Registry

app = typer.Typer(
    add_completion=False,
    help="Records that could not be decoded or applied: topic chat.dlq.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

_FAILURES = (Busy, Unavailable, psycopg.Error, KafkaError, TimeoutError)
_MISTAKES = (BadPlace, BadTime)
Places = Annotated[
    list[str] | None, typer.Argument(metavar="TOPIC:PARTITION:OFFSET...", help="Which ones.")
]
Topic = Annotated[str, typer.Option(help="Only records of this topic.")]
Partition = Annotated[int | None, typer.Option(min=0, help="Only records of this partition.")]
Reason = Annotated[
    str, typer.Option(help="Only of this kind, or with this anywhere in the reason.")
]
Since = Annotated[
    str, typer.Option(metavar="TIME", help="Only what was refused then (ISO 8601) or later.")
]


class _Done(NamedTuple):
    """What became of one letter; `error` is why nothing did."""

    letter: Letter
    outcome: str
    error: str = ""


@app.command("list")
def list_(
    topic: Topic = "",
    partition: Partition = None,
    reason: Reason = "",
    since: Since = "",
    all_: Annotated[
        bool, typer.Option("--all", help="Also those that were retried or dropped.")
    ] = False,
    data: Data = None,
    as_json_: AsJson = False,
) -> None:
    """List the dead letters that nothing was decided about yet."""

    def work() -> list[Letter]:
        wanted = _filter(topic, partition, reason, since, settled=all_)
        return chosen(_letters(find_target(data).settings), wanted)

    found = guarded(work, _FAILURES, _MISTAKES)
    if as_json_:
        _print_json([as_json(one) for one in found])
    elif found:
        table = Table(*HEAD, box=None, padding=(0, 2), header_style="dim")
        for one in found:
            table.add_row(*row(one))
        wide_console().print(table, markup=False)
    else:
        print("There are no such dead letters.")


@app.command()
def show(
    place: Annotated[str, typer.Argument(metavar="TOPIC:PARTITION:OFFSET", help="Which one.")],
    data: Data = None,
    as_json_: AsJson = False,
) -> None:
    """Show everything about one dead letter: decoded where that works, else its bytes."""

    def work() -> tuple[Letter, dict[str, Any] | None]:
        settings = find_target(data).settings
        (one,) = named(_letters(settings), [place])
        return one, decoded(one, Registry(settings.registry, settings.data).codecs())

    one, record = guarded(work, _FAILURES, _MISTAKES)
    if as_json_:
        _print_json({**as_json(one), "record": record})
    else:
        sys.stdout.write("\n".join(lines(one, record)) + "\n")


@app.command()
def retry(
    places: Places = None,
    all_: Annotated[
        bool, typer.Option("--all", help="Every one that the other options select.")
    ] = False,
    topic: Topic = "",
    partition: Partition = None,
    reason: Reason = "",
    since: Since = "",
    data: Data = None,
    as_json_: AsJson = False,
) -> None:
    """Put records through the log again, each exactly once.

    A record that would be refused again, or would have no effect, is not written, and the reason is told;
    then the exit code is 1.
    """

    async def one(desk: Desk, letter: Letter) -> str:
        partition, offset = await desk.retry(letter)
        return f"retried: it is at partition {partition}, offset {offset}"

    wanted = guarded(lambda: _filter(topic, partition, reason, since), mistakes=_MISTAKES)
    _decide(places, wanted if all_ else None, data, one, as_json_)


@app.command()
def drop(
    places: Places = None,
    note: Annotated[str, typer.Option(help="Why; it is kept with the decision.")] = "",
    all_: Annotated[
        bool, typer.Option("--all", help="Every one that the other options select.")
    ] = False,
    topic: Topic = "",
    partition: Partition = None,
    reason: Reason = "",
    since: Since = "",
    data: Data = None,
    as_json_: AsJson = False,
) -> None:
    """Decide that records never take effect; who decided it, when and why stays in chat.dlq."""

    async def one(desk: Desk, letter: Letter) -> str:
        await desk.drop(letter, note)
        return "dropped"

    wanted = guarded(lambda: _filter(topic, partition, reason, since), mistakes=_MISTAKES)
    _decide(places, wanted if all_ else None, data, one, as_json_)


def _decide(
    places: list[str] | None,
    wanted: Filter | None,
    data: Any,
    decide: Callable[[Desk, Letter], Awaitable[str]],
    as_json_: bool,
) -> None:
    if bool(places) == (wanted is not None):
        raise typer.BadParameter("name places, or say --all (with what else selects them)")

    async def work() -> list[_Done]:
        settings = find_target(data).settings
        codecs = Registry(settings.registry, settings.data).codecs()
        async with Desk(settings.kafka, settings.postgres, codecs, _who()) as desk:
            letters = await read(settings.kafka)
            meant = chosen(letters, wanted) if wanted else named(letters, places or ())
            return [await _one(desk, letter, decide) for letter in meant]

    done = guarded(lambda: asyncio.run(work()), _FAILURES, _MISTAKES)
    _tell(done, as_json_)
    if any(one.error for one in done):
        raise typer.Exit(1)


async def _one(
    desk: Desk, letter: Letter, decide: Callable[[Desk, Letter], Awaitable[str]]
) -> _Done:
    try:
        return _Done(letter, await decide(desk, letter))
    except Refused as refused:
        return _Done(letter, "refused", str(refused))


def _tell(done: list[_Done], as_json_: bool) -> None:
    if as_json_:
        _print_json(
            [{**as_json(d.letter), "outcome": d.outcome, "error": d.error or None} for d in done]
        )
        return
    for one in done:
        error = f": {one.error}" if one.error else ""
        print(f"{write_place(one.letter.letter.place)}  {one.outcome}{error}")
    if not done:
        print("There are no such dead letters.")


def _filter(
    topic: str, partition: int | None, reason: str, since: str, *, settled: bool = False
) -> Filter:
    since_ms = parse_time(since) // 1_000 if since else 0
    return Filter(topic, partition, reason, since_ms, settled)


def _letters(settings: Settings) -> Letters:
    return asyncio.run(read(settings.kafka))


def _who() -> str:
    return f"{getpass.getuser()}@{socket.gethostname()}"


def _print_json(shown: Any) -> None:
    sys.stdout.write(msgspec.json.encode(shown).decode() + "\n")
