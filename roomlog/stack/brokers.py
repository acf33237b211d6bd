"""The brokers of one stack: brought up together; more of them, or fewer, while everything goes on."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import msgspec
import tenacity

from roomlog import topics
from roomlog.brokers import shown
from roomlog.stack import child, kafka
from roomlog.stack.errors import StackError
from roomlog.stack.kafka import Broker, Cluster
from roomlog.stack.layout import Layout
from roomlog.stack.ports import Ports
from roomlog.stack.ready import Probe, kafka_probe, until_ready

_KNOWN_S = 30.0
_PATIENCE_S = 10.0
_AGAIN_S = 0.2

Start = Callable[[str, child.Command, Probe], Awaitable[None]]
"""Starts a process under a name and returns once it is ready."""
Stop = Callable[[str], Awaitable[None]]
"""Stops it, and forgets it."""


class Brokers:
    """The Kafka cluster of a stack; `names` are its brokers, the first ones with a controller."""

    def __init__(self, layout: Layout, cache: Path, names: Iterable[str], start: Start) -> None:
        self._layout, self._cache, self._start = layout, cache, start
        self._names = list(names)
        self._cluster = Cluster("", ())
        self._controller_ports: dict[str, int] = {}
        self._changing = asyncio.Lock()

    @property
    def bootstrap(self) -> str:
        """Where clients find the cluster; empty where it is not of this stack."""
        return self._cluster.bootstrap

    def choose_ports(self, ports: Ports, chosen: dict[str, int]) -> None:
        """Reserve a port for each controller; those of the brokers are chosen. Raises StackError."""
        held = kafka.present_controllers(self._layout)
        voting = self._names[: held or kafka.controllers_among(len(self._names))]
        for name in voting:
            controller = name.replace("kafka", "kafka-controller")
            self._controller_ports[name] = ports.choose(controller)
        brokers = (Broker(n, chosen[n], self._controller_ports.get(n, 0)) for n in self._names)
        self._cluster = Cluster(kafka.cluster_id(self._layout), tuple(brokers))

    async def run(
        self, home: Path, step: Callable[[str], AbstractAsyncContextManager[None]]
    ) -> None:
        """Start all of them and return once each knows the others; raises StackError."""
        async with asyncio.TaskGroup() as group:
            for broker in self._cluster.brokers:
                group.create_task(self._run_one(broker, home, step(broker.name)))
        await self._acquainted()

    async def add(self, name: str, port: int, home: Path, stop: Stop) -> None:
        """Start one more, and give it its share of the partitions; raises StackError.

        One that does not start is forgotten; one that started stays.
        """
        async with self._changing:
            broker = Broker(name, port)
            self._cluster = Cluster(self._cluster.id, (*self._cluster.brokers, broker))
            try:
                await self._start_one(broker, home)
                await self._acquainted()
            except (StackError, OSError):
                await stop(name)
                self._forget(name)
                raise
            await self._spread(self._cluster)

    async def remove(self, name: str, stop: Stop) -> None:
        """Give its partitions to the others, then stop it and drop its files; raises StackError."""
        async with self._changing:
            if name in self._controller_ports:
                raise StackError(f"{name} is one of the cluster's controllers: it has to stay.")
            left = tuple(b for b in self._cluster.brokers if b.name != name)
            await self._spread(msgspec.structs.replace(self._cluster, brokers=left))
            await stop(name)
            self._forget(name)

    async def _run_one(
        self, broker: Broker, home: Path, step: AbstractAsyncContextManager[None]
    ) -> None:
        async with step:
            await self._start_one(broker, home)

    async def _start_one(self, broker: Broker, home: Path) -> None:
        await kafka.prepare(self._layout, home, self._cache, broker, self._cluster)
        alone = len(self._cluster.brokers) == 1
        command = kafka.command(self._layout, home, self._cache, broker.name, alone=alone)
        await self._start(broker.name, command, kafka_probe(broker.address, broker.port))

    async def _acquainted(self) -> None:
        """Wait until each broker tells clients of all: what is created now may be spread over all."""
        brokers = self._cluster.brokers
        if len(brokers) == 1:
            return
        ports = [broker.port for broker in brokers]
        probes = [kafka_probe(broker.address, broker.port, ports) for broker in brokers]
        try:
            async with asyncio.timeout(_KNOWN_S):
                await asyncio.gather(*(until_ready(probe) for probe in probes))
        except TimeoutError:
            raise StackError(
                f"The brokers do not all know each other after {_KNOWN_S:.0f} s: their logs say why."
            ) from None

    async def _spread(self, cluster: Cluster) -> None:
        """Have these brokers keep everything; how many copies must be in sync follows."""
        from aiokafka.errors import KafkaError

        from roomlog.stack import reassign  # both take their time, and few stacks grow

        ids = [b.node_id for b in cluster.brokers]
        try:
            await reassign.spread(cluster.bootstrap, ids, cluster.copies)
            await topics.apply(cluster.bootstrap, brokers=len(ids))
        except (KafkaError, topics.TopicError) as error:
            raise StackError(f"Kafka did not move its partitions: {error!r}") from error

    def _forget(self, name: str) -> None:
        left = tuple(b for b in self._cluster.brokers if b.name != name)
        self._cluster = msgspec.structs.replace(self._cluster, brokers=left)
        shutil.rmtree(self._layout.of(name), ignore_errors=True)


async def make_topics(address: str, patience_s: float = _PATIENCE_S) -> None:
    """Create the topics that are missing in the cluster at an address; raises StackError.

    A broker that serves may still be lost for a moment, and one elsewhere be starting: so it is asked for a while.
    """
    from aiokafka.errors import KafkaConnectionError, KafkaError

    attempts = tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception_type(KafkaConnectionError),
        wait=tenacity.wait_fixed(_AGAIN_S),
        stop=tenacity.stop_after_delay(patience_s),
        reraise=True,
    )
    try:
        await attempts(topics.apply, address)
    except topics.TopicError as error:
        raise StackError(str(error)) from error
    except KafkaError as error:
        why = "nobody answers" if isinstance(error, KafkaConnectionError) else str(error)
        raise StackError(
            f"Kafka at {shown(address)} does not take the topics: {why}. Its log says more; ROOMLOG_KAFKA "
            "names one that is not of this stack."
        ) from error
