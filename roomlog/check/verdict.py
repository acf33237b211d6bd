"""The eight counters, the first witnesses of each, and the figures beside them."""

from typing import Any

from msgspec import Struct, field, to_builtins

WITNESSES = 8

COUNTERS = {
    "lost": "acked (or in the log), and missing in the log, in the rows or at a subscriber",
    "phantom": "present, and never sent, refused, or written by or delivered to one who was no member",
    "duplicate": "more than one effect of one key in the log, in the rows or at a subscriber",
    "order": "at a subscriber in another order than in the log",
    "disagreement": "one partition and offset, two contents (client, node, log, rows, screen)",
    "gap": "a frame whose `prev` was not what came last, never repaired; or a wrong `prev`",
    "unseen": "acked, and delivered later than 10 s after the ack, the healing and the resume",
    "offset": "a stored offset that is not last applied + 1",
}
"""Name of a counter -> what it counts. All must be 0."""


RESUME_S = 5.0
"""A client whose node was killed has caught up elsewhere before that."""
LATE_S = 1.0
"""An event has reached every subscriber on a living node before that, after its ack."""
_OURS = ("ingest", "streams", "projector")
PROMPT = {f"{act}-{kind}" for act in ("kill", "add", "remove", "restart") for kind in _OURS}
PROMPT |= {"deploy", "rebuild"}
"""The faults under which `LATE_S` holds; elections of brokers and the deaths of servers are aside."""


class Witness(Struct, frozen=True):
    """One finding: what is wrong, where, and the records or frames that show it."""

    what: str
    where: str
    shown: str = ""


class Meanwhile(Struct):
    """What went on while something was broken: operations acked, frames, reads answered and told to wait."""

    acked: int = 0
    delivered: int = 0
    read: int = 0
    told_to_wait: int = 0


class Figures(Struct):
    """What a run was like; times in seconds."""

    operations: dict[str, int] = field(default_factory=dict)
    """Outcome (acked, refused, unknown) -> operations that write."""
    sent: int = 0
    """Messages sent."""
    messages: int = 0
    """Messages acked."""
    refusals: dict[str, int] = field(default_factory=dict)
    received: int = 0
    log_events: int = 0
    log_repeats: int = 0
    """Records of the log that repeat an event (their first one counts)."""
    repeat_frames: int = 0
    """Deliveries of such records; clients drop them by id."""
    resets: int = 0
    poisoned: int = 0
    """Records that nobody can read, put into the log on purpose."""
    letters: int = 0
    """Dead letters about them."""
    faults: dict[str, int] = field(default_factory=dict)
    resume_s: dict[str, float] = field(default_factory=dict)
    """From a node's death until a client that was on it had caught up elsewhere: the longest, by fault."""
    late_s: dict[str, float] = field(default_factory=dict)
    """Latest delivery after its ack on a living node: overall, and by the last fault before it."""
    over_1s: int = 0
    """Such deliveries later than 1 s."""
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    """Of delivery after ack on living nodes."""
    meanwhile: dict[str, Meanwhile] = field(default_factory=dict)
    """By fault, from its beginning until everything was ready again."""
    reads: int = 0
    """What the API was asked."""
    reads_failed: int = 0
    """Of these, what was neither answered nor, with PostgreSQL away, told to wait (`roomlog.check.meanwhile`)."""
    reads_refused: int = 0
    """Of those that failed, what was told to wait though PostgreSQL was there: there was too much to do."""
    failed_reads: list[str] = field(default_factory=list)
    """The first of them."""
    read_p99_ms: int = 0
    rows_compared: int = 0
    """By rebuilds, before they swapped."""
    rows_different: int = 0
    rebuild_blocked_ms: int = 0
    """How long the projectors had to wait for a swap, at the most."""
    stalled_ms: int = 0
    """How long the checker itself could not run, at the most; that much of a delay may be its own."""
    seconds: float = 0.0


def exceeded(figures: Figures) -> list[str]:
    """Return which limits a run exceeded, in words; a fault that no limit speaks of exceeds none."""
    resumed = figures.resume_s.get("kill-ingest", 0.0)
    found = [f"kill-ingest: resumed after {resumed:.2f} s"] if resumed >= RESUME_S else []
    for fault, late in figures.late_s.items():
        if fault in PROMPT and late >= LATE_S:
            found.append(f"{fault}: delivered {late:.2f} s after the ack")
    if figures.reads_failed:
        found.append(f"{figures.reads_failed:,} reads failed, first {figures.failed_reads[0]}")
    return found + _stood_still(figures)


def _stood_still(figures: Figures) -> list[str]:
    """Return what did not go on with PostgreSQL stopped: chat, and answers that say when to come again."""
    during = figures.meanwhile.get("stop-postgres")
    if during is None:
        return []
    counts = {"acked": during.acked, "delivered": during.delivered}
    if figures.reads:
        counts["told to wait"] = during.told_to_wait
    return [f"stop-postgres: nothing was {what} meanwhile" for what, n in counts.items() if not n]


class Verdict(Struct):
    """The outcome of an analysis."""

    counters: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTERS, 0))
    witnesses: dict[str, list[Witness]] = field(default_factory=dict)
    figures: Figures = field(default_factory=Figures)

    @property
    def ok(self) -> bool:
        """Whether every counter is zero."""
        return not any(self.counters.values())

    def add(self, counter: str, what: str, where: str, shown: object = "") -> None:
        """Count a finding, and keep it as a witness while there are few."""
        self.counters[counter] += 1
        kept = self.witnesses.setdefault(counter, [])
        if len(kept) < WITNESSES:
            kept.append(Witness(what, where, str(shown)))


def as_json(verdict: Verdict) -> dict[str, Any]:
    """Return the verdict for programs."""
    limits = exceeded(verdict.figures)
    return {"ok": verdict.ok, "exceeded": limits, **to_builtins(verdict)}


def render(verdict: Verdict) -> str:
    """Return the verdict for people: counters, witnesses, figures."""
    lines = []
    for name, meaning in COUNTERS.items():
        count = verdict.counters[name]
        lines.append(f"{name:>13} {count:>7}   {meaning}")
        for witness in verdict.witnesses.get(name, []):
            lines.append(f"{'':>21}   - {witness.what}, {witness.where}")
            if witness.shown:
                lines.append(f"{'':>25} {witness.shown}")
    limits = [f"limit exceeded: {told}" for told in exceeded(verdict.figures)]
    return "\n".join([*lines, "", *_figures(verdict.figures), *limits])


def _figures(f: Figures) -> list[str]:
    outcomes = ", ".join(f"{n:,} {outcome}" for outcome, n in sorted(f.operations.items()))
    late = ", ".join(f"{kind} {s:.2f}" for kind, s in f.late_s.items())
    resumed = ", ".join(f"{kind} {s:.2f}" for kind, s in f.resume_s.items())
    faults = ", ".join(f"{n} {kind}" for kind, n in sorted(f.faults.items())) or "none"
    return [
        f"messages sent {f.sent:,}, acked {f.messages:,}; operations: {outcomes or 'none'}; {f.seconds:.0f} s",
        *([f"refused: {f.refusals}"] if f.refusals else []),
        f"events in the log {f.log_events:,} (and {f.log_repeats:,} repeats); "
        f"received {f.received:,} ({f.repeat_frames:,} of repeats); resets {f.resets}",
        f"faults: {faults}",
        *([f"unreadable {f.poisoned}, dead letters {f.letters}"] if f.poisoned else []),
        f"delivery after its ack, living nodes: p50 {f.p50_ms:.1f} ms, p99 {f.p99_ms:.1f} ms, "
        f"later than 1 s: {f.over_1s:,}; latest (s): {late or 'none'}",
        *_reads(f),
        f"longest stall of the checker itself: {f.stalled_ms} ms",
        f"longest resume after a node's end (s): {resumed or 'none'}",
    ]


def _reads(f: Figures) -> list[str]:
    lines = [
        f"during {fault}: {m.acked:,} operations acked, {m.delivered:,} frames delivered, "
        f"{m.read:,} reads answered, {m.told_to_wait:,} told to wait"
        for fault, m in sorted(f.meanwhile.items())
    ]
    if f.reads:
        lines.append(
            f"reads of the API {f.reads:,}, failed {f.reads_failed:,} "
            f"(of these {f.reads_refused:,} told to wait though nothing was away), p99 {f.read_p99_ms} ms"
        )
        lines += [f"    {failed}" for failed in f.failed_reads]
    if f.rows_compared:
        lines.append(
            f"rebuilt: {f.rows_compared:,} rows compared, {f.rows_different:,} different; "
            f"projectors waited {f.rebuild_blocked_ms} ms at most"
        )
    return lines
