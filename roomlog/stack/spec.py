"""What a stack is asked to be: the one value that goes from the command line to the supervisor."""

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

from roomlog.settings import given

SERVERS = ("postgres", "valkey", "kafka", "registry")
SERVICES = ("ingest", "streams", "projector", "indexer", "webhooks", "notifier", "api")
KINDS = SERVERS + SERVICES

ROOT = Path(__file__).parent.parent.parent
"""The repository."""


class Spec(Struct, frozen=True):
    """A stack to start.

    `only` names kinds of services (KINDS), or single ones such as `ingest-2`; empty means all.
    `external` maps servers to addresses of ones that already run. `env` is added to the environment
    of every service. With `default_ports` off every port is a free one: for tests.
    """

    data: str = ""
    nodes: int = 2
    streams: int = 1
    projectors: int = 1
    web_port: int | None = None
    web: bool = True
    ephemeral: bool = False
    default_ports: bool = True
    only: tuple[str, ...] = ()
    external: dict[str, str] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)

    def names(self) -> list[str]:
        """Return the services to run, in the order they are shown."""
        every = [s for s in SERVERS if s not in self.external]
        for kind, count in (
            ("ingest", self.nodes),
            ("streams", self.streams),
            ("projector", self.projectors),
        ):
            every += [f"{kind}-{n}" for n in range(1, count + 1)]
        every += ["indexer-1", "webhooks-1", "notifier-1", "api"]
        return [n for n in every if not self.only or n in self.only or kind_of(n) in self.only]


def kind_of(name: str) -> str:
    """Return what kind of service a name stands for: `ingest` for `ingest-2`."""
    return name.rsplit("-", 1)[0]


def default_data(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the data directory where none is named: ROOMLOG_DATA, else `.roomlog` in the repository."""
    return Path(environ.get("ROOMLOG_DATA") or ROOT / ".roomlog").absolute()


def external_servers(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the servers that the environment names: these are used, not started. Raises BadFile."""
    named = {s: given(s, environ) for s in SERVERS}
    return {server: address for server, address in named.items() if address}
