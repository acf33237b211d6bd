"""What commands that work on Kafka itself have in common."""

import asyncio
from collections.abc import Coroutine
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from aiokafka.errors import KafkaError

from roomlog import preflight
from roomlog.access import AccessError
from roomlog.brokers import BadBrokers, parse
from roomlog.commands.options import silence_clients
from roomlog.settings import from_environment
from roomlog.tls import BadCertificate
from roomlog.topics import TopicError

_T = TypeVar("_T")

Kafka = Annotated[
    str,
    typer.Option(help="Address of the cluster.  [default: $ROOMLOG_KAFKA]", show_default=False),
]


def address_of(kafka: str) -> str:
    """Return the cluster's address: what the option says, else the environment; ends where it is none."""
    address = kafka or from_environment().kafka
    try:
        parse(address)
    except BadBrokers as error:
        _fail(f"--kafka: {error}", code=2)
    return address


def run(work: Coroutine[Any, Any, _T], address: str) -> _T:
    """Run it; what the cluster has against it is said in one line."""
    silence_clients()
    try:
        return asyncio.run(work)
    except (TopicError, AccessError, BadCertificate) as error:
        _fail(str(error))
    except KafkaError as error:
        told = asyncio.run(preflight.kafka_refusal(address))
        _fail(told or preflight.explained(error, address))


def _fail(told: str, code: int = 1) -> NoReturn:
    typer.echo(f"roomlog: {' '.join(told.split())}", err=True)
    raise typer.Exit(code)
