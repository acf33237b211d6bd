"""What user.events folds to. Pure."""

import msgspec
from msgspec import Struct

from roomlog.accounts import (
    FileRemoved,
    FileStored,
    RelationBody,
    UserDeleted,
    UserEvent,
    UserRegistered,
    UserRenamed,
)
from roomlog.readmodels.fold.erased import without_erased
from roomlog.readmodels.fold.rows import Rows
from roomlog.readmodels.tables import (
    BLOCKS,
    ERASED,
    FILES,
    FRIENDSHIPS,
    NOTIFICATIONS,
    SCHEDULED,
    USERS,
    Key,
    Row,
)
from roomlog.relations import NOTHING, Pair, Relation, after, notices, pair
from roomlog.schedules import (
    MessageScheduled,
    ScheduleBody,
    ScheduleCancelled,
    ScheduleChanged,
    ScheduledMessageRefused,
    ScheduledMessageSent,
    SendingStarted,
    message_id,
)


class _Scheduled(Struct):
    user: str
    room: str
    message: str
    text: str
    reply_to: str | None
    mentions: list[str]
    files: list[str]
    send_at: int
    created_at: int
    state: str = "waiting"
    reason: str = ""


class UserFold:
    """Folds user.events, each partition in its order."""

    def __init__(self) -> None:
        self._users: dict[Key, Row] = {}
        self._scheduled: dict[str, _Scheduled] = {}
        self._files: dict[Key, Row] = {}
        self._relations: dict[Pair, Relation] = {}
        self._notifications: dict[Key, Row] = {}
        self._erased: dict[Key, Row] = {}
        self.applied: dict[str, int | None] = {}

    def take(self, event: UserEvent) -> None:
        """Take the next event."""
        if event.event_id in self.applied:
            return
        self.applied[event.event_id] = None
        key, body = (event.user_id,), event.body
        known = self._users.get(key)
        if key in self._erased and not isinstance(body, RelationBody):
            return
        match event.body:
            case UserDeleted():
                self._erased[key] = (event.occurred_at,)
            case UserRegistered(name=name):
                self._users.setdefault(key, (name, event.occurred_at))
            case UserRenamed(name=name):
                if known is not None:
                    self._users[key] = (name, known[1])
            case FileStored(file_id=file):
                stored = msgspec.structs.astuple(event.body)[1:]
                self._files.setdefault((file,), (event.user_id, *stored, event.occurred_at))
            case FileRemoved(file_id=file):
                if self._files.get((file,), key)[:1] == key:
                    self._files.pop((file,), None)
            case MessageScheduled() as body:
                self._schedule(event, body)
            case body if isinstance(body, RelationBody):
                two = pair(event.user_id, body.other_id)
                before = self._relations.get(two, NOTHING)
                now = after(before, event.user_id, body, event.occurred_at)
                self._relations[two] = now
                for user, kind, sender in notices(before, now, event.user_id, body):
                    row = None, kind, sender, event.occurred_at
                    self._notifications[user, event.event_id, None] = row
            case body:
                scheduled = self._scheduled.get(body.schedule_id)
                if scheduled is not None and scheduled.user == event.user_id:
                    _go_on(scheduled, body)

    def _schedule(self, event: UserEvent, body: MessageScheduled) -> None:
        message = message_id(event.user_id, body.room_id, body.schedule_id)
        self._scheduled.setdefault(
            body.schedule_id,
            _Scheduled(
                event.user_id,
                body.room_id,
                message,
                body.text,
                body.reply_to,
                list(body.mentions),
                list(body.attachments),
                body.send_at,
                event.occurred_at,
            ),
        )

    def rows(self) -> Rows:
        """Return the rows of the tables that are about people; notifications are those of no room."""
        return without_erased(self._rows(), {user for (user,) in self._erased})

    def _rows(self) -> Rows:
        found: Rows = {
            ERASED.name: self._erased,
            USERS.name: self._users,
            FRIENDSHIPS.name: {},
            BLOCKS.name: {},
        }
        found[FILES.name] = self._files
        found[NOTIFICATIONS.name] = self._notifications
        found[SCHEDULED.name] = {
            (k,): msgspec.structs.astuple(s) for k, s in self._scheduled.items()
        }
        for (one, other), relation in self._relations.items():
            if relation.asked is not None:
                found[FRIENDSHIPS.name][one, other] = relation.asked
            for blocker, since in relation.blocked_at.items():
                blocked = other if blocker == one else one
                found[BLOCKS.name][blocker, blocked] = (since,)
        return found


def _go_on(scheduled: _Scheduled, body: ScheduleBody) -> None:
    match body:
        case ScheduleChanged() if scheduled.state == "waiting":
            scheduled.text = scheduled.text if body.text is None else body.text
            scheduled.send_at = scheduled.send_at if body.send_at is None else body.send_at
        case ScheduleCancelled() if scheduled.state in ("waiting", "refused"):
            scheduled.state = "cancelled"
        case SendingStarted() if scheduled.state == "waiting":
            scheduled.state = "sending"
        case ScheduledMessageSent() if scheduled.state in ("sending", "refused"):
            scheduled.state, scheduled.reason = "sent", ""
        case ScheduledMessageRefused(reason=reason) if scheduled.state == "sending":
            scheduled.state, scheduled.reason = "refused", reason
