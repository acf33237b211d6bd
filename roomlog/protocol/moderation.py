"""Commands by which members report, and moderators keep order."""

from typing import Annotated

from msgspec import Meta

from roomlog.events import (
    FilterAction,
    ReportAction,
)
from roomlog.protocol.terms import Acting, Id, OriginalTime, Reason


class MuteMember(Acting, frozen=True, kw_only=True, tag="mute_member"):
    """Let a member read and say nothing, until a time or without an end."""

    room: Id
    user: Id
    until: OriginalTime | None = None
    reason: Reason = ""


class UnmuteMember(Acting, frozen=True, kw_only=True, tag="unmute_member"):
    """Let a muted member speak again."""

    room: Id
    user: Id


class BanMember(Acting, frozen=True, kw_only=True, tag="ban"):
    """End somebody's membership, and let them not come back."""

    room: Id
    user: Id
    reason: Reason = ""


class UnbanMember(Acting, frozen=True, kw_only=True, tag="unban"):
    """Let somebody come in again who was banned."""

    room: Id
    user: Id


class ChangeFilter(Acting, frozen=True, kw_only=True, tag="filter"):
    """Refuse, mask or flag messages with these words, or without `action` let them be."""

    room: Id
    words: Annotated[str, Meta(min_length=1, max_length=100)]
    action: FilterAction | None = None


class ReportMessage(Acting, frozen=True, kw_only=True, tag="report"):
    """Tell the moderators of a message."""

    room: Id
    event: Id
    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class ResolveReport(Acting, frozen=True, kw_only=True, tag="resolve"):
    """Be done with what was reported of a message; `action` says what was done about it."""

    room: Id
    event: Id
    action: ReportAction
    note: Reason = ""


AboutMember = MuteMember | UnmuteMember | BanMember | UnbanMember
"""What moderators do about somebody."""
ModerationCommand = AboutMember | ChangeFilter | ResolveReport
