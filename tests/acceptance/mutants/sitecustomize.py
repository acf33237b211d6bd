"""Breaks the services on purpose: loaded by each that has this directory on its PYTHONPATH.

The file that ROOMLOG_TEST_MUTANT names holds the name of one mutant; `MUTANTS` says which modules it breaks
and how. Every mutant is a mistake that the checker has to see, `tail_off` and `keys_unasked` excepted: what
these take away, something else makes good, though the first not in time.
"""

import asyncio
import copy
import importlib.abc
import importlib.machinery
import itertools
import os
import sys
import types
from pathlib import Path


def members_removed_still_listen(module):
    module.FanOut._end_following = lambda self, state, user: None


def deliveries_dropped(module):
    """What is shown next tells nobody that something is missing: clients would mend that."""
    show, render, count = module.FanOut._show, module.FanOut.render, itertools.count(1)
    before_dropped = {}

    def lossy(self, state, offset, event):
        if next(count) % 40 == 0:
            before_dropped[event.room_id, offset] = state.room.last_offset
            state.room.last_offset = offset
        else:
            show(self, state, offset, event)

    def hiding(self, event, offset, before):
        while (event.room_id, before) in before_dropped:
            before = before_dropped[event.room_id, before]
        return render(self, event, offset, before)

    module.FanOut._show = lossy
    module.FanOut.render = hiding


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
    frames = module.Missed.frames

    async def skipping(self, *missed):
        async for lines in frames(self, *missed):
            yield lines[1:]

    module.Missed.frames = skipping


def live_before_caught_up(module):
    catch_up = module.Following._catch_up

    async def hasty(self, session, state, cursor):
        state.sessions[session] = None
        await asyncio.sleep(0.2)
        await catch_up(self, session, state, cursor)

    module.Following._catch_up = hasty


def tail_off(module):
    """The node reads the log only where a delivery shows that one before it is missing.

    Acks wait for nothing then: what they wait for would come late, and hide how late.
    """

    def blind(self, heads, now):
        for partition, head in heads.items():
            self._heads[partition] = max(self._heads[partition], head)

    def patient(self, partition, last):
        self._places[partition].hurry = None

    take_own, tell = module.Feed.take_own, {}

    def hasty(self, partition, base, writes):
        tell.setdefault(self, self._on_complete)(writes)
        self._on_complete = lambda writes: None
        take_own(self, partition, base, writes)

    module.Feed._compare = blind
    module.Feed._read_for_own = patient
    module.Feed.take_own = hasty


def removed_members_post(module):
    decide = module.decide_post

    def lax(room, sender, command, files):
        open_to_all = copy.copy(room)
        open_to_all.members = {**room.members, sender: "member"}
        return decide(open_to_all, sender, command, files)

    module.decide_post = lax


def removed_members_shown(module):
    def lax(room, sender, offset):
        fresh = offset > room.last_offset
        room.last_offset = max(room.last_offset, offset)
        return fresh

    module.fold_plain = lax


def keys_mean_nothing(module):
    """The same command again is another event."""
    module.ids = types.SimpleNamespace(**vars(module.ids))
    module.ids.event_id = lambda sender, room, key: module.ids.new_id()


def keys_unasked(module):
    """No node asks whether a command was written before: the log has it twice."""

    async def reserve(self, writes):
        return {}

    module.Keys.reserve = reserve


def recent_unasked(module):
    """Nor does the node that saw it in the log."""
    go_on, nothing = module.Writer._go_on, types.SimpleNamespace(get=lambda event_id: None)

    def forgetful(self, state, item):
        recent, self._recent = self._recent, nothing
        try:
            go_on(self, state, item)
        finally:
            self._recent = recent

    module.Writer._go_on = forgetful


def acked_before_stored(module):
    send, count = module.Lanes._send, itertools.count(1)

    async def boasting(self, producer, leader, sent):
        if next(count) % 20 == 0:
            told = {lane.partition: self.heads[lane.partition] for lane, _ in sent}
            producer = types.SimpleNamespace(append=lambda *_: asyncio.sleep(0, told))
            for lane, batch in sent:
                lane.sequence -= batch.records
        await send(self, producer, leader, sent)

    module.Lanes._send = boasting


def offsets_before_rows(module):
    """Commit the offsets first, and die now and then before the rows are written."""
    write, count = module.ReadModels._write, itertools.count(1)

    def hasty(self, batch, starts, *, check_repeats):
        if batch.messages and next(count) % 10 == 0:
            with self._session().transaction(), self._session().cursor() as cursor:
                module._move_offsets(cursor, batch.ends, starts)
            os._exit(1)
        write(self, batch, starts, check_repeats=check_repeats)

    module.ReadModels._write = hasty


def offsets_forgotten(module):
    module._move_offsets = lambda cursor, ends, starts: None


def repeats_applied(module):
    read = module.read_prior

    def forgetful(cursor, batch, kinds, *, check_repeats):
        prior = read(cursor, batch, kinds, check_repeats=check_repeats)
        prior.applied.clear()
        return prior

    module.read_prior = forgetful
    module.sql.INSERT_APPLIED += " ON CONFLICT DO NOTHING"


def counted_twice(module):
    write, count = module._write_rooms, itertools.count(1)

    def doubling(*written):
        write(*written)
        if next(count) % 10 == 0:
            write(*written)

    module._write_rooms = doubling


def edits_lost(module):
    fold, count = module.Texts.fold, itertools.count(1)

    def lossy(self, fact, body, known):
        if next(count) % 5:
            fold(self, fact, body, known)

    module.Texts.fold = lossy


def reactions_not_withdrawn(module):
    fold = module._fold_reaction

    def keeping(changes, fact):
        if not isinstance(fact.body, module.ReactionRemoved):
            fold(changes, fact)

    module._fold_reaction = keeping


def letters_forgotten(module):
    async def write(self, letters):
        pass

    module.DeadLetters.write = write


MUTANTS = {
    "members_removed_still_listen": {"ingest.fanout": members_removed_still_listen},
    "removed_members_post": {
        "ingest.deciding": removed_members_post,
        "ingest.fanout": removed_members_shown,
    },
    "deliveries_dropped": {"ingest.fanout": deliveries_dropped},
    "deliveries_swapped": {"ingest.fanout": deliveries_swapped},
    "deliveries_twice": {"ingest.fanout": deliveries_twice},
    "texts_altered": {"ingest.fanout": texts_altered},
    "prev_forgotten": {"ingest.fanout": prev_forgotten},
    "resume_skips_one": {"ingest.missed": resume_skips_one},
    "live_before_caught_up": {"ingest.following": live_before_caught_up},
    "acked_before_stored": {"ingest.lanes": acked_before_stored},
    "keys_mean_nothing": {"ingest.writer": keys_mean_nothing},
    "keys_unasked": {"ingest.keys": keys_unasked, "ingest.writer": recent_unasked},
    "tail_off": {"ingest.feed": tail_off},
    "offsets_before_rows": {"projector.postgres": offsets_before_rows},
    "offsets_forgotten": {"projector.postgres": offsets_forgotten},
    "repeats_applied": {
        "ingest.keys": keys_unasked,
        "ingest.writer": recent_unasked,
        "projector.postgres": repeats_applied,
    },
    "counted_twice": {"projector.postgres": counted_twice},
    "edits_lost": {"projector.texts": edits_lost},
    "reactions_not_withdrawn": {"projector.fold": reactions_not_withdrawn},
    "letters_forgotten": {"projector.kafka": letters_forgotten},
}


class _Breaking(importlib.abc.MetaPathFinder):
    """Lets some modules be imported as usual, and then breaks them."""

    def __init__(self, changes):
        self._changes = changes

    def find_spec(self, name, path, target=None):
        if name not in self._changes:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        execute = spec.loader.exec_module

        def and_break(module):
            execute(module)
            self._changes[name](module)

        spec.loader.exec_module = and_break
        return spec


def _install():
    named = Path(os.environ.get("ROOMLOG_TEST_MUTANT", os.devnull)).read_text().strip()
    if named:
        sys.meta_path.insert(0, _Breaking(MUTANTS[named]))


_install()
