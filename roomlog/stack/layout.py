"""Where the stack keeps things: one data directory a stack, one cache a user."""

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct


class Layout(Struct, frozen=True):
    """The paths inside one data directory."""

    data: Path

    @property
    def logs(self) -> Path:
        """One log file a service."""
        return self.data / "logs"

    @property
    def run(self) -> Path:
        """What only a running stack has: its lock and its state."""
        return self.data / "run"

    @property
    def lock(self) -> Path:
        """Locked (flock) as long as a supervisor runs on this directory."""
        return self.run / "lock"

    @property
    def state(self) -> Path:
        """The state of the running stack, as JSON; there only while it runs."""
        return self.run / "state.json"

    @property
    def postgres_password(self) -> Path:
        """The generated password of PostgreSQL's one role."""
        return self.data / "postgres.password"

    @property
    def vapid_key(self) -> Path:
        """The generated key that web pushes are signed with."""
        return self.data / "vapid.pem"

    @property
    def secret_keys(self) -> Path:
        """The generated key that secrets of webhooks are encrypted with."""
        return self.data / "secret.keys"

    def log(self, service: str) -> Path:
        """Return the log file of a service."""
        return self.logs / f"{service}.log"

    def of(self, service: str) -> Path:
        """Return the directory of a service's own files."""
        return self.data / service

    def make(self) -> None:
        """Create the directories; raises OSError."""
        for directory in (self.data, self.logs, self.run):
            directory.mkdir(parents=True, exist_ok=True)


def cache_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Return this user's cache of fetched servers: ROOMLOG_CACHE, else below the XDG cache directory."""
    if named := environ.get("ROOMLOG_CACHE"):
        return Path(named).absolute()
    home = Path(environ.get("HOME") or Path.home())
    return Path(environ.get("XDG_CACHE_HOME") or home / ".cache") / "roomlog"
