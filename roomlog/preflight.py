"""Whether servers let a service in, asked once when it starts.

A server that is away comes back, and services wait for it. One that refuses a password or a certificate, or whose
own certificate is not to be believed, does not change its mind while somebody waits: that ends the service at
once, in one line that says what to do.
"""

import asyncio
import socket
import ssl
import struct
from collections.abc import Iterable
from typing import Any

from roomlog import access, tls, valkey
from roomlog.brokers import Brokers, client_options, parse, shown
from roomlog.settings import Settings

_TIMEOUT_S = 5.0
_AGAIN_S = 0.3
_SSL_REQUEST = struct.pack("!ii", 8, 80_877_103)
"""The first words of a client of PostgreSQL that wants TLS (its protocol, "SSLRequest")."""

NEEDS = {
    "ingest": ("kafka", "postgres", "valkey"),
    "streams": ("kafka", "valkey"),
    "projector": ("kafka", "postgres"),
    "indexer": ("kafka", "postgres"),
    "webhooks": ("kafka", "postgres"),
    "notifier": ("postgres", "valkey"),
    "api": ("kafka", "postgres", "valkey"),
}
"""Service -> the servers that it connects to itself."""


class Refused(RuntimeError):
    """A server does not let us in, and will not by itself; the message is one line: which, why, what to do."""


async def require(service: str, settings: Settings) -> None:
    """Raise Refused where a server that the service needs refuses it; one that is away is passed over."""
    asked: dict[str, Any] = {
        "kafka": lambda: kafka_refusal(settings.kafka, _topics(service, settings.kafka)),
        "postgres": lambda: postgres_refusal(settings.postgres),
        "valkey": lambda: valkey_refusal(settings.valkey),
    }
    told = await asyncio.gather(*(asked[server]() for server in NEEDS[service]))
    if refusals := [one for one in told if one]:
        raise Refused("; ".join(refusals))


def require_now(service: str, settings: Settings) -> None:
    """Do the same from outside an event loop; ends the program where a server refuses it."""
    try:
        asyncio.run(require(service, settings))
    except Refused as refused:
        raise SystemExit(f"roomlog {service}: {refused}") from None


async def kafka_refusal(address: str, topics: Iterable[str] = ()) -> str:
    """Return why Kafka does not let us in, or not to these topics; "" where it does, or is away."""
    from aiokafka.errors import KafkaError

    where, options = parse(address), client_options(address)
    for server in options.pop("bootstrap_servers"):
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                closed = await _forbidden(server, options, topics)
        except (KafkaError, OSError, TimeoutError) as error:
            if told := _kafka_complaint(where, error):
                return f"Kafka at {server}: {told}"
        else:
            return f"Kafka at {server}: {_not_granted(where, closed)}" if closed else ""
        if await _hangs_up(where, server):
            told = f"it hangs up on whoever comes {_manner(where)}"
            return f"Kafka at {server}: {told}; see ROOMLOG_KAFKA in docs/operating.md"
    return ""


async def postgres_refusal(dsn: str) -> str:
    """Return why PostgreSQL does not let us in; "" where it does, or is away."""
    import psycopg

    try:
        connection = await psycopg.AsyncConnection.connect(dsn, connect_timeout=int(_TIMEOUT_S))
    except (psycopg.Error, OSError) as error:
        told = await asyncio.to_thread(_postgres_complaint, dsn, str(error))
        return f"PostgreSQL at {postgres_shown(dsn)}: {told}" if told else ""
    await connection.close()
    return ""


def postgres_shown(dsn: str) -> str:
    """Return host and port, for messages."""
    from psycopg.conninfo import conninfo_to_dict

    found = conninfo_to_dict(dsn)
    return f"{found.get('host') or 'localhost'}:{found.get('port') or 5432}"


async def valkey_refusal(address: str) -> str:
    """Return why Valkey does not let us in; "" where it does, or is away."""
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff
    from redis.exceptions import AuthenticationError, NoPermissionError, RedisError

    client = Redis.from_url(
        address,
        socket_timeout=_TIMEOUT_S,
        socket_connect_timeout=_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        await client.ping()
    except (AuthenticationError, NoPermissionError) as error:
        told = f"it refuses our user or password ({error}); they are in ROOMLOG_VALKEY"
    except (RedisError, OSError, TimeoutError) as error:
        told = tls.complaint(error, "?ssl_ca_certs=FILE in ROOMLOG_VALKEY")
    else:
        told = ""
    finally:
        await client.aclose()
    return f"Valkey at {valkey.shown(address)}: {told}" if told else ""


def explained(error: BaseException, address: str) -> str:
    """Return what an error of a client of Kafka means, for whoever reads one line of it."""
    told = _withheld(error, parse(address))
    return f"Kafka at {shown(address)}: {told or f'it fails ({error!r}); is it running?'}"


def _withheld(error: BaseException, where: Brokers) -> str:
    from aiokafka.errors import GroupAuthorizationFailedError, TopicAuthorizationFailedError

    if isinstance(error, TopicAuthorizationFailedError):
        return _not_granted(where, [f"topic {name}" for name in _flat(error.args)])
    if isinstance(error, GroupAuthorizationFailedError):
        return _not_granted(where, [f"group {name}" for name in _flat(error.args)])
    return ""


def _topics(service: str, address: str) -> list[str]:
    """Return the topics of a service where Kafka knows who asks."""
    return access.load()[service].topics if parse(address).protocol != "PLAINTEXT" else []


async def _forbidden(server: str, options: dict[str, Any], topics: Iterable[str]) -> list[str]:
    """Return those of the topics that we may do nothing with; raises KafkaError, OSError."""
    from aiokafka.conn import create_conn
    from aiokafka.errors import TopicAuthorizationFailedError
    from aiokafka.protocol.metadata import MetadataRequest

    host, _, port = server.rpartition(":")
    connection = await create_conn(
        host.strip("[]"), int(port), request_timeout_ms=int(_TIMEOUT_S * 1_000), **options
    )
    try:
        answer = await connection.send(MetadataRequest(list(topics)))
        denied = TopicAuthorizationFailedError.errno
        return sorted(f"topic {name}" for code, name, *_ in answer.topics if code == denied)
    finally:
        await connection.close()


async def _hangs_up(where: Brokers, server: str) -> bool:
    """Tell whether a server twice takes a connection without TLS and ends it at the first word.

    So does one that wants TLS, or a user; one that starts or stops hardly does it twice.
    """
    if where.encrypted:
        return False
    from aiokafka.protocol.admin import ApiVersionRequest_v0

    host, _, port = server.rpartition(":")
    request = ApiVersionRequest_v0()
    words = request.build_request_header(0, "roomlog").encode() + request.encode()
    for _ in range(2):
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                reader, writer = await asyncio.open_connection(host.strip("[]"), int(port))
                writer.write(struct.pack("!i", len(words)) + words)
                answered = await reader.read(1)
                writer.close()
        except ConnectionResetError:
            answered = b""
        except (OSError, TimeoutError):
            return False
        if answered:
            return False
        await asyncio.sleep(_AGAIN_S)
    return True


def _manner(where: Brokers) -> str:
    return "without TLS" if where.user else "without TLS and a user (kafkas://USER:PASSWORD@...)"


def _flat(arguments: Iterable[Any]) -> list[str]:
    found: list[str] = []
    for one in arguments:
        found += (
            sorted(map(str, one)) if isinstance(one, set | frozenset | list | tuple) else [str(one)]
        )
    return found


def _kafka_complaint(where: Brokers, error: BaseException) -> str:
    from aiokafka.errors import (
        AuthenticationFailedError,
        IllegalSaslStateError,
        SaslAuthenticationFailed,
        UnsupportedSaslMechanismError,
    )

    if isinstance(error, SaslAuthenticationFailed | AuthenticationFailedError):
        told = (
            f"it refuses the user {where.user!r}: a wrong password (ROOMLOG_KAFKA), or no such user"
        )
        return f"{told}; `roomlog access password {where.user}` sets one"
    if isinstance(error, UnsupportedSaslMechanismError | IllegalSaslStateError):
        told = f"it does not let users in with {where.mechanism} at this port"
        return f"{told}; ?mechanism= in ROOMLOG_KAFKA names another"
    return tls.complaint(error, "?ca=FILE in ROOMLOG_KAFKA")


def _not_granted(where: Brokers, what: Iterable[str]) -> str:
    who = f"the user {where.user!r}" if where.user else "this client"
    told = f"{who} may not use {', '.join(what)}"
    return f"{told}; `roomlog access apply` grants what infra/access.yaml says"


def _postgres_complaint(dsn: str, told: str) -> str:
    """Return what keeps us out, by what libpq says; "" where it is something that passes."""
    reason = told.splitlines()[0].rpartition("failed: ")[2].removeprefix("FATAL:").strip()
    if "password" in reason or "authentication failed" in reason:
        return f"{reason}; the role and its password are in ROOMLOG_POSTGRES"
    if "no pg_hba.conf entry" in reason:
        return f"{reason}; does it want TLS (sslmode=verify-full in ROOMLOG_POSTGRES)?"
    if "certificate" in reason or "SSL" in reason or "host name" in reason:
        return _postgres_handshake(dsn) or f"{reason} (ROOMLOG_POSTGRES)"
    return f"{reason} (ROOMLOG_POSTGRES)" if "does not exist" in reason else ""


def _postgres_handshake(dsn: str) -> str:
    """Return what is wrong with a server's TLS, which libpq does not say."""
    from psycopg.conninfo import conninfo_to_dict

    found = conninfo_to_dict(dsn)
    host, ca = str(found.get("host") or "localhost"), str(found.get("sslrootcert") or "")
    try:
        context = tls.context("" if ca == "system" else ca)
        with socket.create_connection((host, int(found.get("port") or 5432)), _TIMEOUT_S) as plain:
            plain.sendall(_SSL_REQUEST)
            if plain.recv(1) != b"S":
                return "it does not speak TLS; switch that on there (ssl = on)"
            with context.wrap_socket(plain, server_hostname=host):
                return ""
    except tls.BadCertificate as error:
        return f"{error} (sslrootcert in ROOMLOG_POSTGRES)"
    except (ssl.SSLError, OSError) as error:
        return tls.complaint(error, "sslrootcert=FILE in ROOMLOG_POSTGRES")
