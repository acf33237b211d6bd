"""The API through a real PgBouncer in transaction mode: two connections for everybody, and nobody sees another's."""

import asyncio
import os
import shutil
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from api.postgres import Postgres
from api.problems import Problem
from roomlog.stack import child
from roomlog.stack.layout import cache_dir
from roomlog.stack.ports import HOST, Ports
from tests.integration.api_people import Person, problem
from tests.integration.api_process import running_api

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")


@pytest.fixture(scope="module")
async def pooler(stack, tmp_path_factory):
    """Where PgBouncer listens, with two connections to the stack's PostgreSQL."""
    assert PGBOUNCER is not None, "infra/pgbouncer.sh installs it"
    directory = tmp_path_factory.mktemp("pgbouncer")
    ports = Ports(cache_dir() / "ports.lock", defaults=False)
    port = ports.choose("pgbouncer")
    command = bouncer(stack.settings.postgres, directory, port)
    process = await child.start(command)
    dsn = make_conninfo(stack.settings.postgres, port=port)
    try:
        async with asyncio.timeout(10):
            while not answers(dsn):
                assert process.returncode is None, command.log.read_text()
                await asyncio.sleep(0.02)
        yield dsn
    finally:
        await child.end(process, command)
        ports.close()


def bouncer(postgres: str, directory: Path, port: int) -> child.Command:
    at = conninfo_to_dict(postgres)
    users, settings = directory / "users.txt", directory / "pgbouncer.ini"
    users.write_text(f'"{at["user"]}" "{at["password"]}"\n')
    settings.write_text(f"""
[databases]
{at["dbname"]} = host={at["host"]} port={at["port"]}
[pgbouncer]
listen_addr = {HOST}
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {users}
pool_mode = transaction
ignore_startup_parameters = options
default_pool_size = 2
""")
    user = child.unprivileged_user()
    if user:
        for path in (directory, users, settings):
            shutil.chown(path, user)
    return child.Command(
        argv=[str(PGBOUNCER), str(settings)],
        env=child.inherited_env({}),
        log=directory / "pgbouncer.log",
        user=user,
        reaches=(users, settings),
    )


def answers(dsn: str) -> bool:
    try:
        psycopg.connect(dsn, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.fixture(scope="module")
async def api(stack, pooler):
    # Debian 12 has 1.18, which does not know prepared statements in this mode.
    more = {"postgres_pooler": pooler, "database_prepare": "off"}
    async with running_api(stack.settings, **more) as running:
        yield running


async def test_many_people_share_two_connections_and_see_only_their_own(stack, api) -> None:
    people, rooms = [], []
    for name in ("Ada", "Bob", "Eve"):
        person = api.of(await Person.registered(stack.status()["api"], name))
        room = await person.room(f"of {name}", "private")
        said = await person.say(room, f"only {name}'s")
        await person.read(f"/rooms/{room}", after_cursor=said["cursor"])
        people.append(person)
        rooms.append(room)

    async def looks(person: Person, number: int) -> None:
        own = rooms[people.index(person)]
        room = rooms[number % len(rooms)]
        answer = await person.http.get(f"/rooms/{room}/messages")
        listed = await person.read("/rooms", mine=True)
        assert [item["id"] for item in listed["items"]] == [own]
        if room == own:
            assert [m["text"] for m in answer.json()["items"]] == [f"only {person.user['name']}'s"]
        else:
            problem(answer, 404, "no_such_room")

    await asyncio.gather(*(looks(person, number) for number in range(30) for person in people))


async def test_what_a_request_sets_stays_on_no_connection(pooler, api, stack) -> None:
    ada = api.of(await Person.registered(stack.status()["api"], "Ada"))
    await asyncio.gather(*(ada.read("/rooms") for _ in range(20)))
    left = "SELECT current_user, current_setting('roomlog.user_id', true), current_setting('statement_timeout')"
    for _ in range(10):
        with psycopg.connect(pooler, autocommit=True) as connection:
            (who, user, timeout) = connection.execute(left.encode()).fetchone() or ()
            assert (who, user or "", timeout) == ("roomlog", "", "0")


async def test_in_the_place_of_postgres_it_is_refused(stack, pooler, caplog) -> None:
    postgres = Postgres.from_settings(stack.settings.model_copy(update={"postgres": pooler}))
    await postgres.open()
    try:
        for _ in range(2):
            with pytest.raises(Problem, match="cannot be reached"):
                await postgres.all("SELECT 1")
    finally:
        await postgres.close()
    assert "name it in ROOMLOG_POSTGRES_POOLER" in caplog.text


async def test_accounts_and_sessions_work_through_it(api, stack) -> None:
    ada = api.of(await Person.registered(stack.status()["api"], "Ada"))
    renamed = await ada.http.patch("/users/me", json={"name": "Countess"})
    assert renamed.status_code == 200, renamed.text
    assert (await ada.read("/auth/me"))["name"] == "Countess"
    assert len((await ada.read("/auth/sessions"))["items"]) == 1
    ended = await ada.http.post("/auth/logout-all")
    assert ended.status_code == 204, ended.text
    problem(await ada.http.get("/auth/me"), 401, "unauthenticated")
