"""Digests over SMTP, to a real server: one for each person and interval, and the link in it ends them."""

import asyncio
import os
import re
import socket
import subprocess
import sys
from contextlib import contextmanager
from email import message_from_bytes, policy

import httpx
import pytest
from aiosmtpd.controller import Controller

from tests.cli import ROOT
from tests.integration.api_people import Person

EVERY_S = 2


class Inbox:
    """Keeps what comes; `refusals` are answered first."""

    def __init__(self):
        self.mails, self.refusals = [], []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802  # aiosmtpd's name
        if self.refusals:
            return self.refusals.pop(0)
        self.mails.append((envelope, message_from_bytes(envelope.content, policy=policy.default)))
        return "250 OK"

    async def next(self, count, within_s=15):
        async with asyncio.timeout(within_s):
            while len(self.mails) < count:
                await asyncio.sleep(0.05)
        return self.mails[count - 1]


@pytest.fixture
def inbox():
    found = Inbox()
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as other,
    ):
        found.port, found.metrics_port = (s.getsockname()[1] for s in (one, other))
    controller = Controller(found, hostname="127.0.0.1", port=found.port)
    controller.start()
    yield found
    controller.stop()


@contextmanager
def notifier(stack, inbox, tmp_path):
    """Run a notifier of the stack's own kind that sends mails."""
    addresses = stack.status()
    env = os.environ | {
        "ROOMLOG_KAFKA": addresses["kafka"],
        "ROOMLOG_POSTGRES": addresses["postgres"],
        "ROOMLOG_VALKEY": addresses["valkey"],
        "ROOMLOG_REGISTRY": stack.settings.registry,
        "ROOMLOG_DATA": str(stack.data),
        "ROOMLOG_METRICS_PORT": str(inbox.metrics_port),
        "ROOMLOG_SMTP_URL": f"smtp://127.0.0.1:{inbox.port}",
        "ROOMLOG_MAIL_EVERY_S": str(EVERY_S),
        "ROOMLOG_WEB_URL": addresses["web"],
        "ROOMLOG_MAIL_FROM": "Roomlog <chat@example.org>",
    }
    with (tmp_path / "notifier.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "roomlog.cli", "notifier"], cwd=ROOT, env=env, stderr=log
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(10)


async def test_one_digest_an_interval_of_what_is_unread_until_its_link_ends_them(
    stack, inbox, tmp_path
):
    base = stack.status()["api"]
    ada, grace = [await Person.registered(base, name) for name in ("Ada <b>", "Grace")]
    room = await ada.room("mail <i>")
    await grace.join(room)
    assert (await grace.read("/mail"))["digest"] is False
    put = await grace.http.put("/mail", json={"digest": True})
    assert put.json()["digest"] is True
    read = await ada.say(room, "read @grace", mentions=[grace.id])
    await grace.http.post("/notifications/read", json={"events": [read["id"]]})
    bob = await Person.registered(base, "Bob")
    await bob.join(room)
    await bob.say(room, "of somebody blocked @grace", mentions=[grace.id])
    assert (await grace.http.post(f"/blocks/{bob.id}")).is_success
    said = await ada.say(room, "<script>1</script> @grace", mentions=[grace.id])
    inbox.refusals = ["451 later"]
    with notifier(stack, inbox, tmp_path):
        envelope, mail = await inbox.next(1)
        address = (await grace.read("/auth/me"))["email"]
        assert envelope.rcpt_tos == [address]
        assert (mail["Subject"], mail["From"]) == (
            "1 unread notification on Roomlog",
            "Roomlog <chat@example.org>",
        )
        plain = mail.get_body(("plain",)).get_content()
        html = mail.get_body(("html",)).get_content()
        assert "Ada <b> mentioned you in mail <i>" in plain
        assert "Ada &lt;b&gt; mentioned you in mail &lt;i&gt;" in html
        assert "<script>" not in html
        assert f"/#/rooms/{room}/{said['id']}" in plain
        # What was in a mail once is in none alone; with something new it is there again, an interval later.
        later = await ada.say(room, "again @grace", mentions=[grace.id])
        _, second = await inbox.next(2)
        assert second["Subject"].startswith("2 unread")
        assert later["id"] in second.get_body(("plain",)).get_content()
        # The link: looking at it ends nothing, one click does.
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        [link] = re.findall("<(.*)>", mail["List-Unsubscribe"])
        async with httpx.AsyncClient(timeout=10) as http:
            assert "<form" in (await http.get(link)).text
            assert (await grace.read("/mail"))["digest"] is True
            body = {"List-Unsubscribe": "One-Click"}
            assert (await http.post(link, data=body)).status_code == 200
            assert (await http.post(link[:-1] + "0", data=body)).status_code == 200
        assert (await grace.read("/mail"))["digest"] is False
        await ada.say(room, "no mail @grace", mentions=[grace.id])
        put = await ada.http.put("/mail", json={"digest": True})
        assert put.is_success
        await grace.say(room, "@ada", mentions=[ada.id])
        envelope, _ = await inbox.next(3)
        assert envelope.rcpt_tos == [(await ada.read("/auth/me"))["email"]]
    assert len(inbox.mails) == 3
