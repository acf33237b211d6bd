"""Digests, again and again: one for each person who wants them and each interval, if there is something unread."""

import logging
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from projector.notifier.digest import Digest, mail, shown
from projector.notifier.postgres import Digests, Wanted
from projector.notifier.smtp import MailAway, Mailer, MailRefused
from projector.notifier.turns import Turns
from projector.notifier.valkey import People, PresenceUnknown
from roomlog import metrics

_AT_ONCE = 20
_LONGEST_PAUSE_S = 30.0

log = logging.getLogger(__name__)


class Terms(NamedTuple):
    """How mails are sent: how often to one person at most, from whom, and where their links lead."""

    every: timedelta
    sender: str
    web: str


class Mailing(Turns):
    """Sends digests. One that is on its way when this ends may be lost: the next has the same in it."""

    def __init__(
        self, digests: Digests, people: People, mailer: Mailer, terms: Terms, thread: Executor
    ) -> None:
        super().__init__(digests, thread, min(_LONGEST_PAUSE_S, terms.every.total_seconds() / 4))
        self._digests, self._people, self._mailer, self._terms = digests, people, mailer, terms

    async def _turn(self) -> int:
        due = await self._call(self._digests.claim, self._terms.every, _AT_ONCE)
        for number, wanted in enumerate(due):
            try:
                await self._one(wanted)
            except (MailAway, PresenceUnknown):
                for later in due[number:]:
                    await self._call(self._digests.release, later)
                raise
        return len(due)

    async def _one(self, wanted: Wanted) -> None:
        [(is_there, _)] = await self._people.look([(wanted.user, "")])
        if is_there:
            return  # they see it themselves; in another interval they are asked for again
        markers = await self._people.markers(wanted.user)
        items = await self._call(self._digests.unread, wanted.user, markers)
        if not any(item.at > wanted.since for item in items):
            return  # all of that was in a mail before
        some, more = shown(items)
        digest = Digest(wanted.name, wanted.address, wanted.token, some, more)
        try:
            made = mail(digest, self._terms.sender, self._terms.web, datetime.now(UTC))
            await self._mailer.send(made)
        except (MailRefused, ValueError) as error:
            metrics.NOTIFIER_MAILS.labels("refused").inc()
            log.warning("a mail is refused: %s", error)
        else:
            metrics.NOTIFIER_MAILS.labels("sent").inc()
