"""What waits to be sent, as rows: a window on the log, of what took effect, each event once."""

import json

import psycopg
import pytest

from projector.batch import Place
from projector.postgres import ReadModels
from projector.session import Fenced
from projector.webhooks import postgres, sql
from projector.webhooks.postgres import Queue
from roomlog import ids
from roomlog.events import (
    FirstMember,
    HookCreated,
    MessageDeleted,
    MessageEdited,
    MessagePosted,
    RoomCreated,
    RoomRenamed,
)
from roomlog.partitions import partition_of
from roomlog.topics import CHAT_EVENTS
from tests.projector_records import CHAT, batch_of, chat_event, chat_record

ROOM, ALICE, EVE = (ids.derived_id(name) for name in ("room", "alice", "eve"))
HOOK, WEBHOOK = ids.derived_id("hook"), ids.derived_id("webhook")
PLACE = Place(CHAT_EVENTS, partition_of(ROOM))
CREATED = RoomCreated("r", "public", members=(FirstMember(ALICE, "owner"),))


class Rig:
    """A log of one room, projected and looked through as it grows."""

    def __init__(self, database, db):
        self.db, self.log = db, []
        self.models, self.queue = ReadModels(database), Queue(database, CHAT, 1)
        self.models.connect()
        self.queue.connect()

    def project(self, *events):
        """Let the log grow, and the projector write it."""
        records = [chat_record(event, len(self.log) + n) for n, event in enumerate(events)]
        self.log += records
        batch = batch_of(*records)
        self.models.write(batch, self.models.offsets(batch.ends))

    def feed(self):
        """Look through what is new."""
        (start,) = self.queue.offsets([PLACE]).values()
        new = [(r.partition, r.offset, r.value, ROOM.encode()) for r in self.log[start:]]
        return self.queue.write({PLACE: new}, {PLACE: len(self.log)}, {PLACE: start})

    def refill(self, end=None):
        """Make rows of the log where a lane asks for it."""
        (lane,) = self.queue.refills(1)
        end = lane.next if end is None else end
        part = [(r.partition, r.offset, r.value) for r in self.log[lane.start : end]]
        self.queue.refill(lane, part, end)

    def say(self, *texts, sender=ALICE):
        """Return messages."""
        return [chat_event(ROOM, sender, MessagePosted(text)) for text in texts]

    def waiting(self):
        """What waits, in the order in which it is sent."""
        found = self.db.execute(
            """SELECT body FROM webhook_deliveries WHERE state = 'waiting' ORDER BY "offset" """
        )
        told = [json.loads(body)["d"] for (body,) in found]
        return [d.get("text", d.get("name")) for d in told]

    def webhook(self, **more):
        """Make a webhook that is told of everything."""
        values = {"id": WEBHOOK, "room_id": ROOM, "url": "https://a.example", "secret": "x"}
        values |= {"starts": "{}", "created_by": ALICE, **more}
        names = ", ".join(values)
        marks = ", ".join(["%s"] * len(values))
        self.db.execute(f"INSERT INTO webhooks ({names}) VALUES ({marks})", list(values.values()))

    def take(self, count):
        """The receiver takes the first so many."""
        self.db.execute(
            """UPDATE webhook_deliveries SET state = 'delivered' WHERE "offset" IN (
            SELECT "offset" FROM webhook_deliveries WHERE state = 'waiting'
            ORDER BY "offset" LIMIT %s)""",
            [count],
        )


@pytest.fixture
def rig(database):
    with psycopg.connect(database, autocommit=True) as db:
        names = db.execute(
            "SELECT string_agg(tablename, ', ') FROM pg_tables "
            "WHERE schemaname = 'public' AND tablename <> 'schema_migrations'"
        ).fetchone()[0]
        db.execute(f"TRUNCATE {names} CASCADE")
        made = Rig(database, db)
        made.project(chat_event(ROOM, ALICE, CREATED))
        yield made
        made.models.close()
        made.queue.close()


def test_only_what_took_effect_is_sent_and_once(rig):
    rig.webhook()
    rig.feed()
    kept, gone, edited = rig.say("kept", "gone", "edited")
    events = [
        *(kept, gone, edited, kept),  # the log holds one twice
        *rig.say("void", sender=EVE),
        chat_event(ROOM, EVE, RoomRenamed("void")),
        chat_event(ROOM, ALICE, MessageEdited(gone.event_id, "gone too")),
        chat_event(ROOM, ALICE, MessageDeleted(gone.event_id)),
        chat_event(ROOM, ALICE, HookCreated(HOOK, "CI", "0" * 64)),
        *rig.say("by a bot", sender=HOOK),
    ]
    rig.db.execute("INSERT INTO accounts (id, name, is_bot) VALUES (%s, 'CI', true)", [HOOK])
    rig.project(*events)
    rig.feed()
    assert rig.waiting() == ["r", "kept", "edited", None, "CI"]
    with pytest.raises(Fenced):
        rig.queue.write({}, {PLACE: 99}, {PLACE: 1})


def test_a_lane_is_a_window_on_the_log(rig, monkeypatch):
    monkeypatch.setattr(postgres, "MOST_WAITING", 4)
    rig.webhook(starts=json.dumps({str(PLACE.partition): 1}))
    rig.feed()
    for number in range(10):
        rig.project(*rig.say(str(number)))
        rig.feed()
    assert rig.waiting() == ["0", "1", "2", "3"]
    assert rig.queue.refills(1) == []  # it is full
    rig.take(3)
    rig.refill(end=7)
    assert rig.waiting() == ["3", "4", "5"]
    rig.project(*rig.say("10"))
    rig.feed()  # waits behind what is read again
    assert rig.waiting() == ["3", "4", "5"]
    rig.take(3)
    rig.refill()
    rig.project(*rig.say("11"))
    rig.feed()
    assert rig.waiting() == ["6", "7", "8", "9", "10"]  # full once more
    rig.take(5)
    rig.refill()
    assert rig.waiting() == ["11"]
    rig.take(1)
    rig.db.execute("SELECT webhook_from(%s, %s, %s::smallint, 9)", [WEBHOOK, ROOM, PLACE.partition])
    rig.refill()
    assert rig.waiting() == ["8", "9", "10", "11"]  # of offset 9 on


def test_a_lane_that_is_sent_from_an_earlier_event_on_is_free_at_once(rig):
    rig.webhook()
    rig.project(*rig.say("a"))
    rig.feed()
    wanted = {"each": 4, "busy": [], "limit": 4, "claim": ids.new_id(), "lease": 20}
    assert rig.db.execute(sql.CLAIM, wanted).fetchall() == [(WEBHOOK, ROOM)]
    assert rig.db.execute(sql.CLAIM, wanted).fetchall() == []
    rig.db.execute("SELECT webhook_from(%s, %s, %s::smallint, 1)", [WEBHOOK, ROOM, PLACE.partition])
    rig.refill()
    assert rig.db.execute(sql.CLAIM, wanted).fetchall() == [(WEBHOOK, ROOM)]


def test_what_is_paused_waits_in_the_log(rig):
    rig.webhook(starts=json.dumps({str(PLACE.partition): 1}), paused_at="2026-01-01")
    rig.feed()
    rig.project(*rig.say("a", "b"))
    rig.feed()
    assert (rig.waiting(), rig.queue.refills(1)) == ([], [])
    rig.db.execute("UPDATE webhooks SET paused_at = NULL")
    rig.refill()
    rig.project(*rig.say("c"))
    rig.feed()
    assert rig.waiting() == ["a", "b", "c"]


def test_without_a_webhook_the_log_is_passed_over(rig):
    rig.project(*rig.say("a"))
    assert not rig.queue.has_webhooks()
    rig.queue.skip([PLACE])
    assert rig.queue.offsets([PLACE]) == {PLACE: 2}
    rig.webhook()
    rig.project(*rig.say("b"))
    assert rig.queue.has_webhooks()
    rig.queue.skip([PLACE])
    assert rig.queue.offsets([PLACE]) == {PLACE: 2}
    assert rig.feed() == 1
    rig.db.execute("DELETE FROM webhooks")
    rig.project(*rig.say("c"))
    assert rig.feed() is None
