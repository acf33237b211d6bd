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
from roomlog.access import NOTHING, Service
from roomlog.brokers import Brokers, parse, shown
from roomlog.settings import Settings

_TIMEOUT_S = 5.0
_AGAIN_S = 0.3
_MANNERS = {
    "PLAINTEXT": "without TLS and a user (kafkas://USER:PASSWORD@HOST:PORT)",
    "SASL_PLAINTEXT": "without TLS (kafkas://USER:PASSWORD@HOST:PORT)",
    "SSL": "without a user (kafkas://USER:PASSWORD@HOST:PORT), or has no TLS at this port",
    "SASL_SSL": "with TLS and a user: it may have no TLS at this port",
}
_SSL_REQUEST = struct.pack("!ii", 8, 80_877_103)
"""The first words of a client of PostgreSQL that wants TLS (its protocol, "SSLRequest")."""

NEEDS = {
    "ingest": ("kafka", "postgres", "valkey"),
    "streams": ("kafka", "valkey"),
    "projector": ("kafka", "postgres"),
    "indexer": ("kafka", "postgres"),
    "webhooks": ("kafka", "postgres"),
    "notifier": ("postgres", "valkey"),
    "api": ("kafka", "postgres", "pooler", "valkey"),
}
"""Service -> the servers that it connects to itself and cannot do without."""


class Refused(RuntimeError):
    """A server does not let us in, and will not by itself; the message is one line: which, why, what to do."""


async def require(service: str, settings: Settings) -> None:
    """Raise Refused where a server that the service needs refuses it; one that is away is passed over."""
    asked: dict[str, Any] = {
        "kafka": lambda: kafka_refusal(settings.kafka, _needs(service, settings.kafka)),
        "postgres": lambda: postgres_refusal(settings.postgres),
        "pooler": lambda: postgres_refusal(settings.postgres_pooler, "ROOMLOG_POSTGRES_POOLER"),
        "valkey": lambda: valkey_refusal(settings.valkey),
    }
    needed = [s for s in NEEDS[service] if s != "pooler" or settings.postgres_pooler]
    told = await asyncio.gather(*(asked[server]() for server in needed))
    if refusals := [one for one in told if one]:
        raise Refused("; ".join(refusals))


def require_now(service: str, settings: Settings) -> None:
    """Do the same from outside an event loop; ends the program where a server refuses it."""
    try:
        asyncio.run(require(service, settings))
    except Refused as refused:
        raise SystemExit(f"roomlog {service}: {refused}") from None


async def kafka_refusal(address: str, needs: Service = NOTHING) -> str:
    """Return why Kafka does not let us in, or not to what is needed; "" where it does, or is away."""
    where = parse(address)
    for server in where.servers:
        told = await _asked(where, server, needs)
        if told is not None:
            return f"Kafka at {server}: {told}" if told else ""
    return ""


async def postgres_refusal(dsn: str, variable: str = "ROOMLOG_POSTGRES") -> str:
    """Return why PostgreSQL does not let us in; "" where it does, or is away. The setting says where it is."""
    import psycopg

    try:
        connection = await psycopg.AsyncConnection.connect(dsn, connect_timeout=int(_TIMEOUT_S))
    except (psycopg.Error, OSError) as error:
        told = await asyncio.to_thread(_postgres_complaint, dsn, variable, str(error))
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


def _needs(service: str, address: str) -> Service:
    """Return what a service needs of Kafka, where Kafka knows who asks; raises Refused without a list of that."""
    if parse(address).protocol == "PLAINTEXT":
        return NOTHING
    try:
        return access.load()[service]
    except access.AccessError as error:
        raise Refused(str(error)) from error


async def _asked(where: Brokers, server: str, needs: Service) -> str | None:
    """Return why one server does not let us in, "" where it does, None where it is away.

    One that takes a connection and ends it at the first words wants to be spoken to otherwise, if it does so
    twice; while it starts or stops it hardly does.
    """
    from aiokafka.errors import KafkaConnectionError, KafkaError

    for _ in range(2):
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                closed = await _forbidden(where, server, needs)
        except (KafkaError, OSError, TimeoutError) as error:
            if told := _kafka_complaint(where, error):
                return told
            if not isinstance(error, KafkaConnectionError | ConnectionResetError):
                return None
        else:
            return _not_granted(where, closed) if closed else ""
        await asyncio.sleep(_AGAIN_S)
    return f"it hangs up on whoever comes {_MANNERS[where.protocol]}; ROOMLOG_KAFKA says how it is spoken to"


async def _forbidden(where: Brokers, server: str, needs: Service) -> list[str]:
    """Return those of the topics that we may do nothing with, and the group if we may not join it.

    Raises KafkaError, OSError.
    """
    from aiokafka.conn import create_conn
    from aiokafka.errors import GroupAuthorizationFailedError, TopicAuthorizationFailedError
    from aiokafka.protocol.group import HeartbeatRequest
    from aiokafka.protocol.metadata import MetadataRequest

    host, _, port = server.rpartition(":")
    options = where.connection_options()
    connection = await create_conn(
        host.strip("[]"), int(port), request_timeout_ms=int(_TIMEOUT_S * 1_000), **options
    )
    try:
        answer = await connection.send(MetadataRequest(needs.topics))
        denied = TopicAuthorizationFailedError.errno
        found = sorted(f"topic {name}" for code, name, *_ in answer.topics if code == denied)
        if needs.group:
            # Of nobody's: whether we may comes first, and whether there is such a member second.
            answer = await connection.send(HeartbeatRequest(needs.group, 0, "nobody"))
            if answer.error_code == GroupAuthorizationFailedError.errno:
                found.append(f"group {needs.group}")
        return found
    finally:
        await connection.close()


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


def _postgres_complaint(dsn: str, variable: str, told: str) -> str:
    """Return what keeps us out, by what libpq says; "" where it is something that passes."""
    reason = told.splitlines()[0].rpartition("failed: ")[2].removeprefix("FATAL:").strip()
    if "password" in reason or "authentication failed" in reason:
        return f"{reason}; the role and its password are in {variable}"
    if "no pg_hba.conf entry" in reason:
        return f"{reason}; does it want TLS (sslmode=verify-full in {variable})?"
    if "certificate" in reason or "SSL" in reason or "host name" in reason:
        return _postgres_handshake(dsn, variable) or f"{reason} ({variable})"
    return f"{reason} ({variable})" if "does not exist" in reason else ""


def _postgres_handshake(dsn: str, variable: str) -> str:
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
        return f"{error} (sslrootcert in {variable})"
    except (ssl.SSLError, OSError) as error:
        return tls.complaint(error, f"sslrootcert=FILE in {variable}")
