"""Kafka, PostgreSQL, Valkey and the schema registry with TLS, users and rights: those of the local stack, set so.

Valkey: the one of the local stack is built without TLS, so this is Debian's (`infra/valkey_tls.sh` installs it;
valkey-server where Debian has one, else redis-server). The registry has neither TLS nor passwords of its own, as
in most installations; before it stands a small gate that has both.
"""

import asyncio
import base64
import os
import shutil
import signal
import ssl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from redis.asyncio import Redis

from roomlog.stack import artifacts, child, kafka, postgres, registry
from roomlog.stack.layout import Layout, cache_dir
from roomlog.stack.ports import HOST, Ports
from roomlog.stack.ready import NotReady, Probe, http_probe, kafka_probe, postgres_probe
from roomlog.stack.supervise import Managed, stop_all
from tests.authority import Authority, Pair

ADMIN = "admin"
PASSWORD = "a-password-for-tests"


class Servers:
    """Everything that services connect to; addresses are those of the administrator."""

    def __init__(self, directory: Path) -> None:
        self.layout = Layout(directory)
        self.layout.make()
        directory.chmod(0o755)
        self.authority = Authority(directory / "authority", "tests")
        self.stranger = Authority(directory / "stranger", "stranger")
        self._ports = Ports(cache_dir() / "ports.lock", defaults=False)
        self._managed: list[Managed] = []
        self._gate: asyncio.Server | None = None
        self._tls = self.authority.sign("server")
        self.expired = self.authority.sign("expired", expired=True)
        names = (
            "kafka",
            "certificates",
            "expired",
            "controller",
            "postgres",
            "valkey",
            "gate",
            "registry",
            "more",
        )
        self.port = {name: self._ports.choose(name) for name in names}

    def kafka(self, user: str, password: str = PASSWORD, listener: str = "kafka") -> str:
        """Return the address of Kafka for a user."""
        return f"kafkas://{user}:{password}@{HOST}:{self.port[listener]}?ca={self.authority.file}"

    @property
    def postgres(self) -> str:
        """The connection string."""
        return self._dsn(postgres.DATABASE)

    @property
    def valkey(self) -> str:
        """The URL."""
        at = f"{HOST}:{self.port['valkey']}/0"
        return f"rediss://roomlog:{PASSWORD}@{at}?ssl_ca_certs={self.authority.file}"

    @property
    def registry(self) -> str:
        """The Confluent API, at the gate."""
        at = f"{HOST}:{self.port['gate']}{registry.API}"
        return f"https://roomlog:{PASSWORD}@{at}?ca={self.authority.file}"

    async def start(self) -> None:
        """Return when all of them serve."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._start_kafka())
            group.create_task(self._start_valkey())
            group.create_task(self._start_postgres())

    async def stop(self) -> None:
        """Stop what was started."""
        if self._gate is not None:
            self._gate.close()
        await stop_all(self._managed)
        self._ports.close()

    async def show_postgres_certificate(self, pair: Pair) -> None:
        """Give PostgreSQL another certificate while it runs."""
        self._copy_for_postgres(pair)
        (process,) = [m.status().pid for m in self._managed if m.name == "postgres"]
        os.kill(process, signal.SIGHUP)

    async def show_valkey_certificate(self, pair: Pair) -> None:
        """Give Valkey another certificate while it runs."""
        client = Redis.from_url(f"{self.valkey}&ssl_cert_reqs=none")  # whatever it shows now
        await client.execute_command(  # type: ignore[no-untyped-call]
            "CONFIG", "SET", "tls-cert-file", str(pair.certificate), "tls-key-file", str(pair.key)
        )
        await client.aclose()

    @property
    def certificate(self) -> Pair:
        """The good one, that all servers begin with."""
        return self._tls

    def _dsn(self, database: str) -> str:
        password = self.layout.postgres_password.read_text().strip()
        plain = postgres.dsn(password, self.port["postgres"], database)
        return f"{plain}?sslmode=verify-full&sslrootcert={self.authority.file}"

    async def _start_kafka(self) -> None:
        home, cache = artifacts.install("kafka", cache_dir(), lambda *_: None), cache_dir()
        scram = f"SCRAM-SHA-512=[name={ADMIN},password={PASSWORD}]"
        port = self.port["kafka"]
        broker = kafka.Broker("kafka", port, self.port["controller"])
        cluster = kafka.Cluster(kafka.new_cluster_id(), (broker,))
        await kafka.prepare(
            self.layout,
            home,
            cache,
            broker,
            cluster,
            self._properties(),
            ["--add-scram", scram],
        )
        command = kafka.command(self.layout, home, cache)
        await self._run("kafka", command, kafka_probe(self.kafka(ADMIN), port))

    def _properties(self) -> str:
        """Users over TLS, client certificates at another listener, and one whose certificate has expired."""
        at, ca = self.port, self.authority.file
        login = "org.apache.kafka.common.security.scram.ScramLoginModule required"
        login = f'{login} username="{ADMIN}" password="{PASSWORD}";'
        listeners = f"USERS://{HOST}:{at['kafka']},CERTIFICATES://{HOST}:{at['certificates']},EXPIRED://{HOST}:{at['expired']}"
        return f"""
listeners={listeners},CONTROLLER://{HOST}:{at["controller"]}
advertised.listeners={listeners}
listener.security.protocol.map=USERS:SASL_SSL,EXPIRED:SASL_SSL,CERTIFICATES:SSL,CONTROLLER:SSL
inter.broker.listener.name=USERS
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.users.scram-sha-512.sasl.jaas.config={login}
listener.name.expired.scram-sha-512.sasl.jaas.config={login}
ssl.keystore.type=PEM
ssl.keystore.location={self._tls.together()}
ssl.truststore.type=PEM
ssl.truststore.location={ca}
listener.name.expired.ssl.keystore.type=PEM
listener.name.expired.ssl.keystore.location={self.expired.together()}
listener.name.certificates.ssl.client.auth=required
listener.name.controller.ssl.client.auth=required
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:{ADMIN};User:CN=server
"""

    async def _start_postgres(self) -> None:
        home = artifacts.install("postgres", cache_dir(), lambda *_: None)
        await postgres.prepare(self.layout, home)
        data = self.layout.of("postgres")
        (data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
        self._copy_for_postgres(self._tls)
        command = postgres.command(self.layout, home, self.port["postgres"], {"ssl": "on"})
        await self._run("postgres", command, postgres_probe(self._dsn("postgres")))
        for database in (postgres.DATABASE, postgres.REGISTRY_DATABASE):
            await postgres.create_database(self._dsn("postgres"), database)
        await self._start_registry()

    def _copy_for_postgres(self, pair: Pair) -> None:
        for source, name in ((pair.certificate, "server.crt"), (pair.key, "server.key")):
            target = self.layout.of("postgres") / name
            shutil.copyfile(source, target)
            target.chmod(0o600)
            if user := child.unprivileged_user():
                shutil.chown(target, user)

    async def _start_registry(self) -> None:
        home = artifacts.install("registry", cache_dir(), lambda *_: None)
        ports = registry.Ports(self.port["registry"], self.port["more"])
        command = registry.command(self.layout, home, cache_dir(), ports, self.postgres)
        await self._run("registry", command, http_probe(ports.api, f"{registry.API}/subjects"))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self._tls.certificate, self._tls.key)
        self._gate = await asyncio.start_server(self._let_in, HOST, self.port["gate"], ssl=context)

    async def _let_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one request a connection on, if it is from whom we know."""
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            known = base64.b64encode(f"roomlog:{PASSWORD}".encode())
            if b"\r\nAuthorization: Basic " + known + b"\r\n" not in head:
                writer.write(
                    b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                )
            else:
                writer.write(await self._forwarded(head, reader))
            await writer.drain()
        writer.close()

    async def _forwarded(self, head: bytes, reader: asyncio.StreamReader) -> bytes:
        lines = head.split(b"\r\n")
        sizes = [
            int(line.partition(b":")[2])
            for line in lines
            if line.lower().startswith(b"content-length:")
        ]
        body = await reader.readexactly(sizes[0]) if sizes else b""
        kept = [line for line in lines[:-2] if not line.lower().startswith(b"connection:")]
        behind, onward = await asyncio.open_connection(HOST, self.port["registry"])
        onward.write(b"\r\n".join([*kept, b"Connection: close", b"", b""]) + body)
        answer = await behind.read()
        onward.close()
        return answer

    async def _start_valkey(self) -> None:
        directory = self.layout.of("valkey")
        directory.mkdir()
        flags = {
            "bind": HOST,
            "port": "0",
            "tls-port": str(self.port["valkey"]),
            "tls-cert-file": str(self._tls.certificate),
            "tls-key-file": str(self._tls.key),
            "tls-ca-cert-file": str(self.authority.file),
            "tls-auth-clients": "no",
            "dir": str(directory),
            "save": "",
        }
        argv = [
            valkey_program(),
            *(part for name, value in flags.items() for part in (f"--{name}", value)),
        ]
        users = [
            "--user",
            "default",
            "off",
            "--user",
            "roomlog",
            "on",
            f">{PASSWORD}",
            "~*",
            "&*",
            "+@all",
        ]
        command = child.Command([*argv, *users], child.inherited_env({}), self.layout.log("valkey"))
        await self._run("valkey", command, _answers(lambda: self.valkey))

    async def _run(self, name: str, command: child.Command, probe: Probe) -> None:
        managed = Managed(name, command, probe, self.port[name], True, lambda: None)
        self._managed.append(managed)
        await managed.start()


def valkey_program() -> str:
    """Return the program of a Valkey, or a Redis, that was built with TLS."""
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    assert found, "no valkey-server or redis-server with TLS: infra/valkey_tls.sh installs one"
    return found


def _answers(url: Callable[[], str]) -> Probe:
    async def probe() -> None:
        client = Redis.from_url(url(), socket_connect_timeout=2)
        try:
            await client.ping()
        except (OSError, Exception) as error:
            raise NotReady(str(error)) from error
        finally:
            await client.aclose()

    return probe
