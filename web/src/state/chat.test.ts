import { describe, expect, it } from "vitest";
import type { ChatEvent } from "@roomlog/client";
import { initialState, reduce } from "./chat";
import type { Action, ChatState } from "./chat";
import type { PendingMessage } from "./pending";
import type { Room } from "./rooms";

const ROOM: Room = {
  id: "room",
  name: "general",
  kind: "public",
  topic: null,
  members: 2,
  is_member: true,
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

  it("draws a line where reading ended while the page was hidden", () => {
    const hidden = play(events(event(1)), { type: "visible", visible: false }, events(event(2)));
    expect(hidden.activity.room?.unread).toBe(1);
    const back = reduce(hidden, { type: "visible", visible: true });
    expect(back.activity.room).toMatchObject({ unread: 0, divider: "e1" });
  });

  it("draws no line when nothing came", () => {
    const back = play(
      events(event(1)),
      { type: "open_room", room: "other" },
      { type: "open_room", room: "room" },
    );
    expect(back.activity.room?.divider).toBeNull();
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
