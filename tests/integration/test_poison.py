"""Bytes that nobody can read, written into the log by hand: they cost nobody but themselves."""

import asyncio
import json

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from roomlog.partitions import partition_of

POISON = {
    b"no wire format at all": "magic byte",
    b"\x00\x7f\xff\xff\xff{}": "schema id 2147483647",
    b"\x00\x00": "too few",
}


async def test_poison_reaches_the_dead_letters_with_its_reason_and_chat_goes_on(stack, two_members):
    alice, bob, room = two_members
    partition = partition_of(room)
    sent = await produce(stack.settings.kafka, room, partition, list(POISON))
    await alice.post(room, "still here")
    assert (await bob.next_event(room))["d"]["text"] == "still here"

    letters = await dead_letters(stack.settings.kafka, partition, set(sent))
    for offset, value in sent.items():
        assert POISON[value] in letters[offset]["reason"]


async def produce(kafka, room, partition, values):
    async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all") as producer:
        return {
            (
                await producer.send_and_wait(
                    "chat.events", value, key=room.encode(), partition=partition
                )
            ).offset: value
            for value in values
        }


async def dead_letters(kafka, partition, offsets):
    found = {}
    consumer = AIOKafkaConsumer("chat.dlq", bootstrap_servers=kafka, auto_offset_reset="earliest")
    await consumer.start()
    try:
        async with asyncio.timeout(15):
            while not offsets <= found.keys():
                record = await consumer.getone()
                letter = json.loads(record.value)
                if (letter["topic"], letter["partition"]) == ("chat.events", partition):
                    found[letter["offset"]] = letter
    finally:
        await consumer.stop()
    return found
