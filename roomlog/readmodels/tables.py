"""The tables of PostgreSQL, by where their rows come from, and how a row of a read model is read. Pure."""

from collections.abc import Iterable
from typing import Any, NamedTuple

SOURCES = (
    "accounts",
    "auth_sessions",
    "refresh_tokens",
    "outbox",
    "invite_addresses",
    "webhooks",
    "push_subscriptions",
    "mail_digests",
    "account_erasures",
    "schema_migrations",
)
"""Tables whose rows come from nowhere else."""
HINTS = ("presence",)
"""Tables made from topic chat.signals, which is kept for hours only: nobody can make them again."""
BEHIND = ("message_search", "search_offsets", "search_reindex")
"""The search index, which the indexer makes of the read models, behind the projector."""
QUEUES = ("webhook_lanes", "webhook_deliveries", "webhook_offsets")
"""What is sent to other systems, made of the log behind the projector: not to be sent again."""
TO_DO = ("workspace_departures", "push_outbox")
"""What the log asks somebody to do, until it is done: not to be done again."""
ASKED = ("push_subscriptions",)
"""Those of the SOURCES that the projector asks for what is to be done."""
OFFSETS = "projection_offsets"
"""How far the read models are."""

SWAP_LOCK = 7_201_126
"""Key of an advisory lock: a rebuild holds it while it swaps tables, and whoever reads them for long shares it.

A snapshot from before a swap would see the new tables empty.
"""

MARK_EVERY = 1_000
"""Of each room, every so many messages one is marked: pages are counted from there."""
HOUR_MICROS = 3_600_000_000
DAY_MICROS = 24 * HOUR_MICROS

# Years 1 to 9999: PostgreSQL could hold more, but no reader in Python could.
EARLIEST_MICROS = -62_135_596_800_000_000
LATEST_MICROS = 253_402_300_799_999_999

Key = tuple[Any, ...]
Row = tuple[Any, ...]

_IDS = {
    "id",
    "workspace_id",
    "room_id",
    "event_id",
    "user_id",
    "sender_id",
    "reply_to",
    "created_by",
    "deleted_by",
    "pinned_by",
    "message_id",
    "owner_id",
    "file_id",
    "one_id",
    "other_id",
    "asked_by",
    "blocked_id",
    "muted_by",
    "banned_by",
    "set_by",
    "resolved_by",
    "actor_id",
}
_ID_LISTS = {"mentions", "files"}


class Table(NamedTuple):
    """A read model: the columns that name a row, and all others."""

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]

    @property
    def values(self) -> list[str]:
        """SQL of every column, the key's first: ids as text, times as microseconds since 1970."""
        return [_value(column) for column in (*self.key, *self.columns)]

    def split(self, values: Row) -> tuple[Key, Row]:
        """Return key and row of what `values` selects."""
        return values[: len(self.key)], values[len(self.key) :]


def _value(column: str) -> str:
    name = f'"{column}"'
    if column.endswith("_at"):
        return f"(extract(epoch FROM {name}) * 1000000)::bigint"
    if column in _IDS:
        return f"{name}::text"
    return f"{name}::text[]" if column in _ID_LISTS else name


USERS = Table("users", ("id",), ("name", "created_at"))
ERASED = Table("erased_users", ("id",), ("erased_at",))
"""Who deleted their account: no other table has a row that is only theirs, in whatever order the topics are read."""
ROOMS = Table(
    "rooms",
    ("id",),
    (
        "workspace_id",
        "kind",
        "name",
        "topic",
        "slug",
        "created_by",
        "created_at",
        "partition",
        "created_offset",
        "last_offset",
        "last_event_at",
        "member_count",
        "message_count",
        "deleted_count",
        "language",
        "archived",
        "read_only",
        "history",
        "link_previews",
        "slow_mode_s",
    ),
)
MEMBERS = Table("members", ("room_id", "user_id"), ("role", "joined_offset", "joined_at"))
MESSAGES = Table(
    "messages",
    ("room_id", "event_id"),
    (
        "offset",
        "sender_id",
        "sent_at",
        "text",
        "sealed",
        "reply_to",
        "mentions",
        "attachments",
        "edited_at",
        "deleted_at",
    ),
)
REACTIONS = Table("reactions", ("room_id", "event_id", "emoji", "user_id"), ("reacted_at",))
APPLIED = Table("applied_events", ("event_id",), ("offset",))
VOID = Table("void_events", ("room_id", "offset"), ("event_id",))
MARKERS = Table("read_markers", ("user_id", "room_id"), ("offset", "marked_at"))

INVITES = Table(
    "workspace_invites", ("workspace_id", "id"), ("role", "created_by", "created_at", "expires_at")
)
HOOKS = Table(
    "room_hooks",
    ("room_id", "id"),
    ("name", "token_hash", "created_by", "created_at", "rotated_at"),
)
FRIENDSHIPS = Table("friendships", ("one_id", "other_id"), ("asked_by", "asked_at", "accepted_at"))
BLOCKS = Table("blocks", ("user_id", "blocked_id"), ("blocked_at",))
SLOW_POSTS = Table("slow_mode_posts", ("room_id", "user_id"), ("said_at",))
MEMBER_MUTES = Table(
    "member_mutes", ("room_id", "user_id"), ("until_at", "muted_by", "muted_at", "reason")
)
BANS = Table("room_bans", ("room_id", "user_id"), ("banned_by", "banned_at", "reason"))
FILTERS = Table("word_filters", ("room_id", "words"), ("action", "set_by", "set_at"))
REPORTS = Table(
    "message_reports",
    ("room_id", "event_id", "user_id"),
    ("is_flag", "reason", "reported_at", "resolved_by", "resolved_at", "outcome", "note"),
)
AUDIT = Table(
    "audit_log",
    ("room_id", "offset"),
    ("event_id", "actor_id", "type", "details", "happened_at"),
)

MARKS = Table("message_marks", ("room_id", "number"), ("offset",))
STATS = Table("room_stats", ("room_id", "hour"), ("messages",))
SENDERS = Table("room_senders", ("room_id", "user_id"), ("last_day",))
TEXTS = Table(
    "message_texts",
    ("room_id", "event_id", "offset"),
    ("sender_id", "written_at", "text", "sealed"),
)
DELETED = Table(
    "deleted_messages",
    ("room_id", "event_id"),
    ("deleted_by", "text", "sealed", "mentions", "attachments"),
)
PINS = Table("pins", ("room_id", "event_id"), ("offset", "pinned_by", "pinned_at"))
NOTIFICATIONS = Table(
    "notifications",
    ("user_id", "event_id", "room_id"),
    ("offset", "kind", "sender_id", "occurred_at"),
)
NOTIFICATION_READS = Table("notification_reads", ("user_id", "event_id"), ("read_at",))
MUTES = Table("room_mutes", ("user_id", "room_id"), ("level", "ends_at", "muted_at"))

OWN = (MARKERS, NOTIFICATION_READS, MUTES)
"""What is made of topic chat.reads."""

FILES = Table(
    "files",
    ("id",),
    (
        "owner_id",
        "sha256",
        "name",
        "media_type",
        "size_bytes",
        "width",
        "height",
        "stored_at",
    ),
)
ATTACHED = Table("attached_files", ("room_id", "event_id", "file_id"), ("offset",))

OF_ROOMS = (
    ROOMS,
    MEMBERS,
    MESSAGES,
    REACTIONS,
    VOID,
    INVITES,
    MARKS,
    STATS,
    SENDERS,
    TEXTS,
    DELETED,
    PINS,
    HOOKS,
    ATTACHED,
    NOTIFICATIONS,
    SLOW_POSTS,
    MEMBER_MUTES,
    BANS,
    FILTERS,
    REPORTS,
    AUDIT,
)
"""What chat.events alone makes, besides the ids of applied events and the notifications that are of no room."""
SCHEDULED = Table(
    "scheduled_messages",
    ("id",),
    (
        "user_id",
        "room_id",
        "message_id",
        "text",
        "reply_to",
        "mentions",
        "files",
        "send_at",
        "created_at",
        "state",
        "reason",
    ),
)

TABLES = (USERS, ERASED, *OF_ROOMS, APPLIED, *OWN, SCHEDULED, FILES, FRIENDSHIPS, BLOCKS)
"""Every table that is made from the log, and can be thrown away and made again from it."""


def named(names: Iterable[str]) -> str:
    """Return column names for SQL."""
    return ", ".join(f'"{name}"' for name in names)
