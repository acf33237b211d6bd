"""Lines of a frame to commands."""

import json
from typing import Any

import msgspec
from msgspec.json import Decoder

from roomlog.errors import ErrorCode, Refused
from roomlog.protocol.commands import AnyCommand, EditMessage, PostMessage
from roomlog.protocol.terms import TEXT_CHARS

_WITH_TEXT = (PostMessage, EditMessage)
_QUOTES = 18
"""Of a `send` with nothing but what it must have: five names, and all of their values but the number are texts."""
_decoder = Decoder(AnyCommand)
_loose = Decoder(dict[str, Any])


def decode_command(line: bytes) -> AnyCommand:
    """Read one line of a frame.

    Raises Refused, whose message names the field, or UnicodeDecodeError for what is no text at all.
    """
    try:
        command: AnyCommand = _decoder.decode(line)
    except RecursionError:
        raise Refused(ErrorCode.BAD_REQUEST, "nested too deeply") from None
    except msgspec.DecodeError as error:
        line.decode()
        raise Refused(ErrorCode.BAD_REQUEST, _explain(error)) from None
    if not _is_surely_strict(line, command):
        _require_strict(line)
    if isinstance(command, _WITH_TEXT) and len(command.text) > TEXT_CHARS:
        told = f"text: {len(command.text)} characters; at most {TEXT_CHARS} are allowed"
        raise Refused(ErrorCode.TOO_LARGE, told)
    return command


def _explain(error: Exception) -> str:
    text, _, place = str(error).partition(" - at `$")
    field = place.strip("`.")
    return f"{field}: {text}" if field else text


def _is_surely_strict(line: bytes, command: AnyCommand) -> bool:
    """Tell cheaply that no name occurs twice and no text has a NUL; False means: look closely.

    Every quotation mark that is not escaped begins or ends a name or a text, so as many of them as the
    command's fields need leave none for a name's second time.
    """
    if type(command) is not PostMessage:
        return False
    quotes = line.count(b'"')
    if b"\\" in line:
        if b"\\\\" in line or b"\\u0000" in line:
            return False
        quotes -= line.count(b'\\"')
    optional = (command.reply_to, command.as_, command.at)
    return quotes == _QUOTES + 4 * (3 - optional.count(None))


def _require_strict(line: bytes) -> None:
    try:
        fields = json.loads(line, object_pairs_hook=_unique)
    except RecursionError:
        raise Refused(ErrorCode.BAD_REQUEST, "nested too deeply") from None
    if (name := _with_nul(fields)) is not None:
        raise Refused(ErrorCode.BAD_REQUEST, f"{name}: contains a NUL character")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Refused(ErrorCode.BAD_REQUEST, f"{twice}: occurs twice")
    return found


def _with_nul(fields: dict[str, Any]) -> str | None:
    return next((name for name, value in fields.items() if "\\u0000" in json.dumps(value)), None)


def command_id(line: bytes) -> int | None:
    """Return the id of a command that could not be read, so that its error finds its sender."""
    try:
        found = _loose.decode(line).get("id")
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    if isinstance(found, bool) or not isinstance(found, int):
        return None
    return found if 0 <= found < 2**53 else None
