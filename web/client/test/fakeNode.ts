import type { SocketLike } from "../src/index";
import type { Outgoing, ServerFrame } from "../src/protocol";

/** A socket whose other end is the test: what was sent is read, what should arrive is said. */
export class FakeSocket implements SocketLike {
  onmessage: SocketLike["onmessage"] = null;
  onclose: SocketLike["onclose"] = null;
  onerror: SocketLike["onerror"] = null;
  closed = false;
  readonly frames: string[] = [];

  constructor(
    readonly url: string,
    readonly protocols: string[],
  ) {}

  send(data: string): void {
    this.frames.push(data);
  }

  close(): void {
    this.closed = true;
  }

  /** Every command received so far, in order. */
  get commands(): Outgoing[] {
    return this.frames.flatMap((frame) => frame.split("\n").map((line) => JSON.parse(line) as Outgoing));
  }

  ops(op: string): Outgoing[] {
    return this.commands.filter((command) => command.op === op);
  }

  say(...frames: ServerFrame[]): void {
    this.onmessage?.({ data: frames.map((frame) => JSON.stringify(frame)).join("\n") });
  }

  hello(node = "n1"): void {
    const limits = { frame_bytes: 65_536, text_chars: 8_000, rooms_per_socket: 500 };
    this.say({ op: "hello", node, user: "alice", session: "s", ping_ms: 25_000, limits });
  }

  drop(code: number): void {
    this.onclose?.({ code, reason: "" });
  }
}

/** An event of `room` at `offset`, whose predecessor is at `prev`. */
export function eventFrame(offset: number, prev: number | null, room = "room"): ServerFrame {
  return {
    op: "event",
    room,
    cursor: `1:${offset}`,
    prev: prev === null ? null : `1:${prev}`,
    type: "MessagePosted",
    id: `e${offset}`,
    sender: "bob",
    ts: "2026-01-02T03:04:05.678Z",
    d: { text: `message ${offset}` },
  };
}
