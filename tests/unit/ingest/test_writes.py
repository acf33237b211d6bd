from datetime import UTC, datetime

from ingest.writes import DIGEST_BYTES, digest_of
from roomlog.events import Attachment
from roomlog.protocol.commands import CreateRoom, JoinRoom, LeaveRoom, PostMessage


def post(**changes):
    return PostMessage(**{"id": 1, "key": "k", "room": "r", "text": "hi", **changes})


def test_the_digest_is_of_the_body_not_of_the_envelope():
    one = digest_of(post())
    assert len(one) == DIGEST_BYTES
    assert digest_of(post(id=2, key="l", at=datetime.now(UTC), as_="u")) == one


def test_every_part_of_the_body_counts():
    file = Attachment("f", "n", "text/plain", 1)
    bodies = [
        post(),
        post(text="ho"),
        post(reply_to="hi"),
        post(text="", reply_to="hi"),
        post(mentions=("u",)),
        post(attachments=(file,)),
        JoinRoom(id=1, key="k", room="r"),
        LeaveRoom(id=1, key="k", room="r"),
        CreateRoom(id=1, key="k", name="r", kind="public"),
        CreateRoom(id=1, key="k", name="r", kind="private"),
    ]
    assert len({digest_of(b) for b in bodies}) == len(bodies)
