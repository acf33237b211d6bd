"""What operators see of a real stack under a little load: every panel, every alert, and one message in all logs.

Run by `make observability-check`: a Prometheus has to look on for more than a minute.
"""

import asyncio
import itertools
import json
import os
import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from infra.checks import prometheus as rules_check
from infra.prometheus.queries import operands, panel_queries, rules
from roomlog.stack.layout import Layout
from roomlog.stack.spec import SERVICES, kind_of
from tests.integration.api_people import Person
from tests.integration.test_tracing import SPANS, chosen_key
from tests.people import Member
from tests.prometheus import FOLDER, Prometheus
from tests.push_service import PushService
from tests.receiver import Receiver

pytestmark = pytest.mark.skipif(
    "ROOMLOG_TEST_OBSERVABILITY" not in os.environ, reason="runs in `make observability-check`"
)
ROOT = Path(__file__).resolve().parents[2]
DASHBOARDS = ROOT / "infra" / "grafana" / "dashboards"
WATCHED_S = 70
"""A subquery with steps of a minute needs one full minute."""


@pytest.fixture(scope="module")
def prometheus(stack, tmp_path_factory):
    if shutil.which("prometheus") is None or shutil.which("prometheus-node-exporter") is None:
        pytest.fail("no prometheus: install it (Debian: apt-get install prometheus)")
    targets = {kind: [] for kind in SERVICES}
    for service in stack.running().services:
        if (kind := kind_of(service.name)) in targets:
            targets[kind].append(f"127.0.0.1:{service.port}")
    with Prometheus(tmp_path_factory.mktemp("prometheus"), targets) as running:
        yield running


@pytest.fixture(scope="module")
async def watched(stack, prometheus):
    """Prometheus, after it has looked on for a while; what it looks at goes on."""
    async with PushService() as pushes, Receiver() as hooks:
        chatting = asyncio.ensure_future(chat(stack, pushes, hooks))
        await asyncio.wait([chatting], timeout=WATCHED_S)
        yield prometheus
        chatting.cancel()
        with suppress(asyncio.CancelledError):
            await chatting


async def chat(stack, pushes, hooks):
    """Let three people chat for ever, over sockets and the API; one of them has gone, and is told by push."""
    running = stack.status()
    ada, grace = [await Person.registered(running["api"], name) for name in ("Ada", "Grace")]
    room = await ada.room("watched")
    await grace.join(room)
    subscription = pushes.browser("phone").subscription
    assert (await grace.http.post("/push/subscriptions", json=subscription)).status_code == 201
    hook = {"room": room, "url": hooks.url("/hook")}
    assert (await ada.http.post("/webhooks", json=hook)).status_code == 201
    bob, cleo = [await Member.sign_in(stack.data, [url]) for url in running["ingest"]]
    async with asyncio.TaskGroup() as group:
        for member in (bob, cleo):
            await member.request({"op": "join", "room": room, "key": "join"})
            await member.client.subscribe(room)
            group.create_task(read(member))
        for number in itertools.count(1):
            mentions = [grace.id] if number % 50 == 0 else []
            await bob.post(room, f"message {number}", mentions=mentions)
            await cleo.post(room, f"answer {number}")
            if number % 10 == 0:
                await ada.say(room, f"over the API {number}")
                await ada.read(f"/rooms/{room}/messages", limit=5)
                await ada.read("/search", q="message")
            await asyncio.sleep(0.05)


async def read(member):
    """Take whatever comes: a client that reads nothing is sent nothing in the end."""
    try:
        async for _ in member.client:
            pass
    finally:
        await member.client.close()


async def missing(prometheus, queries):
    """Return those of `(name, query)` that give nothing, a line each."""
    found = []
    for name, query in queries:
        expr = query.replace("$__rate_interval", "30s")
        if not await asyncio.to_thread(prometheus.query, expr):
            found.append(f"{name}: {expr}")
    return "\n".join(found)


async def test_every_panel_of_every_dashboard_shows_something(watched):
    queries = list(panel_queries(DASHBOARDS))
    assert len(queries) > 100
    assert await missing(watched, queries) == ""


async def test_every_alert_and_rule_looks_at_something_and_none_warns(watched):
    queries = [(rule.name, part) for rule in rules(FOLDER) for part in operands(rule.expr)]
    assert len(queries) > 60
    assert await missing(watched, queries) == ""
    assert watched.query('ALERTS{alertstate="firing"}') == []


async def test_one_message_is_found_in_the_logs_of_all_services_by_its_event_id(
    stack, collector, watched
):
    urls = stack.status()["ingest"]
    alice, bob = [await Member.sign_in(stack.data, [url]) for url in urls]
    made = await alice.request(
        {"op": "create", "key": "r", "name": "logged", "kind": "private", "members": [bob.user_id]}
    )
    await bob.client.subscribe(made.room)
    key = chosen_key(alice.user_id, made.room)
    said = await alice.request({"op": "send", "room": made.room, "key": key, "text": "x"})
    await collector.wait_for(said.event, SPANS)
    found = {}
    for service in stack.running().services:
        if kind_of(service.name) in SERVICES:
            lines = Layout(stack.data).log(service.name).read_text().splitlines()
            told = [json.loads(line) for line in lines if not line.startswith("ROOMLOG_")]
            found |= {service.name: [t["span"] for t in told if t.get("event_id") == said.event]}
    assert {name: spans for name, spans in found.items() if spans} == {
        "ingest-1": ["send", "receive"],
        "ingest-2": ["deliver"],
        "streams-1": ["fan out"],
        "projector-1": ["project"],
    }
    for member in (alice, bob):
        await member.client.close()


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("expr: up == 0", "expr: up == 2", "promtool test rules"),
        ("expr: up == 0", "expr: up == ", "promtool check rules"),
        ("max(kafka_brokers)", "max(kafka_brokerz)", "kafka_brokerz, which nobody exports"),
        ("runbooks/lag-grows.md", "runbooks/grows.md", "LagGrows has no page"),
        ("alert: LagGrows", "alert: LagIsThere", "no test has LagIsThere firing"),
    ],
)
def test_a_broken_rule_fails_the_check(tmp_path, right, wrong, told):
    for part in ("infra/prometheus", "docs"):
        shutil.copytree(ROOT / part, tmp_path / part)
    file = tmp_path / "infra" / "prometheus" / "alerts.yaml"
    file.write_text(file.read_text().replace(right, wrong))
    assert any(told in problem for problem in rules_check.check(tmp_path))
