"""Real nodes and the real API behind real load balancers, with the configurations of production.

HAProxy speaks to them from 127.0.0.2 with the PROXY protocol, nginx from 127.0.0.3 with X-Forwarded-For (the
stack's settings trust just these). Two of the four nodes that both are told of are not there.
"""

import asyncio
import csv
import os
import shutil
import signal
import subprocess
import uuid
from contextlib import suppress
from typing import NamedTuple

import httpx
import picows
import pytest

from infra import balancers
from ingest.limits import REFUSALS_BURST
from roomlog.client import Client
from roomlog.stack.ports import Ports
from tests.integration.api_people import account
from tests.wire import Wire, token_of

IDLE_S = float(os.environ.get("ROOMLOG_TEST_IDLE_S", "0"))
ASKED = (
    "GET {} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{}\r\n"
)

pytestmark = pytest.mark.skipif(
    not (shutil.which("haproxy") and shutil.which("nginx")),
    reason="no haproxy or no nginx here; infra/balancers.sh says how to get them",
)


class Balancer(NamedTuple):
    """One that runs: its address, and that of HAProxy's table of servers."""

    port: int
    metrics: int = 0

    @property
    def ws(self):
        return f"ws://127.0.0.1:{self.port}/ws"

    @property
    def api(self):
        return f"http://127.0.0.1:{self.port}/api/v1"


@pytest.fixture(scope="module")
def servers(stack):
    """The variables of the environment that name the servers."""
    status = stack.status()
    nodes = [url.split("/")[2] for url in status["ingest"]]
    api = status["api"].split("/")[2]
    names = {f"INGEST_{n}": f"127.0.0.1:{n}" for n in (3, 4)}
    names |= {f"INGEST_{n}": at for n, at in enumerate(nodes, 1)}
    return names | {"API_1": api, "API_2": "127.0.0.1:2"}


@pytest.fixture(scope="module")
def ports(tmp_path_factory):
    ports = Ports(tmp_path_factory.mktemp("ports") / "lock", defaults=False)
    yield ports
    ports.close()


@pytest.fixture(scope="module")
def haproxy(servers, ports, tmp_path_factory):
    port, metrics = ports.choose("haproxy"), ports.choose("haproxy")
    environ = servers | {
        "BALANCER_BIND": f"127.0.0.1:{port}",
        "BALANCER_METRICS": f"127.0.0.1:{metrics}",
        "BALANCER_SOURCE": "127.0.0.2",
        "BALANCER_RUN": str(tmp_path_factory.mktemp("haproxy")),
    }
    with subprocess.Popen(balancers.haproxy(), env=os.environ | environ) as process:
        yield until_it_answers(process, Balancer(port, metrics))
        process.terminate()


@pytest.fixture(scope="module")
def nginx(servers, ports, tmp_path_factory):
    port = ports.choose("nginx")
    environ = servers | {
        "BALANCER_BIND": f"127.0.0.1:{port}",
        "BALANCER_SOURCE": "127.0.0.3",
        "BALANCER_RUN": str(tmp_path_factory.mktemp("nginx")),
    }
    with subprocess.Popen(balancers.nginx(environ)) as process:
        yield until_it_answers(process, Balancer(port))
        process.terminate()


def until_it_answers(process, balancer):
    with httpx.Client() as http:
        for _ in range(500):
            assert process.poll() is None
            with suppress(httpx.TransportError):
                if http.get(f"http://127.0.0.1:{balancer.port}/balancer").is_success:
                    return balancer
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.02)
    raise AssertionError("the balancer does not answer")


async def status_of(port, client, path="/ws", headers="", before=""):
    """Ask for a socket without a token, from an address of loopback; return the status of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(client, 0))
    writer.write((before + ASKED.format(path, headers)).encode())
    async with asyncio.timeout(10):
        status = (await reader.readline()).split()[1]
    writer.close()
    return int(status)


async def table(haproxy):
    """What HAProxy says about its ingest nodes, by name."""
    async with httpx.AsyncClient() as http:
        text = (await http.get(f"http://127.0.0.1:{haproxy.metrics}/;csv")).text
    rows = csv.DictReader(text.removeprefix("# ").splitlines())
    return {row["svname"]: row for row in rows if row["pxname"] == "ingest"}


async def until(haproxy, condition):
    async with asyncio.timeout(20):
        while not condition(row := (await table(haproxy))["ingest-1"]):
            await asyncio.sleep(0.05)
    return row


async def test_new_sockets_go_where_the_fewest_are(stack, haproxy, nginx):
    for balancer in (haproxy, nginx):
        token = token_of(stack.data, str(uuid.uuid4()))
        wires = [await Wire.open(balancer.ws, token) for _ in range(6)]
        nodes = [(await wire.next("hello"))["node"] for wire in wires]
        assert sorted(nodes) == ["n1"] * 3 + ["n2"] * 3
        for wire in wires:
            wire.close()
    async with httpx.AsyncClient() as http:
        for path in ("metrics", "readyz", "healthz"):
            for balancer in (haproxy, nginx):
                found = await http.get(f"http://127.0.0.1:{balancer.port}/{path}")
                assert found.status_code == 404


async def test_limits_count_clients_and_not_balancers(servers, haproxy, nginx):
    nodes = [int(servers[f"INGEST_{n}"].split(":")[1]) for n in (1, 2)]
    header = "PROXY TCP4 127.0.0.5 127.0.0.1 40000 80\r\n"  # as a balancer sends it
    for node in nodes:
        for _ in range(int(REFUSALS_BURST) // 20 + 1):
            asking = (status_of(node, "127.0.0.2", before=header) for _ in range(20))
            found = await asyncio.gather(*asking)
    assert 429 in found
    for port in (haproxy.port, nginx.port):  # several: one may be let through again by now
        found = await asyncio.gather(*(status_of(port, "127.0.0.5") for _ in range(20)))
        assert found.count(429) > 10
        assert await status_of(port, "127.0.0.6") == 401
        # Who they say they are makes no difference.
        assert await status_of(port, "127.0.0.5", headers="X-Forwarded-For: 127.0.0.6\r\n") == 429
        assert await status_of(port, "127.0.0.6", headers="X-Forwarded-For: 127.0.0.5\r\n") == 401
    stranger = "127.0.0.7"
    assert await status_of(nodes[0], stranger, headers="X-Forwarded-For: 127.0.0.5\r\n") == 401
    assert await status_of(nodes[0], stranger, before=header) == 400
    api = int(servers["API_1"].split(":")[1])
    assert await status_of(api, stranger, "/api/v1/auth/me", before=header) == 400


async def test_the_api_hears_whose_request_it_is(stack, haproxy, nginx):
    forged = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9"}
    for base in (haproxy.api, nginx.api, stack.status()["api"]):
        transport = httpx.AsyncHTTPTransport(local_address="127.0.0.8")
        async with httpx.AsyncClient(base_url=base, transport=transport, headers=forged) as http:
            assert (await http.post("/auth/register", json=account())).status_code == 201
            (session,) = (await http.get("/auth/sessions")).json()["items"]
        assert session["address"] == "127.0.0.8"


async def test_a_node_drains_and_no_client_sees_an_error(stack, haproxy, nginx):
    token = token_of(stack.data, str(uuid.uuid4()), scope="bridge")
    posters = [await Client.connect([b.ws], token) for b in (haproxy, nginx)]
    create = {"op": "create", "key": "c", "name": "r", "kind": "public"}
    room = (await posters[0].request(create)).room
    acks, opened, failed, over = [], [], [], asyncio.Event()

    async def post(poster, name):
        number = 0
        while not over.is_set() or number < 100:
            number += 1
            command = {"op": "send", "room": room, "key": f"{name}-{number}", "text": "x"}
            acks.append((await poster.request(command)).event)
            await asyncio.sleep(0.01)

    async def come_and_go(balancer):
        while not over.is_set():
            some = []
            try:
                for _ in range(3):  # one alone would always go where the poster is not
                    some.append(await Wire.open(balancer.ws, token))
                    opened.append((await some[-1].next("hello"))["node"])
                    await asyncio.sleep(0.01)
            except (OSError, TimeoutError, picows.WSError) as error:
                failed.append(error)
            for wire in some:
                wire.close()

    wires = [await Wire.open(haproxy.ws, token) for _ in range(4)]
    nodes = [(await wire.next("hello"))["node"] for wire in wires]
    staying = wires[nodes.index("n1")]
    async with asyncio.TaskGroup() as group:
        for name, poster in zip("hn", posters, strict=True):
            group.create_task(post(poster, name))
        for balancer in (haproxy, nginx):
            group.create_task(come_and_go(balancer))
        while len(acks) < 20 or not {"n1", "n2"} <= {*opened}:
            await asyncio.sleep(0.01)
        pid = stack.kill("ingest-1", signal.SIGTERM)
        assert (await staying.next("reconnect"))["within_ms"] == 5_000
        seen = len(opened)
        gone = await until(haproxy, lambda row: row["status"].startswith("DOWN"))
        while len(opened) < seen + 5:
            await asyncio.sleep(0.01)
        assert {*opened[seen + 2 :]} == {"n2"}  # two were on their way
        for wire in wires:
            wire.close()
        await asyncio.to_thread(stack.wait_ready, "ingest-1", pid)
        back = await until(haproxy, lambda row: row["status"] == "UP")
        over.set()
    assert failed == []
    assert len({*acks}) == len(acks) >= 200
    assert int(gone["chkdown"]) >= 1
    assert 0 < int(back["weight"]) < 100  # its share grows slowly
    for poster in posters:
        await poster.close()


@pytest.mark.skipif(not IDLE_S, reason="`make balancers` lets sockets idle for as long as it takes")
async def test_idle_sockets_outlive_every_other_timeout(stack, haproxy, nginx):
    token = token_of(stack.data, str(uuid.uuid4()))
    wires = [await Wire.open(balancer.ws, token) for balancer in (haproxy, nginx)]
    await asyncio.sleep(IDLE_S)
    for wire in wires:
        wire.send({"op": "ping"})
        await wire.next("pong")
        wire.close()
