"""Mails over SMTP, as the setting `smtp_url` says: smtp://USER:PASSWORD@HOST:PORT, or smtps:// for TLS at once."""

from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import aiosmtplib
import tenacity

_TIMEOUT_S = 20.0
_ATTEMPTS = 3
_PORTS = {"smtp": 25, "smtps": 465}


class MailAway(Exception):
    """The mail server does not take mails now."""


class MailRefused(Exception):
    """The mail server does not take this mail, and never will."""


class Mailer:
    """Sends mails; each over a connection of its own, for there are few."""

    def __init__(self, url: str) -> None:
        """Raise ValueError for what is no address of a mail server."""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError("not smtp://HOST:PORT or smtps://HOST:PORT")
        self._host, self._port = parts.hostname, parts.port or _PORTS[parts.scheme]
        self._tls = parts.scheme == "smtps"
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None

    async def send(self, mail: EmailMessage) -> None:
        """Send one; raises MailRefused, or MailAway after a few attempts."""
        attempts = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type(MailAway),
            wait=tenacity.wait_random_exponential(multiplier=0.2, max=3),
            stop=tenacity.stop_after_attempt(_ATTEMPTS),
            reraise=True,
        )
        await attempts(self._send, mail)

    async def _send(self, mail: EmailMessage) -> None:
        try:
            await aiosmtplib.send(
                mail,
                hostname=self._host,
                port=self._port,
                username=self._user,
                password=self._password,
                use_tls=self._tls,
                timeout=_TIMEOUT_S,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = {refused.code for refused in error.recipients}
            raise (MailRefused if min(codes) >= 500 else MailAway)(str(error)) from error
        except (aiosmtplib.SMTPDataError, aiosmtplib.SMTPSenderRefused) as error:
            raise (MailRefused if error.code >= 500 else MailAway)(str(error)) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise MailAway(f"{type(error).__name__}: {error}") from error
