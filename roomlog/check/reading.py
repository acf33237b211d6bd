"""People who only look: they ask the API for rooms, pages and counts at a steady rate; every answer is recorded."""

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

import httpx

from roomlog.check.history import Read, Writer, now_ns
from roomlog.check.person import Person

_TIMEOUT_S = 30.0
_MOST_AT_ONCE = 100
_READABLE_S, _LOOK_S = 30.0, 0.05
_OF_A_ROOM = ("/rooms/{}", "/rooms/{}/messages?limit=20", "/rooms/{}/members")
_OF_ONES_OWN = ("/rooms?mine=true", "/unread", "/notifications")


class Readers:
    """Asks `rate` times a second in the name of the people, for rooms that they are in.

    `tokens` has one of each by their user id; 0 asks nothing.
    """

    def __init__(
        self,
        api: str,
        people: Sequence[Person],
        tokens: Mapping[str, str],
        rate: float,
        rng: random.Random,
        recorder: Writer,
    ) -> None:
        self._people, self._tokens, self._rate = people, tokens, rate
        self._rng, self._recorder = rng, recorder
        self._http = httpx.AsyncClient(
            base_url=api, timeout=_TIMEOUT_S, limits=httpx.Limits(max_connections=_MOST_AT_ONCE)
        )

    async def run(self, rooms: Sequence[str], stop: asyncio.Event) -> None:
        """Ask until told to stop, and wait for what was asked.

        Not before the rooms, which were just made, can be read, unless that takes long.
        """
        asked: set[asyncio.Task[None]] = set()
        async with self._http, asyncio.TaskGroup() as group:
            if self._rate:
                with suppress(TimeoutError, httpx.HTTPError):
                    async with asyncio.timeout(_READABLE_S):
                        await self._until_readable(rooms)
            while self._rate and not stop.is_set():
                if len(asked) < _MOST_AT_ONCE:
                    task = group.create_task(self._ask())
                    asked.add(task)
                    task.add_done_callback(asked.discard)
                await asyncio.sleep(1 / self._rate)

    async def _until_readable(self, rooms: Sequence[str]) -> None:
        headers = self._headers(self._people[0])
        for room in rooms:
            path = f"/rooms/{room}"
            while not (await self._http.get(path, headers=headers)).is_success:  # noqa: ASYNC110
                await asyncio.sleep(_LOOK_S)

    def _headers(self, person: Person) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._tokens[person.user]}"}

    async def _ask(self) -> None:
        person = self._rng.choice(self._people)
        path = self._rng.choice(self._paths(person))
        began = time.monotonic()
        try:
            answer = await self._http.get(path, headers=self._headers(person))
        except httpx.HTTPError as error:
            self._record(path, began, 0, repr(error))
            return
        code = "" if answer.is_success else _code(answer)
        self._record(path, began, answer.status_code, code, answer.headers.get("retry-after", ""))

    def _paths(self, person: Person) -> list[str]:
        rooms = [seat.room for seat in person.seats.values() if seat.membership == "in"]
        of_a_room = [path.format(self._rng.choice(rooms)) for path in _OF_A_ROOM] if rooms else []
        return [*of_a_room, *_OF_ONES_OWN]

    def _record(
        self, path: str, began: float, status: int, code: str, retry_after: str = ""
    ) -> None:
        took_ms = int((time.monotonic() - began) * 1_000)
        self._recorder.write(Read(now_ns(), path, status, took_ms, code, retry_after))


def _code(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["code"])
    except (ValueError, KeyError, TypeError):
        return answer.text[:100]
