"""Breaks the services on purpose: loaded by each that has this directory on its PYTHONPATH.

The file that ROOMLOG_TEST_MUTANT names holds the name of one mutant; `MUTANTS` says which module it breaks
and how. Every mutant is a mistake that the checker has to see.
"""

import importlib.abc
import importlib.machinery
import itertools
import os
import sys
from pathlib import Path


def members_removed_still_listen(module):
    module.FanOut._end_following = lambda self, state, user: None


def deliveries_dropped(module):
    show, count = module.FanOut._show, itertools.count(1)

    def lossy(self, state, offset, event):
        if next(count) % 40 == 0:
            state.room.last_offset = offset
        else:
            show(self, state, offset, event)

    module.FanOut._show = lossy


def deliveries_swapped(module):
    give = module.FanOut._give

    def reversing(self, state):
        state.frames.reverse()
        give(self, state)

    module.FanOut._give = reversing


def deliveries_twice(module):
    show, count = module.FanOut._show, itertools.count(1)

    def doubling(self, state, offset, event):
        show(self, state, offset, event)
        if next(count) % 40 == 0 and state.frames:
            state.frames.append(state.frames[-1])

    module.FanOut._show = doubling


def texts_altered(module):
    frame, count = module.event_frame, itertools.count(1)

    def altering(event, cursor, prev):
        line = frame(event, cursor, prev)
        return line.replace(b'"text":"', b'"text":"?') if next(count) % 40 == 0 else line

    module.event_frame = altering


def prev_forgotten(module):
    frame, count = module.event_frame, itertools.count(1)

    def forgetting(event, cursor, prev):
        return frame(event, cursor, "1:-1" if next(count) % 40 == 0 else prev)

    module.event_frame = forgetting


def resume_skips_one(module):
    missed = module.Following._missed

    async def skipping(self, state, after, upto):
        async for lines in missed(self, state, after, upto):
            yield lines[1:]

    module.Following._missed = skipping


def acked_before_stored(module):
    produce, count = module.Lanes._produce, itertools.count(1)

    async def boasting(self, lane, builder):
        if next(count) % 20 == 0:
            return self.heads[lane.partition]
        return await produce(self, lane, builder)

    module.Lanes._produce = boasting


def offsets_before_rows(module):
    """Commit the offsets first, and die now and then before the rows are written."""
    write, count = module.ReadModels._write, itertools.count(1)

    def hasty(self, batch, starts, *, check_messages):
        if batch.messages and next(count) % 10 == 0:
            with self._session().transaction(), self._session().cursor() as cursor:
                module._move_offsets(cursor, batch.ends, starts)
            os._exit(1)
        write(self, batch, starts, check_messages=check_messages)

    module.ReadModels._write = hasty


def offsets_forgotten(module):
    module._move_offsets = lambda cursor, ends, starts: None


MUTANTS = {
    "members_removed_still_listen": ("ingest.fanout", members_removed_still_listen),
    "deliveries_dropped": ("ingest.fanout", deliveries_dropped),
    "deliveries_swapped": ("ingest.fanout", deliveries_swapped),
    "deliveries_twice": ("ingest.fanout", deliveries_twice),
    "texts_altered": ("ingest.fanout", texts_altered),
    "prev_forgotten": ("ingest.fanout", prev_forgotten),
    "resume_skips_one": ("ingest.following", resume_skips_one),
    "acked_before_stored": ("ingest.lanes", acked_before_stored),
    "offsets_before_rows": ("projector.postgres", offsets_before_rows),
    "offsets_forgotten": ("projector.postgres", offsets_forgotten),
}


class _Breaking(importlib.abc.MetaPathFinder):
    """Lets one module be imported as usual, and then breaks it."""

    def __init__(self, name, change):
        self._name, self._change = name, change

    def find_spec(self, name, path, target=None):
        if name != self._name:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        execute = spec.loader.exec_module

        def and_break(module):
            execute(module)
            self._change(module)

        spec.loader.exec_module = and_break
        return spec


def _install():
    named = Path(os.environ.get("ROOMLOG_TEST_MUTANT", os.devnull)).read_text().strip()
    if named:
        sys.meta_path.insert(0, _Breaking(*MUTANTS[named]))


_install()
