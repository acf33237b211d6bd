"""What becomes of messages that are edited, deleted, restored or pinned. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from projector.facts import Fact
from roomlog.events import (
    MessageDeleted,
    MessageEdited,
    MessagePinned,
    MessageRestored,
    MessageUnpinned,
    Text,
)

MessageKey = tuple[str, str]
"""Room and event id."""
Place = tuple[str, int]
"""Room and offset."""
OnText = MessageEdited | MessageDeleted | MessageRestored
OnMessage = OnText | MessagePinned | MessageUnpinned


class Edit(NamedTuple):
    """A text that a message got, where in the log and by whom; `at` in microseconds since 1970."""

    text: Text
    at: int
    offset: int
    sender_id: str


class Pin(NamedTuple):
    """How a message was pinned: where in the log and by whom; `at` in microseconds since 1970."""

    offset: int
    sender_id: str
    at: int


@dataclass(slots=True)
class Fate:
    """What becomes of a message that is deleted or restored; `at` in microseconds since 1970."""

    was_deleted: bool
    is_deleted: bool
    is_restored: bool = False
    """Whether what it said before the batch comes back, if only for a moment."""
    at: int = 0
    by: str = ""


@dataclass(slots=True)
class Known:
    """The messages that are edited, deleted or restored, as the batch finds them."""

    posted: dict[MessageKey, int] = field(default_factory=dict)
    """Offsets of those that are posted in the same batch."""
    deleted: dict[MessageKey, bool] = field(default_factory=dict)
    """Those that were there before: whether they are deleted."""

    def has(self, key: MessageKey, offset: int) -> bool:
        """Tell whether a message stands before an offset: it can be foretold, since its id is derived."""
        return key in self.deleted or self.posted.get(key, offset) < offset


def concerned(facts: Iterable[Fact]) -> set[MessageKey]:
    """Return the messages that must be known."""
    return {(f.room_id, f.body.target_id) for f in facts if isinstance(f.body, OnText)}


@dataclass(slots=True)
class Texts:
    """What to write, in the order of the fields."""

    fates: dict[MessageKey, Fate] = field(default_factory=dict)
    edits: dict[MessageKey, list[Edit]] = field(default_factory=dict)
    """Message -> its new texts, the last of which it has now."""
    unpinned: set[MessageKey] = field(default_factory=set)
    pins: dict[MessageKey, Pin] = field(default_factory=dict)

    @property
    def restored(self) -> list[MessageKey]:
        """The messages that say again what they said before they were deleted, at first."""
        return [key for key, fate in self.fates.items() if fate.is_restored]

    @property
    def deletions(self) -> dict[MessageKey, Fate]:
        """The messages that say nothing any more, in the end."""
        return {
            key: fate
            for key, fate in self.fates.items()
            if fate.is_deleted and (fate.is_restored or not fate.was_deleted)
        }

    @property
    def deleted_delta(self) -> Counter[str]:
        """How many more of each room's messages are deleted than before."""
        delta: Counter[str] = Counter()
        for (room, _), fate in self.fates.items():
            delta[room] += fate.is_deleted - fate.was_deleted
        return delta

    def fold(self, fact: Fact, body: OnMessage, known: Known) -> None:
        """Take the next fact."""
        key = (fact.room_id, body.target_id)
        match body:
            case MessagePinned():
                self.pins.setdefault(key, Pin(fact.offset, fact.sender_id, fact.at))
                return
            case MessageUnpinned() | MessageDeleted():
                self.pins.pop(key, None)
                self.unpinned.add(key)
        if isinstance(body, OnText) and known.has(key, fact.offset):
            self._change(key, fact, body, known)

    def _change(self, key: MessageKey, fact: Fact, body: OnText, known: Known) -> None:
        was_deleted = known.deleted.get(key, False)
        fate = self.fates.setdefault(key, Fate(was_deleted, was_deleted))
        match body:
            case MessageEdited(text=text) if not fate.is_deleted:
                edit = Edit(text, fact.at, fact.offset, fact.sender_id)
                self.edits.setdefault(key, []).append(edit)
            case MessageDeleted() if not fate.is_deleted:
                fate.is_deleted, fate.at, fate.by = True, fact.at, fact.sender_id
            case MessageRestored() if fate.is_deleted:
                fate.is_deleted = False
                fate.is_restored |= fate.was_deleted

    def forget(self, void: Collection[Place], known: Known) -> None:
        """Drop what was done to messages of the batch that do not count."""
        for key, offset in known.posted.items():
            if key not in known.deleted and (key[0], offset) in void:
                self.fates.pop(key, None)
                self.edits.pop(key, None)
