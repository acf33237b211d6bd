"""A consumer that is late, and one broker for all of its partitions."""

import asyncio

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from roomlog.fetching import Spacing
from roomlog.ids import new_id


async def test_what_comes_to_a_partition_that_was_read_late_waits_for_no_other(stack):
    kafka, topic = stack.status()["kafka"], f"late-{new_id()}"
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 2, 1)])
    producer = AIOKafkaProducer(bootstrap_servers=kafka)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka, fetch_max_wait_ms=60_000, auto_offset_reset="earliest"
    )
    await producer.start()
    await consumer.start()
    Spacing(0).keep(consumer._fetcher)
    try:
        for value in (b"1", b"2"):
            await producer.send_and_wait(topic, value, partition=0)
        consumer.assign([TopicPartition(topic, 0), TopicPartition(topic, 1)])
        async with asyncio.timeout(20):
            assert (await consumer.getone()).value == b"1"
            while not consumer._fetcher._in_flight:  # a fetch of what is not late
                await asyncio.sleep(0.01)
            assert (await consumer.getone()).value == b"2"
            await producer.send_and_wait(topic, b"3", partition=0)
            assert (await consumer.getone()).value == b"3"
    finally:
        await consumer.stop()
        await producer.stop()
        await admin.delete_topics([topic])
        await admin.close()
