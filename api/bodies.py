"""What clients send, checked; unknown fields are refused by name."""

from typing import Annotated, Literal

import email_validator
from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from api.passwords import MAX_CHARS, MIN_CHARS
from api.strict import Line, no_controls, storable
from roomlog.protocol.terms import SLOW_MODE_S

# Nothing is sent to these addresses: names inside a company (.local) or of tests (.test) are as good.
email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()


def _email(text: str) -> str:
    try:
        found = validate_email(text, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None
    return found.normalized.lower()


Email = Annotated[
    str,
    StringConstraints(max_length=254),
    AfterValidator(_email),
    Field(examples=["ada@example.org"]),
]
Password = Annotated[
    str,
    StringConstraints(min_length=MIN_CHARS, max_length=MAX_CHARS),
    Field(examples=["correct horse battery"]),
]
Name = Annotated[Line, StringConstraints(max_length=100), Field(examples=["Ada"])]
Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-f-]{36}$")]
WorkspaceRole = Literal["owner", "admin", "moderator", "member", "guest"]


class Body(BaseModel):
    """What a client sends: unknown fields are refused by name."""

    model_config = ConfigDict(extra="forbid")


class Registration(Body):
    """A new account."""

    email: Email
    name: Name
    password: Password


class Credentials(Body):
    """A sign-in."""

    email: Email
    password: Annotated[
        str,
        StringConstraints(min_length=1, max_length=MAX_CHARS),
        Field(examples=["correct horse battery"]),
    ]


class Erasure(Body):
    """That it is oneself who ends the account."""

    password: Annotated[
        str,
        StringConstraints(min_length=1, max_length=MAX_CHARS),
        Field(examples=["correct horse battery"]),
    ]


class Rename(Body):
    """A new display name."""

    name: Name


class BridgedUsers(Body):
    """People of another system, by the names they have there."""

    bridge: Annotated[Name, Field(examples=["irc"])]
    names: Annotated[list[Name], Field(max_length=1000, examples=[["ada", "grace"]])]


class NewRoom(Body):
    """A room to make; `members` are user ids besides oneself."""

    name: Name
    kind: Literal["public", "private", "direct", "group"] = "public"
    members: Annotated[list[Id], Field(max_length=500)] = []
    workspace: Annotated[
        str | None,
        StringConstraints(min_length=1, max_length=40),
        Field(description="id or slug, or `default`; left out: the one that is picked"),
    ] = None


class RoomChange(Body):
    """What to change of a room; what is left out stays as it is."""

    name: Name | None = None
    topic: Annotated[str, StringConstraints(max_length=500), AfterValidator(storable)] | None = None
    language: Annotated[str, StringConstraints(max_length=20)] | None = None
    archived: bool | None = None
    read_only: bool | None = None
    history: Literal["all", "joined"] | None = None
    link_previews: bool | None = None
    slow_mode_s: Annotated[int, Field(ge=0, le=SLOW_MODE_S)] | None = None


Reason = Annotated[str, StringConstraints(max_length=500), AfterValidator(storable)]


class NewMemberMute(Body):
    """A mute; without `until` it has no end."""

    until: Annotated[
        AwareDatetime | None, Field(examples=["2026-12-01T00:00:00Z"], description="with a zone")
    ] = None
    reason: Reason = ""


class NewBan(Body):
    """A ban."""

    reason: Reason = ""


class NewFilter(Body):
    """What becomes of messages with these words; null: nothing any more."""

    words: Annotated[
        str,
        StringConstraints(min_length=1, max_length=100),
        AfterValidator(storable),
        Field(examples=["rude"]),
    ]
    action: Literal["refuse", "mask", "flag"] | None


class NewReport(Body):
    """Why a moderator should look at a message."""

    reason: Annotated[
        str,
        StringConstraints(min_length=1, max_length=500, strip_whitespace=True),
        AfterValidator(storable),
        Field(examples=["spam"]),
    ]


class Resolution(Body):
    """What to do about a message that was reported, and about its author; `until` is for a mute."""

    action: Literal["dismissed", "deleted", "muted", "removed", "banned"]
    note: Reason = ""
    until: AwareDatetime | None = None


class NewWorkspace(Body):
    """A workspace to make; `slug` is its name in addresses, and stays."""

    name: Name
    slug: Annotated[
        str,
        StringConstraints(min_length=2, max_length=40, pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"),
        Field(examples=["acme"]),
    ]


class WorkspaceChange(Body):
    """Another name of a workspace."""

    name: Name


class NewRole(Body):
    """Another role in a workspace."""

    role: WorkspaceRole


class NewInvite(Body):
    """An invite to make; with an email address only the account with that address may accept it."""

    role: Literal["admin", "moderator", "member", "guest"] = "member"
    email: Email | None = None
    days: Annotated[int, Field(ge=1, le=30)] = 7


class NewHook(Body):
    """An incoming hook to make; messages show `name` as their sender."""

    name: Annotated[Line, StringConstraints(max_length=80), Field(examples=["CI"])]


class HookMessage(Body):
    """What another system posts."""

    text: Annotated[str, AfterValidator(storable), Field(min_length=1, examples=["Build 7 passed"])]
    external_id: Annotated[
        str | None,
        StringConstraints(min_length=1, max_length=200),
        AfterValidator(lambda text: text and storable(text)),
        Field(
            alias="externalEventId",
            description="the other system's own id of this: within 24 hours it is posted once",
            examples=["build-7"],
        ),
    ] = None
    name: Annotated[
        Line | None,
        StringConstraints(max_length=80),
        Field(description="who or what it comes from: put before the text", examples=["main"]),
    ] = None


WebhookTypes = Annotated[
    list[Annotated[str, StringConstraints(max_length=40)]],
    Field(
        max_length=40,
        description="types of events as in event frames; none: every one",
        examples=[["MessagePosted"]],
    ),
]
WebhookUrl = Annotated[
    str,
    StringConstraints(min_length=1, max_length=2_000),
    Field(examples=["https://ci.example.org/roomlog"]),
]


class NewWebhook(Body):
    """Where to send the events of a room, or of the public rooms of a workspace and of itself."""

    room: Annotated[Id, Field(description="a room's or a workspace's id")]
    url: WebhookUrl
    types: WebhookTypes = []
    bots: Annotated[bool, Field(description="also what the bots of hooks post")] = False


class WebhookChange(Body):
    """What to change of a webhook; what is left out stays as it is."""

    url: WebhookUrl | None = None
    types: WebhookTypes | None = None
    bots: bool | None = None
    paused: Annotated[
        bool | None, Field(description="false: go on where it stopped, and miss nothing")
    ] = None


class Replay(Body):
    """What to send once more: one delivery that was given up, or all of a room from a cursor on."""

    delivery: Id | None = None
    cursor: Annotated[str, StringConstraints(max_length=40)] | None = None
    room: Annotated[
        Id | None, Field(description="of the cursor; left out: the webhook's own room")
    ] = None


class ReadNotifications(Body):
    """Which notifications are read: some, by the ids of their events, or all up to a `place` of the list."""

    events: Annotated[list[Id], Field(min_length=1, max_length=500)] | None = None
    up_to: Annotated[str, StringConstraints(max_length=600)] | None = None


class NewMute(Body):
    """What is still heard of a room, and until when; without a time for ever."""

    level: Literal["mentions", "nothing"] = "nothing"
    until: Annotated[AwareDatetime, Field(examples=["2026-01-02T03:04:05Z"])] | None = None


class BrowserKeys(Body):
    """What a browser is encrypted for: a point of P-256 and a secret, base64url."""

    p256dh: Annotated[str, StringConstraints(max_length=120)]
    auth: Annotated[str, StringConstraints(max_length=40)]


class NewPushSubscription(Body):
    """A browser's `PushSubscription`."""

    endpoint: Annotated[str, StringConstraints(max_length=1000), AfterValidator(no_controls)]
    keys: BrowserKeys


class MailChange(Body):
    """Whether one wants mails about what one has not read."""

    digest: bool


class NewMember(Body):
    """Who joins: oneself."""

    user: Id | None = None


class FileToAttach(BaseModel):
    """A file of one's own to attach, by its id. What else is said of it is taken from the file itself."""

    file_id: Id


class NewMessage(Body):
    """A message to post."""

    text: Annotated[str, AfterValidator(storable), Field(examples=["Hello"])]
    reply_to: Id | None = None
    mentions: Annotated[list[Id], Field(max_length=100)] = []
    send_at: Annotated[
        AwareDatetime | None,
        Field(
            examples=["2026-01-03T09:00:00Z"],
            description="when to post it, within the next 120 days; left out: now",
        ),
    ] = None
    attachments: Annotated[
        list[FileToAttach],
        Field(max_length=20, description="as `POST /files` answered them, or their ids alone"),
    ] = []


class ScheduleChange(Body):
    """What to change of a message that waits; what is left out stays as it is."""

    text: Annotated[str, AfterValidator(storable), Field(examples=["Hello"])] | None = None
    send_at: Annotated[AwareDatetime, Field(examples=["2026-01-03T09:00:00Z"])] | None = None
