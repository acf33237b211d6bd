import type { ChatEvent, RoomlogClient } from "@roomlog/client";
import type { ChatApi, ThreadPage, WrittenText } from "../api/chat";
import type { Action, ChatState } from "../state/model";
import type { Store } from "../state/store";

const PAGE = 200;

/** What belongs to a message and is read when somebody asks: its thread, its former texts. */
export class Threads {
  constructor(
    private readonly client: RoomlogClient,
    private readonly api: ChatApi,
    private readonly store: Store<ChatState, Action>,
  ) {}

  /** A page of the thread that a message belongs to; raises ApiError. */
  async load(message: string, after?: string): Promise<ThreadPage> {
    const page = await this.api.thread(message, { after, limit: PAGE });
    this.store.dispatch({ type: "names", users: page.users });
    return page;
  }

  /** Every text that a message had, the one that it has last, none that came here missing; raises ApiError. */
  async history(room: string, message: string): Promise<WrittenText[]> {
    return (await this.api.message(message, this.client.cursor(room))).history;
  }

  /** A message was restored: one that was deleted before it came here, or that is quoted so, is fetched. */
  async restored(event: ChatEvent): Promise<void> {
    const id = event.d.event;
    if (typeof id !== "string") return;
    const { timelines, quotes } = this.store.get();
    const item = timelines[event.room]?.items.find((each) => each.id === id);
    const isWithheld = item?.kind === "message" && item.withheld;
    const isQuoted = quotes[id]?.deleted ?? false;
    if (!isWithheld && !isQuoted) return;
    try {
      const { users, ...message } = await this.api.message(id, event.cursor);
      this.store.dispatch({ type: "names", users });
      if (isWithheld) this.store.dispatch({ type: "message", room: event.room, message });
      if (isQuoted) this.store.dispatch({ type: "quote", id, message });
    } catch {
      // It stays as it was; the next page of history has it.
    }
  }
}
