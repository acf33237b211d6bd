"""What is to be sent, in PostgreSQL: rows of what the log tells, one transaction a batch, fenced by its offsets."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import psycopg

from projector.batch import Place
from projector.session import Session, columns, move_offsets
from projector.sql import WEBHOOKS as OFFSETS
from projector.webhooks import sql
from projector.webhooks.due import Candidate, Delivery, candidates, deliveries
from roomlog.webhooks import Webhook
from schemas.codec import ChatEventCodec

MOST_WAITING = 1_000
"""Rows of one lane, at most; what is more is read from the log again when it is its turn."""

Records = Iterable[tuple[int, int, bytes]]
"""Partition, offset and value of records."""


class Refill(NamedTuple):
    """A lane whose rows are made of the log, from `start` on; `next` is where what is new begins."""

    webhook_id: str
    room_id: str
    partition: int
    start: int
    next: int


class Queue(Session):
    """The session that what is to be sent is written through."""

    APPLICATION = "roomlog-webhooks"
    OFFSETS = OFFSETS

    def __init__(self, dsn: str, codec: ChatEventCodec, epoch: int) -> None:
        super().__init__(dsn)
        self._codec, self._epoch = codec, epoch

    def write(
        self,
        records: Mapping[Place, Sequence[tuple[int, int, bytes, bytes]]],
        ends: Mapping[Place, int],
        starts: Mapping[Place, int],
    ) -> int | None:
        """Write what is sent of records (with their keys at the end) and move the offsets; return how much.

        None means that there is no webhook.
        Raises Fenced or Unavailable; then nothing was written, or, if the session broke at its end, all of
        it: the stored offsets tell.
        """
        with self._errors():
            connection = self._session()
            with connection.transaction(), connection.cursor() as cursor:
                move_offsets(cursor, self.OFFSETS.move, ends, starts)
                webhooks = [Webhook(*row) for row in cursor.execute(sql.WEBHOOKS)]
                if not webhooks:
                    return None
                return sum(self._feed(cursor, some, webhooks) for some in records.values())

    def has_webhooks(self) -> bool:
        """Tell whether there is any webhook; raises Unavailable."""
        with self._errors():
            return bool(self._session().execute(sql.HAS_WEBHOOKS).rowcount)

    def skip(self, places: Iterable[Place]) -> None:
        """Let partitions count as looked through as far as they are projected, unless there is a webhook.

        Raises Unavailable.
        """
        wanted = columns(places, 2)
        with self._errors():
            connection = self._session()
            connection.execute(self.OFFSETS.insert_missing.encode(), wanted)
            connection.execute(sql.SKIP, wanted)

    def _feed(
        self,
        cursor: psycopg.Cursor,
        records: Sequence[tuple[int, int, bytes, bytes]],
        webhooks: list[Webhook],
    ) -> int:
        keys = {key.decode("ascii", "replace") for *_, key in records}
        of_rooms = _of_rooms(cursor, keys, webhooks)
        wanted = (
            (p, o, v) for p, o, v, key in records if key.decode("ascii", "replace") in of_rooms
        )
        found = candidates(wanted, set(of_rooms), self._codec)
        due = deliveries(found, _effective(cursor, found), of_rooms, self._epoch)
        if not due:
            return 0
        open_lanes = _enter_lanes(cursor, due, found[0].partition)
        rows = [row for row, _ in due if row[:2] in open_lanes]
        if rows:
            cursor.execute(sql.INSERT_DELIVERIES, columns(rows, 7))
        return len(due)

    def refills(self, limit: int) -> list[Refill]:
        """Return lanes that are to be refilled and have room for it; raises Unavailable."""
        half = MOST_WAITING // 2
        with self._errors():
            found = self._session().execute(sql.REFILLS, [half, half, limit])
            return [Refill(*row) for row in found]

    def refill(self, lane: Refill, records: Records, end: int) -> None:
        """Make rows of a lane of what the log has from its start to before `end`; raises Unavailable.

        Does nothing where the lane is no more where it was. From where the log was looked through, what is
        new becomes a row at once again.
        """
        with self._errors():
            connection = self._session()
            with connection.transaction(), connection.cursor() as cursor:
                (next_,) = cursor.execute(sql.LOCK_OFFSET, [lane.partition]).fetchone() or (0,)
                lane_key = [lane.webhook_id, lane.room_id]
                row = cursor.execute(sql.LOCK_REFILL, lane_key).fetchone()
                webhooks = [Webhook(*row) for row in cursor.execute(sql.WEBHOOKS)]
                own = [w for w in webhooks if w.id == lane.webhook_id]
                if row is None or row[0] != lane.start or not own:
                    return
                found = candidates(records, {lane.room_id}, self._codec)
                due = deliveries(
                    found,
                    _effective(cursor, found),
                    {lane.room_id: own},
                    self._epoch,
                    again=True,
                )
                if due:
                    cursor.execute(sql.INSERT_DELIVERIES, columns([d for d, _ in due], 7))
                goes_on = None if end >= next_ else end
                cursor.execute(sql.MOVE_REFILL, [goes_on, *lane_key])


def _of_rooms(
    cursor: psycopg.Cursor, rooms: set[str], webhooks: list[Webhook]
) -> dict[str, list[Webhook]]:
    """Return the webhooks of each of these rooms: its own, and those of its workspace."""
    by_place: dict[str, list[Webhook]] = {}
    for webhook in webhooks:
        by_place.setdefault(webhook.room_id, []).append(webhook)
    found = {room: list(by_place[room]) for room in rooms if room in by_place}
    asked = [[room for room in rooms if len(room) == 36], list(by_place)]
    for room, workspace in cursor.execute(sql.SCOPES, asked):
        found.setdefault(room, []).extend(by_place[workspace])
    return found


def _effective(cursor: psycopg.Cursor, found: Sequence[Candidate]) -> dict[int, bool]:
    if not found:
        return {}
    cursor.execute(sql.EFFECTIVE, columns([one.question for one in found], 6))
    return dict(cursor.fetchall())


def _enter_lanes(
    cursor: psycopg.Cursor, due: Sequence[tuple[Delivery, Webhook]], partition: int
) -> set[tuple[str, str]]:
    """Lock the lanes that something is due in; return those whose rows are made at once."""
    firsts: dict[tuple[str, str], tuple[int, Webhook]] = {}
    for row, webhook in due:
        firsts.setdefault((row.webhook_id, row.room_id), (row.offset, webhook))
    lanes = [
        (*lane, partition, first if webhook.is_paused else None)
        for lane, (first, webhook) in sorted(firsts.items())
    ]
    parameters = [*columns(lanes, 4), MOST_WAITING]
    found = cursor.execute(sql.UPSERT_LANES, parameters).fetchall()
    full = {(w, r) for w, r, refills, waiting in found if not refills and waiting >= MOST_WAITING}
    if full:
        cursor.execute(sql.REFILL_FROM, columns([(*k, firsts[k][0]) for k in sorted(full)], 3))
    return {(w, r) for w, r, refills, _ in found if not refills} - full
