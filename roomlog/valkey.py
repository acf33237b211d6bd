"""Where Valkey is: what `ROOMLOG_VALKEY` says, checked when a service starts. redis-py takes it as it is.

redis://HOST:PORT/0                            plain, for one machine
rediss://USER:PASSWORD@HOST:PORT/0             TLS, and a user
    ?ssl_ca_certs=FILE                         PEM file of who signed its certificate
    &ssl_certfile=FILE&ssl_keyfile=FILE        PEM files of our own certificate and its key
"""

from urllib.parse import parse_qsl, urlsplit

from roomlog import tls

_SCHEMES = ("redis", "rediss", "unix")


class BadValkey(ValueError):
    """The address of Valkey makes no sense; the message says why, without the password."""


def require_address(address: str) -> None:
    """Raise BadValkey or BadCertificate for an address that no client could use."""
    url = urlsplit(address)
    if url.scheme not in _SCHEMES:
        raise BadValkey("it begins with redis://, or rediss:// for TLS")
    options = dict(parse_qsl(url.query, keep_blank_values=True))
    if not options:
        return
    if url.scheme != "rediss" and any(name.startswith("ssl_") for name in options):
        raise BadValkey("ssl_... are for rediss://")
    from redis.asyncio import Redis

    try:
        Redis.from_url(address).connection_pool.make_connection()  # type: ignore[no-untyped-call]
    except (TypeError, ValueError) as error:
        raise BadValkey(str(error).rpartition("__() ")[2]) from None
    files = (options.get(name, "") for name in ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile"))
    if url.scheme == "rediss":
        tls.context(*files)


def shown(address: str) -> str:
    """Return host and port, for messages."""
    url = urlsplit(address)
    return f"{url.hostname or 'localhost'}:{url.port or 6379}"
