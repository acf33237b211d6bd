"""The facts of people in topic `user.events`: of accounts, of what is scheduled, and of what two are to each other.

Those of accounts are public, and published through the outbox; their key is the user's id, as that of schedules. What
concerns two people (`roomlog.relations`) is written by the API at once, and its key is the id of the pair: so the two
sides have one order, whoever acts where. Credentials never enter the log. Each class is one branch of the union in
`schemas/user_event.avsc`.
"""

from typing import ClassVar, LiteralString, get_args

from msgspec import Struct

from roomlog import ids
from roomlog.schedules import ScheduleBody

ERASED_NAME: LiteralString = "Deleted user"
"""How somebody is called whose account ended."""


class UserRegistered(Struct, frozen=True):
    """An account began."""

    name: str


class UserRenamed(Struct, frozen=True):
    """An account got another display name."""

    name: str


class UserDeleted(Struct, frozen=True):
    """An account ended by its person's own act: nothing that is only theirs is kept, what they said stays."""


class FileStored(Struct, frozen=True):
    """A file was uploaded; its bytes are in the file store, under their SHA-256."""

    file_id: str
    sha256: str
    name: str
    media_type: str
    """By its content."""
    size_bytes: int
    width: int = 0
    """Of an image, in pixels as it is shown; 0: it is none."""
    height: int = 0


class FileRemoved(Struct, frozen=True):
    """A file is served no more; of its bytes only others' files may still be made."""

    file_id: str


class FriendRequested(Struct, frozen=True):
    """A person asked another to be friends; where that one asks too, they are."""

    other_id: str


class FriendAccepted(Struct, frozen=True):
    """A person said yes to another's request, if it still stands here."""

    other_id: str


class FriendRemoved(Struct, frozen=True):
    """A person ended a friendship, took back a request or turned one down."""

    other_id: str


class UserBlocked(Struct, frozen=True):
    """A person wants to hear no more of another; whatever was between them ends."""

    other_id: str


class UserUnblocked(Struct, frozen=True):
    """A person took a block back."""

    other_id: str


RelationBody = FriendRequested | FriendAccepted | FriendRemoved | UserBlocked | UserUnblocked
"""What one person (the event's `user_id`) did about another."""
UserBody = (
    UserRegistered
    | UserRenamed
    | UserDeleted
    | ScheduleBody
    | FileStored
    | FileRemoved
    | RelationBody
)
USER_TYPES: dict[str, type[Struct]] = {t.__name__: t for t in get_args(UserBody)}


class UserEvent(Struct, frozen=True):
    """One record of topic `user.events`."""

    SUBJECT: ClassVar[str] = "user.events-value"

    event_id: str
    user_id: str
    """Of a fact about two people: the one who acted."""
    occurred_at: int
    """Microseconds since 1970."""
    body: UserBody

    @property
    def key(self) -> str:
        """The key of the record."""
        if isinstance(self.body, RelationBody):
            return ids.pair_id(self.user_id, self.body.other_id)
        return self.user_id
