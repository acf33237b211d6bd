"""Work in parts, by as many processes as it is worth; none of them outlives the one that asked."""

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from functools import partial
from typing import Any, TypeVar

from roomlog.stack.child import die_with_parent

_POLL_S = 0.2
_WORTH_A_PROCESS = 1_000_000

OnProgress = Callable[[int], None]
"""Gets how much was done so far."""
_Part = TypeVar("_Part")
_Result = TypeVar("_Result")


def worth(amount: int, worth_one: int = _WORTH_A_PROCESS) -> int:
    """Return how many processes so many records are worth on this machine."""
    return max(1, min(os.cpu_count() or 1, amount // worth_one))


def each(
    work: Callable[[_Part, OnProgress], _Result],
    parts: Iterable[_Part],
    on_progress: OnProgress,
    workers: int,
) -> Iterator[_Result]:
    """Do the work for each part and yield the results as they come; raises what the work raises.

    The parts are begun in their order: put the longest first, so that no process is left alone with it at
    the end. `work` tells its progress within its part; with several workers it has to be a function of a
    module (or a partial of one). To be called on the main thread.
    """
    return (
        _in_turn(work, parts, on_progress)
        if workers == 1
        else _pooled(work, parts, on_progress, workers)
    )


def _in_turn(
    work: Callable[[_Part, OnProgress], _Result], parts: Iterable[_Part], on_progress: OnProgress
) -> Iterator[_Result]:
    before = 0
    for part in parts:
        done = 0

        def tell(count: int, before: int = before) -> None:
            nonlocal done
            done = count
            on_progress(before + count)

        yield work(part, tell)
        before += done


def _pooled(
    work: Callable[[_Part, OnProgress], _Result],
    parts: Iterable[_Part],
    on_progress: OnProgress,
    workers: int,
) -> Iterator[_Result]:
    context = multiprocessing.get_context("spawn")
    done = context.Value("q", 0)
    with ProcessPoolExecutor(workers, context, _start, (done, os.getpid())) as pool:
        waiting: set[Future[_Result]] = {pool.submit(_run, work, part) for part in parts}
        try:
            while waiting:
                finished, waiting = wait(waiting, _POLL_S, "FIRST_COMPLETED")
                on_progress(done.value)
                yield from (future.result() for future in finished)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


_shared: Any = None


def _start(done: Any, parent: int) -> None:
    global _shared  # a pool gives its processes nothing else to keep things in
    _shared = done
    die_with_parent(parent)


def _run(work: Callable[[_Part, OnProgress], _Result], part: _Part) -> _Result:
    return work(part, partial(_add, [0]))


def _add(told: list[int], count: int) -> None:
    with _shared.get_lock():
        _shared.value += count - told[0]
    told[0] = count
