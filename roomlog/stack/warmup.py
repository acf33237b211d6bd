"""Making the next start quicker: a JVM starts in half the time from a cache of what it did before.

The cache is written by a JVM that ends, after seconds of work. So once a stack is up, and only if
there is no cache yet, each server is run a second time, beside the stack and at the lowest priority,
on files that are thrown away.
"""

import asyncio
import contextlib
import fcntl
import os
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import msgspec

from roomlog import topics
from roomlog.brokers import client_options
from roomlog.stack import artifacts, child, java, kafka, registry
from roomlog.stack.errors import StackError
from roomlog.stack.layout import Layout
from roomlog.stack.ports import Ports
from roomlog.stack.ready import Probe, http_probe, kafka_probe, until_ready

_LOWEST_PRIORITY = 19
_START_SECONDS = 120.0
_WRITE_SECONDS = 180.0
_KEEP = 8
"""Every environment (its own copy of the JVM) has its own two; older ones go."""


class Here(msgspec.Struct, frozen=True):
    """The stack beside which it happens: its cache, ports to take, its PostgreSQL."""

    cache: Path
    ports: Ports
    postgres: str


class _Run(msgspec.Struct, frozen=True):
    prepare: Callable[[], Awaitable[object]]
    command: child.Command
    probe: Probe
    work: Callable[[], Awaitable[object]]


async def make_caches(here: Here, servers: list[str]) -> None:
    """Write the caches that are missing; what fails is left for another time."""
    directory = here.cache / "aot"
    directory.mkdir(exist_ok=True)
    with _alone(directory / "lock") as alone:
        for server in servers if alone else ():
            with contextlib.suppress(StackError, RuntimeError, OSError):
                await _make(server, here, directory)
        _prune(directory)


async def _make(server: str, here: Here, directory: Path) -> None:
    home = artifacts.installed(server, here.cache)
    if home is None:
        return
    with tempfile.TemporaryDirectory(dir=directory) as temporary:
        layout = Layout(Path(temporary))
        layout.make()
        run = PROGRAMS[server](here, layout, home)
        final = java.aot_file(here.cache, java.program(run.command.argv))
        if not final.exists():
            draft = layout.data / "draft.aot"
            await run.prepare()
            await _record(run, draft)
            draft.rename(final)


async def _record(run: _Run, draft: Path) -> None:
    command = msgspec.structs.replace(
        run.command,
        argv=java.recording(run.command.argv, draft),
        niceness=_LOWEST_PRIORITY,
        stop_seconds=_WRITE_SECONDS,
    )
    process = await child.start(command)
    try:
        async with asyncio.timeout(_START_SECONDS):
            await until_ready(run.probe)
            await run.work()
        await child.end(process, command)
    finally:
        if process.returncode is None:
            process.kill()


def _kafka(here: Here, layout: Layout, home: Path) -> _Run:
    port, controller = here.ports.choose("kafka"), here.ports.choose("kafka-controller")
    broker = kafka.Broker("kafka", port, controller)
    cluster = kafka.Cluster(kafka.new_cluster_id(), (broker,))
    return _Run(
        lambda: kafka.prepare(layout, home, here.cache, broker, cluster),
        kafka.command(layout, home, here.cache),
        kafka_probe(broker.address, port),
        lambda: _as_services(cluster.bootstrap),
    )


async def _as_services(bootstrap: str) -> None:
    """Have a broker do what it does for services that start: topics, a member of a group, a batch, its offset."""
    from aiokafka import AIOKafkaConsumer, AIOKafkaProducer  # not before the stack is up

    await topics.apply(bootstrap)
    async with AIOKafkaProducer(**client_options(bootstrap), enable_idempotence=True) as producer:
        await producer.send_and_wait(topics.CHAT_DLQ, b"a record")
    async with AIOKafkaConsumer(
        topics.CHAT_DLQ,
        **client_options(bootstrap),
        group_id="warm-up",
        auto_offset_reset="earliest",
    ) as consumer:
        await consumer.getone()
        await consumer.commit()


def _registry(here: Here, layout: Layout, home: Path) -> _Run:
    """Run on the stack's own database: several registries may share one, and this one adds nothing."""
    own = here.ports.choose("registry"), here.ports.choose("registry-management")
    ports = registry.Ports(*own)
    probe = http_probe(ports.api, f"{registry.API}/subjects")
    command = registry.command(layout, home, here.cache, ports, here.postgres)

    async def nothing() -> None:
        pass

    async def work() -> None:
        from schemas.registry import Registry  # not before the stack is up

        await asyncio.to_thread(Registry(registry.url(ports.api)).resolve_all)

    return _Run(nothing, command, probe, work)


PROGRAMS: dict[str, Callable[[Here, Layout, Path], _Run]] = {
    "kafka": _kafka,
    "registry": _registry,
}


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[bool]:
    """Yield whether no other stack is doing the same."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield _locked(handle)
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _prune(directory: Path) -> None:
    newest_first = sorted(directory.glob("*.aot"), key=lambda p: -p.stat().st_mtime)
    for old in newest_first[_KEEP:]:
        old.unlink(missing_ok=True)
