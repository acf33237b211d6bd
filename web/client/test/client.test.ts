import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CommandFailed, RoomlogClient } from "../src/index";
import type { Ack, ClientEvent, ClientOptions, ServerFrame } from "../src/index";
import { eventFrame, FakeSocket } from "./fakeNode";

const NODES = [
  { name: "n1", url: "ws://node-1/ws" },
  { name: "n2", url: "ws://node-2/ws" },
];

let sockets: FakeSocket[];
let events: ClientEvent[];
let client: RoomlogClient;

function build(options: Partial<ClientOptions> = {}): RoomlogClient {
  return new RoomlogClient({
    nodes: () => Promise.resolve(NODES),
    listener: (event) => events.push(event),
    openSocket: (url, protocols) => {
      const socket = new FakeSocket(url, protocols);
      sockets.push(socket);
      return socket;
    },
    random: () => 0,
    ...options,
  });
}

/** Let promises and microtasks run, and `ms` of time pass. */
const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

async function online(options: Partial<ClientOptions> = {}): Promise<FakeSocket> {
  client = build(options);
  client.start();
  await pass();
  latest().hello();
  await pass();
  return latest();
}

function latest(): FakeSocket {
  const socket = sockets.at(-1);
  if (!socket) throw new Error("no socket was opened");
  return socket;
}

const shown = () => events.filter((event) => event.op === "event").map((event) => event.id);

function send(key: string): Promise<Ack> {
  const done = client.command({ op: "send", room: "room", key, text: "hi" });
  done.catch(() => undefined);
  return done;
}

beforeEach(() => {
  vi.useFakeTimers();
  sockets = [];
  events = [];
});

afterEach(() => {
  client.stop();
  vi.useRealTimers();
});

async function followed(): Promise<FakeSocket> {
  const socket = await online();
  client.subscribe("room", "1:5");
  await pass();
  socket.say({ op: "ack", id: socket.ops("sub")[0]?.id ?? -1 });
  socket.say(eventFrame(6, 5), { op: "caught_up", room: "room", cursor: "1:6" });
  return socket;
}

describe("connecting", () => {
  it("offers the protocol, and the token where there is one", async () => {
    const socket = await online({ token: () => "JWT" });
    expect(socket.protocols).toEqual(["roomlog.v1.json", "bearer.JWT"]);
    expect(events.at(-1)).toMatchObject({ op: "status", state: "online", node: "n1" });
  });

  it("tries the preferred node first, and another one when it fails", async () => {
    const socket = await online({ preferredNode: "n2" });
    expect(socket.url).toBe("ws://node-2/ws");
    socket.drop(1006);
    await pass(400);
    expect(latest().url).toBe("ws://node-1/ws");
  });

  it("asks for a valid session after a failed handshake, and reports when there is none", async () => {
    const authorize = vi.fn(() => Promise.resolve(false));
    client = build({ authorize });
    client.start();
    await pass();
    latest().drop(1006);
    await pass(400);
    expect(authorize).toHaveBeenCalledOnce();
    expect(events.at(-1)).toEqual({ op: "signed_out" });
  });

  it("goes on when a handshake fails without a close event", async () => {
    client = build();
    client.start();
    await pass();
    latest().onerror?.();
    await pass(400);
    expect(sockets.map((socket) => socket.url)).toEqual(["ws://node-1/ws", "ws://node-2/ws"]);
  });

  it("gives up on a node that never says hello", async () => {
    client = build();
    client.start();
    await pass(5_400);
    expect(sockets.map((socket) => socket.url)).toEqual(["ws://node-1/ws", "ws://node-2/ws"]);
    expect(sockets[0]?.closed).toBe(true);
  });

  it("keeps trying with the last known nodes while the API is down", async () => {
    const nodes = vi.fn().mockResolvedValueOnce(NODES).mockRejectedValue(new Error("down"));
    const socket = await online({ nodes });
    socket.drop(4001);
    await pass(400);
    expect(sockets).toHaveLength(2);
  });

  it.each([4400, 4403, 4406, 1009])("stops after close code %i", async (code) => {
    const socket = await online();
    socket.drop(code);
    await pass(60_000);
    expect(sockets).toHaveLength(1);
    expect(events.at(-1)).toMatchObject({ op: "status", state: "offline" });
  });

  it("notices a connection that went silent", async () => {
    const socket = await online();
    await pass(25_000);
    expect(socket.ops("ping")).toHaveLength(1);
    await pass(8_400);
    expect(socket.closed).toBe(true);
    expect(sockets).toHaveLength(2);
  });

  it("opens a replacement before it leaves a draining node", async () => {
    const socket = await online();
    socket.say({ op: "reconnect", within_ms: 5_000 });
    await pass();
    expect(latest().url).toBe("ws://node-2/ws");
    expect(socket.closed).toBe(false);
    latest().hello("n2");
    expect(socket.closed).toBe(true);
    expect(events.at(-1)).toMatchObject({ op: "status", state: "online", node: "n2" });
  });
});

describe("rooms", () => {
  it("resumes from the last event on another node", async () => {
    const socket = await followed();
    socket.say(eventFrame(9, 6));
    socket.drop(1006);
    await pass(400);
    latest().hello("n2");
    await pass();
    expect(latest().ops("sub")).toMatchObject([{ room: "room", cursor: "1:9" }]);
  });

  it("hands on every event once", async () => {
    const socket = await followed();
    socket.say(eventFrame(6, 5), eventFrame(7, 6), eventFrame(7, 6));
    expect(shown()).toEqual(["e6", "e7"]);
  });

  it("tells up to where a room's events came here", async () => {
    const socket = await followed();
    socket.say(eventFrame(7, 6), eventFrame(9, 8)); // one before the last is missing
    expect(client.cursor("room")).toBe("1:7");
    expect(client.cursor("another")).toBeNull();
  });

  it("goes on after an event that the log holds at two places", async () => {
    const socket = await followed();
    socket.say({ ...eventFrame(7, 6), id: "e6" } as ServerFrame, eventFrame(8, 7));
    await pass();
    expect(shown()).toEqual(["e6", "e8"]);
    expect(socket.ops("sub")).toHaveLength(1);
  });

  it("goes on where a replay ended, although its last event stands before that", async () => {
    const socket = await online();
    client.subscribe("room", "1:5");
    await pass();
    socket.say({ op: "ack", id: socket.ops("sub")[0]?.id ?? -1 });
    socket.say(eventFrame(6, 5), { op: "caught_up", room: "room", cursor: "1:7" }, eventFrame(8, 7));
    await pass();
    expect(shown()).toEqual(["e6", "e8"]);
    expect(socket.ops("sub")).toHaveLength(1);
  });

  it("repairs a gap from the log before it hands on anything later", async () => {
    const socket = await followed();
    socket.say(eventFrame(9, 8), eventFrame(10, 9));
    await pass();
    expect(shown()).toEqual(["e6"]);
    const again = socket.ops("sub");
    expect(again).toHaveLength(2);
    expect(again[1]).toMatchObject({ cursor: "1:6" });
    socket.say({ op: "ack", id: again[1]?.id ?? -1 });
    socket.say(eventFrame(8, 6), eventFrame(9, 8), eventFrame(10, 9));
    socket.say({ op: "caught_up", room: "room", cursor: "1:10" });
    expect(shown()).toEqual(["e6", "e8", "e9", "e10"]);
  });

  it("notices that the first event after joining the live flow is not the next one", async () => {
    const socket = await online();
    client.subscribe("room");
    await pass();
    socket.say({ op: "ack", id: socket.ops("sub")[0]?.id ?? -1, cursor: "1:5" });
    socket.say(eventFrame(7, 6));
    await pass();
    expect(shown()).toEqual([]);
    expect(socket.ops("sub")[1]).toMatchObject({ cursor: "1:5" });
  });

  it("asks again for a room that the node does not know yet, and reports a lasting refusal", async () => {
    const socket = await online();
    client.subscribe("room");
    for (let round = 0; round < 7; round += 1) {
      await pass();
      const sub = socket.ops("sub").at(-1);
      socket.say({ op: "error", id: sub?.id, code: "no_such_room", message: "No such room." });
      await pass(10_000);
      socket.say({ op: "pong" });
    }
    expect(socket.ops("sub")).toHaveLength(7);
    expect(events.at(-1)).toMatchObject({ op: "refused", room: "room", code: "no_such_room" });
  });
});

describe("commands", () => {
  it("resolves with the ack", async () => {
    const socket = await online();
    const done = send("k1");
    await pass();
    const id = socket.ops("send")[0]?.id ?? -1;
    socket.say({ op: "ack", id, event: "E", cursor: "1:7" });
    await expect(done).resolves.toMatchObject({ event: "E", cursor: "1:7" });
  });

  it("sends an unanswered command again under the same key", async () => {
    const socket = await online();
    void send("k1");
    await pass();
    socket.drop(1006);
    await pass(400);
    latest().hello("n2");
    await pass();
    expect(latest().ops("send")).toMatchObject([{ key: "k1", text: "hi" }]);
  });

  it("waits as long as a retryable refusal asks, and keeps the order of the room", async () => {
    const socket = await online();
    void send("k1");
    void send("k2");
    await pass();
    const id = socket.ops("send")[0]?.id;
    socket.say({ op: "error", id, code: "rate_limited", retryable: true, retry_after_ms: 400 });
    await pass(399);
    expect(socket.ops("send")).toHaveLength(1);
    await pass(30);
    expect(socket.ops("send")).toMatchObject([{ key: "k1" }, { key: "k1" }]);
    socket.say({ op: "ack", id: socket.ops("send")[1]?.id ?? -1 });
    await pass();
    expect(socket.ops("send").at(-1)).toMatchObject({ key: "k2" });
  });

  it("moves a read marker beside the messages, and again after a reconnect", async () => {
    const socket = await online();
    void send("k1");
    const done = client.command({ op: "read", room: "room", cursor: "1:6" });
    await pass();
    expect(socket.commands).toMatchObject([{ op: "send" }, { op: "read", room: "room", cursor: "1:6" }]);
    socket.drop(1006);
    await pass(400);
    latest().hello("n2");
    await pass();
    latest().say({ op: "ack", id: latest().ops("read")[0]?.id ?? -1, cursor: "1:8" });
    await expect(done).resolves.toMatchObject({ cursor: "1:8" });
  });

  it("says again on a new connection that the person is away", async () => {
    const socket = await online();
    client.setPresence("away");
    await pass();
    expect(socket.ops("presence")).toMatchObject([{ state: "away" }]);
    socket.drop(1006);
    await pass(400);
    latest().hello("n2");
    await pass();
    expect(latest().ops("presence")).toMatchObject([{ state: "away" }]);
  });

  it("fails with the server's reason", async () => {
    const socket = await online();
    const done = send("k1");
    const failed = expect(done).rejects.toEqual(new CommandFailed("not_a_member", "Join the room first."));
    await pass();
    const id = socket.ops("send")[0]?.id;
    socket.say({ op: "error", id, code: "not_a_member", message: "Join the room first." });
    await failed;
  });

  it("checks the connection when an ack stays away, and fails after two minutes", async () => {
    const socket = await online();
    const done = send("k1");
    const failed = expect(done).rejects.toMatchObject({ code: "timeout" });
    await pass(5_050);
    expect(socket.ops("ping")).toHaveLength(1);
    await pass(120_000);
    await failed;
  });
});

describe("notices", () => {
  it("hands on each mention once, and every move of a marker", async () => {
    const socket = await online();
    const about = { room: "room", event: "e7", cursor: "1:7", sender: "bob", ts: "2026-01-02T03:04:05.678Z" };
    const mention: ServerFrame = { op: "notify", d: { kind: "mention", ...about, text: "hi" } };
    const read: ServerFrame = { op: "notify", d: { kind: "read", room: "room", cursor: "1:7" } };
    socket.say(mention, mention, { op: "notify", d: { kind: "direct", ...about } }, read, read);
    const kinds = events.flatMap((event) => (event.op === "notify" ? [event.d.kind] : []));
    expect(kinds).toEqual(["mention", "direct", "read", "read"]);
  });
});
