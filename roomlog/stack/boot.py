"""The way up: which step waits for which. What does not depend on each other runs at the same time."""

import asyncio
import importlib
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec import structs

from roomlog.stack import artifacts, child, kafka, postgres, registry, services, valkey, warmup, web
from roomlog.stack.brokers import Brokers, make_topics
from roomlog.stack.errors import StackError
from roomlog.stack.layout import Layout
from roomlog.stack.ports import HOST, Ports
from roomlog.stack.progress import Note, Report, Step
from roomlog.stack.ready import Probe, http_probe, postgres_probe, valkey_probe
from roomlog.stack.services import Addresses
from roomlog.stack.spec import SCALABLE, SERVERS, SERVICES, Spec, kind_of
from roomlog.stack.supervise import Managed

_NEEDS = {"registry": ("postgres",)} | dict.fromkeys(SERVICES, SERVERS)


class Boot:
    """Brings one stack up; `managed` fills while it does, so that what was started can be stopped."""

    def __init__(
        self, spec: Spec, layout: Layout, cache: Path, report: Report, on_change: Callable[[], None]
    ) -> None:
        self.managed: dict[str, Managed] = {}
        self._spec = _with_brokers(spec, layout)
        self._layout = layout
        self._cache = cache
        self._report = report
        self._on_change = on_change
        self._names = self._spec.names()
        self._brokers = Brokers(layout, cache, self._of_kind("kafka"), self._start)
        self._password = _read_password(layout)

    def choose_ports(self, ports: Ports) -> Addresses:
        """Reserve a port for everything that will run, and return all addresses; raises StackError."""
        _require_what_others_need(self._spec, self._names)
        self._ports = {n: self._choose(n, ports) for n in self._names}
        self._brokers.choose_ports(ports, self._ports)
        if "registry" in self._names:
            self._management_port = ports.choose("registry-management")
        return self.addresses

    @property
    def addresses(self) -> Addresses:
        """Where everything is; the password of PostgreSQL is in it once there is one."""
        external, at = self._spec.external, self._ports
        own = {
            "kafka": self._brokers.bootstrap,
            "postgres": postgres.dsn(self._password, at.get("postgres", 0)),
            "valkey": f"redis://{HOST}:{at.get('valkey', 0)}/0",
            "registry": registry.url(at.get("registry", 0)),
        }
        found = {s: external.get(s) or (a if s in at else "") for s, a in own.items()}
        return Addresses(**found, ports=at)

    async def warm_up(self, ports: Ports) -> None:
        """Make the next start quicker; see `warmup`. Takes ports of its own, raises nothing."""
        here = warmup.Here(self._cache, ports, self.addresses.postgres)
        await warmup.make_caches(here, [n for n in self._names if n in warmup.PROGRAMS])

    async def run(self) -> None:
        """Start everything and return when all of it is ready; raises StackError, OSError."""
        async with asyncio.TaskGroup() as group:
            building = group.create_task(self._build_web())
            database = group.create_task(self._database())
            waits = [
                group.create_task(self._valkey()),
                group.create_task(self._log()),
                group.create_task(self._schemas(database)),
                group.create_task(self._tables(database)),
            ]
            for name in self._names:
                if name in self._ports and kind_of(name) not in SERVERS:
                    after = [*waits, building] if name == "api" else waits
                    group.create_task(self._service(name, after))

    async def add(self, name: str, ports: Ports) -> None:
        """Start one more of a kind (SCALABLE) beside those that run, and return once it is ready.

        Raises StackError.
        """
        kind = kind_of(name)
        if name in self.managed or kind not in SCALABLE or kind in self._spec.external:
            raise StackError(f"{name} cannot be added: name a service such as streams-3.")
        _require_what_others_need(self._spec, [*self.managed, name])
        self._ports[name] = self._choose(name, ports)
        if kind == "kafka":
            home = await self._fetched("kafka")
            await self._brokers.add(name, self._ports[name], home, lambda n: self._drop(n, ports))
            return
        try:
            await self._start_service(name)
        except (StackError, OSError):
            await self._drop(name, ports)
            raise

    async def remove(self, name: str, ports: Ports) -> None:
        """Stop a service and forget it; raises StackError."""
        if kind_of(name) not in SCALABLE:
            raise StackError(f"{name} cannot be removed: there is only one.")
        if kind_of(name) == "kafka":
            await self._brokers.remove(name, lambda broker: self._drop(broker, ports))
        else:
            await self._drop(name, ports)

    async def _drop(self, name: str, ports: Ports) -> None:
        if name in self.managed:
            await self.managed.pop(name).stop()
        ports.release(self._ports.pop(name))
        self._on_change()

    def _of_kind(self, kind: str) -> list[str]:
        return [n for n in self._names if kind_of(n) == kind]

    def _choose(self, name: str, ports: Ports) -> int:
        if name == "api" and self._spec.web_port is not None:
            return ports.insist(self._spec.web_port)
        return ports.choose(name)

    async def _valkey(self) -> None:
        if "valkey" not in self._names:
            return
        async with self._step("valkey"):
            port = self._ports["valkey"]
            await self._start("valkey", valkey.command(self._layout, port), valkey_probe(port))

    async def _database(self) -> None:
        """Start PostgreSQL with its databases."""
        if "postgres" not in self._names:
            return
        async with self._step("postgres"):
            home, port = await self._fetched("postgres"), self._ports["postgres"]
            self._password = await postgres.prepare(self._layout, home)
            server = postgres.dsn(self._password, port, "postgres")
            command = postgres.command(self._layout, home, port)
            await self._start("postgres", command, postgres_probe(server))
            await postgres.create_database(server, postgres.DATABASE)

    async def _tables(self, database: Awaitable[None]) -> None:
        await database
        if all(n in SERVERS for n in self._names) or not self.addresses.postgres:
            return
        async with self._step("tables"):
            migrate = importlib.import_module("projector.migrate").migrate
            outcome = await asyncio.to_thread(migrate, self.addresses.postgres)
            if inspect.isawaitable(outcome):
                await outcome

    async def _log(self) -> None:
        """Start Kafka with its topics."""
        if self._of_kind("kafka"):
            await self._brokers.run(await self._fetched("kafka"), self._step)
        if self.addresses.kafka:
            async with self._step("topics"):
                await make_topics(self.addresses.kafka)

    async def _schemas(self, database: Awaitable[None]) -> None:
        """Start the registry, which keeps its schemas in PostgreSQL, and register ours."""
        if "registry" in self._names:
            async with self._step("registry"):
                home, port = await self._fetched("registry"), self._ports["registry"]
                await database
                server = self.addresses.postgres
                await postgres.create_database(server, postgres.REGISTRY_DATABASE)
                ports = registry.Ports(port, self._management_port)
                command = registry.command(self._layout, home, self._cache, ports, server)
                await self._start("registry", command, http_probe(port, f"{registry.API}/subjects"))
        if self.addresses.registry:
            async with self._step("schemas"):
                register_all = importlib.import_module("schemas.registry").register_all
                await asyncio.to_thread(register_all, self.addresses.registry)

    async def _service(self, name: str, after: list[asyncio.Task[None]]) -> None:
        self._report(Step(name, "waiting"))
        await asyncio.gather(*after)
        async with self._step(name):
            await self._start_service(name)

    async def _start_service(self, name: str) -> None:
        keys = self._layout.data / "jwt.pem", self._layout.data / "jwks.json"
        added = self._spec.added_env(name)
        command = services.command(name, self.addresses, self._layout, keys, added)
        await self._start(name, command, http_probe(self._ports[name], "/readyz"))

    async def _build_web(self) -> None:
        if "api" not in self._names or not self._spec.web:
            return
        if await asyncio.to_thread(web.is_stale):
            async with self._step("web client", "building"):
                await web.build(self._layout)

    async def _start(self, name: str, command: child.Command, probe: Probe) -> None:
        port, is_server = self._ports[name], kind_of(name) in SERVERS
        managed = Managed(name, command, probe, port, is_server, self._on_change, self._note)
        self.managed[name] = managed
        await managed.start()

    def _note(self, text: str) -> None:
        self._report(Note(text))

    async def _fetched(self, server: str) -> Path:
        """Return where a server's files are, fetching them with a progress report if they are not."""
        loop = asyncio.get_running_loop()

        def on_bytes(done: int, total: int) -> None:
            step = Step(server, "running", "fetching", done, total)
            loop.call_soon_threadsafe(self._report, step)

        if home := artifacts.installed(server, self._cache):
            return home
        self._report(Step(server, "running", "fetching"))
        return await asyncio.to_thread(artifacts.install, server, self._cache, on_bytes)

    @asynccontextmanager
    async def _step(self, name: str, text: str = "starting") -> AsyncIterator[None]:
        self._report(Step(name, "running", text))
        try:
            yield
        except Exception:
            self._report(Step(name, "failed"))
            raise
        port = self._ports.get(name)
        self._report(Step(name, "done", f"port {port}" if port else ""))


def _with_brokers(spec: Spec, layout: Layout) -> Spec:
    """Return the spec with the number of brokers that the data directory asks for; raises StackError."""
    if "kafka" not in spec.external:
        return structs.replace(spec, brokers=kafka.brokers_for(layout, spec.brokers))
    if spec.brokers:
        raise StackError(
            "--brokers starts brokers, but ROOMLOG_KAFKA names some: drop one of both."
        )
    return spec


def _require_what_others_need(spec: Spec, names: list[str]) -> None:
    needs = {n for name in names for n in _NEEDS.get(kind_of(name), ())}
    if missing := sorted(needs - set(names) - set(spec.external)):
        variables = " or ".join(f"ROOMLOG_{n.upper()}" for n in missing)
        raise StackError(
            f"What --only names needs {', '.join(missing)} too: add it, or say in {variables} where "
            "one runs."
        )


def _read_password(layout: Layout) -> str:
    return layout.postgres_password.read_text().strip() if layout.postgres_password.exists() else ""
