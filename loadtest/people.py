"""Locust users that chat; a scenario says what they do."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, cast

import gevent
from locust import User, task
from locust.env import Environment
from locust.exception import StopUser

from loadtest.chat import Chat
from loadtest.connection import ChatError, since_ms
from loadtest.place import PlaceError
from loadtest.run import Run, now_us
from loadtest.scenario import Scenario
from loadtest.size import Size

_FOR_EVER_S = 3_600.0


class Person(User):
    """Signs in, enters rooms, waits for everybody, does `act` once, and listens until the end."""

    abstract = True
    window: ClassVar[int] = 100
    """How many messages may be unanswered at a time."""

    run_: Run
    number: int
    chat: Chat

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.scenario = cast(Scenario, environment.shape_class)

    @property
    def size(self) -> Size:
        """The size of the run."""
        return self.run_.plan.size

    # What a scenario may say.

    def rooms(self) -> list[str]:
        """Return the rooms to enter: one, so that all are of one size."""
        rooms = self.run_.plan.rooms
        return [rooms[self.number % len(rooms)]]

    def arrive(self) -> None:
        """Connect and enter the rooms; raises ChatError."""
        self.chat = Chat(self.run_, self.number, self.window, self.receive_bytes())
        self.chat.connect()
        for room in self.rooms():
            self.chat.enter(room)

    def receive_bytes(self) -> int:
        """Return the size of the kernel's receive buffer, 0 for the usual one."""
        return 0

    def act(self) -> None:
        """Do what the scenario is about; by then everybody has arrived."""

    # What Locust calls.

    def on_start(self) -> None:
        """Arrive, or stop where that fails."""
        run = self.scenario.run
        if run is None:  # a worker that came after the run began
            raise StopUser
        self.run_, self.number = run, run.next_number()
        try:
            self.arrive()
        except (ChatError, PlaceError) as error:
            run.fire("WS", "arrive", 0, error)
            run.counts["absent"] += 1
            raise StopUser from None
        run.users.append(self)
        run.counts["ready"] += 1

    @task
    def live(self) -> None:
        """Wait, act, listen."""
        run = self.run_
        run.go.wait()
        try:
            self.act()
        finally:
            run.counts["done"] += 1
        while True:
            gevent.sleep(_FOR_EVER_S)

    def on_stop(self) -> None:
        """Disconnect."""
        if hasattr(self, "chat"):
            self.chat.close()

    # What several scenarios do.

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Count a request of the REST API, with how long it took."""
        began = time.perf_counter()
        try:
            yield
        except PlaceError as error:
            self.run_.fire("REST", name, since_ms(began), error)
            raise
        self.run_.fire("REST", name, since_ms(began))

    def post_steadily(self, rate: float, messages: int | None = None, padding: str = "") -> None:
        """Post `rate` messages a second, so many or until told to cease, to the rooms in turn.

        Latency counts from when a message was due, not from when this process came to send it.
        """
        rooms, number = self.rooms(), 0
        due = now_us() + random.random() / rate * 1e6  # noqa: S311  # not all in one moment
        while number != messages and not self.run_.ceased.wait(max(0.0, (due - now_us()) / 1e6)):
            text = self.run_.next_text() + padding
            self.chat.post(rooms[number % len(rooms)], [text], int(due))
            number += 1
            due += 1e6 / rate

    def post_all(self, messages: int, at_once: int) -> None:
        """Post so many messages as fast as answers come, some in each frame."""
        room = self.rooms()[0]
        for start in range(0, messages, at_once):
            count = min(at_once, messages - start)
            self.chat.post(room, [self.run_.next_text() for _ in range(count)])
