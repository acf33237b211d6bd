"""Roomlog's own services: how each is run, and what each is told through its environment."""

import sys
from pathlib import Path

from msgspec import Struct

from roomlog.stack import child
from roomlog.stack.layout import Layout
from roomlog.stack.ports import HOST
from roomlog.stack.spec import ROOT, kind_of
from roomlog.vapid import public_vapid_key


class Addresses(Struct, frozen=True):
    """Where everything is found, in the forms of the settings."""

    kafka: str
    postgres: str
    valkey: str
    registry: str
    ports: dict[str, int]
    """Name of a service -> its port."""

    @property
    def web(self) -> str:
        """The address to open in a browser ("" where the API does not run)."""
        return f"http://{HOST}:{self.ports['api']}" if "api" in self.ports else ""

    @property
    def ingest(self) -> list[str]:
        """The WebSocket addresses of all nodes."""
        nodes = sorted(n for n in self.ports if kind_of(n) == "ingest")
        return [f"ws://{HOST}:{self.ports[n]}/ws" for n in nodes]


def command(
    name: str, addresses: Addresses, layout: Layout, keys: tuple[Path, Path], extra: dict[str, str]
) -> child.Command:
    """Return how a service is run; `keys` are the paths of the signing key and of the key set."""
    env = environment(name, addresses, layout, keys)
    if name == "api":
        env["ROOMLOG_VAPID_PUBLIC_KEY"] = public_vapid_key(layout.vapid_key)
    return child.Command(
        argv=[sys.executable, "-m", "roomlog.cli", kind_of(name)],
        env=child.inherited_env(env | extra),
        log=layout.log(name),
    )


def environment(
    name: str, addresses: Addresses, layout: Layout, keys: tuple[Path, Path]
) -> dict[str, str]:
    """Return the ROOMLOG_* variables of a service. Only the API signs tokens, and only the notifier pushes."""
    pem, jwks = keys
    port = str(addresses.ports[name])
    env = {
        "ROOMLOG_KAFKA": addresses.kafka,
        "ROOMLOG_POSTGRES": addresses.postgres,
        "ROOMLOG_VALKEY": addresses.valkey,
        "ROOMLOG_REGISTRY": addresses.registry,
        "ROOMLOG_DATA": str(layout.data),
        "ROOMLOG_NODE": name.replace("ingest-", "n"),
        "ROOMLOG_HOST": HOST,
        "ROOMLOG_PORT": port,
        "ROOMLOG_METRICS_PORT": port,
        "ROOMLOG_JWKS": str(jwks),
        "ROOMLOG_ORIGINS": _origins(addresses),
        "PYTHONUNBUFFERED": "1",
    }
    if kind_of(name) in ("api", "webhooks"):
        env["ROOMLOG_SECRET_KEYS"] = str(layout.secret_keys)
    if name == "notifier-1":
        env["ROOMLOG_VAPID_PRIVATE_KEY"] = str(layout.vapid_key)
        env["ROOMLOG_WEB_URL"] = addresses.web
    if name == "api":
        env["ROOMLOG_JWT_PRIVATE_KEY"] = str(pem)
        env["ROOMLOG_WEB"] = str(ROOT / "web" / "dist")
    return env


def _origins(addresses: Addresses) -> str:
    port = addresses.ports.get("api")
    return f"http://{HOST}:{port},http://localhost:{port}" if port else ""
