"""The search index in PostgreSQL: what has changed, read from the read models, one transaction a batch."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple

import psycopg

from projector import sql
from projector.arrays import Ids
from projector.batch import Place
from projector.changed import Changed
from projector.session import Session, many, move_offsets
from roomlog.search.lexemes import vector

REINDEXED_AT_ONCE = 1_000


class Said(NamedTuple):
    """A message of the read models; `text` is None where there is nothing (any more) to find."""

    room_id: str
    offset: int
    sender_id: str
    sent_at: datetime
    text: str | None
    attachments: list[dict[str, Any]]
    language: str


class SearchIndex(Session):
    """The session that an indexer writes through."""

    APPLICATION = "roomlog-indexer"
    OFFSETS = sql.SEARCH

    def write(self, changed: Changed, starts: Mapping[Place, int]) -> int:
        """Index what has changed and move the offsets to `changed.ends`; return how many messages that were.

        Raises Fenced or Unavailable; then nothing was written, or, if the session broke at its end, all
        of it: the stored offsets tell.
        """
        with self._errors():
            connection = self._session()
            with connection.transaction(), connection.cursor() as cursor:
                move_offsets(cursor, self.OFFSETS.move, changed.ends, starts)
                cursor.execute(sql.SELECT_CHANGED, [Ids(changed.messages)])
                found = [Said(*row) for row in cursor]
                _write(cursor, found)
                stale = [(room, *place) for room, place in changed.rooms.items()]
                many(cursor, sql.UPSERT_REINDEX, stale)
        return len(found)

    def merge(self) -> None:
        """Merge the list of new words into the index, so that who searches reads a short one; raises Unavailable.

        Where somebody else is about it (another indexer, a vacuum), it is left to them.
        """
        with self._errors(), suppress(psycopg.errors.LockNotAvailable):
            self._session().execute(sql.MERGE_WORDS)

    def reindex_some(self) -> bool:
        """Index some messages anew of a room that got another language; return whether there was one.

        Raises Unavailable.
        """
        with self._errors():
            connection = self._session()
            with connection.transaction(), connection.cursor() as cursor:
                row = cursor.execute(sql.SELECT_REINDEX).fetchone()
                if row is None:
                    return False
                room, partition = row
                # As in `write`: whoever holds the partition's row is alone with its messages.
                cursor.execute(sql.LOCK_SEARCH_OFFSET, [partition])
                cursor.execute(sql.SELECT_STALE, [room, REINDEXED_AT_ONCE])
                found = [Said(*row) for row in cursor]
                _write(cursor, found)
                if len(found) < REINDEXED_AT_ONCE:
                    cursor.execute(sql.DELETE_REINDEX, [room])
                else:
                    cursor.execute(sql.MOVE_REINDEX, [found[-1].offset, room])
        return True


def _write(cursor: psycopg.Cursor, messages: Iterable[Said]) -> None:
    kept, gone = [], []
    for said in messages:
        if said.text is None:
            gone.append((said.room_id, said.sent_at, said.offset))
            continue
        files = [file["name"] for file in said.attachments]
        words = vector(said.text, files, said.language)
        kept.append((said.room_id, said.sent_at, said.offset, said.sender_id, words))
    many(cursor, sql.DELETE_INDEXED, gone)
    many(cursor, sql.UPSERT_INDEXED, kept)
