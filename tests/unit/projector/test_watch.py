"""What the services of the projector's stage show of the log and of Kafka."""

import asyncio
from types import SimpleNamespace

import pytest
from prometheus_client import CollectorRegistry, Gauge

from projector import pacing
from projector.batch import Place
from projector.cluster import Health, health
from projector.service import Stuck, Watch, _serve


class Source:
    joined, unplaced = True, ()

    def __init__(self):
        self.behind = {Place("chat.events", 1): 40, Place("chat.events", 2): 2}

        self.next = dict.fromkeys(self.behind, 5)

    async def lag(self):
        return self.behind


def worker(is_idle=False):
    return SimpleNamespace(progress=0, is_excused=False, is_idle=is_idle, postgres_problem=None)


async def test_the_lag_of_partitions_that_another_process_has_by_now_is_not_shown():
    registry = CollectorRegistry()
    gauge = Gauge("lag", "Lag", ["topic", "partition"], registry=registry)
    source = Source()
    watch = Watch(source, worker(), gauge)
    await watch._look()
    del source.behind[Place("chat.events", 1)]
    await watch._look()
    shown = {s.labels["partition"]: s.value for m in registry.collect() for s in m.samples}
    assert shown == {"2": 2.0}


async def test_who_cannot_place_partitions_although_no_lag_is_seen_ends(monkeypatch):
    monkeypatch.setattr(pacing, "BLIND_AFTER_S", 0.0)
    source = Source()
    source.unplaced, source.behind = {Place("chat.events", 1)}, {}
    gauge = Gauge("lag", "Lag", ["topic", "partition"], registry=CollectorRegistry())
    idle = Watch(source, worker(is_idle=True), gauge)
    blind = Watch(source, worker(), gauge)
    for watch in (idle, blind):
        await watch._look()
    await idle._look()
    with pytest.raises(Stuck, match="1 partitions wait"):
        await blind._look()


def test_partitions_without_a_leader_or_with_replicas_that_are_behind_are_counted():
    states = [
        SimpleNamespace(leader=1, replicas=[1, 2, 3], isr=[1, 2, 3]),
        SimpleNamespace(leader=1, replicas=[1, 2, 3], isr=[1]),
        SimpleNamespace(leader=-1, replicas=[2], isr=[]),
    ]
    assert health(2, states) == Health(brokers=2, under_replicated=2, leaderless=1)


async def test_a_port_that_is_taken_is_told_with_the_setting_for_another():
    async with await asyncio.start_server(lambda *_: None, "127.0.0.1", 0) as other:
        port = other.sockets[0].getsockname()[1]
        with pytest.raises(SystemExit, match=f"127.0.0.1:{port}.*ROOMLOG_METRICS_PORT"):
            await _serve("127.0.0.1", port, {}, [asyncio.sleep(0)])
