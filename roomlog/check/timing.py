"""When deliveries came: after the ack, while processes die. Pure.

Clocks: all `at` are of one process, so an ack and a delivery to another client compare directly.
"""

from bisect import bisect_right
from collections import Counter
from itertools import accumulate

from msgspec import Struct, field

from roomlog.check.history import (
    SECOND_NS,
    Away,
    CaughtUp,
    Connected,
    Disconnected,
    Fault,
    Healed,
    Paused,
    Received,
    Settling,
    Stalled,
    Subscribed,
    Unfollowed,
    Unpaused,
)
from roomlog.check.verdict import Verdict

UNSEEN_AFTER_S = 10
LATE_NS = SECOND_NS
_NO_NODE = ""
_STEP_NS = 100_000
"""Delays are told apart by a tenth of a millisecond."""
OfClient = Connected | Disconnected | Subscribed | Unfollowed | CaughtUp | Paused | Unpaused | Away
Timed = OfClient | Fault | Healed | Stalled | Settling


class _Client(Struct):
    node: str = _NO_NODE
    interrupted: int = 0
    """When it last was not simply connected and reading: until then it could not get what came."""
    paused: bool = False
    bereaved: int = 0
    """When its node died; 0 once the connection after that is over too, or it did not care to resume."""
    resumed: bool = False
    """Whether it is connected again since then."""
    rooms: set[str] = field(default_factory=set)
    """What it follows."""
    behind: set[str] = field(default_factory=set)
    """Of the rooms that it followed when its node died, those that it has not caught up with."""

    def loses_its_node(self, at: int) -> None:
        self.bereaved, self.resumed, self.behind = at, False, set(self.rooms)


class Timing:
    """Delays of a history, as its records go by."""

    def __init__(self, verdict: Verdict) -> None:
        self._verdict = verdict
        self._clients: dict[str, _Client] = {}
        self._fault = "no fault"
        self._healed = 0
        self._broken: set[str] = set()
        self._settling = False
        self._delays: Counter[int] = Counter()
        """Delay in steps -> how often."""
        self._late_ns: dict[str, int] = {}

    def take(self, record: Timed) -> None:
        """Note what changes how soon a delivery can come."""
        match record:
            case Fault():
                self._on_fault(record)
            case Healed(at=at):
                self._on_healed(at)
            case Stalled(ms=ms):
                figures = self._verdict.figures
                figures.stalled_ms = max(figures.stalled_ms, ms)
            case Settling():
                self._settling = True
            case _:
                self._on_client(record, self._clients.setdefault(record.client, _Client()))

    def _on_fault(self, fault: Fault) -> None:
        kinds = self._verdict.figures.faults
        kinds[fault.kind] = kinds.get(fault.kind, 0) + 1
        self._fault = fault.kind
        self._broken = set(fault.services)
        for client in self._clients.values():
            if client.node in self._broken:
                client.loses_its_node(fault.at)

    def _on_healed(self, at: int) -> None:
        for client in self._clients.values():
            if client.node in self._broken and not client.resumed:
                client.bereaved, client.interrupted = 0, at  # its node was frozen, not dead
        self._healed, self._broken = at, set()

    def _on_client(self, record: OfClient, client: _Client) -> None:
        match record:
            case Connected(at=at, node=node):
                self._was_there_until(at, client)  # one that drains is left when another is there
                client.node, client.resumed = service_of(node), bool(client.bereaved)
            case Disconnected(at=at):
                self._was_there_until(at, client)
                if client.resumed:
                    client.bereaved, client.resumed = 0, False
                client.node = _NO_NODE
            case Paused():
                client.paused, client.bereaved, client.resumed = True, 0, False
            case Unpaused():
                client.paused = False
            case Away():
                client.bereaved, client.resumed = 0, False
            case Subscribed(room=room, cursor=cursor):
                client.rooms.add(room)
                if cursor is None:  # they were out of it meanwhile: nothing is resumed
                    client.behind.discard(room)
            case Unfollowed(room=room):
                client.rooms.discard(room)
                client.behind.discard(room)
            case CaughtUp(at=at, room=room) if client.resumed and room in client.behind:
                client.behind.discard(room)
                took = round((at - client.bereaved) / SECOND_NS, 3)
                worst = self._verdict.figures.resume_s
                worst[self._fault] = max(worst.get(self._fault, 0.0), took)
            case _:
                pass
        client.interrupted = record.at

    def _was_there_until(self, at: int, client: _Client) -> None:
        """A node that drains, or is frozen, has its clients until they leave it."""
        is_leaving = client.bereaved and client.node and not client.resumed
        if is_leaving and not self._fault.startswith("kill"):
            client.loses_its_node(at)

    def received(self, record: Received, acked_at: int) -> None:
        """Note how long after its ack an event came."""
        if self._settling:
            self._unseen(record, acked_at, "only by resuming in the end")
            return
        client = self._clients.setdefault(record.client, _Client())
        hindered = client.paused or client.node in self._broken
        if client.interrupted <= acked_at and not hindered:
            self._on_living(max(0, record.at - acked_at))
        if not hindered and not self._broken:
            since = max(acked_at, client.interrupted, self._healed)
            if record.at - since > UNSEEN_AFTER_S * SECOND_NS:
                self._unseen(record, acked_at, "")

    def _on_living(self, delay_ns: int) -> None:
        self._delays[delay_ns // _STEP_NS] += 1
        if delay_ns > self._late_ns.get(self._fault, -1):
            self._late_ns[self._fault] = delay_ns

    def _unseen(self, record: Received, acked_at: int, how: str) -> None:
        seconds = (record.at - acked_at) / SECOND_NS
        told = f"delivered {seconds:.1f} s after its ack" + (f", {how}" if how else "")
        frame = record.frame
        where = f"{record.client}, room {frame.room}, cursor {frame.cursor}"
        self._verdict.add("unseen", told, where, frame)

    def judge(self) -> None:
        """Put the delays among the figures."""
        figures = self._verdict.figures
        if not self._delays:
            return
        worst = {kind: round(ns / SECOND_NS, 3) for kind, ns in self._late_ns.items()}
        figures.late_s = {"overall": max(worst.values()), **worst}
        figures.over_1s = sum(n for d, n in self._delays.items() if d * _STEP_NS >= LATE_NS)
        figures.p50_ms, figures.p99_ms = self._quantile_ms(0.5), self._quantile_ms(0.99)

    def _quantile_ms(self, share: float) -> float:
        steps = sorted(self._delays)
        shares = list(accumulate(self._delays[step] for step in steps))
        return steps[bisect_right(shares, int(share * shares[-1]))] * _STEP_NS / 1e6


def service_of(node: str) -> str:
    """Return the service name of a node as the local stack numbers them: `ingest-1` for `n1`."""
    return f"ingest-{node[1:]}" if node[:1] == "n" and node[1:].isdecimal() else node
