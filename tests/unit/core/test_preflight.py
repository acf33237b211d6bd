"""Which answers of servers are final, and what is passed over because it passes."""

import asyncio

import pytest
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    TopicAuthorizationFailedError,
)

from roomlog import access, preflight
from roomlog.settings import Settings
from roomlog.stack.spec import SERVICES

NOWHERE = "127.0.0.1:1"


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr(preflight, "_AGAIN_S", 0.01)


def test_every_service_has_its_servers_and_who_connects_to_kafka_its_rights():
    assert preflight.NEEDS.keys() == set(SERVICES)
    of_kafka = {service for service, servers in preflight.NEEDS.items() if "kafka" in servers}
    assert of_kafka == access.load().keys() - {"operator"}


@pytest.mark.parametrize("service", SERVICES)
async def test_servers_that_are_away_are_passed_over(service):
    settings = Settings(
        kafka=NOWHERE,
        postgres=f"postgresql://me:x@{NOWHERE}/db",
        postgres_pooler=f"postgresql://me:x@{NOWHERE}/db",
        valkey=f"redis://{NOWHERE}/0",
    )
    await preflight.require(service, settings)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ('failed: FATAL:  password authentication failed for user "me"', "ROOMLOG_POSTGRES"),
        ('failed: FATAL:  database "db" does not exist', 'database "db" does not exist'),
        ("failed: fe_sendauth: no password supplied", "no password supplied"),
        (
            'failed: FATAL:  no pg_hba.conf entry for host "::1", user "me", database "db", no encryption',
            "does it want TLS",
        ),
    ],
)
def test_what_postgresql_does_not_change_its_mind_about(said, told):
    where = 'connection failed: connection to server at "::1", port 1 '
    assert told in preflight._postgres_complaint(
        f"postgresql://{NOWHERE}/db", "ROOMLOG_POSTGRES", where + said
    )


@pytest.mark.parametrize(
    "said",
    [
        "failed: Connection refused\\n\\tIs the server running on that host?",
        "failed: FATAL:  the database system is starting up",
        "failed: FATAL:  sorry, too many clients already",
        "failed: server closed the connection unexpectedly",
    ],
)
def test_what_passes_at_postgresql_is_passed_over(said):
    where = 'connection failed: connection to server at "::1", port 1 '
    assert (
        preflight._postgres_complaint(
            f"postgresql://{NOWHERE}/db", "ROOMLOG_POSTGRES", where + said
        )
        == ""
    )


@pytest.mark.parametrize(
    ("scheme", "told"),
    [
        ("", "without TLS and a user"),
        ("kafka://me:x@", "without TLS (kafkas"),
        ("kafkas://", "no TLS at this port"),
        ("kafkas://me:x@", "no TLS at this port"),
    ],
)
@pytest.mark.parametrize("kind", ["ends", "resets"])
async def test_a_port_that_hangs_up_twice_is_to_be_spoken_to_otherwise(scheme, told, kind):
    async def talk(reader, writer):
        asked.append(await reader.read(4 if kind == "resets" else 4096))
        writer.close()

    asked = []
    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    address = f"{scheme}127.0.0.1:{server.sockets[0].getsockname()[1]}"
    assert told in await preflight.kafka_refusal(address)
    assert asked
    server.close()


async def test_a_port_that_hangs_up_once_is_passed_over():
    async def talk(reader, writer):
        server.close()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    assert await preflight.kafka_refusal(f"127.0.0.1:{server.sockets[0].getsockname()[1]}") == ""


def test_what_kafka_withholds_is_said_of_the_user():
    address = "kafkas://me:hidden@b1:1,b2:1"
    topic = preflight.explained(TopicAuthorizationFailedError({"b", "a"}), address)
    assert topic == (
        "Kafka at b1:1,b2:1: the user 'me' may not use topic a, topic b; "
        "`roomlog access apply` grants what infra/access.yaml says"
    )
    assert "may not use group g;" in preflight.explained(
        GroupAuthorizationFailedError("g"), address
    )
    assert "is it running?" in preflight.explained(KafkaConnectionError("gone"), address)
    assert "hidden" not in topic
