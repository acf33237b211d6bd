"""What a mail about unread things says, as plain text and as HTML. Pure."""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid, parseaddr
from html import escape
from typing import NamedTuple
from urllib.parse import quote

from projector.notifier.wording import title

_SHOWN = 20


class Item(NamedTuple):
    """An unread notification; `text` is the beginning of a message, None for other kinds and sealed ones."""

    event: str
    kind: str
    room: str | None
    room_name: str
    sender: str
    at: datetime
    text: str | None

    @property
    def title(self) -> str:
        """Who did what, and where."""
        return title(self.kind, self.sender, self.room_name)


class Digest(NamedTuple):
    """What one person has not read, the newest first; `more` are those beyond `items`."""

    name: str
    address: str
    token: str
    items: list[Item]
    more: int

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self.items) + self.more


def shown(items: list[Item]) -> tuple[list[Item], int]:
    """Return those that a mail names, and how many it does not."""
    return items[:_SHOWN], max(0, len(items) - _SHOWN)


def mail(digest: Digest, sender: str, web: str, now: datetime) -> EmailMessage:
    """Return the mail; `sender` is an address with or without a name, `web` that of the page.

    Raises ValueError for an address that no mail can be sent to.
    """
    made = EmailMessage()
    name, address = parseaddr(sender)
    made["From"] = Address(name, addr_spec=address)
    made["To"] = Address(addr_spec=digest.address)
    things = "notification" if digest.total == 1 else "notifications"
    made["Subject"] = f"{digest.total} unread {things} on Roomlog"
    made["Date"] = format_datetime(now)
    made["Message-ID"] = make_msgid(domain=address.rpartition("@")[2] or None)
    made["Auto-Submitted"] = "auto-generated"
    end = f"{web}/api/v1/mail/unsubscribe?token={quote(digest.token)}"
    made["List-Unsubscribe"] = f"<{end}>"
    made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    made.set_content(_plain(digest, web, end))
    made.add_alternative(_html(digest, web, end), subtype="html")
    return made


def _plain(digest: Digest, web: str, end: str) -> str:
    lines = [f"Hello {digest.name},", "", "this is what you have not read:", ""]
    for item in digest.items:
        lines += [f"* {item.title} ({_when(item.at)})"]
        lines += [f"  {' '.join(item.text.split())}"] if item.text else []
        lines += [f"  {_link(item, web)}", ""]
    lines += [f"And {digest.more} more: {web}/", ""] if digest.more else []
    return "\n".join([*lines, f"No more of these mails: {end}", ""])


def _html(digest: Digest, web: str, end: str) -> str:
    rows = "".join(
        f'<li style="margin-bottom:12px"><a href="{escape(_link(item, web))}">{escape(item.title)}</a> '
        f'<span style="color:#666">{_when(item.at)}</span>'
        + (f"<br>{escape(item.text)}" if item.text else "")
        + "</li>"
        for item in digest.items
    )
    more = f'<p><a href="{escape(web)}/">And {digest.more} more</a></p>' if digest.more else ""
    return (
        f'<!doctype html><html><body style="font-family:sans-serif"><p>Hello {escape(digest.name)},</p>'
        f"<p>this is what you have not read:</p><ul>{rows}</ul>{more}"
        f'<p style="color:#666"><a href="{escape(end)}">No more of these mails</a></p></body></html>'
    )


def _link(item: Item, web: str) -> str:
    if item.room is None:
        return f"{web}/"
    message = "" if item.kind == "invite" else f"/{item.event}"
    return f"{web}/#/rooms/{item.room}{message}"


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
