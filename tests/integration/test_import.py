"""Imports through the ingest nodes: once, in order, whatever dies meanwhile."""

import asyncio
import json
import os
import signal
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from roomlog.bridge.script import Bridge
from tests.acceptance.queries import check_import, expectation, read_log
from tests.cli import ROOT, argv, roomlog, roomlog_json


def recorded(room, count, seed=0):
    """Return actions of a room: joins, leaves, messages, threads, a blank, a rename, an emote."""
    start = datetime(2020, 5, 1, tzinfo=UTC)
    found = []
    for line in range(count):
        kind = {3: "join", 5: "action", 7: "leave", 11: "rename"}.get(line % 13, "message")
        text = {"join": "", "leave": ""}.get(kind, f"{seed} said {line} ünï {'🙂' * (line % 3)}")
        action = {
            "room": room,
            "line": line,
            "at": (start + timedelta(seconds=line)).isoformat(),
            "kind": kind,
            "sender": f"p{(line * 7 + seed) % 11}[{seed % 3}]",
            "text": "" if line % 97 == 1 and kind == "message" else text,
        }
        if line % 4 == 0 and line > 8:
            action["reply_to"] = line - 1 - line % 7
        found.append(action)
    return found


@pytest.fixture
def record(tmp_path):
    """A file of several rooms that nobody has imported before."""

    def write(rooms=2, count=200):
        files = []
        for n in range(rooms):
            name = f"r{n}-{uuid.uuid4().hex[:8]}"
            path = tmp_path / f"{name}.jsonl"
            path.write_text("".join(json.dumps(a) + "\n" for a in recorded(name, count, n)))
            files.append(path)
        return files

    return write


async def verdict(stack, files):
    at = stack.settings
    return await check_import(files, Bridge("import"), at.kafka, at.postgres, at.registry)


async def test_every_action_arrives_once_in_order_and_a_second_run_adds_nothing(stack, record):
    files = record()
    first = roomlog_json("import", "--data", stack.data, *files)
    assert first["actions"] == 400 == first["events"] + first["unchanged"]
    assert (first["rooms"], first["refused"], first["bad_lines"]) == (2, 0, 0)
    assert first["new_events"] == first["events"] + first["implied_joins"]
    found = await verdict(stack, files)
    assert not found.problems
    assert found.events == first["new_events"]
    assert found.replies == first["replies"] > 0

    again = roomlog_json("import", "--data", stack.data, *files)
    assert again["new_events"] == 0
    assert again["events"] == first["events"]
    assert not (await verdict(stack, files)).problems


async def test_an_import_that_was_killed_goes_on(stack, record):
    files = record(rooms=3, count=3_000)
    process = await begin(stack, files)
    await asyncio.sleep(0)
    async with asyncio.timeout(60):
        while not await events_of(stack, files):
            await asyncio.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    await process.wait()
    made = roomlog_json("import", "--data", stack.data, *files)
    assert made["actions"] == 9_000
    assert not (await verdict(stack, files)).problems


@pytest.mark.parametrize("service", ["ingest-2", "streams-1", "projector-1"])
async def test_an_import_survives_the_death_of_a_service(stack, record, service):
    files = record(rooms=4, count=2_000)
    process = await begin(stack, files)
    async with asyncio.timeout(60):
        while not await events_of(stack, files):
            await asyncio.sleep(0.02)
    stack.kill(service)
    out, err = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == 0, err.decode()
    assert json.loads(out)["actions"] == 8_000
    assert not (await verdict(stack, files)).problems
    stack.wait_ready(service)


async def begin(stack, files):
    command = argv("import", "--data", stack.data, "--json", *files)
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=pipe, stderr=pipe)


async def events_of(stack, files):
    """Return whether anything of the files is in the log."""
    rooms = set(expectation(files, Bridge("import")))
    log = await read_log(stack.settings.kafka, stack.settings.registry, rooms)
    return sum(map(len, log.values())) > 50


def test_nothing_is_sent_of_files_with_a_bad_line(stack, record, tmp_path):
    (good,) = record(rooms=1, count=5)
    bad = tmp_path / "bad.jsonl"
    bad.write_text(good.read_text().replace('"kind": "join"', '"kind": "jump"'))
    done = roomlog("import", "--data", stack.data, bad, check=False)
    assert done.returncode == 1
    assert f"{bad}:4: " in done.stderr
    assert "--skip-bad" in done.stderr
    made = roomlog_json("import", "--data", stack.data, "--skip-bad", bad)
    assert (made["actions"], made["bad_lines"]) == (4, 1)


def test_speed_waits_between_actions(stack, record):
    (path,) = record(rooms=1, count=5)
    made = roomlog_json("import", "--data", stack.data, "--speed", "4x", path)
    assert made["seconds"] >= 1


def test_seed_can_be_repeated(stack):
    first = roomlog_json("seed", "--data", stack.data)
    again = roomlog_json("seed", "--data", stack.data)
    assert first["people"] == again["people"]
    assert again["new_events"] == 0
    assert again["events"] == first["events"] > 100
