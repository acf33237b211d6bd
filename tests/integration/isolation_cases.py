"""What somebody of one workspace tries at another (test_isolation): every id of it, guessed right.

`{room}`, `{event}` and the like are the other's; `{my_room}`, `{my_event}` and `{my_workspace}` one's own.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

SOON = (datetime.now(UTC) + timedelta(days=1)).isoformat()
HASH = "0" * 64

PATHS = {
    "room_id": "room",
    "event_id": "event",
    "workspace": "workspace",
    "user_id": "user",
    "invite": "invite",
    "hook": "hook",
    "schedule": "schedule",
    "webhook": "webhook",
    "file_id": "file",
}
"""Parameter of a documented path -> whose id it takes."""
ELSEWHERE = {
    "/users/": "people are of the whole installation",
    "/friends/": "people are of the whole installation",
    "/blocks/": "people are of the whole installation",
    "/invites/": "whoever has the secret may",
    "/hooks/": "whoever has the secret may",
    "/auth/sessions/": "of a person and no workspace; test_walk",
    "/push/subscriptions/": "of a person and no workspace; test_walk",
    "/link-previews/images/": "of pages that anybody may read",
    "/schemas/": "for anybody",
}
"""Paths with parameters that name nothing of a workspace, and why."""
BODIES: dict[tuple[str, str], Any] = {
    ("PATCH", "/rooms/{room_id}"): {"topic": "x"},
    ("POST", "/rooms/{room_id}/members"): None,
    ("POST", "/rooms/{room_id}/messages"): {"text": "x"},
    ("POST", "/rooms/{room_id}/hooks"): {"name": "x"},
    ("PUT", "/rooms/{room_id}/mute"): {},
    ("PUT", "/rooms/{room_id}/mutes/{user_id}"): {},
    ("PUT", "/rooms/{room_id}/bans/{user_id}"): {},
    ("PUT", "/rooms/{room_id}/filters"): {"words": "x", "action": "mask"},
    ("PATCH", "/workspaces/{workspace}"): {"name": "x"},
    ("PATCH", "/workspaces/{workspace}/members/{user_id}"): {"role": "guest"},
    ("POST", "/workspaces/{workspace}/invites"): {},
    ("PUT", "/workspaces/{workspace}/mutes/{user_id}"): {},
    ("PUT", "/workspaces/{workspace}/bans/{user_id}"): {},
    ("PUT", "/workspaces/{workspace}/filters"): {"words": "x", "action": "mask"},
    ("POST", "/messages/{event_id}/report"): {"reason": "x"},
    ("POST", "/reports/{event_id}/resolve"): {"action": "dismissed"},
    ("PATCH", "/scheduled/{schedule}"): {"text": "x"},
    ("PATCH", "/webhooks/{webhook}"): {"bots": True},
    ("POST", "/webhooks/{webhook}/replay"): {"cursor": "1:0"},
}
"""What those routes are sent that take a body."""


SAME_FOR_ALL = {("DELETE", "/rooms/{room}/members/{user}"): 403}
"""Routes that answer everybody so, before they look whether there is such a room; else it is 404."""


class Asked(NamedTuple):
    """A request in which an id stands elsewhere than in the path, or beside one's own.

    `refused` is the code of the problem; without, it only has to be what an id gets that is nobody's.
    """

    method: str
    path: str
    body: Any = None
    refused: str = ""
    headers: Mapping[str, str] = MappingProxyType({})


PICKED = MappingProxyType({"Roomlog-Workspace": "{workspace}"})
ASKED = [
    Asked("GET", "/rooms/{room}/messages?after_cursor={cursor}", None, "no_such_room"),
    Asked("GET", "/rooms/{room}/messages?page=1", None, "no_such_room"),
    Asked("POST", "/rooms/{room}/messages", {"text": "x", "send_at": SOON}, "no_such_room"),
    Asked("GET", "/rooms/{workspace}/messages", None, "no_such_room"),
    Asked("GET", "/rooms/{workspace}/members", None, "no_such_room"),
    Asked("GET", "/search?q=plutonium&room={room}", None, "no_such_room"),
    Asked("GET", "/search?q=plutonium%20in:{room}"),
    Asked("GET", "/search?q=plutonium&from={user}"),
    Asked("GET", "/notifications?room={room}&after_cursor={cursor}"),
    Asked("GET", "/search?q=plutonium", headers=PICKED),
    Asked("GET", "/rooms?limit=200", headers=PICKED),
    Asked("GET", "/rooms/{my_room}", headers=PICKED),
    Asked("GET", "/users?limit=50", headers=PICKED),
    Asked("POST", "/rooms", {"name": "x"}, "no_such_room", PICKED),
    Asked("POST", "/rooms", {"name": "x", "workspace": "{workspace}"}, "no_such_room"),
    Asked(
        "POST",
        "/rooms",
        {"name": "x", "kind": "direct", "members": ["{user}"], "workspace": "{workspace}"},
        "no_such_room",
    ),
    Asked(
        "POST",
        "/rooms",
        {"name": "x", "members": ["{user}"], "workspace": "{my_workspace}"},
        "bad_request",
    ),
    Asked("GET", "/webhooks?room={room}", None, "no_such_room"),
    Asked("GET", "/webhooks?room={workspace}", None, "no_such_room"),
    Asked(
        "POST",
        "/webhooks",
        {"room": "{room}", "url": "http://127.0.0.1:9/", "types": ["MessagePinned"]},
        "no_such_room",
    ),
    Asked("GET", "/scheduled?room={room}"),
    Asked("GET", "/reports?room={room}"),
    Asked("GET", "/presence?users={user}"),
    Asked("GET", "/files/{file}?token=x.y"),
    Asked("POST", "/notifications/read", {"events": ["{event}"]}),
    Asked("POST", "/rooms/{my_room}/messages", {"text": "x", "reply_to": "{event}"}),
    Asked("POST", "/rooms/{my_room}/messages", {"text": "x", "mentions": ["{user}"]}),
    Asked(
        "POST",
        "/rooms/{my_room}/messages",
        {"text": "x", "attachments": [{"file_id": "{file}"}]},
        "bad_request",
    ),
]


class Said(NamedTuple):
    """A command over WebSocket, and the code that it is refused with.

    "ack": it is taken, and does nothing there. "": whatever an id gets that is nobody's.
    """

    command: dict[str, Any]
    answer: str = "no_such_room"


ABOUT_MESSAGES: list[dict[str, Any]] = [
    {"op": "edit", "text": "x"},
    {"op": "delete"},
    {"op": "undelete"},
    {"op": "react", "emoji": "+1"},
    {"op": "unreact", "emoji": "+1"},
    {"op": "pin"},
    {"op": "unpin"},
    {"op": "report", "reason": "x"},
    {"op": "resolve", "action": "dismissed"},
]
ABOUT_PEOPLE: list[dict[str, Any]] = [
    {"op": "invite"},
    {"op": "kick"},
    {"op": "role", "role": "moderator"},
    {"op": "mute_member"},
    {"op": "unmute_member"},
    {"op": "ban"},
    {"op": "unban"},
]
ABOUT_HOOKS: list[dict[str, Any]] = [
    {"op": "rotate_hook", "token_hash": HASH},
    {"op": "revoke_hook"},
]
INVITE = {"role": "member", "expires_at": SOON}
OPS = [
    Said({"op": "sub", "room": "{room}"}),
    Said({"op": "sub", "room": "{room}", "cursor": "{cursor}"}),
    Said({"op": "unsub", "room": "{room}"}, "ack"),
    Said({"op": "typing", "room": "{room}"}, "not_a_member"),
    Said({"op": "read", "room": "{room}", "cursor": "{cursor}"}),
    Said({"op": "mute", "room": "{room}"}),
    Said({"op": "unmute", "room": "{room}"}),
    Said({"op": "read_notifications", "events": ["{event}"]}, "ack"),
    Said({"op": "send", "room": "{room}", "text": "x"}),
    Said({"op": "send", "room": "{room}", "text": "x", "as": "{user}"}, "forbidden"),
    Said({"op": "send", "room": "{my_room}", "text": "x", "as": "{user}"}, "forbidden"),
    Said({"op": "send", "room": "{my_room}", "text": "x", "reply_to": "{event}"}, "ack"),
    Said({"op": "send", "room": "{my_room}", "text": "x", "mentions": ["{user}"]}, "ack"),
    Said(
        {
            "op": "send",
            "room": "{my_room}",
            "text": "x",
            "attachments": [{"file_id": "{file}"}],
        },
        "bad_request",
    ),
    *(Said({**op, "room": "{room}", "event": "{event}"}) for op in ABOUT_MESSAGES),
    *(Said({**op, "room": "{my_room}", "event": "{event}"}, "") for op in ABOUT_MESSAGES),
    *(Said({**op, "room": "{room}", "user": "{user}"}) for op in ABOUT_PEOPLE),
    *(Said({**op, "room": "{workspace}", "user": "{user}"}) for op in ABOUT_PEOPLE),
    *(Said({**op, "room": "{my_room}", "user": "{user}"}, "") for op in ABOUT_PEOPLE),
    *(Said({**op, "room": "{my_workspace}", "user": "{user}"}, "") for op in ABOUT_PEOPLE),
    Said({"op": "create_hook", "room": "{room}", "name": "x", "token_hash": HASH}),
    *(Said({**op, "room": "{room}", "hook": "{hook}"}) for op in ABOUT_HOOKS),
    *(Said({**op, "room": "{my_room}", "hook": "{hook}"}, "") for op in ABOUT_HOOKS),
    Said({"op": "filter", "room": "{room}", "words": "x", "action": "mask"}),
    Said({"op": "filter", "room": "{workspace}", "words": "x", "action": "mask"}),
    Said({"op": "rename", "room": "{room}", "name": "x"}),
    Said({"op": "rename", "room": "{workspace}", "name": "x"}),
    Said({"op": "settings", "room": "{room}", "archived": True}),
    Said({"op": "join", "room": "{room}"}),
    Said({"op": "join", "room": "{workspace}"}),
    Said({"op": "join", "room": "{workspace}", "invite": "0" * 22}),
    Said({"op": "leave", "room": "{room}"}),
    Said({"op": "leave", "room": "{workspace}"}),
    Said({"op": "sub", "room": "{workspace}"}),
    Said({"op": "send", "room": "{workspace}", "text": "x"}),
    Said({"op": "create_invite", "room": "{workspace}", "invite": "{invite}", **INVITE}),
    Said({"op": "revoke_invite", "room": "{workspace}", "invite": "{invite}"}),
    # An invite of one's own that has the id of another's: it is another one.
    Said({"op": "create_invite", "room": "{my_workspace}", "invite": "{invite}", **INVITE}, "ack"),
    Said({"op": "revoke_invite", "room": "{my_workspace}", "invite": "{invite}"}, "ack"),
    Said({"op": "create", "name": "x", "kind": "public", "workspace": "{workspace}"}),
    Said(
        {
            "op": "create",
            "name": "x",
            "kind": "direct",
            "members": ["{user}"],
            "workspace": "{workspace}",
        }
    ),
    Said(
        {
            "op": "create",
            "name": "x",
            "kind": "private",
            "members": ["{user}"],
            "workspace": "{my_workspace}",
        },
        "bad_request",
    ),
]
