import { createContext, useContext, useEffect, useSyncExternalStore } from "react";
import type { ChatSession } from "../session/session";
import type { ChatState } from "../state/model";
import { plain } from "./plain";

export const SessionContext = createContext<ChatSession | null>(null);

/** The signed-in person's session; only below `SignedIn`. */
export function useSession(): ChatSession {
  const session = useContext(SessionContext);
  if (!session) throw new Error("useSession is for components below SignedIn");
  return session;
}

/** Read a part of the state. `select` must return the same object while nothing it depends on changed. */
export function useChat<T>(select: (state: ChatState) => T): T {
  const { store } = useSession();
  return useSyncExternalStore(store.subscribe, () => select(store.get()));
}

/** Whether a user is no person, but the bot that another system posts as. */
export function useIsBot(user: string): boolean {
  return useChat((state) => state.bots[user] === true);
}

/** The name of a user; asks for it where it is not known yet, and shows a placeholder meanwhile. */
export function useName(user: string): string {
  const session = useSession();
  const name = useChat((state) => state.names[user]);
  useEffect(() => {
    if (name === undefined) session.wantName(user);
  }, [session, user, name]);
  return name === undefined ? "Someone" : plain(name);
}
