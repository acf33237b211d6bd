"""Incoming hooks of rooms: who may make, rotate and revoke them, and how what they send is known again. Pure."""

import hashlib
import secrets

from roomlog import ids
from roomlog.errors import ErrorCode, Refused
from roomlog.events import Body, HookCreated, HookRevoked, HookRotated
from roomlog.protocol.commands import CreateHook, HookCommand, RotateHook
from roomlog.rooms import Room, archived, require_member, require_moderator

MAX_HOOKS = 20
"""Hooks of a room, at most."""
_TOKEN_BYTES = 24


def new_token() -> str:
    """Return a fresh token: 192 random bits in 32 characters that are fit for an address."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def token_hash(token: str) -> str:
    """Return what the log and the tables have of a token; it does not lead back to it."""
    return hashlib.sha256(token.encode()).hexdigest()


def external_key(hook: str, external_id: str) -> str:
    """Return the idempotency key of what another system calls by this id: so it counts once."""
    return ids.derived_id("hook event", hook, external_id)


def decide_on_hook(room: Room, sender: str, command: HookCommand) -> Body | None:
    """Return the fact that a command about a hook leads to, None where it changes nothing.

    Raises Refused.
    """
    require_member(room, sender)
    require_moderator(room, sender, "manage its hooks")
    if type(command) is CreateHook:
        return _decide_create(room, sender, command)
    is_there = room.members.get(command.hook) == "bot"  # type: ignore[union-attr]
    if type(command) is RotateHook:
        if not is_there:
            raise Refused(ErrorCode.BAD_REQUEST, "hook: the room has no such hook (any more)")
        return HookRotated(command.hook, command.token_hash)
    return HookRevoked(command.hook) if is_there else None  # type: ignore[union-attr]


def _decide_create(room: Room, sender: str, command: CreateHook) -> Body | None:
    if room.kind == "direct":
        raise Refused(ErrorCode.FORBIDDEN, "room: the two of a direct room stay as they are")
    if room.archived:
        raise archived()
    if not command.name.strip():
        raise Refused(ErrorCode.BAD_REQUEST, "name: empty")
    if sum(role == "bot" for role in room.members.values()) >= MAX_HOOKS:
        told = f"room: it has {MAX_HOOKS} hooks; revoke one that is not used"
        raise Refused(ErrorCode.FORBIDDEN, told)
    hook = ids.hook_id(sender, room.room_id, command.key)
    return HookCreated(hook, command.name.strip(), command.token_hash)
