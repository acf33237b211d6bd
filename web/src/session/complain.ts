import { newKey } from "@roomlog/client";
import type { Action, ChatState } from "../state/model";
import type { Store } from "../state/store";
import { explain } from "./explain";

/** Tell the person over the page that something failed, and why. */
export function complain(store: Store<ChatState, Action>, title: string, error: unknown): void {
  const toast = { id: newKey(), tone: "error" as const, title, text: explain(error), room: null };
  store.dispatch({ type: "toast", toast });
}
