"""How far the log is right now."""

import asyncio

from ingest.kafka import LogReader, LogUnavailable


class HeadsNow:
    """Asks for heads of the log, for all that ask in one turn together."""

    def __init__(self, log: LogReader) -> None:
        self._log = log
        self._waiting: dict[int, asyncio.Future[int]] = {}
        self._asking: asyncio.Task[None] | None = None

    async def get(self, partition: int) -> int:
        """Return the head as it is now or a moment later; raises LogUnavailable."""
        loop = asyncio.get_running_loop()
        future = self._waiting.setdefault(partition, loop.create_future())
        if self._asking is None:
            self._asking = loop.create_task(self._ask())
        return await asyncio.shield(future)

    async def _ask(self) -> None:
        while self._waiting:
            waiting, self._waiting = self._waiting, {}
            try:
                heads = await self._log.heads(waiting)
            except Exception as error:
                for future in waiting.values():
                    future.set_exception(LogUnavailable(str(error)))
                    future.exception()
                continue
            for partition, future in waiting.items():
                future.set_result(heads[partition])
        self._asking = None
