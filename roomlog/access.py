"""Who may do what in Kafka: the list in `infra/access.yaml`, and how a cluster is brought there.

Each service signs in as a user of its own (SASL, SCRAM-SHA-512). What it may do are access control lists, which
the cluster keeps and checks; what no list allows is refused (`authorizer.class.name`, and
`allow.everyone.if.no.acl.found=false`, which is the default).
"""

import hashlib
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

from roomlog.brokers import client_options

FILE = Path(__file__).parent.parent / "infra" / "access.yaml"
_TIMEOUT_MS = 15_000
_ITERATIONS = 8_192
"""Of SCRAM; brokers take 4,096 to 16,384."""

Kind = Literal["topic", "group"]
Operation = Literal["read", "write"]


class AccessError(RuntimeError):
    """The list cannot be read, or the cluster refused; the message says why."""


class Service(msgspec.Struct, frozen=True):
    """What a service may do: topics that it writes and reads, and the consumer group that it joins."""

    produce: list[str] = []
    consume: list[str] = []
    group: str = ""

    @property
    def topics(self) -> list[str]:
        """All topics that it has to do with."""
        return sorted({*self.produce, *self.consume})


NOTHING = Service()


class _File(msgspec.Struct, frozen=True):
    services: dict[str, Service]


class Right(NamedTuple):
    """That a user may do one thing; reading and writing include that it may know of it (Describe)."""

    user: str
    operation: Operation
    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.user} may {self.operation} {self.kind} {self.name}"


class Difference(NamedTuple):
    """What a cluster lacks of the list, and what it allows these users (or forbids them) beyond it."""

    missing: list[Right]
    surplus: "list[Entry]"


class Entry(NamedTuple):
    """An access control list's entry, in the numbers of Kafka's protocol."""

    resource: int
    name: str
    pattern: int
    principal: str
    host: str
    operation: int
    permission: int

    def __str__(self) -> str:
        what = _RESOURCE_NAMES.get(self.resource, f"resource {self.resource}")
        may = "may" if self.permission == _ALLOW else "may not"
        does = _OPERATION_NAMES.get(self.operation, f"do operation {self.operation} on")
        prefixed = "*" if self.pattern == _PREFIXED else ""
        return f"{self.principal.removeprefix(_USER)} {may} {does} {what} {self.name}{prefixed}"


_USER = "User:"
_RESOURCES: dict[Kind, int] = {"topic": 2, "group": 3}
_OPERATIONS: dict[Operation, int] = {"read": 3, "write": 4}
_RESOURCE_NAMES = {2: "topic", 3: "group", 4: "cluster", 5: "transactional id"}
_OPERATION_NAMES = {2: "do everything with", 3: "read", 4: "write", 8: "describe"}
_ANY, _LITERAL, _PREFIXED, _ALLOW = 1, 3, 4, 3
"""org.apache.kafka.common.resource and ...common.acl number them so."""


def load(path: Path = FILE) -> dict[str, Service]:
    """Read the list; raises AccessError where the file is not understood."""
    try:
        return msgspec.yaml.decode(path.read_bytes(), type=_File).services
    except (OSError, msgspec.DecodeError) as error:
        raise AccessError(f"cannot read {path}: {error}") from error


def rights(services: Mapping[str, Service]) -> list[Right]:
    """Return everything that the list allows, in order."""
    found = [
        right
        for user, may in services.items()
        for right in (
            *(Right(user, "write", "topic", topic) for topic in may.produce),
            *(Right(user, "read", "topic", topic) for topic in may.consume),
            *([Right(user, "read", "group", may.group)] if may.group else []),
        )
    ]
    return sorted(found)


def compared(services: Mapping[str, Service], entries: Iterable[Entry]) -> Difference:
    """Return how a cluster's entries differ from the list; entries of other users are not looked at."""
    wanted = {_entry(right): right for right in rights(services)}
    ours = {e for e in entries if e.principal.removeprefix(_USER) in services}
    missing = [right for entry, right in wanted.items() if entry not in ours]
    return Difference(missing, sorted(ours - wanted.keys()))


async def difference(bootstrap: str) -> Difference:
    """Return how a cluster differs from the list; raises AccessError, KafkaError."""
    async with _connected(bootstrap) as client:
        return await _difference(client, load())


async def apply(bootstrap: str) -> Difference:
    """Bring a cluster to the list: grant what is missing, take away what is surplus. Returns what was done.

    Takes away last, so that nobody is without a right in between. Raises AccessError, KafkaError.
    """
    from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest

    async with _connected(bootstrap) as client:
        found = await _difference(client, load())
        for right in found.missing:
            answer = await _ask(client, CreateAclsRequest(*_entry(right)))
            _check(answer.creation_responses)
        for entry in found.surplus:
            answer = await _ask(client, DeleteAclsRequest(*entry))
            _check((code, text) for code, text, _ in answer.filter_responses)
    return found


async def set_password(bootstrap: str, user: str, password: str) -> None:
    """Let a user in with this password from now on, and with no other. Raises AccessError, KafkaError.

    The cluster gets what it needs to check the password (RFC 5802), not the password.
    """
    from roomlog.scram import AlterUserScramCredentials

    salt = secrets.token_bytes(32)
    salted = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
    async with _connected(bootstrap) as client:
        request = AlterUserScramCredentials(user, _ITERATIONS, salt, salted)
        answer = await _ask(client, request)
        _check((code, text) for _user, code, text, _tags in answer.results)


async def _difference(client: Any, services: Mapping[str, Service]) -> Difference:
    from aiokafka.protocol.admin import DescribeAclsRequest

    everything = DescribeAclsRequest(_ANY, None, _ANY, None, None, _ANY, _ANY)
    answer = await _ask(client, everything)
    _check([(answer.error_code, answer.error_message)])
    entries = [
        Entry(resource, name, pattern, *acl)
        for resource, name, pattern, acls in answer.resources
        for acl in acls
    ]
    return compared(services, entries)


def _entry(right: Right) -> Entry:
    return Entry(
        _RESOURCES[right.kind],
        right.name,
        _LITERAL,
        f"{_USER}{right.user}",
        "*",
        _OPERATIONS[right.operation],
        _ALLOW,
    )


@asynccontextmanager
async def _connected(bootstrap: str) -> AsyncIterator[Any]:
    from aiokafka.client import AIOKafkaClient

    client = AIOKafkaClient(**client_options(bootstrap), request_timeout_ms=_TIMEOUT_MS)
    await client.bootstrap()
    try:
        yield client
    finally:
        await client.close()


async def _ask(client: Any, request: Any) -> Any:
    """Ask any broker; it passes on to the controller what is the controller's."""
    return await client.send(client.get_random_node(), request)


def _check(results: Iterable[tuple[int, str | None]]) -> None:
    from aiokafka.errors import for_code

    for code, text in results:
        if code:
            raise AccessError(f"Kafka refused: {for_code(code).__name__} {text or ''}".strip())
