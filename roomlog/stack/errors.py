"""What goes wrong on the way up, in words that say what to do."""

import errno
import os
from collections import deque
from pathlib import Path

_TAIL_LINES = 12


class StackError(Exception):
    """The stack cannot start or go on; the text is for a person, and says what to do."""


class Interrupted(StackError):
    """Someone asked for a stop before everything was ready."""


def explain_os_error(error: OSError) -> str:
    """Return what an error of the operating system means for the stack, and what helps."""
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full{where}. Free some space, or choose another disk with --data DIR."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"No permission to write{where}. Choose a directory of your own with --data DIR."
    return f"{os.strerror(error.errno) if error.errno else error}{where}"


def log_tail(path: Path, lines: int = _TAIL_LINES) -> list[str]:
    """Return the last lines of a log; none where there is no log."""
    try:
        with path.open(errors="replace") as file:
            return [line.rstrip("\n") for line in deque(file, maxlen=lines)]
    except OSError:
        return []


_DISK_FULL = ("no space left on device", "disk quota exceeded")
_PORT_TAKEN = ("address already in use", "bindexception", "could not bind")


def start_failure(name: str, log: Path, data: Path, is_server: bool) -> StackError:
    """Return the error for a service that does not come up, told by the end of its log."""
    tail = log_tail(log)
    text = "\n".join(tail).lower()
    if any(sign in text for sign in _DISK_FULL):
        advice = "The disk is full: free some space, or choose another disk with --data DIR."
    elif any(sign in text for sign in _PORT_TAKEN):
        advice = "Its port was taken by another program meanwhile: start again."
    elif "user does not exist" in text:
        advice = f"User id {os.geteuid()} has no entry in /etc/passwd, and PostgreSQL needs one."
    elif is_server:
        advice = (
            f"If its files under {data} are damaged: start with another directory (--data DIR), "
            "or throw this one away and begin anew with `roomlog up --reset`."
        )
    else:
        advice = "The log says why; the other logs are beside it."
    quoted = "\n".join(f"    {line}" for line in tail) or "    (empty)"
    return StackError(f"{name} did not start. The end of its log {log}:\n{quoted}\n{advice}")
