import { newKey } from "@roomlog/client";
import type { RoomlogClient } from "@roomlog/client";
import type { ChatApi, PinPage } from "../api/chat";
import type { Action, ChatState } from "../state/model";
import type { Store } from "../state/store";
import { complain } from "./complain";

/** What a person keeps in view in a room, with everybody else. */
export class Pins {
  constructor(
    private readonly client: RoomlogClient,
    private readonly api: ChatApi,
    private readonly store: Store<ChatState, Action>,
  ) {}

  /** Load the pinned messages of a room, no older than what came here; later changes come as events. Raises ApiError. */
  async load(room: string): Promise<PinPage> {
    const page = await this.api.pins(room, this.client.cursor(room));
    this.store.dispatch({ type: "names", users: page.users });
    this.store.dispatch({ type: "pins", room, pins: page.items.map((item) => item.message.id) });
    return page;
  }

  async pin(room: string, event: string): Promise<void> {
    await this.change("pin", room, event, "The message was not pinned");
  }

  async unpin(room: string, event: string): Promise<void> {
    await this.change("unpin", room, event, "The message is still pinned");
  }

  private async change(op: "pin" | "unpin", room: string, event: string, failure: string): Promise<void> {
    try {
      await this.client.command({ op, room, key: newKey(), event });
    } catch (error) {
      complain(this.store, failure, error);
    }
  }
}
