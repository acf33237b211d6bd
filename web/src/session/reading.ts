import { ApiError } from "@roomlog/client";
import type { RoomlogClient } from "@roomlog/client";
import type { ChatApi } from "../api/chat";
import type { Action, ChatState } from "../state/model";
import { placeToMark } from "../state/reading";
import type { Store } from "../state/store";
import type { CountedRoom, UnreadRoom } from "../state/unread";

const MARK_AFTER_MS = 1_000;
const RECOUNT_AFTER_MS = 500;
const RETRY_AFTER_MS = 2_000;
/** A count that does not fit what came here is asked for again so often, each time after twice as long. */
const MOST_RECOUNTS = 5;

/** Keeps the person's read markers where their eyes are, and the counts as the server has them. */
export class Reading {
  /** The last marker that was sent, by room: an ack may take its time. */
  private readonly sent = new Map<string, string>();
  private due: { room: string; cursor: string } | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private recounting: ReturnType<typeof setTimeout> | undefined;
  private recounts = 0;
  private unsubscribe = () => {};

  constructor(
    private readonly client: RoomlogClient,
    private readonly api: ChatApi,
    private readonly store: Store<ChatState, Action>,
    /** Hand on the events that wait to be shown. */
    private readonly flush: () => void,
  ) {}

  start(): void {
    this.unsubscribe = this.store.subscribe(() => this.look());
  }

  stop(): void {
    this.unsubscribe();
    clearTimeout(this.timer);
    clearTimeout(this.recounting);
  }

  /** Ask the server what is unread, until it answers. */
  async count(): Promise<void> {
    try {
      const { items } = await this.api.unread();
      this.flush();
      this.store.dispatch({ type: "unread", rooms: items.map((room) => this.placed(room)) });
      this.recountUnplaced();
    } catch (error) {
      if (error instanceof ApiError && error.retryable) this.recountSoon(RETRY_AFTER_MS);
    }
  }

  /** A marker moved on another device. */
  moved(room: string, cursor: string): void {
    this.store.dispatch({ type: "marked", room, cursor });
    if (this.store.get().activity[room]?.unread) this.recountSoon();
  }

  /** What was counted here may be wrong; ask again, once for all that comes together. */
  recountSoon(afterMs = RECOUNT_AFTER_MS): void {
    clearTimeout(this.recounting);
    this.recounting = setTimeout(() => void this.count(), afterMs);
  }

  private placed(room: UnreadRoom): CountedRoom {
    const place = this.client.cursor(room.room);
    // A room that is not followed has nothing to come.
    const isWhole = place === null || place === room.cursor || this.recounts === MOST_RECOUNTS;
    return { ...room, isWhole };
  }

  /** A count that is ahead of what came here fits as soon as that comes. If it does not, the count is an old one. */
  private recountUnplaced(): void {
    const rooms = Object.values(this.store.get().activity);
    if (rooms.every(({ countedTo }) => countedTo === null)) this.recounts = 0;
    else this.recountSoon(RECOUNT_AFTER_MS * 2 ** this.recounts++);
  }

  private look(): void {
    const place = placeToMark(this.store.get());
    // Who turns to another room or window has seen this one: their marker does not wait for them to stay.
    if (this.due !== null && place?.room !== this.due.room) this.mark();
    if (place === null || this.sent.get(place.room) === place.cursor) return;
    if (this.due === null) this.timer = setTimeout(() => this.mark(), MARK_AFTER_MS);
    this.due = place;
  }

  private mark(): void {
    clearTimeout(this.timer);
    if (this.due === null) return;
    const { room, cursor } = this.due;
    this.due = null;
    this.sent.set(room, cursor);
    this.client.command({ op: "read", room, cursor }).then(
      (ack) => this.store.dispatch({ type: "marked", room, cursor: ack.cursor ?? cursor }),
      () => this.sent.delete(room),
    );
  }
}
