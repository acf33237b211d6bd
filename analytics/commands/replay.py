"""`roomlog replay`: any range of the log on the terminal."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Annotated

import msgspec
import typer

from analytics import export as engine
from analytics import replay as player
from analytics.batches import Extractor, Poison
from analytics.commands.options import (
    Duplicates,
    Rooms,
    Since,
    Starts,
    Stops,
    Types,
    Until,
    Workspaces,
    guarded,
)
from analytics.lines import Narrator
from analytics.rows import Row
from analytics.selection import Selection, select
from analytics.writers import Line
from roomlog.commands.options import AsJson, Data
from roomlog.events import ChatEvent
from roomlog.progress import parse_speed
from roomlog.settings import Settings
from roomlog.target import find_target
from schemas.registry import Registry

Render = Callable[[Row], str]


def replay(
    room: Rooms = None,
    workspace: Workspaces = None,
    type_: Types = None,
    since: Since = None,
    until: Until = None,
    from_: Starts = None,
    to: Stops = None,
    speed: Annotated[
        str, typer.Option(metavar="1x|60x|max", help="Multiple of the speed at which it happened.")
    ] = "max",
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what is appended.")
    ] = False,
    duplicates: Duplicates = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Print any range of the log, in the order of the events' times.

    With --json each line is an event as in `roomlog export --format jsonl`.
    """

    def work() -> None:
        selection = select(
            room or (), type_ or (), since, until, from_ or (), to or (), workspace or ()
        )
        settings = find_target(data).settings
        asyncio.run(_replay(settings, selection, parse_speed(speed), follow, duplicates, as_json))

    try:
        guarded(work)
    except BrokenPipeError:  # whoever read us has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


async def _replay(
    settings: Settings,
    selection: Selection,
    speed: float,
    follow: bool,
    duplicates: bool,
    as_json: bool,
) -> None:
    registry = Registry(settings.registry, settings.data)
    resolved = registry.resolve(ChatEvent.SUBJECT)

    def extractor() -> Extractor:
        return Extractor(resolved, selection, not duplicates, _tell_poison)

    ranges = await engine.ranges_of(settings.kafka, selection)
    render = _json_line if as_json else await _narrate(settings, registry)
    rows = player.replay(settings.kafka, extractor, ranges)
    if speed:
        clock = asyncio.get_running_loop().time
        rows = player.paced(rows, speed, clock, asyncio.sleep)
    await _print(rows, render, every_line=bool(speed))
    if follow:
        starts = {r.partition: r.stop for r in ranges}
        live = player.follow(settings.kafka, extractor(), selection, starts)
        await _print(live, render, every_line=True)


async def _narrate(settings: Settings, registry: Registry) -> Render:
    names = await player.names_of_users(settings.kafka, registry.codecs().user_events)
    return Narrator(names).line


async def _print(rows: AsyncIterator[Row], render: Render, *, every_line: bool) -> None:
    async for row in rows:
        sys.stdout.write(render(row) + "\n")
        if every_line:
            sys.stdout.flush()
    sys.stdout.flush()


def _json_line(row: Row) -> str:
    time = datetime.fromtimestamp(row.ts // 1_000_000, UTC).replace(microsecond=row.ts % 1_000_000)
    text = time.isoformat(timespec="microseconds").replace("+00:00", "Z")
    line = Line(*row[:6], text, row.key, msgspec.Raw(row.body.encode()))
    return msgspec.json.encode(line).decode()


def _tell_poison(poison: Poison) -> None:
    place = f"partition {poison.partition} offset {poison.offset}"
    print(f"roomlog: left out {place}: {poison.reason}", file=sys.stderr)
