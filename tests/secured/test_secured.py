"""The whole stack on servers with TLS, a Kafka user for each service, and rights: what works, and what must not.

Starts servers of its own, so it is part of `make test-tls` and not of `make test`.
"""

import asyncio
import os
import time
import uuid
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
    UnknownMemberIdError,
    UnknownTopicOrPartitionError,
)
from aiokafka.protocol.admin import CreateAclsRequest, CreateTopicsRequest
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.group import HeartbeatRequest
from aiokafka.protocol.produce import ProduceRequest
from psycopg.conninfo import make_conninfo

from roomlog import access, preflight, topics
from roomlog.brokers import client_options
from roomlog.client import Client
from roomlog.stack import Stack
from tests.cli import ROOT, argv
from tests.integration.api_people import Person
from tests.secured.servers import ADMIN, PASSWORD, Servers

pytestmark = pytest.mark.skipif("ROOMLOG_TEST_TLS" not in os.environ, reason="see make test-tls")

USERS = sorted(access.load())
GROUPS = sorted({s.group for s in access.load().values() if s.group})
NOWHERE = 9_999
"""A partition that no topic has: a broker asks first who may, and then whether it is there."""


class Said(NamedTuple):
    """How a program ended."""

    code: int
    out: str
    err: str


async def run(*args: Any, **env: str) -> Said:
    """Run `roomlog ARGS` with these variables and no other settings."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("ROOMLOG_")}
    process = await asyncio.create_subprocess_exec(
        *argv(*args),
        cwd=ROOT,
        env=plain | {name: value for name, value in env.items() if value},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(60):
            out, err = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise AssertionError(f"roomlog {args} does not end: endless silence") from None
    return Said(process.returncode or 0, out.decode(), err.decode())


async def succeed(*args: Any, **env: str) -> str:
    said = await run(*args, **env)
    assert said.code == 0, said
    return said.out


@pytest.fixture(scope="module")
async def servers(tmp_path_factory):
    """Servers with topics, users and rights, all made as docs/operating.md says."""
    made = Servers(tmp_path_factory.mktemp("secured"))
    try:
        await made.start()
        admin = {"ROOMLOG_KAFKA": made.kafka(ADMIN), "ROOMLOG_REGISTRY": made.registry}
        assert "chat.events" in await succeed("topics", "apply", **admin)
        for user in USERS:
            await access.set_password(made.kafka(ADMIN), user, PASSWORD)
        missing = await run("access", "check", **admin)
        granted = await succeed("access", "apply", **admin)
        assert missing.code == 1
        assert missing.out.replace("missing", "granted") == granted
        assert granted.count("\n") == len(access.rights(access.load()))
        assert "allows exactly" in await succeed("access", "check", **admin)
        yield made
    finally:
        await made.stop()


@pytest.fixture(scope="module")
async def secured(servers):
    """All services on these servers, each as a user of its own; nobody but the supervisor is an administrator."""
    stack = Stack(
        data=str(servers.layout.data / "stack"),
        web=False,
        external={
            "kafka": servers.kafka(ADMIN),
            "postgres": servers.postgres,
            "valkey": servers.valkey,
            "registry": servers.registry,
        },
        env={"ROOMLOG_EMAIL_DELIVERABILITY": "off"},
        env_of={
            user: {"ROOMLOG_KAFKA": servers.kafka(user)} for user in USERS if user != "operator"
        }
        | {"notifier": {"ROOMLOG_KAFKA": "127.0.0.1:1"}},
    )
    await asyncio.to_thread(stack.start)  # the gate before the registry is in this process
    yield stack
    await asyncio.to_thread(stack.stop)


async def eventually(dsn: str, query: str, *values: Any) -> Any:
    """Return the first row of a query, once there is one."""
    deadline = time.monotonic() + 20
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        while time.monotonic() < deadline:
            if row := await (await connection.execute(query, values)).fetchone():
                return row
            await asyncio.sleep(0.05)
    raise AssertionError(f"nothing in time: {query} {values}")


async def test_a_message_goes_from_a_socket_to_a_row_to_the_api(secured, servers):
    status = secured.status()
    assert [s for s in status["services"] if s["state"] != "ready" or s["restarts"]] == []
    ada, bob = [await Person.registered(status["api"], name) for name in ("Ada", "Bob")]
    room = await ada.room()
    await bob.join(room)
    speaking = await Client.connect(status["ingest"][:1], ada.token)
    hearing = await Client.connect(status["ingest"][1:], bob.token)
    await hearing.subscribe(room)
    ack = await speaking.request(
        {"op": "send", "room": room, "key": str(uuid.uuid4()), "text": "encrypted tea"}
    )
    async with asyncio.timeout(15):
        async for frame in hearing:  # through Kafka, the streams and Valkey, to the other node
            if frame.get("op") == "event" and frame["id"] == ack.event:
                assert frame["d"]["text"] == "encrypted tea"
                break
    row = await eventually(
        servers.postgres, "SELECT text FROM messages WHERE event_id = %s", ack.event
    )
    assert row == ("encrypted tea",)
    read = await bob.read(f"/rooms/{room}/messages", after_cursor=ack.cursor)
    assert [m["text"] for m in read["items"]] == ["encrypted tea"]
    # The API's own outbox, and the indexer.
    await eventually(servers.postgres, "SELECT 1 FROM users WHERE id = %s AND name = 'Ada'", ada.id)
    await eventually(servers.postgres, "SELECT 1 FROM message_search LIMIT 1")
    async with await psycopg.AsyncConnection.connect(servers.postgres) as connection:
        query = """SELECT count(*) FILTER (WHERE ssl), count(*)
            FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE client_port IS NOT NULL"""
        encrypted, all_ = await (await connection.execute(query)).fetchone() or (0, 0)
    assert encrypted == all_ > 5
    for person in (speaking, hearing):
        await person.close()


async def test_an_operator_reads_the_log_and_nothing_is_without_tls(secured, servers, tmp_path):
    await secured_message(secured)
    env = operator(servers, secured.data)
    exported, replayed, letters, verified, compared = await asyncio.gather(
        succeed("export", "--format", "jsonl", "--out", tmp_path, **env),
        succeed("replay", **env),
        succeed("dlq", "list", **env),
        succeed("verify", **env),
        run("topics", "list", **env),
    )
    assert "said" in replayed
    assert any(tmp_path.iterdir()), exported
    assert letters
    assert "differ" not in verified
    assert compared.code == 0
    plain = f"127.0.0.1:{servers.port['kafka']}"
    assert "without TLS" in (await run("topics", "list", "--kafka", plain)).err


async def secured_message(stack: Stack) -> None:
    status = stack.status()
    eve = await Person.registered(status["api"], "Eve")
    await eve.say(await eve.room(), "said")


def operator(servers: Servers, data: Path) -> dict[str, str]:
    return {
        "ROOMLOG_KAFKA": servers.kafka("operator"),
        "ROOMLOG_POSTGRES": servers.postgres,
        "ROOMLOG_VALKEY": servers.valkey,
        "ROOMLOG_REGISTRY": servers.registry,
        "ROOMLOG_DATA": str(data / "elsewhere"),
    }


@pytest.mark.parametrize("user", USERS)
async def test_a_user_may_do_exactly_what_the_list_says(servers, user):
    may = access.load()[user]
    client = AIOKafkaClient(**client_options(servers.kafka(user)))
    await client.bootstrap()
    try:
        every = [t.name for t in topics.load()]
        writes = {t for t in every if await may_write(client, t)}
        reads = {t for t in every if await may_read(client, t)}
        groups = {g for g in GROUPS if await may_join(client, g)}
        assert await creates_topics(client) == TopicAuthorizationFailedError.errno
    finally:
        await client.close()
    assert (writes, reads) == (set(may.produce), set(may.consume))
    assert groups == ({may.group} if may.group else set())
    with pytest.raises(access.AccessError, match="ClusterAuthorizationFailed"):
        await access.apply(servers.kafka(user))
    with pytest.raises(access.AccessError, match="ClusterAuthorizationFailed"):
        await access.set_password(servers.kafka(user), ADMIN, "mine")


async def ask(client: AIOKafkaClient, request: Any) -> Any:
    return await client.send(client.get_random_node(), request)


async def may_write(client: AIOKafkaClient, topic: str) -> bool:
    request = ProduceRequest(None, 1, 5_000, [(topic, [(NOWHERE, b"")])])
    ((_, ((_, code, *_),)),) = (await ask(client, request)).topics
    return is_allowed(code, TopicAuthorizationFailedError, UnknownTopicOrPartitionError)


async def may_read(client: AIOKafkaClient, topic: str) -> bool:
    request = FetchRequest(0, 0, 1_000, 0, [(topic, [(NOWHERE, 0, 1_000)])])
    ((_, ((_, code, *_),)),) = (await ask(client, request)).topics
    return is_allowed(code, TopicAuthorizationFailedError, UnknownTopicOrPartitionError)


async def may_join(client: AIOKafkaClient, group: str) -> bool:
    code = (await ask(client, HeartbeatRequest(group, 1, "nobody"))).error_code
    return is_allowed(code, GroupAuthorizationFailedError, UnknownMemberIdError)


async def creates_topics(client: AIOKafkaClient) -> int:
    request = CreateTopicsRequest([("mine", 1, 1, [], [])], 5_000, False)
    ((_, code, *_),) = (await ask(client, request)).topic_errors
    return int(code)


def is_allowed(code: int, refused: Any, otherwise: Any) -> bool:
    assert code in (refused.errno, otherwise.errno), code
    return bool(code == otherwise.errno)


class Wrong(NamedTuple):
    """A program with one wrong setting, and what its one line of complaint has in it."""

    program: tuple[str, ...]
    variable: str
    value: str
    told: str


def mistakes(servers: Servers) -> list[Wrong]:
    kafka, ca = servers.kafka, f"ca={servers.authority.file}"
    bare = f"kafkas://127.0.0.1:{servers.port['certificates']}?{ca}"
    dsn = servers.postgres
    stranger = str(servers.stranger.file)
    valkey = servers.valkey

    def by_stranger(address: str) -> str:
        return address.replace(str(servers.authority.file), stranger)

    unknown = (
        "its certificate is not signed by an authority that is believed here; name the right one's"
    )
    return [
        Wrong(
            ("ingest",),
            "KAFKA",
            kafka("ingest", "wrong"),
            "refuses the user 'ingest': a wrong password",
        ),
        Wrong(
            ("streams",),
            "KAFKA",
            kafka("streams", listener="expired"),
            "its certificate has expired",
        ),
        Wrong(
            ("projector",),
            "KAFKA",
            by_stranger(kafka("projector")),
            f"{unknown} PEM file with ?ca=",
        ),
        Wrong(("indexer",), "KAFKA", bare, "wants a certificate of ours"),
        Wrong(
            ("webhooks",),
            "KAFKA",
            kafka("api"),
            "user 'api' may not use topic chat.events, group roomlog-webhooks",
        ),
        Wrong(
            ("indexer",),
            "KAFKA",
            kafka("ingest"),
            "user 'ingest' may not use group roomlog-indexer",
        ),
        Wrong(
            ("streams",),
            "KAFKA",
            kafka("projector"),
            "user 'projector' may not use group roomlog-streams",
        ),
        Wrong(("api",), "KAFKA", f"127.0.0.1:{servers.port['kafka']}", "without TLS and a user"),
        Wrong(("api",), "KAFKA", kafka("nobody"), "refuses the user 'nobody'"),
        Wrong(("streams",), "KAFKA", by_stranger(kafka("streams")), unknown),
        Wrong(
            ("api",),
            "POSTGRES",
            make_conninfo(dsn, password="wrong"),
            "password authentication failed",
        ),
        Wrong(
            ("api",),
            "POSTGRES_POOLER",
            make_conninfo(dsn, password="wrong"),
            "password are in ROOMLOG_POSTGRES_POOLER",
        ),
        Wrong(("ingest",), "POSTGRES", by_stranger(dsn), f"{unknown} PEM file with sslrootcert="),
        Wrong(
            ("projector",), "POSTGRES", make_conninfo(dsn, sslmode="disable"), "does it want TLS"
        ),
        Wrong(
            ("notifier",),
            "VALKEY",
            valkey.replace(PASSWORD, "wrong"),
            "refuses our user or password",
        ),
        Wrong(
            ("ingest",), "VALKEY", by_stranger(valkey), f"{unknown} PEM file with ?ssl_ca_certs="
        ),
        Wrong(
            ("api",),
            "REGISTRY",
            servers.registry.replace(PASSWORD, "wrong"),
            "refuses the user 'roomlog'",
        ),
        Wrong(("projector",), "REGISTRY", by_stranger(servers.registry), unknown),
        Wrong(
            ("webhooks",),
            "KAFKA",
            kafka("webhooks") + "&key=/nowhere",
            "a key belongs to a certificate",
        ),
        Wrong(
            ("ingest",),
            "KAFKA",
            f"kafkas://ingest:x@127.0.0.1:1?{ca}/gone",
            "has no certificates of authorities",
        ),
        Wrong(
            ("export", "--out", str(servers.layout.data / "gone")),
            "KAFKA",
            kafka("operator", "wrong"),
            "refuses the user 'operator'",
        ),
        Wrong(("replay",), "KAFKA", kafka("api"), "user 'api' may not use topic"),
        Wrong(("dlq", "list"), "KAFKA", kafka("operator", listener="expired"), "has expired"),
        Wrong(("topics", "list"), "KAFKA", by_stranger(kafka(ADMIN)), unknown),
        Wrong(("topics", "apply"), "KAFKA", kafka("ingest"), "AuthorizationFailed"),
        Wrong(("access", "apply"), "KAFKA", kafka("ingest"), "ClusterAuthorizationFailed"),
        Wrong(
            ("migrate",),
            "POSTGRES",
            make_conninfo(dsn, password="wrong"),
            "password authentication failed",
        ),
    ]


async def test_every_mistake_ends_in_one_line_that_says_what_to_do(servers, secured):
    env = operator(servers, secured.data) | {
        "ROOMLOG_JWKS": secured.status()["jwks"],
        "ROOMLOG_JWT_PRIVATE_KEY": secured.status()["jwt_private_key"],
    }
    two = asyncio.Semaphore(3)

    async def tried(number: int, wrong: Wrong) -> tuple[Wrong, Said]:
        own = {
            f"ROOMLOG_{wrong.variable}": wrong.value,
            "ROOMLOG_DATA": str(secured.data / f"try-{number}"),
        }
        if wrong.variable != "KAFKA" and wrong.program[0] in USERS:
            own["ROOMLOG_KAFKA"] = servers.kafka(wrong.program[0])
        async with two:
            return wrong, await run(*wrong.program, **env | own)

    results = await asyncio.gather(*(tried(n, w) for n, w in enumerate(mistakes(servers))))
    assert [(w.program, w.told, said) for w, said in results if not is_clear(w, said)] == []


def is_clear(wrong: Wrong, said: Said) -> bool:
    """Whether a program ended with one line that says what is wrong, and no secret."""
    one_line = len(said.err.splitlines()) == 1 and wrong.told in said.err
    return (
        said.code in (1, 2) and one_line and "wrong@" not in said.err and PASSWORD not in said.err
    )


async def test_certificates_that_expire_and_are_changed_while_servers_run(servers, secured):
    await servers.show_postgres_certificate(servers.expired)
    await servers.show_valkey_certificate(servers.expired)
    try:
        assert "its certificate has expired" in await until(
            preflight.postgres_refusal, servers.postgres
        )
        assert "its certificate has expired" in await preflight.valkey_refusal(servers.valkey)
        # Who is connected goes on.
        await secured_message(secured)
    finally:
        await servers.show_postgres_certificate(servers.authority.sign("renewed"))
        await servers.show_valkey_certificate(servers.certificate)
    assert await until(preflight.postgres_refusal, servers.postgres, said=False) == ""
    assert await preflight.valkey_refusal(servers.valkey) == ""


async def until(asked: Any, address: str, said: bool = True) -> str:
    """Ask until something is said (or nothing is): a server reads its files a moment after it was told to."""
    deadline = time.monotonic() + 10
    while bool(told := await asked(address)) != said and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    return str(told)


async def test_a_password_is_changed(servers, tmp_path):
    out = tmp_path / "operator.kafka"
    admin = {"ROOMLOG_KAFKA": servers.kafka(ADMIN)}
    told = await succeed("access", "password", "operator", "--out", out, **admin)
    assert f"ROOMLOG_KAFKA_FILE={out}" in told
    assert out.stat().st_mode & 0o777 == 0o600
    new = out.read_text().strip()
    assert "refuses the user 'operator'" in await until(
        preflight.kafka_refusal, servers.kafka("operator")
    )
    assert await preflight.kafka_refusal(new) == ""
    assert "chat.events" in await succeed("topics", "list", ROOMLOG_KAFKA_FILE=str(out))
    await succeed("access", "password", "operator", ROOMLOG_PASSWORD=PASSWORD, **admin)
    assert await until(preflight.kafka_refusal, servers.kafka("operator"), said=False) == ""


async def grant(admin: str, right: access.Right) -> None:
    client = AIOKafkaClient(**client_options(admin))
    await client.bootstrap()
    try:
        await ask(client, CreateAclsRequest(*access._entry(right)))
    finally:
        await client.close()


async def test_what_is_beyond_the_list_is_taken_away(servers):
    admin = servers.kafka(ADMIN)
    too_much = access.Right("api", "write", "topic", "chat.events")
    await grant(admin, too_much)
    while not (
        found := await access.difference(admin)
    ).surplus:  # brokers hear of it a moment later
        await asyncio.sleep(0.05)
    assert [str(e) for e in found.surplus] == [str(too_much)]
    said = await run("access", "check", ROOMLOG_KAFKA=admin)
    assert (said.code, said.out) == (1, f"surplus: {too_much}\n")
    said = await run("access", "apply", ROOMLOG_KAFKA=admin)
    assert (said.code, said.out) == (0, f"taken away: {too_much}\n")
    async with asyncio.timeout(10):
        while await access.difference(admin) != ([], []):
            await asyncio.sleep(0.05)
