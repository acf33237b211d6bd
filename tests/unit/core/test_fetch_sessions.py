"""Fetch sessions: whatever happens on the way, the broker knows what is wanted after each answer."""

from aiokafka.protocol.fetch import FetchRequest, FetchRequest_v6, FetchRequest_v11
from hypothesis import given
from hypothesis import strategies as st

from roomlog.fetch_sessions import Session, Step, Wanted, _SessionRequest

NOT_FOUND, WRONG_EPOCH = 70, 71


class Broker:
    """Sessions as KIP-227 describes them."""

    def __init__(self) -> None:
        self.sessions: dict[int, tuple[int, Wanted]] = {}
        self.last_id = 0
        self.is_full = False

    def fetch(self, step: Step) -> tuple[int, int, Wanted]:
        """Return error, session id, and the list that is fetched."""
        if step.epoch == 0:
            self.sessions.pop(step.session_id, None)
            if self.is_full:
                return 0, 0, step.changed
            self.last_id += 1
            self.sessions[self.last_id] = 1, dict(step.changed)
            return 0, self.last_id, step.changed
        if step.session_id not in self.sessions:
            return NOT_FOUND, 0, {}
        epoch, known = self.sessions[step.session_id]
        if epoch != step.epoch:
            return WRONG_EPOCH, step.session_id, {}
        known = {p: w for p, w in known.items() if p not in step.forgotten} | step.changed
        self.sessions[step.session_id] = epoch + 1, known
        return 0, step.session_id, known


places = st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 3))
wanteds = st.dictionaries(places, st.tuples(st.integers(0, 5), st.just(100)), max_size=6)
accidents = st.sampled_from(["none", "request lost", "answer lost", "restart", "full", "roomy"])


@given(st.lists(st.tuples(wanteds, accidents), max_size=30))
def test_the_broker_fetches_what_is_wanted(turns: list[tuple[Wanted, str]]) -> None:
    broker, session = Broker(), Session()
    for wanted, accident in turns:
        if accident == "restart":
            broker.sessions = {}
        broker.is_full = {"full": True, "roomy": False}.get(accident, broker.is_full)
        if accident == "request lost":
            session.step(wanted)
            session.lost()
            continue
        error, number, fetched = broker.fetch(session.step(wanted))
        if accident == "answer lost":
            session.lost()
            continue
        if not session.answered(wanted, error, number):
            error, number, fetched = broker.fetch(session.step(wanted))
            assert session.answered(wanted, error, number)
        assert (error, fetched) == (0, wanted)


def test_an_unchanged_list_is_not_named_again() -> None:
    session, wanted = Session(), {("a", 0): (5, 100), ("a", 1): (7, 100)}
    assert session.step(wanted).changed == wanted
    session.answered(wanted, 0, 42)
    assert session.step(wanted) == Step(42, 1, {}, frozenset())
    moved = {("a", 0): (6, 100)}
    assert session.step(moved) == Step(42, 1, moved, frozenset({("a", 1)}))


def test_the_epoch_goes_round_without_the_first() -> None:
    session = Session()
    session.answered({}, 0, 42)
    session._epoch = 2**31 - 1
    session.answered({}, 0, 42)
    assert session.step({}).epoch == 1


def test_a_request_carries_its_step_where_the_broker_knows_sessions() -> None:
    whole = FetchRequest(250, 1, 1000, 0, [("a", [(0, 5, 100), (1, 7, 100)])])
    step = Step(42, 3, {("a", 1): (7, 100)}, frozenset({("b", 2)}))
    request = _SessionRequest(whole, step)
    new = request.build(FetchRequest_v11)
    assert (new.session_id, new.session_epoch) == (42, 3)
    assert new.topics == [("a", [(1, -1, 7, -1, 100)])]
    assert new.forgotten_topics_data == [("b", [2])]
    assert FetchRequest_v11.decode(new.encode()) == new
    old = request.build(FetchRequest_v6)
    assert old.topics == [("a", [(0, 5, -1, 100), (1, 7, -1, 100)])]
