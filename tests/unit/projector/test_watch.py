"""What the services of the projector's stage show of the log and of Kafka."""

import asyncio
from types import SimpleNamespace

import pytest
from prometheus_client import CollectorRegistry, Gauge

from projector.batch import Place
from projector.cluster import Health, health
from projector.service import Watch, _serve


class Source:
    joined, unplaced = True, ()

    def __init__(self):
        self.behind = {Place("chat.events", 1): 40, Place("chat.events", 2): 2}

        self.next = dict.fromkeys(self.behind, 5)

    async def lag(self):
        return self.behind


async def test_the_lag_of_partitions_that_another_process_has_by_now_is_not_shown():
    registry = CollectorRegistry()
    gauge = Gauge("lag", "Lag", ["topic", "partition"], registry=registry)
    source = Source()
    watch = Watch(
        source, SimpleNamespace(progress=0, is_excused=False, postgres_problem=None), gauge
    )
    await watch._look()
    del source.behind[Place("chat.events", 1)]
    await watch._look()
    shown = {s.labels["partition"]: s.value for m in registry.collect() for s in m.samples}
    assert shown == {"2": 2.0}


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
