"""`roomlog seed`: demo people, rooms, and a history, so that a first look shows something."""

import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
import uvloop

from roomlog.bridge.command import end_with_message, play
from roomlog.bridge.importer import Options, Summary
from roomlog.bridge.script import Bridge
from roomlog.bridge.survey import survey_files
from roomlog.seed.people import PASSWORD, SeedError, email_of, sign_up
from roomlog.target import Target, find_target

HISTORY = Path(__file__).parent / "history.jsonl"
_BRIDGE = "seed"
_AGO = timedelta(minutes=5)


def seed(
    data: Annotated[
        Path | None,
        typer.Option(help="Data directory of the stack.  [default: $ROOMLOG_DATA, else .roomlog]"),
    ] = None,
    api: Annotated[str, typer.Option(help="Address of the API, if not that stack's.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Fill in demo people, rooms and a history. Repeating it adds nothing."""
    try:
        target = find_target(data, api)
        people, summary = _seed(target)
    except SeedError as error:
        print(f"roomlog: {error}", file=sys.stderr)
        raise typer.Exit(1) from error
    except BaseException as error:
        end_with_message(error)
    found = _found(target, people, summary)
    if as_json:
        sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
        return
    print(f"{summary.rooms} rooms; {summary.new_events} events were new to the log.")
    print(f"Open {target.web} and sign in as any of these, password {PASSWORD}")
    for person in found["people"]:
        print(f"  {person['email']}")


def shifted(
    lines: Iterator[dict[str, Any]] | list[dict[str, Any]], now: datetime
) -> Iterator[bytes]:
    """Yield the history's lines with its last one some minutes before `now`, all else as far apart."""
    kept = list(lines)
    times = [datetime.fromisoformat(line["at"]) for line in kept]
    shift = now - _AGO - max(times)
    for line, at in zip(kept, times, strict=True):
        yield msgspec.json.encode({**line, "at": at + shift})


def _seed(target: Target) -> tuple[dict[str, str], Summary]:
    lines = [msgspec.json.decode(line) for line in HISTORY.read_bytes().splitlines()]
    people = sign_up(target.need_api(), dict.fromkeys(line["sender"] for line in lines))
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / HISTORY.name
        path.write_bytes(b"\n".join(shifted(lines, datetime.fromtimestamp(time.time(), UTC))))
        survey = survey_files([path], lambda _n: None)
        options = Options(Bridge(_BRIDGE, people), sockets=1)
        return people, uvloop.run(play(target, options, survey))


def _found(target: Target, people: dict[str, str], summary: Summary) -> dict[str, Any]:
    return {
        "web": target.web,
        "password": PASSWORD,
        "people": [{"name": n, "email": email_of(n), "id": i} for n, i in people.items()],
        "rooms": summary.rooms,
        "events": summary.events,
        "new_events": summary.new_events,
    }
