"""When a worker is stuck: work waits and nothing moves. Pure, fed with `now` in seconds.

Faust's recovery and aiokafka's consumers are known to hang (faust #651, #176; aiokafka #703, #1037); a
worker that notices it exits, and its supervisor starts another.
"""

STUCK_S = 15.0
BLIND_S = 60.0
"""How long Kafka may leave the question for the log's ends unanswered."""


class Watchdog:
    """Compares what is waiting with what was done; `started` in the same clock as `now`."""

    def __init__(self, started: float) -> None:
        self._done: int | None = None
        self._moved = started
        self._asked = started

    def stuck(self, lag: int | None, done: int, now: float) -> str | None:
        """Return why the worker is stuck, or None.

        `lag` is the number of records that wait (None: Kafka did not say), `done` any number that
        changes when a record is examined.
        """
        if lag is not None:
            self._asked = now
        if lag == 0 or done != self._done or lag is None:
            self._moved = now
        self._done = done
        if now - self._moved >= STUCK_S:
            return f"{lag} records wait and none was examined for {now - self._moved:.0f} s"
        if now - self._asked >= BLIND_S:
            return f"Kafka did not tell the log's ends for {now - self._asked:.0f} s"
        return None
