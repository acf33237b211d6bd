"""Any sequence of commands, right and wrong ones, by several people on two nodes, against a dict model.

After each step everybody who follows a room has been shown exactly the model's events; at the end REST and
every screen equal the model. `--hypothesis-profile=long` looks for longer, and elsewhere each time.
"""

import asyncio
import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from roomlog import ids
from roomlog.cursors import parse_cursor
from tests.follower import Follower, World, shown
from tests.model import MODERATES, NOWHERE, Room

PEOPLE, MANY = 4, 4
WHO = st.integers(0, PEOPLE - 1)
ANY = st.integers(0, 30)
NODE = st.integers(0, 1)
OPS = st.sampled_from(
    [
        *["send", "send", "send", "edit", "delete", "react", "unreact"],
        *["join", "leave", "invite", "kick", "role", "rename", "topic"],
    ]
)
BAD = st.sampled_from(
    [
        ("bad_request", {"op": "send", "text": "x", "colour": "red"}),
        ("bad_request", {"op": "send"}),
        ("bad_request", {"op": "send", "text": "\0"}),
        ("bad_request", {"op": "send", "text": "x", "key": "two words"}),
        ("too_large", {"op": "send", "text": "x" * 8_001}),
        ("forbidden", {"op": "send", "text": "x", "as": NOWHERE}),
        ("no_such_room", {"op": "send", "text": "x", "room": NOWHERE}),
        ("no_such_room", {"op": "join", "room": NOWHERE}),
        ("bad_request", {"op": "role", "user": NOWHERE, "role": "king"}),
        ("bad_request", {"op": "react", "event": NOWHERE, "emoji": ""}),
        ("bad_request", {"op": "fly"}),
    ]
)


class Chat(RuleBasedStateMachine):
    """People who do anything; `world` and `run` are given by the test."""

    world: World
    run: Any

    def __init__(self) -> None:
        super().__init__()
        self.rooms: dict[str, Room] = {}
        self.people = [Follower(self.world, str(uuid.uuid4())) for _ in range(PEOPLE)]
        self.done: list[tuple[Follower, Room, dict[str, Any], dict[str, Any]]] = []
        self.run(self._begin())

    async def _begin(self) -> None:
        for number, person in enumerate(self.people):
            await person.connect(number % 2)

    def _room(self, number: int) -> Room:
        return list(self.rooms.values())[number % len(self.rooms)]

    async def _online(self, who: int) -> Follower:
        person = self.people[who]
        if person.wire is None:
            await person.connect(1 - person.node)
            await person.resume(self.rooms)
        return person

    async def _settle(self) -> None:
        for person in self.people:
            for room in list(person.seats) if person.wire else ():
                await person.catch_up(self.rooms[room])

    # What people do.

    @precondition(lambda self: len(self.rooms) < MANY)
    @rule(
        who=WHO,
        kind=st.sampled_from(["public", "private", "direct"]),
        others=st.sets(WHO, max_size=3),
        name=st.sampled_from(["tea", "x" * 100, " "]),
        node=NODE,
    )
    def create(self, who, kind, others, name, node):
        self.run(self._create(who, kind, sorted(others - {who}), name))

    async def _create(self, who: int, kind: str, others: list[int], name: str) -> None:
        person = await self._online(who)
        members = [self.people[o].user for o in others]
        key = str(uuid.uuid4())
        command = {"op": "create", "key": key, "name": name, "kind": kind, "members": members}
        answer = await person.request(command)
        if (kind == "direct" and len(members) != 1) or not name.strip():
            assert answer.get("code") == "bad_request", answer
            return
        room_id = ids.room_id(person.user, key)
        if kind == "direct":
            room_id = ids.direct_room_id(person.user, members[0])
        if (there := self.rooms.get(room_id)) is not None:
            if person.user in there.members:
                assert (answer["room"], answer.get("event")) == (room_id, None)
            else:
                assert answer["code"] == "no_such_room"
            return
        assert answer["room"] == room_id, answer
        roles = {**dict.fromkeys(members, "member"), person.user: "owner"}
        self.rooms[room_id] = Room(room_id, kind, name, roles, answer["cursor"])

    @precondition(lambda self: self.rooms)
    @rule(
        who=WHO,
        number=ANY,
        op=OPS,
        other=WHO,
        message=ANY,
        text=st.sampled_from(["hi", "ünï 🙂", " "]),
        role=st.sampled_from(["owner", "moderator", "member"]),
    )
    def command(self, who, number, op, other, message, text, role):
        room = self._room(number)
        posted = list(room.messages)
        fields = {
            "text": text,
            "event": posted[message % len(posted)] if posted else NOWHERE,
            "emoji": "+ 1" if text == " " else "+1",
            "user": self.people[other].user,
            "role": role,
            "name": "coffee",
            "topic": text,
        }
        wanted = FIELDS.get(op, [])
        op = "rename" if op == "topic" else op
        command = {"op": op, "room": room.id, **{name: fields[name] for name in wanted}}
        if op == "send" and message % 3 == 0 and posted:
            command["reply_to"] = fields["event"]
        self.run(self._do(who, room, command))

    async def _do(self, who: int, room: Room, command: dict[str, Any]) -> None:
        person = await self._online(who)
        command["key"] = str(uuid.uuid4())
        answer = await person.request(command)
        self._require(room, person, command, answer)
        self.done.append((person, room, command, answer))
        await self._settle()

    def _require(
        self, room: Room, person: Follower, command: dict[str, Any], answer: dict[str, Any]
    ) -> None:
        """Compare an answer with the model's, and take its effect up."""
        fact = room.answer(person.user, command)
        if isinstance(fact, str):
            assert answer.get("code") == fact, (command, answer)
            return
        if fact is None:
            assert (answer["op"], answer.get("event")) == ("ack", None), (command, answer)
            return
        event = ids.event_id(person.user, room.id, command["key"])
        assert answer.get("event") == event, (command, answer)
        room.append(fact, event, person.user, answer["cursor"])

    @precondition(lambda self: self.done)
    @rule(number=ANY, elsewhere=st.booleans(), changed=st.booleans())
    def repeat(self, number, elsewhere, changed):
        self.run(self._repeat(number, elsewhere, changed))

    async def _repeat(self, number: int, elsewhere: bool, changed: bool) -> None:
        """The same key once more, on the same or the other node, sometimes with another body."""
        person, room, command, before = self.done[-1 - number % len(self.done)]
        command = {**command, "text": "other"} if changed and "text" in command else command
        second = Follower(self.world, person.user)
        await second.connect(1 - person.node if elsewhere else person.node)
        answer = await second.request(command)
        second.disconnect()
        if before.get("event") is None:
            self._require(room, person, command, answer)
            self.done.append((person, room, command, answer))
        elif changed and "text" in command:
            assert answer.get("code") == "key_reused", answer
        else:
            assert (answer.get("event"), answer.get("cursor")) == (
                before["event"],
                before["cursor"],
            )
        await self._settle()

    def _may_remove(self, room: Room, who: int, other: int) -> bool:
        roles = [room.members.get(self.people[n].user) for n in (who, other)]
        return roles[0] in MODERATES and roles[1] == "member" and room.kind != "direct"

    @precondition(lambda self: self.rooms)
    @rule(number=ANY, who=WHO, other=WHO, node=NODE)
    def absence(self, number, who, other, node):
        if self._may_remove(room := self._room(number), who, other):
            self.run(self._absence(room, who, other, node))

    async def _absence(self, room: Room, who: int, other: int, node: int) -> None:
        """Somebody is removed and invited again while they are offline."""
        victim = await self._online(other)
        if room.id not in victim.seats:
            await victim.follow(room)
        victim.disconnect()
        for op, fields in (
            ("send", {"text": "missed"}),
            ("kick", {"user": victim.user}),
            ("send", {"text": "secret"}),
            ("invite", {"user": victim.user}),
            ("send", {"text": "welcome back"}),
        ):
            await self._do(who, room, {"op": op, "room": room.id, **fields})
        await self._reconnect(victim, node)

    @precondition(lambda self: self.rooms)
    @rule(number=ANY, who=WHO, other=WHO)
    def race(self, number, who, other):
        if self._may_remove(room := self._room(number), who, other):
            self.run(self._race(room, who, other))

    async def _race(self, room: Room, who: int, other: int) -> None:
        """Somebody is removed on one node while they send on the other: no ack after the removal."""
        kicker, victim = await self._online(who), await self._online(other)
        if victim.node == kicker.node:
            await self._reconnect(victim, 1 - kicker.node)
        kick = {"op": "kick", "room": room.id, "user": victim.user, "key": str(uuid.uuid4())}
        answers: list[tuple[dict[str, Any], dict[str, Any]]] = []

        async def send_on() -> None:
            while not answers or answers[-1][1]["op"] == "ack":
                send = {"op": "send", "room": room.id, "text": "wait", "key": str(uuid.uuid4())}
                answers.append((send, await victim.request(send)))

        kicked, _ = await asyncio.gather(kicker.request(kick), send_on())
        *sent, (_, refused) = answers
        assert refused["code"] in ("not_a_member", "no_such_room"), refused
        for send, answer in sent:
            assert parse_cursor(answer["cursor"]).offset < parse_cursor(kicked["cursor"]).offset
            self._require(room, victim, send, answer)
        self._require(room, kicker, kick, kicked)
        await self._settle()

    @precondition(lambda self: self.rooms)
    @rule(number=ANY, each=st.integers(1, 4))
    def burst(self, number, each):
        self.run(self._burst(self._room(number), each))

    async def _burst(self, room: Room, each: int) -> None:
        """All members send at once; the log tells in which order."""

        async def send(who: int) -> list[tuple[Follower, dict[str, Any], dict[str, Any]]]:
            person, answers = await self._online(who), []
            for number in range(each):
                command = {"op": "send", "room": room.id, "text": f"{who} {number}"}
                command["key"] = str(uuid.uuid4())
                answers.append((person, command, await person.request(command)))
            return answers

        here = [n for n, person in enumerate(self.people) if person.user in room.members]
        for who in here:
            await self._online(who)
        sent = [s for some in await asyncio.gather(*map(send, here)) for s in some]
        for person, command, answer in sorted(
            sent, key=lambda s: parse_cursor(s[2]["cursor"]).offset
        ):
            self._require(room, person, command, answer)
        await self._settle()

    @precondition(lambda self: self.rooms)
    @rule(who=WHO, number=ANY, bad=BAD)
    def bad_input(self, who, number, bad):
        code, fields = bad
        command = {"room": self._room(number).id, "key": str(uuid.uuid4()), **fields}
        if code != "no_such_room" or fields["room"] == NOWHERE:
            self.run(self._refused(who, command, code))

    @precondition(lambda self: self.rooms)
    @rule(who=WHO, number=ANY, cursor=st.sampled_from(["", "x", "1", "1:x", "-1:0", "1:-2"]))
    def bad_cursor(self, who, number, cursor):
        room = self._room(number)
        command = {"op": "sub", "room": room.id, "cursor": cursor}
        if room.id not in self.people[who].seats:
            self.run(self._refused(who, command, "bad_request"))

    async def _refused(self, who: int, command: dict[str, Any], code: str) -> None:
        answer = await (await self._online(who)).request(command)
        assert answer.get("code") == code, (command, answer)

    # Connections.

    @precondition(lambda self: self.rooms)
    @rule(who=WHO, number=ANY)
    def follow(self, who, number):
        self.run(self._follow(who, self._room(number)))

    async def _follow(self, who: int, room: Room) -> None:
        person = await self._online(who)
        answer = await person.follow(room)
        if person.user not in room.members:
            hidden = "not_a_member" if room.kind == "public" else "no_such_room"
            assert answer.get("code") == hidden, answer

    @rule(who=WHO)
    def go_offline(self, who):
        self.people[who].disconnect()

    @rule(who=WHO, node=NODE)
    def reconnect(self, who, node):
        self.run(self._reconnect(self.people[who], node))

    async def _reconnect(self, person: Follower, node: int) -> None:
        person.disconnect()
        await person.connect(node)
        await person.resume(self.rooms)

    def teardown(self) -> None:
        self.run(self._compare())

    async def _compare(self) -> None:
        for who, person in enumerate(self.people):
            await self._online(who)
            await person.require_silence()
            for room_id, seat in person.seats.items():
                assert seat.screen == shown(self.rooms[room_id])
        for room in self.rooms.values():
            for user in list(room.members)[:1]:
                assert await self.world.snapshot(user, room) == shown(room)
        for person in self.people:
            person.disconnect()


FIELDS = {
    "send": ["text"],
    "edit": ["event", "text"],
    "delete": ["event"],
    "react": ["event", "emoji"],
    "unreact": ["event", "emoji"],
    "invite": ["user"],
    "kick": ["user"],
    "role": ["user", "role"],
    "rename": ["name"],
    "topic": ["topic"],
}
"""Command -> the fields that it has besides room and key."""


@pytest.fixture
def chat(stack):
    with asyncio.Runner() as runner:
        world = World(stack)
        yield type("Chat", (Chat,), {"world": world, "run": staticmethod(runner.run)})
        runner.run(world.http.aclose())


def test_whatever_people_do_everybody_sees_what_the_model_says(chat):
    here = settings.get_current_profile_name()
    bounds = settings() if here == "long" else settings(max_examples=50, derandomize=True)
    run_state_machine_as_test(
        chat,
        settings=settings(
            bounds,
            stateful_step_count=40,
            deadline=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
