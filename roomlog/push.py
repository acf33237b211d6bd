"""Web push: which endpoints are sent to, the keys of this installation, what the service worker is told. Pure.

An endpoint is an address that a client names and the server then sends to, so only hosts that the
operator knows are taken.
"""

from urllib.parse import urlsplit

from msgspec import Struct


class PushHosts:
    """The hosts of push services, from the setting `push_hosts`."""

    def __init__(self, text: str) -> None:
        self._entries = [entry.strip().lower() for entry in text.split(",") if entry.strip()]

    def has(self, endpoint: str) -> bool:
        """Tell whether an endpoint is an address of one of them: https, unless an entry names a scheme."""
        try:
            parts = urlsplit(endpoint)
            host, _ = parts.hostname or "", parts.port
        except ValueError:
            return False
        if parts.username is not None or parts.password is not None:
            return False
        return any(_is_at(entry, parts.scheme, host) for entry in self._entries)


def _is_at(entry: str, scheme: str, host: str) -> bool:
    wanted, _, name = entry.rpartition("://")
    if scheme != (wanted or "https"):
        return False
    return host.endswith(name) if name.startswith(".") else host == name


class PushMessage(Struct, frozen=True):
    """What the service worker of the web client shows; `tag` makes a repeated one replace the first."""

    kind: str
    tag: str
    event: str
    room: str
    title: str
    text: str
    ts: str
