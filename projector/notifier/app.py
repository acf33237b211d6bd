"""The notifier, `roomlog notifier`: it tells those who are away, on what they chose for that.

What browsers are to be told the projector queues, in the transaction of the notification. Whether it is still
unread when it is sent, the read models say.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from projector import service
from projector.notifier.deliver import Delivery
from projector.notifier.mailing import Mailing, Terms
from projector.notifier.postgres import Digests, Outbox
from projector.notifier.push import OUTCOMES, Pusher
from projector.notifier.smtp import Mailer
from projector.notifier.turns import Turns
from projector.notifier.valkey import People
from projector.readers import listen
from projector.sql import PUSHES_CHANNEL
from roomlog import health, metrics
from roomlog.push import PushHosts
from roomlog.settings import Settings

DEFAULT_METRICS_PORT = 8601
LISTENER = "roomlog-notifier-listener"
# Whoever talks comes first.
_NICENESS = 10


def main() -> None:
    """Run a notifier until SIGTERM or SIGINT; exits 1 with a message where it cannot go on."""
    os.nice(_NICENESS)
    service.main("notifier", run)


async def run(settings: Settings) -> None:
    """Send what is due in `settings.postgres` until a signal says to stop.

    Raises WrongSchema; SystemExit for settings that cannot work.
    """
    metrics.begin_at_zero(metrics.NOTIFIER_PUSHES, (*OUTCOMES, "dropped"))
    metrics.begin_at_zero(metrics.NOTIFIER_MAILS, ("sent", "refused"))
    pusher, mailer = _pusher(settings), _mailer(settings)
    outbox, digests = Outbox(settings.postgres), Digests(settings.postgres)
    people = People(settings.valkey)
    with ThreadPoolExecutor(1, "outbox") as one, ThreadPoolExecutor(1, "digests") as other:
        works: dict[str, Turns] = {}
        if pusher is not None:
            works["push"] = Delivery(outbox, people, pusher, one)
        if mailer is not None:
            works["mail"] = Mailing(digests, people, mailer, _terms(settings), other)
        checks = {name: work.check for name, work in works.items()}
        port = settings.metrics_port or DEFAULT_METRICS_PORT
        server = await health.serve(settings.host, port, checks)
        try:
            endless = [work.run() for work in works.values()]
            if pusher is not None:
                hurry = works["push"].hurry
                endless.append(listen(settings.postgres, hurry, PUSHES_CHANNEL, LISTENER))
            await service.first_of(service.until_signal(), *endless)
        finally:
            server.close()
            outbox.close()
            digests.close()
            await people.close()
            if pusher is not None:
                await pusher.close()


def _pusher(settings: Settings) -> Pusher | None:
    """Return what sends web pushes; None where there is no key for it. Raises SystemExit."""
    key = settings.vapid_private_key
    if key is None:
        return None
    try:
        return Pusher(key, settings.vapid_subject, PushHosts(settings.push_hosts))
    except (OSError, ValueError) as error:
        raise SystemExit(f"roomlog notifier: ROOMLOG_VAPID_PRIVATE_KEY: {error}") from error


def _mailer(settings: Settings) -> Mailer | None:
    """Return what sends mails; None where there is no mail server. Raises SystemExit."""
    if not settings.smtp_url:
        return None
    if not settings.web_url:
        told = "ROOMLOG_WEB_URL is not set: mails need the address of the page for their links"
        raise SystemExit(f"roomlog notifier: {told}")
    try:
        return Mailer(settings.smtp_url)
    except ValueError as error:
        raise SystemExit(f"roomlog notifier: ROOMLOG_SMTP_URL: {error}") from error


def _terms(settings: Settings) -> Terms:
    every = timedelta(seconds=settings.mail_every_s)
    return Terms(every, settings.mail_from, settings.web_url.rstrip("/"))
