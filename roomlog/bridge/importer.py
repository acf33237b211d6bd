"""The import as a whole: accounts, connections, rooms side by side, and what came of it."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from msgspec import Struct

from roomlog import ids
from roomlog.bridge.actions import Placed, read_file
from roomlog.bridge.player import RoomPlayer, Tally
from roomlog.bridge.rest import Api, ApiError, RoomHistory
from roomlog.bridge.resume import Part, Resume, Sorted
from roomlog.bridge.script import Bridge, RoomScript
from roomlog.bridge.survey import Survey
from roomlog.client import Client
from roomlog.cursors import parse_cursor
from roomlog.errors import RETRYABLE, Refused
from roomlog.protocol.frames import Ack
from roomlog.target import Target
from roomlog.tokens import SCOPE_BRIDGE, Signer

TOKEN_S = 3_600
_RENEW_BEFORE_S = 600
_GROUPS_AT_ONCE = 64
_RETRY_MS = 1_000


class Options(Struct, frozen=True):
    """How to import. `speed` is a multiple of the recorded one, 0 for as fast as it goes."""

    bridge: Bridge = Bridge("import")
    speed: float = 0.0
    sockets: int = 4
    window: int = 32
    """Commands of one room that may be unanswered."""


class Summary(Struct):
    """What an import did; see `Tally` for what it has of it."""

    actions: int
    events: int
    unchanged: int
    refused: int
    new_events: int
    implied_joins: int
    people: int
    rooms: int
    replies: int
    parents_missing: int
    blank_texts: int
    bad_lines: int
    retried: int
    retried_because: dict[str, int]
    reordered: int
    seconds: float
    actions_per_s: float
    refusals: list[str]


class _Run(NamedTuple):
    """A room that is being imported; `start` is the time of its first action."""

    script: RoomScript
    player: RoomPlayer
    resume: Resume
    start: datetime


class Importer:
    """Plays surveyed files into an installation; an async context manager.

    Its methods raise ApiError, ConnectionEnded, NoTarget, OSError; running it again goes on where it stopped.
    """

    def __init__(self, target: Target, options: Options) -> None:
        self._options, self._bridge = options, options.bridge
        self._signer = Signer(target.need_key())
        self._session, self._signed, self._signed_at = ids.new_id(), "", 0.0
        self._known_nodes = list(target.ingest)
        self._api = Api(target.need_api(), self._token)
        self._scripts: list[RoomScript] = []
        self._clients: list[Client] = []
        self._paces: dict[str, float] = {}
        self.tally = Tally()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._api.close()

    async def register(self, survey: Survey, on_done: Callable[[int], None]) -> None:
        """Make an account for everybody who appears; the callback gets how many are done."""
        strangers = [name for name in survey.people if name not in self._bridge.people]
        await self._api.register(self._bridge, strangers, on_done)

    async def play(self, survey: Survey, on_done: Callable[[int], None]) -> Summary:
        """Play everything in; the callback gets how many actions are done."""
        started = time.monotonic()
        async with self._connected():
            gate = asyncio.Semaphore(_GROUPS_AT_ONCE)
            async with asyncio.TaskGroup() as group:
                for number, paths in enumerate(survey.groups):
                    group.create_task(self._play_group(gate, number, paths, survey, on_done))
        return self._summary(survey, time.monotonic() - started)

    def _token(self) -> str:
        now = time.time()
        if now - self._signed_at > TOKEN_S - _RENEW_BEFORE_S:
            self._signed_at = now
            self._signed = self._signer.access_token(
                self._bridge.account, self._bridge.name, self._session, now, SCOPE_BRIDGE, TOKEN_S
            )
        return self._signed

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[None]:
        async def token() -> str:
            self._signed_at = 0.0  # a socket lives as long as its token
            return self._token()

        try:
            for number in range(self._options.sockets):
                self._clients.append(await Client.connect(self._addresses(number), token))
            yield
        finally:
            await asyncio.gather(*(c.close() for c in self._clients))

    def _addresses(self, shift: int) -> Callable[[], Awaitable[list[str]]]:
        """Return a function for the addresses to try, each connection beginning with another."""

        async def addresses() -> list[str]:
            try:
                self._known_nodes = await self._api.nodes() or self._known_nodes
            except ApiError:
                if not self._known_nodes:
                    raise
            at = shift % max(1, len(self._known_nodes))
            return self._known_nodes[at:] + self._known_nodes[:at]

        return addresses

    async def _play_group(
        self,
        gate: asyncio.Semaphore,
        number: int,
        paths: list[Path],
        survey: Survey,
        on_done: Callable[[int], None],
    ) -> None:
        client = self._clients[number % len(self._clients)]
        runs: dict[str, _Run] = {}
        async with gate:
            for path in paths:
                for placed in read_file(path):
                    if not isinstance(placed, Placed):
                        continue  # the survey told of it
                    room = placed.action.room
                    run = runs.get(room)
                    if run is None:
                        run = runs[room] = await self._open(client, room, survey)
                    part = Part(placed, run.script.steps(placed.action))
                    await self._advance(run, await run.resume.take(part))
                    on_done(self.tally.done)
            for run in runs.values():
                await self._advance(run, await run.resume.finish())
                await run.player.finish()
            on_done(self.tally.done)

    async def _open(self, client: Client, room: str, survey: Survey) -> _Run:
        start, parents = survey.starts[room], survey.parents.get(room, set())
        script = RoomScript(self._bridge, room, start, parents)
        await _persist(lambda: client.request(script.create))
        # Its cursor tells what was there before; the events themselves are of no use here.
        there = await _persist(lambda: client.subscribe(script.room_id))
        await client.unsubscribe(script.room_id)
        before = parse_cursor(there.cursor or "0:-1").offset
        player = RoomPlayer(client, self._options.window, self.tally, before)
        history = RoomHistory(self._api, script.room_id)
        self._scripts.append(script)
        return _Run(script, player, Resume(history, self._options.window), start)

    async def _advance(self, run: _Run, parts: Sorted) -> None:
        for part in parts.there:
            self.tally.note_there(part.steps)
        for part in parts.missing:
            await self._play(run, part)

    async def _play(self, run: _Run, part: Part) -> None:
        action = part.placed.action
        if self._options.speed:
            await self._wait_for(action.room, (action.at - run.start).total_seconds())
        for step in part.steps:
            await run.player.play(step, part.placed)
        if not part.steps:
            self.tally.note_there(part.steps)

    async def _wait_for(self, room: str, recorded_s: float) -> None:
        """Sleep until an action is due, each room's clock starting with its first action."""
        now = asyncio.get_running_loop().time()
        due = self._paces.setdefault(room, now) + recorded_s / self._options.speed
        if due > now:
            await asyncio.sleep(due - now)

    def _summary(self, survey: Survey, seconds: float) -> Summary:
        tally, scripts = self.tally, self._scripts
        return Summary(
            actions=tally.done,
            events=tally.events,
            unchanged=tally.unchanged,
            refused=tally.refused,
            new_events=tally.new,
            implied_joins=tally.implied_joins,
            people=len(survey.people),
            rooms=len(scripts),
            replies=sum(s.replies for s in scripts),
            parents_missing=sum(s.parents_missing for s in scripts),
            blank_texts=sum(s.blanks for s in scripts),
            bad_lines=survey.bad,
            retried=tally.retried,
            retried_because=tally.reasons,
            reordered=tally.reordered,
            seconds=round(seconds, 3),
            actions_per_s=round(tally.done / seconds, 1) if seconds else 0.0,
            refusals=tally.refusals,
        )


async def _persist(request: Callable[[], Awaitable[Ack]]) -> Ack:
    """Make a request until it is not refused for now."""
    while True:
        try:
            return await request()
        except Refused as refused:
            if refused.code not in RETRYABLE:
                raise
            await asyncio.sleep((refused.retry_after_ms or _RETRY_MS) / 1_000)
