"""Which installation a command works on: what the environment names, else the stack on this machine."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from roomlog.settings import BadFile, Settings, from_environment, given
from roomlog.stack import state
from roomlog.stack.layout import Layout
from roomlog.stack.spec import default_data

_ADDRESSES = ("kafka", "postgres", "valkey", "registry")


class NoTarget(RuntimeError):
    """A command needs an address that nobody gave; the message says how to give it."""


class Target(NamedTuple):
    """An installation: settings, and the API's address (without `/api/v1`), empty where unknown."""

    settings: Settings
    web: str
    ingest: tuple[str, ...]

    def need_api(self) -> str:
        """Return the address of the API's root; raises NoTarget."""
        if not self.web:
            raise NoTarget(
                "no API is known: start the stack (`roomlog up`), name its directory (--data DIR), "
                "or name another API (--api http://HOST:PORT)"
            )
        return self.web.rstrip("/").removesuffix("/api/v1")

    def need_key(self) -> Path:
        """Return the path of the signing key; raises NoTarget."""
        if self.settings.jwt_private_key is None:
            raise NoTarget(
                "no signing key is known: start the stack (`roomlog up`), name its directory "
                "(--data DIR), or set ROOMLOG_JWT_PRIVATE_KEY to the key's PEM file"
            )
        return self.settings.jwt_private_key


def find_target(
    data: Path | None = None, api: str = "", environ: Mapping[str, str] = os.environ
) -> Target:
    """Return the installation to work on.

    Of every address the environment (`ROOMLOG_*`) comes first, unless `data` names a stack; then the
    running stack on `data` (default: this checkout's).
    """
    running = state.read_running(Layout(data.absolute() if data else default_data(environ)))
    if data is not None and running is None:
        raise NoTarget(f"no stack runs on {data}; `roomlog up --data {data}` starts it")
    if running is None:
        return Target(from_environment(), api, ())
    named = set() if data else _named(environ)
    found = {a: getattr(running, a) for a in _ADDRESSES if a not in named and getattr(running, a)}
    if running.jwt_private_key:
        found |= {"jwt_private_key": Path(running.jwt_private_key), "jwks": running.jwks}
    own_keys = Layout(Path(running.data)).secret_keys
    if "ROOMLOG_SECRET_KEYS" not in environ and own_keys.exists():
        found["secret_keys"] = own_keys
    settings = Settings(data=Path(running.data)).model_copy(update=found)
    return Target(settings, api or running.web, () if api else tuple(running.ingest))


def _named(environ: Mapping[str, str]) -> set[str]:
    try:
        return {a for a in _ADDRESSES if given(a, environ) is not None}
    except BadFile as error:
        raise NoTarget(str(error)) from error
