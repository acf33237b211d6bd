"""What a stack is asked to be: the one value that goes from the command line to the supervisor."""

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

from roomlog.settings import given

SERVERS = ("postgres", "valkey", "kafka", "registry")
SERVICES = ("ingest", "streams", "projector", "indexer", "webhooks", "notifier", "api")
KINDS = SERVERS + SERVICES
SPEC_VARIABLE = "ROOMLOG_STACK"
"""In which the supervisor finds its spec, as JSON."""

SCALABLE = {"ingest": 16, "streams": 24, "projector": 24, "indexer": 24, "kafka": 9}
"""Kinds that a stack may have several of, and how many at most: a partition has one worker of a kind."""

ROOT = Path(__file__).parent.parent.parent
"""The repository."""


class Spec(Struct, frozen=True):
    """A stack to start.

    `only` names kinds of services (KINDS), or single ones such as `ingest-2`; empty means all.
    `external` maps servers to addresses of ones that already run. `env` is added to the environment
    of every service, `env_of` to that of the services of a kind. With `default_ports` off every port is
    a free one: for tests. `brokers` of 0 are as many as the data are spread over, one for new data.
    """

    data: str = ""
    nodes: int = 2
    streams: int = 1
    projectors: int = 1
    brokers: int = 0
    web_port: int | None = None
    web: bool = True
    ephemeral: bool = False
    default_ports: bool = True
    only: tuple[str, ...] = ()
    external: dict[str, str] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    env_of: dict[str, dict[str, str]] = field(default_factory=dict)

    def added_env(self, name: str) -> dict[str, str]:
        """Return what is added to the environment of a service."""
        return self.env | self.env_of.get(kind_of(name), {})

    def names(self) -> list[str]:
        """Return the services to run, in the order they are shown."""
        every = [s for s in SERVERS if s not in self.external]
        if "kafka" in every:
            every += numbered("kafka", max(1, self.brokers))[1:]
        for kind, count in (
            ("ingest", self.nodes),
            ("streams", self.streams),
            ("projector", self.projectors),
        ):
            every += numbered(kind, count)
        every += ["indexer-1", "webhooks-1", "notifier-1", "api"]
        return [n for n in every if not self.only or n in self.only or kind_of(n) in self.only]


def kind_of(name: str) -> str:
    """Return what kind of service a name stands for: `ingest` for `ingest-2`."""
    return name.rsplit("-", 1)[0]


def number_of(name: str) -> int:
    """Return which one of its kind a name stands for: 2 for `ingest-2`, 1 for `kafka`."""
    return int(name[len(kind_of(name)) + 1 :] or 1)


def numbered(kind: str, count: int) -> list[str]:
    """Return the names of the first so many of a kind; a server's first one has no number."""
    first = kind if kind in SERVERS else f"{kind}-1"
    return [first, *(f"{kind}-{n}" for n in range(2, count + 1))][:count]


def default_data(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the data directory where none is named: ROOMLOG_DATA, else `.roomlog` in the repository."""
    return Path(environ.get("ROOMLOG_DATA") or ROOT / ".roomlog").absolute()


def external_servers(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the servers that the environment names: these are used, not started. Raises BadFile."""
    named = {s: given(s, environ) for s in SERVERS}
    return {server: address for server, address in named.items() if address}
