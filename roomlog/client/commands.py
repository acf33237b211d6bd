"""One method for each command of the protocol, which tries again what the node refuses only for now."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from roomlog.client.policy import backoff_s
from roomlog.errors import RETRYABLE, Refused
from roomlog.events import Attachment, FilterAction, History, ReportAction, Role, RoomKind
from roomlog.ids import new_id
from roomlog.mutes import MuteLevel
from roomlog.protocol.frames import Ack
from roomlog.signals import PresenceState

PATIENCE_S = 120.0
_RETRY_AT_LEAST = 3
"""How many failures the first wait counts as, where the node does not say how long to wait."""


class Commands(ABC):
    """The commands. `key` is made where none is given; give one to repeat a command of an earlier run.

    All raise Refused with the node's code, and ConnectionEnded. Calls that are awaited one after the other
    keep their order; of those that run at the same time, one that is refused for now may be overtaken.
    """

    @abstractmethod
    async def request(self, command: Mapping[str, Any]) -> Ack:
        """Send a command and return its ack."""

    async def perform(self, command: Mapping[str, Any], patience_s: float = PATIENCE_S) -> Ack:
        """Send a command, again under the same key while it is `rate_limited` or `unavailable`.

        Raises Refused for what is final, or what is still refused after `patience_s`.
        """
        loop = asyncio.get_running_loop()
        until, failures = loop.time() + patience_s, _RETRY_AT_LEAST
        while True:
            try:
                return await self.request(command)
            except Refused as refused:
                wait = max((refused.retry_after_ms or 0) / 1_000, backoff_s(failures))
                if refused.code not in RETRYABLE or loop.time() + wait > until:
                    raise
            await asyncio.sleep(wait)
            failures += 1

    async def subscribe(self, room: str, cursor: str | None = None) -> Ack:
        """Follow a room from now, or from a cursor (everything after it comes first)."""
        return await self.perform({"op": "sub", "room": room, **_given(cursor=cursor)})

    async def unsubscribe(self, room: str) -> Ack:
        """Stop following a room."""
        return await self.perform({"op": "unsub", "room": room})

    async def send(
        self,
        room: str,
        text: str,
        *,
        key: str = "",
        reply_to: str | None = None,
        attachments: Sequence[Attachment | Mapping[str, Any]] | None = None,
        mentions: Sequence[str] | None = None,
    ) -> Ack:
        """Post a message; `reply_to` is an event id, `mentions` are user ids.

        `attachments` are files of one's own, as `POST /files` answered them.
        """
        files = None if attachments is None else msgspec.to_builtins(attachments)
        more = _given(reply_to=reply_to, attachments=files, mentions=mentions)
        return await self._write("send", key, room=room, text=text, **more)

    async def edit(self, room: str, event: str, text: str, *, key: str = "") -> Ack:
        """Give a message of one's own another text."""
        return await self._write("edit", key, room=room, event=event, text=text)

    async def delete(self, room: str, event: str, *, key: str = "") -> Ack:
        """Withdraw a message."""
        return await self._write("delete", key, room=room, event=event)

    async def undelete(self, room: str, event: str, *, key: str = "") -> Ack:
        """Take a deletion back: one's own, or as a moderator anybody's."""
        return await self._write("undelete", key, room=room, event=event)

    async def pin(self, room: str, event: str, *, key: str = "") -> Ack:
        """Keep a message in view."""
        return await self._write("pin", key, room=room, event=event)

    async def unpin(self, room: str, event: str, *, key: str = "") -> Ack:
        """Keep a message in view no more."""
        return await self._write("unpin", key, room=room, event=event)

    async def react(self, room: str, event: str, emoji: str, *, key: str = "") -> Ack:
        """React to a message."""
        return await self._write("react", key, room=room, event=event, emoji=emoji)

    async def unreact(self, room: str, event: str, emoji: str, *, key: str = "") -> Ack:
        """Withdraw a reaction."""
        return await self._write("unreact", key, room=room, event=event, emoji=emoji)

    async def create(
        self,
        name: str,
        kind: RoomKind = "public",
        members: Sequence[str] = (),
        *,
        workspace: str | None = None,
        slug: str | None = None,
        key: str = "",
    ) -> Ack:
        """Make a room, in a workspace if one is given, or with `slug` a workspace; its id is the ack's `room`."""
        more = _given(workspace=workspace, slug=slug)
        return await self._write("create", key, name=name, kind=kind, members=list(members), **more)

    async def join(self, room: str, *, invite: str | None = None, key: str = "") -> Ack:
        """Become a member of a public room, or by the secret of an invite of a workspace."""
        return await self._write("join", key, room=room, **_given(invite=invite))

    async def leave(self, room: str, *, key: str = "") -> Ack:
        """Stop being a member."""
        return await self._write("leave", key, room=room)

    async def invite(self, room: str, user: str, *, key: str = "") -> Ack:
        """Make somebody a member."""
        return await self._write("invite", key, room=room, user=user)

    async def kick(self, room: str, user: str, *, key: str = "") -> Ack:
        """End somebody's membership."""
        return await self._write("kick", key, room=room, user=user)

    async def role(self, room: str, user: str, role: Role, *, key: str = "") -> Ack:
        """Give a member another role."""
        return await self._write("role", key, room=room, user=user, role=role)

    async def rename(
        self,
        room: str,
        *,
        name: str | None = None,
        topic: str | None = None,
        language: str | None = None,
        key: str = "",
    ) -> Ack:
        """Give a room another name, topic or language: one of them, for a key leads to one event."""
        given = _given(name=name, topic=topic, language=language)
        return await self._write("rename", key, room=room, **given)

    async def settings(
        self,
        room: str,
        *,
        archived: bool | None = None,
        read_only: bool | None = None,
        history: History | None = None,
        link_previews: bool | None = None,
        slow_mode_s: int | None = None,
        key: str = "",
    ) -> Ack:
        """Give a room other settings; what is left out stays. `slow_mode_s`: seconds between two messages."""
        given = _given(
            archived=archived,
            read_only=read_only,
            history=history,
            link_previews=link_previews,
            slow_mode_s=slow_mode_s,
        )
        return await self._write("settings", key, room=room, **given)

    async def mute_member(
        self,
        room: str,
        user: str,
        until: datetime | None = None,
        reason: str = "",
        *,
        key: str = "",
    ) -> Ack:
        """Let a member read and say nothing, until a time (with a zone) or without an end."""
        end = _given(until=None if until is None else until.isoformat())
        return await self._write("mute_member", key, room=room, user=user, reason=reason, **end)

    async def unmute_member(self, room: str, user: str, *, key: str = "") -> Ack:
        """Let a muted member speak again."""
        return await self._write("unmute_member", key, room=room, user=user)

    async def ban(self, room: str, user: str, reason: str = "", *, key: str = "") -> Ack:
        """End somebody's membership, and let them not come back."""
        return await self._write("ban", key, room=room, user=user, reason=reason)

    async def unban(self, room: str, user: str, *, key: str = "") -> Ack:
        """Let somebody come in again who was banned."""
        return await self._write("unban", key, room=room, user=user)

    async def filter(
        self, room: str, words: str, action: FilterAction | None, *, key: str = ""
    ) -> Ack:
        """Refuse, mask or flag messages with these words; with None let them be."""
        return await self._write("filter", key, room=room, words=words, **_given(action=action))

    async def report(self, room: str, event: str, reason: str, *, key: str = "") -> Ack:
        """Tell the moderators of a message."""
        return await self._write("report", key, room=room, event=event, reason=reason)

    async def resolve(
        self, room: str, event: str, action: ReportAction, note: str = "", *, key: str = ""
    ) -> Ack:
        """Be done with what was reported of a message."""
        return await self._write("resolve", key, room=room, event=event, action=action, note=note)

    async def read(self, room: str, cursor: str) -> Ack:
        """Mark everything up to the cursor as read; the ack has the cursor of the mark that now holds."""
        return await self.perform({"op": "read", "room": room, "cursor": cursor})

    async def read_notifications(self, events: Sequence[str]) -> Ack:
        """Mark the notifications of these events as read, 500 at most."""
        return await self.perform({"op": "read_notifications", "events": list(events)})

    async def mute(
        self, room: str, level: MuteLevel = "nothing", until: datetime | None = None
    ) -> Ack:
        """Hear of a room's mentions alone, or of nothing, until a time (with a zone) or for ever."""
        given = _given(until=until and until.isoformat())
        return await self.perform({"op": "mute", "room": room, "level": level, **given})

    async def unmute(self, room: str) -> Ack:
        """Hear of everything in a room again."""
        return await self.perform({"op": "unmute", "room": room})

    async def set_presence(self, state: PresenceState) -> Ack:
        """Tell whether one is there; said again on every new connection."""
        return await self.perform({"op": "presence", "state": state})

    async def _write(self, op: str, key: str, **fields: Any) -> Ack:
        return await self.perform({"op": op, "key": key or new_id(), **fields})


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
