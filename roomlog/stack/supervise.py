"""Watching children: each is started, waited for, restarted when it dies, and stopped on demand."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterable

from roomlog.stack import child, ready, state
from roomlog.stack.errors import StackError, explain_os_error, start_failure
from roomlog.stack.state import ServiceState, ServiceStatus

FIRST_DELAY_S = 0.25
LONGEST_DELAY_S = 15.0
FAILED_AFTER = 5
"""Ends in a row, without having been well for a while, after which a service counts as failed."""
WELL_AFTER_S = 20.0

_SERVER_PATIENCE_S = 180.0
"""A log or a database that was killed may take its time to recover."""
_SERVICE_PATIENCE_S = 90.0
_SERVICE_ATTEMPTS = 3


def restart_delay(ends_in_a_row: int) -> float:
    """Return how long to wait, in seconds, before the next start after so many ends in a row."""
    return float(min(LONGEST_DELAY_S, FIRST_DELAY_S * 2 ** (ends_in_a_row - 1)))


def state_after(ends_in_a_row: int) -> ServiceState:
    """Return what to call a service that ended so many times in a row."""
    return "failed" if ends_in_a_row >= FAILED_AFTER else "restarting"


class Managed:
    """One service under supervision.

    A server that ends before it is first ready is given up at once (its files may be damaged), a
    service of ours after a few attempts; once it was ready, both are restarted for ever.
    """

    def __init__(
        self,
        name: str,
        command: child.Command,
        probe: ready.Probe,
        port: int,
        is_server: bool,
        on_change: Callable[[], None],
        on_death: Callable[[str], None] = lambda _note: None,
    ) -> None:
        self.name = name
        self._command = command
        self._probe = probe
        self._port = port
        self._is_server = is_server
        self._attempts = 1 if is_server else _SERVICE_ATTEMPTS
        self._patience = _SERVER_PATIENCE_S if is_server else _SERVICE_PATIENCE_S
        self._on_change = on_change
        self._on_death = on_death
        self._state: ServiceState = "starting"
        self._restarts = 0
        self._process: asyncio.subprocess.Process | None = None
        self._started = 0.0
        self._exit_code = 0
        self._first_ready = asyncio.Event()
        self._gave_up = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def status(self) -> ServiceStatus:
        """Return how the service is now."""
        pid = self._process.pid if self._process else 0
        return ServiceStatus(
            self.name,
            pid,
            self._port,
            self._state,
            self._restarts,
            self._started,
            str(self._command.log),
        )

    async def start(self) -> None:
        """Start it and return once it is ready.

        Raises StackError where it ends `attempts` times before, or is not ready in time.
        """
        if self._task is not None:
            return
        self._first_ready.clear()
        self._gave_up.clear()
        self._task = asyncio.create_task(self._keep_running(), name=self.name)
        waits = [asyncio.ensure_future(e.wait()) for e in (self._first_ready, self._gave_up)]
        watched = [*waits, self._task]
        await asyncio.wait(watched, timeout=self._patience, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        if self._task.done():
            self._task.result()
        if not self._first_ready.is_set():
            await self.stop()
            log = self._command.log
            raise start_failure(self.name, log, log.parent.parent / self.name, self._is_server)

    async def stop(self) -> None:
        """Stop it, by force where it does not go by itself, and leave it stopped."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        self._change("stopped")

    async def _keep_running(self) -> None:
        ends = 0
        while True:
            was_well = await self._live_once()
            ends = 1 if was_well else ends + 1
            if not self._first_ready.is_set() and ends >= self._attempts:
                self._gave_up.set()
                return
            self._restarts += 1
            self._change(state_after(ends))
            self._on_death(_obituary(self.name, self._exit_code, restart_delay(ends)))
            await asyncio.sleep(restart_delay(ends))

    async def _live_once(self) -> bool:
        """Run one process to its end; tell whether it had been ready for a good while."""
        loop = asyncio.get_running_loop()
        try:
            self._process = await child.start(self._command)
        except OSError as error:
            raise StackError(f"Cannot start {self.name}: {explain_os_error(error)}") from error
        self._started = state.started_at(self._process.pid)
        self._on_change()
        began = loop.time()
        announcing = asyncio.create_task(self._announce_ready())
        try:
            self._exit_code = await self._process.wait()
        finally:
            announcing.cancel()
            await child.end(self._process, self._command)
            self._process = None
        return self._state == "ready" and loop.time() - began > WELL_AFTER_S

    async def _announce_ready(self) -> None:
        await ready.until_ready(self._probe)
        self._first_ready.set()
        self._change("ready")

    def _change(self, new: ServiceState) -> None:
        self._state = new
        self._on_change()


def _obituary(name: str, code: int, delay: float) -> str:
    how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
    return f"{name} {how}; starting it again in {delay:g} s"


async def stop_all(services: Iterable[Managed]) -> None:
    """Stop several at once."""
    await asyncio.gather(*(s.stop() for s in services))
