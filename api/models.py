"""The shapes of answers, for the OpenAPI document."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from api.bodies import WorkspaceRole

USER = "0b1f6f5e-3c1f-4f0e-9f43-0c1d5e8b7a11"
ROOM = "7c0c2b34-8a0e-8d5f-a0b2-3f6f0f4f6a22"
WORKSPACE = "5d0e1b7c-2f4a-8b6d-9c3e-1a2b3c4d5e44"
INVITE = "9a1c2e3f-4b5d-8f60-8a7b-6c5d4e3f2a55"
WEBHOOK = "1d4e5f6a-7b8c-4d9e-8f0a-1b2c3d4e5f66"
EVENT = "2f8d4f4a-1b6e-8c3d-b9a7-5e2d1c0b9a33"
CURSOR = "1:48213"
TIME = "2026-01-02T03:04:05.678Z"


class Me(BaseModel):
    """One's own account."""

    id: str = Field(examples=[USER])
    name: str = Field(examples=["Ada"])
    email: str | None = Field(examples=["ada@example.org"])


class SignedInAnswer(BaseModel):
    """A session began or goes on; the same token is in the cookie `roomlog_access`."""

    access_token: str = Field(examples=["eyJhbGciOiJFZERTQSIs..."])
    user: Me


class User(BaseModel):
    """A person as others see them, or the bot of a hook."""

    id: str = Field(examples=[USER])
    name: str = Field(examples=["Ada"])
    bot: bool = Field(False, description="other systems post as it, by a hook")


class Users(BaseModel):
    """People."""

    items: list[User]


class SessionAnswer(BaseModel):
    """A place where one is signed in."""

    id: str
    created_at: str = Field(examples=[TIME])
    last_used_at: str = Field(examples=[TIME])
    user_agent: str
    address: str | None
    current: bool


class SessionList(BaseModel):
    """Every place where one is signed in."""

    items: list[SessionAnswer]


class BridgedUsersAnswer(BaseModel):
    """The ids of the accounts that stand for these people."""

    users: dict[str, str] = Field(examples=[{"ada": USER}])


class Room(BaseModel):
    """A room as one user sees it."""

    id: str = Field(examples=[ROOM])
    name: str = Field(examples=["general"])
    kind: Literal["public", "private", "direct", "group"]
    workspace: str | None = Field(
        examples=[WORKSPACE], description="null: the one that everybody is in"
    )
    topic: str
    language: str = Field(
        examples=["en"], description="in whose forms words are searched for; simple: as they are"
    )
    members: int = Field(description="how many")
    is_member: bool
    role: Literal["owner", "moderator", "member"] | None
    archived: bool
    read_only: bool = Field(description="only owners and moderators write")
    history: Literal["all", "joined"] = Field(
        description="members read all, or what came since they joined"
    )
    link_previews: bool = Field(description="what links lead to is shown under messages")
    slow_mode_s: int = Field(description="seconds between two messages of one member; 0: no limit")
    muted_until: str | None = Field(
        examples=[TIME],
        description="one may not write until then; in the year 9999: without an end",
    )
    last_cursor: str = Field(examples=[CURSOR])
    created_at: str = Field(examples=[TIME])


class Mute(BaseModel):
    """How one has muted a room."""

    level: Literal["mentions", "nothing"] = Field(description="what one still hears of it")
    until: str | None = Field(examples=[TIME], description="null: until it is unmuted")


class MutedRoom(BaseModel):
    """How a room is muted now."""

    room: str = Field(examples=[ROOM])
    mute: Mute | None


class UnreadRoom(BaseModel):
    """What one has not read of a room yet; both numbers count to 1,000."""

    room: str = Field(examples=[ROOM])
    unread: int = Field(examples=[3], description="messages of others, but not the blocked")
    mentions: int = Field(examples=[1], description="those of them that name one")
    capped: bool = Field(description="there is more than is counted: show 1,000+")
    first_unread: str | None = Field(examples=[CURSOR], description="the first of them")
    read_up_to: str | None = Field(
        examples=[CURSOR], description="one's marker; null where one never set it"
    )
    mute: Mute | None


class UnreadTotal(BaseModel):
    """The sum over all rooms, without what one does not want to hear of muted ones."""

    unread: int = Field(examples=[3])
    mentions: int = Field(examples=[1])
    capped: bool


class UnreadRooms(BaseModel):
    """Every room that one is a member of."""

    items: list[UnreadRoom]
    total: UnreadTotal


class Notification(BaseModel):
    """Something that concerned one; clients skip kinds that they do not know."""

    id: str = Field(examples=[EVENT], description="of the event that it is about")
    kind: str = Field(
        examples=["mention"],
        description="mention, direct (a message in a direct room), invite (made a member by another), "
        "workspace_invite (which does not say where to: the link of the invite does), friend_request, "
        "friend_accepted (both of no room)",
    )
    room: str | None = Field(examples=[ROOM])
    cursor: str | None = Field(examples=[CURSOR], description="where in the room it is")
    sender: str = Field(examples=[USER])
    ts: str = Field(examples=[TIME])
    text: str | None = Field(
        examples=["look, @ada"], description="the first 140 characters of a message, as it is now"
    )
    read: bool
    place: str = Field(description="for `up_to`", examples=["WyIxNzY3MzIz..."])


class NamedRoom(BaseModel):
    """A room's name."""

    id: str = Field(examples=[ROOM])
    name: str = Field(examples=["general"])
    kind: str = Field(examples=["public"])


class NotificationList(BaseModel):
    """A page of notifications; `next` is the `after` of the next page."""

    items: list[Notification]
    users: dict[str, User]
    rooms: dict[str, NamedRoom]
    next: str | None
    unread: int = Field(
        description="how many are unread in all, without muted rooms; counted to 1,000",
        examples=[2],
    )
    capped: bool = Field(description="there are more than are counted: show 1,000+")


class NotificationsRead(BaseModel):
    """They are read."""

    read: int = Field(description="how many were marked", examples=[2])


class PushSubscription(BaseModel):
    """A browser that is told while no page is open."""

    id: str = Field(examples=["3c5a2a1e-6b7d-8f10-9e21-4d5c6b7a8f90"])
    user_agent: str
    created_at: str = Field(examples=[TIME])


class PushSettings(BaseModel):
    """What browsers subscribe with, and which are subscribed."""

    key: str | None = Field(
        description="for `applicationServerKey`; null: this server sends no web pushes",
        examples=[
            "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM"
        ],
    )
    subscriptions: list[PushSubscription]


class MailSettings(BaseModel):
    """Mails about what one has not read."""

    available: bool = Field(description="whether this server sends mails")
    address: str | None = Field(examples=["ada@example.org"])
    digest: bool = Field(description="whether one wants them")


class RoomList(BaseModel):
    """A page of rooms, by name; `next` is the `after` of the next page."""

    items: list[Room]
    next: str | None


class CreatedRoom(BaseModel):
    """A room that was made; it can be read `after_cursor` of this cursor."""

    id: str = Field(examples=[ROOM])
    name: str = Field(examples=["general"])
    kind: Literal["public", "private", "direct", "group"]
    workspace: str | None = Field(
        examples=[WORKSPACE], description="null: the one that everybody is in"
    )
    topic: str
    language: str = Field(
        examples=["en"], description="in whose forms words are searched for; simple: as they are"
    )
    members: int
    is_member: bool
    role: Literal["owner", "moderator", "member"] | None
    event: str | None = Field(examples=[EVENT])
    cursor: str | None = Field(examples=[CURSOR])


class Workspace(BaseModel):
    """A workspace that one is in."""

    id: str = Field(examples=[WORKSPACE])
    name: str = Field(examples=["Acme"])
    slug: str = Field(examples=["acme"], description="its name in addresses")
    members: int = Field(description="how many")
    role: WorkspaceRole
    created_at: str = Field(examples=[TIME])
    last_cursor: str = Field(examples=[CURSOR])


class WorkspaceList(BaseModel):
    """Every workspace that one is in, besides the one that everybody is in."""

    items: list[Workspace]


class StoredWorkspace(BaseModel):
    """A workspace was made or changed, or one came into it, at `cursor`."""

    id: str = Field(examples=[WORKSPACE])
    event: str | None = Field(examples=[EVENT], description="null where nothing had to change")
    cursor: str | None = Field(examples=[CURSOR])


class Colleague(BaseModel):
    """Somebody in a workspace."""

    user: str = Field(examples=[USER])
    role: WorkspaceRole
    joined_at: str = Field(examples=[TIME])


class ColleagueList(BaseModel):
    """A page of the people in a workspace; `next` is the `after` of the next page."""

    items: list[Colleague]
    users: dict[str, User]
    next: str | None
    cursor: str = Field(examples=[CURSOR])


class Invite(BaseModel):
    """An invite that is open."""

    id: str = Field(examples=[INVITE])
    role: WorkspaceRole
    email: str | None = Field(
        examples=["ada@example.org"], description="only the account with this address may accept it"
    )
    created_by: str = Field(examples=[USER])
    created_at: str = Field(examples=[TIME])
    expires_at: str = Field(examples=[TIME])


class InviteList(BaseModel):
    """The open invites of a workspace."""

    items: list[Invite]


class MadeInvite(BaseModel):
    """An invite was made; its token is shown this once."""

    id: str = Field(examples=[INVITE])
    token: str = Field(examples=["XQ4bfC9Ki22cPhorPE1eRA.hJw6C1lUu0Gx2rMZf0yYqg"])
    path: str = Field(
        examples=["/#/invite/XQ4bfC9Ki22cPhorPE1eRA.hJw6C1lUu0Gx2rMZf0yYqg"],
        description="where the web client accepts it; Roomlog sends no mail: pass the link on",
    )
    role: WorkspaceRole
    email: str | None = Field(examples=["ada@example.org"])
    expires_at: str = Field(examples=[TIME])
    cursor: str | None = Field(examples=[CURSOR])


class InvitePreview(BaseModel):
    """Where an invite leads."""

    workspace: str = Field(examples=[WORKSPACE])
    name: str = Field(examples=["Acme"])
    slug: str = Field(examples=["acme"])
    role: WorkspaceRole
    expires_at: str = Field(examples=[TIME])


class Hook(BaseModel):
    """An incoming hook: another system posts through it, as a bot of this id and name."""

    id: str = Field(examples=[USER])
    name: str = Field(examples=["CI"])
    created_by: str = Field(examples=[USER])
    created_at: str = Field(examples=[TIME])
    rotated_at: str | None = Field(examples=[TIME], description="when it got another token")


class HookList(BaseModel):
    """The incoming hooks of a room."""

    items: list[Hook]
    users: dict[str, User]


class HookToken(BaseModel):
    """A hook was made or got another token, which is shown this once."""

    id: str = Field(examples=[USER])
    name: str | None = Field(examples=["CI"], description="null when only its token is new")
    token: str = Field(examples=["hJw6C1lUu0Gx2rMZf0yYqgXQ4bfC9Ki2"])
    path: str = Field(
        examples=["/api/v1/hooks/hJw6C1lUu0Gx2rMZf0yYqgXQ4bfC9Ki2"],
        description="where it takes what it is to post; whoever has this address may post",
    )
    cursor: str | None = Field(examples=[CURSOR])


class HookPosted(BaseModel):
    """A message was stored at `cursor`; the same for the same `externalEventId` again."""

    id: str = Field(examples=[EVENT])
    room: str = Field(examples=[ROOM])
    cursor: str = Field(examples=[CURSOR])


class Webhook(BaseModel):
    """Where events of a room or a workspace are sent, and how that goes."""

    id: str = Field(examples=[WEBHOOK])
    room: str = Field(examples=[ROOM])
    url: str = Field(examples=["https://ci.example.org/roomlog"])
    types: list[str] = Field(examples=[["MessagePosted"]], description="none: every one")
    bots: bool
    state: Literal["active", "paused"]
    reason: str | None = Field(description="why it was paused; null where somebody did it")
    created_by: str = Field(examples=[USER])
    created_at: str = Field(examples=[TIME])
    waiting: int = Field(description="deliveries not taken yet; counted to 1,000")
    behind: bool = Field(description="more waits in the log")
    dead: int = Field(description="deliveries given up; counted to 1,000")
    last_attempt_at: str | None = Field(examples=[TIME])
    last_status: int | None = Field(examples=[200])
    last_error: str | None
    old_secret_until: str | None = Field(
        examples=[TIME], description="until when the secret before signs too"
    )


class WebhookList(BaseModel):
    """The webhooks of a room or a workspace."""

    items: list[Webhook]


class WebhookSecret(BaseModel):
    """A webhook was made or got another secret, which is shown this once."""

    id: str = Field(examples=[WEBHOOK])
    secret: str = Field(examples=["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"])
    old_secret_until: str | None = Field(examples=[TIME])


class Delivery(BaseModel):
    """One event for one webhook."""

    id: str = Field(examples=[EVENT], description="the header Webhook-Id of every attempt")
    room: str = Field(examples=[ROOM])
    cursor: str = Field(examples=[CURSOR])
    event: str = Field(examples=[EVENT])
    type: str = Field(examples=["MessagePosted"])
    state: Literal["waiting", "delivered", "dead"]
    attempts: int
    created_at: str = Field(examples=[TIME])
    attempted_at: str | None = Field(examples=[TIME])
    status: int | None = Field(examples=[503])
    error: str | None


class DeliveryList(BaseModel):
    """A page of deliveries, the newest first; `next` is the `before` of the next page."""

    items: list[Delivery]
    next: str | None


class Replaying(BaseModel):
    """What will be sent once more."""

    id: str = Field(examples=[WEBHOOK])


class Stored(BaseModel):
    """A change was stored at `cursor`; `event` is null where nothing had to change."""

    room: str = Field(examples=[ROOM])
    event: str | None = Field(examples=[EVENT])
    cursor: str | None = Field(examples=[CURSOR])


class PostedMessage(BaseModel):
    """A message was stored at `cursor`."""

    id: str = Field(examples=[EVENT])
    room: str = Field(examples=[ROOM])
    cursor: str = Field(examples=[CURSOR])
    key: str = Field(description="the idempotency key it was stored under")


class ScheduledMessage(BaseModel):
    """A message that is to be posted later, under `message` as its id then."""

    id: str = Field(examples=[INVITE])
    room: str = Field(examples=[ROOM])
    message: str = Field(examples=[EVENT])
    text: str = Field(examples=["Good morning"])
    reply_to: str | None = Field(examples=[None])
    mentions: list[str] = Field(examples=[[USER]])
    send_at: str = Field(examples=[TIME])
    created_at: str = Field(examples=[TIME])
    state: Literal["waiting", "sending", "sent", "refused", "cancelled"] = Field(
        description="refused: it was not posted, for the `reason`"
    )
    reason: str = Field(examples=[""])


class ScheduledList(BaseModel):
    """One's messages that wait, are being posted, or could not be posted, the next one first."""

    items: list[ScheduledMessage]


class Member(BaseModel):
    """A member of a room."""

    user: str = Field(examples=[USER])
    role: Literal["owner", "moderator", "member", "bot"]
    joined_at: str = Field(examples=[TIME])


class MemberList(BaseModel):
    """A page of members; `next` is the `after` of the next page."""

    items: list[Member]
    users: dict[str, User]
    next: str | None
    cursor: str = Field(examples=[CURSOR])


class RoomStats(BaseModel):
    """How lively a room is. All of it is counted when it happens, nothing when somebody asks."""

    room: str = Field(examples=[ROOM])
    members: int = Field(examples=[12])
    messages: int = Field(
        examples=[48213], description="all that were posted, deleted ones included"
    )
    deleted: int = Field(examples=[17], description="those of them that are deleted now")
    messages_last_day: int = Field(
        examples=[310], description="since the beginning of the hour 24 hours ago"
    )
    messages_last_week: int = Field(
        examples=[2045], description="since the beginning of the hour seven days ago"
    )
    senders_last_week: int = Field(
        examples=[9],
        description="people who wrote on one of the last seven days (UTC), today included",
    )
    created_at: str = Field(examples=[TIME])
    last_event_at: str = Field(examples=[TIME])
    cursor: str = Field(examples=[CURSOR])


class Thread(BaseModel):
    """Where a message stands: the first message of its thread, and the direct answers to itself."""

    root: str = Field(examples=[EVENT])
    count: int
    last: str | None = Field(description="cursor of the last direct answer", examples=[CURSOR])


class Reaction(BaseModel):
    """Who reacted with one emoji."""

    emoji: str
    users: list[str]
    count: int


class Attachment(BaseModel):
    """A file that belongs to a message; its bytes are at `GET /files/{file_id}`."""

    file_id: str = Field(examples=[EVENT])
    name: str = Field(examples=["plan.png"])
    media_type: str = Field(description="by its content", examples=["image/png"])
    size_bytes: int = Field(examples=[48213])
    width: int = Field(
        description="of an image, in pixels as it is shown; 0: it is none", examples=[1600]
    )
    height: int = Field(examples=[1200])


class FileLink(BaseModel):
    """Addresses that need no sign-in, for a few minutes; `thumbnail_url` is there for images."""

    url: str = Field(examples=[f"/api/v1/files/{EVENT}?token=eyJ..."])
    thumbnail_url: str | None
    expires_at: str = Field(examples=[TIME])


class PreviewImage(BaseModel):
    """The image of a page, as a thumbnail that is served here."""

    url: str = Field(examples=["/api/v1/link-previews/images/" + 64 * "0"])
    width: int = Field(examples=[720])
    height: int = Field(examples=[378])


class LinkPreview(BaseModel):
    """What a page says of itself. Never HTML: show it as text."""

    url: str = Field(examples=["https://example.org/menu"])
    title: str = Field(examples=["The menu"])
    description: str = Field(description="may be empty", examples=["What there is to eat."])
    site: str = Field(examples=["example.org"])
    image: PreviewImage | None


class RoomFile(Attachment):
    """A file of a room, with the message that has it."""

    message: str = Field(examples=[EVENT])
    cursor: str = Field(examples=[CURSOR])
    sender: str = Field(examples=[USER])
    ts: str = Field(examples=[TIME])


class RoomFiles(BaseModel):
    """A page of the files of a room, the newest first; `next` is the `before` of the next page."""

    items: list[RoomFile]
    users: dict[str, User]
    next: str | None
    cursor: str = Field(examples=[CURSOR])


class Message(BaseModel):
    """A message; a deleted one stays, without its text."""

    id: str = Field(examples=[EVENT])
    room: str = Field(examples=[ROOM])
    cursor: str = Field(examples=[CURSOR])
    sender: str = Field(examples=[USER])
    ts: str = Field(examples=[TIME])
    text: str | dict[str, Any] | None = Field(
        description='a text, {"sealed": ...} for one under a key, or null for a deleted message',
        examples=["Hello"],
    )
    reply_to: str | None
    thread: Thread
    edited_at: str | None
    deleted_at: str | None
    reactions: list[Reaction]
    mentions: list[str]
    attachments: list[Attachment]


class WrittenText(BaseModel):
    """A text that a message had or has."""

    text: str | dict[str, Any] = Field(examples=["Helo"])
    sender: str = Field(examples=[USER], description="who wrote it")
    ts: str = Field(examples=[TIME])
    cursor: str = Field(
        examples=[CURSOR], description="of the event that gave the message this text"
    )


class MessageWithUsers(Message):
    """A message with its edit history and the names of everybody it shows."""

    users: dict[str, User]
    history: list[WrittenText] = Field(
        description="every text of an edited message, the first one first, the one that it has last; "
        "empty for one that was never edited, or is deleted"
    )


class PinnedMessage(BaseModel):
    """A message that a room keeps in view."""

    message: Message
    by: str = Field(examples=[USER], description="who pinned it")
    ts: str = Field(examples=[TIME], description="when")


class PinList(BaseModel):
    """What a room keeps in view, the newest pin first; at most 50."""

    items: list[PinnedMessage]
    users: dict[str, User]
    cursor: str = Field(examples=[CURSOR])


class MessageList(BaseModel):
    """A page of messages in log order. The numbers are there when the page was asked for by its number."""

    items: list[Message]
    users: dict[str, User]
    cursor: str = Field(examples=[CURSOR])
    has_more: bool = Field(description="whether there is more in the direction that was asked for")
    total: int | None = None
    page: int | None = None
    limit: int | None = None
    totalPages: int | None = None  # noqa: N815  # as clients of numbered pages know it
    hasMore: bool | None = None  # noqa: N815


class Piece(BaseModel):
    """A piece of a text, and whether it is what was looked for. Never HTML: show it as text."""

    text: str = Field(examples=["Hello"])
    match: bool


class FoundMessage(Message):
    """A message that was found."""

    highlights: list[Piece] = Field(
        description="the text, or where that is long the part around the first match, in pieces",
        examples=[[{"text": "so the ", "match": False}, {"text": "deployment", "match": True}]],
    )


class FoundRoom(BaseModel):
    """A room that something was found in."""

    id: str = Field(examples=[ROOM])
    name: str = Field(examples=["general"])
    kind: Literal["public", "private", "direct"]


class FoundMessages(BaseModel):
    """A page of found messages; `next` is the `after` of the next page."""

    items: list[FoundMessage]
    users: dict[str, User]
    rooms: dict[str, FoundRoom]
    next: str | None
    behind: int = Field(
        description="how many events of these rooms' partitions cannot be found yet; 0 or a few, except "
        "while the index is built",
        examples=[0],
    )


class ThreadAnswer(BaseModel):
    """A thread: its first message, and a page of the answers in log order."""

    root: Message
    count: int = Field(
        examples=[12], description="all answers, those to answers included; to 10,000"
    )
    last: str | None = Field(examples=[CURSOR], description="cursor of the last one")
    participants: list[str] = Field(
        examples=[[USER]], description="who answered, the first one first; at most 100"
    )
    items: list[Message]
    users: dict[str, User]
    cursor: str = Field(examples=[CURSOR])
    has_more: bool


class RoomPresence(BaseModel):
    """Who is in a room right now."""

    room: str = Field(examples=[ROOM])
    state: dict[str, Literal["online", "away"]] = Field(examples=[{USER: "online"}])
    users: dict[str, User]


class UserPresence(BaseModel):
    """Whether a person is here, and since when not."""

    user: str = Field(examples=[USER])
    state: Literal["online", "away", "offline"]
    last_seen: str | None = Field(examples=[TIME])


class UserPresences(BaseModel):
    """Whether people are here."""

    items: list[UserPresence]


class Relation(BaseModel):
    """What one is to another person, after what one did."""

    user: str = Field(examples=[USER])
    state: Literal["none", "requested", "asked", "friends"] = Field(
        description="requested: one asked them; asked: they asked one"
    )
    blocked: bool = Field(description="whether one has blocked them")


class Acquaintance(BaseModel):
    """A friend, a request or a block."""

    user: str = Field(examples=[USER])
    since: str = Field(examples=[TIME])


class Friends(BaseModel):
    """One's friends and the requests that wait, each the newest first; 2,000 at most."""

    friends: list[Acquaintance]
    asked: list[Acquaintance] = Field(description="who asked one")
    requested: list[Acquaintance] = Field(description="whom one asked")
    users: dict[str, User]


class Blocked(BaseModel):
    """Whom one has blocked, the newest first."""

    items: list[Acquaintance]
    users: dict[str, User]


class Muted(BaseModel):
    """Somebody who may read and not write."""

    user: str = Field(examples=[USER])
    until: str | None = Field(examples=[TIME], description="null: without an end")
    by: str = Field(examples=[USER])
    since: str = Field(examples=[TIME])
    reason: str


class Banned(BaseModel):
    """Somebody who may not come back."""

    user: str = Field(examples=[USER])
    by: str = Field(examples=[USER])
    since: str = Field(examples=[TIME])
    reason: str


class WordFilter(BaseModel):
    """What becomes of messages with some words."""

    words: str = Field(examples=["rude"], description="as they are compared")
    action: Literal["refuse", "mask", "flag"]
    by: str = Field(examples=[USER])
    since: str = Field(examples=[TIME])


class Moderation(BaseModel):
    """What holds in a room or workspace."""

    mutes: list[Muted]
    bans: list[Banned]
    filters: list[WordFilter]
    users: dict[str, User]
    cursor: str = Field(examples=[CURSOR])


class Report(BaseModel):
    """Why somebody reported a message, or which of its words were flagged."""

    user: str = Field(examples=[USER], description="of flagged words the message's author")
    is_flag: bool
    reason: str
    ts: str = Field(examples=[TIME])


class ReportedMessage(BaseModel):
    """A message that waits for a moderator."""

    id: str = Field(examples=[EVENT])
    room: str = Field(examples=[ROOM])
    cursor: str = Field(examples=[CURSOR])
    sender: str = Field(examples=[USER])
    ts: str = Field(examples=[TIME])
    text: str | None = Field(description="null for one that is sealed or was deleted")
    deleted_at: str | None
    since: str = Field(examples=[TIME], description="since when it waits")
    reports: list[Report]


class ReportQueue(BaseModel):
    """What waits for one, the oldest first."""

    items: list[ReportedMessage]
    users: dict[str, User]
    has_more: bool


class AuditEntry(BaseModel):
    """What somebody did, and where in the log that stands."""

    room: str = Field(examples=[ROOM], description="or the workspace")
    cursor: str = Field(examples=[CURSOR])
    event: str = Field(examples=[EVENT])
    actor: str = Field(examples=[USER])
    type: str = Field(examples=["MemberMuted"])
    d: dict[str, Any] = Field(examples=[{"user_id": USER, "reason": "shouting"}])
    ts: str = Field(examples=[TIME])


class Audit(BaseModel):
    """A page of what was done, the newest first; `next` is the `before` of the next page."""

    items: list[AuditEntry]
    users: dict[str, User]
    next: str | None


class IngestNode(BaseModel):
    """A WebSocket address."""

    name: str = Field(examples=["n1"])
    url: str = Field(examples=["ws://127.0.0.1:8101/ws"])


class IngestNodeList(BaseModel):
    """WebSocket addresses to try."""

    nodes: list[IngestNode]
