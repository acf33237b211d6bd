"""What the supervisor tells whoever started it: JSON lines, one a step and change."""

import contextlib
import sys
from collections.abc import Callable
from typing import Literal

from msgspec import Struct
from msgspec.json import Decoder, Encoder

StepState = Literal["waiting", "running", "done", "failed", "skipped"]


class Step(Struct, frozen=True, tag="step"):
    """A step of the way up or down changed. `done` and `total` are bytes, where it is a download."""

    name: str
    state: StepState
    text: str = ""
    done: int = 0
    total: int = 0


class Note(Struct, frozen=True, tag="note"):
    """Something happened to a running stack."""

    text: str


class Ready(Struct, frozen=True, tag="ready"):
    """Every service is ready; `state` is the path of the state file."""

    data: str
    state: str
    seconds: float


class Failed(Struct, frozen=True, tag="failed"):
    """The stack does not come up; everything that had been started is stopped again."""

    message: str


Event = Step | Note | Ready | Failed
Report = Callable[[Event], None]

_encode = Encoder().encode
decode_event = Decoder(Event).decode


def report_to_stdout(event: Event) -> None:
    """Write an event as a line; nobody listening (a detached stack) is no error."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.buffer.write(_encode(event) + b"\n")
        sys.stdout.buffer.flush()
