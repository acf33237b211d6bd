"""A scenario whose users do not hear rightly: some frames never come, some twice. It must fail."""

from loadtest.chat import Chat
from loadtest.people import Person
from loadtest.scenario import Scenario
from loadtest.size import Size


class HardOfHearing(Chat):
    """Misses every seventh line that came, the last ones of all too, and hears every fifth one twice."""

    heard = 0

    def _on_event(self, frame, length, now):
        self.heard += 1
        if self.heard % 7 == 0:
            return
        super()._on_event(frame, length, now)
        if self.heard % 5 == 0:
            super()._on_event(frame, length, now)


class Broken(Scenario):
    name = "broken"
    size = Size(users=4, rooms=1, messages=10)


class BrokenUser(Person):
    def arrive(self):
        self.chat = HardOfHearing(self.run_, self.number)
        self.chat.connect()
        self.chat.enter(self.rooms()[0])

    def act(self):
        self.post_all(self.size.messages, 1)
