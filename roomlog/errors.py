"""Every error and close code that a client can see, each with what it means for the client."""

from enum import IntEnum, StrEnum


class ErrorCode(StrEnum):
    """Codes of `error` replies (WebSocket) and of problem details (REST)."""

    BAD_REQUEST = "bad_request"
    """The command is malformed; the message names the field. Sending it again will not help."""
    NOT_A_MEMBER = "not_a_member"
    """Join the room first."""
    FORBIDDEN = "forbidden"
    """A member, but without the right to do this."""
    NO_SUCH_ROOM = "no_such_room"
    """No such room, or none that this user may know of: one and the same answer."""
    TOO_LARGE = "too_large"
    """The event would be larger than the log takes."""
    RATE_LIMITED = "rate_limited"
    """Wait `retry_after_ms`, then send the same command again."""
    UNAVAILABLE = "unavailable"
    """The log cannot take it now; nothing is known to be stored. Send it again under the same key."""
    KEY_REUSED = "key_reused"
    """This idempotency key belongs to a command with another body. Choose a new key."""
    SLUG_TAKEN = "slug_taken"
    """There is a workspace with this slug. Choose another one."""
    ARCHIVED = "archived"
    """The room is archived: nothing changes in it until an owner or moderator takes it out again."""
    MUTED = "muted"
    """A moderator took one's voice away, until the time in `until` or, without one, until they give it back."""
    SLOW_MODE = "slow_mode"
    """The room is in slow mode: write again after `retry_after_ms`, at the time in `until`."""
    BANNED = "banned"
    """A moderator does not let one come back."""
    WORDS_REFUSED = "words_refused"
    """The text has words that the room does not take."""

    # Of the REST API only.
    UNAUTHENTICATED = "unauthenticated"
    """No access token, or none that is good (any more): refresh it or sign in."""
    WRONG_CREDENTIALS = "wrong_credentials"
    """No account with this email and password."""
    WRONG_PASSWORD = "wrong_password"  # noqa: S105  # a code
    """It is not the password of the account that is signed in."""
    STILL_OWNER = "still_owner"
    """Others are in rooms or workspaces that only this user owns: make somebody else an owner first."""
    CSRF = "csrf"
    """A request with cookies did not prove that the web client made it."""
    EMAIL_TAKEN = "email_taken"
    """There is an account with this email: sign in."""
    NOT_FOUND = "not_found"
    """Nothing is there, or nothing that this user may know of."""
    UNSUPPORTED_TYPE = "unsupported_type"
    """The request, or the file in it, is of a type that is not taken here."""
    QUOTA_EXCEEDED = "quota_exceeded"
    """The user has no room left for this file."""
    BEHIND = "behind"
    """The read model has not reached the cursor yet: ask again."""
    TOO_LATE = "too_late"
    """What was to be changed has happened already."""
    INTERNAL = "internal"
    """A defect of the server; it was logged."""


RETRYABLE = frozenset({ErrorCode.RATE_LIMITED, ErrorCode.UNAVAILABLE, ErrorCode.BEHIND})


class Refused(Exception):
    """A command is not carried out; the code and the message go to whoever sent it.

    `retry_after_ms` is given where waiting helps, `until` (a time as clients see it) where what holds will end.
    """

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        retry_after_ms: int | None = None,
        until: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry_after_ms = retry_after_ms
        self.until = until


class CloseCode(IntEnum):
    """WebSocket close codes; the hundreds tell a client what to do."""

    OVERLOADED = 1013
    """Retry with jitter."""
    TOO_BIG = 1009
    """The frame was over the limit that `hello` gave. Stop."""
    DRAINING = 4001
    """The node goes away: reconnect to another and resume."""
    SLOW_CONSUMER = 4008
    """The client reads slower than its rooms write: reconnect and resume."""
    NO_PONG = 4012
    """Two pings stayed unanswered: reconnect and resume."""
    TOKEN_EXPIRED = 4101
    """Get a new access token, then reconnect."""
    SESSION_REVOKED = 4102
    """Sign in again."""
    BAD_FRAME = 4400
    """Not the protocol. Stop."""
    FORBIDDEN = 4403
    """Not allowed. Stop."""
    NO_SUBPROTOCOL = 4406
    """No common subprotocol. Stop."""
