"""Fetches with space between them."""

import asyncio
import time

from roomlog.fetching import Spacing


class Fetcher:
    def __init__(self):
        self.began = []
        self._records, self._fetch_max_wait_ms = {}, 2_000

    def _get_actions_per_node(self, assignment):
        return self._fetch_max_wait_ms

    async def _proc_fetch_request(self, request):
        self.began.append(time.monotonic())
        return request


async def fetch(fetcher):
    assert await fetcher._proc_fetch_request("request") == "request"


async def test_the_first_fetch_does_not_wait_and_the_next_one_does():
    fetcher = Fetcher()
    Spacing(0.05).keep(fetcher)
    await asyncio.wait_for(fetch(fetcher), 0.05)
    await fetch(fetcher)
    first, second = fetcher.began
    assert second - first >= 0.05


async def test_a_fetch_that_waits_can_be_hurried():
    fetcher, spacing = Fetcher(), Spacing(3600)
    spacing.keep(fetcher)
    await fetch(fetcher)
    waiting = asyncio.create_task(fetch(fetcher))
    await asyncio.sleep(0)
    spacing.hurry()
    await asyncio.wait_for(waiting, 5)


async def test_a_hurry_that_comes_while_a_fetch_is_under_way_counts_for_the_next_one_only():
    fetcher, spacing = Fetcher(), Spacing(3600)
    spacing.keep(fetcher)
    await fetch(fetcher)
    spacing.hurry()
    await asyncio.wait_for(fetch(fetcher), 5)
    waiting = asyncio.create_task(fetch(fetcher))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    waiting.cancel()


async def test_a_fetch_that_waits_ends_quietly_when_its_consumer_is_closed():
    fetcher = Fetcher()
    Spacing(3600).keep(fetcher)
    await fetch(fetcher)
    waiting = asyncio.create_task(fetcher._proc_fetch_request("request"))
    await asyncio.sleep(0)
    waiting.cancel()
    assert await waiting is False
    assert len(fetcher.began) == 1


async def test_a_fetch_is_held_for_long_only_while_it_asks_for_all():
    fetcher = Fetcher()
    Spacing(0).keep(fetcher)
    assert fetcher._get_actions_per_node(None) == 2_000
    fetcher._records = {"partition": "records"}
    assert fetcher._get_actions_per_node(None) == 50
    fetcher._records = {}
    assert fetcher._get_actions_per_node(None) == 2_000
