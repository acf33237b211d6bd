"""The connections of this node, found by user."""

from collections.abc import Iterable, Iterator

from ingest.session import Session
from roomlog.errors import CloseCode


class Sessions:
    """Every open session."""

    def __init__(self) -> None:
        self._all: set[Session] = set()
        self._of_user: dict[str, Session | set[Session]] = {}
        """A user's only session, or all of them: a set for each user is as large as a session."""

    def __iter__(self) -> Iterator[Session]:
        return iter(tuple(self._all))

    def __len__(self) -> int:
        return len(self._all)

    def add(self, session: Session) -> None:
        """Take in a session."""
        self._all.add(session)
        mine = self._of_user.get(session.user)
        if mine is None:
            self._of_user[session.user] = session
        elif isinstance(mine, set):
            mine.add(session)
        else:
            self._of_user[session.user] = {mine, session}

    def discard(self, session: Session) -> None:
        """Forget a session that is over."""
        self._all.discard(session)
        mine = self._of_user.get(session.user)
        if isinstance(mine, set):
            mine.discard(session)
        if not mine or mine is session:
            self._of_user.pop(session.user, None)

    def of_user(self, user: str) -> Iterable[Session]:
        """Give the sessions of a user."""
        mine = self._of_user.get(user, ())
        return mine if isinstance(mine, set | tuple) else (mine,)

    def tell(self, user: str, frame: bytes) -> None:
        """Send a frame to every session of a user; a bridge acts for others and hears of nothing."""
        for session in self.of_user(user):
            if not session.token.is_bridge:
                session.write(frame)

    def revoke(self, session_id: str) -> None:
        """Close the connections of a sign-in that was ended."""
        for session in self:
            if session.session_id == session_id:
                session.close(CloseCode.SESSION_REVOKED, "signed out; sign in again")
