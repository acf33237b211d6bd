"""Fetch sessions (KIP-227) for aiokafka's consumer, which names every partition in every fetch.

A consumer of 48 partitions that fetches every few milliseconds spends most of its time on writing and
reading lists of partitions that have nothing new. In a session the broker remembers the list: a request
names what changed since the one before, an answer names what has something.

Rests on the internals of aiokafka 0.14.0, hence the exact pin in pyproject.toml.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer
from aiokafka.protocol.fetch import FetchRequest

Place = tuple[str, int]
"""A topic and a partition."""

Wanted = dict[Place, tuple[int, int]]
"""What is fetched of each partition: from which offset, and how many bytes at most."""

Partition = tuple[int, int, int]
Topics = list[tuple[str, list[Partition]]]
"""As aiokafka lists them: by topic, partition, offset and bytes."""

_NO_SESSION, _FIRST_EPOCH, _LAST_EPOCH = 0, 0, 2**31 - 1
_WITHOUT_SESSIONS = 7  # the first version of the request that knows sessions
_OVER = frozenset((70, 71, 106))
"""Errors after which a session is to be begun anew: id not found, wrong epoch, topic ids inconsistent."""


class Step(NamedTuple):
    """The next request of a session."""

    session_id: int
    epoch: int
    changed: Wanted
    forgotten: frozenset[Place]


class Session:
    """What one broker remembers of what this consumer fetches."""

    def __init__(self) -> None:
        self._id = _NO_SESSION
        self._epoch = _FIRST_EPOCH
        self._known: Wanted = {}

    def step(self, wanted: Wanted) -> Step:
        """Return the request that lets the broker know all that is wanted."""
        known = self._known
        changed = {place: what for place, what in wanted.items() if known.get(place) != what}
        return Step(self._id, self._epoch, changed, frozenset(known.keys() - wanted.keys()))

    def answered(self, wanted: Wanted, error: int, session_id: int) -> bool:
        """Take note of an answer; False if the session is over and the request is to be sent again."""
        if error in _OVER:
            began = self._epoch != _FIRST_EPOCH
            self.lost()
            self._id = _NO_SESSION
            return not began
        if (
            error or session_id == _NO_SESSION
        ):  # the broker keeps no more sessions: all is named again
            self.lost()
            return True
        self._id, self._known = session_id, wanted
        self._epoch = 1 if self._epoch == _LAST_EPOCH else self._epoch + 1
        return True

    def lost(self) -> None:
        """What the broker knows is not certain any more: begin anew, which ends the old session there."""
        self._epoch, self._known = _FIRST_EPOCH, {}


class _SessionRequest(FetchRequest):  # type: ignore[misc]
    """A fetch as a step of a session."""

    def __init__(self, whole: FetchRequest, step: Step) -> None:
        super().__init__(
            whole._max_wait_ms,
            whole._min_bytes,
            whole._max_bytes,
            whole._isolation_level,
            _by_topic((topic, (n, *what)) for (topic, n), what in step.changed.items()),
            whole._rack_id,
        )
        self._whole, self._step = whole, step

    def build(self, request_struct_class: Any) -> Any:
        """Return the request in the version that the broker speaks."""
        if request_struct_class.API_VERSION < _WITHOUT_SESSIONS:
            return self._whole.build(request_struct_class)
        request = super().build(request_struct_class)
        request.session_id, request.session_epoch = self._step.session_id, self._step.epoch
        request.forgotten_topics_data = _by_topic(self._step.forgotten)
        return request


class _SessionClient:
    """aiokafka's client, as a consumer's fetcher sees it."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._sessions: dict[int, Session] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def send(self, node_id: int, request: Any, **options: Any) -> Any:
        """Send a request; a fetcher has one fetch at a time on its way to a broker."""
        if type(request) is not FetchRequest:
            return await self._client.send(node_id, request, **options)
        session = self._sessions.setdefault(node_id, Session())
        wanted = {
            (topic, number): (offset, most)
            for topic, partitions in request.topics
            for number, offset, most in partitions
        }
        while True:
            try:
                step = _SessionRequest(request, session.step(wanted))
                answer = await self._client.send(node_id, step, **options)
            except BaseException:  # it may have come to the broker or not
                session.lost()
                raise
            if answer.API_VERSION < _WITHOUT_SESSIONS:
                return answer
            if session.answered(wanted, answer.error_code, answer.session_id):
                return answer


def _by_topic(items: Iterable[tuple[str, Any]]) -> list[tuple[str, list[Any]]]:
    found: dict[str, list[Any]] = {}
    for topic, item in items:
        found.setdefault(topic, []).append(item)
    return list(found.items())


def use_fetch_sessions(consumer: AIOKafkaConsumer) -> None:
    """Let a started consumer fetch in sessions from now on."""
    fetcher = consumer._fetcher
    fetcher._client = _SessionClient(fetcher._client)
