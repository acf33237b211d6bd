"""What is to be sent, in PostgreSQL: queued by the projector, claimed here, and taken away once it is sent."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from projector.notifier import sql
from projector.notifier.digest import Item
from projector.notifier.rules import KEPT, Due
from projector.session import Session
from roomlog.notifications import TEXT_CHARS
from roomlog.readmodels.notifications import HEARD_NOTIFICATIONS

CLAIMED_FOR = timedelta(seconds=60)
_MOST = 500


class Outbox(Session):
    """The session that what is due is taken from. All raise Unavailable."""

    APPLICATION = "roomlog-notifier-outbox"

    def claim(self, most: int) -> list[Due]:
        """Return what is due, for nobody else for a minute."""
        with self._errors():
            rows = self._session().execute(sql.CLAIM, [most, CLAIMED_FOR, TEXT_CHARS])
            return [Due(*row) for row in rows]

    def done(self, due: Due) -> None:
        """It was sent, or is not to be sent."""
        self._run(sql.DONE, due.subscription, due.event)

    def later(self, due: Due, after: timedelta) -> None:
        """It is due again after a while."""
        self._run(sql.LATER, after, due.subscription, due.event)

    def unsubscribe(self, due: Due) -> None:
        """The browser wants no more: forget it, and all that it was to be told."""
        self._run(sql.UNSUBSCRIBE, due.subscription)

    def drop_stale(self) -> None:
        """Forget what was not sent for so long that nobody wants to know it any more."""
        self._run(sql.DROP_STALE, 2 * KEPT)

    def _run(self, query: str, *parameters: object) -> None:
        with self._errors():
            self._session().execute(query.encode(), parameters)


class Wanted(NamedTuple):
    """Somebody who wants a mail about what they have not read."""

    user: str
    token: str
    since: datetime
    """What is older was in a mail before, or they did not want one yet."""
    sent_at: datetime | None
    """When the last one was sent."""
    address: str
    name: str


class Digests(Session):
    """The session that mails are made from. All raise Unavailable."""

    APPLICATION = "roomlog-notifier-digests"

    def claim(self, every: timedelta, most: int) -> list[Wanted]:
        """Return people for whom a mail may be due, for whom none is for another interval then."""
        with self._errors():
            found = self._session().execute(sql.CLAIM_DIGESTS, {"every": every, "most": most})
            return [Wanted(*row) for row in found]

    def release(self, wanted: Wanted) -> None:
        """None was sent: it is due as before."""
        with self._errors():
            parameters = [wanted.sent_at, wanted.user]
            self._session().execute(sql.RELEASE_DIGEST, parameters)

    def unread(self, user: str, markers: Mapping[str, int]) -> list[Item]:
        """Return what a person has not read and wants to hear of, the newest first.

        It is asked as the API would ask it for them, so row-level security counts.
        """
        asked: dict[str, Any] = {
            "user_id": user,
            "rooms": list(markers),
            "offsets": list(markers.values()),
        }
        asked |= {"paged": False, "at": None, "event": None, "limit": _MOST, "chars": TEXT_CHARS}
        with self._errors():
            connection = self._session()
            with connection.transaction():
                connection.execute(sql.AS_READER, [user])
                rows = connection.execute(HEARD_NOTIFICATIONS, asked).fetchall()
                names: dict[Any, str] = dict(
                    connection.execute(sql.NAMES, [[row[4] for row in rows]]).fetchall()
                )
                rooms: dict[Any, str] = dict(
                    connection.execute(sql.ROOM_NAMES, [[row[2] for row in rows]]).fetchall()
                )
        return [
            Item(
                str(event),
                kind,
                room and str(room),
                rooms.get(room, "a room"),
                names.get(sender, ""),
                at,
                text,
            )
            for event, kind, room, _, sender, at, text, *_ in rows
        ]
