import { newKey } from "@roomlog/client";
import type { KeyedCommand, RoomlogClient } from "@roomlog/client";
import type { Change } from "../state/changes";
import type { Action, ChatState } from "../state/model";
import type { Store } from "../state/store";
import type { MessageItem } from "../state/timeline";
import { complain } from "./complain";

/** What a person does to messages that are there: edit, delete, restore, react. Shown at once, taken back if refused. */
export class Changes {
  /** Edited texts that are not saved, or were refused: nobody types them twice. By message. */
  readonly unsavedTexts = new Map<string, string>();

  constructor(
    private readonly client: RoomlogClient,
    private readonly store: Store<ChatState, Action>,
    /** Apply what has arrived, before something that builds on it. */
    private readonly flushEvents: () => void,
  ) {}

  async edit(room: string, event: string, text: string): Promise<void> {
    this.unsavedTexts.delete(event);
    const key = newKey();
    const change: Change = { key, type: "MessageEdited", d: { event, text }, event: null };
    const done = await this.carryOut(change, "Your change was not saved", {
      op: "edit",
      room,
      key,
      event,
      text,
    });
    if (!done) this.unsavedTexts.set(event, text);
  }

  async remove(room: string, event: string): Promise<void> {
    const key = newKey();
    const change: Change = { key, type: "MessageDeleted", d: { event }, event: null };
    await this.carryOut(change, "The message was not deleted", { op: "delete", room, key, event });
  }

  /** Take a deletion back. */
  async restore(room: string, message: MessageItem): Promise<void> {
    const key = newKey();
    const event = message.id;
    const change: Change = { key, type: "MessageRestored", d: { event }, event: null };
    await this.carryOut(change, "The message was not restored", { op: "undelete", room, key, event });
  }

  /** Add one's reaction, or take it back where it is there. */
  async toggleReaction(room: string, message: MessageItem, emoji: string): Promise<void> {
    const { me } = this.store.get();
    const key = newKey();
    const event = message.id;
    const mine = message.reactions.some((each) => each.emoji === emoji && each.users.includes(me));
    const type = mine ? "ReactionRemoved" : "ReactionAdded";
    await this.carryOut({ key, type, d: { event, emoji }, event: null }, "Your reaction was not saved", {
      op: mine ? "unreact" : "react",
      room,
      key,
      event,
      emoji,
    });
  }

  private async carryOut(
    change: Change,
    failure: string,
    command: KeyedCommand & { room: string },
  ): Promise<boolean> {
    const { room, key } = command;
    this.store.dispatch({ type: "changing", room, change });
    try {
      const ack = await this.client.command(command);
      this.store.dispatch({ type: "changed", room, key, event: ack.event ?? null });
      this.flushEvents();
      return true;
    } catch (error) {
      this.store.dispatch({ type: "change_failed", room, key });
      complain(this.store, failure, error);
      return false;
    }
  }
}
