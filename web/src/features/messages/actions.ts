import { createContext, useContext } from "react";
import type { MessageItem } from "../../state/timeline";

/** What the rows of a room's history ask the page to do. The object is the same for as long as the room is open. */
export interface RowActions {
  room: string;
  reply: (message: MessageItem) => void;
  /** Edit a message in its place; null ends that. */
  edit: (message: string | null) => void;
  remove: (message: MessageItem) => void;
  /** Show the thread that a message belongs to. */
  thread: (message: string) => void;
  /** Show every text that a message had. */
  history: (message: string) => void;
  report: (message: MessageItem) => void;
  /** Bring a message onto the screen, wherever in the history it is. */
  show: (message: string) => void;
}

export const RowActionsContext = createContext<RowActions | null>(null);

export function useRowActions(): RowActions {
  const actions = useContext(RowActionsContext);
  if (!actions) throw new Error("useRowActions is for rows of a room's history");
  return actions;
}
