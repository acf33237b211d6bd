import pytest

from roomlog import ids
from roomlog.errors import ErrorCode, Refused
from roomlog.events import (
    MessageDeleted,
    MessageEdited,
    MessagePinned,
    MessageRestored,
    MessageUnpinned,
    ReactionAdded,
    ReactionRemoved,
)
from roomlog.messages import MAX_PINS, decide_on_message, decide_pin, decide_undelete
from roomlog.protocol.commands import (
    AddReaction,
    DeleteMessage,
    EditMessage,
    PinMessage,
    RemoveReaction,
    UndeleteMessage,
    UnpinMessage,
)
from roomlog.protocol.decoding import decode_command
from roomlog.rooms import Room

ROOM, EVENT = ids.new_id(), ids.new_id()
OWNER, MODERATOR, ALICE, BOB, EVE = (ids.new_id() for _ in range(5))
COMMON = {"id": 1, "key": "k", "room": ROOM, "event": EVENT}


def room(kind="private"):
    members = {OWNER: "owner", MODERATOR: "moderator", ALICE: "member", BOB: "member"}
    return Room(ROOM, kind, "tea", members, exists=True)


def refusal(sender, command, author=ALICE, **room_is):
    with pytest.raises(Refused) as caught:
        decide_on_message(room(**room_is), sender, command, author)
    return caught.value.code


def test_an_author_edits_and_nobody_else():
    edit = EditMessage(**COMMON, text="better")
    assert decide_on_message(room(), ALICE, edit, ALICE) == MessageEdited(EVENT, "better")
    for other in (OWNER, MODERATOR, BOB):
        assert refusal(other, edit) is ErrorCode.FORBIDDEN
    assert refusal(ALICE, EditMessage(**COMMON, text=" \n")) is ErrorCode.BAD_REQUEST


def test_an_author_and_those_who_moderate_delete():
    delete = DeleteMessage(**COMMON)
    for sender in (ALICE, OWNER, MODERATOR):
        assert decide_on_message(room(), sender, delete, ALICE) == MessageDeleted(EVENT)
    assert refusal(BOB, delete) is ErrorCode.FORBIDDEN


def test_who_deleted_and_those_who_moderate_restore():
    undelete = UndeleteMessage(**COMMON)
    for sender in (ALICE, OWNER, MODERATOR):
        assert decide_undelete(room(), sender, undelete, ALICE) == MessageRestored(EVENT)
    for sender, deleted_by, code in (
        (BOB, ALICE, ErrorCode.FORBIDDEN),
        (ALICE, MODERATOR, ErrorCode.FORBIDDEN),
        (ALICE, None, ErrorCode.BAD_REQUEST),
        (EVE, ALICE, ErrorCode.NO_SUCH_ROOM),
    ):
        with pytest.raises(Refused) as caught:
            decide_undelete(room(), sender, undelete, deleted_by)
        assert caught.value.code is code


def test_who_may_write_pins_as_much_as_fits():
    pin, unpin, here = PinMessage(**COMMON), UnpinMessage(**COMMON), room()
    assert decide_pin(here, BOB, pin, ALICE) == MessagePinned(EVENT)
    assert decide_pin(here, BOB, unpin, None) is None
    here.pins = {EVENT, *(ids.new_id() for _ in range(MAX_PINS - 1))}
    assert decide_pin(here, BOB, pin, ALICE) is None
    assert decide_pin(here, BOB, unpin, None) == MessageUnpinned(EVENT)
    here.pins = {ids.new_id() for _ in range(MAX_PINS)}
    for author, code in ((ALICE, ErrorCode.FORBIDDEN), (None, ErrorCode.BAD_REQUEST)):
        with pytest.raises(Refused) as caught:
            decide_pin(here, BOB, pin, author)
        assert caught.value.code is code
    here.read_only = True
    with pytest.raises(Refused):
        decide_pin(here, BOB, unpin, ALICE)


def test_any_member_reacts():
    for emoji in ("👍", "👩‍💻", "❤️", "+1"):
        add, remove = AddReaction(**COMMON, emoji=emoji), RemoveReaction(**COMMON, emoji=emoji)
        assert decide_on_message(room(), BOB, add, ALICE) == ReactionAdded(EVENT, emoji)
        assert decide_on_message(room(), BOB, remove, ALICE) == ReactionRemoved(EVENT, emoji)


@pytest.mark.parametrize("emoji", ["a b", "\n", "\u00a0", "x\x7f", "\x1b[31m"])
def test_white_space_and_control_characters_are_no_emoji(emoji):
    assert refusal(BOB, AddReaction(**COMMON, emoji=emoji)) is ErrorCode.BAD_REQUEST
    assert refusal(BOB, RemoveReaction(**COMMON, emoji=emoji)) is ErrorCode.BAD_REQUEST


def test_without_membership_nothing_is_told_about_the_message():
    for author in (ALICE, None):
        assert refusal(EVE, DeleteMessage(**COMMON), author) is ErrorCode.NO_SUCH_ROOM
        there = refusal(EVE, DeleteMessage(**COMMON), author, kind="public")
        assert there is ErrorCode.NOT_A_MEMBER


def test_a_message_that_is_not_there_is_a_bad_request_naming_the_event():
    with pytest.raises(Refused, match="event: no message") as caught:
        decide_on_message(room(), ALICE, AddReaction(**COMMON, emoji="x"), None)
    assert caught.value.code is ErrorCode.BAD_REQUEST


@pytest.mark.parametrize(
    ("line", "code", "field"),
    [
        ('{"op":"edit","id":1,"key":"k","room":"r","event":"e"}', ErrorCode.BAD_REQUEST, "text"),
        (
            '{"op":"edit","id":1,"key":"k","room":"r","event":"e","text":"%s"}' % ("x" * 8001),
            ErrorCode.TOO_LARGE,
            "text",
        ),
        (
            '{"op":"react","id":1,"key":"k","room":"r","event":"e","emoji":"%s"}' % ("x" * 33),
            ErrorCode.BAD_REQUEST,
            "emoji",
        ),
        (
            '{"op":"unreact","id":1,"key":"k","room":"r","event":"e","emoji":""}',
            ErrorCode.BAD_REQUEST,
            "emoji",
        ),
        (
            '{"op":"delete","id":1,"key":"k","room":"r","event":"e","text":"x"}',
            ErrorCode.BAD_REQUEST,
            "text",
        ),
    ],
)
def test_malformed_commands_name_the_field(line, code, field):
    with pytest.raises(Refused, match=field) as caught:
        decode_command(line.encode())
    assert caught.value.code is code
