"""Ports: the default where it is free, else a free one below the ephemeral range.

A port is reserved across a user's stacks by a lock on one byte of a file, because a server may bind its
port seconds after it was chosen. The kernel gives the locks back, however a supervisor ends.
"""

import fcntl
import os
import random
import socket
from collections.abc import Iterator
from pathlib import Path

from roomlog.stack.errors import StackError

HOST = "127.0.0.1"
_FREE_RANGE = range(12_000, 32_000)
"""Below 32768: outgoing connections take ports above it."""
_TRIES = 200

DEFAULTS = {
    "kafka": 9092,
    "kafka-controller": 9093,
    "postgres": 5432,
    "valkey": 6379,
    "registry": 8081,
    "registry-management": 8082,
    "api": 8080,
    "ingest": 8101,
    "streams": 8201,
    "projector": 8301,
    "indexer": 8401,
    "webhooks": 8501,
    "notifier": 8601,
}


def default_port(name: str) -> int:
    """Return the port that a service takes where it is free: `ingest-2` has 8102, `kafka-2` 9094."""
    if name in DEFAULTS:
        return DEFAULTS[name]
    kind, number = name.rsplit("-", 1)
    apart = 2 if kind.startswith("kafka") else 1  # each broker's controller beside it
    return DEFAULTS[kind] + (int(number) - 1) * apart


def is_free(port: int) -> bool:
    """Tell whether a server could listen on this port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return not _answers(port)


def _answers(port: int) -> bool:
    """A server on the wildcard address does not always stop a bind to loopback."""
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex((HOST, port)) == 0


class Ports:
    """Chooses and reserves ports for one stack; `close` gives them back.

    `file` is where all stacks of this user reserve: the lock on byte N stands for port N.
    """

    def __init__(self, file: Path, defaults: bool = True) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._defaults = defaults
        self._held: set[int] = set()

    def choose(self, name: str) -> int:
        """Reserve a port for a service and return it; raises StackError where none is free."""
        for port in self._candidates(name):
            if self._reserve(port):
                return port
        raise StackError(f"No free port between {_FREE_RANGE.start} and {_FREE_RANGE.stop}.")

    def insist(self, port: int) -> int:
        """Reserve exactly this port; raises StackError where it is taken."""
        if not self._reserve(port):
            raise StackError(
                f"Port {port} is taken by another program. Stop that program, choose another port "
                "with --port, or leave --port away to get a free one."
            )
        return port

    def release(self, port: int) -> None:
        """Give one port back."""
        self._held.discard(port)
        fcntl.lockf(self._handle, fcntl.LOCK_UN, 1, port)

    def close(self) -> None:
        """Give all ports back."""
        os.close(self._handle)

    def _candidates(self, name: str) -> Iterator[int]:
        if self._defaults:
            yield default_port(name)
        for _ in range(_TRIES):
            yield random.choice(_FREE_RANGE)  # noqa: S311  # no secret

    def _reserve(self, port: int) -> bool:
        if port in self._held:
            return False
        try:
            fcntl.lockf(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
        except OSError:
            return False
        if not is_free(port):
            fcntl.lockf(self._handle, fcntl.LOCK_UN, 1, port)
            return False
        self._held.add(port)
        return True
