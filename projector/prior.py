"""What a batch needs to know of the read models before it, read from PostgreSQL."""

from collections.abc import Collection, Iterable

import psycopg

from projector import schedules, sql, texts
from projector.batch import Batch
from projector.fold import (
    Member,
    Prior,
    concerned_members,
    concerned_pairs,
    created_rooms,
)
from projector.moderation import Watched
from projector.notifications import mentioned_members
from projector.schedules import Schedule
from projector.session import arrays
from roomlog.relations import NOTHING, Pair, Relation, pair


class Kinds:
    """Which rooms are known not to be direct, so that hardly any has to be asked for."""

    _MOST = 200_000

    def __init__(self) -> None:
        self._others: set[str] = set()

    def direct(self, cursor: psycopg.Cursor, rooms: Iterable[str]) -> list[str]:
        """Return those of the rooms that are direct."""
        unknown = [room for room in rooms if room not in self._others]
        if not unknown:
            return []
        found: dict[str, str] = dict(cursor.execute(sql.SELECT_KINDS, [unknown]).fetchall())
        if len(self._others) > self._MOST:
            self._others.clear()
        self._others.update(room for room, kind in found.items() if kind != "direct")
        return [room for room, kind in found.items() if kind == "direct"]


def read_prior(cursor: psycopg.Cursor, batch: Batch, kinds: Kinds, *, check_repeats: bool) -> Prior:
    """Return what is there of all that a batch speaks of.

    Only with `check_repeats` it tells which facts took effect before.
    """
    prior = Prior()
    facts = batch.facts.values()
    if ids := [*(batch.facts if check_repeats else ()), *batch.user_facts]:
        cursor.execute(sql.SELECT_APPLIED, [ids])
        prior.applied.update(event for (event,) in cursor)
    if created := created_rooms(facts):
        prior.rooms.update(room for (room,) in cursor.execute(sql.SELECT_ROOMS, [created]))
    keys = {
        *concerned_members(facts, batch.messages.values()),
        *mentioned_members(batch.messages, batch.mentions),
    }
    if keys:
        for room, user, *member in cursor.execute(
            sql.SELECT_MEMBERS, arrays(sql.SELECT_MEMBERS, keys)
        ):
            prior.members[room, user] = Member(*member)
    if rooms := list({message.room_id for message in batch.messages.values()}):
        prior.void.update(event.bytes for (event,) in cursor.execute(sql.SELECT_VOID, [rooms]))
        if direct := kinds.direct(cursor, rooms):
            prior.direct.update(direct)
            for room, user, *member in cursor.execute(sql.SELECT_MEMBERS_OF, [direct]):
                prior.members[room, user] = Member(*member)
    if touched := texts.concerned(facts):
        prior.messages = _read_messages(cursor, batch, touched)
    if scheduled := schedules.concerned(batch.user_facts.values()):
        cursor.execute(sql.SELECT_SCHEDULED, [scheduled])
        prior.schedules = {id_: Schedule(*row) for id_, *row in cursor}
    if watched := {*rooms, *(fact.room_id for fact in facts)}:
        prior.watched = _read_watched(cursor, watched)
    if users := list({fact.user_id for fact in batch.user_facts.values()}):
        prior.erased.update(user for (user,) in cursor.execute(sql.SELECT_ERASED, [users]))
    if pairs := concerned_pairs(batch.user_facts.values()):
        prior.relations = _read_relations(cursor, pairs)
    return prior


def _read_messages(
    cursor: psycopg.Cursor, batch: Batch, keys: Collection[texts.MessageKey]
) -> texts.Known:
    cursor.execute(sql.SELECT_MESSAGES, arrays(sql.SELECT_MESSAGES, keys))
    known = texts.Known(deleted={(room, event): deleted for room, event, deleted in cursor})
    for room, target in keys:
        message = batch.messages.get(bytes.fromhex(target.replace("-", "")))
        if message is not None and message.room_id == room:
            known.posted[room, target] = message.offset
    return known


def _read_watched(cursor: psycopg.Cursor, rooms: Collection[str]) -> dict[str, Watched]:
    found: dict[str, Watched] = {}
    for room, kind, user, value in cursor.execute(sql.SELECT_WATCHED, {"rooms": list(rooms)}):
        found.setdefault(room, Watched()).know(kind, user, value)
    return found


def _read_relations(cursor: psycopg.Cursor, pairs: Collection[Pair]) -> dict[Pair, Relation]:
    found: dict[Pair, Relation] = {}
    for one, other, *asked in cursor.execute(
        sql.SELECT_FRIENDSHIPS, arrays(sql.SELECT_FRIENDSHIPS, pairs)
    ):
        found[one, other] = Relation(*asked)
    for blocker, blocked, since in cursor.execute(
        sql.SELECT_BLOCKS, arrays(sql.SELECT_BLOCKS, pairs)
    ):
        two = pair(blocker, blocked)
        before = found.get(two, NOTHING)
        found[two] = before._replace(blocked_at={**before.blocked_at, blocker: since})
    return found
