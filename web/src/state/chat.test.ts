import { describe, expect, it } from "vitest";
import type { ChatEvent } from "@roomlog/client";
import { withChanges } from "./changes";
import { reduce } from "./chat";
import { initialState } from "./model";
import type { Action, ChatState } from "./model";
import type { PendingMessage } from "./pending";
import { placeToMark, totalUnread } from "./reading";
import type { Room } from "./rooms";

const ROOM: Room = {
  id: "room",
  name: "general",
  kind: "public",
  workspace: null,
  topic: null,
  archived: false,
  read_only: false,
  history: "all",
  slow_mode_s: 0,
  muted_until: null,
  members: 2,
  is_member: true,
  role: "owner",
  last_cursor: null,
};
const OTHER: Room = { ...ROOM, id: "other", name: "other" };

function event(n: number, fields: Partial<ChatEvent> = {}): ChatEvent {
  const ts = "2026-01-02T03:04:05Z";
  const d = { text: `text ${n}` };
  return {
    op: "event",
    room: "room",
    cursor: `1:${n}`,
    type: "MessagePosted",
    id: `e${n}`,
    sender: "bob",
    ts,
    d,
    ...fields,
  };
}

function play(...actions: Action[]): ChatState {
  const start: Action[] = [
    { type: "rooms", rooms: [ROOM, OTHER] },
    { type: "open_room", room: "room" },
    { type: "page", room: "room", messages: [], hasMore: false },
  ];
  return [...start, ...actions].reduce(reduce, initialState({ id: "alice", name: "Alice" }));
}

function written(key = "k1"): Action {
  const message: PendingMessage = {
    key,
    text: "hi",
    replyTo: null,
    mentions: [],
    attachments: [],
    at: 0,
    state: "sending",
    event: null,
    error: null,
  };
  return { type: "sending", room: "room", message };
}

const events = (...list: ChatEvent[]): Action => ({ type: "events", events: list });
const stored: Action = { type: "stored", room: "room", key: "k1", event: "e1" };
const mine = event(1, { sender: "alice", key: "k1" });
const shown = (state: ChatState) => state.timelines.room?.items.map((item) => item.id);

describe("own messages", () => {
  it.each([
    ["event before ack", [events(mine), stored]],
    ["ack before event", [stored, events(mine)]],
    ["event without a key after the ack", [stored, events(event(1, { sender: "alice" }))]],
  ])("are there once: %s", (_, order) => {
    const state = play(written(), ...order);
    expect(state.pending.room).toEqual([]);
    expect(shown(state)).toEqual(["e1"]);
  });

  it("are not taken for someone else's with the same key", () => {
    const state = play(written(), events(event(1, { key: "k1" })));
    expect(state.pending.room).toHaveLength(1);
  });

  it("leave the waiting list when a page of history has them", () => {
    const message = { id: "e1", cursor: "1:1", sender: "alice", ts: "2026-01-02T03:04:05Z", text: "hi" };
    const state = play(written(), stored, {
      type: "page",
      room: "room",
      messages: [message],
      hasMore: false,
    });
    expect(state.pending.room).toEqual([]);
  });

  it("can fail, be tried again, and be discarded", () => {
    const refused = play(written(), { type: "send_failed", room: "room", key: "k1", error: "no" });
    expect(refused.pending.room).toMatchObject([{ state: "failed", error: "no" }]);
    const again = reduce(refused, { type: "retried", room: "room", key: "k1" });
    expect(again.pending.room).toMatchObject([{ key: "k1", state: "sending", error: null }]);
    expect(reduce(again, { type: "discarded", room: "room", key: "k1" }).pending.room).toEqual([]);
  });
});

describe("unread", () => {
  it("counts what others post in rooms that are not looked at", () => {
    const state = play(
      events(event(1), event(2, { room: "other" }), event(3, { room: "other", sender: "alice" })),
    );
    expect(state.activity.other?.unread).toBe(1);
    expect(state.activity.room?.unread ?? 0).toBe(0);
  });

  it("draws a line above what came while the page was hidden", () => {
    const hidden = play(events(event(1)), { type: "visible", visible: false }, events(event(2), event(3)));
    expect(hidden.activity.room).toMatchObject({ unread: 2, divider: null });
    const back = reduce(hidden, { type: "visible", visible: true });
    expect(back.activity.room).toMatchObject({ unread: 0, divider: "1:2" });
    expect(reduce(back, { type: "open_room", room: "other" }).activity.room?.divider).toBeNull();
  });

  it("counts what comes below the screen of a reader who scrolled up", () => {
    const up = play({ type: "at_end", room: "room", atEnd: false }, events(event(1)));
    expect(up.activity.room).toMatchObject({ unread: 1 });
    expect(placeToMark(up)).toBeNull();
    const down = reduce(up, { type: "at_end", room: "room", atEnd: true });
    expect(down.activity.room).toMatchObject({ unread: 0, divider: "1:1" });
    expect(placeToMark(down)).toEqual({ room: "room", cursor: "1:1" });
  });

  it("draws no line when nothing came", () => {
    const back = play(
      events(event(1)),
      { type: "open_room", room: "other" },
      { type: "open_room", room: "room" },
    );
    expect(back.activity.room?.divider).toBeNull();
  });

  const answer = {
    room: "other",
    unread: 3,
    mentions: 1,
    first_unread: "1:1",
    read_up_to: null,
    cursor: "1:0",
    isWhole: false,
  };
  const whole = { ...answer, isWhole: true };

  it("is what the server counted, and what came since", () => {
    const mention = event(9, { room: "other", d: { text: "@alice", mentions: ["alice"] } });
    const state = play({ type: "unread", rooms: [whole] }, events(mention));
    expect(state.activity.other).toMatchObject({ unread: 4, mentions: 2, firstUnread: "1:1" });
    expect(totalUnread(state)).toBe(4);
  });

  it("is also what came before the server's answer and is not counted in it", () => {
    const came = [1, 3, 4, 5].map((n) => event(n, { room: "other", prev: `1:${n - 1}` }));
    const counted = (cursor: string) =>
      play(events(...came), { type: "unread", rooms: [{ ...answer, cursor }] }).activity.other;
    expect(counted("1:5")).toMatchObject({ unread: 3, countedTo: null });
    expect(counted("1:4")).toMatchObject({ unread: 4, countedTo: null });
    expect(counted("1:2")).toMatchObject({ unread: 6, countedTo: null });
    expect(counted("1:0")).toMatchObject({ unread: 7, mentions: 1, countedTo: null });
    const read = (read_up_to: string) =>
      play(events(...came), { type: "unread", rooms: [{ ...answer, cursor: "1:3", read_up_to }] });
    expect(read("1:1").activity.other).toMatchObject({ unread: 5 });
    expect(read("1:4").activity.other).toMatchObject({ unread: 4 });
    expect(read("1:5").activity.other).toMatchObject({ unread: 3 });
  });

  it("is counted once, where the server has counted what comes after its answer", () => {
    const ahead: Action = { type: "unread", rooms: [{ ...answer, cursor: "1:3" }] };
    const [second, third, fourth] = [2, 3, 4].map((n) =>
      event(n, { room: "other", prev: `1:${n - 1}`, type: n === 3 ? "ReactionAdded" : "MessagePosted" }),
    ) as [ChatEvent, ChatEvent, ChatEvent];
    const waiting = play(ahead, events(second));
    expect(waiting.activity.other).toMatchObject({ unread: 3, countedTo: "1:3" });
    expect(reduce(waiting, events(third, fourth)).activity.other).toMatchObject({ unread: 4 });
    expect(play(ahead, events(fourth)).activity.other).toMatchObject({ unread: 4, countedTo: null });
  });

  it("is counted once, where a room is followed again from further back", () => {
    const [join, post] = [1, 2].map((n) =>
      event(n, { room: "other", type: n === 1 ? "MemberJoined" : "MessagePosted" }),
    ) as [ChatEvent, ChatEvent];
    const state = play(events(join, post), events(join, post));
    expect(state.activity.other).toMatchObject({ unread: 1 });
    expect(state.rooms.other?.members).toBe(3);
    const counted = reduce(state, { type: "unread", rooms: [{ ...whole, cursor: "1:1" }] });
    expect(reduce(counted, events(join, post)).activity.other).toMatchObject({ unread: 4 });
  });

  it("is not what was deleted, and is again what was restored", () => {
    const posts = [1, 2].map((n) => event(n, { room: "other", d: { text: "@alice", mentions: ["alice"] } }));
    const about = (n: number, type: string, target: number) =>
      event(n, { room: "other", type, d: { event: event(target).id } });
    const one = play(events(...posts, about(3, "MessageDeleted", 2)));
    expect(one.activity.other).toMatchObject({ unread: 1, mentions: 1, firstUnread: "1:1" });
    const none = reduce(one, events(about(4, "MessageDeleted", 1)));
    expect(none.activity.other).toMatchObject({ unread: 0, mentions: 0, firstUnread: null });
    const back = reduce(none, events(about(5, "MessageRestored", 2)));
    expect(back.activity.other).toMatchObject({ unread: 1, mentions: 1, firstUnread: "1:2" });
    const read = play(
      events(...posts),
      { type: "unread", rooms: [{ ...whole, cursor: "1:2", read_up_to: "1:1" }] },
      events(about(3, "MessageDeleted", 1)),
    );
    expect(read.activity.other).toMatchObject({ unread: 3 });
  });

  it("is nothing that somebody said whom the reader has blocked", () => {
    const people = { relations: {}, blocked: { eve: true } } as const;
    const rude = event(1, { sender: "eve", room: "other", d: { text: "@alice", mentions: ["alice"] } });
    const state = play({ type: "people", people }, events(rude, event(2, { room: "other" })));
    expect(state.activity.other).toMatchObject({ unread: 1, mentions: 0, firstUnread: "1:2" });
    const up = play(
      { type: "people", people },
      { type: "at_end", room: "room", atEnd: false },
      events(event(1), event(2, { sender: "eve" }), event(3)),
      { type: "marked", room: "room", cursor: "1:1" },
    );
    expect(up.activity.room).toMatchObject({ unread: 1, firstUnread: "1:3" });
  });

  it("asks for no marker where the reader's own words are all that is new", () => {
    const seen = play(events(event(1)), { type: "marked", room: "room", cursor: "1:1" });
    expect(placeToMark(reduce(seen, events(event(2, { sender: "alice" }))))).toBeNull();
    expect(placeToMark(reduce(seen, events(event(2))))).toEqual({ room: "room", cursor: "1:2" });
  });

  it("goes away when it was read on another device, as far as it was read there", () => {
    const away = play(
      { type: "at_end", room: "room", atEnd: false },
      events(event(1), event(2), event(3, { d: { text: "@alice", mentions: ["alice"] } })),
    );
    const partly = reduce(away, { type: "marked", room: "room", cursor: "1:1" });
    expect(partly.activity.room).toMatchObject({ unread: 2, mentions: 1, firstUnread: "1:2" });
    const wholly = reduce(partly, { type: "marked", room: "room", cursor: "1:3" });
    expect(wholly.activity.room).toMatchObject({ unread: 0, mentions: 0, firstUnread: null });
  });

  it("stays where a marker's place is not known here: the server is asked again", () => {
    const state = play(events(event(1, { room: "other" })), { type: "marked", room: "other", cursor: "1:0" });
    expect(state.activity.other).toMatchObject({ unread: 1, readUpTo: "1:0" });
  });
});

describe("far up in the history", () => {
  const message = { id: "e1", cursor: "1:1", sender: "bob", ts: "2026-01-02T03:04:05Z", text: "old" };
  const far: Action = { type: "page", room: "room", messages: [message], hasMore: true, hasNewer: true };

  it("nothing that comes in counts as read, at the end of what is shown either", () => {
    const state = play(far, events(event(9)));
    expect(shown(state)).toEqual(["e1"]);
    expect(state.activity.room?.unread).toBe(1);
    expect(placeToMark(state)).toBeNull();
  });

  it("what was left out is there again once the history reaches to the newest message", () => {
    const page: Action = { type: "newer_page", room: "room", messages: [], hasNewer: false };
    const state = play(far, events(event(9)), page, events(event(9)));
    expect(shown(state)).toEqual(["e1", "e9"]);
  });
});

describe("changes of messages", () => {
  const posted = events(event(1, { sender: "alice" }));
  const edit: Action = {
    type: "changing",
    room: "room",
    change: { key: "k", type: "MessageEdited", d: { event: "e1", text: "better" }, event: null },
  };
  const shownNow = (state: ChatState) =>
    withChanges(state.timelines.room?.items ?? [], state.changes.room ?? [], state.me)[0];

  it("are shown at once, and are the log's once it has them", () => {
    const changing = play(posted, edit);
    expect(shownNow(changing)).toMatchObject({ text: "better", edited: true });
    const d = { event: "e1", text: "better" };
    const done = reduce(changing, events(event(2, { type: "MessageEdited", sender: "alice", key: "k", d })));
    expect(done.changes.room).toEqual([]);
    expect(shownNow(done)).toMatchObject({ text: "better" });
  });

  it("stay from the ack until the event", () => {
    const acked = play(posted, edit, { type: "changed", room: "room", key: "k", event: "e2" });
    expect(shownNow(acked)).toMatchObject({ text: "better" });
  });

  it("are taken back when they are refused", () => {
    const refused = play(posted, edit, { type: "change_failed", room: "room", key: "k" });
    expect(shownNow(refused)).toMatchObject({ text: "text 1", edited: false });
  });

  it("leave rows that they do not touch as they are", () => {
    const state = play(posted, events(event(2)), edit);
    const items = state.timelines.room?.items ?? [];
    expect(withChanges(items, state.changes.room ?? [], "alice")[1]).toBe(items[1]);
  });
});

describe("rooms", () => {
  it("follow their own events", () => {
    const state = play(
      events(
        event(1, { type: "RoomRenamed", d: { name: "lobby" } }),
        event(2, { type: "MemberJoined", d: { user: "carol" } }),
        event(3, { type: "MemberRemoved", d: { user: "alice" } }),
      ),
    );
    expect(state.rooms.room).toMatchObject({ name: "lobby", members: 3, is_member: false });
  });

  it("keep no history of rooms that were never opened", () => {
    expect(play(events(event(1, { room: "other" }))).timelines.other).toBeUndefined();
  });

  it("forget that somebody types once their message is there", () => {
    const state = play({ type: "typing", room: "room", user: "bob", now: 0 }, events(event(1)));
    expect(state.typing.room).toEqual({});
  });
});
