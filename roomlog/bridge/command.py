"""`roomlog import`: recorded chats into the log, through the front door."""

import logging
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import msgspec
import typer
import uvloop

from roomlog.bridge.importer import Importer, Options, Summary
from roomlog.bridge.rest import ApiError
from roomlog.bridge.script import Bridge
from roomlog.bridge.survey import Survey, survey_files
from roomlog.client import ConnectionEnded
from roomlog.errors import Refused
from roomlog.progress import Progress, parse_speed
from roomlog.target import NoTarget, Target, find_target

_AGAIN = "run the same command again: it goes on where it stopped, and nothing is doubled"


def import_(
    files: Annotated[list[Path], typer.Argument(help="JSONL of chat actions, plain or gzipped.")],
    speed: Annotated[
        str, typer.Option(metavar="1x|60x|max", help="Multiple of the recorded speed.")
    ] = "max",
    bridge: Annotated[
        str, typer.Option(help="The system they come from: tells apart people of the same name.")
    ] = "import",
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out lines that are no actions.")
    ] = False,
    sockets: Annotated[int, typer.Option(min=1, max=64, help="Connections to the nodes.")] = 4,
    window: Annotated[
        int, typer.Option(min=1, max=1000, help="Unanswered commands of a room.")
    ] = 32,
    data: Annotated[
        Path | None,
        typer.Option(help="Data directory of the stack.  [default: $ROOMLOG_DATA, else .roomlog]"),
    ] = None,
    api: Annotated[str, typer.Option(help="Address of the API, if not that stack's.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Play recorded chats in, as their senders, at their times, with their threads.

    Each line: room, line, at, kind (message, action, join, leave, rename), sender, text, and reply_to
    where it answers a line. Nothing is sent unless every line is good. A second run adds nothing.
    """
    logging.basicConfig(level=logging.WARNING)
    try:
        options = Options(Bridge(bridge.strip()), parse_speed(speed), sockets, window)
        target = find_target(data, api)
        survey = _survey(files, skip_bad)
        summary = uvloop.run(play(target, options, survey))
    except BaseException as error:
        end_with_message(error)
    _tell(summary, as_json)
    if summary.refused:
        raise typer.Exit(1)


async def play(target: Target, options: Options, survey: Survey) -> Summary:
    """Import surveyed files, showing how far it is."""
    async with Importer(target, options) as importer:
        with Progress("Accounts", len(survey.people), "people") as people:
            await importer.register(survey, people.update)
        with Progress("Importing", survey.actions, "actions") as actions:
            return await importer.play(survey, actions.update)


def _survey(files: list[Path], skip_bad: bool) -> Survey:
    with Progress("Checking", 0, "lines") as progress:
        survey = survey_files(files, progress.update)
    for problem in survey.problems:
        print(f"roomlog: {problem}", file=sys.stderr)
    if survey.bad and not skip_bad:
        raise ValueError(
            f"{survey.bad} bad line{'s' * (survey.bad > 1)}, so nothing was sent; "
            "mend the files, or leave such lines out with --skip-bad"
        )
    return survey


def end_with_message(error: BaseException) -> NoReturn:
    """Tell what stopped an import, and what to do."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    match error:
        case KeyboardInterrupt():
            print(f"roomlog: stopped; {_AGAIN}", file=sys.stderr)
            raise typer.Exit(130) from None
        case ConnectionEnded() | ApiError() | Refused() | TimeoutError():
            told = str(error) or "no ingest node answers; is the stack running? (`roomlog status`)"
            print(f"roomlog: {told}; {_AGAIN}", file=sys.stderr)
        case NoTarget() | ValueError() | OSError():
            print(f"roomlog: {error}", file=sys.stderr)
        case _:
            raise error
    raise typer.Exit(1) from None


def _tell(summary: Summary, as_json: bool) -> None:
    for refusal in summary.refusals:
        print(f"roomlog: refused: {refusal}", file=sys.stderr)
    if as_json:
        sys.stdout.write(msgspec.json.encode(summary).decode() + "\n")
        return
    s = summary
    lines = [
        f"{s.actions:,} actions of {s.people:,} people in {s.rooms:,} rooms, "
        f"{s.seconds:.1f} s, {s.actions_per_s:,.0f} actions/s",
        f"  {s.events:,} events, {s.unchanged:,} that changed nothing, {s.refused:,} refused",
        f"  {s.implied_joins:,} joins that the record only implies",
        f"  {s.replies:,} replies kept, {s.parents_missing:,} whose parent is missing",
        f"  {s.new_events:,} events were new to the log",
    ]
    if s.blank_texts:
        lines.append(f"  {s.blank_texts:,} blank texts, posted as a zero-width space")
    if s.bad_lines:
        lines.append(f"  {s.bad_lines:,} bad lines left out")
    if s.retried:
        lines.append(f"  {s.retried:,} sent again, {s.reordered:,} overtaken by that")
        lines += [f"    {count:,} x {why}" for why, count in s.retried_because.items()]
    print("\n".join(lines))
