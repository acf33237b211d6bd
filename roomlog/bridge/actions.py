"""Recorded chat actions: files of one JSON object a line, plain or gzipped, checked before use."""

import gzip
import zlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Annotated, Literal, NamedTuple, cast

import msgspec
from msgspec import Meta, Struct

from roomlog.protocol.terms import TEXT_CHARS

_GZIP_MAGIC = b"\x1f\x8b"
_NAME_CHARS = 100
_EXAMPLE = '{"room": "tea", "line": 0, "at": "2026-01-02T03:04:05Z", "kind": "message", "sender": "ada", "text": "hi"}'


class Action(Struct, frozen=True):
    """What somebody did in a room; `reply_to` is the `line` of the same room that it answers.

    Of a rename `text` is the new name.
    """

    room: Annotated[str, Meta(min_length=1, max_length=100)]
    line: Annotated[int, Meta(ge=0, lt=10**10)]
    at: Annotated[datetime, Meta(tz=True)]
    kind: Literal["message", "action", "join", "leave", "rename"]
    sender: Annotated[str, Meta(min_length=1, max_length=_NAME_CHARS)]
    text: str | None = None
    reply_to: int | None = None


class BadLine(ValueError):
    """A line that is no action, or a file that cannot be read; says where and what to do."""

    def __init__(self, path: Path, number: int, reason: str) -> None:
        super().__init__(f"{path}:{number}: {reason}" if number else f"{path}: {reason}")


class Placed(NamedTuple):
    """An action, and where it was read."""

    path: Path
    number: int
    action: Action


_decode = msgspec.json.Decoder(Action).decode


def read_file(path: Path) -> Iterator[Placed | BadLine]:
    """Yield every action of a file in its order, and for lines that are none what is wrong with them.

    A file that cannot be read (on) ends with a BadLine.
    """
    number = 0
    try:
        with _open(path) as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield _parse(path, number, line)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        told = f"damaged gzip ({error}); fetch or compress the file again"
        yield BadLine(path, number + 1, told)
    except OSError as error:
        yield BadLine(path, 0, f"cannot be read: {error.strerror or error}")


def _open(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        zipped = file.read(2) == _GZIP_MAGIC
    return cast(IO[bytes], gzip.open(path, "rb")) if zipped else path.open("rb")


def _parse(path: Path, number: int, line: bytes) -> Placed | BadLine:
    try:
        action = _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return BadLine(path, number, _explain(str(error)))
    if reason := objection(action):
        return BadLine(path, number, reason)
    return Placed(path, number, action)


def _explain(error: str) -> str:
    text, _, place = error.partition(" - at `$")
    if "timezone" in text:
        return f"{text} - at `$.at`: write the zone too, for example 2026-01-02T03:04:05Z"
    return f"{text} - at `${place}" if place else f"{text}; a line looks like {_EXAMPLE}"


def objection(action: Action) -> str | None:
    """Return why an action cannot be played although its fields are of the right types, or None."""
    text = action.text or ""
    if not action.sender.strip() or any(_is_control(c) for c in action.sender):
        return f"sender: {action.sender!r} is no name (empty, or with control characters)"
    if "\0" in text or "\0" in action.room:
        return "text: contains a NUL character, which no message may"
    if not action.room.strip():
        return "room: empty"
    if len(text) > TEXT_CHARS - _NAME_CHARS:
        return f"text: {len(text)} characters; at most {TEXT_CHARS - _NAME_CHARS} can be imported"
    if action.kind == "rename" and not text.strip():
        return "text: a rename needs the new name"
    return None


def _is_control(character: str) -> bool:
    return character < " " or "\x7f" <= character < "\xa0" or "\ud800" <= character <= "\udfff"
