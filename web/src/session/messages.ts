import { ApiError, newKey } from "@roomlog/client";
import type { Attachment, RoomlogClient } from "@roomlog/client";
import type { ChatApi, FoundPage, SearchQuery } from "../api/chat";
import type { Action, ChatState } from "../state/model";
import type { PendingMessage } from "../state/pending";
import type { Store } from "../state/store";
import { explain } from "./explain";

const TYPING_EVERY_MS = 3_000;
/** The server passes one signal a second on; one sent sooner, say right after a message, would be lost. */
const TYPING_APART_MS = 1_100;

/** What a person does with messages: write, try again, discard, quote. */
export class Messages {
  private readonly quoted = new Set<string>();
  private typedAt = -Infinity;
  private sentSince = false;
  private typingSoon: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly client: RoomlogClient,
    private readonly api: ChatApi,
    private readonly store: Store<ChatState, Action>,
    /** Apply what has arrived, before something that builds on it. */
    private readonly flushEvents: () => void,
  ) {}

  send(
    room: string,
    text: string,
    replyTo: string | null,
    mentions: readonly string[],
    attachments: readonly Attachment[] = [],
  ): void {
    const message = {
      key: newKey(),
      text,
      replyTo,
      mentions,
      attachments,
      at: Date.now(),
      state: "sending" as const,
      event: null,
      error: null,
    };
    this.store.dispatch({ type: "sending", room, message });
    this.sentSince = true;
    clearTimeout(this.typingSoon);
    void this.post(room, message);
  }

  /** Try a failed message again under its own key: if it was stored after all, nothing is posted twice. */
  retry(room: string, key: string): void {
    const message = this.store.get().pending[room]?.find((each) => each.key === key);
    if (!message) return;
    this.store.dispatch({ type: "retried", room, key });
    void this.post(room, message);
  }

  discard(room: string, key: string): void {
    this.store.dispatch({ type: "discarded", room, key });
  }

  /** The person types. Told at most every few seconds, and soon after a message was sent. */
  typing(room: string): void {
    const now = Date.now();
    const next = this.typedAt + (this.sentSince ? TYPING_APART_MS : TYPING_EVERY_MS);
    clearTimeout(this.typingSoon);
    if (now >= next) {
      this.typedAt = now;
      this.sentSince = false;
      this.client.typing(room);
    } else if (this.sentSince) {
      this.typingSoon = setTimeout(() => this.typing(room), next - now);
    }
  }

  stop(): void {
    clearTimeout(this.typingSoon);
  }

  /** Find messages in one's rooms of the workspace on the screen; raises ApiError. */
  async search(query: SearchQuery, after: string | null, signal?: AbortSignal): Promise<FoundPage> {
    const workspace = this.store.get().workspace ?? "default";
    const page = await this.api.search(query, after, workspace, signal);
    this.store.dispatch({ type: "names", users: page.users });
    return page;
  }

  /** Fetch a message that an answer quotes and that is further up than what is loaded. */
  async wantQuote(id: string): Promise<void> {
    if (this.quoted.has(id)) return;
    this.quoted.add(id);
    try {
      const { users, ...message } = await this.api.message(id);
      this.store.dispatch({ type: "names", users });
      this.store.dispatch({ type: "quote", id, message });
    } catch (error) {
      if (error instanceof ApiError && !error.retryable)
        this.store.dispatch({ type: "quote", id, message: null });
      else this.quoted.delete(id);
    }
  }

  private async post(room: string, message: PendingMessage): Promise<void> {
    const { key, text, replyTo, mentions, attachments } = message;
    try {
      const reply = replyTo === null ? {} : { reply_to: replyTo };
      const people = mentions.length === 0 ? {} : { mentions: [...mentions] };
      const ids = attachments.map(({ file_id }) => ({ file_id }));
      const files = ids.length === 0 ? {} : { attachments: ids };
      const ack = await this.client.command({ op: "send", room, key, text, ...reply, ...people, ...files });
      this.flushEvents();
      this.store.dispatch({ type: "stored", room, key, event: ack.event ?? "" });
    } catch (error) {
      this.store.dispatch({ type: "send_failed", room, key, error: explain(error) });
    }
  }
}
