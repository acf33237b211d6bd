"""Kafka (KRaft): one broker that is its own controller, or several."""

import base64
import re
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from roomlog.stack import child, java
from roomlog.stack.errors import StackError, start_failure
from roomlog.stack.layout import Layout
from roomlog.stack.ports import HOST
from roomlog.stack.spec import number_of

COPIES = 3
"""Of everything, where there are so many brokers; two of them have what is acked."""
_HEAP_MB, _SMALL_HEAP_MB = 256, 160

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


class Broker(Struct, frozen=True):
    """One broker: its name (`kafka`, `kafka-2`), its port, and that of its controller (0: it has none)."""

    name: str
    port: int
    controller_port: int = 0

    @property
    def node_id(self) -> int:
        """The number by which the cluster knows it."""
        return number_of(self.name)

    @property
    def address(self) -> str:
        """Where clients find it."""
        return f"{HOST}:{self.port}"


class Cluster(Struct, frozen=True):
    """All brokers of a stack, and the id that they share.

    The controllers elect one of themselves, by majority. Which brokers have one is laid down with the first
    start of a data directory: the quorum is named by address, so that another start may use other ports,
    and such a quorum can neither grow nor shrink.
    """

    id: str
    brokers: tuple[Broker, ...]

    @property
    def bootstrap(self) -> str:
        """Where clients find the cluster."""
        return ",".join(b.address for b in self.brokers)

    @property
    def copies(self) -> int:
        """How many copies of its own topics the cluster keeps."""
        return min(COPIES, len(self.brokers))

    @property
    def voters(self) -> str:
        """The controllers, as Kafka's settings name them."""
        voting = (b for b in self.brokers if b.controller_port)
        return ",".join(f"{b.node_id}@{HOST}:{b.controller_port}" for b in voting)


def controllers_among(brokers: int) -> int:
    """Return how many of so many new brokers have a controller: three, as one of three may be away."""
    return COPIES if brokers >= COPIES else 1


def properties(directory: Path, broker: Broker, cluster: Cluster) -> str:
    """Return a broker's settings.

    What was acked is in the page cache, so it survives the death of every process; only a machine
    that loses power can lose the last moments (Kafka's defence is replication on several machines).
    """
    controller = f"CONTROLLER://{HOST}:{broker.controller_port}"
    own = f"PLAINTEXT://{broker.address}"
    copies, insync = cluster.copies, max(1, cluster.copies - 1)
    return f"""\
process.roles={"broker,controller" if broker.controller_port else "broker"}
node.id={broker.node_id}
controller.quorum.voters={cluster.voters}
listeners={f"{own},{controller}" if broker.controller_port else own}
advertised.listeners={own}
controller.listener.names=CONTROLLER
log.dirs={directory / "log"}
auto.create.topics.enable=false
# As few partitions of its own topics as do.
default.replication.factor={copies}
min.insync.replicas={insync}
offsets.topic.replication.factor={copies}
offsets.topic.num.partitions=4
transaction.state.log.replication.factor={copies}
transaction.state.log.min.isr={insync}
transaction.state.log.num.partitions=2
share.coordinator.state.topic.replication.factor={copies}
share.coordinator.state.topic.min.isr={insync}
share.coordinator.state.topic.num.partitions=2
# After a kill the broker may register again once its old session is over (9 s otherwise), and only then
# others lead its partitions.
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=1000
# What another broker led while this one was away comes back to it (300 s otherwise).
leader.imbalance.check.interval.seconds=10
# A worker that starts need not wait for others.
group.initial.rebalance.delay.ms=0
# With nobody there the controller writes nothing (a record every 500 ms otherwise, that only other controllers need).
metadata.max.idle.interval.ms={0 if len(cluster.brokers) == 1 else 500}
# A small heap: the cleaner's buffer is 128 MiB otherwise.
log.cleaner.dedupe.buffer.size=16777216
num.network.threads=1
num.io.threads=2
group.coordinator.threads=1
"""


def present(layout: Layout) -> list[str]:
    """Return the brokers that a data directory holds files of, in their order."""
    found = [d.name for d in layout.data.glob("kafka*") if _meta(layout, d.name).exists()]
    return sorted(found, key=number_of)


def present_controllers(layout: Layout) -> int:
    """Return how many controllers the quorum of a data directory has; 0 where it holds no broker."""
    held = present(layout)
    if not held:
        return 0
    settings = layout.of(held[0]) / "server.properties"
    return len(_value(settings, "controller.quorum.voters").split(","))


def brokers_for(layout: Layout, asked: int) -> int:
    """Return how many brokers to start on a data directory; 0 asks for as many as it has.

    Raises StackError where it has another number of them.
    """
    held = present(layout)
    if not held:
        return asked or 1
    count = max(number_of(held[-1]), present_controllers(layout))
    if asked not in (0, count):
        raise StackError(
            f"The data in {layout.data} are on {count} broker{'s' if count > 1 else ''}: start without "
            f"--brokers, then change the number with `roomlog scale kafka={asked}`."
        )
    return count


def cluster_id(layout: Layout) -> str:
    """Return the id of the cluster of a data directory, a new one where it holds no broker."""
    held = present(layout)
    return _value(_meta(layout, held[0]), "cluster.id") if held else new_cluster_id()


def _meta(layout: Layout, name: str) -> Path:
    return layout.of(name) / "log" / "meta.properties"


def _value(properties_file: Path, key: str) -> str:
    found = re.search(rf"^{re.escape(key)}=(.*)$", properties_file.read_text(), re.MULTILINE)
    if found is None:
        raise StackError(f"{properties_file} is damaged: it has no {key}.")
    return found[1]


async def prepare(
    layout: Layout,
    home: Path,
    cache: Path,
    broker: Broker,
    cluster: Cluster,
    more: str = "",
    format_options: Sequence[str] = (),
) -> None:
    """Write the settings, and format the log directory where it is new; raises StackError.

    `more` are settings that come on top, and may contradict; `format_options` are for `kafka-storage format`.
    """
    directory = layout.of(broker.name)
    directory.mkdir(exist_ok=True)
    (directory / "server.properties").write_text(properties(directory, broker, cluster) + more)
    (directory / "log4j2.xml").write_text(_LOG4J)
    if not _meta(layout, broker.name).exists():
        await _format(layout, home, cache, broker.name, ["-t", cluster.id, *format_options])


def command(
    layout: Layout, home: Path, cache: Path, name: str = "kafka", *, alone: bool = True
) -> child.Command:
    """Return how a broker is run; one that is not alone has a smaller heap."""
    directory = layout.of(name)
    settings = str(directory / "server.properties")
    arguments = [f"-Dlog4j2.configurationFile={directory / 'log4j2.xml'}", "kafka.Kafka", settings]
    heap_mb = _HEAP_MB if alone else _SMALL_HEAP_MB
    return child.Command(
        argv=java.command(cache, arguments, classpath=_classpath(home), heap_mb=heap_mb),
        env=child.inherited_env({}),
        log=layout.log(name),
        stop_seconds=30,
    )


def new_cluster_id(random: Callable[[], uuid.UUID] = uuid.uuid4) -> str:
    """Return a cluster's id as Kafka writes it; never one with a leading `-`, which would be an option."""
    while True:
        found = base64.urlsafe_b64encode(random().bytes).decode().rstrip("=")
        if not found.startswith("-"):
            return found


async def _format(
    layout: Layout, home: Path, cache: Path, name: str, options: Sequence[str]
) -> None:
    directory = layout.of(name)
    config = str(directory / "server.properties")
    arguments = ["kafka.tools.StorageTool", "format", "-c", config, *options]
    format_command = child.Command(
        argv=java.command(cache, arguments, classpath=_classpath(home)),
        env=child.inherited_env({}),
        log=layout.log(name),
    )
    if await child.run_once(format_command) != 0:
        raise start_failure(name, layout.log(name), directory, is_server=True)


def _classpath(home: Path) -> str:
    return ":".join(str(jar) for jar in sorted(home.glob("*.jar")))
