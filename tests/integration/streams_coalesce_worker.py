"""A worker for test_streams_coalesce.py: writes the number in each record to a file, then acks it.

Slow on purpose, so that at any moment much is read and not yet written: whatever is committed too early
is lost when it is killed.

Run as `python -m tests.integration.streams_coalesce_worker BROKER TOPIC FILE`.
"""

import asyncio
import os
import sys

import faust
import uvloop

from streams.coalesce import CoalescingConsumer, CoalescingScheduler, install


async def run(broker, topic, path):
    install(CoalescingConsumer)
    app = faust.App(
        f"{topic}-workers",
        broker=f"kafka://{broker}",
        ConsumerScheduler=CoalescingScheduler,
        autodiscover=False,
        broker_commit_interval=0.3,
        broker_heartbeat_interval=1.0,
        broker_max_poll_records=100,
        broker_rebalance_timeout=10.0,
        broker_request_timeout=20.0,
        broker_session_timeout=6.0,
        consumer_auto_offset_reset="earliest",
        datadir=f"{path}-{os.getpid()}",
        store="memory://",
        stream_recovery_delay=0.0,
        stream_wait_empty=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
    )
    seen = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    done = asyncio.Queue(20)

    @app.agent(app.topic(topic, key_serializer="raw", value_serializer="raw"), concurrency=1)
    async def take_in(stream):
        async for event in stream.noack().events():
            await done.put(event)

    async def finish():
        while True:
            event = await done.get()
            await asyncio.sleep(0.01)
            os.write(seen, b"".join(r.value for _, records in event.value for r in records))
            event.ack()

    await asyncio.gather(finish(), app.start())


if __name__ == "__main__":
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    asyncio.run(run(*sys.argv[1:]))
