"""The read models on a real PostgreSQL: one effect an event, whatever the batches, whoever writes."""

import itertools
import threading
import time
import uuid
from typing import get_args

import msgspec
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.conninfo import make_conninfo

from projector.batch import Batch, Place
from projector.migrate import migrate
from projector.postgres import ReadModels
from projector.session import Fenced, Inapplicable, Unavailable, WrongSchema
from projector.sql import PROJECTION
from roomlog import ids
from roomlog.accounts import (
    FileRemoved,
    FileStored,
    FriendAccepted,
    FriendRequested,
    RelationBody,
    UserBlocked,
    UserDeleted,
    UserEvent,
    UserRegistered,
    UserRenamed,
)
from roomlog.events import (
    BODY_TYPES,
    Attachment,
    FirstMember,
    MemberJoined,
    MemberLeft,
    MessageDeleted,
    MessageEdited,
    MessagePosted,
    ReactionAdded,
    ReactionRemoved,
    RoomCreated,
    RoomRenamed,
    SealedText,
)
from roomlog.partitions import partition_of
from roomlog.readmodels.compare import compare
from roomlog.readmodels.fold.chat import ChatFold
from roomlog.readmodels.fold.erased import without_erased
from roomlog.readmodels.fold.reads import ReadFold
from roomlog.readmodels.fold.rows import applied_rows
from roomlog.readmodels.fold.users import UserFold
from roomlog.readmodels.tables import SCHEDULED
from roomlog.readmodels.tables import TABLES as READ_MODELS
from roomlog.reads import NotificationRead, ReadEvent, ReadMarked, RoomMuted
from roomlog.rooms import Room, fold
from roomlog.schedules import (
    MessageScheduled,
    ScheduleCancelled,
    ScheduleChanged,
    ScheduledMessageRefused,
    ScheduledMessageSent,
    SendingStarted,
)
from tests.projector_records import (
    START,
    batch_of,
    chat_event,
    chat_record,
    read_record,
    user_record,
)

ROOM, ALICE, BOB = (ids.derived_id(name) for name in ("room", "alice", "bob"))
CREATED = RoomCreated("r", "public", members=(FirstMember(ALICE, "owner"),))
TABLES = [
    "users",
    "erased_users",
    "rooms",
    "members",
    "messages",
    "reactions",
    "applied_events",
    "void_events",
    "workspace_invites",
    "workspace_departures",
    "message_marks",
    "room_stats",
    "room_senders",
    "message_texts",
    "deleted_messages",
    "pins",
    "scheduled_messages",
    "room_hooks",
    "files",
    "attached_files",
    "notifications",
    "notification_reads",
    "room_mutes",
    "friendships",
    "blocks",
    "slow_mode_posts",
    "member_mutes",
    "room_bans",
    "word_filters",
    "message_reports",
    "audit_log",
    "presence",
    "projection_offsets",
]
TABLES_IN_ORDER = {table: f"SELECT * FROM {table} ORDER BY 1, 2" for table in TABLES}
TABLES_IN_ORDER["erased_users"] = "SELECT * FROM erased_users ORDER BY 1"
TABLES_IN_ORDER["applied_events"] = "SELECT * FROM applied_events ORDER BY 1"
TABLES_IN_ORDER["message_texts"] = "SELECT * FROM message_texts ORDER BY 1, 2, 3"
TABLES_IN_ORDER["attached_files"] = "SELECT * FROM attached_files ORDER BY 1, 2, 3"
TABLES_IN_ORDER["reactions"] = "SELECT * FROM reactions ORDER BY 1, 2, 3, 4"

TABLES_IN_ORDER["message_reports"] = "SELECT * FROM message_reports ORDER BY 1, 2, 3"


@pytest.fixture
def db(database):
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"TRUNCATE {', '.join(TABLES)}")
        yield connection


@pytest.fixture
def models(database, db):
    found = ReadModels(database)
    found.connect()
    yield found
    found.close()


def project(models: ReadModels, *batches: Batch) -> None:
    for batch in batches:
        models.write(batch, models.offsets(batch.ends))


def records(*bodies, sender=ALICE, start=0):
    return [
        chat_record(chat_event(ROOM, sender, body, at=START + n), n)
        for n, body in enumerate(bodies, start)
    ]


def rows(db, query, *parameters):
    return db.execute(query, parameters).fetchall()


def dump(db):
    return {table: rows(db, query) for table, query in TABLES_IN_ORDER.items()}


def test_migrating_twice_changes_nothing(database):
    assert migrate(database) == []


def test_every_column_of_a_message_arrives_as_it_was_sent(models, db):
    file = Attachment(BOB, 'a "file"\\ ☃.txt', "text/plain", 2**40)
    parent = ids.new_id()
    sent = records(
        CREATED,
        MessagePosted("plain ☃ 'quoted'\n"),
        MessagePosted("full", parent, (ALICE, BOB), (file,)),
        MessagePosted(SealedText("k", b"\0\1", b"\xff"), None, (BOB,)),
        MessagePosted(""),
    )
    project(models, batch_of(*sent))
    found = rows(
        db,
        'SELECT "offset", text, sealed, reply_to::text, mentions::text[], attachments, '
        "(extract(epoch FROM sent_at) * 1000000)::bigint, sender_id::text, edited_at, deleted_at "
        'FROM messages ORDER BY "offset"',
    )
    listed = [msgspec.to_builtins(file)]
    assert listed[0]["size_bytes"] == 2**40
    attached = rows(db, 'SELECT file_id::text, "offset" FROM attached_files')
    assert attached == [(BOB, 2)]
    sealed = {"key_id": "k", "nonce": "AAE=", "ciphertext": "/w=="}
    assert [row[1:6] for row in found] == [
        ("plain ☃ 'quoted'\n", None, None, [], []),
        ("full", None, parent, [ALICE, BOB], listed),
        (None, sealed, None, [BOB], []),
        ("", None, None, [], []),
    ]
    assert [row[0] for row in found] == [1, 2, 3, 4]
    assert [row[6:] for row in found] == [(START + n, ALICE, None, None) for n in (1, 2, 3, 4)]


def test_a_room_counts_what_is_really_there(models, db):
    project(models, batch_of(*records(CREATED, MessagePosted("a"), MemberJoined(BOB))))
    project(models, batch_of(*records(MemberJoined(BOB), RoomRenamed("x"), start=3)))
    project(models, batch_of(*records(MessagePosted("b"), MemberLeft(BOB), start=5)))
    query = "SELECT name, member_count, message_count, last_offset, created_offset FROM rooms"
    assert rows(db, query) == [("x", 1, 2, 6, 0)]


def test_an_event_that_the_log_holds_twice_counts_once(models, db):
    """Also far apart, and also where the second would undo what came between."""
    joined = chat_event(ROOM, BOB, MemberJoined(BOB))
    posted = chat_event(ROOM, ALICE, MessagePosted("once"))
    project(models, batch_of(*records(CREATED), chat_record(joined, 1), chat_record(posted, 2)))
    project(models, batch_of(*records(MemberLeft(BOB), start=3)))
    project(
        models,
        batch_of(
            chat_record(joined, 4), chat_record(posted, 5), *records(MessagePosted("new"), start=6)
        ),
    )
    assert rows(db, 'SELECT "offset", text FROM messages ORDER BY 1') == [(2, "once"), (6, "new")]
    assert rows(db, "SELECT user_id::text FROM members") == [(ALICE,)]
    query = "SELECT member_count, message_count, last_offset FROM rooms"
    assert rows(db, query) == [(1, 2, 6)]


def test_edits_deletions_and_reactions_reach_their_message(models, db):
    target = chat_event(ROOM, ALICE, MessagePosted("first", mentions=(BOB,)))
    gone = chat_event(ROOM, ALICE, MessagePosted("secret"))
    project(models, batch_of(*records(CREATED), chat_record(target, 1), chat_record(gone, 2)))
    later = records(
        MessageEdited(target.event_id, "second"),
        ReactionAdded(target.event_id, "+"),
        ReactionAdded(target.event_id, "-"),
        MessageEdited(gone.event_id, "still secret"),
        MessageDeleted(gone.event_id),
        ReactionRemoved(target.event_id, "-"),
        MessageEdited(gone.event_id, "too late"),
        start=3,
    )
    project(models, batch_of(*later))
    found = rows(
        db,
        "SELECT text, edited_at IS NULL, deleted_at IS NULL, mentions::text[] FROM messages "
        'ORDER BY "offset"',
    )
    assert found == [("second", False, True, [BOB]), (None, False, False, [])]
    assert rows(db, "SELECT emoji, user_id::text FROM reactions") == [("+", ALICE)]


def test_people_have_their_newest_name(models, db):
    def event(offset, body):
        return user_record(UserEvent(ids.new_id(), BOB, START, body), offset)

    registered = event(0, UserRegistered("Bob"))
    project(models, batch_of(registered, event(1, UserRenamed("Robert"))))
    project(models, batch_of(event(2, UserRegistered("Bob"))))
    assert rows(db, "SELECT name FROM users") == [("Robert",)]


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_files_are_there_until_their_owner_removes_them(models, db, cut):
    stored = FileStored(ALICE, "0" * 64, "f \N{SNOWMAN}", "image/png", 2**40, 4, 3)
    facts = [
        (BOB, stored),
        (ALICE, FileRemoved(ALICE)),  # not hers
        (BOB, FileStored(ROOM, "1" * 64, "g", "text/plain", 1)),
        (BOB, FileRemoved(ROOM)),
    ]
    events = [
        user_record(UserEvent(ids.new_id(), owner, START, body), offset)
        for offset, (owner, body) in enumerate(facts)
    ]
    for part in (events[:cut], events[cut:]):
        project(models, batch_of(*part))
    query = "SELECT owner_id::text, name, size_bytes, width, height FROM files"
    assert rows(db, query) == [(BOB, "f \N{SNOWMAN}", 2**40, 4, 3)]


def test_presence_keeps_the_newest_state(models, db):
    for state in ("online", "away"):
        models.write(Batch(presence={BOB: (state, START)}), {})
    assert rows(db, "SELECT state FROM presence") == [("away",)]


def test_a_batch_of_stale_offsets_is_fenced_and_leaves_nothing(models, db):
    batch = batch_of(*records(CREATED, MessagePosted("a")))
    starts = models.offsets(batch.ends)
    models.write(batch, starts)
    before = dump(db)
    with pytest.raises(Fenced):
        models.write(batch_of(*records(CREATED, MessagePosted("b"))), starts)
    assert dump(db) == before


def test_an_event_that_postgres_refuses_takes_its_batch_back(models, db):
    long = "".join(uuid.uuid4().hex for _ in range(2000))
    batch = batch_of(*records(CREATED, MessagePosted("a"), RoomRenamed(long)))
    starts = models.offsets(batch.ends)
    before = dump(db)
    with pytest.raises(Inapplicable, match="index row"):
        models.write(batch, starts)
    assert dump(db) == before


def test_a_projector_frozen_in_a_transaction_is_ended(models, database, db):
    """Its fence row stays locked for ever otherwise: nobody could project the partition."""
    batch = batch_of(*records(CREATED))
    starts = models.offsets(batch.ends)
    place = Place("chat.events", partition_of(ROOM))
    with psycopg.connect(database, application_name="roomlog-projector") as frozen:
        frozen.execute("SET idle_in_transaction_session_timeout = 0")
        frozen.execute(PROJECTION.move, [[place.topic], [place.partition], [0], [1]])
        with pytest.raises(Unavailable):
            models.write(batch, starts)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                models.write(batch, starts)
                break
            except Unavailable:
                continue
        assert rows(db, "SELECT count(*) FROM rooms") == [(1,)]
        with pytest.raises(psycopg.OperationalError):
            frozen.execute("SELECT 1")


def test_a_broken_session_is_unavailable_and_a_new_one_works(models, db):
    batch = batch_of(*records(CREATED))
    starts = models.offsets(batch.ends)
    db.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'roomlog-projector' AND datname = current_database()"
    )
    with pytest.raises(Unavailable):
        models.write(batch, starts)
    models.connect()
    models.write(batch, starts)
    assert rows(db, "SELECT count(*) FROM rooms") == [(1,)]


def test_a_database_without_tables_says_what_to_do(stack):
    models = ReadModels(make_conninfo(stack.status()["postgres"], dbname="postgres"))
    models.connect()
    try:
        with pytest.raises(WrongSchema, match="roomlog migrate"):
            models.offsets([Place("chat.events", 0)])
    finally:
        models.close()


def test_of_two_that_write_the_same_at_once_one_is_fenced(models, database, db):
    batch = batch_of(*records(CREATED, *[MessagePosted(str(n)) for n in range(500)]))
    starts = models.offsets(batch.ends)
    other = ReadModels(database)
    other.connect()
    outcomes = []

    def write(who):
        try:
            who.write(batch, starts)
            outcomes.append("written")
        except Fenced:
            outcomes.append("fenced")

    threads = [threading.Thread(target=write, args=[who]) for who in (models, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert sorted(outcomes) == ["fenced", "written"]
    assert rows(db, "SELECT message_count FROM rooms") == [(500,)]


def test_every_thousandth_message_is_marked_however_the_log_is_cut(models, db):
    posts = [MessagePosted(str(n)) for n in range(2_500)]
    sent = records(CREATED, *posts[:1_500], MemberJoined(BOB), *posts[1_500:], sender=ALICE)
    for size in (1_000, 701, 3_000):
        db.execute(f"TRUNCATE {', '.join(TABLES)}")
        models.connect()
        project(models, *(batch_of(*sent[n : n + size]) for n in range(0, len(sent), size)))
        query = 'SELECT number, "offset" FROM message_marks ORDER BY 1'
        assert rows(db, query) == [(1_000, 1_000), (2_000, 2_001)]
        assert rows(db, "SELECT sum(messages) FROM room_stats") == [(2_500,)]
    db.execute("UPDATE rooms SET history = 'joined'")
    db.execute("SELECT set_config('roomlog.user_id', %s, false)", [BOB])
    assert rows(db, "SELECT messages_before_joining(%s)", ROOM) == [(1_500,)]


TARGETS = [ids.derived_id("message", str(n)) for n in range(3)]
people = st.sampled_from([ALICE, BOB])
targets = st.sampled_from(TARGETS)
roles = st.sampled_from(["owner", "moderator", "member"])
FILE = Attachment(BOB, "f", "image/png", 1, 2, 3)
FIELDS = {
    "user_id": people,
    "target_id": targets,
    "role": roles,
    "emoji": st.sampled_from("+-"),
    "text": st.text("abc", max_size=3),
    "name": st.text("abc", max_size=2),
    "topic": st.text("abc", max_size=2),
    "language": st.sampled_from(["simple", "en"]),
    "reply_to": st.none() | targets,
    "kind": st.just("private"),
    "members": st.just((FirstMember(BOB, "owner"),)),
    "attachments": st.sampled_from([(), (FILE,), (FILE, FILE, Attachment("no id", "", "", 0))]),
    "mentions": st.sampled_from([(), (BOB,), (ALICE, BOB, BOB)]),
    "workspace": st.just(""),
    "slug": st.just(""),
    "archived": st.none() | st.booleans(),
    "read_only": st.none() | st.booleans(),
    "link_previews": st.none() | st.booleans(),
    "history": st.sampled_from([None, "all", "joined"]),
    "invite_id": targets,
    "hook_id": people,
    "token_hash": st.sampled_from("ab"),
    "expires_at": st.just(START),
    "slow_mode_s": st.sampled_from([None, None, 0, 30]),
    "banned": st.booleans(),
    "reason": st.text("abc", max_size=2),
    "until": st.none() | st.integers(START, START + 20),
    "words": st.sampled_from(["rude", "very rude"]),
    "action": st.sampled_from([None, "refuse", "mask", "flag"]),
    "outcome": st.sampled_from(["dismissed", "deleted"]),
    "note": st.text("abc", max_size=2),
}
"""Name of a field -> its values, in every type of event that has it."""
bodies = st.one_of(
    [st.builds(t, **{f: FIELDS[f] for f in t.__struct_fields__}) for t in BODY_TYPES.values()]
)


@st.composite
def logs(draw):
    """A room's log, in which some events stand twice, and where to cut it into batches."""
    created = msgspec.structs.replace(CREATED, kind=draw(st.sampled_from(["private", "direct"])))
    events = [chat_event(ROOM, ALICE, created)]
    posted = iter(TARGETS)
    for body in draw(st.lists(bodies, max_size=25)):
        known = next(posted, "") if isinstance(body, MessagePosted) else ""
        events.append(chat_event(ROOM, draw(people), body, START + len(events), known))
    for repeated in draw(st.lists(st.sampled_from(events), max_size=4)):
        events.insert(draw(st.integers(events.index(repeated) + 1, len(events))), repeated)
    cuts = draw(st.sets(st.integers(1, len(events))))
    return events, sorted({0, *cuts, len(events)})


@given(logs())
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_however_the_log_is_cut_the_rows_are_the_same(models, db, log):
    events, cuts = log
    sent = [chat_record(event, offset) for offset, event in enumerate(events)]
    found = []
    for edges in ([0, len(sent)], cuts, list(range(len(sent) + 1))):
        db.execute(f"TRUNCATE {', '.join(TABLES)}")
        models.connect()
        for start, end in itertools.pairwise(edges):
            project(models, batch_of(*sent[start:end]))
        found.append(dump(db))
    assert found[0] == found[1] == found[2]
    assert members_by_the_rules(events) == dict(rows(db, "SELECT user_id::text, role FROM members"))
    counted = rows(
        db,
        "SELECT message_count, member_count, (SELECT count(*) FROM messages), "
        "(SELECT count(*) FROM members) FROM rooms",
    )[0]
    assert counted[:2] == counted[2:]
    assert not differences_from_the_fold(db, events)


SCHEDULES = st.sampled_from(TARGETS)
plans = st.one_of(
    st.builds(MessageScheduled, SCHEDULES, st.just(ROOM), st.text("ab"), st.just(START), targets),
    st.builds(
        ScheduleChanged, SCHEDULES, st.none() | st.text("cd"), st.none() | st.just(START + 1)
    ),
    *(
        st.builds(kind, SCHEDULES)
        for kind in (ScheduleCancelled, SendingStarted, ScheduledMessageSent)
    ),
    st.builds(ScheduledMessageRefused, SCHEDULES, st.text("xy")),
)


@given(st.lists(st.tuples(people, plans), max_size=30), st.integers(1, 7))
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_plans_come_to_the_same_however_their_log_is_cut(models, db, log, size):
    db.execute(f"TRUNCATE {', '.join(TABLES)}")
    told = [UserEvent(ids.new_id(), who, START + n, body) for n, (who, body) in enumerate(log)]
    sent = [user_record(event, offset) for offset, event in enumerate(told)]
    project(models, *(batch_of(*sent[n : n + size]) for n in range(0, len(sent), size)))
    should = UserFold()
    for event in told:
        should.take(event)
    there = rows(db, f"SELECT {', '.join(SCHEDULED.values)} FROM scheduled_messages")
    found = dict(map(SCHEDULED.split, there))
    assert not list(map(str, compare(SCHEDULED, should.rows()["scheduled_messages"], found)))


EVE = ids.derived_id("eve")
relations = st.sampled_from([*get_args(RelationBody), lambda _: UserDeleted()])
acts = st.lists(st.tuples(st.permutations([ALICE, BOB, EVE]), relations), max_size=12)


@given(acts, st.sets(st.integers(1, 11)))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_what_people_are_to_each_other_is_the_same_in_any_batches(models, db, done, cuts):
    events = [
        UserEvent(ids.new_id(), actor, START + n, act(other))
        for n, ((actor, other, _), act) in enumerate(done)
    ]
    told = UserFold()
    for event in events:
        told.take(event)
    sent = [user_record(event, offset) for offset, event in enumerate(events)]
    edges = sorted({0, len(sent), *(cut for cut in cuts if cut < len(sent))})
    db.execute(f"TRUNCATE {', '.join(TABLES)}")
    for start, end in itertools.pairwise(edges):
        project(models, batch_of(*sent[start:end]))
    assert not differences(db, told.rows() | applied_rows(told.applied))


def erased_logs():
    """Logs of four partitions that have something of Alice, who deletes her account in one of them."""

    def of_people(partition, *facts):
        events = [
            UserEvent(ids.new_id(), who, START + n, body) for n, (who, body) in enumerate(facts)
        ]
        sent = [user_record(event, n, partition) for n, event in enumerate(events)]
        return events, sent

    first = tuple(FirstMember(who, "owner") for who in (BOB, ALICE))
    stored, later = ids.new_id(), ids.new_id()
    account, own = of_people(
        0,
        (ALICE, UserRegistered("Alice")),
        (ALICE, FileStored(stored, "0" * 64, "f", "text/plain", 1)),
        (ALICE, MessageScheduled(later, ROOM, "later", START, attachments=(stored,))),
        (ALICE, UserDeleted()),
        (ALICE, UserRenamed("Alice again")),
        (ALICE, FileStored(ids.new_id(), "0" * 64, "f", "text/plain", 1)),
        (ALICE, MessageScheduled(ids.new_id(), ROOM, "too late", START)),
        (BOB, UserRegistered("Bob")),
    )
    between, pairs = of_people(
        1,
        (ALICE, FriendRequested(BOB)),
        (BOB, FriendAccepted(ALICE)),
        (EVE, UserBlocked(ALICE)),
        (ALICE, UserBlocked(EVE)),
        (EVE, FriendRequested(BOB)),
    )
    said = [
        chat_event(ROOM, BOB, RoomCreated("r", "private", members=first)),
        chat_event(ROOM, ALICE, MessagePosted("stays", mentions=(BOB,)), START + 1),
        chat_event(ROOM, BOB, MessagePosted("hear", mentions=(ALICE,)), START + 2),
        chat_event(ROOM, ALICE, MemberLeft(ALICE), START + 3),
    ]
    read = [
        *(ReadEvent(who, ROOM, START, "n1", ReadMarked(1)) for who in (ALICE, BOB)),
        ReadEvent(ALICE, "", START, "n1", NotificationRead(said[2].event_id)),
        ReadEvent(ALICE, ROOM, START, "n1", RoomMuted("nothing")),
        None,  # that what stood under a key is to be forgotten
    ]
    rooms = [chat_record(event, n) for n, event in enumerate(said)]
    markers = [read_record(event, n) for n, event in enumerate(read)]
    return [*account, *between], said, read, (own, pairs, rooms, markers)


def test_of_who_deleted_their_account_nothing_is_left_in_whatever_order_partitions_come(models, db):
    people_said, said, read, logs = erased_logs()
    found = []
    for order in itertools.permutations(logs):
        db.execute(f"TRUNCATE {', '.join(TABLES)}")
        models.connect()
        project(models, *(batch_of(*log) for log in order))
        found.append(dump(db))
    different = {table for each in found for table in each if each[table] != found[0][table]}
    assert different == set()
    told, of_rooms, own = UserFold(), ChatFold(partition_of(ROOM)), ReadFold()
    for event in people_said:
        told.take(event)
    for offset, event in enumerate(said):
        of_rooms.take(event, offset)
    for event in filter(None, read):
        own.take(event)
    notified = told.rows()["notifications"] | of_rooms.rows()["notifications"]
    folded = {**told.rows(), **of_rooms.rows(), **own.rows(), "notifications": notified}
    expected = without_erased(folded, {ALICE})
    assert not differences(db, expected | applied_rows(told.applied | of_rooms.applied))
    assert rows(db, "SELECT text FROM messages ORDER BY 1") == [("hear",), ("stays",)]
    assert rows(db, "SELECT name FROM users") == [("Bob",)]
    left = {table: str(some) for table, some in found[0].items() if ALICE in str(some)}
    # What she said, that she was in the room, what was said of her; and that she is gone.
    of_rooms = {"messages", "room_senders", "notifications", "audit_log", "rooms"}
    assert left.keys() - of_rooms == {"erased_users"}
    notified = rows(db, "SELECT user_id::text, sender_id::text FROM notifications")
    assert sorted(notified) == sorted([(BOB, EVE), (BOB, ALICE)])


def test_an_account_that_ends_waits_for_what_another_projector_writes(database, models, db):
    """Two projectors at once: a notification that is not committed yet goes as well, and a later one is none."""
    _, _, _, (own, _, said, _) = erased_logs()
    first, *rest = said
    project(models, batch_of(first))
    other = ReadModels(database)
    other.connect()
    with psycopg.connect(database) as slow:
        slow.execute(
            "INSERT INTO notifications VALUES (%s, %s, %s, 1, 'mention', %s, now())",
            [ALICE, ids.new_id(), ROOM, BOB],
        )
        erasing = threading.Thread(target=project, args=(other, batch_of(*own)))
        erasing.start()
        wait_until(
            db, "SELECT FROM pg_locks WHERE NOT granted AND relation = 'notifications'::regclass"
        )
        slow.commit()
    erasing.join(10)
    project(models, batch_of(*rest))
    other.close()
    assert rows(db, "SELECT user_id::text FROM notifications WHERE user_id = %s", ALICE) == []
    assert rows(db, "SELECT id::text FROM erased_users") == [(ALICE,)]


def wait_until(db, query):
    deadline = time.monotonic() + 10
    while not db.execute(query).rowcount:
        assert time.monotonic() < deadline, query
        time.sleep(0.01)


def differences_from_the_fold(db, events):
    """Return where the tables differ from what `roomlog verify` compares them with."""
    told = ChatFold(partition_of(ROOM))
    for offset, event in enumerate(events):
        told.take(event, offset)
    return differences(db, told.rows() | applied_rows(told.applied))


def differences(db, rows_by_table):
    found = []
    for name, should in rows_by_table.items():
        table = next(t for t in READ_MODELS if t.name == name)
        there = rows(db, f"SELECT {', '.join(table.values)} FROM {name}")
        found += map(str, compare(table, should, dict(map(table.split, there))))
    return found


def members_by_the_rules(events):
    """The members as a node has them, which knows each event once."""
    room, seen = Room(ROOM), set()
    for offset, event in enumerate(events):
        if event.event_id not in seen:
            fold(room, event, offset)
        seen.add(event.event_id)
    return room.members
