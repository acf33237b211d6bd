"""The steps of the walk through every route (test_walk): who asks for what, and gets what."""

import io
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

from PIL import Image

from tests.integration.api_people import PASSWORD

SOON = (datetime.now(UTC) + timedelta(days=1)).isoformat()


def picture() -> bytes:
    """Return a picture that is large enough for a thumbnail."""
    found = io.BytesIO()
    Image.new("RGB", (1_440, 720), "green").save(found, "PNG")
    return found.getvalue()


class Step(NamedTuple):
    """A request, and what each gets: a status, or the code of a problem.

    `{owner.room}` in path and body is what the owner got to know as `room`, `{me.room}` what whoever asks did:
    `keep` names parts of good answers. Bytes as a body are uploaded.
    """

    method: str
    path: str
    owner: int | str
    member: int | str
    stranger: int | str
    body: Any = None
    keep: Mapping[str, str] = MappingProxyType({})


ALL, MADE, GONE = (200,) * 3, (201,) * 3, (204,) * 3
NOT_HERS, NO_ROOM = (200, 200, "not_found"), (200, 200, "no_such_room")
OWNERS, OWNERS_ROOM = (200, "forbidden", "not_found"), (200, "forbidden", "no_such_room")
ONE_OWNERS = (200, "not_found", "not_found")

# For operators and machines, and not in the document.
BESIDE = [
    Step("GET", "{me.root}/healthz", *ALL),
    Step("GET", "{me.root}/readyz", *ALL),
    Step("GET", "{me.root}/metrics", *ALL),
    Step("GET", "{me.root}/.well-known/jwks.json", *ALL),
    Step("GET", "/.well-known/jwks.json", *ALL),
    Step("GET", "/openapi.json", *ALL),
    Step("GET", "/mail/unsubscribe?token={me.id}", *ALL),
    Step("POST", "/mail/unsubscribe?token={me.id}", *ALL),
]
SIGN_IN = [
    Step(
        "POST",
        "/auth/register",
        *MADE,
        {"email": "{me.other_email}", "name": "x", "password": PASSWORD},
    ),
    Step("POST", "/auth/login", *ALL, {"email": "{me.email}", "password": PASSWORD}),
    Step("POST", "/auth/refresh", *ALL),
    Step("GET", "/auth/me", *ALL),
    Step("GET", "/auth/sessions", *ALL, keep={"session": "items.0.id"}),
    Step("GET", "/ingest-nodes", *ALL),
    Step("GET", "/schemas/subjects/chat.events-value/versions/latest", *ALL, keep={"schema": "id"}),
    Step("GET", "/schemas/ids/{me.schema}", *ALL),
    Step("PUT", "/bridge/users", *("forbidden",) * 3, {"bridge": "irc", "names": ["ada"]}),
    Step("PATCH", "/users/me", *ALL, {"name": "{me.name}"}),
    Step("DELETE", "/users/me", *("wrong_password",) * 3, {"password": "somebody else's"}),
    Step("GET", "/users?q=walk", *ALL),
    Step("GET", "/users/{owner.id}", *ALL),
    Step("GET", "/presence?users={owner.id},{stranger.id}", *ALL),
]
FRIENDS = [
    Step("POST", "/friends/{owner.id}", "bad_request", 200, 200),
    Step("POST", "/friends/{member.id}", 200, "bad_request", 200),
    Step("GET", "/friends", *ALL),
    Step("DELETE", "/friends/{owner.id}", "bad_request", 200, 200),
    Step("POST", "/blocks/{stranger.id}", 200, 200, "bad_request"),
    Step("GET", "/blocks", *ALL),
    Step("POST", "/friends/{owner.id}", "bad_request", 200, "not_found"),
    Step("DELETE", "/blocks/{stranger.id}", 200, 200, "bad_request"),
]
WORKSPACE = [
    Step("POST", "/workspaces", *MADE, {"name": "W", "slug": "w-{me.id}"}, {"workspace": "id"}),
    Step("GET", "/workspaces", *ALL),
    Step(
        "POST",
        "/workspaces/{owner.workspace}/invites",
        201,
        "no_such_room",
        "no_such_room",
        {"email": "{member.email}"},
        {"invite": "token"},
    ),
    Step("GET", "/invites/{owner.invite}", "not_found", 200, "not_found"),
    Step("POST", "/invites/{owner.invite}/accept", "not_found", 200, "not_found"),
    Step("GET", "/workspaces/{owner.workspace}", *NOT_HERS),
    Step("PATCH", "/workspaces/{owner.workspace}", *OWNERS_ROOM, {"name": "Acme"}),
    Step("GET", "/workspaces/{owner.workspace}/members", *NOT_HERS),
    Step(
        "PATCH",
        "/workspaces/{owner.workspace}/members/{member.id}",
        *OWNERS_ROOM,
        {"role": "member"},
    ),
    Step(
        "POST",
        "/workspaces/{owner.workspace}/invites",
        201,
        "forbidden",
        "no_such_room",
        {},
        {"link": "id"},
    ),
    Step("GET", "/workspaces/{owner.workspace}/invites", *OWNERS),
    Step("DELETE", "/workspaces/{owner.workspace}/invites/{owner.link}", *OWNERS_ROOM),
]
ROOM = [
    Step(
        "POST",
        "/rooms",
        *MADE,
        {"name": "walk", "kind": "public", "workspace": "{me.workspace}"},
        {"room": "id"},
    ),
    Step(
        "POST",
        "/rooms",
        201,
        201,
        "no_such_room",
        {"name": "walk too", "kind": "public", "workspace": "{owner.workspace}"},
    ),
    Step("POST", "/rooms/{owner.room}/members", *NO_ROOM),
    Step("GET", "/rooms?q=walk", *ALL),
    Step("GET", "/rooms?mine=true", *ALL),
    Step("GET", "/rooms/{owner.room}", *NO_ROOM),
    Step("PATCH", "/rooms/{owner.room}", *OWNERS_ROOM, {"topic": "walking", "read_only": False}),
    Step("GET", "/rooms/{owner.room}/members", *NO_ROOM),
    Step("GET", "/rooms/{owner.room}/stats", *NO_ROOM),
    Step("GET", "/rooms/{owner.room}/presence", *NO_ROOM),
]
MESSAGES = [
    Step(
        "POST",
        "/rooms/{owner.room}/messages",
        201,
        201,
        "no_such_room",
        {"text": "I am {me.name}", "mentions": ["{member.id}"]},
        {"message": "id", "cursor": "cursor"},
    ),
    Step(
        "POST",
        "/rooms/{owner.room}/messages",
        201,
        201,
        "no_such_room",
        {"text": "an answer", "reply_to": "{member.message}"},
    ),
    Step("GET", "/rooms/{owner.room}/messages", *NO_ROOM),
    Step("GET", "/rooms/{owner.room}/messages?before={owner.cursor}&limit=1", *NO_ROOM),
    Step("GET", "/rooms/{owner.room}/messages?after={member.cursor}", *NO_ROOM),
    Step("GET", "/rooms/{owner.room}/messages?around={member.cursor}", *NO_ROOM),
    Step("GET", "/rooms/{owner.room}/messages?at=2026-01-01T00:00:00Z", *NO_ROOM),
    Step("GET", "/rooms/{owner.room}/messages?page=1", *NO_ROOM),
    Step("GET", "/messages/{member.message}", *NOT_HERS),
    Step("GET", "/messages/{member.message}/thread", *NOT_HERS),
    Step("PUT", "/rooms/{owner.room}/pins/{member.message}", *NO_ROOM),
    Step("GET", "/rooms/{owner.room}/pins", *NO_ROOM),
    Step("DELETE", "/rooms/{owner.room}/pins/{member.message}", *NO_ROOM),
    Step(
        "POST",
        "/rooms/{owner.room}/messages",
        202,
        202,
        "no_such_room",
        {"text": "later", "send_at": SOON},
        {"schedule": "id"},
    ),
    Step("GET", "/scheduled", *ALL),
    Step("PATCH", "/scheduled/{owner.schedule}", *ONE_OWNERS, {"text": "much later"}),
    Step("DELETE", "/scheduled/{owner.schedule}", *ONE_OWNERS),
    Step("GET", "/search?q=answer", *ALL),
    Step("GET", "/search?q=answer&room={owner.room}", *NO_ROOM),
    Step("GET", "/unread", *ALL),
    Step("GET", "/notifications", *ALL),
    Step("POST", "/notifications/read", *ALL, {"events": ["{owner.message}"]}),
    Step("PUT", "/rooms/{owner.room}/mute", *NO_ROOM, {"level": "mentions"}),
    Step("DELETE", "/rooms/{owner.room}/mute", *NO_ROOM),
]
FILES = [
    Step("POST", "/files", *MADE, picture(), {"file": "file_id"}),
    Step("POST", "/files", *MADE, picture(), {"spare": "file_id"}),
    Step("GET", "/files/{owner.file}", *ONE_OWNERS),
    Step(
        "POST",
        "/rooms/{owner.room}/messages",
        201,
        201,
        "no_such_room",
        {"text": "see", "attachments": [{"file_id": "{me.file}"}]},
    ),
    Step("GET", "/files/{owner.file}", *NOT_HERS),
    Step("GET", "/files/{owner.file}/thumbnail", *NOT_HERS),
    Step("GET", "/files/{owner.file}/link", *NOT_HERS),
    Step("GET", "/rooms/{owner.room}/files", *NO_ROOM),
    Step("DELETE", "/files/{owner.file}", "forbidden", "forbidden", "not_found"),
    Step("DELETE", "/files/{owner.spare}", 204, "not_found", "not_found"),
    Step("GET", "/link-previews?url={owner.page}", *ALL, keep={"image": "image.url"}),
    Step("GET", "{me.image}", *ALL),
]
OTHER_SYSTEMS = [
    Step(
        "POST",
        "/rooms/{owner.room}/hooks",
        201,
        "forbidden",
        "no_such_room",
        {"name": "CI"},
        {"hook": "id"},
    ),
    Step("GET", "/rooms/{owner.room}/hooks", *OWNERS_ROOM),
    Step(
        "POST",
        "/rooms/{owner.room}/hooks/{owner.hook}/rotate",
        *OWNERS_ROOM,
        keep={"token": "token"},
    ),
    Step("POST", "/hooks/{owner.token}", *MADE, {"text": "whoever has the token may"}),
    Step("DELETE", "/rooms/{owner.room}/hooks/{owner.hook}", *OWNERS_ROOM),
    Step("POST", "/hooks/{owner.token}", *("not_found",) * 3, {"text": "not any more"}),
    Step(
        "POST",
        "/webhooks",
        201,
        "forbidden",
        "no_such_room",
        {"room": "{owner.room}", "url": "http://127.0.0.1:9/", "types": ["MessagePinned"]},
        {"webhook": "id"},
    ),
    Step("GET", "/webhooks?room={owner.room}", *OWNERS_ROOM),
    Step("GET", "/webhooks/{owner.webhook}", *OWNERS),
    Step("PATCH", "/webhooks/{owner.webhook}", *OWNERS, {"bots": True}),
    Step("POST", "/webhooks/{owner.webhook}/rotate", *OWNERS),
    Step(
        "POST",
        "/webhooks/{owner.webhook}/replay",
        202,
        "forbidden",
        "not_found",
        {"cursor": "{owner.cursor}"},
    ),
    Step("GET", "/webhooks/{owner.webhook}/deliveries", *OWNERS),
    Step("DELETE", "/webhooks/{owner.webhook}", 204, "forbidden", "not_found"),
    Step("GET", "/push", *ALL),
    Step(
        "POST",
        "/push/subscriptions",
        *MADE,
        {"endpoint": "{me.endpoint}", "keys": {"p256dh": "{me.p256dh}", "auth": "{me.auth}"}},
        {"browser": "id"},
    ),
    Step("DELETE", "/push/subscriptions/{owner.browser}", 204, "not_found", "not_found"),
    Step("DELETE", "/push/subscriptions/{me.browser}", "not_found", 204, 204),
    Step("PUT", "/mail", *ALL, {"digest": False}),
    Step("GET", "/mail", *ALL),
]
MODERATION = [
    Step(
        "POST",
        "/messages/{owner.message}/report",
        "bad_request",
        200,
        "not_found",
        {"reason": "spam"},
    ),
    Step("GET", "/reports", *ALL),
    Step("POST", "/reports/{owner.message}/resolve", *ONE_OWNERS, {"action": "dismissed"}),
]
for place in ("rooms/{owner.room}", "workspaces/{owner.workspace}"):
    reads = OWNERS_ROOM if place.startswith("rooms") else OWNERS
    MODERATION += [
        Step("PUT", f"/{place}/mutes/{{member.id}}", *OWNERS_ROOM, {"reason": "loud"}),
        Step("PUT", f"/{place}/bans/{{stranger.id}}", *OWNERS_ROOM, {"reason": "spam"}),
        Step("PUT", f"/{place}/filters", *OWNERS_ROOM, {"words": "rude", "action": "mask"}),
        Step("GET", f"/{place}/moderation", *reads),
        Step("DELETE", f"/{place}/mutes/{{member.id}}", *OWNERS_ROOM),
        Step("DELETE", f"/{place}/bans/{{stranger.id}}", *OWNERS_ROOM),
        Step("GET", f"/{place}/audit", *reads),
    ]
SIGN_OUT = [
    Step("DELETE", "/rooms/{owner.room}/members/{owner.id}", *("forbidden",) * 3),
    Step("DELETE", "/rooms/{owner.room}/members/me", 200, 200, "no_such_room"),
    Step(
        "DELETE",
        "/workspaces/{owner.workspace}/members/{owner.id}",
        "forbidden",
        "forbidden",
        "no_such_room",
    ),
    Step("DELETE", "/workspaces/{owner.workspace}/members/{member.id}", *NO_ROOM),
    Step("GET", "/workspaces/{owner.workspace}", 200, "not_found", "not_found"),
    Step("DELETE", "/auth/sessions/{owner.session}", 204, "not_found", "not_found"),
    Step("POST", "/auth/logout-all", *GONE),
    Step("GET", "/auth/me", *("unauthenticated",) * 3),
    Step("POST", "/auth/logout", *GONE),
]
STEPS = [
    *BESIDE,
    *SIGN_IN,
    *FRIENDS,
    *WORKSPACE,
    *ROOM,
    *MESSAGES,
    *FILES,
    *OTHER_SYSTEMS,
    *MODERATION,
    *SIGN_OUT,
]
