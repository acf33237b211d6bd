"""Full-text search: who may find what, and the pages of what was found."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString, NamedTuple

from api.history import names, senders
from api.messages import Json, message, people
from api.paging import SearchPlace, read_search_place, write_search_place
from api.picks import EVERYWHERE, Pick
from api.postgres import Row, TooSlow, like
from api.problems import Problem
from api.reads import require_member, view_room
from api.search_dates import Span, span
from api.search_query import BadQuery, Filter, Query, matches, parse, tsquery
from api.search_walk import Hit, Place, Walk
from api.services import Services
from api.snippets import snippet
from api.sql import search as sql
from roomlog.cursors import Cursor
from roomlog.errors import ErrorCode
from roomlog.ids import is_id
from roomlog.search.lexemes import HAS

RANKED = 300
"""So many of the newest hits are put in the order of their relevance."""


class Asked(NamedTuple):
    """A search as it was asked for; what is empty limits nothing."""

    q: str
    room: str = ""
    filters: tuple[Filter, ...] = ()
    by_relevance: bool = False
    after: str = ""
    limit: int = 20
    pick: Pick = EVERYWHERE


@dataclass(frozen=True)
class Scope:
    """What a search may and shall look into."""

    rooms: dict[str, Row]
    """The rooms by their ids; the asker is a member of each."""
    senders: list[str] | None
    not_senders: list[str]
    span: Span
    words: str | None
    """A tsquery."""

    @property
    def indexed(self) -> int:
        """The offset before which all of the rooms is indexed, where that is one room."""
        return min((row["indexed"] for row in self.rooms.values()), default=0)

    @property
    def behind(self) -> int:
        """How many events of these rooms' partitions the index does not have yet."""
        lags = {row["partition"]: row["projected"] - row["indexed"] for row in self.rooms.values()}
        return sum(max(0, lag) for lag in lags.values())


async def search(
    use: Services, user_id: str, asked: Asked, now: datetime
) -> tuple[Json, str | None]:
    """Return a page of what a user finds, and the cursor up to which the room that was named is in it.

    Raises Problem (403, 404, 422, 503).
    """
    after = read_search_place(asked.after) if asked.after else None
    try:
        query = parse(asked.q)
        query = query._replace(filters=query.filters + asked.filters)
        scope = await _scope(use, user_id, asked, query, now)
        find = Finder(use, scope)
        if asked.by_relevance:
            found = await find.most_relevant(after, asked.limit + 1)
        else:
            found = await find.newest(after.last.place if after else None, asked.limit + 1)
        hits = found[: asked.limit]
        page = await _page(use, query, scope, hits)
    except BadQuery as bad:
        raise Problem(ErrorCode.BAD_REQUEST, str(bad)) from None
    except TooSlow:
        told = "q: this would take too long; add a word, a room or a date"
        raise Problem(ErrorCode.BAD_REQUEST, told) from None
    page["next"] = write_search_place(hits[-1], find.top) if len(found) > len(hits) else None
    return page, str(Cursor(use.settings.epoch, scope.indexed - 1)) if asked.room else None


class Finder:
    """Finds the messages of a scope."""

    def __init__(self, use: Services, scope: Scope) -> None:
        self._use, self._scope = use, scope
        self.top: Place | None = None
        """The newest hit of those that were put in the order of their relevance."""

    async def newest(self, start: Place | None, wanted: int, *, ranked: bool = False) -> list[Hit]:
        """Return the first hits after a place, newest first."""
        size = sum(row["message_count"] for row in self._scope.rooms.values())
        walk = Walk(self._starts(start), wanted, size)
        while walk.open and (each := walk.each()):
            rows = await self._rows(sql.SEARCH_NEWEST, walk, ranked, each=each)
            read = {row["room_id"]: _place(row) for row in rows if row["nth"] == each}
            hits = [_hit(row) for row in rows if row["is_hit"]]
            walk.take(read, each * len(walk.open), hits)
        if walk.open:
            rows = await self._rows(sql.SEARCH_INDEX, walk, ranked, limit=wanted)
            walk.take({}, 0, map(_hit, rows))
        return walk.hits

    async def most_relevant(self, after: SearchPlace | None, wanted: int) -> list[Hit]:
        """Return hits by their relevance, of the newest RANKED at the time of the first page."""
        self.top = after.top if after else None
        start = self.top and self.top._replace(offset=self.top.offset + 1)
        hits = await self.newest(start, RANKED, ranked=True)
        self.top = self.top or (hits[0].place if hits else None)
        hits.sort(key=lambda hit: -(hit.rank or 0))
        if after is not None:
            hits = [hit for hit in hits if after.last.is_less_relevant(hit)]
        return hits[:wanted]

    def _starts(self, start: Place | None) -> dict[str, Place]:
        found = {}
        for room in self._scope.rooms:
            until = Place(self._scope.span.end, room, -1)
            place = start.in_room(room) if start else until
            found[room] = until if place.is_before(until) else place
        return found

    async def _rows(
        self, query: LiteralString, walk: Walk, ranked: bool, **params: Any
    ) -> list[Row]:
        scope, oldest = self._scope, walk.oldest
        since = max(scope.span.start, oldest.sent_at) if oldest else scope.span.start
        params |= {
            "rooms": list(walk.open),
            "times": [place.sent_at for place in walk.open.values()],
            "offsets": [place.offset for place in walk.open.values()],
            "since": since,
            "words": scope.words,
            "senders": scope.senders,
            "not_senders": scope.not_senders,
            "ranked": ranked,
        }
        return await self._use.postgres.planned(query, params)


async def _scope(use: Services, user_id: str, asked: Asked, query: Query, now: datetime) -> Scope:
    if not query.groups and not any(f.name != "in" for f in query.filters):
        raise BadQuery("q: nothing to look for; write a word, or a filter such as from: or has:")
    params = {
        "user_id": user_id,
        "picked": asked.pick.is_made,
        "workspace_id": asked.pick.workspace,
    }
    rooms = {row["id"]: row for row in await use.postgres.all(sql.SEARCHED_ROOMS, params)}
    rooms = await _chosen_rooms(use, user_id, asked, query, rooms)
    senders, not_senders = await _senders(use, user_id, query)
    times = Span()
    for each in query.filters:
        if each.name in ("since", "until", "before", "after", "on"):
            _require_positive(each)
            times = times.and_also(span(each.name, each.value, now))
    words = tsquery(query, (row["language"] for row in rooms.values()), _has(query))
    return Scope(rooms, senders, not_senders, times, words)


async def _chosen_rooms(
    use: Services, user_id: str, asked: Asked, query: Query, rooms: dict[str, Row]
) -> dict[str, Row]:
    room = asked.room
    if is_id(room):
        if room not in rooms:
            require_member(await view_room(use, room, user_id, asked.pick))
        rooms = {i: row for i, row in rooms.items() if i == room}
    elif room:
        rooms = _named(room, rooms)
    wanted = [f for f in query.filters if f.name == "in"]
    if positive := [f for f in wanted if not f.is_negated]:
        chosen: dict[str, Row] = {}
        for each in positive:
            chosen |= _named(each.value, rooms)
        rooms = chosen
    for each in wanted:
        if each.is_negated:
            rooms = {i: row for i, row in rooms.items() if i not in _named(each.value, rooms)}
    return rooms


def _named(name: str, rooms: dict[str, Row]) -> dict[str, Row]:
    """Return the rooms of this name or id; raises BadQuery where one is a member of none."""
    wanted = name.removeprefix("#").casefold()
    found = {i: row for i, row in rooms.items() if wanted in (i, row["name"].casefold())}
    if not found:
        raise BadQuery(f"in: you are a member of no room called {name[:80]!r}")
    return found


async def _senders(use: Services, user_id: str, query: Query) -> tuple[list[str] | None, list[str]]:
    """Return whose messages are wanted (None: everybody's), and whose are not."""
    wanted: list[str] | None = None
    unwanted: list[str] = []
    for each in query.filters:
        if each.name != "from":
            continue
        ids = await _people(use, user_id, each.value)
        if each.is_negated:
            unwanted += ids
        else:
            wanted = [*(wanted or ()), *ids]
    return wanted, unwanted


async def _people(use: Services, user_id: str, name: str) -> list[str]:
    if name.casefold() == "me":
        return [user_id]
    if is_id(name):
        return [name]
    called = name.removeprefix("@")
    rows = await use.postgres.all(sql.USERS_CALLED, {"pattern": like(called)})
    if not rows:
        raise BadQuery(f"from: nobody is called {called[:80]!r}")
    return [row["id"] for row in rows]


def _has(query: Query) -> list[tuple[str, bool]]:
    found = [(f.value.casefold(), f.is_negated) for f in query.filters if f.name == "has"]
    for what, _ in found:
        if what not in HAS:
            raise BadQuery(f"has: one of {', '.join(HAS)}, not {what[:40]!r}")
    return found


def _require_positive(each: Filter) -> None:
    if each.is_negated:
        raise BadQuery(f"-{each.name}: a time cannot be excluded; use since: or until:")


def _place(row: Row) -> Place:
    return Place(row["sent_at"], row["room_id"], row["offset"])


def _hit(row: Row) -> Hit:
    return Hit(_place(row), row["rank"])


async def _page(use: Services, query: Query, scope: Scope, hits: Sequence[Hit]) -> Json:
    keys = {
        "rooms": [hit.place.room for hit in hits],
        "offsets": [hit.place.offset for hit in hits],
    }
    rows = await use.postgres.all(sql.MESSAGES_FOUND, keys) if hits else []
    by_key = {(row["room_id"], row["offset"]): row for row in rows}
    items = []
    for hit in hits:
        # One that was deleted a moment ago is in the index still, and shown no more.
        if row := by_key.get((hit.place.room, hit.place.offset)):
            found = matches(query, row["text"], scope.rooms[row["room_id"]]["language"])
            item = message(row, use.settings.epoch)
            items.append({**item, "highlights": snippet(row["text"], found)})
    users = senders(rows)
    others = people(items) - users.keys()
    users |= await names(use, others) if others else {}
    rooms = {item["room"]: _room(scope.rooms[item["room"]]) for item in items}
    return {"items": items, "users": users, "rooms": rooms, "behind": scope.behind}


def _room(row: Row) -> Json:
    return {"id": row["id"], "name": row["name"], "kind": row["kind"]}
