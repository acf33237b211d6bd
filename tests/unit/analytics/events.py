"""Events of every kind for Hypothesis, and a codec for them."""

from hypothesis import strategies as st

from roomlog import events as e
from roomlog.ids import new_id
from schemas import files
from schemas.registry import Resolved

SCHEMA = files.current("chat.events-value")
RESOLVED = Resolved(7, {7: SCHEMA, 5: files.released("chat.events-value")[0]})

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
ids = st.builds(new_id)
roles = st.sampled_from(e.ROLES)
files_ = st.builds(e.Attachment, ids, texts, texts, st.integers(0, 2**40))
sealed = st.builds(e.SealedText, texts, st.binary(max_size=8), st.binary(max_size=8))
bodies = st.one_of(
    st.builds(
        e.MessagePosted,
        st.one_of(texts, sealed),
        st.none() | ids,
        st.lists(ids, max_size=2).map(tuple),
        st.lists(files_, max_size=1).map(tuple),
    ),
    st.builds(e.MessagePosted, texts, st.none() | ids),
    st.builds(
        e.RoomCreated,
        texts,
        st.sampled_from(e.ROOM_KINDS),
        texts,
        st.lists(st.builds(e.FirstMember, ids, roles), max_size=2).map(tuple),
    ),
    st.builds(
        e.RoomCreated, texts, st.sampled_from(e.ROOM_KINDS), workspace=ids, slug=st.just("acme")
    ),
    st.builds(
        e.RoomSettingsChanged,
        st.none() | st.booleans(),
        st.none() | st.booleans(),
        st.sampled_from([None, "all", "joined"]),
    ),
    st.builds(e.InviteCreated, ids, roles, st.integers(0, 4 * 10**15)),
    st.builds(e.InviteRevoked, ids),
    st.builds(e.HookCreated, ids, texts, texts),
    st.builds(e.HookRotated, ids, texts),
    st.builds(e.HookRevoked, ids),
    st.builds(e.RoomRenamed, texts),
    st.builds(e.RoomTopicChanged, texts),
    st.builds(e.RoomLanguageChanged, texts),
    st.builds(e.MemberJoined, ids, roles),
    st.builds(e.MemberLeft, ids),
    st.builds(e.MemberInvited, ids, roles),
    st.builds(e.MemberRemoved, ids),
    st.builds(e.MemberRoleChanged, ids, roles),
    st.builds(e.MessageEdited, ids, st.one_of(texts, sealed)),
    st.builds(e.MessageDeleted, ids),
    st.builds(e.MessageRestored, ids),
    st.builds(e.MessagePinned, ids),
    st.builds(e.MessageUnpinned, ids),
    st.builds(e.ReactionAdded, ids, texts),
    st.builds(e.ReactionRemoved, ids, texts),
)
chat_events = st.builds(
    e.ChatEvent,
    ids,
    ids,
    texts,
    ids,
    texts,
    st.integers(-(10**15), 4 * 10**15),
    texts,
    bodies,
    st.none() | ids,
    st.none() | texts,
)
