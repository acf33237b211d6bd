"""What becomes of commands about the name, the topic, the language and the settings of a room. Pure."""

from typing import TypeVar

from roomlog.errors import ErrorCode, Refused
from roomlog.events import (
    Body,
    RoomLanguageChanged,
    RoomRenamed,
    RoomSettingsChanged,
    RoomTopicChanged,
)
from roomlog.protocol.commands import ChangeSettings, RenameRoom
from roomlog.rooms import Room, archived, require_member, require_moderator
from roomlog.search.languages import LANGUAGES

T = TypeVar("T")


def decide_rename(room: Room, sender: str, command: RenameRoom) -> Body:
    """Return the fact that a `rename` leads to; raises Refused."""
    require_member(room, sender)
    if room.kind != "group":
        require_moderator(room, sender, "rename it or change its topic or language")
    if room.archived:
        raise archived()
    return named(command)


def named(command: RenameRoom) -> Body:
    """Return the fact that a `rename` leads to where it is allowed; raises Refused."""
    given = [each is not None for each in (command.name, command.topic, command.language)]
    if sum(given) != 1:
        raise Refused(ErrorCode.BAD_REQUEST, "name: give one of name, topic and language")
    if command.language is not None:
        return _decide_language(command.language)
    if command.topic is not None:
        return RoomTopicChanged(command.topic)
    if command.name is None or not command.name.strip():
        raise Refused(ErrorCode.BAD_REQUEST, "name: empty")
    return RoomRenamed(command.name)


def _decide_language(language: str) -> Body:
    if language not in LANGUAGES:
        raise Refused(ErrorCode.BAD_REQUEST, f"language: one of {', '.join(LANGUAGES)}")
    return RoomLanguageChanged(language)


def decide_settings(room: Room, sender: str, command: ChangeSettings) -> Body | None:
    """Return the fact that a `settings` leads to, None where it changes nothing; raises Refused."""
    require_member(room, sender)
    require_moderator(room, sender, "change its settings")
    if room.kind == "direct":
        raise Refused(ErrorCode.FORBIDDEN, "room: a direct room has no settings")
    changed = RoomSettingsChanged(
        _other(command.archived, room.archived),
        _other(command.read_only, room.read_only),
        _other(command.history, room.history),
        _other(command.link_previews, room.link_previews),
        _other(command.slow_mode_s, room.slow_mode_s),
    )
    return None if changed == RoomSettingsChanged() else changed


def _other(wanted: T | None, now: T) -> T | None:
    return None if wanted == now else wanted
