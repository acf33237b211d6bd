import { packFrames, parseFrame, SUBPROTOCOL } from "./protocol";
import type { Hello, Outgoing, ServerFrame } from "./protocol";
import type { NodeAddress } from "./policy";

/** The part of the browser's WebSocket that a link uses; tests and other runtimes hand in their own. */
export interface SocketLike {
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: (() => unknown) | null;
  send(data: string): void;
  close(code?: number, reason?: string): void;
}

export type OpenSocket = (url: string, protocols: string[]) => SocketLike;

const HELLO_WITHIN_MS = 5_000;
const ANSWER_WITHIN_MS = 8_000;
const FRAME_BYTES = 60_000;
const NO_CLOSE_FRAME = 1006;
/** Our own code for a connection that went silent; the network is gone, so nobody reads it. */
const SILENT = 4012;

export interface LinkHandlers {
  hello(link: Link, hello: Hello): void;
  frame(link: Link, frame: ServerFrame): void;
  closed(link: Link, code: number, reason: string): void;
}

/** One WebSocket to one node, from opening to its end: batching, liveness, and exactly one `closed`. */
export class Link {
  hello: Hello | null = null;
  private readonly socket: SocketLike;
  private queue: Outgoing[] = [];
  private heard = 0;
  private timer: ReturnType<typeof setTimeout>;
  private probing = false;
  private over = false;

  constructor(
    readonly node: NodeAddress,
    open: OpenSocket,
    token: string | null,
    private readonly handlers: LinkHandlers,
  ) {
    const protocols = token === null ? [SUBPROTOCOL] : [SUBPROTOCOL, `bearer.${token}`];
    this.timer = setTimeout(() => this.end(SILENT, "no hello"), HELLO_WITHIN_MS);
    this.socket = open(node.url, protocols);
    this.socket.onmessage = (event) => this.receive(event.data);
    this.socket.onclose = (event) => this.end(event.code, event.reason);
    // A browser closes in the same turn, with the code; Node 20 tells a refused handshake by the error alone.
    this.socket.onerror = () => setTimeout(() => this.end(NO_CLOSE_FRAME, "connection failed"));
  }

  /** Send with everything else that is said in the same turn of the event loop, in as few frames as fit. */
  send(command: Outgoing): void {
    if (this.queue.push(command) === 1) queueMicrotask(() => this.flush());
  }

  /** Ask for a sign of life now, for instance after the machine woke up. */
  probe(): void {
    if (this.over || this.hello === null || this.probing) return;
    this.probing = true;
    const before = this.heard;
    this.send({ op: "ping" });
    this.schedule(() => {
      this.probing = false;
      if (this.heard === before) this.end(SILENT, "no answer");
      else this.watch();
    }, ANSWER_WITHIN_MS);
  }

  close(): void {
    this.end(1000, "closed by the client");
  }

  private flush(): void {
    const commands = this.queue;
    this.queue = [];
    if (this.over) return;
    const limit = this.hello?.limits.frame_bytes ?? FRAME_BYTES;
    for (const frame of packFrames(commands, Math.min(limit, FRAME_BYTES))) this.socket.send(frame);
  }

  private receive(data: unknown): void {
    if (this.over || typeof data !== "string") return;
    this.heard += 1;
    for (const frame of parseFrame(data)) {
      if (this.over) return;
      if (frame.op === "hello") this.greet(frame);
      else this.handlers.frame(this, frame);
    }
  }

  private greet(hello: Hello): void {
    this.hello = hello;
    this.watch();
    this.handlers.hello(this, hello);
  }

  /** Probe whenever nothing was heard for the server's ping interval. */
  private watch(): void {
    const before = this.heard;
    const idle = this.hello?.ping_ms ?? 25_000;
    this.schedule(() => (this.heard === before ? this.probe() : this.watch()), idle);
  }

  private schedule(task: () => void, ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(task, ms);
  }

  private end(code: number, reason: string): void {
    if (this.over) return;
    this.over = true;
    clearTimeout(this.timer);
    this.socket.close(1000);
    this.handlers.closed(this, code, reason);
  }
}
