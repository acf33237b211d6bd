"""Kafka: one broker that is its own controller (KRaft)."""

import base64
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from roomlog.stack import child, java
from roomlog.stack.errors import start_failure
from roomlog.stack.layout import Layout
from roomlog.stack.ports import HOST

_LOG4J = """<Configuration status="ERROR">
  <Appenders><Console name="console"><PatternLayout pattern="%d{ISO8601} %p %m (%c)%n"/></Console></Appenders>
  <Loggers>
    <Root level="WARN"><AppenderRef ref="console"/></Root>
    <Logger name="kafka.server.KafkaRaftServer" level="INFO"/>
    <Logger name="kafka.log.LogManager" level="INFO"/>
  </Loggers>
</Configuration>
"""
"""Every partition's every move is told at INFO: thousands of lines a start, and a second of CPU."""


def properties(directory: Path, port: int, controller_port: int) -> str:
    """Return the broker's settings.

    What was acked is in the page cache, so it survives the death of every process; only a machine
    that loses power can lose the last moments (Kafka's defence is replication, absent here).
    The quorum is named by address, so that another start may use other ports.
    """
    return f"""\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{HOST}:{controller_port}
listeners=PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}
advertised.listeners=PLAINTEXT://{HOST}:{port}
controller.listener.names=CONTROLLER
log.dirs={directory / "log"}
auto.create.topics.enable=false
# One broker: one copy of its own topics, and as few partitions of them as do.
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=2
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=2
# After a kill the broker may register again once its old session is over (9 s otherwise).
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=1000
# A worker that starts need not wait for others.
group.initial.rebalance.delay.ms=0
# With nobody there the controller writes nothing (a record every 500 ms otherwise, that only other controllers need).
metadata.max.idle.interval.ms=0
# A small heap: the cleaner's buffer is 128 MiB otherwise.
log.cleaner.dedupe.buffer.size=16777216
num.network.threads=2
num.io.threads=4
"""


async def prepare(
    layout: Layout,
    home: Path,
    cache: Path,
    port: int,
    controller_port: int,
    more: str = "",
    format_options: Sequence[str] = (),
) -> None:
    """Write the settings, and format the log directory where it is new; raises StackError.

    `more` are settings that come on top, and may contradict; `format_options` are for `kafka-storage format`.
    """
    directory = layout.of("kafka")
    directory.mkdir(exist_ok=True)
    settings = properties(directory, port, controller_port) + more
    (directory / "server.properties").write_text(settings)
    (directory / "log4j2.xml").write_text(_LOG4J)
    if not (directory / "log" / "meta.properties").exists():
        await _format(layout, home, cache, format_options)


def command(layout: Layout, home: Path, cache: Path) -> child.Command:
    """Return how the broker is run."""
    directory = layout.of("kafka")
    settings = str(directory / "server.properties")
    arguments = [f"-Dlog4j2.configurationFile={directory / 'log4j2.xml'}", "kafka.Kafka", settings]
    return child.Command(
        argv=java.command(cache, arguments, classpath=_classpath(home)),
        env=child.inherited_env({}),
        log=layout.log("kafka"),
        stop_seconds=30,
    )


def new_cluster_id(random: Callable[[], uuid.UUID] = uuid.uuid4) -> str:
    """Return a cluster's id as Kafka writes it; never one with a leading `-`, which would be an option."""
    while True:
        found = base64.urlsafe_b64encode(random().bytes).decode().rstrip("=")
        if not found.startswith("-"):
            return found


async def _format(layout: Layout, home: Path, cache: Path, options: Sequence[str]) -> None:
    directory = layout.of("kafka")
    cluster = new_cluster_id()
    config = str(directory / "server.properties")
    arguments = ["kafka.tools.StorageTool", "format", "-t", cluster, "-c", config, *options]
    format_command = child.Command(
        argv=java.command(cache, arguments, classpath=_classpath(home)),
        env=child.inherited_env({}),
        log=layout.log("kafka"),
    )
    if await child.run_once(format_command) != 0:
        raise start_failure("kafka", layout.log("kafka"), directory, is_server=True)


def _classpath(home: Path) -> str:
    return ":".join(str(jar) for jar in sorted(home.glob("*.jar")))
