"""Full-text search on the real stack: who finds what, how soon, and what no search brings down."""

import asyncio
import os
import signal
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from projector.search import SearchIndex
from roomlog.ids import new_id
from roomlog.search.lexemes import vector
from tests.indexing import indexed
from tests.integration.api_people import Person, problem
from tests.people import Member

pytestmark = pytest.mark.whole_log

LONG = 1_000
"""Characters."""


@pytest.fixture(scope="module")
async def ada(stack):
    return await Person.registered(stack.status()["api"], "Ada Lovelace")


@pytest.fixture(scope="module")
async def eve(stack):
    return await Person.registered(stack.status()["api"], "Eve")


@pytest.fixture
async def room(ada):
    return await ada.room(f"room {new_id()[:8]}", "private")


async def found(person, room="", stored="", **params):
    """Return the page of a search, not before the index has what was stored at that cursor of the room."""
    params |= {"room": room} if room else {}
    params |= {"after_cursor": stored} if stored else {}
    return await person.read("/search", **params)


def texts(page):
    return [item["text"] for item in page["items"]]


def shown(item):
    return "".join(f"[{p['text']}]" if p["match"] else p["text"] for p in item["highlights"])


async def say_all(person, room, *lines):
    """Post the lines one after the other and return the cursor of the last."""
    for line in lines:
        cursor = (await person.say(room, line))["cursor"]
    return cursor


async def test_what_was_said_is_found_at_once_with_its_marks(ada, room):
    cursor = await say_all(ada, room, "Hello there", "the deployment went wrong", "nothing")
    page = await found(ada, room, cursor, q="WRONG deploy*")
    (item,) = page["items"]
    assert shown(item) == "the [deployment] went [wrong]"
    assert item["sender"] == ada.id
    assert page["users"][ada.id]["name"] == "Ada Lovelace"
    assert page["rooms"][room]["kind"] == "private"
    assert page["next"] is None


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("alpha", [3, 1, 0]),
        ('"alpha beta"', [0]),
        ('"beta alpha"', [1]),
        ("bet*", [2, 1, 0]),
        ("alpha -beta", [3]),
        ("-alpha", [6, 5, 4, 2]),
        ("gamma OR 天气", [4, 3]),
        ("🎉", [5]),
        ("CAFE", [6]),
        ("example.com", [6]),
        ("has:link", [6]),
        ("from:me bet*", [2, 1, 0]),
        ("alpha from:nobody-is-called-so", None),
        ("the and or of", []),
        ("today -is", []),
        ("since:today alpha", [3, 1, 0]),
        ("before:today alpha", []),
    ],
)
async def test_what_a_query_finds(ada, spoken, query, expected):
    room, cursor, lines = spoken
    if expected is None:
        answer = await ada.http.get("/search", params={"q": query, "room": room})
        assert "nobody is called" in problem(answer, 422, "bad_request")["detail"]
    else:
        assert texts(await found(ada, room, cursor, q=query)) == [lines[n] for n in expected]


@pytest.fixture(scope="module")
async def spoken(ada):
    lines = [
        "alpha beta",
        "beta, alpha",
        "betamax",
        "alpha gamma",
        "今天天气很好",
        "so 🎉!",
        "Café: https://example.com/menu",
    ]
    room = await ada.room("spoken", "private")
    return room, await say_all(ada, room, *lines), lines


async def test_only_members_find_what_a_room_says(ada, eve, room):
    word = f"secret{new_id()[:8]}"
    cursor = await say_all(ada, room, word)
    public = await ada.room("open to all")
    other = await say_all(ada, public, word)
    assert len((await found(ada, room, cursor, q=word))["items"]) == 1
    await found(ada, public, other, q=word)
    assert texts(await found(eve, q=word)) == []
    answer = await eve.http.get("/search", params={"q": word, "room": room})
    assert problem(answer, 404, "no_such_room") == problem(
        await eve.http.get("/search", params={"q": word, "room": new_id()}), 404, "no_such_room"
    )
    answer = await eve.http.get("/search", params={"q": word, "room": public})
    problem(answer, 403, "not_a_member")
    joined = await eve.join(public)
    await eve.read(f"/rooms/{public}", after_cursor=joined)
    page = await found(eve, q=word)
    assert [item["room"] for item in page["items"]] == [public]
    left = (await eve.http.delete(f"/rooms/{public}/members/me")).json()["cursor"]
    await eve.read(f"/rooms/{public}", after_cursor=left)
    assert texts(await found(eve, q=word)) == []


async def test_edits_are_found_as_they_are_and_deleted_messages_never(stack, ada, room):
    device = await Member.sign_in(stack.data, stack.status()["ingest"], user=ada.id)
    said = await device.post(room, "original wording")
    change = {"room": room, "event": said.event}
    ack = await device.request({"op": "edit", "key": new_id(), "text": "other wording", **change})
    assert texts(await found(ada, room, ack.cursor, q="original")) == []
    assert texts(await found(ada, room, q="wording")) == ["other wording"]
    ack = await device.request({"op": "delete", "key": new_id(), **change})
    await ada.read(f"/rooms/{room}", after_cursor=ack.cursor)
    assert texts(await found(ada, room, q="wording")) == []  # even if the index has it still
    assert texts(await found(ada, room, ack.cursor, q="wording")) == []
    await device.client.close()
    with psycopg.connect(stack.status()["postgres"]) as connection:
        query = "SELECT count(*) FROM message_search WHERE room_id = %s"
        assert connection.execute(query, [room]).fetchone() == (0,)


@pytest.mark.parametrize("sort", ["newest", "relevance"])
async def test_pages_have_everything_once(ada, sort):
    rooms = [await ada.room(f"paged {n}", "private") for n in range(3)]
    word, cursors = f"w{new_id()[:8]}", {}
    for n in range(30):
        room = rooms[n % 3]
        cursors[room] = (await ada.say(room, f"{word} " * (1 + n % 4) + f"number {n}"))["cursor"]
    for room, cursor in cursors.items():
        await found(ada, room, cursor, q=word)
    items, after = [], None
    while True:
        more = {"after": after} if after else {}
        page = await found(ada, q=word, sort=sort, limit=7, **more)
        items += page["items"]
        await ada.say(rooms[0], f"{word} later")  # what comes meanwhile moves nothing
        after = page["next"]
        if after is None:
            break
    items = [item for item in items if "number" in item["text"]]
    assert len({item["id"] for item in items}) == len(items) == 30
    if sort == "newest":
        assert [i["ts"] for i in items] == sorted((i["ts"] for i in items), reverse=True)
    else:
        counts = [item["text"].count(word) for item in items]
        assert counts == sorted(counts, reverse=True)


async def test_senders_rooms_and_times_narrow_it_down(ada, eve):
    room = await ada.room(f"narrow {new_id()[:6]}")
    joined = await eve.join(room)
    await eve.read(f"/rooms/{room}", after_cursor=joined)
    word = f"w{new_id()[:8]}"
    await ada.say(room, f"{word} one")
    await eve.say(room, f"{word} two")
    cursor = await say_all(ada, room, f"{word} three")
    await found(ada, room, cursor, q=word)
    assert texts(await found(ada, q=f"{word} from:eve")) == [f"{word} two"]
    assert texts(await found(ada, q=f'{word} -from:"ada lovelace"')) == [f"{word} two"]
    assert len(texts(await found(ada, q=word, **{"from": ada.id}))) == 2
    assert len(texts(await found(ada, q=word, **{"from": "me"}))) == 2
    name = (await ada.read(f"/rooms/{room}"))["name"]
    assert len(texts(await found(ada, q=f'{word} in:"{name}"'))) == 3
    assert texts(await found(ada, q=f'{word} -in:"{name}"')) == []
    now = datetime.now(UTC)
    assert texts(await found(ada, q=word, until=(now - timedelta(hours=1)).isoformat())) == []
    assert len(texts(await found(ada, q=word, since=(now - timedelta(hours=1)).isoformat()))) == 3
    problem(await ada.http.get("/search", params={"q": f"{word} in:nowhere"}), 422, "bad_request")


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"q": ""},
        {"q": "  !?  "},
        {"q": "in:spoken"},
        {"q": "x" * 1_001},
        {"q": "word " * 2_000},
        {"q": "a\0b"},
        {"q": " ".join("abcdefghijklmnopqrstuvwxyz0123456789")},
        {"q": "has:everything"},
        {"q": "since:soon"},
        {"q": "-since:2026"},
        {"q": "x", "since": "never"},
        {"q": "x", "until": "99999-01-01"},
        {"q": "x", "has": "'"},
        {"q": "x", "from": "%"},
        {"q": "x", "sort": "best"},
        {"q": "x", "limit": "0"},
        {"q": "x", "limit": "1e3"},
        {"q": "x", "after": "x"},
        {"q": "x", "room": "no such room"},
        {"q": "x", "after_cursor": "1:0"},
        {"q": "x", "after_cursor": "yesterday", "room": new_id()},
    ],
)
async def test_what_cannot_be_searched_for_is_refused_with_what_to_do(ada, spoken, params):
    problem(await ada.http.get("/search", params=params), 422, "bad_request")


@pytest.mark.parametrize(
    "query",
    [
        "'; DROP TABLE messages; --",
        "a & | ! <-> ( ) :* \\ ' \" %s %(words)s $1 {0}",
        "\x01\x02\x1f\x7f control",
        "\u202e\u0000"[:1] + " bidi",
        "天" * 190,
        "a* b* c* -d OR -e",
        "*",
        "/has/link",
        'from:" OR 1=1',
        "x" * 1_000,
        "<img src=x onerror=alert(1)>",
        "\U0010ffff \ufffe \U0001f468\u200d\U0001f469",
    ],
)
async def test_odd_queries_find_nothing_and_break_nothing(ada, spoken, query):
    answer = await ada.http.get("/search", params={"q": query, "sort": "relevance"})
    assert answer.status_code in (200, 422), answer.text


async def test_a_room_that_says_its_language_is_searched_by_stems(stack, ada, room):
    device = await Member.sign_in(stack.data, stack.status()["ingest"], user=ada.id)
    cursor = await say_all(ada, room, "running tests", "übermorgen")
    assert texts(await found(ada, room, cursor, q="run test")) == []
    change = {"op": "rename", "room": room, "key": new_id(), "language": "en"}
    ack = await device.request(change)
    await ada.read(f"/rooms/{room}", after_cursor=ack.cursor)
    assert (await ada.read(f"/rooms/{room}"))["language"] == "en"
    cursor = await say_all(ada, room, "tested runs")
    async with asyncio.timeout(10):  # what was said before is indexed anew behind it
        while len((page := await found(ada, room, cursor, q="test run"))["items"]) < 2:
            await asyncio.sleep(0.05)
    assert [shown(item) for item in page["items"]] == ["[tested] [runs]", "[running] [tests]"]
    assert texts(await found(ada, room, q='"run"')) == []
    assert texts(await found(ada, room, q="ubermorgen")) == ["übermorgen"]
    await device.client.close()


async def test_a_search_waits_for_the_index_or_says_that_it_is_behind(stack, ada, room):
    first = await say_all(ada, room, "before")
    await found(ada, room, first, q="before")
    frozen = stack.kill("indexer-1", signal.SIGSTOP)
    try:
        cursor = await say_all(ada, room, "meanwhile")
        await ada.read(f"/rooms/{room}", after_cursor=cursor)
        params = {"q": "meanwhile", "room": room, "after_cursor": cursor}
        answer = await ada.http.get("/search", params=params)
        assert problem(answer, 504, "behind")["retryable"] is True
        page = await found(ada, room, q="before")
        assert texts(page) == ["before"]
        assert page["behind"] >= 1
    finally:
        os.kill(frozen, signal.SIGCONT)
    assert texts(await found(ada, room, cursor, q="meanwhile")) == ["meanwhile"]


async def test_killed_again_and_again_the_index_has_every_message_once(stack, ada):
    rooms = [await ada.room(f"killed {n}", "private") for n in range(6)]
    said, last, done = [], {}, asyncio.Event()

    async def chatter():
        while not done.is_set():
            for room in rooms:
                last[room] = (await ada.say(room, f"word number {len(said)}"))["cursor"]
                said.append(room)
                await asyncio.sleep(0.03)  # more would be limited

    chatting = asyncio.create_task(chatter())
    for _ in range(2):
        await asyncio.sleep(0.3)
        killed = stack.kill("indexer-1")
        await asyncio.to_thread(stack.wait_ready, "indexer-1", other_than=killed)
    done.set()
    await chatting
    # What is not projected yet would come while the index is looked at.
    for room, cursor in last.items():
        await ada.read(f"/rooms/{room}", after_cursor=cursor)
    await indexed(stack)
    assert_index_is_right(stack)
    page = await found(ada, q='word in:"killed 3"', limit=100)
    assert len(page["items"]) == min(100, said.count(rooms[3]))


async def test_new_words_are_merged_into_the_index(stack, ada, room):
    await say_all(ada, room, *(f"{new_id()} is new" for _ in range(10)))
    await indexed(stack)
    index = SearchIndex(stack.status()["postgres"])
    index.connect()
    with psycopg.connect(stack.status()["postgres"]) as connection:
        connection.execute("CREATE EXTENSION pgstattuple")
        pending = "SELECT pending_tuples FROM pgstatginindex('message_search_words')"
        (waiting,) = connection.execute(pending).fetchone()
        assert waiting >= 10
        index.merge()
        assert connection.execute(pending).fetchone() == (0,)
        connection.rollback()
    index.close()


async def test_two_share_the_work_and_a_frozen_one_changes_nothing_when_it_wakes(stack, ada, room):
    stack.add_service("indexer-2")
    try:
        cursor = await say_all(ada, room, *(f"shared {n}" for n in range(20)))
        frozen = stack.kill("indexer-1", signal.SIGSTOP)
        try:
            cursor = await say_all(ada, room, *(f"shared {n}" for n in range(20, 40)))
            await indexed(stack)  # by the other one, once the group has noticed
        finally:
            os.kill(frozen, signal.SIGCONT)
        cursor = await say_all(ada, room, "shared at last")
        assert len((await found(ada, room, cursor, q="shared", limit=100))["items"]) == 41
    finally:
        stack.remove_service("indexer-2")
    await indexed(stack)
    assert_index_is_right(stack)


async def test_an_empty_index_is_filled_from_the_log(stack, ada, spoken):
    """The part of one partition: all of it would keep whoever searches waiting."""
    room, _, _ = spoken
    with psycopg.connect(stack.status()["postgres"]) as connection:
        emptied = connection.execute(
            """
            WITH partition AS (DELETE FROM search_offsets WHERE partition =
                               (SELECT partition FROM rooms WHERE id = %s) RETURNING partition)
            DELETE FROM message_search WHERE room_id IN
                (SELECT id FROM rooms JOIN partition USING (partition))""",
            [room],
        )
        assert emptied.rowcount > 2
    cursor = await say_all(ada, room, "one more")
    await indexed(stack)
    assert len((await found(ada, room, cursor, q="alpha"))["items"]) == 3
    assert_index_is_right(stack)


def assert_index_is_right(stack):
    """Compare the whole index with what the messages and the languages of their rooms say.

    Long messages, which others have left by the thousand, only by their places: their words take minutes.
    """
    with psycopg.connect(stack.status()["postgres"]) as connection:
        query = """
            SELECT m.room_id, m."offset", m.sender_id, m.sent_at, m.text, m.attachments, r.language
            FROM messages m JOIN rooms r ON r.id = m.room_id WHERE m.text IS NOT NULL"""
        messages = connection.execute(query).fetchall()
        words = [
            vector(text, [f["name"] for f in files], lang) if len(text) < LONG else ""
            for *_, text, files, lang in messages
        ]
        expected = {
            (room, offset): (sender, sent_at, found)
            for (room, offset, sender, sent_at, *_), found in zip(
                messages, lexemes(connection, words), strict=True
            )
        }
        query = """
            SELECT s.room_id, s."offset", s.sender_id, s.sent_at,
                   CASE WHEN length(m.text) < %s THEN words::text ELSE '' END
            FROM message_search s LEFT JOIN messages m USING (room_id, "offset")"""
        rows = connection.execute(query, [LONG]).fetchall()
    assert len(rows) == len(expected)
    assert {(room, offset): tuple(rest) for room, offset, *rest in rows} == expected


def lexemes(connection, words):
    query = """
        SELECT words::tsvector::text FROM unnest(%s::text[]) WITH ORDINALITY AS given (words, n)
        ORDER BY n"""
    return [found for (found,) in connection.execute(query, [words])]


def test_of_a_word_that_is_said_very_often_the_first_places_are_kept(stack):
    with psycopg.connect(stack.status()["postgres"]) as connection:
        (kept,) = lexemes(connection, [vector("a " * 1_000, [], "simple")])
    assert kept == "'a':" + ",".join(str(n) for n in range(1, 257))
