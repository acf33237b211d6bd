"""100 users register, sign in and connect, ten a second."""

from loadtest.chat import Chat
from loadtest.criteria import fast
from loadtest.evidence import Findings
from loadtest.people import Person
from loadtest.place import PlaceError, User
from loadtest.scenario import Scenario
from loadtest.size import Size
from loadtest.verdict import Criterion, at_least, at_most


class Basic(Scenario):
    """Who comes for the first time."""

    name = "basic"
    size = Size(users=100, p99_ms=2_000)
    spawn_rate = 10

    def criteria(self, found: Findings) -> list[Criterion]:
        """All are in, and soon."""
        names = ("register", "sign in", "connect")
        return [
            at_least("signed in and connected", self.counts["ready"], self.now.users),
            at_most("failures", sum(map(self.stats.failures, names)), 0),
            *fast(self.stats, self.now, *names),
        ]


class BasicUser(Person):
    """Registers and signs in as people do, over the REST API."""

    def arrive(self) -> None:
        """Register, sign in, see who one is, connect."""
        accounts, run = self.run_.place.registered, self.run_.plan.run
        with self.timed("register"):
            accounts.register(run, self.number)
        with self.timed("sign in"):
            account = accounts.log_in(run, self.number)
        with self.timed("who am I"):
            me = accounts.http.get("/auth/me", account.token, User)
        if me.id != account.user:
            raise PlaceError(f"signed in as {account.user}, but the API says {me.id}")
        self.chat = Chat(self.run_, self.number)
        self.chat.account = account
        self.chat.connect()
